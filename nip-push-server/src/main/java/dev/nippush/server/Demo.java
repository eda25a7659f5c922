package dev.nippush.server;

import dev.nippush.PushListener;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.ControlMessage;
import dev.nippush.control.ControlWriter;
import dev.nippush.control.Outcome;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.crypto.Nip04;
import dev.nippush.event.EventId;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.store.Ending;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeUnifiedPushServer;
import dev.nippush.testkit.Gateway;
import dev.nippush.testkit.TestRelay;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * The whole way of a message, on one machine: a relay, three gateways that stand for Apple's, Google's and a UnifiedPush
 * server, the real server between them, and an app that registers, goes away and logs out. Each step waits until it has
 * come true, and says so.
 */
final class Demo {

    /** Short, so that silence is soon noticed; long enough for a slow machine to send the next heartbeat. */
    private static final Duration HEARTBEAT_TIMEOUT = Duration.ofSeconds(5);

    private static final Duration PATIENCE = Duration.ofSeconds(12);
    private static final Duration POLL = Duration.ofMillis(5);

    /** A step did not come true. */
    static final class DemoException extends Exception {
        private static final long serialVersionUID = 1L;

        DemoException(String message) {
            super(message);
        }
    }

    private record Device(String name, Gateway gateway, DeviceAddress address) {
        long pushes() {
            return gateway.received().all().stream()
                    .filter(push -> push.device().equals(address))
                    .count();
        }
    }

    private final PrintWriter out;
    private final long startedAt = System.nanoTime();
    private final Watch watch = new Watch();
    private final KeyPair alice = KeyPair.generate();
    private final KeyPair bob = KeyPair.generate();
    private long lastSecond;

    Demo(PrintWriter out) {
        this.out = out;
    }

    /**
     * Plays it.
     *
     * @throws DemoException when a step does not come true in time
     * @throws Failure when it cannot begin
     */
    void play() throws DemoException, Failure {
        Path directory;
        try {
            directory = Files.createTempDirectory("nip-push-demo");
        } catch (IOException e) {
            throw new Failure("cannot make a directory for the demo", e);
        }
        try (TestRelay relay = TestRelay.start();
                FakeApns apns = FakeApns.start();
                FakeFcm fcm = FakeFcm.startWithoutTls();
                FakeUnifiedPushServer unifiedPush = FakeUnifiedPushServer.start()) {
            say("a relay listens at " + relay.url() + ", and gateways that stand for APNs, FCM and UnifiedPush");
            PushServer server = serve(directory, relay.url(), apns, fcm, unifiedPush);
            try {
                List<Device> devices = List.of(
                        new Device("iPhone", apns, apns.device(1)),
                        new Device("Android phone", fcm, fcm.device(1)),
                        new Device("tablet", unifiedPush, unifiedPush.device(1)));
                RelayUrl endpoint =
                        RelayUrl.of("ws://127.0.0.1:" + server.address().getPort());
                play(relay.url(), endpoint, server.publicKey(), devices);
            } finally {
                server.stop(PATIENCE);
            }
        } catch (IOException e) {
            throw new Failure("the demo cannot begin", e);
        } catch (ConfigException e) {
            throw new IllegalStateException("the demo's own configuration is wrong", e);
        } finally {
            delete(directory);
        }
    }

