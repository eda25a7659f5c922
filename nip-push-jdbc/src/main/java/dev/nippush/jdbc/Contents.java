package dev.nippush.jdbc;

import dev.nippush.account.Account;
import dev.nippush.account.Device;
import dev.nippush.account.Inboxes;
import dev.nippush.account.LastSeen;
import dev.nippush.account.Mark;
import dev.nippush.account.Marks;
import dev.nippush.account.Registration;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.OwedPush;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import dev.nippush.transport.PushMessage;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the rows of each sort have inside. A content begins with its version and says all that is read back of a row but
 * the row's key; other columns are there to search by. Equal values make equal bytes. Keys and texts that many rows share
 * are made once, so that a million accounts with the same contacts take less memory. Belongs to one thread.
 */
final class Contents {

    private static final int VERSION = 1;
    private static final int KEY_BYTES = 32;
    private static final int FEW_BITS = 8;
    private static final int MANY_BITS = 18;
    private static final int KNOWN_RELAYS = 10_000;

    // The numbers are in databases: a constant that is renamed or moved keeps its own.
    private static final List<Privacy> PRIVACIES =
            List.of(Privacy.WAKE, Privacy.MINIMAL, Privacy.SEALED, Privacy.REFERENCE);
    private static final List<Urgency> URGENCIES = List.of(Urgency.NORMAL, Urgency.HIGH);

    private static final DeviceAddressReader WITHOUT_TOPIC = new DeviceAddressReader(List.of());

