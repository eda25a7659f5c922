package dev.nippush.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.internal.delivery.Circuit.Pass;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class CircuitTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final Circuit circuit = new Circuit();

    @Test
    void itIsClosedAtFirst() {
        assertThat(circuit.pass(0)).isEqualTo(Pass.YES);
        assertThat(circuit.isOpen()).isFalse();
        assertThat(circuit.worked()).isFalse();
    }

    @Test
    void aRefusalOpensItForThirtySeconds() {
        assertThat(circuit.refused(0)).isTrue();
        assertThat(circuit.isOpen()).isTrue();
        assertThat(circuit.pass(30 * SECOND - 1)).isEqualTo(Pass.LATER);
        assertThat(circuit.waitUntil()).isEqualTo(30 * SECOND);
    }

    @Test
    void thenOneProbeGoesOut() {
        circuit.refused(0);
        assertThat(circuit.pass(30 * SECOND)).isEqualTo(Pass.YES);
        assertThat(circuit.pass(30 * SECOND)).isEqualTo(Pass.LATER);
        assertThat(circuit.pass(69 * SECOND)).isEqualTo(Pass.LATER);
        assertThat(circuit.pass(70 * SECOND)).as("the probe was not answered").isEqualTo(Pass.YES);
    }

    @Test
    void anAnswerClosesIt() {
        circuit.refused(0);
        circuit.pass(30 * SECOND);
        assertThat(circuit.worked()).isTrue();
        assertThat(circuit.pass(31 * SECOND)).isEqualTo(Pass.YES);
        assertThat(circuit.pass(31 * SECOND)).isEqualTo(Pass.YES);
    }

    @Test
    void eachRefusedProbeDoublesThePauseUpToTenMinutes() {
        circuit.refused(0);
        long now = 0;
        for (long pause : new long[] {30, 60, 120, 240, 480, 600, 600}) {
            assertThat(circuit.waitUntil() - now).isEqualTo(pause * SECOND);
            now = circuit.waitUntil();
            assertThat(circuit.pass(now)).isEqualTo(Pass.YES);
            assertThat(circuit.refused(now)).isFalse();
        }
    }

    @Test
    void refusalsOfWhatWasUnderWayDoNotDoubleThePause() {
        circuit.refused(0);
        assertThat(circuit.refused(SECOND)).isFalse();
        assertThat(circuit.refused(2 * SECOND)).isFalse();
        assertThat(circuit.waitUntil()).isEqualTo(30 * SECOND);
    }

    @Test
    void afterItClosedThePauseIsShortAgain() {
        circuit.refused(0);
        circuit.pass(30 * SECOND);
        circuit.refused(30 * SECOND);
        circuit.pass(90 * SECOND);
        circuit.worked();
        assertThat(circuit.refused(100 * SECOND)).isTrue();
        assertThat(circuit.waitUntil()).isEqualTo(130 * SECOND);
    }
}
