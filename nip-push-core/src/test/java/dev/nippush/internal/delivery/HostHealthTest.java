package dev.nippush.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostHealthTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final HostHealth health = new HostHealth();

    @ParameterizedTest
    @ValueSource(longs = {0, Long.MIN_VALUE, -5, Long.MAX_VALUE - 1})
    void afterTwentyFailuresOneRequestGoesOutInTenSeconds(long start) {
        for (int i = 0; i < HostHealth.FAILURES; i++) {
            assertThat(health.request(start)).isEmpty();
            health.failed(start);
        }
        assertThat(health.request(start)).hasValue(start + 10 * SECOND);
        assertThat(health.notBefore(start + 10 * SECOND)).isEmpty();
        assertThat(health.request(start + 10 * SECOND)).isEmpty();
        assertThat(health.request(start + 10 * SECOND)).hasValue(start + 20 * SECOND);
        health.failed(start + 11 * SECOND);
        assertThat(health.request(start + 19 * SECOND)).hasValue(start + 20 * SECOND);
        assertThat(health.request(start + 20 * SECOND)).isEmpty();
    }

    @Test
    void anAnswerEndsIt() {
        for (int i = 0; i < HostHealth.FAILURES; i++) {
            health.failed(0);
        }
        assertThat(health.answered().recovered()).isTrue();
        assertThat(health.answered().recovered()).isFalse();
        for (int i = 0; i < HostHealth.FAILURES - 1; i++) {
            assertThat(health.request(SECOND)).isEmpty();
            health.failed(SECOND);
        }
        assertThat(health.request(SECOND)).as("19 in a row").isEmpty();
    }

    @Test
    void eachAnswerEarnsAPlaceUpToSixtyFour() {
        assertThat(health.places()).isEqualTo(8);
        health.failed(0);
        for (int places = 9; places <= 64; places++) {
            assertThat(health.isTrusted()).isFalse();
            assertThat(health.answered().earned()).isTrue();
            assertThat(health.places()).isEqualTo(places);
        }
        assertThat(health.isTrusted()).isTrue();
        assertThat(health.answered().earned()).isFalse();
        assertThat(health.places()).isEqualTo(64);
    }

    @Test
    void trustIsLostWithTwentyFailuresInARow() {
        for (int i = 0; i < 64; i++) {
            health.answered();
        }
        for (int i = 0; i < HostHealth.FAILURES - 1; i++) {
            health.failed(0);
        }
        assertThat(health.isTrusted()).isTrue();
        health.failed(0);
        assertThat(health.isTrusted()).isFalse();
        assertThat(health.places()).isEqualTo(8);
    }
}
