package dev.nippush.internal.delivery;

import dev.nippush.address.Channel;
import dev.nippush.store.PushStore.Except;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** What a lane may find in the store besides what is in its outbox, and when to look for it. Belongs to its lane. */
final class LeftInStore {

    private final Outbox outbox;
    private final Predicate<String> paused;

    private boolean anything;
    private final Set<Channel> channels = new HashSet<>();
    private final Set<String> hosts = new HashSet<>();

    // Where something was left that came when all others were due as well.
    private final Set<Channel> turnedAway = new HashSet<>();
    private final Set<Channel> sought = new HashSet<>();

    LeftInStore(Outbox outbox, Predicate<String> paused) {
        this.outbox = outbox;
        this.paused = paused;
    }

    /** There may be anything. */
    void anything() {
        anything = true;
    }

    /** There is more of this channel than room for it. */
    void of(Channel channel) {
        channels.add(channel);
    }

    /** There is more of this host than room for it. */
    void of(String host) {
        hosts.add(host);
    }

    /** Something of this channel came for which nothing could make room. */
    void turnedAway(Channel channel) {
        turnedAway.add(channel);
    }

    /** Whether something came for which nothing could make room. */
    boolean hasTurnedAway() {
        return !turnedAway.isEmpty();
    }

    /**
     * Lets the next reading bring what came for which nothing could make room: what had its place then may only wait by now.
     * Otherwise it would stay in the store for as long as pushes that nobody takes fill half of their shelf.
     */
    void seekTurnedAway() {
        sought.addAll(turnedAway);
        turnedAway.clear();
        anything = true;
    }

    /** Whether there may be something for which there is room again. */
    boolean isWanted() {
        return anything
                || channels.stream().anyMatch(outbox::hasRoom)
                || hosts.stream().anyMatch(host -> outbox.hasRoom(host) && !isWaitedFor(host));
    }

    /** Whether a push in the outbox tries the host when its pause is over: until then no other one is of use. */
    private boolean isWaitedFor(String host) {
        return outbox.hasAny(host) && paused.test(host);
    }

    /** What not to read, because there is no room for it or it could not be sent; the rest counts as read from now on. */
    Except beginReading() {
        anything = false;
        channels.clear();
        channels.addAll(outbox.channels().stream()
                .filter(channel -> outbox.isFull(channel) && !sought.contains(channel))
                .collect(Collectors.toSet()));
        hosts.clear();
        hosts.addAll(outbox.hosts().stream()
                .filter(host -> outbox.isFull(host) || isWaitedFor(host))
                .collect(Collectors.toSet()));
        return new Except(channels, hosts);
    }

    /** The reading is over; it brought all there is, or there may be more behind that. */
    void endReading(boolean all) {
        if (!all) {
            anything = true;
            turnedAway.addAll(sought);
        }
        sought.clear();
    }
}
