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
import dev.nippush.transport.PushResult.Fault;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A host's own Firebase client, on whose threads and with whose credentials and retries messages are sent. */
final class FirebaseDoor implements Door {

    private final FirebaseMessaging messaging;
    private final FcmAnswers answers = new FcmAnswers();
    private final InstantSource clock;

    FirebaseDoor(FirebaseMessaging messaging, InstantSource clock) {
        this.messaging = messaging;
        this.clock = clock;
    }

    @Override
    public CompletableFuture<PushResult> send(FcmPayload payload) {
        CompletableFuture<PushResult> result = new CompletableFuture<>();
        ApiFuture<String> sent = messaging.sendAsync(message(payload));
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
        Throwable verdict = AccessTokens.verdict(failure);
        IncomingHttpResponse response =
                failure instanceof FirebaseMessagingException refusal ? refusal.getHttpResponse() : null;
        if (response != null) {
            result.complete(answers.read(answer(response), clock.instant()));
        } else if (verdict instanceof AccessTokens.Refused credentials) {
            result.complete(PushResult.rejected(Fault.CREDENTIALS, credentials.getMessage()));
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
            Aps.Builder aps = Aps.builder().setMutableContent(true).setSound(FcmPayload.APNS_SOUND);
            if (!shown.thread().isEmpty()) {
                aps.setThreadId(shown.thread());
            }
            if (shown.urgent()) {
                aps.putCustomData(FcmPayload.INTERRUPTION_LEVEL, FcmPayload.TIME_SENSITIVE);
            }
            message.setApnsConfig(ApnsConfig.builder()
                    .putAllHeaders(FcmPayload.apnsHeaders(shown))
                    .setAps(aps.build())
                    .build());
        });
        return message.setAndroidConfig(android.build()).build();
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
