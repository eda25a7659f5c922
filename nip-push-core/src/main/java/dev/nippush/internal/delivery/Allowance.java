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

    private final Meter messages;
    private final Meter calls;
    private @Nullable Long pausedUntil;

    Allowance(PushLimit limit, long now) {
        this.messages = meter(limit, now);
        this.calls = meter(limit, now);
    }

    private static Meter meter(PushLimit limit, long now) {
        return new Meter(
                limit.burst(), limit.every().multipliedBy(limit.burst()).toNanos(), now);
    }

    /**
     * Takes one push from what the device may get. Calls have an allowance of their own: no number of messages holds them
     * up.
     *
     * @return empty when it is taken; else from when on there is one
     */
    OptionalLong take(boolean call, long now) {
        Meter meter = call ? calls : messages;
        return meter.take(now) ? OptionalLong.empty() : OptionalLong.of(now + meter.nanosUntilNext(now));
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
