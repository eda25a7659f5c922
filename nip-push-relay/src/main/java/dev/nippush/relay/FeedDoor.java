package dev.nippush.relay;

import dev.nippush.RelayFeed;
import dev.nippush.account.Interest;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** The way to the engine, which can be shut: after {@link #shut} no call is under way and none begins. For any thread. */
final class FeedDoor {

    private final RelayFeed feed;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean shut;

    FeedDoor(RelayFeed feed) {
        this.feed = feed;
    }

    /** Hands an event over; empty when the door is shut. */
    Optional<CompletionStage<Outcome>> accept(NostrEvent event, Source source) {
        lock.readLock().lock();
        try {
            return shut ? Optional.empty() : Optional.of(feed.accept(event, source));
        } finally {
            lock.readLock().unlock();
        }
    }

    void caughtUp(RelayUrl relay, Map<PublicKey, Interest> covered) {
        if (!covered.isEmpty()) {
            pass(() -> feed.caughtUp(relay, covered));
        }
    }

    Optional<Instant> readUpTo(RelayUrl relay) {
        return feed.readUpTo(relay);
    }

    void read(RelayUrl relay, Instant upTo) {
        pass(() -> feed.read(relay, upTo));
    }

    void hearing(boolean hearing) {
        pass(() -> feed.hearing(hearing));
    }

    private void pass(Runnable call) {
        lock.readLock().lock();
        try {
            if (!shut) {
                call.run();
            }
        } finally {
            lock.readLock().unlock();
        }
    }

    void shut() {
        lock.writeLock().lock();
        shut = true;
        lock.writeLock().unlock();
    }
}
