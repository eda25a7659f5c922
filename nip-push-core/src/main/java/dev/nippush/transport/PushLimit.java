package dev.nippush.transport;

import java.time.Duration;

/**
 * How many pushes a device gets. What is more is folded into one that says how many there are, which goes out when the
 * device may get one again. Calls have an allowance of their own, of the same size: what is more waits, and is not folded.
 *
 * @param burst how many at once, 1 to 10,000
 * @param every how long it takes until it may get another one, 1 ms to 1 h
 */
public record PushLimit(int burst, Duration every) {

    /** The default of {@code burst}. */
    public static final int DEFAULT_BURST = 60;

    /** The default of {@code every}. */
    public static final Duration DEFAULT_EVERY = Duration.ofSeconds(2);

    /** The largest {@code burst}. */
    public static final int LARGEST_BURST = 10_000;

    /** The shortest {@code every}. */
    public static final Duration SHORTEST_EVERY = Duration.ofMillis(1);

    /** The longest {@code every}. */
    public static final Duration LONGEST_EVERY = Duration.ofHours(1);

    public PushLimit {
        if (burst < 1 || burst > LARGEST_BURST) {
            throw new IllegalArgumentException("burst must be 1 to " + LARGEST_BURST + ": " + burst);
        }
        if (every.compareTo(SHORTEST_EVERY) < 0 || every.compareTo(LONGEST_EVERY) > 0) {
            throw new IllegalArgumentException("every must be 1 ms to 1 h: " + every);
        }
    }

    /** 60 at once, and one more every 2 s. */
    public static PushLimit standard() {
        return new PushLimit(DEFAULT_BURST, DEFAULT_EVERY);
    }
}
