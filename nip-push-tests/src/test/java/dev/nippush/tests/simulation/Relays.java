package dev.nippush.tests.simulation;

import dev.nippush.RelayFeed;
import dev.nippush.RelayGateway;
import dev.nippush.account.Inboxes;
import dev.nippush.account.Interest;
import dev.nippush.account.InterestChange;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.event.EventId;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.testkit.VirtualTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * The relays, and the pool of connections of the process that works. They delay, reorder, repeat and lose; the pool asks
 * after each connect for what it has not read.
 */
final class Relays {

    private static final long CONTROL_KEPT_MILLIS = 300_000;
    private static final int MAX_PAGES = 20;
    private static final Duration SLACK = Duration.ofMinutes(10);
    private static final Duration WRAP_BACKDATING = Duration.ofDays(2);

    private final VirtualTime time;
    private final Random random;
    private final int pageSize;
    private final List<Relay> relays = new ArrayList<>();
    private @Nullable Gateway gateway;

    /** Sees everything just before the engine does. */
    interface Door {

        /**
         * Takes an event.
         *
         * @param done runs when it has its outcome
         * @return false where it should come again, later
         */
        boolean event(NostrEvent event, Source source, Runnable done);

        /** Returns false where it should come later. */
        boolean caughtUp(RelayUrl relay, PublicKey account);

        /**
         * The pool is about to say how far it has read.
         *
         * @param covered the events since it did so before, and when each was handed over, on the monotonic clock
         */
        void reads(RelayUrl relay, Instant upTo, Map<EventId, Long> covered);

        void hearing(boolean hearing);

        boolean isOpen();
    }

    Relays(VirtualTime time, Random random, int pageSize, List<RelayUrl> home, List<RelayUrl> others) {
        this.time = time;
        this.random = random;
        this.pageSize = pageSize;
        home.forEach(url -> relays.add(new Relay(url, true)));
        others.forEach(url -> relays.add(new Relay(url, false)));
    }

    /** At a whole millisecond, because the door's stamps are finer than the model. */
    private void later(int millis, Runnable task) {
        World.later(time, millis, task);
    }

    // ---- relays

    /**
     * What a relay has in store.
     *
     * @param at when it came, on the monotonic clock in milliseconds
     */
    record Stored(NostrEvent event, long at) {}

    /** One relay. */
    private final class Relay {
        final RelayUrl url;
        final boolean home;
        final Map<EventId, Stored> stored = new LinkedHashMap<>();
        boolean up = true;

        Relay(RelayUrl url, boolean home) {
            this.url = url;
            this.home = home;
        }

        Source source() {
            return home ? Source.homeRelay(url) : Source.relay(url);
        }

        void publish(NostrEvent event) {
            if (!up) {
                return;
            }
            stored.putIfAbsent(event.id(), new Stored(event, time.nanoTime() / 1_000_000));
            if (gateway != null) {
                gateway.line(this).live(event);
            }
        }

        /** What it has for a filter, newest first. */
        List<NostrEvent> find(PublicKey account, Interest interest, long since, long wrapsSince, long until) {
            return stored.values().stream()
                    .map(Stored::event)
                    .filter(event -> event.createdAt() <= until)
                    .filter(event -> isList(account, event)
                            || matches(interest, event)
                                    && event.createdAt() >= (event.kind() == Kind.GIFT_WRAP ? wrapsSince : since))
                    .sorted(Comparator.comparingLong(NostrEvent::createdAt).reversed())
                    .limit(pageSize)
                    .toList();
        }
    }

    private static boolean isList(PublicKey account, NostrEvent event) {
        return Inboxes.isList(event) && event.pubkey().equals(account);
    }

    private static boolean matches(Interest interest, NostrEvent event) {
        if (!interest.kinds().contains(event.kind())) {
            return false;
        }
        for (Tag tag : event.tags()) {
            boolean found = switch (tag.name()) {
                case "p" -> PublicKey.isValid(tag.value()) && interest.p().contains(PublicKey.ofHex(tag.value()));
                case "e", "h" -> interest.e().contains(tag.value());
                default -> false;
            };
            if (found) {
                return true;
            }
        }
        return false;
    }

    // ---- the pool

    /** What an account wants of a relay. */
    private static final class Member {
        final Interest interest;
        /** Up to when the relay was read for it; null for not at all. */
        @Nullable
        Instant readUpTo;

        boolean caughtUp;

        Member(Interest interest) {
            this.interest = interest;
        }
    }

    /** An event that was handed over. */
    private static final class Handed {
        final EventId event;
        final Instant at;
        final long mono;
        boolean done;

