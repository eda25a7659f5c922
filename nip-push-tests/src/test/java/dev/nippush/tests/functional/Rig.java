package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.NipPush;
import dev.nippush.PushListener;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.Source;
import dev.nippush.control.ControlMessage;
import dev.nippush.control.ControlWriter;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.crypto.Secp256k1;
import dev.nippush.event.EventId;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.store.Ending;
import dev.nippush.store.PushStore;
import dev.nippush.testkit.RecordingTransport;
import dev.nippush.testkit.VirtualTime;
import dev.nippush.tests.simulation.FakeCurve;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushTransport;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An engine on one thread and virtual time, with all that it is connected to. */
final class Rig {

    static final String PHONE = "a1".repeat(32);
    static final String TABLET = "b2".repeat(32);

    private static final Pattern MANY = Pattern.compile("([0-9,]+) new notifications");

    final VirtualTime time = new VirtualTime(Instant.parse("2026-03-01T12:00:00Z"));
    final RecordingTransport transport = new RecordingTransport();
    final News news = new News();
    final KeyPair server;
    final KeyPair friend;
    private final Secp256k1 curve;
    private final Disk disk;
    private final UnaryOperator<NipPush.Builder> more;
    NipPush engine;
    Life life;
    private int written;

    Rig() {
        this(builder -> builder);
    }

    Rig(UnaryOperator<NipPush.Builder> more) {
        this(KeyPair.generate(), more);
    }

    Rig(KeyPair server, UnaryOperator<NipPush.Builder> more) {
        this(server, Secp256k1.bouncyCastle(), Disk.inMemory(), more);
    }

    Rig(Disk disk, UnaryOperator<NipPush.Builder> more) {
        this(KeyPair.generate(), Secp256k1.bouncyCastle(), disk, more);
    }

    /** A rig for thousands of events, which must not wait for their signatures. */
    static Rig fast(UnaryOperator<NipPush.Builder> more) {
        return new Rig(KeyPair.generate(), new FakeCurve(), Disk.inMemory(), more);
    }

    /**
     * Makes one that has started.
     *
     * @param more what is special about its engines; applied to each
     */
    private Rig(KeyPair server, Secp256k1 curve, Disk disk, UnaryOperator<NipPush.Builder> more) {
        this.server = server.with(curve);
        this.friend = KeyPair.generate().with(curve);
        this.curve = curve;
        this.disk = disk;
        this.more = more;
        this.life = new Life(time, disk.open());
        this.engine = build();
        start();
    }

    /** A rig whose engine asks this transport first. */
    static Rig with(PushTransport first) {
        return new Rig(builder -> builder.transport(first));
    }

    private NipPush build() {
        return more.apply(NipPush.builder(server)
                        .time(life)
                        .executor(life)
                        .random(new Random(1))
                        .secp256k1(curve)
                        .store(life)
                        .listener(news))
                .transport(transport)
                .build();
    }

    private void start() {
        CompletableFuture<Void> started = engine.start().toCompletableFuture();
        time.runAll();
        assertThat(started).isCompleted();
    }

    /** Closes the engine, and waits for it. */
    void stop() {
        CompletableFuture<Void> stopped = engine.stop().toCompletableFuture();
        time.runAll();
        assertThat(stopped).isCompleted();
    }

    /** Closes the engine and starts another one on the same store. */
    void restart() {
        stop();
        startAgain();
    }

    /** Starts another engine on the same disk, as in another process. */
    void startAgain() {
        begin(disk.open());
    }

    /** Ends the process at once, and starts another one. */
    void crash() {
        life.end();
        startAgain();
    }

    /** Starts another engine on the same store while the one before still has it. */
    void takeOver() {
        begin(life.disk());
    }

    private void begin(PushStore store) {
        life = new Life(time, store);
        engine = build();
        start();
    }

    /** Ends the process, if it has not, and looks at what it leaves. */
    Rows remains() {
        life.end();
        return Rows.of(disk.open());
    }

    // ---- time

    long seconds() {
        return time.now().getEpochSecond();
    }

    void pass(long seconds) {
        time.advance(Duration.ofSeconds(seconds));
    }

    void passMillis(long millis) {
        time.advance(Duration.ofMillis(millis));
    }

    // ---- events

    CompletableFuture<Outcome> offer(NostrEvent event, Source source) {
        CompletableFuture<Outcome> outcome = engine.accept(event, source).toCompletableFuture();
        time.runAll();
        return outcome;
    }

    Outcome accept(NostrEvent event, Source source) {
        CompletableFuture<Outcome> outcome = offer(event, source);
        assertThat(outcome).isCompleted();
        return outcome.join();
    }

    Outcome accept(NostrEvent event) {
        return accept(event, Source.host());
    }

    /** An event by the friend, of which there is no other. */
    NostrEvent event(int kind, long createdAt, Tag... tags) {
        return friend.sign(createdAt, kind, List.of(tags), "No. " + ++written);
    }

