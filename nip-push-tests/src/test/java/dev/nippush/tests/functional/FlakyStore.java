package dev.nippush.tests.functional;

import dev.nippush.store.Change;
import dev.nippush.store.InMemoryPushStore;
import dev.nippush.store.Lease;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A store whose commits wait, fail, or lose their answer, when the test says so. */
final class FlakyStore implements PushStore {

    private final InMemoryPushStore store = new InMemoryPushStore();
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private boolean slow;
    private int failures;
    private int lostAnswers;
    private boolean unreadable;
    private boolean slowReads;
    private final Deque<Runnable> reading = new ArrayDeque<>();
    final List<List<Change>> commits = new ArrayList<>();

    /** From now on commits wait for {@link #land}. */
    void slow() {
        slow = true;
    }

    /** Lets all commits that wait land, and those that follow at once. */
    void land() {
        slow = false;
        while (!waiting.isEmpty()) {
            waiting.remove().run();
        }
    }

    /** The next commits fail, and nothing is written. */
    void fail(int commits) {
        failures = commits;
    }

    /** From now on nobody learns what is owed. */
    void unreadable() {
        unreadable = true;
    }

    /** From now on what is owed is read at once, and told when the test says {@link #tell}. */
    void slowReads() {
        slowReads = true;
    }

    /** Tells what was read so far; returns whether anybody waited for that. */
    boolean tell() {
        boolean waited = !reading.isEmpty();
        List.copyOf(reading).forEach(Runnable::run);
        reading.clear();
        return waited;
    }

    /** The next commits are made, and seem to fail. */
    void loseAnswers(int commits) {
        lostAnswers = commits;
    }

    @Override
    public CompletionStage<Committed> commit(Lease lease, List<Change> changes) {
        commits.add(changes);
        if (failures > 0) {
            failures--;
            return CompletableFuture.failedStage(new IOException("the disk is full, as the test says"));
        }
        if (slow) {
            CompletableFuture<Committed> landed = new CompletableFuture<>();
            waiting.add(() -> store.commit(lease, changes).thenAccept(landed::complete));
            return landed;
        }
        CompletionStage<Committed> made = store.commit(lease, changes);
        if (lostAnswers > 0) {
            lostAnswers--;
            return CompletableFuture.failedStage(new IOException("no answer, as the test says"));
        }
        return made;
    }

    @Override
    public CompletionStage<Lease> acquire(Partition partition) {
        return store.acquire(partition);
    }

    @Override
    public CompletionStage<Void> load(Lease lease, Sink sink) {
        return store.load(lease, sink);
    }

    @Override
    public CompletionStage<List<OwedPush>> due(Lease lease, Instant until, Except except, int limit) {
        if (unreadable) {
            return CompletableFuture.failedStage(new IOException("the disk is broken, as the test says"));
        }
        CompletionStage<List<OwedPush>> read = store.due(lease, until, except, limit);
        if (!slowReads) {
            return read;
        }
        CompletableFuture<List<OwedPush>> told = new CompletableFuture<>();
        reading.add(() -> read.thenAccept(told::complete));
        return told;
    }

    @Override
    public CompletionStage<Integer> sweep(Lease lease, Instant before, int limit) {
        return store.sweep(lease, before, limit);
    }

    @Override
    public void close() {
        store.close();
    }
}
