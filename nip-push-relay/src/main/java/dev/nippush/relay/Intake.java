package dev.nippush.relay;

import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.event.NostrEvent;
import dev.nippush.time.EngineTime;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands the events of one connection to the engine, and makes its reading thread wait when the engine has enough: then
 * nothing is read from the socket, and TCP tells the relay. {@link #hand} and {@link #settle} are for the reading thread,
 * the others are for any.
 */
final class Intake {

    /** The most events of one connection that have no outcome yet. */
    static final int MAX_OPEN = 256;

    /** The most text of such events, in characters. */
    static final long MAX_OPEN_CHARS = 8L * 1024 * 1024;

    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private static final Logger LOG = LoggerFactory.getLogger(Intake.class);

    /** An event that was read; equal to itself only. */
    private static final class Open {
        final NostrEvent event;
        final Source source;
        final long chars;
        final Instant readAt;

        Open(NostrEvent event, Source source, long chars, Instant readAt) {
            this.event = event;
            this.source = source;
            this.chars = chars;
            this.readAt = readAt;
        }
    }

    private final FeedDoor door;
    private final EngineTime time;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // In the order in which they were handed over.
    private final Deque<Open> open = new ArrayDeque<>();
    // Those that the engine gave back after all.
    private final Deque<Open> again = new ArrayDeque<>();
    // Those without an outcome, on their way to the engine or in it, in the order in which they were read.
    private final Set<Open> unsettled = new LinkedHashSet<>();
    // When the first was read that the engine will never settle.
    private @Nullable Instant lostAt;
    private long openChars;
    // How many have had their outcome.
    private long settled;
    private boolean stopped;

    Intake(FeedDoor door, EngineTime time) {
        this.door = door;
        this.time = time;
    }

    /**
     * Hands an event over, and waits for as long as the engine is busy.
     *
     * @param chars how long its text was
     * @return false when the intake was stopped before the engine took it
     */
    boolean hand(NostrEvent event, Source source, long chars) {
        Open read = new Open(event, source, chars, time.now());
        lock.lock();
        try {
            unsettled.add(read);
        } finally {
            lock.unlock();
        }
        return handAgain() && handOne(read);
    }

    /**
     * Up to when all that was read has its outcome: until now, or until the oldest event was read that has none. Events that
     * the engine gave back or failed on have none.
     */
    Instant readUpTo() {
        lock.lock();
        try {
            Instant upTo =
                    unsettled.isEmpty() ? time.now() : unsettled.iterator().next().readAt;
            return lostAt != null && lostAt.isBefore(upTo) ? lostAt : upTo;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until every event that was handed over has its outcome: none is still on its way to its account.
     *
     * @return false when the intake was stopped meanwhile
     */
    boolean settle() {
        while (handAgain()) {
            lock.lock();
            try {
                while (!stopped && !open.isEmpty() && again.isEmpty()) {
                    changed.awaitUninterruptibly();
                }
                if (stopped || open.isEmpty() && again.isEmpty()) {
                    return !stopped;
                }
            } finally {
                lock.unlock();
            }
        }
        return false;
    }

    /** Wakes the reading thread for good. */
    void stop() {
        lock.lock();
        try {
            stopped = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean handAgain() {
        while (true) {
            Open next;
            lock.lock();
            try {
                if (stopped) {
                    return false;
                }
                next = again.poll();
            } finally {
                lock.unlock();
            }
            if (next == null) {
                return true;
            }
            if (!handOne(next)) {
                return false;
            }
        }
    }

    private boolean handOne(Open handed) {
        long pause = FIRST_PAUSE_NANOS;
        while (awaitRoom(handed.chars)) {
            long settledBefore = settledSoFar();
            Optional<CompletionStage<Outcome>> stage = door.accept(handed.event, handed.source);
            if (stage.isEmpty()) {
                return false;
            }
            Outcome outcome = outcomeNow(stage.get());
            if (!(outcome instanceof Outcome.Busy)) {
                if (outcome == null) {
                    watch(handed, stage.get());
                } else {
                    ended(handed, outcome);
                }
                return true;
            }
            if (!awaitOutcome(settledBefore, pause)) {
                return false;
            }
            pause = Math.min(LONGEST_PAUSE_NANOS, 2 * pause);
        }
        return false;
    }

    private static @Nullable Outcome outcomeNow(CompletionStage<Outcome> stage) {
        var future = stage.toCompletableFuture();
        return future.isDone() && !future.isCompletedExceptionally() ? future.getNow(null) : null;
    }

    /** It has its outcome, or will have none. */
    private void ended(Open handed, @Nullable Outcome outcome) {
        lock.lock();
        try {
            unsettled.remove(handed);
            boolean lost = outcome == null || outcome instanceof Outcome.Closed;
            if (lost && (lostAt == null || handed.readAt.isBefore(lostAt))) {
                lostAt = handed.readAt;
            }
        } finally {
            lock.unlock();
        }
    }

    private void watch(Open handed, CompletionStage<Outcome> stage) {
        lock.lock();
        try {
            open.add(handed);
            openChars += handed.chars;
        } finally {
            lock.unlock();
        }
        stage.whenComplete((outcome, failure) -> settled(handed, outcome, failure));
    }

    private void settled(Open handed, @Nullable Outcome outcome, @Nullable Throwable failure) {
        if (failure != null) {
            LOG.error("the engine failed on event {}", handed.event.id(), failure);
        }
        lock.lock();
        try {
            settled++;
            openChars -= handed.chars;
            // Mostly the oldest.
            Iterator<Open> each = open.iterator();
            while (each.hasNext()) {
                if (each.next() == handed) {
                    each.remove();
                    break;
                }
            }
            if (outcome instanceof Outcome.Busy) {
                again.add(handed);
            } else {
                ended(handed, outcome);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean awaitRoom(long chars) {
        lock.lock();
        try {
            while (!stopped && (open.size() >= MAX_OPEN || openChars + chars > MAX_OPEN_CHARS && !open.isEmpty())) {
                changed.awaitUninterruptibly();
            }
            return !stopped;
        } finally {
            lock.unlock();
        }
    }

    private long settledSoFar() {
        lock.lock();
        try {
            return settled;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until one of ours has its outcome, the oldest as a rule. With none open, others keep the engine busy, and it is
     * asked again after a pause.
     */
    private boolean awaitOutcome(long settledBefore, long pauseNanos) {
        lock.lock();
        try {
            if (open.isEmpty()) {
                pause(pauseNanos);
            }
            while (!stopped && settled == settledBefore && !open.isEmpty()) {
                changed.awaitUninterruptibly();
            }
            return !stopped;
        } finally {
            lock.unlock();
        }
    }

    private void pause(long nanos) {
        long left = nanos;
        try {
            while (!stopped && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            // Somebody ends this thread: its owner is OkHttp, which sees the flag at its next read.
            stopped = true;
            Thread.currentThread().interrupt();
        }
    }
}
