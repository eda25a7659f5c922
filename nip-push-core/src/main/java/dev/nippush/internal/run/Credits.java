package dev.nippush.internal.run;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * How much may be in the engine at once: so many items and bytes in all, of which a part is kept for the urgent ones, and
 * so many items per source. Safe for use by several threads.
 */
public final class Credits {

    private final int items;
    private final long bytes;
    private final int itemsForUrgent;
    private final int itemsPerSource;

    private final Map<Object, Integer> openBySource = new HashMap<>();
    private int openItems;
    private long openBytes;
    private boolean closed;
    private final CompletableFuture<Void> drained = new CompletableFuture<>();

    /**
     * Makes credits.
     *
     * @param itemsForUrgent how many of {@code items} only urgent ones may take; of the bytes they are kept the same share
     */
    public Credits(int items, long bytes, int itemsForUrgent, int itemsPerSource) {
        this.items = items;
        this.bytes = bytes;
        this.itemsForUrgent = itemsForUrgent;
        this.itemsPerSource = itemsPerSource;
    }

    /** Takes a credit, or nothing when there is none. Whoever takes it gives it back, once. */
    public synchronized Optional<Credit> take(Object source, int size, boolean urgent) {
        int itemLimit = urgent ? items : items - itemsForUrgent;
        long byteLimit = urgent ? bytes : bytes - bytes / items * itemsForUrgent;
        int open = openBySource.getOrDefault(source, 0);
        // A single item that is larger than all bytes together would never get in: alone it may.
        boolean fits = openBytes + size <= byteLimit || openItems == 0;
        if (closed || openItems >= itemLimit || !fits || open >= itemsPerSource) {
            return Optional.empty();
        }
        openItems++;
        openBytes += size;
        openBySource.put(source, open + 1);
        return Optional.of(new Credit(source, size));
    }

    /** Whether there is no credit left for anybody, however urgent. */
    public synchronized boolean exhausted() {
        return openItems >= items || openBytes >= bytes;
    }

    /** Gives out no more credits; the stage completes when the last one is back. */
    public CompletionStage<Void> close() {
        boolean empty;
        synchronized (this) {
            closed = true;
            empty = openItems == 0;
        }
        if (empty) {
            drained.complete(null);
        }
        return drained;
    }

    private void giveBack(Object source, int size) {
        boolean empty;
        synchronized (this) {
            openItems--;
            openBytes -= size;
            openBySource.computeIfPresent(source, (any, open) -> open == 1 ? null : open - 1);
            empty = closed && openItems == 0;
        }
        if (empty) {
            drained.complete(null);
        }
    }

    /** The right of one item to be in the engine. */
    public final class Credit {

        private final Object source;
        private final int size;
        private final AtomicBoolean back = new AtomicBoolean();

        private Credit(Object source, int size) {
            this.source = source;
            this.size = size;
        }

        /** Gives it back; doing so again does nothing. */
        public void giveBack() {
            if (back.compareAndSet(false, true)) {
                Credits.this.giveBack(source, size);
            }
        }
    }
}
