package dev.nippush.server;

import dev.nippush.RelayFeed;
import dev.nippush.RelayGateway;
import dev.nippush.account.Interest;
import dev.nippush.account.InterestChange;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.event.Filter;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The relay connections, joined with the endpoint where it matters: while a feeder is connected the server hears, even if
 * no home relay is.
 */
final class HearingGateway implements RelayGateway {

    private static final String RELAYS = "relays";

    private final RelayGateway relays;
    private final Health health;
    private @Nullable RelayFeed feed;
    private boolean homeRelayConnected;
    private boolean feederConnected;

    HearingGateway(RelayGateway relays, Health health) {
        this.relays = relays;
        this.health = health;
    }

    @Override
    public void start(RelayFeed started) {
        synchronized (this) {
            feed = started;
        }
        if (!started.homeRelays().isEmpty()) {
            health.trouble(RELAYS, "no home relay is connected");
        }
        relays.start(new Feed(started));
    }

    @Override
    public void changed(InterestChange change) {
        relays.changed(change);
    }

    @Override
    public void close() {
        relays.close();
    }

    /** So many feeders are connected to the endpoint now. */
    synchronized void feeders(int count) {
        boolean hearing = hears();
        feederConnected = count > 0;
        report(hearing);
    }

    private synchronized void homeRelays(boolean connected) {
        boolean hearing = hears();
        homeRelayConnected = connected;
        if (connected) {
            health.well(RELAYS);
        } else {
            health.trouble(RELAYS, "no home relay is connected");
        }
        report(hearing);
    }

    private boolean hears() {
        return homeRelayConnected || feederConnected;
    }

    private void report(boolean before) {
        RelayFeed current = feed;
        // Without home relays the engine is never deaf, and need not be told.
        if (current != null && !current.homeRelays().isEmpty() && hears() != before) {
            current.hearing(hears());
        }
    }

    /** The engine's feed, but for the one question that the endpoint has a say in. */
    private final class Feed implements RelayFeed {

        private final RelayFeed engine;

        Feed(RelayFeed engine) {
            this.engine = engine;
        }

        @Override
        public List<RelayUrl> homeRelays() {
            return engine.homeRelays();
        }

        @Override
        public Filter controlFilter() {
            return engine.controlFilter();
        }

        @Override
        public CompletionStage<Outcome> accept(NostrEvent event, Source source) {
            return engine.accept(event, source);
        }

        @Override
        public void caughtUp(RelayUrl relay, Map<PublicKey, Interest> covered) {
            engine.caughtUp(relay, covered);
        }

        @Override
        public void hearing(boolean hearing) {
            if (!engine.homeRelays().isEmpty()) {
                HearingGateway.this.homeRelays(hearing);
            }
        }
    }
}
