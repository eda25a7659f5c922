package dev.nippush.transport;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * When a push that was not taken is tried again: exponential backoff with full jitter, so that many pushes that failed
 * together do not return together. The n-th retry waits a random time between zero and {@code initial × 2^(n-1)}, capped
 * at {@code max}. A provider that names a time is asked no earlier.
 *
 * @param initial the upper bound of the first wait; 10 ms or more
 * @param max the upper bound of any wait; at least {@code initial}, at most 365 days
 * @param lifetime how long after it was received an event is worth a push; positive, at most 365 days
 */
public record RetryPolicy(Duration initial, Duration max, Duration lifetime) {

    /** The default of {@code initial}. */
    public static final Duration DEFAULT_INITIAL = Duration.ofSeconds(1);

    /** The default of {@code max}. */
    public static final Duration DEFAULT_MAX = Duration.ofMinutes(10);

    /** The default of {@code lifetime}. */
    public static final Duration DEFAULT_LIFETIME = Duration.ofHours(24);

    private static final Duration LONGEST = Duration.ofDays(365);
    private static final Duration SMALLEST = Duration.ofMillis(10);

    public RetryPolicy {
        if (initial.compareTo(SMALLEST) < 0) {
            throw new IllegalArgumentException("initial must be 10 ms or more: " + initial);
        }
        if (max.compareTo(initial) < 0) {
            throw new IllegalArgumentException("max must not be below initial: " + max);
        }
        if (max.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("max must not be above 365 days: " + max);
        }
        if (lifetime.isNegative() || lifetime.isZero() || lifetime.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("lifetime must be positive, and not above 365 days: " + lifetime);
        }
    }

    /** 1 s, doubling to 10 min, for 24 h. */
    public static RetryPolicy standard() {
        return new RetryPolicy(DEFAULT_INITIAL, DEFAULT_MAX, DEFAULT_LIFETIME);
    }

    /**
     * How long to wait before the next attempt.
     *
     * @param failures how many attempts have failed, 1 or more
     */
    public Duration delay(int failures, RandomGenerator random) {
        if (failures < 1) {
            throw new IllegalArgumentException("failures must be 1 or more: " + failures);
        }
        long ceiling = max.toNanos();
        int doublings = failures - 1;
        if (doublings < Long.numberOfLeadingZeros(initial.toNanos()) - 1) {
            ceiling = Math.min(ceiling, initial.toNanos() << doublings);
        }
        return Duration.ofNanos(random.nextLong(ceiling + 1));
    }
}
