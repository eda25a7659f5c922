package dev.nippush.tests.simulation;

import dev.nippush.RelayFeed;
import dev.nippush.RelayGateway;
import dev.nippush.account.Interest;
import dev.nippush.account.InterestChange;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.event.EventId;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.testkit.VirtualTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** The relays, and the one process that is connected to them. They delay, reorder, repeat and lose. */
final class Relays {

    private static final long CONTROL_KEPT_MILLIS = 300_000;

    private final VirtualTime time;
    private final Random random;
    private final List<Relay> relays = new ArrayList<>();
    private @Nullable Gateway gateway;

    /** Sees everything just before the engine does. */
    interface Door {
        void event(NostrEvent event, Source source);

        /** Returns false where it should come later. */
        boolean caughtUp(RelayUrl relay, PublicKey account, Interest interest);

        void hearing(boolean hearing);

        boolean isOpen();
    }

    Relays(VirtualTime time, Random random, List<RelayUrl> home, List<RelayUrl> others) {
        this.time = time;
        this.random = random;
        home.forEach(url -> relays.add(new Relay(url, true)));
        others.forEach(url -> relays.add(new Relay(url, false)));
    }

    /** At a whole millisecond, because the door's stamps are finer than the model. */
    private void later(int millis, Runnable task) {
        World.later(time, millis, task);
    }

    /** One relay: what it stores, and what it is asked for. */
    private final class Relay {
        final RelayUrl url;
        final boolean home;
        final Map<EventId, NostrEvent> stored = new LinkedHashMap<>();
        final Map<EventId, Long> storedAt = new LinkedHashMap<>();
        final Map<PublicKey, Interest> asked = new LinkedHashMap<>();
        boolean up = true;
        boolean connected;
        int connection;

        Relay(RelayUrl url, boolean home) {
            this.url = url;
            this.home = home;
        }

        Source source() {
            return home ? Source.homeRelay(url) : Source.relay(url);
        }

        void publish(NostrEvent event, boolean keeps) {
            if (!up) {
                return;
            }
            if (keeps) {
                stored.put(event.id(), event);
                storedAt.put(event.id(), time.now().toEpochMilli());
            }
            if (connected && wants(event)) {
                int copies = random.nextInt(10) == 0 ? 2 : 1;
                for (int i = 0; i < copies; i++) {
                    int delay = random.nextInt(4) == 0 ? random.nextInt(8_000) : random.nextInt(300);
                    deliver(event, source(), delay);
                }
            }
        }

        boolean wants(NostrEvent event) {
            if (event.kind() == Kind.PUSH_CONTROL) {
                return home;
            }
            return asked.values().stream().anyMatch(interest -> matches(interest, event));
        }

        void deliver(NostrEvent event, Source source, int delay) {
            int on = connection;
            Gateway to = gateway;
            later(delay, () -> {
                if (connected && on == connection && to != null && to == gateway && to.door.isOpen()) {
                    to.door.event(event, source);
                }
            });
        }

        void connect() {
            if (!up || connected || gateway == null) {
                return;
            }
            connected = true;
            connection++;
            gateway.connectionsChanged();
            if (home) {
                long now = time.now().toEpochMilli();
                for (NostrEvent event : List.copyOf(stored.values())) {
                    if (event.kind() == Kind.PUSH_CONTROL && now - storedAt.get(event.id()) < CONTROL_KEPT_MILLIS) {
                        deliver(event, source().asStored(), random.nextInt(500));
                    }
                }
            }
            asked.forEach(this::ask);
        }

        void disconnect() {
            if (connected) {
                connected = false;
                if (gateway != null) {
                    gateway.connectionsChanged();
                }
            }
        }

        void ask(PublicKey account, Interest interest) {
            int slowest = 0;
            for (NostrEvent event : stored.values()) {
                if (event.kind() != Kind.PUSH_CONTROL && matches(interest, event)) {
                    int delay = random.nextInt(1_500);
                    slowest = Math.max(slowest, delay);
                    deliver(event, source().asStored(), delay);
                }
            }
            endOfStored(account, interest, connection, gateway, slowest + 1);
        }

        void endOfStored(PublicKey account, Interest interest, int on, @Nullable Gateway to, int delay) {
            later(delay, () -> {
                if (!connected || on != connection || to == null || to != gateway || !to.door.isOpen()) {
                    return;
                }
                if (interest != asked.get(account)) {
                    return;
                }
                if (!to.door.caughtUp(url, account, interest)) {
                    endOfStored(account, interest, on, to, 200);
                    return;
                }
                to.feed.caughtUp(url, Map.of(account, interest));
            });
        }
    }

    private static boolean matches(Interest interest, NostrEvent event) {
        return interest.kinds().contains(event.kind())
                && event.tags().stream().anyMatch(tag -> switch (tag.name()) {
                    case "p" -> interest.p().stream().anyMatch(key -> key.hex().equals(tag.value()));
                    case "e", "h" -> interest.e().contains(tag.value());
                    default -> false;
                });
    }

    /** The engine's end of all connections. */
    private final class Gateway implements RelayGateway {

        private final Door door;
        private RelayFeed feed;
        private boolean hearing;

        Gateway(Door door) {
            this.door = door;
        }

        @Override
        public void start(RelayFeed newFeed) {
            feed = newFeed;
            for (Relay relay : relays) {
                later(random.nextInt(3_000), () -> {
                    if (gateway == this) {
                        relay.connect();
                    }
                });
            }
        }

        @Override
        public void changed(InterestChange change) {
            for (Relay relay : relays) {
                if (relay.url.equals(change.relay())) {
                    Optional<Interest> after = change.after();
                    if (after.isEmpty()) {
                        relay.asked.remove(change.account());
                    } else {
                        relay.asked.put(change.account(), after.get());
                        if (relay.connected) {
                            relay.ask(change.account(), after.get());
                        }
                    }
                }
            }
        }

        void connectionsChanged() {
            boolean now = relays.stream().anyMatch(relay -> relay.home && relay.connected);
            if (now != hearing) {
                hearing = now;
                door.hearing(now);
                feed.hearing(now);
            }
        }

        @Override
        public void close() {
            if (gateway == this) {
                disconnectAll();
            }
        }
    }

    /** A new process comes. */
    RelayGateway gateway(Door door) {
        gateway = new Gateway(door);
        return gateway;
    }

    /** The process is gone. */
    void disconnectAll() {
        gateway = null;
        for (Relay relay : relays) {
            relay.connected = false;
            relay.asked.clear();
        }
    }

    /** An event comes to a relay. */
    void publish(int relay, NostrEvent event, boolean keeps) {
        relays.get(relay).publish(event, keeps);
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

    /** A relay goes down, or comes back. */
    void set(int relay, boolean up) {
        Relay one = relays.get(relay);
        one.up = up;
        if (up) {
            later(random.nextInt(5_000), one::connect);
        } else {
            one.disconnect();
        }
    }

    /** The connection breaks, and comes back a little later. */
    void interrupt(int relay) {
        Relay one = relays.get(relay);
        one.disconnect();
        later(500 + random.nextInt(30_000), one::connect);
    }

    void healAll() {
        for (int i = 0; i < relays.size(); i++) {
            set(i, true);
        }
    }
}