    private PushServer serve(
            Path directory, RelayUrl relay, FakeApns apns, FakeFcm fcm, FakeUnifiedPushServer unifiedPush)
            throws IOException, ConfigException, Failure, DemoException {
        Properties properties = new Properties();
        properties.setProperty(ConfigKeys.LISTEN.name(), "127.0.0.1:0");
        properties.setProperty(ConfigKeys.DATA_DIR.name(), directory.toString());
        properties.setProperty(ConfigKeys.HOME.name(), relay.toString());
        properties.setProperty(ConfigKeys.HEARTBEAT_TIMEOUT.name(), Values.text(HEARTBEAT_TIMEOUT));
        properties.setProperty(
                ConfigKeys.APNS_KEY_FILE.name(),
                apns.writeSigningKey(directory.resolve("apns.p8")).toString());
        properties.setProperty(ConfigKeys.APNS_KEY_ID.name(), FakeApns.KEY_ID);
        properties.setProperty(ConfigKeys.APNS_TEAM_ID.name(), FakeApns.TEAM_ID);
        properties.setProperty(ConfigKeys.APNS_TOPICS.name(), FakeApns.TOPIC);
        properties.setProperty(ConfigKeys.APNS_SERVER.name(), apns.host() + ':' + apns.port());
        properties.setProperty(
                ConfigKeys.APNS_TRUSTED.name(),
                apns.certificates()
                        .writeAuthority(directory.resolve("apns.pem"))
                        .toString());
        properties.setProperty(
                ConfigKeys.FCM_SERVICE_ACCOUNT.name(),
                fcm.writeServiceAccount(directory.resolve("fcm.json")).toString());
        properties.setProperty(ConfigKeys.FCM_ENDPOINT.name(), fcm.endpoint().toString());
        properties.setProperty(ConfigKeys.UNIFIED_PUSH_ALLOW.name(), "localhost");
        properties.setProperty(
                ConfigKeys.UNIFIED_PUSH_TRUSTED.name(),
                unifiedPush
                        .certificates()
                        .writeAuthority(directory.resolve("unifiedpush.pem"))
                        .toString());
        Path file = directory.resolve("nip-push.properties");
        try (Writer writer = Files.newBufferedWriter(file)) {
            properties.store(writer, null);
        }
        ServerConfig config = ConfigReader.read(Optional.of(file), Map.of(), directory);
        PushServer server = PushServer.start(config, KeyPair.generate(), out, watch);
        try {
            await("a connection to the relay", server::isReady);
        } catch (DemoException e) {
            server.stop(PATIENCE);
            throw e;
        }
        say("nip-push is ready: " + server.publicKey().npub());
        return server;
    }

    private void play(RelayUrl relay, RelayUrl endpoint, PublicKey server, List<Device> devices)
            throws DemoException, Failure {
        ControlWriter app = new ControlWriter(alice, server);
        try (RelayClient aliceAtRelay = RelayClient.connect(relay);
                RelayClient bobAtRelay = RelayClient.connect(relay);
                RelayClient feeder = RelayClient.connect(endpoint)) {
            for (Device device : devices) {
                int before = watch.applied.get();
                aliceAtRelay.publish(app.settings(
                        SettingsDraft.forDevice(device.address().text()).relays(List.of(relay)), now()));
                await("the registration of the " + device.name(), () -> watch.applied.get() > before);
                say("Alice registers her " + device.name() + " (" + device.address() + ")");
            }

            aliceAtRelay.publish(app.heartbeat(now()));
            await("Alice online", () -> watch.online);
            say("Alice opens the app: a heartbeat says that she is online");

            NostrEvent first = message(bobAtRelay);
            await("the first message held", () -> watch.held.contains(first.id()));
            say("Bob sends her a message: it is held, for she is looking at the app");

            aliceAtRelay.publish(app.heartbeat(now()));
            await("the first message dropped", () -> watch.dropped.get() == 1);
            say("the next heartbeat shows that she has seen it: it is dropped");
            expectPushes(devices, 0);

            aliceAtRelay.publish(app.offline(now()));
            await("Alice offline", () -> !watch.online);
            say("Alice closes the app: it says that it is offline");

            message(bobAtRelay);
            say("Bob sends a second message");
            awaitPushes(devices, 1);

            aliceAtRelay.publish(app.heartbeat(now()));
            await("Alice online again", () -> watch.online);
            say("Alice opens the app again, and her battery dies: no word after this heartbeat");

            NostrEvent third = message(bobAtRelay);
            await("the third message held", () -> watch.held.contains(third.id()));
            say("Bob sends a third message: it is held until the heartbeat is " + HEARTBEAT_TIMEOUT.toSeconds()
                    + " s old");
            awaitPushes(devices, 2);

            int before = watch.applied.get();
            aliceAtRelay.publish(app.logout(now()));
            await("the logout", () -> watch.applied.get() > before);
            say("Alice logs out");

            NostrEvent fourth = message(bobAtRelay);
            // The server no longer asks the relay for her messages, so the relay's operator feeds it this one.
            feeder.publish(fourth);
            await("an answer to the fourth message", () -> watch.outcomes.containsKey(fourth.id()));
            require(
                    watch.outcomes.get(fourth.id()) instanceof Outcome.Unwanted,
                    "the message after the logout was wanted by nobody");
            expectPushes(devices, 2);
            say("Bob sends a fourth message: nobody is pushed any more");
        }
    }

