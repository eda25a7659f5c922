package dev.nippush.tests.wholepath;

import dev.nippush.NipPush;
import dev.nippush.PushListener;
import dev.nippush.address.AddressRule;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Source;
import dev.nippush.apns.ApnsCredentials;
import dev.nippush.apns.ApnsTransport;
import dev.nippush.control.ControlMessage;
import dev.nippush.control.Outcome;
import dev.nippush.crypto.KeyPair;
import dev.nippush.crypto.Nip04;
import dev.nippush.event.EventId;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.fcm.FcmCredentials;
import dev.nippush.fcm.FcmTransport;
import dev.nippush.relay.RelayPool;
import dev.nippush.store.Ending;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeUnifiedPushServer;
import dev.nippush.testkit.Inbox;
import dev.nippush.testkit.TestRelay;
import dev.nippush.unifiedpush.UnifiedPushTransport;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Two home relays, a relay of the user's, three providers, and the engine with real transports between them. */
final class House implements AutoCloseable {

    static final String TOPIC = "com.oxchat.nostr";

    final KeyPair server = Recorded.server();
    final TestRelay home = TestRelay.start();
    final TestRelay secondHome = TestRelay.start();
    final TestRelay general = TestRelay.start();
    final FakeApns apple = FakeApns.start(List.of(TOPIC));
    final FakeFcm google = FakeFcm.start();
    final FakeUnifiedPushServer unified = FakeUnifiedPushServer.start();
    final Inbox<ControlMessage> applied = new Inbox<>();
    final Inbox<Answer> answers = new Inbox<>();
    final Inbox<Ending> settled = new Inbox<>();
    final Inbox<Integer> dropped = new Inbox<>();
    final SteppedTime time;

    private final ScheduledExecutorService timers = Executors.newSingleThreadScheduledExecutor();
    private final ApnsTransport apns;
    private final FcmTransport fcm;
    private final UnifiedPushTransport unifiedPush;
    private final RelayPool relays;
    private final NipPush engine;

    /** What became of an event. */
    record Answer(EventId event, Source source, Outcome outcome) {}

    House(Path folder, Instant now, Duration heartbeatTimeout) throws Exception {
        time = new SteppedTime(timers);
        time.setWallClock(now);
        AddressRule rule =
                AddressRule.of(List.of("127.0.0.1", "localhost"), List.of(home.url(), secondHome.url()), List.of());
        apns = ApnsTransport.builder()
                .credentials(ApnsCredentials.tokenKey(
                        apple.writeSigningKey(folder.resolve("key.p8")), FakeApns.KEY_ID, FakeApns.TEAM_ID))
                .topics(List.of(TOPIC))
                .server(apple.host(), apple.port())
                .trustedCertificates(List.of(apple.certificates().authority()))
                .build();
        fcm = FcmTransport.builder()
                .credentials(FcmCredentials.serviceAccount(google.serviceAccountJson()))
                .endpoint(google.endpoint())
                .trustedCertificates(List.of(google.authority()))
                .build();
        unifiedPush = UnifiedPushTransport.builder()
                .addressRule(rule)
                .trustedCertificates(List.of(unified.certificates().authority()))
                .build();
        relays = RelayPool.builder().addressRule(rule).time(time).build();
        engine = NipPush.builder(server)
                .transport(apns)
                .transport(fcm)
                .transport(unifiedPush)
                .relays(relays)
                .homeRelays(List.of(home.url(), secondHome.url()))
                .addressRule(rule)
                .apnsTopics(List.of(TOPIC))
                .heartbeatTimeout(heartbeatTimeout)
                .time(time)
                .listener(new PushListener() {
                    @Override
                    public void answered(EventId event, int kind, Source source, Outcome outcome) {
                        answers.add(new Answer(event, source, outcome));
                    }

                    @Override
                    public void controlApplied(PublicKey account, ControlMessage message) {
                        applied.add(message);
                    }

                    @Override
                    public void settled(DeviceAddress device, EventId event, Ending ending) {
                        settled.add(ending);
                    }

                    @Override
                    public void dropped(PublicKey account, int events) {
                        dropped.add(events);
                    }
                })
                .build();
        engine.start().toCompletableFuture().get(10, TimeUnit.SECONDS);
        home.awaitRequest(request -> request.filters().toString().contains("22456"));
        secondHome.awaitRequest(request -> request.filters().toString().contains("22456"));
    }

    /** Publishes a control message on a home relay, and waits until it was carried out. */
    void control(NostrEvent message) {
        int before = applied.size();
        home.publish(message);
        applied.await(before + 1);
    }

    /** Encrypts and signs a plaintext as a client would. */
    NostrEvent control(KeyPair user, String plaintext) {
        return user.sign(
                time.now().getEpochSecond(),
                Kind.PUSH_CONTROL,
                List.of(Tag.of("p", server.publicKey().hex())),
                Nip04.encrypt(user, server.publicKey(), plaintext));
    }

    NostrEvent note(KeyPair author, int kind, Tag... tags) {
        return author.sign(time.now().getEpochSecond(), kind, List.of(tags), "text that stays private");
    }

    /** Waits until the engine has answered an event so many times. */
    void awaitAnswers(NostrEvent event, int times) {
        long deadline = System.nanoTime() + Inbox.PATIENCE.toNanos();
        for (int seen = 0; seen < times; ) {
            int size = answers.size();
            seen = (int) answers.all().stream()
                    .filter(answer -> answer.event().equals(event.id()))
                    .count();
            if (seen < times) {
                answers.await(size + 1, Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
            }
        }
    }

    @Override
    public void close() {
        engine.close();
        relays.close();
        apns.close();
        fcm.close();
        unifiedPush.close();
        apple.close();
        google.close();
        unified.close();
        home.close();
        secondHome.close();
        general.close();
        timers.shutdownNow();
    }
}
