package dev.nippush.internal.commit;

import static java.util.Objects.requireNonNull;

import dev.nippush.internal.run.Failures;
import dev.nippush.internal.run.Lane;
import dev.nippush.store.Change;
import dev.nippush.store.Lease;
import dev.nippush.store.LeaseLostException;
import dev.nippush.store.PushStore;
import dev.nippush.store.PushStore.Committed;
import dev.nippush.time.EngineTime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of a lane to its partition of the store. Changes are committed in the order in which they were added, one
 * commit at a time; what is added meanwhile makes the next one. An output runs in the lane when its changes, and all that
 * were added before them, are on disk; an output without changes waits for those before it too. A commit that fails is
 * tried again until it lands, so nothing is skipped and no output overtakes another.
 *
 * <p>All methods are called in the lane, unless they say otherwise.
 */
public final class Committer {

    private static final int MAX_CHANGES = 1_000;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

    private static final Logger log = LoggerFactory.getLogger(Committer.class);

    private final PushStore store;
    private final Lease lease;
    private final Lane lane;
    private final EngineTime time;
    private final Health health;

    private final ArrayDeque<Entry> waiting = new ArrayDeque<>();
    private final ArrayDeque<Entry> inFlight = new ArrayDeque<>();
    private final List<CompletableFuture<Void>> idle = new ArrayList<>();
    private int failures;
    private boolean lettingOut;
    private boolean lost;
    private int commits;
    private boolean repeated;

    /** What was added together, and what waits for it. */
    private record Entry(List<Change> changes, Consumer<Committed> output) {}

    public Committer(PushStore store, Lease lease, Lane lane, EngineTime time, Health health) {
        this.store = requireNonNull(store);
        this.lease = requireNonNull(lease);
        this.lane = requireNonNull(lane);
        this.time = requireNonNull(time);
        this.health = requireNonNull(health);
    }

    /** The lease that the commits are made under. */
    public Lease lease() {
        return lease;
    }

    /** Who hears how the store is doing. */
    public Health health() {
        return health;
    }

    /**
     * Adds changes, to be made in this order.
     *
     * @param output runs when they are on disk, with the answer to these changes only
     */
    public void add(List<Change> changes, Consumer<Committed> output) {
        if (lost) {
            return;
        }
        waiting.add(new Entry(List.copyOf(changes), output));
        if (inFlight.isEmpty() && !lettingOut) {
            commitNext();
        }
    }

    /**
     * For an output: whether its commit was tried more than once. A failed attempt may have landed and only its answer got
     * lost; then the store refuses, as decided already, what that attempt decided.
     */
    public boolean repeated() {
        return repeated;
    }

    /** Completes, in the lane, when all that was added until then is on disk. Called on any thread. */
    public CompletionStage<Void> whenIdle() {
        CompletableFuture<Void> reached = new CompletableFuture<>();
        lane.execute(() -> {
            idle.add(reached);
            completeIfIdle();
        });
        return reached;
    }

    private void completeIfIdle() {
        if (lost || waiting.isEmpty() && inFlight.isEmpty()) {
            List<CompletableFuture<Void>> reached = List.copyOf(idle);
            idle.clear();
            reached.forEach(each -> each.complete(null));
        }
    }

    private void commitNext() {
        int changes = 0;
        while (!waiting.isEmpty()
                && (inFlight.isEmpty() || changes + waiting.peek().changes().size() <= MAX_CHANGES)) {
            Entry entry = waiting.remove();
            changes += entry.changes().size();
            inFlight.add(entry);
        }
        commit();
    }

    private void commit() {
        List<Change> changes = new ArrayList<>();
        inFlight.forEach(entry -> changes.addAll(entry.changes()));
        if (changes.isEmpty()) {
            landed(Committed.all());
            return;
        }
        commits++;
        CompletionStage<Committed> commit;
        try {
            commit = store.commit(lease, changes);
        } catch (RuntimeException e) {
            commit = CompletableFuture.failedStage(e);
        }
        commit.whenComplete((committed, failure) -> lane.execute(() -> {
            if (failure == null) {
                landed(committed);
            } else {
                failed(Failures.cause(failure));
            }
        }));
    }

    private void landed(Committed committed) {
        if (failures > 0) {
            failures = 0;
            health.recovered(lease, Health.Call.COMMIT);
        }
        repeated = commits > 1;
        commits = 0;
        List<Entry> done = List.copyOf(inFlight);
        inFlight.clear();
        int from = 0;
        lettingOut = true;
        for (Entry entry : done) {
            int to = from + entry.changes().size();
            letOut(entry, committed.of(from, to));
            from = to;
        }
        lettingOut = false;
        if (!waiting.isEmpty()) {
            commitNext();
        }
        completeIfIdle();
    }

    /** An output that throws is a bug of ours; those behind it still have to come. */
    private void letOut(Entry entry, Committed committed) {
        try {
            entry.output().accept(committed);
        } catch (RuntimeException | Error e) {
            log.error("What waited for a commit failed", e);
            if (e instanceof VirtualMachineError fatal) {
                throw fatal;
            }
        }
    }

    private void failed(Throwable failure) {
        if (failure instanceof LeaseLostException) {
            lost = true;
            waiting.clear();
            inFlight.clear();
            health.leaseLost(lease);
            completeIfIdle();
            return;
        }
        failures++;
        if (failures == 1) {
            health.failed(lease, Health.Call.COMMIT, failure);
        }
        Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(failures - 1, 7));
        time.schedule(pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE, () -> lane.execute(this::commit));
    }
}
