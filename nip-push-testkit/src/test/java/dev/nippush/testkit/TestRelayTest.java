package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.crypto.KeyPair;
import dev.nippush.event.Filter;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.wire.ClientMessage;
import dev.nippush.wire.RelayMessage;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class TestRelayTest {

    private final KeyPair alice = KeyPair.generate();
    private final KeyPair bob = KeyPair.generate();
    private final long now = Instant.now().getEpochSecond();

    /** A client of the JDK's. */
    private static final class Client implements WebSocket.Listener, AutoCloseable {
        final Inbox<RelayMessage> messages = new Inbox<>();
        final Inbox<String> ended = new Inbox<>();
        private final StringBuilder text = new StringBuilder();
        private final WebSocket socket;

        Client(TestRelay relay) {
            socket = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(URI.create(relay.url().toString()), this)
                    .join();
        }

        void send(ClientMessage message) {
            socket.sendText(message.toJson(), true).join();
        }

        @Override
        public CompletionStage<?> onText(WebSocket of, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                messages.add(RelayMessage.parse(text.toString()));
                text.setLength(0);
            }
            of.request(1);
            return null;
        }

        @Override
        public void onError(WebSocket of, Throwable error) {
            ended.add("broken");
        }

        @Override
        public CompletionStage<?> onClose(WebSocket of, int code, String reason) {
            ended.add("closed");
            return null;
        }

        @Override
        public void close() {
            socket.abort();
        }
    }

    private NostrEvent note(long createdAt, String content, Tag... tags) {
        return alice.sign(createdAt, 1, List.of(tags), content);
    }

    private static ClientMessage.Req req(String id, Filter... filters) {
        return new ClientMessage.Req(id, List.of(filters));
    }

    private static Filter kinds(int... kinds) {
        return Filter.builder().kinds(kinds).build();
    }

    @Test
    void storedEventsComeNewestFirstThenTheEoseThenLiveOnes() {
        try (TestRelay relay = TestRelay.start();
                Client client = new Client(relay)) {
            NostrEvent old = note(now - 20, "old");
            NostrEvent middle = note(now - 10, "middle");
            NostrEvent young = note(now, "young");
            List.of(old, young, middle).forEach(relay::publish);

            client.send(req("s", Filter.builder().kinds(1).limit(2).build()));
            client.messages.await(3);
            NostrEvent live = note(now + 1, "live");
            client.send(new ClientMessage.Event(live));

            assertThat(client.messages.await(5))
                    .containsExactly(
                            new RelayMessage.Event("s", young),
                            new RelayMessage.Event("s", middle),
                            new RelayMessage.Eose("s"),
                            new RelayMessage.Event("s", live),
                            new RelayMessage.Ok(live.id(), true, ""));
            assertThat(relay.received()).containsExactly(old, young, middle, live);
        }
    }

    @Test
    void storedEventsBeyondALimitAreLeftOutTheOldestFirst() {
        try (TestRelay relay = TestRelay.start();
                Client client = new Client(relay)) {
            NostrEvent oldest = note(now - 20, "oldest");
            NostrEvent old = note(now - 10, "old");
            NostrEvent young = note(now, "young");
            NostrEvent other = alice.sign(now - 30, 7, List.of(), "of another kind");
            List.of(oldest, old, young, other).forEach(relay::publish);

            relay.limitPerFilter(2);
            client.send(req("filter", kinds(1), kinds(7)));
            assertThat(client.messages.await(4))
                    .containsExactly(
                            new RelayMessage.Event("filter", young),
                            new RelayMessage.Event("filter", old),
                            new RelayMessage.Event("filter", other),
                            new RelayMessage.Eose("filter"));
            client.messages.clear();

            relay.limitPerRequest(1);
            client.send(req("request", kinds(1), kinds(7)));
            assertThat(client.messages.await(2))
                    .containsExactly(new RelayMessage.Event("request", young), new RelayMessage.Eose("request"));
            assertThatThrownBy(() -> relay.limitPerFilter(0)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> relay.limitPerRequest(0)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void forgottenEventsAreNotSentAgain() {
        try (TestRelay relay = TestRelay.start();
                Client client = new Client(relay)) {
            NostrEvent old = note(now - 20, "old");
            NostrEvent young = note(now, "young");
            List.of(old, young).forEach(relay::publish);
            relay.forget(event -> event.createdAt() < now);
            client.send(req("s", kinds(1)));

            assertThat(client.messages.await(2))
                    .containsExactly(new RelayMessage.Event("s", young), new RelayMessage.Eose("s"));
        }
    }

    @Test
    void ephemeralEventsAreSentAndNotKept() {
        try (TestRelay relay = TestRelay.start();
                Client client = new Client(relay)) {
            relay.publish(alice.sign(now, 22456, List.of(), "before"));
            client.send(req("s", kinds(22456)));
            client.messages.await(1);
            NostrEvent live = alice.sign(now, 22456, List.of(), "after");
            relay.publish(live);

            assertThat(client.messages.await(2))
                    .containsExactly(new RelayMessage.Eose("s"), new RelayMessage.Event("s", live));
        }
    }

    @Test
    void newerListTakesThePlaceOfTheOlder() {
        try (TestRelay relay = TestRelay.start();
                Client client = new Client(relay)) {
            NostrEvent older = alice.sign(now - 1, 10_002, List.of(), "older");
            NostrEvent newer = alice.sign(now, 10_002, List.of(), "newer");
            relay.publish(newer);
            relay.publish(older);

            client.send(req("s", kinds(10_002)));

            assertThat(client.messages.await(2))
                    .containsExactly(new RelayMessage.Event("s", newer), new RelayMessage.Eose("s"));
        }
    }

    @Test
    void eventsThatAreNotTheirAuthorsAreRefused() {
        try (TestRelay relay = TestRelay.start();
                Client client = new Client(relay)) {
            NostrEvent signed = note(now, "mine");
            NostrEvent forged = new NostrEvent(
                    signed.id(),
                    signed.pubkey(),
                    signed.createdAt(),
                    signed.kind(),
                    signed.tags(),
                    signed.content(),
                    "0".repeat(128));

            client.send(new ClientMessage.Event(forged));

            assertThat(client.messages.await(1).get(0))
                    .isInstanceOfSatisfying(
                            RelayMessage.Ok.class,
                            ok -> assertThat(ok.accepted()).isFalse());
            assertThat(relay.received()).isEmpty();
        }
    }

    @Test
    void strictRelayRefusesGroupNamesUnderE() {
        try (TestRelay relay = TestRelay.builder().strict().start();
                Client client = new Client(relay)) {
            client.send(req("bad", Filter.builder().tag('e', List.of("chess")).build()));
            client.send(req("good", Filter.builder().tag('h', List.of("chess")).build()));

            assertThat(client.messages.await(2).get(0)).isInstanceOf(RelayMessage.Closed.class);
            assertThat(client.messages.all().get(1)).isEqualTo(new RelayMessage.Eose("good"));
            assertThat(relay.requests()).hasSize(2);
            assertThat(relay.openRequests()).extracting(TestRelay.Request::id).containsExactly("good");
        }
    }

    @Test
    void hiddenKindsAreShownToThoseInvolvedOnceTheyHaveSaidWhoTheyAre() {
        try (TestRelay relay = TestRelay.builder().hides(Set.of(4, 1059)).start();
                Client client = new Client(relay)) {
            NostrEvent forBob =
                    alice.sign(now, 1059, List.of(Tag.of("p", bob.publicKey().hex())), "x");
            relay.publish(forBob);
            relay.publish(
                    alice.sign(now, 1059, List.of(Tag.of("p", alice.publicKey().hex())), "y"));

            client.send(req("only", kinds(1059)));
            client.send(req("mixed", kinds(1, 1059)));
            List<RelayMessage> before = client.messages.await(3);
            assertThat(before.get(1))
                    .isInstanceOfSatisfying(
                            RelayMessage.Closed.class,
                            closed -> assertThat(closed.reason()).startsWith("auth-required:"));
            assertThat(before.get(2)).isEqualTo(new RelayMessage.Eose("mixed"));
            String challenge = ((RelayMessage.Auth) before.get(0)).challenge();
            client.send(new ClientMessage.Auth(bob.sign(
                    now, 22242, List.of(Tag.of("relay", relay.url().toString()), Tag.of("challenge", challenge)), "")));
            client.send(req("only", kinds(1059)));

            List<RelayMessage> after = client.messages.await(6);
            assertThat(after.get(3))
                    .isInstanceOfSatisfying(
                            RelayMessage.Ok.class,
                            ok -> assertThat(ok.accepted()).isTrue());
            assertThat(after.subList(4, 6))
                    .containsExactly(new RelayMessage.Event("only", forBob), new RelayMessage.Eose("only"));
        }
    }

    @Test
    void demandingRelayTakesNothingFromStrangers() {
        try (TestRelay relay = TestRelay.builder().demandsAuth().start();
                Client client = new Client(relay)) {
            client.send(req("s", kinds(1)));
            client.send(new ClientMessage.Event(note(now, "x")));
            client.send(new ClientMessage.Auth(bob.sign(now, 22242, List.of(Tag.of("challenge", "another")), "")));

            List<RelayMessage> messages = client.messages.await(4);
            assertThat(messages.get(0)).isInstanceOf(RelayMessage.Auth.class);
            assertThat(messages.get(1)).isInstanceOf(RelayMessage.Closed.class);
            assertThat(messages.subList(2, 4))
                    .allSatisfy(message -> assertThat(message)
                            .isInstanceOfSatisfying(
                                    RelayMessage.Ok.class,
                                    ok -> assertThat(ok.accepted()).isFalse()));
            assertThat(relay.received()).isEmpty();
            assertThat(relay.authentications()).isEmpty();
        }
    }

    @Test
    void doesWrongWhatItIsTold() {
        try (TestRelay relay = TestRelay.start();
                Client client = new Client(relay)) {
            relay.withholdEose();
            client.send(req("s", kinds(1)));
            relay.awaitRequest(any -> true);
            relay.notice("first");
            relay.releaseEose();
            relay.refuse(request -> Optional.of("error: no"));
            client.send(req("t", kinds(1)));
            client.messages.await(3);
            relay.endSubscription("s", "error: enough");

            assertThat(client.messages.await(4))
                    .containsExactly(
                            new RelayMessage.Notice("first"),
                            new RelayMessage.Eose("s"),
                            new RelayMessage.Closed("t", "error: no"),
                            new RelayMessage.Closed("s", "error: enough"));
        }
    }

    @Test
    void messagesComeLateWhenDelayed() {
        try (TestRelay relay = TestRelay.start();
                Client client = new Client(relay)) {
            relay.delay(Duration.ofMillis(300));
            long sent = System.nanoTime();
            client.send(req("s", kinds(1)));

            client.messages.await(1);
            assertThat(Duration.ofNanos(System.nanoTime() - sent)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
        }
    }

    @Test
    void comesBackOnItsPortWithWhatItHadStored() {
        try (TestRelay relay = TestRelay.start()) {
            NostrEvent kept = note(now, "kept");
            relay.publish(kept);
            try (Client client = new Client(relay)) {
                relay.awaitConnections(1);
                relay.dropConnections();
                client.ended.await(1);
                relay.awaitConnections(0);
            }
            relay.restart();
            try (Client client = new Client(relay)) {
                client.send(req("s", kinds(1)));
                assertThat(client.messages.await(2).get(0)).isEqualTo(new RelayMessage.Event("s", kept));
            }
            assertThat(relay.connectionsSoFar()).isEqualTo(2);
        }
    }
}
