package dev.nippush.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class CircuitTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final PushResult.Rejected NO =
            new PushResult.Rejected(Fault.CREDENTIALS, "InvalidProviderToken", "check the key");

    private final Circuit circuit = new Circuit();

    @Test
    void itIsClosedAtFirst() {
        assertThat(circuit.pass(0)).isEmpty();
        assertThat(circuit.refusal()).isEmpty();
        assertThat(circuit.worked(0)).isFalse();
    }

    @Test
    void aRefusalOpensItForThirtySeconds() {
        assertThat(circuit.refused(NO, 0)).isTrue();
        assertThat(circuit.refusal()).contains(NO);
        assertThat(circuit.pass(30 * SECOND - 1)).hasValue(30 * SECOND);
    }

    @Test
    void thenOneProbeGoesOut() {
        circuit.refused(NO, 0);
        assertThat(circuit.notBefore(30 * SECOND))
                .as("nobody has gone out by asking")
                .isEmpty();
        assertThat(circuit.pass(30 * SECOND)).isEmpty();
        assertThat(circuit.notBefore(30 * SECOND)).hasValue(70 * SECOND);
        assertThat(circuit.pass(30 * SECOND)).isPresent();
        assertThat(circuit.pass(69 * SECOND)).isPresent();
        assertThat(circuit.pass(70 * SECOND)).as("the probe was not answered").isEmpty();
    }

    @Test
    void anAnswerClosesIt() {
        circuit.refused(NO, 0);
        circuit.pass(30 * SECOND);
        assertThat(circuit.worked(30 * SECOND)).isTrue();
        assertThat(circuit.refusal()).isEmpty();
        assertThat(circuit.pass(31 * SECOND)).isEmpty();
        assertThat(circuit.pass(31 * SECOND)).isEmpty();
    }

    @Test
    void eachRefusedProbeDoublesThePauseUpToTenMinutes() {
        circuit.refused(NO, 0);
        long now = 0;
        for (long pause : new long[] {30, 60, 120, 240, 480, 600, 600}) {
            assertThat(circuit.notBefore(now)).hasValue(now + pause * SECOND);
            now += pause * SECOND;
            assertThat(circuit.pass(now)).isEmpty();
            assertThat(circuit.refused(NO, now)).isFalse();
        }
    }

    @Test
    void refusalsOfWhatWasUnderWayDoNotDoubleThePause() {
        circuit.refused(NO, 0);
        assertThat(circuit.refused(NO, SECOND)).isFalse();
        assertThat(circuit.refused(NO, 2 * SECOND)).isFalse();
        assertThat(circuit.notBefore(2 * SECOND)).hasValue(30 * SECOND);
    }

    @Test
    void afterItClosedThePauseIsShortAgain() {
        circuit.refused(NO, 0);
        circuit.pass(30 * SECOND);
        circuit.refused(NO, 30 * SECOND);
        circuit.pass(90 * SECOND);
        circuit.worked(90 * SECOND);
        assertThat(circuit.refused(NO, 100 * SECOND)).isTrue();
        assertThat(circuit.notBefore(100 * SECOND)).hasValue(130 * SECOND);
    }

    @Test
    void anAnswerToWhatWasAskedBeforeTheRefusalDoesNotCloseIt() {
        circuit.refused(NO, 10 * SECOND);
        assertThat(circuit.worked(9 * SECOND)).isFalse();
        assertThat(circuit.refusal()).isPresent();
        assertThat(circuit.pass(11 * SECOND)).isPresent();
    }

    @Test
    void aSpentQuotaStopsAllForAsLongAsTheProviderSays() {
        long longAgo = Long.MIN_VALUE + 7;
        assertThat(circuit.quotaSpent(longAgo, Duration.ofSeconds(60))).isTrue();
        assertThat(circuit.quotaSpent(longAgo + SECOND, Duration.ofSeconds(10)))
                .as("a shorter pause")
                .isFalse();
        assertThat(circuit.pass(longAgo + 59 * SECOND)).hasValue(longAgo + 60 * SECOND);
        assertThat(circuit.pass(longAgo + 60 * SECOND)).isEmpty();
        assertThat(circuit.refusal()).as("it is no refusal of our credentials").isEmpty();
        assertThat(circuit.quotaSpent(longAgo + 61 * SECOND, Duration.ofSeconds(5)))
                .isTrue();
    }
}
