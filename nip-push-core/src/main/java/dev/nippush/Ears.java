package dev.nippush;

import dev.nippush.time.EngineTime;
import dev.nippush.time.EngineTime.Timer;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Whether clients can reach the engine: while they cannot, their silence proves nothing. It is deaf while it has home
 * relays and none of them is connected, unless a relay streams in; and while its door has been shut for long. Safe for
 * use by several threads.
 */
final class Ears {

    /** A door that is shut for less is no more than a busy moment. */
    private static final Duration STALL = Duration.ofSeconds(10);

    private final EngineTime time;
    private final Executor executor;
    private final Consumer<Boolean> change;
    private boolean relays;
    private boolean feeding;
    private boolean stalled;
    private boolean begun;
    private boolean told = true;
    private @Nullable Timer stall;

    /**
     * Makes them.
     *
     * @param listens whether there are home relays to listen to; they are not connected yet
     * @param change hears of every change, one at a time
     */
    Ears(boolean listens, EngineTime time, Executor executor, Consumer<Boolean> change) {
        this.relays = !listens;
        this.time = time;
        this.executor = executor;
        this.change = change;
    }

    /** Tells what is so at the start; nothing is told before. */
    synchronized void begin() {
        begun = true;
        tell();
    }

    /** Whether a home relay is connected. */
    synchronized void relays(boolean connected) {
        relays = connected;
        tell();
    }

    /** Whether a relay streams its events in. */
    synchronized void feeding(boolean now) {
        feeding = now;
        tell();
    }

    /** Whether the door is shut. */
    synchronized void full(boolean full) {
        if (stall != null) {
            stall.cancel();
            stall = null;
        }
        if (full) {
            stall = time.schedule(STALL, () -> executor.execute(() -> stalled(true)));
        } else {
            stalled(false);
        }
    }

    private synchronized void stalled(boolean now) {
        if (now && stall == null) {
            // The door opened while this was on its way.
            return;
        }
        stalled = now;
        tell();
    }

    synchronized boolean hearing() {
        return (relays || feeding) && !stalled;
    }

    private void tell() {
        if (begun && hearing() != told) {
            told = !told;
            change.accept(told);
        }
    }
}
