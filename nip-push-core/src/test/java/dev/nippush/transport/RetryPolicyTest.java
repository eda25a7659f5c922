package dev.nippush.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetryPolicyTest {

    /** Draws the largest number that it may. */
    private static final RandomGenerator LARGEST = new RandomGenerator() {
        @Override
        public long nextLong() {
            throw new AssertionError("unbounded");
        }

        @Override
        public long nextLong(long bound) {
            return bound - 1;
        }
    };

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "3, 4", "10, 512", "11, 600", "12, 600", "64, 600", "65, 600", "1000000, 600"})
    void theCeilingDoublesUpToTheMaximum(int failures, long seconds) {
        assertThat(RetryPolicy.standard().delay(failures, LARGEST)).isEqualTo(Duration.ofSeconds(seconds));
    }

    @Test
    void theCeilingIsRightForTheLongestDurations() {
        RetryPolicy slow = new RetryPolicy(Duration.ofDays(365), Duration.ofDays(365), Duration.ofDays(365));
        for (int failures = 1; failures < 70; failures++) {
            assertThat(slow.delay(failures, LARGEST)).isEqualTo(Duration.ofDays(365));
        }
    }

    @Test
    void theDelayIsSpreadFromZero() {
        Random random = new Random(7);
        RetryPolicy policy = RetryPolicy.standard();
        double sum = 0;
        for (int i = 0; i < 1_000; i++) {
            Duration delay = policy.delay(4, random);
            assertThat(delay).isBetween(Duration.ZERO, Duration.ofSeconds(8));
            sum += delay.toMillis();
        }
        assertThat(sum / 1_000).isBetween(3_600.0, 4_400.0);
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        Duration day = Duration.ofDays(1);
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryPolicy(Duration.ofMillis(9), day, day));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new RetryPolicy(Duration.ofSeconds(2), Duration.ofSeconds(1), day));
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryPolicy(day, day, Duration.ZERO));
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryPolicy(day, day, Duration.ofDays(366)));
        assertThatIllegalArgumentException().isThrownBy(() -> new RetryPolicy(day, Duration.ofDays(366), day));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetryPolicy.standard().delay(0, LARGEST));
    }
}