    private NostrEvent message(RelayClient relay) throws DemoException {
        NostrEvent event = bob.sign(
                Instant.now().getEpochSecond(),
                Kind.ENCRYPTED_DIRECT_MESSAGE,
                List.of(Tag.of("p", alice.publicKey().hex())),
                Nip04.encrypt(bob, alice.publicKey(), "Hello Alice, are you there?"));
        relay.publish(event);
        return event;
    }

    /** A later second for each message of the app: within one second, heartbeat and offline are not in order. */
    private Instant now() {
        lastSecond = Math.max(Instant.now().getEpochSecond(), lastSecond + 1);
        return Instant.ofEpochSecond(lastSecond);
    }

    private void awaitPushes(List<Device> devices, int count) throws DemoException {
        for (Device device : devices) {
            await(
                    "push number " + count + " on the " + device.name(),
                    () -> device.pushes() >= count && watch.accepted(device.address()) >= count);
            Gateway.Received push = device.gateway().received().last();
            say("  push to her " + device.name() + ": \"" + push.title() + "\"");
        }
        expectPushes(devices, count);
    }

    private void expectPushes(List<Device> devices, int count) throws DemoException {
        for (Device device : devices) {
            long pushes = device.pushes();
            require(
                    pushes == count,
                    "the " + device.name() + " has had " + count + " pushes in all, and not " + pushes);
        }
    }

    private static void require(boolean holds, String what) throws DemoException {
        if (!holds) {
            throw new DemoException(what);
        }
    }

    private static void await(String what, BooleanSupplier condition) throws DemoException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            require(System.nanoTime() < deadline, what + ", within " + PATIENCE.toSeconds() + " s");
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    private void say(String step) {
        double seconds = (System.nanoTime() - startedAt) / 1e9;
        out.println(String.format(Locale.ROOT, "%5.1f s  %s", seconds, step));
    }

    private static void delete(Path directory) throws Failure {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(directory);
        } catch (IOException e) {
            throw new Failure("cannot remove " + directory, e);
        }
    }

    /** What the engine says of itself. */
    private static final class Watch implements PushListener {

        private final AtomicInteger applied = new AtomicInteger();
        private final AtomicInteger dropped = new AtomicInteger();
        private final Set<EventId> held = ConcurrentHashMap.newKeySet();
        private final Map<EventId, Outcome> outcomes = new ConcurrentHashMap<>();
        private final List<DeviceAddress> accepted = new ArrayList<>();
        private volatile boolean online;

        synchronized long accepted(DeviceAddress device) {
            return accepted.stream().filter(device::equals).count();
        }

        @Override
        public void answered(EventId event, int kind, Source source, Outcome outcome) {
            outcomes.put(event, outcome);
        }

        @Override
        public void controlApplied(PublicKey account, ControlMessage message) {
            applied.incrementAndGet();
        }

        @Override
        public void presenceChanged(PublicKey account, boolean nowOnline) {
            online = nowOnline;
        }

        @Override
        public void held(PublicKey account, EventId event) {
            held.add(event);
        }

        @Override
        public void dropped(PublicKey account, int events) {
            dropped.addAndGet(events);
        }

        @Override
        public synchronized void settled(DeviceAddress device, EventId event, Ending ending) {
            if (ending == Ending.ACCEPTED) {
                accepted.add(device);
            }
        }
    }
}
