package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class HearingGatewayTest {

    private static final RelayUrl HOME = RelayUrl.of("wss://home.example");

    private final Health health = new Health();
    private final Relays relays = new Relays();
    private final HearingGateway gateway = new HearingGateway(relays, health);

    @Test
    void aHomeRelayIsHeard() {
        Engine engine = start(List.of(HOME));
        assertThat(health.reasons()).containsExactly("relays: no home relay is connected");

        relays.feed.hearing(true);
        assertThat(engine.heard).containsExactly(true);
        assertThat(health.reasons()).isEmpty();

        relays.feed.hearing(false);
        assertThat(engine.heard).containsExactly(true, false);
        assertThat(health.reasons()).hasSize(1);
    }

    @Test
    void whileAFeederIsConnectedTheServerHears() {
        Engine engine = start(List.of(HOME));

        gateway.feeders(1);
        gateway.feeders(2);
        assertThat(engine.heard).containsExactly(true);
        assertThat(health.reasons())
                .as("the relays are in trouble nevertheless")
                .hasSize(1);

        relays.feed.hearing(true);
        gateway.feeders(0);
        assertThat(engine.heard).containsExactly(true);

        relays.feed.hearing(false);
        assertThat(engine.heard).containsExactly(true, false);
    }

    @Test
    void withoutHomeRelaysNothingIsReported() {
        Engine engine = start(List.of());

        gateway.feeders(1);
        gateway.feeders(0);
        relays.feed.hearing(false);

        assertThat(engine.heard).isEmpty();
        assertThat(health.reasons()).isEmpty();
    }

    private Engine start(List<RelayUrl> homeRelays) {
        Engine engine = new Engine(homeRelays);
        gateway.start(engine);
        return engine;
    }

    /** Connections that do as they are told. */
    private static final class Relays implements RelayGateway {
        private RelayFeed feed;

        @Override
        public void start(RelayFeed started) {
            feed = started;
        }

        @Override
        public void changed(InterestChange change) {
            throw new AssertionError("nobody wants anything");
        }

        @Override
        public void close() {}
    }

    /** Remembers what it is told of hearing. */
    private record Engine(List<RelayUrl> homeRelays, List<Boolean> heard) implements RelayFeed {
        Engine(List<RelayUrl> homeRelays) {
            this(homeRelays, new ArrayList<>());
        }

        @Override
        public Filter controlFilter() {
            return Filter.builder().build();
        }

        @Override
        public CompletionStage<Outcome> accept(NostrEvent event, Source source) {
            return CompletableFuture.completedFuture(new Outcome.Unwanted());
        }

        @Override
        public void caughtUp(RelayUrl relay, Map<PublicKey, Interest> covered) {
            throw new AssertionError("nobody asked");
        }

        @Override
        public void hearing(boolean hearing) {
            heard.add(hearing);
        }
    }
}
