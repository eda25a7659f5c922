package dev.nippush.internal.run;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MeterTest {

    private static final long SECOND = 1_000_000_000L;

    @ParameterizedTest
    @ValueSource(longs = {0, -5 * SECOND, Long.MAX_VALUE - SECOND})
    void itHoldsSoManyAndFillsEvenly(long start) {
        Meter meter = new Meter(60, 60 * SECOND, start);
        for (int i = 0; i < 60; i++) {
            assertThat(meter.take(start)).isTrue();
        }
        assertThat(meter.take(start)).isFalse();
        assertThat(meter.nanosUntilNext(start)).isEqualTo(SECOND);
        assertThat(meter.take(start + SECOND - 1)).isFalse();
        assertThat(meter.take(start + SECOND + 1)).isTrue();
        assertThat(meter.take(start + SECOND + 1)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -5 * SECOND})
    void itNeverHoldsMoreThanItsCapacity(long start) {
        Meter meter = new Meter(2, SECOND, start);
        long later = start + 1_000 * SECOND;
        assertThat(meter.take(later)).isTrue();
        assertThat(meter.take(later)).isTrue();
        assertThat(meter.take(later)).isFalse();
        assertThat(meter.nanosUntilNext(later + SECOND)).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -5 * SECOND})
    void anOlderStampFillsNothing(long start) {
        Meter meter = new Meter(1, SECOND, start);
        assertThat(meter.take(start)).isTrue();
        assertThat(meter.take(start - 10 * SECOND)).isFalse();
        assertThat(meter.take(start + SECOND)).isTrue();
    }
}
