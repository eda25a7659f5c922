package dev.nippush.tests.simulation;

import dev.nippush.NipPush;
import dev.nippush.account.Interest;
import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.ControlWriter;
import dev.nippush.control.Outcome;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.EventId;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.store.Ending;
import dev.nippush.store.Lease;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushKey;
import dev.nippush.store.PushStore;
import dev.nippush.testkit.VirtualExecutor;
import dev.nippush.testkit.VirtualTime;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** One world, made by a seed: who lives in it, what they do, and what goes wrong. */
final class World implements Relays.Door, Provider.Referee, SlowStore.Watcher {

    private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
    /** One more, and the engine is busy. */
    private static final int OPEN_PER_SOURCE = 256;

    private static final List<String> GROUPS = List.of("pizza", "f".repeat(64), "chess");
    private static final Set<String> TAKEN_OR_DUPLICATE = Set.of("taken", "duplicate");
    private static final List<Integer> SOME_KINDS = List.of(1, 4, 7, 9, 42, 1059, 9735, 13);

    private final long seed;
    private final Keys keys;
    private final Random random;
    private final VirtualTime time;
    private final StringBuilder trace = new StringBuilder();
    private final List<String> failures = new ArrayList<>();

    private final Disk disk = new Disk();
    private final SlowStore.Trouble trouble = new SlowStore.Trouble();
    private final Provider.Mood apple = new Provider.Mood();
    private final Provider.Mood other = new Provider.Mood();
    private final Relays relays;
    private final Model model;
    private final List<RelayUrl> home;

    private final List<Client> clients = new ArrayList<>();
    private final Map<EventId, Said> said = new HashMap<>();
    private final Set<NostrEvent> forgeries = new HashSet<>();
    private final List<NostrEvent> published = new ArrayList<>();
    private final List<NostrEvent> controls = new ArrayList<>();
    private final Map<EventId, String> names = new HashMap<>();
    private final Map<DeviceAddress, String> deviceNames = new LinkedHashMap<>();

    private @Nullable NipPush engine;
    private @Nullable Life life;
    private @Nullable SlowStore store;
    private int lives;
    private int open;
    private final Map<String, Integer> openOf = new HashMap<>();
    private boolean doorOpen;
    private final Set<PushKey> asked = new HashSet<>();
    private final Set<PushKey> accepted = new HashSet<>();
    private final Map<PushKey, Integer> acceptedInLife = new HashMap<>();
    private final Set<PushKey> rejected = new HashSet<>();
    private int sends;

    /** An app with its user. */
    private final class Client {
        final String name;
        final KeyPair key;
        final ControlWriter writer;
        final List<String> devices;
        final int skewSeconds;
        int next;
        boolean foreground;
        boolean loggedIn;
        int heartbeats;

        @Nullable
        NostrEvent settings;

        Client(String name, KeyPair key, List<String> devices) {
            this.name = name;
            this.key = key;
            this.writer = new ControlWriter(key, keys.server().publicKey());
            this.devices = devices;
            this.skewSeconds = random.nextInt(3) == 0 ? random.nextInt(41) - 20 : 0;
        }

        Instant clock() {
            return time.now().plusSeconds(skewSeconds);
        }
    }

    /** The keys of a world; made once for many, because they cost a multiplication on the curve each. */
    record Keys(KeyPair server, List<KeyPair> users, List<KeyPair> senders) {

        static Keys make() {
            List<KeyPair> made = new ArrayList<>();
            for (int i = 1; i <= 10; i++) {
                made.add(KeyPair.ofHex(String.format("%02x", 17 * i).repeat(32)));
            }
            return new Keys(made.get(0), made.subList(1, 5), made.subList(5, 10));
        }

        Keys with(long seed) {
            FakeCurve curve = new FakeCurve();
            return new Keys(
                    server.with(curve),
                    users.stream()
                            .map(key -> key.with(curve).with(new SeededSecureRandom(seed)))
                            .toList(),
                    senders.stream()
                            .map(key -> key.with(curve).with(new SeededSecureRandom(seed)))
                            .toList());
        }
    }

