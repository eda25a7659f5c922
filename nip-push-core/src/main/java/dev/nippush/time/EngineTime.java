package dev.nippush.time;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledExecutorService;

/**
 * The clocks and timers that an engine runs on. Deadlines are kept on the monotonic clock, so a wall clock that is set
 * back or forth moves none of them; the wall clock is only compared with the {@code created_at} of events.
 *
 * <p>Implementations are safe for use by any number of threads.
 */
public interface EngineTime {

    /** The wall clock. */
    Instant now();

    /** A monotonic clock in nanoseconds, with an arbitrary origin, as {@link System#nanoTime()}. */
    long nanoTime();

    /**
     * Runs a task once, after a delay. The engine's tasks only put work into a mailbox, so one thread serves all of them.
     *
     * @param delay how long to wait; zero or negative runs the task as soon as possible, never in this call
     */
    Timer schedule(Duration delay, Runnable task);

    /** Both clocks, read together. */
    default Stamp stamp() {
        return new Stamp(nanoTime(), now().toEpochMilli());
    }

    /**
     * The system's clocks, with timers on the given executor, which stays the caller's to shut down. A task that comes
     * due after the shutdown is not run.
     */
    static EngineTime system(ScheduledExecutorService timers) {
        return new SystemTime(timers);
    }

    /** A task that waits for its time. */
    interface Timer {

        /** Stops the task if it has not begun; does nothing otherwise. */
        void cancel();
    }
}
