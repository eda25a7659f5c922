package dev.nippush.testkit;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What arrived somewhere, in the order of arrival, for a test that looks at it or waits for it. Safe for use by any
 * number of threads.
 */
public final class Inbox<T> {

    /** How long {@link #await(int)} waits. */
    public static final Duration PATIENCE = Duration.ofSeconds(15);

    private final List<T> items = new ArrayList<>();

    /** Puts one more in. */
    public synchronized void add(T item) {
        items.add(requireNonNull(item));
        notifyAll();
    }

    /** All that arrived so far: a copy that does not change. */
    public synchronized List<T> all() {
        return List.copyOf(items);
    }

    /** How many arrived so far. */
    public synchronized int size() {
        return items.size();
    }

    /** The last one that arrived. Throws an {@link AssertionError} if there is none. */
    public synchronized T last() {
        if (items.isEmpty()) {
            throw new AssertionError("nothing arrived");
        }
        return items.get(items.size() - 1);
    }

    /** Forgets all that arrived so far. */
    public synchronized void clear() {
        items.clear();
    }

    /**
     * Waits until at least so many have arrived, and returns all of them. Throws an {@link AssertionError} if that takes
     * longer than {@link #PATIENCE}, or if the thread is interrupted, which stays flagged.
     */
    public List<T> await(int count) {
        return await(count, PATIENCE);
    }

    /** As {@link #await(int)}, with a limit of one's own. */
    public synchronized List<T> await(int count, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (items.size() < count) {
            long left = (deadline - System.nanoTime() + 999_999) / 1_000_000;
            if (left <= 0) {
                throw new AssertionError(items.size() + " of " + count + " arrived within " + patience);
            }
            try {
                wait(left);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted after " + items.size() + " of " + count, interrupted);
            }
        }
        return List.copyOf(items);
    }
}
