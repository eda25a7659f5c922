package dev.nippush.relay;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** Pauses between attempts: random up to a bound (full jitter) that doubles with each failure. For one thread. */
final class Backoff {

    static final Duration FIRST = Duration.ofMillis(500);
    static final Duration LONGEST = Duration.ofMinutes(1);

    private final RandomGenerator random;
    private int failures;

    Backoff(RandomGenerator random) {
        this.random = random;
    }

    /** How many attempts have failed since the last success. */
    int failures() {
        return failures;
    }

    /** An attempt has failed: returns how long to wait before the next one. */
    Duration next() {
        Duration bound = LONGEST;
        // 0.5 s doubled seven times is beyond a minute.
        if (failures < 7) {
            Duration doubled = FIRST.multipliedBy(1L << failures);
            bound = doubled.compareTo(LONGEST) < 0 ? doubled : LONGEST;
        }
        failures++;
        return Duration.ofNanos(random.nextLong(bound.toNanos() + 1));
    }

    /** An attempt has succeeded. */
    void reset() {
        failures = 0;
    }
}
