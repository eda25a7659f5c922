package dev.nippush.internal.delivery;

import dev.nippush.internal.commit.Health;
import dev.nippush.internal.run.Failures;
import dev.nippush.store.Lease;
import dev.nippush.store.LeaseLostException;
import dev.nippush.store.OwedPush;
import dev.nippush.store.PushKey;
import dev.nippush.store.PushStore;
import dev.nippush.time.EngineTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** Brings what is owed from the store into the outbox, as there is room for it. Belongs to its lane. */
final class Backlog {

    /** How many pushes that are not in memory a read brings. */
    private static final int BATCH = 256;

    private static final Duration PAUSE_AFTER_FAILURE = Duration.ofSeconds(1);

    /** How soon what found no room is looked for again. */
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(10);

    private static final Instant FOREVER = Instant.ofEpochSecond(253_402_300_799L);

    private final Executor lane;
    private final PushStore store;
    private final Lease lease;
    private final Health health;
    private final EngineTime time;
    private final Outbox outbox;
    private final Ledger ledger;
    private final Consumer<List<OwedPush>> arrived;

    private boolean reading;
    private boolean failing;
    private boolean paused;
    private boolean lookingAgain;
    private boolean stopped;
    private final Set<PushKey> changedWhileReading = new HashSet<>();

    /**
     * Makes one that reads nothing yet.
     *
     * @param arrived takes what was read, is still so, and has not ended
     */
    Backlog(
            Executor lane,
            PushStore store,
            Lease lease,
            Health health,
            EngineTime time,
            Outbox outbox,
            Ledger ledger,
            Consumer<List<OwedPush>> arrived) {
        this.lane = lane;
        this.store = store;
        this.lease = lease;
        this.health = health;
        this.time = time;
        this.outbox = outbox;
        this.ledger = ledger;
        this.arrived = arrived;
    }

    void stop() {
        stopped = true;
    }

    /** The store knows that a push has changed or ended: a read that is under way may bring it as it was. */
    void landed(PushKey key) {
        if (reading) {
            changedWhileReading.add(key);
        }
    }

    /** Reads, if there may be more in the store and there is room for it. */
    void readMore() {
        if (reading || paused || stopped) {
            return;
        }
        if (!outbox.left().isWanted()) {
            lookAgain();
            return;
        }
        reading = true;
        changedWhileReading.clear();
        PushStore.Except except = outbox.left().beginReading();
        // So many at least that some are new, if there are any.
        int limit = outbox.size() + ledger.ending() + BATCH;
        CompletionStage<List<OwedPush>> due;
        try {
            due = store.due(lease, FOREVER, except, limit);
        } catch (RuntimeException e) {
            due = CompletableFuture.failedStage(e);
        }
        due.whenComplete((pushes, failure) -> lane.execute(() -> {
            reading = false;
            if (failure != null) {
                failed(Failures.cause(failure));
                return;
            }
            if (failing) {
                failing = false;
                health.recovered(lease, Health.Call.READ);
            }
            outbox.left().endReading(pushes.size() < limit);
            arrived.accept(pushes.stream()
                    .filter(push -> !ledger.isEnding(push.key()) && !changedWhileReading.contains(push.key()))
                    .toList());
        }));
    }

    private void failed(Throwable failure) {
        outbox.left().endReading(false);
        if (failure instanceof LeaseLostException) {
            stopped = true;
            health.leaseLost(lease);
            return;
        }
        failing = true;
        health.failed(lease, Health.Call.READ, failure);
        readLater();
    }

    private void lookAgain() {
        if (lookingAgain || !outbox.left().hasTurnedAway()) {
            return;
        }
        lookingAgain = true;
        time.schedule(
                LOOK_AGAIN,
                () -> lane.execute(() -> {
                    lookingAgain = false;
                    if (!reading) {
                        outbox.left().seekTurnedAway();
                    }
                    readMore();
                }));
    }

    private void readLater() {
        paused = true;
        time.schedule(
                PAUSE_AFTER_FAILURE,
                () -> lane.execute(() -> {
                    paused = false;
                    readMore();
                }));
    }
}