    World(long seed, Keys keys) {
        this.seed = seed;
        this.keys = keys.with(seed);
        this.random = new Random(seed * 0x9E3779B97F4A7C15L + 1);
        VirtualExecutor executor =
                random.nextBoolean() ? new VirtualExecutor() : new VirtualExecutor(new Random(seed + 77));
        this.time = new VirtualTime(START, executor);
        this.home = random.nextInt(5) == 0
                ? List.of()
                : List.of(RelayUrl.of("wss://home.example"), RelayUrl.of("wss://second.example"));
        this.relays = new Relays(
                time, random, home, List.of(RelayUrl.of("wss://blue.example"), RelayUrl.of("wss://green.example")));
        this.model = new Model(home, disk);
        apple.heal();
        other.heal();
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            List<String> devices = new ArrayList<>();
            for (int j = 0; j < 1 + random.nextInt(2); j++) {
                devices.add(deviceId(10 * i + j));
            }
            clients.add(new Client("ABC".substring(i, i + 1), this.keys.users().get(i), devices));
        }
    }

    private String deviceId(int number) {
        String id = switch (random.nextInt(4)) {
            case 0 -> String.format("%02x", 0xA0 + number).repeat(32);
            case 1 -> "FirebaseTokenOfPhone" + number;
            case 2 -> "https://push.example.com/phone" + number;
            default -> "sim://phone" + number;
        };
        deviceNames.put(address(id), "phone" + number);
        return id;
    }

    private static DeviceAddress address(String id) {
        return new DeviceAddressReader(List.of()).read(id).orElseThrow();
    }

    /** At a whole millisecond. */
    static void later(VirtualTime time, int millis, Runnable task) {
        long now = time.nanoTime();
        long begun = Math.floorMod(now, 1_000_000L);
        long toNext = begun == 0 ? 0 : 1_000_000L - begun;
        time.schedule(Duration.ofNanos(toNext + 1_000_000L * millis), task);
    }

    // ---- the course of events

    /** What came of it. */
    record Report(String trace, int sends, int decided, int tainted) {}

    /** Lets it happen. */
    Report run() {
        Logs.takeErrors();
        try {
            start();
            int steps = 50 + random.nextInt(60);
            for (int i = 0; i < steps; i++) {
                act();
                time.runAll();
                check();
                time.advance(Duration.ofMillis(pause()));
                check();
            }
            end();
        } catch (RuntimeException | Error e) {
            if (!(e instanceof SimulationFailure)) {
                failures.add("thrown: " + e);
                throw new SimulationFailure(seed, failures, trace.toString(), e);
            }
            throw e;
        }
        return new Report(trace.toString(), sends, model.decided(), model.tainted());
    }

    private int pause() {
        int roll = random.nextInt(100);
        if (roll < 50) {
            return 1 + random.nextInt(2_000);
        }
        if (roll < 80) {
            return 2_000 + random.nextInt(38_000);
        }
        return roll < 96 ? 40_000 + random.nextInt(120_000) : 160_000 + random.nextInt(540_000);
    }

    private void act() {
        Client client = clients.get(random.nextInt(clients.size()));
        int roll = random.nextInt(200);
        if (seed % 10 == 0 && random.nextInt(25) == 0) {
            storm(client);
        } else if (roll < 70) {
            publishSomething(client);
        } else if (roll < 95) {
            comeOrGo(client);
        } else if (roll < 103) {
            note(client.name + " dies without a word");
            client.foreground = false;
            client.heartbeats++;
        } else if (roll < 118) {
            settings(client);
        } else if (roll < 124) {
            resendSettings(client);
        } else if (roll < 129) {
            logout(client);
        } else if (roll < 134) {
            takeover(client);
        } else if (roll < 141) {
            forge();
        } else if (roll < 148) {
            int relay = random.nextInt(relays.count());
            boolean up = random.nextBoolean();
            note("relay " + relay + (up ? " comes up" : " goes down"));
            relays.set(relay, up);
        } else if (roll < 153) {
            int relay = random.nextInt(relays.count());
            note("relay " + relay + " is interrupted");
            relays.interrupt(relay);
        } else if (roll < 164) {
            changeMood(random.nextBoolean() ? apple : other);
        } else if (roll < 174) {
            trouble.maxDelayMillis = new int[] {0, 20, 500, 8_000}[random.nextInt(4)];
            trouble.failureRate = random.nextInt(3) == 0 ? 0.3 : 0;
            note("the disk takes up to " + trouble.maxDelayMillis + " ms, fails " + trouble.failureRate);
        } else if (roll < 180) {
            crash();
        } else if (roll < 182) {
            stop();
        } else if (roll < 190) {
            repeatSomething();
        } else if (roll < 194) {
            repeatControl();
        } else if (roll < 196) {
            burst(client, 40);
        } else {
            comeTogether(client);
        }
    }

    // ---- the process

    private void start() {
        Life begun = new Life(time);
        life = begun;
        lives++;
        open = 0;
        openOf.clear();
        store = new SlowStore(disk, begun, random, trouble, this);
        RetryPolicy retries = new RetryPolicy(Duration.ofSeconds(1), Duration.ofMinutes(2), Duration.ofHours(24));
        NipPush.Builder builder = NipPush.builder(keys.server())
                .secp256k1(new FakeCurve())
                .time(begun)
                .executor(begun)
                .random(random)
                .store(store)
                .retryPolicy(retries)
                .homeRelays(home)
                .relays(relays.gateway(this))
                .transport(new Provider(
                        "apple", device -> device.channel().equals(Channel.APNS), begun, random, apple, this))
                .transport(new Provider("other", device -> true, begun, random, other, this));
        engine = builder.build();
        note("the process starts");
        model.started(now());
        CompletionStage<Void> started = engine.start();
        doorOpen = true;
        time.executor().runAll();
        if (!started.toCompletableFuture().isDone()) {
            fail("the engine does not start");
        }
    }

    private void crash() {
        if (life == null) {
            start();
            return;
        }
        note("the process is killed");
        kill();
        time.advance(Duration.ofMillis(random.nextInt(3) == 0 ? 0 : random.nextInt(60_000)));
        start();
    }

    private void kill() {
        // What landed without an answer could not be told from what was lost.
        double rate = trouble.failureRate;
        trouble.failureRate = 0;
        while (store.owesAnswers()) {
            time.advance(Duration.ofMillis(100));
        }
        trouble.failureRate = rate;
        model.advanceTo(now());
        life.kill();
        doorOpen = false;
        relays.disconnectAll();
        if (!disk.foldedIntoNothing.isEmpty()) {
            fail("a crash leaves pushes folded into nothing: " + disk.foldedIntoNothing.keySet());
        }
        model.crashed(now());
        life = null;
        engine = null;
    }

    private void stop() {
        note("the process is stopped");
        doorOpen = false;
        CompletionStage<Void> stopped = engine.stop();
        time.advance(Duration.ofSeconds(9));
        if (!stopped.toCompletableFuture().isDone()) {
            fail("the engine does not stop");
        }
        kill();
        start();
    }

    private void end() {
        note("everything works again, and the clients fall silent");
        apple.heal();
        other.heal();
        trouble.maxDelayMillis = 0;
        trouble.failureRate = 0;
        for (Client client : clients) {
            client.foreground = false;
            client.heartbeats++;
        }
        relays.healAll();
        for (int i = 0; i < 16; i++) {
            time.advance(Duration.ofMillis(150_001));
            check();
        }
        if (open > 0) {
            fail(open + " events have no outcome");
        }
        model.unfinished().forEach(this::fail);
        CompletionStage<Void> stopped = engine.stop();
        time.runAll();
        if (!stopped.toCompletableFuture().isDone()) {
            fail("the engine, at rest, does not stop at once");
        }
        life.kill();
        for (int i = 0; i < Partition.COUNT; i++) {
            Lease lease = disk.rows
                    .acquire(new Partition(Partition.Kind.DEVICES, i))
                    .toCompletableFuture()
                    .join();
            for (OwedPush push : disk.rows
                    .due(lease, Instant.MAX, PushStore.Except.NOTHING, 1_000)
                    .toCompletableFuture()
                    .join()) {
                fail("still owed: " + name(push.key()));
            }
        }
        if (!disk.held.isEmpty()) {
            fail("still held: " + disk.held.size());
        }
        throwFailures();
    }

    private void check() {
        if (life != null && doorOpen && store.isIdle() && time.executor().waiting() == 0) {
            model.advanceTo(now());
            model.compare().forEach(this::fail);
        }
        Logs.takeErrors().forEach(line -> fail("logged: " + line));
        throwFailures();
    }

    private void throwFailures() {
        if (!failures.isEmpty()) {
            throw new SimulationFailure(seed, failures, trace.toString(), null);
        }
    }

    // ---- what clients do

    private void say(Client client, NostrEvent event, Said meant) {
        said.put(event.id(), meant);
        controls.add(event);
        names.putIfAbsent(
                event.id(), client.name + "-" + meant.sort().toString().toLowerCase() + controls.size());
        spread(event);
    }

    private void spread(NostrEvent event) {
        int held = random.nextInt(12) == 0 ? 30_000 + random.nextInt(260_000) : 0;
        for (int i = 0; i < relays.count(); i++) {
            int relay = i;
            if (relays.isHome(relay) && random.nextInt(12) > 0) {
                later(time, held + controlDelay(), () -> relays.publish(relay, event, true));
            }
        }
        if (home.isEmpty() || random.nextInt(12) == 0) {
            Source source = random.nextBoolean() ? Source.host() : Source.endpoint("10.0.0.7");
            later(time, held + random.nextInt(300), () -> event(event, source));
        }
        if (random.nextInt(40) == 0) {
            later(time, random.nextInt(300), () -> event(event, Source.relay(RelayUrl.of("wss://blue.example"))));
        }
    }

    private int controlDelay() {
        return switch (random.nextInt(10)) {
            case 0 -> random.nextInt(20_000);
            default -> random.nextInt(400);
        };
    }

    private void heartbeat(Client client) {
        say(client, client.writer.heartbeat(client.clock()), Said.plain(Said.Sort.HEARTBEAT));
        int number = ++client.heartbeats;
        later(time, 60_000, () -> {
            if (client.heartbeats == number && client.foreground) {
                heartbeat(client);
            }
        });
    }

    private void comeOrGo(Client client) {
        if (client.foreground) {
            note(client.name + " goes to the background");
            client.foreground = false;
            client.heartbeats++;
            say(client, client.writer.offline(client.clock()), Said.plain(Said.Sort.OFFLINE));
            return;
        }
        note(client.name + " comes to the foreground");
        client.foreground = true;
        if (!client.loggedIn) {
            login(client);
        } else if (client.settings != null && random.nextBoolean()) {
            spread(client.settings);
        }
        heartbeat(client);
    }

    private void login(Client client) {
        client.loggedIn = true;
        if (random.nextInt(4) == 0) {
            // What iOS sends first.
            sendSettings(client, client.devices.get(0), null, null, List.of(), List.of(), List.of(client), null);
        }
        List<PublicKey> authors = random.nextBoolean()
                ? List.of(
                        keys.senders().get(0).publicKey(), keys.senders().get(1).publicKey())
                : List.of();
        List<Integer> kinds = random.nextInt(3) == 0 ? SOME_KINDS : null;
        sendSettings(
                client,
                client.devices.get(random.nextInt(client.devices.size())),
                kinds,
                someRelays(),
                authors,
                someGroups(),
                someoneToWatch(client),
                random.nextInt(5) == 0 ? Boolean.TRUE : null);
    }

    private @Nullable List<Client> someoneToWatch(Client client) {
        return switch (random.nextInt(8)) {
            case 0, 1 -> null;
            case 2 -> clients;
            default -> List.of(client);
        };
    }

    private List<RelayUrl> someRelays() {
        List<RelayUrl> some = new ArrayList<>();
        for (int i = 0; i < relays.count(); i++) {
            if (!relays.isHome(i) && random.nextInt(4) > 0) {
                some.add(relays.url(i));
            }
        }
        return some;
    }

    private List<String> someGroups() {
        return GROUPS.stream().filter(group -> random.nextBoolean()).toList();
    }

    private void sendSettings(
            Client client,
            @Nullable String device,
            @Nullable List<Integer> kinds,
            @Nullable List<RelayUrl> named,
            @Nullable List<PublicKey> authors,
            @Nullable List<String> e,
            @Nullable List<Client> p,
            @Nullable Boolean online) {
        SettingsDraft draft = SettingsDraft.forDevice(device == null ? "" : device);
        List<PublicKey> mentioned =
                p == null ? null : p.stream().map(each -> each.key.publicKey()).toList();
        if (kinds != null) {
            draft.kinds(kinds);
        }
        if (named != null) {
            draft.relays(named);
        }
        if (authors != null) {
            draft.authors(authors);
        }
        if (e != null) {
            draft.e(e);
        }
        if (mentioned != null) {
            draft.p(mentioned);
        }
        if (online != null) {
            draft.online(online);
        }
        NostrEvent event = client.writer.settings(draft, client.clock());
        client.settings = event;
        say(
                client,
                event,
                new Said(
                        Said.Sort.SETTINGS,
                        online,
                        device == null ? null : address(device),
                        kinds,
                        named,
                        authors,
                        e,
                        mentioned));
    }

    private void settings(Client client) {
        note(client.name + " changes its settings");
        client.loggedIn = true;
        switch (random.nextInt(9)) {
            case 0 -> sendSettings(client, null, List.of(), null, null, null, null, null);
            case 1 -> sendSettings(client, null, SOME_KINDS, null, null, null, null, null);
            case 2 -> sendSettings(client, null, null, someRelays(), null, null, null, null);
            case 3 -> sendSettings(client, null, null, null, null, someGroups(), null, null);
            case 4 ->
                sendSettings(
                        client, null, null, null, null, null, random.nextBoolean() ? List.of() : List.of(client), null);
            case 5 -> {
                if (client.devices.size() < 7) {
                    client.devices.add(deviceId(100 * (clients.indexOf(client) + 1) + ++client.next));
                }
                String device = client.devices.get(client.devices.size() - 1);
                sendSettings(client, device, null, null, null, null, null, null);
            }
            case 6 -> sendSettings(client, client.devices.get(0), null, null, null, null, null, false);
            case 7 ->
                sendSettings(
                        client,
                        client.devices.get(0).toUpperCase().startsWith("A")
                                ? client.devices.get(0).toUpperCase()
                                : client.devices.get(0),
                        null,
                        null,
                        null,
                        null,
                        null,
                        null);
            default -> login(client);
        }
    }

    private void resendSettings(Client client) {
        if (client.settings != null) {
            note(client.name + " sends its settings again, unchanged");
            spread(client.settings);
        }
    }

    private void logout(Client client) {
        if (client.devices.size() > 1 && random.nextInt(3) == 0) {
            String device = client.devices.get(random.nextInt(client.devices.size()));
            note(client.name + " logs " + deviceNames.get(address(device)) + " out");
            say(client, client.writer.logout(device, client.clock()), Said.logout(address(device)));
            return;
        }
        note(client.name + " logs out");
        client.loggedIn = false;
        client.foreground = false;
        client.heartbeats++;
        say(client, client.writer.logout(client.clock()), Said.plain(Said.Sort.LOGOUT));
    }

    private void takeover(Client client) {
        Client from = clients.get(random.nextInt(clients.size()));
        String device = from.devices.get(random.nextInt(from.devices.size()));
        note(client.name + " registers " + deviceNames.get(address(device)));
        client.loggedIn = true;
        sendSettings(client, device, null, null, null, null, null, random.nextInt(3) == 0 ? Boolean.FALSE : null);
    }

    private void repeatControl() {
        if (!controls.isEmpty()) {
            NostrEvent event = controls.get(Math.max(0, controls.size() - 1 - random.nextInt(12)));
            note(name(event.id()) + " is replayed");
            spread(event);
        }
    }

    // ---- what comes for them

    private void publishSomething(Client client) {
        publish(somethingFor(client));
    }

    private NostrEvent somethingFor(Client client) {
        KeyPair sender = keys.senders().get(random.nextInt(4));
        PublicKey to = client.key.publicKey();
        long now = time.now().getEpochSecond();
        Tag p = Tag.of("p", to.hex());
        String text = "message " + published.size();
        String group = GROUPS.get(random.nextInt(GROUPS.size()));
        return switch (random.nextInt(16)) {
            case 0, 1 -> sender.sign(now, Kind.ENCRYPTED_DIRECT_MESSAGE, List.of(p), text);
            case 2, 3, 4 -> sender.sign(now - random.nextInt(172_800), Kind.GIFT_WRAP, List.of(p), text);
            case 5 -> sender.sign(now, Kind.TEXT_NOTE, List.of(p), text);
            case 6 -> sender.sign(now, Kind.GROUP_CHAT, List.of(Tag.of("h", group)), text);
            case 7 -> sender.sign(now, Kind.CHANNEL_MESSAGE, List.of(Tag.of("e", group), p), text);
            case 8 -> keys.senders().get(4).sign(now, Kind.ZAP, List.of(p), text);
            case 9 ->
                sender.sign(
                        now - random.nextInt(172_800),
                        Kind.GIFT_WRAP,
                        random.nextBoolean()
                                ? List.of(p, Tag.of("k", "25050"))
                                : List.of(
                                        p,
                                        Tag.of("k", "25050"),
                                        Tag.of("expiration", Long.toString(now + 20 + random.nextInt(120)))),
                        text);
            case 10 -> sender.sign(now, Kind.GIFT_WRAP, List.of(p, Tag.of("k", "25051")), text);
            case 11 -> client.key.sign(now, Kind.TEXT_NOTE, List.of(p), text);
            case 12 ->
                sender.sign(
                        now,
                        Kind.REACTION,
                        List.of(Tag.of("p", sender.publicKey().hex())),
                        text);
            case 13 ->
                sender.sign(
                        now,
                        Kind.ENCRYPTED_DIRECT_MESSAGE,
                        List.of(p, Tag.of("expiration", Long.toString(now - 100 + random.nextInt(1_000)))),
                        text);
            case 14 ->
                sender.sign(
                        now + (random.nextBoolean() ? 1_200 : -90_000 - random.nextInt(200_000)),
                        random.nextBoolean() ? Kind.TEXT_NOTE : Kind.GIFT_WRAP,
                        List.of(p),
                        text);
            default ->
                sender.sign(
                        now - random.nextInt(600),
                        Kind.ENCRYPTED_DIRECT_MESSAGE,
                        clients.stream()
                                .map(each -> Tag.of("p", each.key.publicKey().hex()))
                                .toList(),
                        text);
        };
    }

    private void publish(NostrEvent event) {
        published.add(event);
        names.put(event.id(), "e" + published.size());
        note(name(event.id()) + " of kind " + event.kind() + " is published, dated "
                + (event.createdAt() - time.now().getEpochSecond()) + " s");
        if (random.nextInt(8) == 0) {
            Source source = random.nextBoolean() ? Source.host() : Source.feeder("strfry");
            later(time, random.nextInt(300), () -> event(event, source));
        }
        int first = random.nextInt(relays.count());
        for (int i = 0; i < relays.count(); i++) {
            int relay = i;
            if (relay == first || random.nextInt(3) == 0) {
                int delay = random.nextInt(6) == 0 ? random.nextInt(30_000) : random.nextInt(300);
                later(time, delay, () -> relays.publish(relay, event, true));
            }
        }
    }

    /** Something comes in, and in the same millisecond a sign of life. */
    private void comeTogether(Client client) {
        NostrEvent event = somethingFor(client);
        published.add(event);
        names.put(event.id(), "e" + published.size());
        note(name(event.id()) + " comes together with a message of " + client.name);
        later(time, 0, () -> {
            event(event, Source.host());
            boolean stays = random.nextBoolean();
            NostrEvent sign = stays ? client.writer.heartbeat(time.now()) : client.writer.offline(time.now());
            said.put(sign.id(), Said.plain(stays ? Said.Sort.HEARTBEAT : Said.Sort.OFFLINE));
            controls.add(sign);
            names.put(sign.id(), client.name + (stays ? "-heartbeat" : "-offline") + controls.size());
            event(sign, Source.host());
        });
    }

    private void repeatSomething() {
        if (!published.isEmpty()) {
            NostrEvent event = published.get(random.nextInt(published.size()));
            int relay = random.nextInt(relays.count());
            note(name(event.id()) + " comes to relay " + relay + " once more");
            relays.publish(relay, event, true);
        }
    }

    private void burst(Client client, int size) {
        note(size + " events at once for " + client.name);
        for (int i = 0; i < size; i++) {
            NostrEvent event = somethingFor(client);
            published.add(event);
            names.put(event.id(), "e" + published.size());
            int relay = home.isEmpty() ? random.nextInt(relays.count()) : 0;
            later(time, random.nextInt(3_000), () -> relays.publish(relay, event, true));
        }
    }

    /** More than a device may have waiting, while no provider takes anything, and then a crash. */
    private void storm(Client client) {
        if (!client.loggedIn) {
            login(client);
        }
        client.foreground = true;
        comeOrGo(client);
        time.advance(Duration.ofSeconds(2));
        apple.heal();
        apple.later = 1;
        other.heal();
        other.later = 1;
        trouble.maxDelayMillis = 500;
        burst(client, 220);
        time.advance(Duration.ofMillis(500 + random.nextInt(3_500)));
        crash();
    }

    private void forge() {
        boolean control = random.nextInt(3) == 0;
        List<NostrEvent> real = control ? controls : published;
        if (real.isEmpty()) {
            return;
        }
        NostrEvent event = real.get(real.size() - 1 - random.nextInt(Math.min(8, real.size())));
        List<Tag> tags = new ArrayList<>(event.tags());
        String sig = event.sig();
        if (random.nextBoolean()) {
            sig = (sig.charAt(0) == '0' ? '1' : '0') + sig.substring(1);
        } else {
            for (Client client : clients) {
                tags.add(0, Tag.of("p", client.key.publicKey().hex()));
            }
        }
        NostrEvent forged =
                new NostrEvent(event.id(), event.pubkey(), event.createdAt(), event.kind(), tags, event.content(), sig);
        if (forged.equals(event)) {
            return;
        }
        forgeries.add(forged);
        note(name(event.id()) + " is forged");
        Source source = home.isEmpty() ? Source.host() : Source.homeRelay(home.get(0));
        later(time, random.nextInt(100), () -> event(forged, source));
    }

    private void changeMood(Provider.Mood mood) {
        mood.heal();
        mood.maxDelayMillis = random.nextInt(4) == 0 ? 20_000 : 300;
        switch (random.nextInt(8)) {
            case 0 -> mood.later = 0.6;
            case 1 -> mood.silent = 0.5;
            case 2 -> mood.gone = 0.2;
            case 3 -> mood.refusesDevice = 0.2;
            case 4, 5 -> mood.refusesCredentials = true;
            case 6 -> mood.later = 1;
            default -> mood.refusesMessage = 0.3;
        }
        note((mood == apple ? "apple" : "other") + " changes: later " + mood.later + ", silent " + mood.silent
                + ", gone " + mood.gone + ", refuses devices " + mood.refusesDevice + ", messages "
                + mood.refusesMessage + ", credentials " + mood.refusesCredentials);
    }

    // ---- the door

    @Override
    public boolean isOpen() {
        return doorOpen;
    }

    @Override
    public void event(NostrEvent event, Source source) {
        if (!doorOpen) {
            return;
        }
        boolean control = event.kind() == Kind.PUSH_CONTROL;
        boolean forged = forgeries.contains(event);
        if (control) {
            if (model.meetsLostMark(event.pubkey(), event.createdAt())) {
                return;
            }
            if (model.mustWait()) {
                later(time, 250, () -> event(event, source));
                return;
            }
        }
        if (openOf.getOrDefault(source.key(), 0) >= OPEN_PER_SOURCE) {
            later(time, 250, () -> event(event, source));
            return;
        }
        model.advanceTo(now());
        Model.Expectation expected = control
                ? model.control(event, said.get(event.id()), source, forged, now())
                : new Model.Expectation(model.event(event, source, forged, now()), null);
        int inLife = lives;
        open++;
        openOf.merge(source.key(), 1, Integer::sum);
        CompletionStage<Outcome> stage =
                random.nextBoolean() ? engine.accept(event, source) : engine.accept(event.toJson(), source);
        stage.whenComplete((outcome, failure) -> {
            if (inLife != lives) {
                return;
            }
            open--;
            openOf.merge(source.key(), -1, Integer::sum);
            String answer = failure != null ? "failure " + failure : word(outcome);
            note(name(event.id()) + (forged ? " (forged)" : "") + " from " + source + ": " + answer);
            model.answered(expected);
            // Who tries again cannot tell what was decided before from what the first try decided.
            boolean unsure = store.hasFailed()
                    && TAKEN_OR_DUPLICATE.contains(answer)
                    && expected.answers.stream().anyMatch(TAKEN_OR_DUPLICATE::contains);
            if (!expected.answers.contains(answer) && !unsure) {
                fail(name(event.id()) + " from " + source + " was answered " + answer + " instead of "
                        + expected.answers);
            }
        });
        time.executor().runAll();
    }

    private static String word(Outcome outcome) {
        if (outcome instanceof Outcome.Refused refused) {
            return refused.code().code();
        }
        return outcome.getClass().getSimpleName().toLowerCase();
    }

    @Override
    public boolean caughtUp(RelayUrl relay, PublicKey account, Interest interest) {
        long began = interest.began().toEpochMilli();
        if (model.eoseMustWait(account, relay, began)) {
            return false;
        }
        model.advanceTo(now());
        note(relay + " has sent all that it had stored for " + nameOf(account));
        model.caughtUp(account, relay, began);
        return true;
    }

    @Override
    public void hearing(boolean hearing) {
        model.advanceTo(now());
        note(hearing ? "the server hears" : "the server is deaf");
        model.hearing(hearing, now());
    }

    // ---- the providers

    @Override
    public void asked(PushMessage message) {
        sends++;
        PushKey push = disk.byCollapseKey.get(message.collapseKey());
        if (push == null || !push.device().equals(message.address())) {
            fail("a push went out whose claim is not on disk");
            return;
        }
        model.advanceTo(now());
        note(name(push) + " is sent");
        asked.add(push);
        if (!message.expiresAt().isAfter(time.now())) {
            fail(name(push) + " is sent after its lifetime");
        }
        if (disk.settled.containsKey(push)) {
            fail(name(push) + " is sent, but ended before as " + disk.settled.get(push));
        }
        if (acceptedInLife.getOrDefault(push, 0) == lives) {
            fail(name(push) + " is sent again after it was accepted");
        }
        String objection = model.objectionTo(push, now());
        if (objection != null) {
            fail(name(push) + " is sent, but " + objection);
        }
    }

    @Override
    public void delivered(PushMessage message) {
        note(name(message) + " is shown");
    }

    @Override
    public PushResult answers(PushMessage message, PushResult result, Instant askedAt) {
        PushKey push = disk.byCollapseKey.get(message.collapseKey());
        if (push == null) {
            return result;
        }
        model.advanceTo(now());
        if (result instanceof PushResult.Accepted) {
            accepted.add(push);
            acceptedInLife.put(push, lives);
        } else if (result instanceof PushResult.Rejected refused && refused.fault() != Fault.CREDENTIALS) {
            if (!model.isLive(push)) {
                return PushResult.retryLater("as the seed says");
            }
            rejected.add(push);
            if (refused.fault() == Fault.DEVICE) {
                model.deviceRejected(push, askedAt.toEpochMilli());
            }
        } else if (result instanceof PushResult.DeviceGone gone) {
            if (!model.isLive(push)) {
                return PushResult.retryLater("as the seed says");
            }
            model.deviceGone(push, gone.since().orElse(askedAt).toEpochMilli(), now());
        }
        note(name(push) + " is answered " + result);
        return result;
    }

    @Override
    public void noAnswer(PushMessage message) {
        note(name(message) + " gets no answer");
    }

    // ---- the disk

    @Override
    public void settled(OwedPush push, Ending ending) {
        note(name(push.key()) + " ends as " + ending);
        model.advanceTo(now());
        String objection = model.objectionTo(push, ending, asked, accepted, rejected, now());
        if (objection != null) {
            fail(name(push.key()) + ": " + objection);
        }
    }

    @Override
    public void wrong(String what) {
        fail(what);
    }

    // ---- telling

    private long now() {
        return time.now().toEpochMilli();
    }

    private void fail(String what) {
        String named = what;
        for (Map.Entry<EventId, String> each : names.entrySet()) {
            named = named.replace(each.getKey().toString(), each.getValue());
        }
        for (Client client : clients) {
            named = named.replace(client.key.publicKey().toString(), client.name);
        }
        for (Map.Entry<DeviceAddress, String> each : deviceNames.entrySet()) {
            named = named.replace(each.getKey().toString(), each.getValue());
        }
        note("WRONG: " + named);
        failures.add(named);
    }

    private void note(String line) {
        Duration since = Duration.between(START, time.now());
        trace.append(String.format("%9.3f  ", since.toNanos() / 1e9))
                .append(line)
                .append('\n');
    }

    private String name(EventId event) {
        return names.getOrDefault(event, event.hex());
    }

    private String name(PushKey push) {
        return name(push.event()) + " to " + deviceNames.getOrDefault(push.device(), "?");
    }

    private String name(PushMessage message) {
        PushKey push = disk.byCollapseKey.get(message.collapseKey());
        return push == null ? "?" : name(push);
    }

    private String nameOf(PublicKey account) {
        return clients.stream()
                .filter(client -> client.key.publicKey().equals(account))
                .map(client -> client.name)
                .findFirst()
                .orElse("?");
    }
}
