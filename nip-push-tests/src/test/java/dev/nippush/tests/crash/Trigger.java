package dev.nippush.tests.crash;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Fires once when something happens that it was set for. Safe for use by several threads. */
final class Trigger {

    /** Moments at which a crash has something to destroy. */
    enum Moment {
        /** A request is at a gateway, and not answered. */
        REQUEST,
        /** It was answered a moment ago. */
        ANSWER,
        /** The relay got an event. */
        PUBLISHED,
        /** A control message was sent. */
        SAID,
        /** The endpoint said that it is on disk. */
        SURE
    }

    private record Charge(Moment moment, Runnable action) {}

    private final AtomicReference<@Nullable Charge> charge = new AtomicReference<>();

    void set(Moment moment, Runnable action) {
        charge.set(new Charge(moment, action));
    }

    void reached(Moment moment) {
        Charge set = charge.get();
        if (set != null && set.moment == moment && charge.compareAndSet(set, null)) {
            set.action.run();
        }
    }
}
