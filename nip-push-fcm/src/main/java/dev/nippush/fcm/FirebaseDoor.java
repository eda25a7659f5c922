package dev.nippush.fcm;

import com.google.api.core.ApiFuture;
import com.google.api.core.ApiFutureCallback;
import com.google.api.core.ApiFutures;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.firebase.IncomingHttpResponse;
import com.google.firebase.messaging.AndroidConfig;
import com.google.firebase.messaging.AndroidNotification;
import com.google.firebase.messaging.ApnsConfig;
import com.google.firebase.messaging.Aps;
import com.google.firebase.messaging.FirebaseMessaging;
import com.google.firebase.messaging.FirebaseMessagingException;
import com.google.firebase.messaging.Message;
import com.google.firebase.messaging.Notification;
import dev.nippush.fcm.FcmAnswers.Answer;
import dev.nippush.transport.PushResult;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A host's own Firebase client, on whose threads and with whose credentials and retries messages are sent. */
final class FirebaseDoor implements Door {

    private final FirebaseMessaging messaging;
    private final FcmAnswers answers = new FcmAnswers();
    private final InstantSource clock;
    private final CredentialCheck check = new CredentialCheck(this::trial);

    FirebaseDoor(FirebaseMessaging messaging, InstantSource clock) {
        this.messaging = messaging;
        this.clock = clock;
    }

    @Override
    public CompletableFuture<PushResult> send(FcmPayload payload) {
        CompletableFuture<PushResult> result = new CompletableFuture<>();
        CompletableFuture<PushResult> first = answer(messaging.sendAsync(message(payload)));
        result.whenComplete((done, failure) -> {
            if (failure != null) {
                first.cancel(true);
            }
        });
        first.thenCompose(meaning -> CredentialCheck.isSuspicion(meaning)
                        ? check.run().thenApply(trial -> CredentialCheck.verdict(meaning, trial))
                        : CompletableFuture.completedFuture(meaning))
                .whenComplete((meaning, silence) -> {
                    if (silence != null) {
                        result.completeExceptionally(silence);
                    } else {
                        result.complete(meaning);
                    }
                });
        return result;
    }

    private CompletableFuture<PushResult> trial() {
        Message nobodys = Message.builder().setTopic(CredentialCheck.TOPIC).build();
        return answer(messaging.sendAsync(nobodys, true));
    }

    /** What the client's answer means; cancelling it abandons the request. */
    private CompletableFuture<PushResult> answer(ApiFuture<String> sent) {
        CompletableFuture<PushResult> result = new CompletableFuture<>();
        result.whenComplete((done, failure) -> {
            if (failure != null) {
                sent.cancel(true);
            }
        });
        ApiFutures.addCallback(
                sent,
                new ApiFutureCallback<>() {
                    @Override
                    public void onSuccess(String messageName) {
                        result.complete(PushResult.accepted());
                    }

                    @Override
                    public void onFailure(Throwable failure) {
                        refused(failure, result);
                    }
                },
                MoreExecutors.directExecutor());
        return result;
    }

    private void refused(Throwable failure, CompletableFuture<PushResult> result) {
        IncomingHttpResponse response =
                failure instanceof FirebaseMessagingException refusal ? refusal.getHttpResponse() : null;
        if (response != null) {
            result.complete(answers.read(answer(response), clock.instant()));
        } else if (AccessTokens.verdict(failure) instanceof AccessTokens.Refused credentials) {
            result.complete(credentials.result());
        } else {
            result.completeExceptionally(failure);
        }
    }

    private static Answer answer(IncomingHttpResponse response) {
        Optional<String> retryAfter = response.getHeaders().entrySet().stream()
                .filter(header -> header.getKey().equalsIgnoreCase("Retry-After"))
                .map(Map.Entry::getValue)
                .map(value ->
                        value instanceof Iterable<?> values ? values.iterator().next() : value)
                .map(Object::toString)
                .findFirst();
        String content = response.getContent();
        return new Answer(response.getStatusCode(), retryAfter, content == null ? "" : content);
    }

    @SuppressWarnings("deprecation") // setToken: the ids that replace tokens there are not what apps register with.
    static Message message(FcmPayload payload) {
        Message.Builder message = Message.builder().setToken(payload.token()).putAllData(payload.data());
        AndroidConfig.Builder android = AndroidConfig.builder()
                .setPriority(AndroidConfig.Priority.HIGH)
                .setTtl(payload.timeToLive().toMillis());
        payload.shown().ifPresent(shown -> {
            message.setNotification(Notification.builder()
                    .setTitle(shown.title())
                    .setBody(shown.body())
                    .build());
            android.setNotification(
                    AndroidNotification.builder().setTag(shown.tag()).build());
        });
        payload.apple()
                .ifPresent(apple -> message.setApnsConfig(ApnsConfig.builder()
                        .putAllHeaders(apple.headers())
                        .setAps(aps(apple))
                        .build()));
        return message.setAndroidConfig(android.build()).build();
    }

    private static Aps aps(FcmPayload.Apple apple) {
        Aps.Builder aps = Aps.builder();
        if (apple.silent()) {
            return aps.setContentAvailable(true).build();
        }
        aps.setMutableContent(true).setSound(FcmPayload.APNS_SOUND);
        if (!apple.thread().isEmpty()) {
            aps.setThreadId(apple.thread());
        }
        if (apple.urgent()) {
            aps.putCustomData(FcmPayload.INTERRUPTION_LEVEL, FcmPayload.TIME_SENSITIVE);
        }
        return aps.build();
    }

    @Override
    public CompletableFuture<Void> warmUp() {
        // What there is to warm belongs to the host.
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void close() {
        // Borrowed.
    }
}
