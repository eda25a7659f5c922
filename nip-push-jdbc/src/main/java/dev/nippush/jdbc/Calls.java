package dev.nippush.jdbc;

import dev.nippush.store.Partition;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The calls that wait. Those of one partition take effect in the order in which they were made: a call that reads begins
 * when the writing ones before it have ended, and the other way round. Calls of different partitions do not wait for one
 * another, and writing calls that follow each other may share a transaction. For any thread.
 */
final class Calls {

    /** Of so many changes a transaction is made at once. */
    static final int GROUP = 500;

    /** So long after its first call a transaction is made, whatever else may come. */
    private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(3);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition writable = lock.newCondition();
    private final Condition readable = lock.newCondition();

    private final Map<Partition, Line> lines = new HashMap<>();
    private final ArrayDeque<Call.Writing<?>> writing = new ArrayDeque<>();
    private final ArrayDeque<Call.Reading<?>> reading = new ArrayDeque<>();
    private int waitingChanges;
    private boolean closing;

    /** The calls of a partition. */
    private static final class Line {
        private final ArrayDeque<Call<?>> waiting = new ArrayDeque<>();
        private int running;
        private boolean runningReads;
    }

    /** Takes a call, or says that it comes too late. */
    boolean add(Call<?> call) {
        lock.lock();
        try {
            if (closing) {
                return false;
            }
            Line line = lines.computeIfAbsent(call.partition(), any -> new Line());
            line.waiting.add(call);
            advance(line);
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void advance(Line line) {
        while (!line.waiting.isEmpty()) {
            Call<?> next = line.waiting.peek();
            boolean reads = next instanceof Call.Reading;
            if (line.running > 0 && line.runningReads != reads) {
                return;
            }
            line.waiting.remove();
            line.running++;
            line.runningReads = reads;
            if (next instanceof Call.Reading<?> read) {
                reading.add(read);
                readable.signal();
            } else if (next instanceof Call.Writing<?> write) {
                writing.add(write);
                waitingChanges += write.size();
                writable.signal();
            }
        }
    }

    /** A call that was taken from here has ended; what waited for it may begin. */
    void ended(Call<?> call) {
        lock.lock();
        try {
            Line line = lines.get(call.partition());
            if (line == null) {
                return;
            }
            line.running--;
            advance(line);
            if (line.running == 0) {
                lines.remove(call.partition());
                if (lines.isEmpty()) {
                    writable.signalAll();
                    readable.signalAll();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits for calls that make a transaction together; none after the last. */
    List<Call.Writing<?>> nextWriting() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (writing.isEmpty()) {
                if (closing && lines.isEmpty()) {
                    return List.of();
                }
                writable.await();
            }
            long left = PATIENCE_NANOS - (System.nanoTime() - writing.element().madeAt());
            while (left > 0 && waitingChanges < GROUP && !closing) {
                left = writable.awaitNanos(left);
            }
            return group();
        } finally {
            lock.unlock();
        }
    }

    private List<Call.Writing<?>> group() {
        List<Call.Writing<?>> group = new ArrayList<>();
        Set<Partition> acquired = new HashSet<>();
        Set<Partition> used = new HashSet<>();
        int changes = 0;
        while (!writing.isEmpty()) {
            Call.Writing<?> next = writing.element();
            boolean acquires = next instanceof Call.Acquire;
            // A lease has to be lost between two transactions, not within one.
            if (acquired.contains(next.partition())
                    || acquires && used.contains(next.partition())
                    || changes > 0 && changes + next.size() > GROUP) {
                break;
            }
            writing.remove();
            waitingChanges -= next.size();
            changes += next.size();
            (acquires ? acquired : used).add(next.partition());
            group.add(next);
        }
        return group;
    }

    /** Waits for calls that read: one that asks what is due, or all that load. None after the last. */
    List<Call.Reading<?>> nextReading() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (reading.isEmpty()) {
                if (closing && lines.isEmpty()) {
                    return List.of();
                }
                readable.await();
            }
            List<Call.Reading<?>> next = new ArrayList<>();
            next.add(reading.remove());
            if (next.get(0) instanceof Call.Load) {
                reading.removeIf(call -> call instanceof Call.Load && next.add(call));
            }
            return next;
        } finally {
            lock.unlock();
        }
    }

    /** Takes no more calls; those that wait are still handed out. */
    void close() {
        lock.lock();
        try {
            closing = true;
            writable.signalAll();
            readable.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Gives up what waits, and returns it. */
    List<Call<?>> abandon() {
        lock.lock();
        try {
            List<Call<?>> left = new ArrayList<>(writing);
            left.addAll(reading);
            lines.values().forEach(line -> left.addAll(line.waiting));
            writing.clear();
            reading.clear();
            lines.clear();
            waitingChanges = 0;
            writable.signalAll();
            readable.signalAll();
            return left;
        } finally {
            lock.unlock();
        }
    }
}