    private final int keyBits;
    private final @Nullable PublicKey[] keys;
    // Beside them, as a look at each key that is another one would cost more than all the rest.
    private final int[] hashes;
    private final Map<String, RelayUrl> relays = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, RelayUrl> eldest) {
            return size() > KNOWN_RELAYS;
        }
    };

    /** For single rows. */
    Contents() {
        this(FEW_BITS);
    }

    private Contents(int keyBits) {
        this.keyBits = keyBits;
        this.keys = new PublicKey[1 << keyBits];
        this.hashes = new int[1 << keyBits];
    }

    /** For a whole table, of which many rows name the same keys. */
    static Contents ofMany() {
        return new Contents(MANY_BITS);
    }

    // ---- keys of rows

    static PublicKey publicKey(byte[] key) {
        return BlobReader.read(key, in -> PublicKey.ofBytes(in.raw(KEY_BYTES)));
    }

    static EventId eventId(byte[] key) {
        return BlobReader.read(key, in -> EventId.ofBytes(in.raw(KEY_BYTES)));
    }

    RelayUrl relayUrl(String key) {
        try {
            return relay(key);
        } catch (IllegalArgumentException e) {
            throw new DamagedRowException("no relay");
        }
    }

    // ---- accounts

    static byte[] of(Account account) {
        BlobWriter out = new BlobWriter().b(VERSION);
        mark(out, account.marks().registration());
        mark(out, account.marks().presence());
        out.optional(account.lastSeen().aliveAt(), BlobWriter::instant)
                .flag(account.lastSeen().online())
                .optional(account.registration(), Contents::registration);
        return out.toBytes();
    }

    Account account(PublicKey pubkey, byte[] content) {
        return BlobReader.read(content, in -> {
            in.version(VERSION);
            Marks marks = new Marks(mark(in), mark(in));
            LastSeen lastSeen = new LastSeen(in.optional(BlobReader::instant), in.flag());
            return new Account(pubkey, in.optional(each -> registration(each, pubkey)), marks, lastSeen);
        });
    }

    private static void mark(BlobWriter out, Mark mark) {
        out.number(mark.createdAt()).number(mark.rank());
    }

    private static Mark mark(BlobReader in) {
        return new Mark(in.number(), in.smallNumber());
    }

    private static void registration(BlobWriter out, Registration registration) {
        Inboxes inboxes = registration.inboxes();
        out.list(new TreeSet<>(registration.kinds()), (each, kind) -> each.number(kind))
                .list(registration.relays(), Contents::relay)
                .list(new TreeSet<>(registration.authors()), Contents::key)
                .list(new TreeSet<>(registration.e()), BlobWriter::text)
                .list(new TreeSet<>(registration.p()), Contents::key)
                .list(registration.devices(), Contents::device)
                .instant(registration.began())
                .instant(registration.wrapsBegan())
                .list(new TreeSet<>(registration.caughtUp()), Contents::relay)
                .number(inboxes.directAt())
                .list(inboxes.direct(), Contents::relay)
                .number(inboxes.generalAt())
                .list(inboxes.general(), Contents::relay);
    }

    private Registration registration(BlobReader in, PublicKey account) {
        return new Registration(
                account,
                set(in.list(BlobReader::smallNumber)),
                in.list(this::relay),
                set(in.list(this::key)),
                set(in.list(BlobReader::text)),
                set(in.list(this::key)),
                in.list(Contents::device),
                in.instant(),
                in.instant(),
                set(in.list(this::relay)),
                new Inboxes(in.number(), in.list(this::relay), in.number(), in.list(this::relay)));
    }

    /** A set that need not be copied again; of equal values it is none. */
    @SuppressWarnings("unchecked")
    private static <T> Set<T> set(List<T> values) {
        return (Set<T>) Set.of(values.toArray());
    }

    private static void device(BlobWriter out, Device device) {
        address(out, device.address());
        out.instant(device.countsSince())
                .instant(device.registeredAt())
                .optional(device.privacy(), (each, privacy) -> each.b(PRIVACIES.indexOf(privacy)));
    }

    private static Device device(BlobReader in) {
        return new Device(address(in), in.instant(), in.instant(), in.optional(each -> constant(PRIVACIES, each.b())));
    }

    // ---- held events, owed pushes, cursors

    static byte[] of(HeldEvent held) {
        return notification(
                        new BlobWriter()
                                .b(VERSION)
                                .number(held.count())
                                .instant(held.receivedAt())
                                .instant(held.expiresAt()),
                        held.notification())
                .list(held.devices(), Contents::address)
                .toBytes();
    }

    HeldEvent held(PublicKey account, EventId event, byte[] content) {
        return BlobReader.read(content, in -> {
            in.version(VERSION);
            return new HeldEvent(
                    account,
                    event,
                    in.smallNumber(),
                    in.instant(),
                    in.instant(),
                    notification(in),
                    in.list(Contents::address));
        });
    }

    static byte[] of(OwedPush push) {
        PushMessage message = push.message();
        BlobWriter out = new BlobWriter().b(VERSION);
        key(out, push.account());
        out.number(push.count())
                .instant(push.receivedAt())
                .number(push.failures())
                .instant(push.nextAt())
                .instant(message.expiresAt())
                // 64 hex digits.
                .raw(PublicKey.ofHex(message.collapseKey()).bytes());
        address(out, message.address());
        return notification(out, message.notification()).toBytes();
    }

    OwedPush push(EventId event, byte[] content) {
        return BlobReader.read(content, in -> {
            in.version(VERSION);
            PublicKey account = key(in);
            int count = in.smallNumber();
            Instant receivedAt = in.instant();
            int failures = in.smallNumber();
            Instant nextAt = in.instant();
            Instant expiresAt = in.instant();
            String collapseKey = PublicKey.ofBytes(in.raw(KEY_BYTES)).hex();
            DeviceAddress address = address(in);
            PushMessage message = new PushMessage(address, notification(in), collapseKey, expiresAt);
            return new OwedPush(account, event, count, receivedAt, message, failures, nextAt);
        });
    }

    static byte[] of(Instant instant) {
        return new BlobWriter().b(VERSION).instant(instant).toBytes();
    }

    static Instant instant(byte[] content) {
        return BlobReader.read(content, in -> {
            in.version(VERSION);
            return in.instant();
        });
    }

    // ---- what they are made of

    private static BlobWriter notification(BlobWriter out, Notification notification) {
        return out.text(notification.title())
                .text(notification.body())
                .text(notification.thread())
                .b(URGENCIES.indexOf(notification.urgency()))
                .list(
                        new TreeMap<>(notification.data()).entrySet(),
                        (each, entry) -> each.text(entry.getKey()).text(entry.getValue()));
    }

    private static Notification notification(BlobReader in) {
        String title = in.text();
        String body = in.text();
        String thread = in.text();
        Urgency urgency = constant(URGENCIES, in.b());
        Map<String, String> data = new TreeMap<>();
        in.list(each -> data.put(each.text(), each.text()));
        return new Notification(title, body, thread, urgency, data);
    }

    private static void address(BlobWriter out, DeviceAddress address) {
        out.text(address.text()).optional(address.topic(), BlobWriter::text);
    }

    private static DeviceAddress address(BlobReader in) {
        String text = in.text();
        DeviceAddressReader reader = in.optional(BlobReader::text)
                .map(topic -> new DeviceAddressReader(List.of(topic)))
                .orElse(WITHOUT_TOPIC);
        return reader.read(text).orElseThrow(() -> new DamagedRowException("a device that addresses nothing"));
    }

    private static void relay(BlobWriter out, RelayUrl relay) {
        out.text(relay.toString());
    }

    private RelayUrl relay(BlobReader in) {
        return relay(in.text());
    }

    private RelayUrl relay(String text) {
        return relays.computeIfAbsent(text, RelayUrl::of);
    }

    private static void key(BlobWriter out, PublicKey key) {
        out.raw(key.bytes());
    }

    private PublicKey key(BlobReader in) {
        PublicKey key = PublicKey.ofBytes(in.raw(KEY_BYTES));
        int hash = key.hashCode();
        int place = hash * 0x9E3779B9 >>> (Integer.SIZE - keyBits);
        if (hashes[place] == hash) {
            PublicKey known = keys[place];
            if (key.equals(known)) {
                return known;
            }
        }
        hashes[place] = hash;
        keys[place] = key;
        return key;
    }

    private static <T> T constant(List<T> constants, int number) {
        if (number < 0 || number >= constants.size()) {
            throw new DamagedRowException("a constant that is not known");
        }
        return constants.get(number);
    }
}