        Handed(EventId event, Instant at, long mono) {
            this.event = event;
            this.at = at;
            this.mono = mono;
        }
    }

    /** A pool's connection to one relay. */
    private final class Line {
        final Gateway pool;
        final Relay relay;
        final Map<PublicKey, Member> members = new LinkedHashMap<>();
        final List<Handed> handed = new ArrayList<>();
        boolean connected;
        int connection;
        int postponed;
        Instant told = Instant.MIN;

        Line(Gateway pool, Relay relay) {
            this.pool = pool;
            this.relay = relay;
        }

        private boolean is(int on) {
            return connected && connection == on && gateway == pool && pool.door.isOpen();
        }

        void live(NostrEvent event) {
            boolean wanted = event.kind() == Kind.PUSH_CONTROL
                    ? relay.home
                    : members.entrySet().stream()
                            .anyMatch(each -> isList(each.getKey(), event) || matches(each.getValue().interest, event));
            if (!connected || !wanted) {
                return;
            }
            int copies = random.nextInt(10) == 0 ? 2 : 1;
            for (int i = 0; i < copies; i++) {
                int delay = random.nextInt(4) == 0 ? random.nextInt(8_000) : random.nextInt(300);
                deliver(event, relay.source(), delay);
            }
        }

        private void deliver(NostrEvent event, Source source, int delay) {
            int on = connection;
            later(delay, () -> {
                if (is(on)) {
                    hand(event, source, on);
                }
            });
        }

        private void hand(NostrEvent event, Source source, int on) {
            Handed one = new Handed(event.id(), time.now(), time.nanoTime() / 1_000_000);
            if (pool.door.event(event, source, () -> one.done = true)) {
                handed.add(one);
                return;
            }
            postponed++;
            later(250, () -> {
                if (is(on)) {
                    postponed--;
                    hand(event, source, on);
                }
            });
        }

        void connect() {
            if (!relay.up || connected || gateway != pool) {
                return;
            }
            connected = true;
            connection++;
            postponed = 0;
            pool.connectionsChanged();
            if (relay.home) {
                long now = time.nanoTime() / 1_000_000;
                for (Stored each : List.copyOf(relay.stored.values())) {
                    if (each.event().kind() == Kind.PUSH_CONTROL && now - each.at() < CONTROL_KEPT_MILLIS) {
                        deliver(each.event(), relay.source().asStored(), random.nextInt(500));
                    }
                }
            }
            members.forEach(this::ask);
        }

        void disconnect() {
            if (!connected) {
                return;
            }
            connected = false;
            for (Member member : members.values()) {
                if (member.caughtUp && postponed == 0) {
                    member.readUpTo = time.now();
                }
            }
            pool.connectionsChanged();
        }

        void changed(PublicKey account, @Nullable Interest interest) {
            Member before = members.remove(account);
            if (interest == null) {
                return;
            }
            Member member = new Member(interest);
            if (before != null && before.interest.began().equals(interest.began())) {
                member.readUpTo = before.caughtUp && connected && postponed == 0 ? time.now() : before.readUpTo;
            } else if (before == null && interest.began().isBefore(pool.startedAt)) {
                member.readUpTo = pool.feed.readUpTo(relay.url).orElse(null);
            }
            members.put(account, member);
            if (connected) {
                ask(account, member);
            }
        }

        private void ask(PublicKey account, Member member) {
            member.caughtUp = false;
            Instant began = member.interest.began();
            Instant from = member.readUpTo != null && member.readUpTo.isAfter(began) ? member.readUpTo : began;
            // A wall clock that was set back must not leave out what came since.
            from = from.isAfter(time.now()) ? time.now() : from;
            long since = from.minus(SLACK).getEpochSecond();
            long wrapsSince = from.minus(SLACK).minus(WRAP_BACKDATING).getEpochSecond();
            page(account, member, since, wrapsSince, Long.MAX_VALUE, 1, connection);
        }

        private void page(
                PublicKey account, Member member, long since, long wrapsSince, long until, int number, int on) {
            List<NostrEvent> page = relay.find(account, member.interest, since, wrapsSince, until);
            int slowest = 0;
            for (NostrEvent event : page) {
                int delay = random.nextInt(1_500);
                slowest = Math.max(slowest, delay);
                deliver(event, relay.source().asStored(), delay);
            }
            boolean more = page.size() == pageSize && number < MAX_PAGES;
            boolean silent = !more && random.nextInt(20) == 0;
            later(silent ? 30_000 : slowest + 1, () -> {
                if (!is(on) || members.get(account) != member) {
                    return;
                }
                if (more) {
                    long oldest = page.get(page.size() - 1).createdAt();
                    page(account, member, since, wrapsSince, oldest == until ? until - 1 : oldest, number + 1, on);
                } else {
                    endOfStored(account, member, on);
                }
            });
        }

