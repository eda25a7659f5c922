package dev.nippush.testkit;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.Gateway.Ability;
import dev.nippush.testkit.Gateway.Answer;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushTransport;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** What all clauses of {@link PushTransportContract} are written with: a gateway, a transport, and ways to send. */
abstract class TransportExam {

    private static final int SENDERS = 4;

    private @Nullable Gateway gateway;
    private @Nullable PushTransport transport;

    TransportExam() {}

    /** Makes and starts the provider. */
    protected abstract Gateway gateway();

    /**
     * Makes a transport that talks to the provider, and gives up on an unanswered message after one to ten seconds.
     *
     * @param gateway what {@link #gateway()} made
     */
    protected abstract PushTransport transport(Gateway gateway);

    /** Addresses that the transport must leave to others, at least one. */
    protected abstract List<DeviceAddress> foreignDevices();

    /** After that long without an answer, an engine takes a send for silence. */
    Duration longestSend() {
        return Duration.ofSeconds(30);
    }

    /** Within that time whatever does not wait has returned, also on a machine that has other things to do. */
    Duration promptly() {
        return Duration.ofSeconds(5);
    }

    @BeforeEach
    final void openGatewayAndTransport() {
        gateway = gateway();
        transport = transport(gateway);
    }

    @AfterEach
    final void closeTransportAndGateway() {
        if (can(Ability.HANG)) {
            provider().release();
        }
        // What close owes is examined by clauses of its own; here it must only not keep the others waiting.
        closing()
                .handle((closed, failure) -> true)
                .completeOnTimeout(false, promptly().toMillis(), TimeUnit.MILLISECONDS)
                .join();
        provider().close();
    }

    final Gateway provider() {
        return requireNonNull(gateway);
    }

    final PushTransport transport() {
        return requireNonNull(transport);
    }

    final DeviceAddress device(int number) {
        return provider().device(number);
    }

    final boolean can(Ability ability) {
        return provider().abilities().contains(ability);
    }

    final void needs(Ability ability) {
        assumeTrue(can(ability), () -> provider().getClass().getSimpleName() + " declares that it lacks " + ability);
    }

    final void answer(int number, Answer answer) {
        provider().answer(device(number), answer);
    }

    // ---- messages

    final PushMessage messageTo(int number) {
        return message(device(number), "title", "body");
    }

    /** One message to each of the first devices. */
    final List<PushMessage> messages(int count) {
        return IntStream.range(0, count).mapToObj(this::messageTo).toList();
    }

    static PushMessage message(DeviceAddress device, String title, String body) {
        return message(device, title, body, Notification.MESSAGE);
    }

    static PushMessage message(DeviceAddress device, String title, String body, String type) {
        return message(
                device,
                new Notification(
                        title,
                        body,
                        "thread",
                        Urgency.NORMAL,
                        Map.of(Notification.MESSAGE_TYPE, type, "reference", "0123")));
    }

    static PushMessage message(DeviceAddress device, Notification notification) {
        return new PushMessage(device, notification, key(), Instant.now().plus(1, ChronoUnit.HOURS));
    }

    /** 64 hex digits that no other message has. */
    static String key() {
        return (UUID.randomUUID().toString() + UUID.randomUUID()).replace("-", "");
    }

    // ---- sends

    /** Sends, and waits for the result. */
    final PushResult send(PushMessage message) {
        return ended(open(message));
    }

    final PushResult sendTo(int number) {
        return send(messageTo(number));
    }

    /** Begins a send. */
    final CompletableFuture<PushResult> open(PushMessage message) {
        return open(transport(), message);
    }

    static CompletableFuture<PushResult> open(PushTransport transport, PushMessage message) {
        CompletableFuture<PushResult> result = new CompletableFuture<>();
        stage(transport, message).whenComplete((answer, silence) -> {
            if (silence != null) {
                result.completeExceptionally(silence);
            } else {
                result.complete(answer);
            }
        });
        return result;
    }

    static CompletionStage<PushResult> stage(PushTransport transport, PushMessage message) {
        @Nullable CompletionStage<PushResult> stage;
        try {
            stage = transport.send(message);
        } catch (RuntimeException thrown) {
            throw new AssertionError(
                    "send threw: that is for mistakes of the caller, not for what a provider or the network did",
                    thrown);
        }
        if (stage == null) {
            throw new AssertionError("send returned null in place of a stage");
        }
        return stage;
    }

