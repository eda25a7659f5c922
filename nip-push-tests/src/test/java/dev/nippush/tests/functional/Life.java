package dev.nippush.tests.functional;

import dev.nippush.store.Change;
import dev.nippush.store.Lease;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore;
import dev.nippush.testkit.VirtualTime;
import dev.nippush.time.EngineTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A process: its clocks, its thread and its way to the disk. When it ends, nothing that it had still to do is done, and
 * nothing that it had not written is ever written.
 *
 * <p>The disk may answer on threads of its own; its answers are waited for, so that all is done in one order.
 */
final class Life implements EngineTime, Executor, PushStore {

    private final VirtualTime time;
    private final PushStore disk;
    private final Map<Partition, CompletionStage<Lease>> leases = new HashMap<>();
    private final List<Runnable> frozen = new ArrayList<>();
    private Predicate<Change> before = never -> false;
    private Predicate<Change> after = never -> false;
    private boolean isFrozen;
    private boolean over;

    Life(VirtualTime time, PushStore disk) {
        this.time = time;
        this.disk = disk;
    }

    /** Ends it now. */
    void end() {
        over = true;
    }

    /** Ends it when it is about to write such a change; the commit is not made. */
    void endsBefore(Predicate<Change> change) {
        before = change;
    }

    /** Ends it when the commit of such a change has been made, before it hears of that. */
    void endsAfter(Predicate<Change> change) {
        after = change;
    }

    /** From now on it stands still, as on a machine that is suspended. */
    void freeze() {
        isFrozen = true;
    }

    /** It goes on, and knows nothing of what happened meanwhile. */
    void thaw() {
        isFrozen = false;
        frozen.forEach(time.executor()::execute);
        frozen.clear();
    }

    boolean isOver() {
        return over;
    }

    /** What it writes to. */
    PushStore disk() {
        return disk;
    }

    private Runnable whileAlive(Runnable task) {
        return () -> {
            if (isFrozen) {
                frozen.add(whileAlive(task));
            } else if (!over) {
                task.run();
            }
        };
    }

    // ---- time

    @Override
    public Instant now() {
        return time.now();
    }

    @Override
    public long nanoTime() {
        return time.nanoTime();
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        return time.schedule(delay, whileAlive(task));
    }

    @Override
    public void execute(Runnable task) {
        time.executor().execute(whileAlive(task));
    }

    // ---- disk

    @Override
    public CompletionStage<Committed> commit(Lease lease, List<Change> changes) {
        if (changes.stream().anyMatch(before)) {
            end();
        }
        CompletionStage<Committed> made = answer(() -> disk.commit(lease, changes));
        if (!over && changes.stream().anyMatch(after)) {
            end();
            return new CompletableFuture<>();
        }
        return made;
    }

    @Override
    public CompletionStage<Lease> acquire(Partition partition) {
        if (leases.isEmpty() && !over) {
            // All at once: they share one write then.
            Rows.PARTITIONS.forEach(each -> leases.put(each, disk.acquire(each)));
        }
        return answer(() -> leases.get(partition));
    }

    @Override
    public CompletionStage<Void> load(Lease lease, Sink sink) {
        return answer(() -> disk.load(lease, sink));
    }

    @Override
    public CompletionStage<List<OwedPush>> due(Lease lease, Instant until, Except except, int limit) {
        return answer(() -> disk.due(lease, until, except, limit));
    }

    @Override
    public CompletionStage<Integer> sweep(Lease lease, Instant before, int limit) {
        // Nothing depends on its answer.
        return over ? new CompletableFuture<>() : disk.sweep(lease, before, limit);
    }

    private <T> CompletionStage<T> answer(Supplier<CompletionStage<T>> call) {
        if (over) {
            return new CompletableFuture<>();
        }
        try {
            return CompletableFuture.completedStage(
                    call.get().toCompletableFuture().get(20, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            return CompletableFuture.failedStage(e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError("the disk does not answer", e);
        }
    }

    @Override
    public void close() {}
}
