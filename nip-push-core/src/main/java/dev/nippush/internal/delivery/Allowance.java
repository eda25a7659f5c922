package dev.nippush.internal.delivery;

import dev.nippush.internal.run.Meter;
import dev.nippush.transport.PushLimit;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * How much a device may get: by our limit, and by its provider's word. All times are monotonic nanoseconds. Belongs to its
 * lane.
 */
final class Allowance {

    private final Meter meter;
    private @Nullable Long pausedUntil;

    Allowance(PushLimit limit, long now) {
        this.meter = new Meter(
                limit.burst(), limit.every().multipliedBy(limit.burst()).toNanos(), now);
    }

    /** Takes one push from what the device may get, if there is one. */
    boolean take(long now) {
        return meter.take(now);
    }

    /** When there is one again. */
    long nextAt(long now) {
        return now + meter.nanosUntilNext(now);
    }

    /** Its provider wants no push for the device before a moment. */
    void pauseUntil(long nanos) {
        pausedUntil = nanos;
    }

    /** The device was registered again. */
    void resume() {
        pausedUntil = null;
    }

    /** From when on its provider takes something for the device; empty when it does now, as far as we know. */
    OptionalLong notBefore(long now) {
        Long until = pausedUntil;
        return until != null && until - now > 0 ? OptionalLong.of(until) : OptionalLong.empty();
    }
}
