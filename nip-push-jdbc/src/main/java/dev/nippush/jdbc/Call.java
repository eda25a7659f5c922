package dev.nippush.jdbc;

import dev.nippush.store.Lease;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore.Committed;
import dev.nippush.store.PushStore.Except;
import dev.nippush.store.PushStore.Sink;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A call of the store that waits for its answer. */
abstract sealed class Call<T> {

    private final Partition partition;
    private final CompletableFuture<T> answer = new CompletableFuture<>();
    private final long madeAt = System.nanoTime();

    private Call(Partition partition) {
        this.partition = partition;
    }

    final Partition partition() {
        return partition;
    }

    final int part() {
        return Columns.part(partition);
    }

    /** When it was made, by the clock of {@link System#nanoTime}. */
    final long madeAt() {
        return madeAt;
    }

    final CompletionStage<T> answer() {
        return answer;
    }

    final void succeed(T value) {
        answer.complete(value);
    }

    final void fail(Throwable why) {
        answer.completeExceptionally(why);
    }

    /** A call that writes. */
    abstract static sealed class Writing<T> extends Call<T> {

        private Writing(Partition partition) {
            super(partition);
        }

        /** How much it is of what goes into one transaction. */
        int size() {
            return 1;
        }
    }

    static final class Acquire extends Writing<Lease> {

        Acquire(Partition partition) {
            super(partition);
        }
    }

    static final class Commit extends Writing<Committed> {

        private final Lease lease;
        private final List<RowChange> changes;

        Commit(Lease lease, List<RowChange> changes) {
            super(lease.partition());
            this.lease = lease;
            this.changes = changes;
        }

        Lease lease() {
            return lease;
        }

        List<RowChange> changes() {
            return changes;
        }

        @Override
        int size() {
            return Math.max(1, changes.size());
        }
    }

    static final class Sweep extends Writing<Integer> {

        private final Lease lease;
        private final long before;
        private final int limit;

        Sweep(Lease lease, Instant before, int limit) {
            super(lease.partition());
            this.lease = lease;
            this.before = Columns.nanos(before);
            this.limit = limit;
        }

        Lease lease() {
            return lease;
        }

        long before() {
            return before;
        }

        int limit() {
            return limit;
        }
    }

    /** A call that reads. */
    abstract static sealed class Reading<T> extends Call<T> {

        private final Lease lease;

        private Reading(Lease lease) {
            super(lease.partition());
            this.lease = lease;
        }

        final Lease lease() {
            return lease;
        }
    }

    static final class Load extends Reading<Void> {

        private final Sink sink;

        Load(Lease lease, Sink sink) {
            super(lease);
            this.sink = sink;
        }

        Sink sink() {
            return sink;
        }
    }

    static final class Due extends Reading<List<OwedPush>> {

        private final Instant until;
        private final Except except;
        private final int limit;

        Due(Lease lease, Instant until, Except except, int limit) {
            super(lease);
            this.until = until;
            this.except = except;
            this.limit = limit;
        }

        Instant until() {
            return until;
        }

        Except except() {
            return except;
        }

        int limit() {
            return limit;
        }
    }
}
