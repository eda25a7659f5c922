package dev.nippush.time;

import java.time.Duration;
import java.time.Instant;

/**
 * A moment on both clocks: when the door saw something.
 *
 * @param nanos the monotonic clock, in nanoseconds
 * @param wallMillis the wall clock, in milliseconds since 1970
 */
public record Stamp(long nanos, long wallMillis) {

    /** The wall clock's part, with a resolution of one millisecond. */
    public Instant instant() {
        return Instant.ofEpochMilli(wallMillis);
    }

    /** The wall clock's part in whole seconds, as {@code created_at} counts. */
    public long epochSecond() {
        return Math.floorDiv(wallMillis, 1000L);
    }

    /** Where on the monotonic clock a moment of the wall clock lies, judged by what both showed at this stamp. */
    public long nanosAt(long otherWallMillis) {
        return nanos + Math.multiplyExact(otherWallMillis - wallMillis, 1_000_000L);
    }

    /** What the wall clock shows when the monotonic clock shows the given value, judged by this stamp. */
    public Instant instantAt(long otherNanos) {
        return instant().plus(Duration.ofNanos(otherNanos - nanos));
    }
}
