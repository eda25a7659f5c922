package dev.nippush.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BackoffTest {

    @Test
    void pausesAreSpreadFromZeroToTheBound() {
        Random random = new Random(1);
        Duration shortest = Backoff.LONGEST;
        Duration longest = Duration.ZERO;
        for (int i = 0; i < 1_000; i++) {
            Duration pause = new Backoff(random).next();
            assertThat(pause).isBetween(Duration.ZERO, Backoff.FIRST);
            shortest = pause.compareTo(shortest) < 0 ? pause : shortest;
            longest = pause.compareTo(longest) > 0 ? pause : longest;
        }
        assertThat(shortest).isLessThan(Duration.ofMillis(20));
        assertThat(longest).isGreaterThan(Duration.ofMillis(480));
    }

    @Test
    void noPauseIsLongerThanAMinute() {
        Backoff backoff = new Backoff(new Random(1));
        for (int i = 0; i < 1_000; i++) {
            assertThat(backoff.next()).isBetween(Duration.ZERO, Backoff.LONGEST);
        }
        assertThat(backoff.failures()).isEqualTo(1_000);
        backoff.reset();
        assertThat(backoff.next()).isLessThanOrEqualTo(Backoff.FIRST);
    }
}
