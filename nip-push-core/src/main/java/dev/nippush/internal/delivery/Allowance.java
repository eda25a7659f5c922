package dev.nippush.internal.delivery;

import dev.nippush.internal.run.Meter;
import dev.nippush.transport.PushLimit;
import java.time.Duration;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * How much a device may get: by our limit, and by its provider's word. All times are monotonic nanoseconds. Belongs to its
 * lane.
 */
final class Allowance {

    /** How many stored events go out each by themselves, and how soon there may be another one. */
    private static final PushLimit STORED = new PushLimit(10, Duration.ofMinutes(1));

    /** For how long more of them are gathered into one notification: a relay sends what it has stored in one go. */
    private static final Duration GATHERING = Duration.ofSeconds(10);

    private final Meter messages;
    private final Meter calls;
    private final Meter stored;
    private @Nullable Long gatheredUntil;
    private @Nullable Long pausedUntil;

    Allowance(PushLimit limit, long now) {
        this.messages = meter(limit, now);
        this.calls = meter(limit, now);
        this.stored = meter(STORED, now);
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

    /**
     * Takes one from what the device may get of stored events, each by itself.
     *
     * @return empty when it is taken; else until when those that are too many are gathered
     */
    OptionalLong takeStored(long now) {
        if (stored.take(now)) {
            return OptionalLong.empty();
        }
        Long until = gatheredUntil;
        if (until == null || until - now <= 0) {
            until = now + GATHERING.toNanos();
            gatheredUntil = until;
        }
        return OptionalLong.of(until);
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