    /** Begins a send for each message, from several threads, and fails unless the calls have returned promptly. */
    final List<CompletableFuture<PushResult>> openPromptly(List<PushMessage> messages) {
        return openWithin(promptly(), messages);
    }

    final List<CompletableFuture<PushResult>> openWithin(Duration limit, List<PushMessage> messages) {
        ExecutorService senders = Executors.newFixedThreadPool(SENDERS);
        try {
            List<CompletableFuture<CompletableFuture<PushResult>>> calls = messages.stream()
                    .map(message -> CompletableFuture.supplyAsync(() -> open(message), senders))
                    .toList();
            CompletableFuture.allOf(calls.toArray(CompletableFuture<?>[]::new))
                    .orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
            return calls.stream().map(CompletableFuture::join).toList();
        } catch (CompletionException failure) {
            throw failure.getCause() instanceof TimeoutException
                    ? new AssertionError("send kept its callers waiting", failure)
                    : new AssertionError(failure.getCause());
        } finally {
            senders.shutdownNow();
        }
    }

    /** Waits for the end of a send, and fails if that is silence. */
    final <T> T ended(CompletableFuture<T> open) {
        try {
            return open.copy()
                    .orTimeout(longestSend().plus(promptly()).toMillis(), TimeUnit.MILLISECONDS)
                    .join();
        } catch (CompletionException silence) {
            throw new AssertionError("no answer came", silence.getCause());
        }
    }

    /** Waits for the end of a send, and says whether that is silence. */
    final boolean isSilent(CompletableFuture<PushResult> open) {
        Optional<PushResult> result = ended(open.handle((answer, silence) -> Optional.ofNullable(answer)));
        if (result.isEmpty() && !open.isCompletedExceptionally()) {
            throw new AssertionError("the stage was completed with null in place of a result");
        }
        return result.isEmpty();
    }

    final void assertSilent(CompletableFuture<PushResult> open) {
        assertThat(isSilent(open)).as("ended without an answer: %s", open).isTrue();
    }

    /** Waits for all of them together, so that a transport which leaves many open is soon found out. */
    final void assertAllSilent(List<CompletableFuture<PushResult>> open) {
        endedAll(open);
        assertThat(open).allSatisfy(this::assertSilent);
    }

    final void assertAcceptedOrSilent(List<CompletableFuture<PushResult>> open) {
        endedAll(open);
        assertThat(open)
                .allSatisfy(one -> assertThat(isSilent(one) || one.join().equals(PushResult.accepted()))
                        .as("accepted or silent: %s", one)
                        .isTrue());
    }

    private void endedAll(List<CompletableFuture<PushResult>> open) {
        ended(CompletableFuture.allOf(open.toArray(CompletableFuture<?>[]::new)).handle((all, silence) -> true));
    }

    final void assertAccepted(CompletableFuture<PushResult> open) {
        assertThat(ended(open)).isEqualTo(PushResult.accepted());
    }

    /** A client that waits before it connects again, or ends old requests first, may answer some attempts with silence. */
    final void assertAcceptedInTheEnd(int number) {
        long giveUp = System.nanoTime() + longestSend().toNanos();
        CompletableFuture<PushResult> last = open(messageTo(number));
        while (isSilent(last) && System.nanoTime() < giveUp) {
            last = open(messageTo(number));
        }
        assertAccepted(last);
    }

    /** Begins to close, on a thread of its own, as that may take until all that is in flight has ended. */
    final CompletableFuture<Void> closing() {
        PushTransport closed = transport();
        CompletableFuture<Void> closing = new CompletableFuture<>();
        CountDownLatch begun = new CountDownLatch(1);
        Thread thread = new Thread(
                () -> {
                    try {
                        begun.countDown();
                        closed.close();
                        closing.complete(null);
                    } catch (RuntimeException | Error failure) {
                        closing.completeExceptionally(failure);
                    }
                },
                "closing");
        thread.setDaemon(true);
        thread.start();
        try {
            begun.await();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
        return closing;
    }
}