        private void endOfStored(PublicKey account, Member member, int on) {
            if (!is(on) || members.get(account) != member) {
                return;
            }
            if (postponed > 0 || !pool.door.caughtUp(relay.url, account)) {
                later(200, () -> endOfStored(account, member, on));
                return;
            }
            member.caughtUp = true;
            pool.feed.caughtUp(relay.url, Map.of(account, member.interest));
        }

        /** Tells how far the relay was read: up to the oldest event that has no outcome. */
        void tellRead() {
            boolean caughtUp = members.values().stream().allMatch(member -> member.caughtUp);
            if (!connected || !caughtUp || postponed > 0) {
                return;
            }
            int open = 0;
            while (open < handed.size() && handed.get(open).done) {
                open++;
            }
            Instant upTo = open < handed.size() ? handed.get(open).at.minusMillis(1) : time.now();
            if (!upTo.isAfter(told)) {
                return;
            }
            told = upTo;
            List<Handed> done = handed.subList(0, open);
            Map<EventId, Long> covered = new LinkedHashMap<>();
            done.forEach(each -> covered.put(each.event, each.mono));
            done.clear();
            pool.door.reads(relay.url, upTo, covered);
            pool.feed.read(relay.url, upTo);
        }
    }

    /** The engine's end of all connections. */
    private final class Gateway implements RelayGateway {

        private final Door door;
        private final Map<RelayUrl, Line> lines = new LinkedHashMap<>();
        private final Instant startedAt = time.now();
        private RelayFeed feed;
        private boolean hearing;

        Gateway(Door door) {
            this.door = door;
            relays.forEach(relay -> lines.put(relay.url, new Line(this, relay)));
        }

        Line line(Relay relay) {
            return lines.get(relay.url);
        }

        @Override
        public void start(RelayFeed newFeed) {
            feed = newFeed;
            for (Line line : lines.values()) {
                later(random.nextInt(3_000), line::connect);
            }
        }

        @Override
        public void changed(InterestChange change) {
            Line line = lines.get(change.relay());
            if (line != null && gateway == this) {
                line.changed(change.account(), change.after().orElse(null));
            }
        }

        void connectionsChanged() {
            boolean now = lines.values().stream().anyMatch(line -> line.relay.home && line.connected);
            if (now != hearing && gateway == this) {
                hearing = now;
                door.hearing(now);
                feed.hearing(now);
            }
        }

        @Override
        public void close() {
            if (gateway == this) {
                leave();
            }
        }
    }

    /** A new process comes. */
    RelayGateway gateway(Door door) {
        gateway = new Gateway(door);
        return gateway;
    }

    /** The process is gone, or has to do without relays. */
    void leave() {
        gateway = null;
    }

    // ---- what happens to them

    /** An event comes to a relay. */
    void publish(int relay, NostrEvent event) {
        relays.get(relay).publish(event);
    }

    int count() {
        return relays.size();
    }

    RelayUrl url(int relay) {
        return relays.get(relay).url;
    }

    boolean isHome(int relay) {
        return relays.get(relay).home;
    }

    Source source(int relay) {
        return relays.get(relay).source();
    }

    List<Stored> stored(int relay) {
        return List.copyOf(relays.get(relay).stored.values());
    }

    /** A relay goes down, or comes back. */
    void set(int relay, boolean up) {
        Relay one = relays.get(relay);
        one.up = up;
        if (up) {
            reconnect(one, random.nextInt(5_000));
        } else if (gateway != null) {
            gateway.line(one).disconnect();
        }
    }

    /** The connection breaks, and comes back a little later. */
    void interrupt(int relay) {
        Relay one = relays.get(relay);
        if (gateway != null) {
            gateway.line(one).disconnect();
        }
        reconnect(one, 500 + random.nextInt(30_000));
    }

    private void reconnect(Relay relay, int delay) {
        later(delay, () -> {
            if (gateway != null) {
                gateway.line(relay).connect();
            }
        });
    }

    /** The pool says how far it has read some relays. */
    void tellRead() {
        if (gateway != null) {
            for (Line line : gateway.lines.values()) {
                if (random.nextBoolean()) {
                    line.tellRead();
                }
            }
        }
    }

    void healAll() {
        for (int i = 0; i < relays.size(); i++) {
            set(i, true);
        }
    }
}
