package dev.nippush.tests.simulation;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.ControlWriter;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.EventId;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.testkit.VirtualTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Who uses the server: people with their apps, and those who write to them. */
final class People {

    private static final List<String> GROUPS = List.of("pizza", "f".repeat(64), "chess");
    private static final List<Integer> SOME_KINDS = List.of(1, 4, 7, 9, 42, 1059, 9735, 13);

    private final World.Keys keys;
    private final Random random;
    private final VirtualTime time;
    private final Chronicle chronicle;
    private final Relays relays;
    private final World world;

    private final List<Client> clients = new ArrayList<>();
    private final Map<EventId, Said> said = new HashMap<>();
    private final List<NostrEvent> published = new ArrayList<>();
    private final List<NostrEvent> controls = new ArrayList<>();

    /** An app with its user. */
    final class Client {
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
            return world.trueTime().plusSeconds(skewSeconds);
        }
    }

    People(World world, World.Keys keys, Random random, VirtualTime time, Chronicle chronicle, Relays relays) {
        this.world = world;
        this.keys = keys;
        this.random = random;
        this.time = time;
        this.chronicle = chronicle;
        this.relays = relays;
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            List<String> devices = new ArrayList<>();
            for (int j = 0; j < 1 + random.nextInt(2); j++) {
                devices.add(deviceId(10 * i + j));
            }
            Client client = new Client("ABC".substring(i, i + 1), keys.users().get(i), devices);
            chronicle.name(client.key.publicKey(), client.name);
            clients.add(client);
        }
    }

    private String deviceId(int number) {
        String id = switch (random.nextInt(4)) {
            case 0 -> String.format("%02x", 0xA0 + number).repeat(32);
            case 1 -> "FirebaseTokenOfPhone" + number;
            case 2 -> "https://push.example.com/phone" + number;
            default -> "sim://phone" + number;
        };
        chronicle.name(address(id), "phone" + number);
        return id;
    }

    private static DeviceAddress address(String id) {
        return new DeviceAddressReader(List.of()).read(id).orElseThrow();
    }

    Client someone() {
        return clients.get(random.nextInt(clients.size()));
    }

    /** What its sender meant by a control message. */
    Said meaning(NostrEvent control) {
        return said.get(control.id());
    }

    boolean isHeartbeat(NostrEvent event) {
        Said meant = said.get(event.id());
        return meant != null && meant.sort() == Said.Sort.HEARTBEAT;
    }

    void allFallSilent() {
        clients.forEach(this::falls);
    }

    void falls(Client client) {
        client.foreground = false;
        client.heartbeats++;
    }

    private String name(NostrEvent event) {
        return chronicle.name(event.id());
    }

    // ---- what clients do

    private void say(Client client, NostrEvent event, Said meant) {
        said.put(event.id(), meant);
        controls.add(event);
        chronicle.name(event.id(), client.name + "-" + meant.sort().toString().toLowerCase() + controls.size());
        spread(event);
    }

    private void later(int millis, Runnable task) {
        World.later(time, millis, task);
    }

    private void spread(NostrEvent event) {
        int held = random.nextInt(12) == 0 ? 30_000 + random.nextInt(260_000) : 0;
        for (int i = 0; i < relays.count(); i++) {
            int relay = i;
            if (relays.isHome(relay) && random.nextInt(12) > 0) {
                later(held + controlDelay(), () -> relays.publish(relay, event));
            }
        }
        if (world.isHomeless() || random.nextInt(12) == 0) {
            Source source = random.nextBoolean() ? Source.host() : Source.endpoint("10.0.0.7");
            later(held + random.nextInt(300), () -> world.offer(event, source));
        }
        if (random.nextInt(40) == 0) {
            later(random.nextInt(300), () -> world.offer(event, Source.relay(RelayUrl.of("wss://blue.example"))));
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
        later(60_000, () -> {
            if (client.heartbeats == number && client.foreground) {
                heartbeat(client);
            }
        });
    }

    void comeOrGo(Client client) {
        if (client.foreground) {
            chronicle.note(() -> client.name + " goes to the background");
            falls(client);
            say(client, client.writer.offline(client.clock()), Said.plain(Said.Sort.OFFLINE));
            return;
        }
        chronicle.note(() -> client.name + " comes to the foreground");
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
            if (!relays.isHome(i) && random.nextBoolean()) {
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

    void settings(Client client) {
        chronicle.note(() -> client.name + " changes its settings");
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

    void resendSettings(Client client) {
        if (client.settings != null) {
            chronicle.note(() -> client.name + " sends its settings again, unchanged");
            spread(client.settings);
        }
    }

    void logout(Client client) {
        if (client.devices.size() > 1 && random.nextInt(3) == 0) {
            String device = client.devices.get(random.nextInt(client.devices.size()));
            chronicle.note(() -> client.name + " logs " + chronicle.name(address(device)) + " out");
            say(client, client.writer.logout(device, client.clock()), Said.logout(address(device)));
            return;
        }
        chronicle.note(() -> client.name + " logs out");
        client.loggedIn = false;
        falls(client);
        say(client, client.writer.logout(client.clock()), Said.plain(Said.Sort.LOGOUT));
    }

    void takeover(Client client) {
        Client from = clients.get(random.nextInt(clients.size()));
        String device = from.devices.get(random.nextInt(from.devices.size()));
        chronicle.note(() -> client.name + " registers " + chronicle.name(address(device)));
        client.loggedIn = true;
        sendSettings(client, device, null, null, null, null, null, random.nextInt(3) == 0 ? Boolean.FALSE : null);
    }

    void repeatControl() {
        if (!controls.isEmpty()) {
            NostrEvent event = controls.get(Math.max(0, controls.size() - 1 - random.nextInt(12)));
            chronicle.note(() -> name(event) + " is replayed");
            spread(event);
        }
    }

    // ---- what comes for them

    void publishSomething(Client client) {
        publish(somethingFor(client));
    }

    private NostrEvent somethingFor(Client client) {
        KeyPair sender = keys.senders().get(random.nextInt(4));
        PublicKey to = client.key.publicKey();
        long now = world.trueTime().getEpochSecond();
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
        chronicle.name(event.id(), "e" + published.size());
        chronicle.note(() -> name(event) + " of kind " + event.kind() + " is published, dated "
                + (event.createdAt() - world.trueTime().getEpochSecond()) + " s");
        if (random.nextInt(8) == 0) {
            Source source = random.nextBoolean() ? Source.host() : Source.feeder("strfry");
            later(random.nextInt(300), () -> world.offer(event, source));
        }
        int first = random.nextInt(relays.count());
        for (int i = 0; i < relays.count(); i++) {
            int relay = i;
            if (relay == first || random.nextInt(3) == 0) {
                int delay = random.nextInt(6) == 0 ? random.nextInt(30_000) : random.nextInt(300);
                later(delay, () -> relays.publish(relay, event));
            }
        }
    }

    /** Says where it reads. */
    void list(Client client) {
        boolean direct = random.nextBoolean();
        List<Tag> tags = new ArrayList<>();
        for (int i = 0; i < relays.count(); i++) {
            String url = relays.url(i).toString();
            if (relays.isHome(i) || random.nextInt(3) > 0) {
                continue;
            }
            if (direct) {
                tags.add(Tag.of("relay", url));
            } else {
                tags.add(
                        switch (random.nextInt(3)) {
                            case 0 -> Tag.of("r", url);
                            case 1 -> Tag.of("r", url, "read");
                            default -> Tag.of("r", url, "write");
                        });
            }
        }
        NostrEvent list = client.key.sign(
                world.trueTime().getEpochSecond() - (random.nextInt(4) == 0 ? random.nextInt(500) : 0),
                direct ? Kind.DM_RELAYS : Kind.READ_WRITE_RELAYS,
                tags,
                "");
        published.add(list);
        chronicle.name(list.id(), client.name + "-list" + published.size());
        chronicle.note(() -> client.name + " reads " + tags);
        if (random.nextInt(6) == 0) {
            later(random.nextInt(300), () -> world.offer(list, Source.host()));
        }
        for (int i = 0; i < relays.count(); i++) {
            int relay = i;
            if (random.nextInt(3) > 0) {
                later(random.nextInt(2_000), () -> relays.publish(relay, list));
            }
        }
    }

    /** Something comes in, and in the same millisecond a sign of life. */
    void comeTogether(Client client) {
        NostrEvent event = somethingFor(client);
        published.add(event);
        chronicle.name(event.id(), "e" + published.size());
        chronicle.note(() -> name(event) + " comes together with a message of " + client.name);
        later(0, () -> {
            world.offer(event, Source.host());
            boolean stays = random.nextBoolean();
            NostrEvent sign =
                    stays ? client.writer.heartbeat(world.trueTime()) : client.writer.offline(world.trueTime());
            said.put(sign.id(), Said.plain(stays ? Said.Sort.HEARTBEAT : Said.Sort.OFFLINE));
            controls.add(sign);
            chronicle.name(sign.id(), client.name + (stays ? "-heartbeat" : "-offline") + controls.size());
            world.offer(sign, Source.host());
        });
    }

    void repeatSomething() {
        if (!published.isEmpty()) {
            NostrEvent event = published.get(random.nextInt(published.size()));
            int relay = random.nextInt(relays.count());
            chronicle.note(() -> name(event) + " comes to relay " + relay + " once more");
            relays.publish(relay, event);
        }
    }

    void burst(Client client, int size) {
        chronicle.note(() -> size + " events at once for " + client.name);
        for (int i = 0; i < size; i++) {
            NostrEvent event = somethingFor(client);
            published.add(event);
            chronicle.name(event.id(), "e" + published.size());
            int relay = world.isHomeless() ? random.nextInt(relays.count()) : 0;
            later(random.nextInt(3_000), () -> relays.publish(relay, event));
        }
    }

    /** Goes to the background, having registered before. */
    void registersAndGoes(Client client) {
        if (!client.loggedIn) {
            login(client);
        }
        client.foreground = true;
        comeOrGo(client);
    }

    /** An event or a message of late, with something in it changed; null if that changes nothing. */
    @Nullable
    NostrEvent forgery() {
        boolean control = random.nextInt(3) == 0;
        List<NostrEvent> real = control ? controls : published;
        if (real.isEmpty()) {
            return null;
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
        return forged.equals(event) ? null : forged;
    }

    /** Something that came to the server lately, or could have. */
    NostrEvent somethingOfLate() {
        List<NostrEvent> from = random.nextInt(3) == 0 && !controls.isEmpty() ? controls : published;
        return from.isEmpty()
                ? somethingFor(someone())
                : from.get(from.size() - 1 - random.nextInt(Math.min(5, from.size())));
    }
}
