package dev.nippush.internal.delivery;

import dev.nippush.event.PublicKey;
import dev.nippush.internal.commit.Committer;
import dev.nippush.internal.run.RecentMap;
import dev.nippush.store.Change;
import dev.nippush.store.Ending;
import dev.nippush.store.OwedPush;
import dev.nippush.store.PushKey;
import dev.nippush.time.EngineTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Writes what becomes of a lane's pushes: each ends once. Belongs to its lane. */
final class Ledger {

    /** A push that was read from the store is offered soon after, if at all. */
    private static final int UNOFFERED_REMEMBERED = 4_096;

    private final Committer committer;
    private final EngineTime time;
    private final Outbox outbox;
    private final DeliveryOutlets outlets;
    private final Consumer<PushKey> landed;
    private final Set<PushKey> ending = new HashSet<>();
    private final RecentMap<PushKey, Boolean> endedUnoffered = new RecentMap<>(UNOFFERED_REMEMBERED);

    /**
     * Makes one.
     *
     * @param landed hears of each push of which something is on disk that was not before
     */
    Ledger(Committer committer, EngineTime time, Outbox outbox, DeliveryOutlets outlets, Consumer<PushKey> landed) {
        this.committer = committer;
        this.time = time;
        this.outbox = outbox;
        this.outlets = outlets;
        this.landed = landed;
    }

    /** Ends a push. */
    void end(Waiting waiting, Ending with) {
        end(waiting, with, List.of(), () -> {});
    }

    /** Ends a push, and changes something else at the same moment. */
    private void end(Waiting waiting, Ending with, List<Change> others, Runnable then) {
        OwedPush push = waiting.push;
        outbox.remove(waiting);
        ending.add(push.key());
        if (!waiting.offered) {
            endedUnoffered.put(push.key(), true);
        }
        List<Change> changes = new ArrayList<>();
        changes.add(new Change.Settle(push.key(), with, time.now()));
        changes.addAll(others);
        committer.add(changes, done -> {
            ending.remove(push.key());
            outlets.settled(push, with);
            landed.accept(push.key());
            then.run();
        });
    }

    /** Folds a push into a newer one, which stands for both from now on. */
    void fold(Waiting older, Waiting newer, DeviceLane.Wording wording) {
        OwedPush into = newer.push;
        int count = older.push.count() + into.count();
        Instant expiresAt =
                later(older.push.message().expiresAt(), into.message().expiresAt());
        newer.push = new OwedPush(
                into.account(),
                into.event(),
                count,
                into.receivedAt(),
                wording.fold(into, count, expiresAt),
                into.failures(),
                into.nextAt());
        // Together, or a crash in between would leave the older one folded into what does not stand for it.
        end(older, Ending.FOLDED, List.of(new Change.Retry(newer.push)), writing(newer));
    }

    /** Until what is returned has run, the store does not know the push as it is. */
    private Runnable writing(Waiting waiting) {
        waiting.unwritten++;
        return () -> {
            waiting.unwritten--;
            landed.accept(waiting.push.key());
        };
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }

    /** Keeps a push for later. */
    void retry(Waiting waiting, OwedPush later) {
        waiting.push = later;
        Runnable written = writing(waiting);
        committer.add(List.of(new Change.Retry(later)), done -> written.run());
    }

    /**
     * Ends a push whose device is gone, and has its accounts forget the device. Should the process end in between, the next
     * push for the device is answered in the same way.
     */
    void endGone(Waiting waiting, Instant registeredBefore, List<PublicKey> accounts) {
        end(
                waiting,
                Ending.GONE,
                List.of(),
                () -> accounts.forEach(account -> outlets.gone(account, waiting.device(), registeredBefore)));
    }

    /** Whether the push has ended, or may have: for one that was in the store before it is offered. */
    boolean hasEnded(PushKey key) {
        return isEnding(key) || endedUnoffered.containsKey(key);
    }

    /** Whether the push has ended, though the store may not know it yet. */
    boolean isEnding(PushKey key) {
        return ending.contains(key);
    }

    /** How many have ended without the store knowing it yet. */
    int ending() {
        return ending.size();
    }
}