    NostrEvent mention(User of) {
        return event(1, seconds(), of.tag());
    }

    NostrEvent call(User of, Tag... more) {
        List<Tag> tags = new ArrayList<>(List.of(of.tag(), Tag.of("k", "25050")));
        tags.addAll(List.of(more));
        return event(1059, seconds(), tags.toArray(Tag[]::new));
    }

    /** Something new for the user comes in. */
    NostrEvent comesIn(User user) {
        NostrEvent event = mention(user);
        assertThat(accept(event)).isEqualTo(new Outcome.Taken(1));
        return event;
    }

    // ---- what was sent

    List<PushMessage> sent() {
        return transport.sent();
    }

    int sentTo(String device) {
        return transport.sentTo(address(device)).size();
    }

    /** For how many events a message stands. */
    static int eventsIn(PushMessage message) {
        Matcher many = MANY.matcher(message.notification().title());
        return many.matches() ? Integer.parseInt(many.group(1).replace(",", "")) : 1;
    }

    static DeviceAddress address(String device) {
        return new DeviceAddressReader(List.of()).read(device).orElseThrow();
    }

    // ---- users

    User user() {
        return user(KeyPair.generate());
    }

    User user(KeyPair keys) {
        return new User(keys.with(curve));
    }

    /** A user with a phone, who has not said that he is there. */
    User registered() {
        User user = user();
        user.registers(PHONE);
        return user;
    }

    /** A user with a phone in his hand. */
    User online() {
        User user = registered();
        user.applied(user.heartbeat(seconds()));
        return user;
    }

    /** Somebody with a key, and an app. */
    final class User {

        final KeyPair keys;
        private final ControlWriter writer;

        private User(KeyPair keys) {
            this.keys = keys;
            this.writer = new ControlWriter(keys, server.publicKey());
        }

        Tag tag() {
            return Tag.of("p", keys.publicKey().hex());
        }

        PublicKey key() {
            return keys.publicKey();
        }

        NostrEvent heartbeat(long createdAt) {
            return writer.heartbeat(Instant.ofEpochSecond(createdAt));
        }

        NostrEvent offline(long createdAt) {
            return writer.offline(Instant.ofEpochSecond(createdAt));
        }

        NostrEvent logout(long createdAt) {
            return writer.logout(Instant.ofEpochSecond(createdAt));
        }

        NostrEvent logout(String device, long createdAt) {
            return writer.logout(device, Instant.ofEpochSecond(createdAt));
        }

        NostrEvent settings(SettingsDraft draft, long createdAt) {
            return writer.settings(draft, Instant.ofEpochSecond(createdAt));
        }

        void registers(String device) {
            applied(settings(SettingsDraft.forDevice(device), seconds()));
        }

        void says(SettingsDraft draft) {
            applied(settings(draft, seconds()));
        }

        void goesOnline() {
            applied(heartbeat(seconds()));
        }

        void goesOffline() {
            applied(offline(seconds()));
        }

        void logsOut() {
            applied(logout(seconds()));
        }

        void applied(NostrEvent message) {
            assertThat(accept(message)).isEqualTo(new Outcome.Applied());
        }

        void refused(NostrEvent message, Refusal refusal) {
            assertThat(accept(message)).isEqualTo(new Outcome.Refused(refusal));
        }
    }

    /** What the engine tells. */
    static final class News implements PushListener {

        final List<ControlMessage> applied = new ArrayList<>();
        final List<Boolean> presence = new ArrayList<>();
        final List<Ending> endings = new ArrayList<>();
        final List<EventId> settled = new ArrayList<>();
        final List<EventId> held = new ArrayList<>();
        final List<String> attempts = new ArrayList<>();
        final List<String> transports = new ArrayList<>();
        final List<PublicKey> forgotten = new ArrayList<>();
        int dropped;
        int gone;

        @Override
        public void controlApplied(PublicKey account, ControlMessage message) {
            applied.add(message);
        }

        @Override
        public void presenceChanged(PublicKey account, boolean online) {
            presence.add(online);
        }

        @Override
        public void held(PublicKey account, EventId event) {
            held.add(event);
        }

        @Override
        public void dropped(PublicKey account, int events) {
            dropped += events;
        }

        @Override
        public void attempted(PushMessage message, int attempt, Duration took, String result) {
            attempts.add(attempt + " " + result);
        }

        @Override
        public void settled(DeviceAddress device, EventId event, Ending ending) {
            endings.add(ending);
            settled.add(event);
        }

        @Override
        public void deviceGone(DeviceAddress device) {
            gone++;
        }

        @Override
        public void forgotten(PublicKey account) {
            forgotten.add(account);
        }

        @Override
        public void transportParked(PushTransport transport, String reason) {
            transports.add("parked " + reason);
        }

        @Override
        public void transportResumed(PushTransport transport) {
            transports.add("resumed");
        }
    }
}
