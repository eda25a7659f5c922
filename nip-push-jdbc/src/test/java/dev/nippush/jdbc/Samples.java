package dev.nippush.jdbc;

import dev.nippush.account.Account;
import dev.nippush.account.Device;
import dev.nippush.account.Inboxes;
import dev.nippush.account.LastSeen;
import dev.nippush.account.Marks;
import dev.nippush.account.Registration;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Change;
import dev.nippush.store.Ending;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.Lease;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushKey;
import dev.nippush.store.PushStore;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import dev.nippush.transport.PushMessage;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What the tests of this package store. */
final class Samples {

    static final Instant T0 = Instant.parse("2026-03-01T12:00:00.123456789Z");
    static final DeviceAddress PHONE = device("a1".repeat(32));
    static final DeviceAddress BROWSER = device("{\"endpoint\":\"https://push.example.com/x\",\"keys\":{"
            + "\"auth\":\"BTBZMqHH6r4Tts7J_aSIgg\",\"p256dh\":\"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-"
            + "AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4\"}}");
    static final String SECRET_TEXT = "meet me at noon";

    private Samples() {}

    static DeviceAddress device(String text) {
        return new DeviceAddressReader(List.of("com.example.app")).read(text).orElseThrow();
    }

    static EventId event(int number) {
        return EventId.ofHex("%064x".formatted(number));
    }

    /** A key of the partition of accounts with this index. */
    static PublicKey key(int number, int partition) {
        return PublicKey.ofHex("%062x%02x".formatted(number, partition));
    }

    static PublicKey key(int number) {
        return key(number, number % Partition.COUNT);
    }

    static Notification notification() {
        return new Notification("Title 😀", SECRET_TEXT, "thread", Urgency.HIGH, Map.of("msgType", "1", "k", "väl'ue"));
    }

    /** An account with so many authors, of which some are everybody's. */
    static Account account(PublicKey pubkey, int authors, DeviceAddress... devices) {
        Random random = new Random(pubkey.hashCode());
        Set<PublicKey> followed = IntStream.range(0, authors)
                .mapToObj(i -> {
                    byte[] key = new byte[32];
                    random.nextBytes(key);
                    return PublicKey.ofBytes(key);
                })
                .collect(Collectors.toSet());
        RelayUrl relay = RelayUrl.of("wss://relay.example.com/" + Math.floorMod(pubkey.hashCode(), 100));
        return new Account(
                pubkey,
                Optional.of(new Registration(
                        pubkey,
                        Set.of(4, 1059),
                        List.of(relay, RelayUrl.of("wss://other.example.com")),
                        followed,
                        Set.of("c1".repeat(32), "grüppe 'x'"),
                        Set.of(pubkey),
                        List.of(devices).stream()
                                .map(device -> new Device(device, T0.minusSeconds(60), T0, Optional.of(Privacy.WAKE)))
                                .toList(),
                        T0.minusSeconds(5),
                        T0.minusSeconds(50),
                        Set.of(relay),
                        new Inboxes(1_700_000_000L, List.of(relay), -1, List.of()))),
                Marks.NONE.withPresence(Marks.strong(1_700_000_000)),
                LastSeen.online(T0));
    }

    static OwedPush push(PublicKey account, EventId event, DeviceAddress device, Instant nextAt) {
        PushMessage message = new PushMessage(device, notification(), "0f".repeat(32), T0.plusSeconds(86_400));
        return new OwedPush(account, event, 1, T0, message, 0, nextAt);
    }

    static Change.Owe owe(PublicKey account, EventId event, DeviceAddress device) {
        return new Change.Owe(List.of(push(account, event, device, T0)));
    }

    static HeldEvent held(PublicKey account, EventId event) {
        return new HeldEvent(account, event, 2, T0, T0.plusSeconds(99), notification(), List.of(PHONE, BROWSER));
    }

    /** Waits for an answer; a failure is thrown as the cause of a {@link CompletionException}. */
    static <T> T get(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new CompletionException(e.getCause());
        } catch (Exception e) {
            throw new AssertionError("the stage does not complete", e);
        }
    }

    /** The leases of a store, acquired as they are needed. */
    static final class Leases {
        private final PushStore store;
        private final Map<Partition, Lease> leases = new HashMap<>();

        Leases(PushStore store) {
            this.store = store;
        }

        Lease of(Partition partition) {
            return leases.computeIfAbsent(partition, any -> get(store.acquire(partition)));
        }

        Lease of(PublicKey account) {
            return of(Partition.of(account));
        }

        Lease of(DeviceAddress device) {
            return of(Partition.of(device));
        }
    }

    /** Two of every sort of row, four of accounts. */
    static void fill(PushStore store) {
        Leases leases = new Leases(store);
        for (int i = 1; i <= 2; i++) {
            PublicKey alice = key(i);
            PublicKey bob = key(i + 100);
            RelayUrl relay = RelayUrl.of("wss://relay.example.com/" + i);
            get(store.commit(
                    leases.of(alice),
                    List.of(
                            new Change.SaveAccount(account(alice, 3, PHONE, BROWSER)),
                            new Change.Hold(held(alice, event(10))),
                            new Change.Ignore(alice, event(11), Instant.MAX),
                            new Change.Owe(List.of(
                                    push(alice, event(20 + i), PHONE, T0), push(alice, event(20 + i), BROWSER, T0))))));
            get(store.commit(
                    leases.of(bob),
                    List.of(new Change.SaveAccount(Account.unknown(bob).with(Marks.NONE)))));
            get(store.commit(
                    leases.of(PHONE),
                    List.of(new Change.Settle(new PushKey(event(20 + i), PHONE), Ending.GONE, T0.plusSeconds(i)))));
            get(store.commit(leases.of(Partition.of(relay)), List.of(new Change.Cursor(relay, T0.plusNanos(i)))));
        }
        get(store.commit(
                leases.of(BROWSER), List.of(new Change.Retry(push(key(1), event(21), BROWSER, T0.plusSeconds(7))))));
    }
}
