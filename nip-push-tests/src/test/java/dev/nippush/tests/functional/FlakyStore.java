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
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;

/** A store whose commits wait, fail, or lose their answer, when the test says so. */
final class FlakyStore implements PushStore {

    private final InMemoryPushStore store = new InMemoryPushStore();
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private Set<Partition.Kind> slow = Set.of();
    private Set<Partition.Kind> late = Set.of();
    private int failures;
    private boolean full;
    private int lostAnswers;
    private boolean unreadable;
    private boolean slowReads;
    private final Deque<Runnable> reading = new ArrayDeque<>();
    final List<List<Change>> commits = new ArrayList<>();

    /** From now on commits wait for {@link #land}. */
    void slow() {
        slow = EnumSet.allOf(Partition.Kind.class);
    }

    /** From now on commits to this kind of partition wait for {@link #land}. */
    void slow(Partition.Kind kind) {
        slow = Set.of(kind);
    }

    /** From now on commits are made at once; those that wait go on waiting. */
    void fast() {
        slow = Set.of();
    }

    /** From now on commits to this kind of partition are made at once, but their answers wait for {@link #land}. */
    void answersLate(Partition.Kind kind) {
        late = Set.of(kind);
    }

    /** Lets all commits that wait land, and those that follow at once. */
    void land() {
        slow = Set.of();
        late = Set.of();
        while (!waiting.isEmpty()) {
            waiting.remove().run();
        }
    }

    /** The next commits fail, and nothing is written. */
    void fail(int commits) {
        failures = commits;
    }

    /** From now on nothing is written. */
    void full() {
        full = true;
    }

    /** From now on there is room again. */
    void hasRoom() {
        full = false;
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

    /** From now on what is owed can be read again. */
    void readable() {
        unreadable = false;
    }

    /** The next commits are made, and seem to fail. */
    void loseAnswers(int commits) {
        lostAnswers = commits;
    }

    @Override
    public CompletionStage<Committed> commit(Lease lease, List<Change> changes) {
        commits.add(changes);
        if (full || failures > 0) {
            failures--;
            return CompletableFuture.failedStage(new IOException("the disk is full, as the test says"));
        }
        if (slow.contains(lease.partition().kind())) {
            CompletableFuture<Committed> landed = new CompletableFuture<>();
            waiting.add(() -> store.commit(lease, changes).whenComplete(answering(landed)));
            return landed;
        }
        CompletionStage<Committed> made = store.commit(lease, changes);
        if (late.contains(lease.partition().kind())) {
            CompletableFuture<Committed> answered = new CompletableFuture<>();
            waiting.add(() -> made.whenComplete(answering(answered)));
            return answered;
        }
        if (lostAnswers > 0) {
            lostAnswers--;
            return CompletableFuture.failedStage(new IOException("no answer, as the test says"));
        }
        return made;
    }

    private static <T> BiConsumer<T, Throwable> answering(CompletableFuture<T> waiting) {
        return (result, failure) -> {
            if (failure != null) {
                waiting.completeExceptionally(failure);
            } else {
                waiting.complete(result);
            }
        };
    }

    /** Another server takes all of it over. */
    void isTakenOver() {
        Rows.PARTITIONS.forEach(store::acquire);
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
        reading.add(() -> read.whenComplete(answering(told)));
        return told;
    }

    @Override
    public CompletionStage<Integer> sweep(Lease lease, Instant before, int limit) {
        return full
                ? CompletableFuture.failedStage(new IOException("the disk is full, as the test says"))
                : store.sweep(lease, before, limit);
    }

    @Override
    public void close() {
        store.close();
    }
}
