package dev.nippush.tests.wholepath;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.nippush.NipPush;
import dev.nippush.PushListener;
import dev.nippush.address.AddressRule;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Privacy;
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
import dev.nippush.time.EngineTime;
import dev.nippush.transport.PushMessage;
import dev.nippush.unifiedpush.UnifiedPushTransport;
import dev.nippush.unifiedpush.VapidKey;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Two home relays, a relay of the user's, three providers, and the engine with real transports between them. */
final class House implements AutoCloseable {

    static final String TOPIC = "com.oxchat.nostr";
    static final String OTHER_TOPIC = "com.example.beta";
    static final String CONTACT = "mailto:push@example.com";

    final KeyPair server = Recorded.server();
    final TestRelay home = TestRelay.start();
    final TestRelay secondHome = TestRelay.start();
    final TestRelay general = TestRelay.start();
    final FakeApns apple = FakeApns.start(List.of(TOPIC, OTHER_TOPIC));
    final FakeFcm google = FakeFcm.start();
    final FakeUnifiedPushServer unified = FakeUnifiedPushServer.start();
    final Inbox<ControlMessage> applied = new Inbox<>();
    final Inbox<Answer> answers = new Inbox<>();
    final Inbox<Attempt> attempts = new Inbox<>();
    final Inbox<Settled> settled = new Inbox<>();
    final Inbox<DeviceAddress> gone = new Inbox<>();
    final Inbox<Integer> dropped = new Inbox<>();
    final VapidKey vapid = VapidKey.generate();
    final SteppedTime time;
    final NipPush engine;

    private final ScheduledExecutorService timers = Executors.newSingleThreadScheduledExecutor();
    private final ApnsTransport apns;
    private final FcmTransport fcm;
    private final UnifiedPushTransport unifiedPush;
    private final RelayPool relays;

    /** What became of an event. */
    record Answer(EventId event, Source source, Outcome outcome) {}

    /** What a provider said to a message, and when it was sent by the engine's clock. */
    record Attempt(PushMessage message, int number, String result, Instant sentAt) {}

    /** How a push ended. */
    record Settled(DeviceAddress device, EventId event, Ending ending) {}

    House(Path folder, Instant now, Duration heartbeatTimeout) throws Exception {
        this(folder, now, heartbeatTimeout, Privacy.MINIMAL, builder -> builder, time -> time);
    }

    /**
     * A house of another kind.
     *
     * @param most how much each provider may learn
     * @param more what else the engine is told
     * @param clocks the engine's, where they are not those of the house
     */
    House(
            Path folder,
            Instant now,
            Duration heartbeatTimeout,
            Privacy most,
            UnaryOperator<NipPush.Builder> more,
            Function<SteppedTime, EngineTime> clocks)
            throws Exception {
        time = new SteppedTime(timers);
        time.setWallClock(now);
        AddressRule rule =
                AddressRule.of(List.of("127.0.0.1", "localhost"), List.of(home.url(), secondHome.url()), List.of());
        apns = ApnsTransport.builder()
                .credentials(ApnsCredentials.tokenKey(
                        apple.writeSigningKey(folder.resolve("key.p8")), FakeApns.KEY_ID, FakeApns.TEAM_ID))
                .topics(List.of(TOPIC, OTHER_TOPIC))
                .server(apple.host(), apple.port())
                .trustedCertificates(List.of(apple.certificates().authority()))
                .build();
        fcm = FcmTransport.builder()
                .credentials(FcmCredentials.serviceAccount(google.serviceAccountJson()))
                .endpoint(google.endpoint())
                .trustedCertificates(List.of(google.authority()))
                .build();
        unified.demandVapid(vapid.applicationServerKey());
        unifiedPush = UnifiedPushTransport.builder()
                .vapid(vapid, CONTACT)
                .addressRule(rule)
                .trustedCertificates(List.of(unified.certificates().authority()))
                .build();
        relays = RelayPool.builder().addressRule(rule).time(time).build();
        EngineTime clock = clocks.apply(time);
        engine = more.apply(NipPush.builder(server)
                        .transport(apns, most)
                        .transport(fcm, most)
                        .transport(unifiedPush, most)
                        .relays(relays)
                        .homeRelays(List.of(home.url(), secondHome.url()))
                        .addressRule(rule)
                        .apnsTopics(List.of(TOPIC, OTHER_TOPIC))
                        .heartbeatTimeout(heartbeatTimeout)
                        .time(clock)
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
                            public void attempted(PushMessage message, int attempt, Duration took, String result) {
                                attempts.add(new Attempt(
                                        message, attempt, result, clock.now().minus(took)));
                            }

                            @Override
                            public void settled(DeviceAddress device, EventId event, Ending ending) {
                                settled.add(new Settled(device, event, ending));
                            }

                            @Override
                            public void deviceGone(DeviceAddress device) {
                                gone.add(device);
                            }

                            @Override
                            public void dropped(PublicKey account, int events) {
                                dropped.add(events);
                            }
                        }))
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
        return control(user, plaintext, time.now());
    }

    /** As a client would whose clock shows something else. */
    NostrEvent control(KeyPair user, String plaintext, Instant at) {
        return user.sign(
                at.getEpochSecond(),
                Kind.PUSH_CONTROL,
                List.of(Tag.of("p", server.publicKey().hex())),
                Nip04.encrypt(user, server.publicKey(), plaintext));
    }

    /**
     * Publishes the reference client's settings with another user and device on a home relay.
     *
     * @param change what else is different in them
     * @return what the engine answered
     */
    Outcome register(KeyPair user, String deviceId, Consumer<JsonObject> change) {
        JsonObject settings = new Recorded().plaintext("settings-unifiedpush");
        settings.addProperty("deviceId", deviceId);
        settings.remove("authors");
        settings.remove("relays");
        JsonArray own = new JsonArray();
        own.add(user.publicKey().hex());
        settings.add("#p", own);
        change.accept(settings);
        NostrEvent message = control(user, settings.toString());
        home.publish(message);
        return outcomeOf(message);
    }

    /** Waits until the home relay is asked for what comes for a user: what is published there from now on is new. */
    void awaitInterestIn(KeyPair user) {
        home.awaitRequest(request -> request.asksForKind(Kind.GIFT_WRAP)
                && request.values('p').contains(user.publicKey().hex()));
    }

    /** Waits for what the engine first answered to an event. */
    Outcome outcomeOf(NostrEvent event) {
        return await(answers, 1, answer -> answer.event().equals(event.id()))
                .get(0)
                .outcome();
    }

    /** Waits until so many pushes of an event have ended. */
    List<Settled> endings(NostrEvent event, int count) {
        return await(settled, count, end -> end.event().equals(event.id()));
    }

    /** Waits until there are so many of a sort, and returns these. */
    static <T> List<T> await(Inbox<T> inbox, int count, Predicate<T> which) {
        long deadline = System.nanoTime() + Inbox.PATIENCE.toNanos();
        while (true) {
            int size = inbox.size();
            List<T> found = inbox.all().stream().filter(which).toList();
            if (found.size() >= count) {
                return found;
            }
            inbox.await(size + 1, Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
        }
    }

    NostrEvent note(KeyPair author, int kind, Tag... tags) {
        return author.sign(time.now().getEpochSecond(), kind, List.of(tags), "text that stays private");
    }

    /** Waits until the engine has answered an event so many times. */
    void awaitAnswers(NostrEvent event, int times) {
        await(answers, times, answer -> answer.event().equals(event.id()));
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
