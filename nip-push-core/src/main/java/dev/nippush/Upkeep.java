package dev.nippush;

import dev.nippush.internal.run.Failures;
import dev.nippush.store.Lease;
import dev.nippush.store.LeaseLostException;
import dev.nippush.store.PushStore;
import dev.nippush.time.EngineTime;
import dev.nippush.time.EngineTime.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an engine does now and then, whatever else happens: it sweeps the store, and looks whether that is still its own.
 * Safe for use by several threads.
 */
final class Upkeep {

    private static final Duration SWEEP_EVERY = Duration.ofHours(1);

    /** A process that is started every hour has to sweep as well. */
    private static final Duration FIRST_SWEEP = Duration.ofMinutes(5);

    private static final int SWEEP_ROWS = 1_000;

    /**
     * How long an engine that was replaced may not know it: until then it may send again what waits for its next attempt, and
     * its successor does too.
     */
    private static final Duration LOOK_EVERY = Duration.ofSeconds(10);

    private static final Logger log = LoggerFactory.getLogger(Upkeep.class);

    private final EngineTime time;
    private final Executor executor;
    private final PushStore store;
    private final StoreHealth health;
    private final Runnable sweepShards;

    private List<Lease> leases = List.of();
    private boolean ended;
    private @Nullable Timer sweep;
    private @Nullable Timer look;

    /**
     * Makes one that does nothing yet.
     *
     * @param sweepShards has the shards forget what is over
     */
    Upkeep(EngineTime time, Executor executor, PushStore store, StoreHealth health, Runnable sweepShards) {
        this.time = time;
        this.executor = executor;
        this.store = store;
        this.health = health;
        this.sweepShards = sweepShards;
    }

    /**
     * Begins.
     *
     * @param accounts the leases on all partitions of accounts
     * @param devices those on all partitions of devices
     */
    synchronized void begin(List<Lease> accounts, List<Lease> devices) {
        leases = Stream.concat(accounts.stream(), devices.stream()).toList();
        sweepAfter(FIRST_SWEEP);
        // Who takes one partition over takes all.
        lookLater(devices.get(0));
    }

    synchronized void end() {
        ended = true;
        for (Timer timer : new Timer[] {sweep, look}) {
            if (timer != null) {
                timer.cancel();
            }
        }
    }

    /** The leases; none after the end. */
    private synchronized List<Lease> mine() {
        return ended ? List.of() : leases;
    }

    private synchronized void sweepAfter(Duration pause) {
        if (!ended) {
            sweep = time.schedule(pause, () -> executor.execute(this::sweep));
        }
    }

    private synchronized void lookLater(Lease lease) {
        if (!ended) {
            look = time.schedule(LOOK_EVERY, () -> executor.execute(() -> look(lease)));
        }
    }

    private void sweep() {
        List<Lease> all = mine();
        if (all.isEmpty()) {
            return;
        }
        sweepShards.run();
        Instant before = time.now().minus(PushStore.REMEMBERED);
        // Where one fails most do: the log hears of it once.
        AtomicBoolean told = new AtomicBoolean();
        all.forEach(lease -> sweepRows(lease, before, told));
        sweepAfter(SWEEP_EVERY);
    }

    private void sweepRows(Lease lease, Instant before, AtomicBoolean told) {
        call(() -> store.sweep(lease, before, SWEEP_ROWS)).whenComplete((rows, failure) -> {
            if (failure != null) {
                sweepFailed(lease, Failures.cause(failure), told);
            } else if (rows == SWEEP_ROWS && !mine().isEmpty()) {
                executor.execute(() -> sweepRows(lease, before, told));
            }
        });
    }

    private void sweepFailed(Lease lease, Throwable failure, AtomicBoolean told) {
        if (failure instanceof LeaseLostException) {
            health.leaseLost(lease);
        } else if (!told.getAndSet(true)) {
            log.warn("Old rows stay in the store until the next sweep", failure);
        }
    }

    private void look(Lease lease) {
        if (mine().isEmpty()) {
            return;
        }
        call(() -> store.due(lease, Instant.EPOCH, PushStore.Except.NOTHING, 1)).whenComplete((none, failure) -> {
            if (failure != null && Failures.cause(failure) instanceof LeaseLostException) {
                health.leaseLost(lease);
            } else {
                // A store that fails is noticed by those who need it.
                lookLater(lease);
            }
        });
    }

    private static <T> CompletionStage<T> call(Supplier<CompletionStage<T>> call) {
        try {
            return call.get();
        } catch (RuntimeException e) {
            return CompletableFuture.failedStage(e);
        }
    }
}
