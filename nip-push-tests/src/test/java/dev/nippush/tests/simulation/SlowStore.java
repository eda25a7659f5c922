package dev.nippush.tests.simulation;

import dev.nippush.store.Change;
import dev.nippush.store.Lease;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * The way of one process to the disk: a change lands some time after it was asked for, or fails, or lands and seems to
 * fail; and what has not landed when the process is killed never does. The calls on a partition take effect in their order.
 */
final class SlowStore implements PushStore {

    private final Disk disk;
    private final Life life;
    private final Random random;
    private final Trouble trouble;
    private final Watcher watcher;

    private final Map<Partition, ArrayDeque<Runnable>> queues = new HashMap<>();
    private final Set<Partition> failed = new HashSet<>();
    private final Set<Partition> unanswered = new HashSet<>();
    private int pending;
    private boolean everFailed;

    /** How bad it is at the moment; the world changes it. */
    static final class Trouble {
        int maxDelayMillis;
        double failureRate;
    }

    /** Sees what lands. */
    interface Watcher extends Disk.Settling {
        void wrong(String what);
    }

    SlowStore(Disk disk, Life life, Random random, Trouble trouble, Watcher watcher) {
        this.disk = disk;
        this.life = life;
        this.random = random;
        this.trouble = trouble;
        this.watcher = watcher;
    }

    /** Whether nothing is on its way to the disk, and nothing waits to be tried again. */
    boolean isIdle() {
        return pending == 0 && failed.isEmpty();
    }

    /** Whether something has landed of which the process does not know. */
    boolean owesAnswers() {
        return !unanswered.isEmpty();
    }

    /** Whether the process has ever had to try something again. */
    boolean hasFailed() {
        return everFailed;
    }

    @Override
    public CompletionStage<Lease> acquire(Partition partition) {
        return disk.rows.acquire(partition);
    }

    @Override
    public CompletionStage<Void> load(Lease lease, Sink sink) {
        return disk.rows.load(lease, sink);
    }

    @Override
    public CompletionStage<Committed> commit(Lease lease, List<Change> changes) {
        return later(
                lease,
                true,
                () -> disk.rows.commit(lease, changes).thenApply(committed -> {
                    disk.landed(changes, committed, watcher).forEach(watcher::wrong);
                    return committed;
                }));
    }

    @Override
    public CompletionStage<List<OwedPush>> due(Lease lease, Instant until, Except except, int limit) {
        return later(lease, false, () -> disk.rows.due(lease, until, except, limit));
    }

    @Override
    public CompletionStage<Integer> sweep(Lease lease, Instant before, int limit) {
        return later(lease, false, () -> disk.rows.sweep(lease, before, limit));
    }

    private <T> CompletionStage<T> later(Lease lease, boolean writes, Supplier<CompletionStage<T>> call) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        boolean fails = random.nextDouble() < trouble.failureRate;
        boolean losesAnswer = fails && random.nextBoolean();
        ArrayDeque<Runnable> queue = queues.computeIfAbsent(lease.partition(), any -> new ArrayDeque<>());
        pending++;
        queue.add(() -> {
            pending--;
            if (fails) {
                everFailed = true;
                if (writes) {
                    failed.add(lease.partition());
                    if (losesAnswer) {
                        unanswered.add(lease.partition());
                        call.get();
                    }
                }
                answer.completeExceptionally(new IOException("the disk fails, as the seed says"));
                return;
            }
            if (writes) {
                failed.remove(lease.partition());
                unanswered.remove(lease.partition());
            }
            call.get().whenComplete((result, failure) -> {
                if (failure != null) {
                    answer.completeExceptionally(failure);
                } else {
                    answer.complete(result);
                }
            });
        });
        int delay = trouble.maxDelayMillis == 0 ? 0 : random.nextInt(trouble.maxDelayMillis + 1);
        if (delay == 0 && queue.size() == 1) {
            queue.remove().run();
            return answer;
        }
        // Whichever timer comes first runs the oldest call, so the order stays.
        life.schedule(Duration.ofMillis(delay), () -> queue.remove().run());
        return answer;
    }

    @Override
    public void close() {}
}
