package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.address.DeviceAddress;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RecordingTransportTest {

    private static final DeviceAddress MILL = PigeonLoft.loft("mill");
    private static final DeviceAddress BARN = PigeonLoft.loft("barn");

    private final RecordingTransport transport = new RecordingTransport();

    @Test
    void withoutAScriptItAcceptsAndRemembers() {
        PushMessage first = message(MILL);
        PushMessage second = message(BARN);

        assertThat(send(first)).isCompletedWithValue(PushResult.accepted());
        assertThat(send(second)).isCompletedWithValue(PushResult.accepted());

        assertThat(transport.sent()).containsExactly(first, second);
        assertThat(transport.sentTo(BARN)).containsExactly(second);
    }

    @Test
    void scriptIsFollowedStepByStepAndThenItAccepts() {
        PushResult later = PushResult.retryAfter(Duration.ofSeconds(30), "busy");
        transport.script().answer(later).thenAccept().answer(PushResult.deviceGone());

        assertThat(send(message(MILL))).isCompletedWithValue(later);
        assertThat(send(message(MILL))).isCompletedWithValue(PushResult.accepted());
        assertThat(send(message(MILL))).isCompletedWithValue(PushResult.deviceGone());
        assertThat(send(message(MILL))).isCompletedWithValue(PushResult.accepted());
    }

    @Test
    void deviceWithAScriptOfItsOwnDoesNotUseTheCommonOne() {
        transport.scriptFor(MILL).answer(PushResult.deviceGone());
        transport.script().answer(PushResult.retryLater("busy"));

        assertThat(send(message(MILL))).isCompletedWithValue(PushResult.deviceGone());
        assertThat(send(message(BARN))).isCompletedWithValue(PushResult.retryLater("busy"));
    }

    @Test
    void silenceIsAStageThatFailed() {
        transport.script().silence();

        assertThat(send(message(MILL)))
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .withCauseInstanceOf(IOException.class);
        assertThat(transport.sent()).hasSize(1);
    }

    @Test
    void messageHangsUntilItIsReleased() {
        transport.script().hang();
        CompletableFuture<PushResult> hanging = send(message(MILL));
        assertThat(hanging).isNotDone();
        assertThat(transport.hanging()).isEqualTo(1);

        transport.release(PushResult.retryLater("late"));

        assertThat(hanging).isCompletedWithValue(PushResult.retryLater("late"));
        assertThat(transport.hanging()).isZero();
    }

    @Test
    void throwingStepThrowsAndIsRemembered() {
        transport.script().throwing();

        assertThatThrownBy(() -> send(message(MILL))).isInstanceOf(IllegalStateException.class);
        assertThat(transport.sent()).hasSize(1);
        assertThat(send(message(MILL))).isCompletedWithValue(PushResult.accepted());
    }

    @Test
    void itServesEverythingUnlessToldOtherwise() {
        RecordingTransport picky = new RecordingTransport(MILL::equals);

        assertThat(transport.serves(BARN)).isTrue();
        assertThat(picky.serves(MILL)).isTrue();
        assertThat(picky.serves(BARN)).isFalse();
    }

    @Test
    void closedTransportTakesNothing() {
        transport.close();

        assertThat(transport.closed()).isTrue();
        assertThatThrownBy(() -> send(message(MILL))).isInstanceOf(IllegalStateException.class);
        assertThat(transport.sent()).isEmpty();
    }

    @Test
    void eachStepIsUsedOnceHoweverManyThreadsSend() {
        IntStream.range(0, 500).forEach(i -> transport.script().answer(PushResult.retryLater("busy")));

        long busy = IntStream.range(0, 1_000)
                .parallel()
                .mapToObj(i -> send(message(MILL)).join())
                .filter(PushResult.retryLater("busy")::equals)
                .count();

        assertThat(busy).isEqualTo(500);
        assertThat(transport.sent()).hasSize(1_000);
    }

    private CompletableFuture<PushResult> send(PushMessage message) {
        return transport.send(message).toCompletableFuture();
    }

    private static PushMessage message(DeviceAddress device) {
        return new PushMessage(
                device,
                Notification.message("title", "body", "thread"),
                "ab".repeat(32),
                Instant.parse("2026-01-02T00:00:00Z"));
    }
}
