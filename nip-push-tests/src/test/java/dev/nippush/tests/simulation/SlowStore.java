package dev.nippush.tests.simulation;

import dev.nippush.store.Change;
import dev.nippush.store.Lease;
import dev.nippush.store.LeaseLostException;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The way of one process to the disk: a call takes effect some time after it was made, or fails, or takes effect and seems
 * to fail; its answer comes some time after that. With a group commit all calls that wait take effect together, else those
 * on each partition one after the other. What has not taken effect when the process is killed is lost as a whole, or is
 * there as a whole though nobody heard of it.
 */
final class SlowStore implements PushStore {

    private final Disk disk;
    private final Life life;
    private final Random random;
    private final Trouble trouble;
    private final Disk.Watcher watcher;

    /** What waits, by the partition; under null what waits for the next group commit. */
    private final Map<@Nullable Partition, ArrayDeque<Call<?>>> waiting = new LinkedHashMap<>();

    private final Set<Partition> failed = new HashSet<>();
    private int pending;
    private boolean everFailed;
    private boolean lostLease;

    /** How bad it is at the moment; the world changes it. */
    static final class Trouble {
        boolean groups;
        int maxDelayMillis;
        int maxAnswerDelayMillis;
        double failureRate;

        void heal() {
            maxDelayMillis = 0;
            maxAnswerDelayMillis = 0;
            failureRate = 0;
        }
    }

    /** Something asked of the disk. */
    private final class Call<T> {
        final Partition partition;
        final boolean writes;
        final Supplier<CompletionStage<T>> effect;
        final CompletableFuture<T> answer = new CompletableFuture<>();

        Call(Partition partition, boolean writes, Supplier<CompletionStage<T>> effect) {
            this.partition = partition;
            this.writes = writes;
            this.effect = effect;
        }

        /** Takes effect, and is answered later. */
        void happens() {
            CompletionStage<T> result = effect.get();
            answerLater(() -> {
                if (writes) {
                    failed.remove(partition);
                }
                result.whenComplete((value, failure) -> {
                    if (failure != null) {
                        lostLease |= failure.getCause() instanceof LeaseLostException
                                || failure instanceof LeaseLostException;
                        answer.completeExceptionally(failure);
                    } else {
                        answer.complete(value);
                    }
                });
            });
        }

        void fails() {
            if (writes) {
                failed.add(partition);
            }
            answerLater(() -> answer.completeExceptionally(new IOException("the disk fails, as the seed says")));
        }

        private void answerLater(Runnable telling) {
            int delay = someMillis(trouble.maxAnswerDelayMillis);
            if (delay == 0) {
                pending--;
                telling.run();
                return;
            }
            life.schedule(Duration.ofMillis(delay), () -> {
                pending--;
                telling.run();
            });
        }
    }

    SlowStore(Disk disk, Life life, Random random, Trouble trouble, Disk.Watcher watcher) {
        this.disk = disk;
        this.life = life;
        this.random = random;
        this.trouble = trouble;
        this.watcher = watcher;
    }

    /** Whether nothing is on its way to the disk or back, and nothing waits to be tried again. */
    boolean isIdle() {
        return pending == 0 && failed.isEmpty();
    }

    /** Whether the process has ever had to try something again. */
    boolean hasFailed() {
        return everFailed;
    }

    /** Whether the process has been told that a partition is another's. */
    boolean hasLostLease() {
        return lostLease;
    }

    /** The process is killed now: some of what was on its way has arrived. */
    void cut() {
        for (ArrayDeque<Call<?>> queue : waiting.values()) {
            if (queue.isEmpty() || random.nextInt(3) > 0) {
                continue;
            }
            int arrived = trouble.groups ? queue.size() : 1 + random.nextInt(queue.size());
            for (Call<?> call : List.copyOf(queue).subList(0, arrived)) {
                call.effect.get();
            }
        }
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
        return call(
                lease,
                true,
                () -> disk.rows.commit(lease, changes).thenApply(committed -> {
                    disk.landed(changes, committed, watcher).forEach(watcher::wrong);
                    return committed;
                }));
    }

    @Override
    public CompletionStage<List<OwedPush>> due(Lease lease, Instant until, Except except, int limit) {
        return call(lease, false, () -> disk.rows.due(lease, until, except, limit));
    }

    @Override
    public CompletionStage<Integer> sweep(Lease lease, Instant before, int limit) {
        return call(lease, false, () -> disk.rows.sweep(lease, before, limit));
    }

    private <T> CompletionStage<T> call(Lease lease, boolean writes, Supplier<CompletionStage<T>> effect) {
        Call<T> call = new Call<>(lease.partition(), writes, effect);
        @Nullable Partition queueKey = trouble.groups ? null : lease.partition();
        ArrayDeque<Call<?>> queue = waiting.computeIfAbsent(queueKey, any -> new ArrayDeque<>());
        pending++;
        queue.add(call);
        int delay = someMillis(trouble.maxDelayMillis);
        if (delay == 0 && queue.size() == 1) {
            arrive(queue, 1);
        } else if (!trouble.groups) {
            // Whichever timer comes first takes the oldest call, so the order stays.
            life.schedule(Duration.ofMillis(delay), () -> arrive(queue, 1));
        } else if (queue.size() == 1) {
            life.schedule(Duration.ofMillis(delay), () -> arrive(queue, queue.size()));
        }
        return call.answer;
    }

    /** The oldest calls reach the disk, all with the same luck. */
    private void arrive(ArrayDeque<Call<?>> queue, int size) {
        List<Call<?>> calls = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            calls.add(queue.remove());
        }
        boolean fails = random.nextDouble() < trouble.failureRate;
        if (!fails) {
            calls.forEach(Call::happens);
            return;
        }
        everFailed = true;
        if (random.nextBoolean()) {
            calls.forEach(call -> call.effect.get());
        }
        calls.forEach(Call::fails);
    }

    private int someMillis(int most) {
        return most == 0 ? 0 : random.nextInt(most + 1);
    }

    @Override
    public void close() {}
}
