package dev.nippush.testkit;

import static java.util.Objects.requireNonNull;

import dev.nippush.time.EngineTime;
import java.time.Duration;
import java.time.Instant;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Clocks that stand still until the test moves them. An engine that is given this and its {@link #executor()} runs on one
 * thread, the one that calls {@link #advance} or {@link #runAll}, and does the same thing each time.
 *
 * <pre>{@code
 * VirtualTime time = new VirtualTime();
 * engine.accept(heartbeat);
 * time.advance(Duration.ofSeconds(151));
 * }</pre>
 *
 * <p>Any thread may read the clocks, schedule and execute. Only one at a time may advance.
 */
public final class VirtualTime implements EngineTime {

    /** What the wall clock shows at first, unless told otherwise. */
    public static final Instant DEFAULT_START = Instant.parse("2026-01-01T00:00:00Z");

    private final PriorityQueue<Task> timers = new PriorityQueue<>();
    private final VirtualExecutor executor;
    private Instant wall;
    private long nanos;
    private long scheduled;

    /** Starts at {@link #DEFAULT_START}; tasks run in the order in which they came. */
    public VirtualTime() {
        this(DEFAULT_START);
    }

    /** Starts at the given moment; tasks run in the order in which they came. */
    public VirtualTime(Instant start) {
        this(start, new VirtualExecutor());
    }

    /**
     * Starts at the given moment.
     *
     * @param executor whose tasks are run before the clock moves on; returned by {@link #executor()}
     */
    public VirtualTime(Instant start, VirtualExecutor executor) {
        this.wall = requireNonNull(start);
        this.executor = requireNonNull(executor);
    }

    /** The executor that belongs to these clocks. */
    public VirtualExecutor executor() {
        return executor;
    }

    @Override
    public synchronized Instant now() {
        return wall;
    }

    @Override
    public synchronized long nanoTime() {
        return nanos;
    }

    @Override
    public synchronized Timer schedule(Duration delay, Runnable task) {
        Task timer = new Task(nanos + Math.max(0, delay.toNanos()), scheduled++, requireNonNull(task));
        timers.add(timer);
        return () -> cancel(timer);
    }

    private synchronized void cancel(Task timer) {
        timers.remove(timer);
    }

    /** Sets the wall clock, and only that: the monotonic clock and the timers do not notice. */
    public synchronized void setWallClock(Instant instant) {
        wall = requireNonNull(instant);
    }

    /** How many timers wait. */
    public synchronized int timers() {
        return timers.size();
    }

    /** Runs all tasks and all timers that are due, and what these bring, until nothing is left to do at this moment. */
    public void runAll() {
        advance(Duration.ZERO);
    }

    /**
     * Moves both clocks. Timers that come due on the way run at their own time, in the order of time and then of
     * scheduling; before the first one, after each one and at the end all tasks of the executor are run. Whatever a task
     * throws comes out here, and leaves the clocks where they are.
     *
     * @param duration zero or more
     */
    public void advance(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("time does not run backwards: " + duration);
        }
        long end = Math.addExact(nanoTime(), duration.toNanos());
        executor.runAll();
        for (Task due = next(end); due != null; due = next(end)) {
            due.task.run();
            executor.runAll();
        }
        moveTo(end);
    }

    private synchronized @Nullable Task next(long end) {
        Task first = timers.peek();
        if (first == null || first.at > end) {
            return null;
        }
        timers.remove();
        moveTo(first.at);
        return first;
    }

    private synchronized void moveTo(long at) {
        wall = wall.plusNanos(at - nanos);
        nanos = at;
    }

    private record Task(long at, long number, Runnable task) implements Comparable<Task> {
        @Override
        public int compareTo(Task other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
        }
    }
}
