package dev.nippush.internal.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.internal.run.Lane;
import dev.nippush.store.Change;
import dev.nippush.store.InMemoryPushStore;
import dev.nippush.store.Lease;
import dev.nippush.store.LeaseLostException;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore;
import dev.nippush.time.EngineTime;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class CommitterTest {

    private static final PublicKey ALICE = PublicKey.ofHex("aa".repeat(32));

    private final ArrayDeque<Runnable> thread = new ArrayDeque<>();
    private final ArrayDeque<Runnable> timers = new ArrayDeque<>();
    private final List<Duration> pauses = new ArrayList<>();
    private final List<String> done = new ArrayList<>();
    private final SlowStore store = new SlowStore();
    private final Lane lane = new Lane(thread::add);
    private final Committer committer = new Committer(
            store,
            store.memory.acquire(Partition.of(ALICE)).toCompletableFuture().join(),
            lane,
            new Time(),
            new Health() {
                @Override
                public void failed(Lease lease, Call call, Throwable failure) {
                    done.add("failed");
                }

                @Override
                public void recovered(Lease lease, Call call) {
                    done.add("recovered");
                }

                @Override
                public void leaseLost(Lease lease) {
                    done.add("lost");
                }
            });

    private final class Time implements EngineTime {
        @Override
        public Instant now() {
            return Instant.EPOCH;
        }

        @Override
        public long nanoTime() {
            return 0;
        }

        @Override
        public Timer schedule(Duration delay, Runnable task) {
            pauses.add(delay);
            timers.add(task);
            return () -> timers.remove(task);
        }
    }

    /** Commits wait until the test lets them go. */
    private static final class SlowStore implements PushStore {
        private final InMemoryPushStore memory = new InMemoryPushStore();
        private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
        private final List<Integer> sizes = new ArrayList<>();
        private final ArrayDeque<Throwable> failures = new ArrayDeque<>();

        @Override
        public CompletionStage<Committed> commit(Lease lease, List<Change> changes) {
            sizes.add(changes.size());
            CompletableFuture<Committed> landed = new CompletableFuture<>();
            waiting.add(() -> {
                if (failures.isEmpty()) {
                    memory.commit(lease, changes).thenAccept(landed::complete);
                } else {
                    landed.completeExceptionally(failures.remove());
                }
            });
            return landed;
        }

        @Override
        public CompletionStage<Lease> acquire(Partition partition) {
            return memory.acquire(partition);
        }

        @Override
        public CompletionStage<Void> load(Lease lease, Sink sink) {
            return memory.load(lease, sink);
        }

        @Override
        public CompletionStage<List<OwedPush>> due(Lease lease, Instant until, Except except, int limit) {
            return memory.due(lease, until, except, limit);
        }

        @Override
        public CompletionStage<Integer> sweep(Lease lease, Instant before, int limit) {
            return memory.sweep(lease, before, limit);
        }

        @Override
        public void close() {
            memory.close();
        }
    }

    private static Change decide(int event) {
        return new Change.Ignore(ALICE, EventId.ofHex("%064x".formatted(event)), Instant.EPOCH);
    }

    private void add(String name, Change... changes) {
        lane.execute(() -> committer.add(List.of(changes), committed -> {
            StringBuilder made = new StringBuilder(name);
            for (int i = 0; i < changes.length; i++) {
                made.append(committed.made(i) ? '+' : '-');
            }
            done.add(made.toString());
        }));
        run();
    }

    private void run() {
        while (!thread.isEmpty()) {
            thread.remove().run();
        }
    }

    private void land() {
        store.waiting.remove().run();
        run();
    }

    @Test
    void outputsComeInOrderWhenTheirChangesAreOnDisk() {
        add("a", decide(1));
        add("b", decide(2), decide(1), decide(3));
        add("c");
        add("d", decide(4), decide(2));
        assertThat(done).isEmpty();
        land();
        assertThat(done).containsExactly("a+");
        land();
        assertThat(done.get(1)).startsWith("b+-+");
        assertThat(done).hasSize(4).endsWith("d+-");
        assertThat(store.sizes).as("what came meanwhile is one commit").containsExactly(1, 5);
    }

    @Test
    void anOutputWithoutChangesOvertakesNone() {
        add("a", decide(1));
        add("b");
        assertThat(done).isEmpty();
        land();
        assertThat(done).containsExactly("a+", "b");
        add("c");
        assertThat(done).endsWith("c");
    }

    @Test
    void whatAnOutputAddsComesAfterTheOthers() {
        lane.execute(() -> committer.add(List.of(decide(1)), first -> {
            done.add("a");
            committer.add(List.of(), second -> done.add("c"));
        }));
        add("b");
        land();
        assertThat(done).containsExactly("a", "b", "c");
    }

    @Test
    void anOutputThatThrowsStopsNothing() {
        lane.execute(() -> committer.add(List.of(decide(1)), any -> {
            throw new IllegalStateException("thrown, as the test says");
        }));
        add("b", decide(2));
        add("c", decide(3));
        while (!store.waiting.isEmpty()) {
            land();
        }
        assertThat(done).containsExactly("b+", "c+");
    }

    @Test
    void aCommitThatFailsIsTriedAgainInOrderWithGrowingPauses() {
        for (int i = 0; i < 10; i++) {
            store.failures.add(new IOException("the disk is full, as the test says"));
        }
        add("a", decide(1));
        add("b", decide(1));
        for (int i = 0; i < 10; i++) {
            land();
            assertThat(store.waiting).isEmpty();
            timers.remove().run();
            run();
        }
        land();
        land();
        assertThat(done).containsExactly("failed", "recovered", "a+", "b-");
        assertThat(pauses)
                .extracting(Duration::toMillis)
                .containsExactly(50L, 100L, 200L, 400L, 800L, 1_600L, 3_200L, 5_000L, 5_000L, 5_000L);
    }

    @Test
    void anOutputLearnsThatItsCommitWasRepeated() {
        store.failures.add(new IOException("no answer, as the test says"));
        List<Boolean> repeated = new ArrayList<>();
        lane.execute(() -> committer.add(List.of(decide(1)), any -> repeated.add(committer.repeated())));
        lane.execute(() -> committer.add(List.of(decide(2)), any -> repeated.add(committer.repeated())));
        run();
        land();
        timers.remove().run();
        run();
        land();
        land();
        assertThat(repeated).containsExactly(true, false);
    }

    @Test
    void aLostLeaseEndsAllCommits() {
        store.failures.add(new LeaseLostException(committer.lease()));
        add("a", decide(1));
        add("b", decide(2));
        CompletableFuture<Void> idle = committer.whenIdle().toCompletableFuture();
        run();
        assertThat(idle).isNotDone();
        land();
        add("c", decide(3));
        assertThat(done).containsExactly("lost");
        assertThat(idle).isCompleted();
        assertThat(store.waiting).isEmpty();
        assertThat(timers).isEmpty();
    }

    @Test
    void itIsIdleWhenAllIsOnDisk() {
        CompletableFuture<Void> before = committer.whenIdle().toCompletableFuture();
        run();
        assertThat(before).isCompleted();
        add("a", decide(1));
        add("b", decide(2));
        CompletableFuture<Void> idle = committer.whenIdle().toCompletableFuture();
        run();
        land();
        assertThat(idle).isNotDone();
        land();
        assertThat(idle).isCompleted();
    }

    @Test
    void aCommitHoldsAThousandChangesUnlessThatSplitsWhatBelongsTogether() {
        add("first", decide(0));
        Change[] many = new Change[600];
        for (int i = 0; i < many.length; i++) {
            many[i] = decide(i);
        }
        add("a", many);
        add("b", many);
        Change[] more = new Change[1_500];
        for (int i = 0; i < more.length; i++) {
            more[i] = decide(i);
        }
        add("c", more);
        while (!store.waiting.isEmpty()) {
            land();
        }
        assertThat(store.sizes).containsExactly(1, 600, 600, 1_500);
        assertThat(done).hasSize(4);
    }
}
