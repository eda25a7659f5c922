package dev.nippush.tests.start;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.NipPush;
import dev.nippush.account.Account;
import dev.nippush.account.Device;
import dev.nippush.account.Inboxes;
import dev.nippush.account.LastSeen;
import dev.nippush.account.Marks;
import dev.nippush.account.Registration;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.jdbc.JdbcPushStore;
import dev.nippush.store.Change;
import dev.nippush.store.Lease;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore;
import dev.nippush.testkit.RecordingTransport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A start with many registrations in an SQLite file: 10 kinds, one {@code #p}, five {@code #e}, 100 authors, four relays and
 * an FCM token each. {@code -Dnip-push.registrations=1000000} says how many (with {@code -Dnip-push.heap=18g} then); what it
 * measured is printed.
 */
@Timeout(1_800)
class StartTest {

    private static final int REGISTRATIONS = Integer.getInteger("nip-push.registrations", 2_000);
    private static final int IN_ONE_COMMIT = 250;
    private static final Instant BEFORE = Instant.now().minusSeconds(3_600);

    private final Random random = new Random(1);
    private final KeyPair sender = KeyPair.ofHex("11".repeat(32));
    private final KeyPair server = KeyPair.ofHex("22".repeat(32));

    private final List<PublicKey> people = Stream.generate(this::key)
            .limit(Math.min(200_000, 10 * REGISTRATIONS))
            .toList();
    private final List<RelayUrl> relays = IntStream.range(0, 1_000)
            .mapToObj(i -> RelayUrl.of("wss://relay" + i + ".example.com"))
            .toList();

    @TempDir
    private Path folder;

    private PublicKey key() {
        byte[] bytes = new byte[32];
        random.nextBytes(bytes);
        return PublicKey.ofBytes(bytes);
    }

    private <T> T one(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    private <T> Set<T> some(int count, List<T> of) {
        Set<T> some = new HashSet<>();
        while (some.size() < count) {
            some.add(one(of));
        }
        return some;
    }

    private Account account(int number) {
        PublicKey pubkey = key();
        String token = ("token" + number + "_").repeat(30).substring(0, 163);
        DeviceAddress device = new DeviceAddressReader(List.of()).read(token).orElseThrow();
        Set<PublicKey> authors = some(100, people);
        authors.add(sender.publicKey());
        Set<String> channels = new HashSet<>();
        while (channels.size() < 5) {
            channels.add(one(people).hex());
        }
        return new Account(
                pubkey,
                Optional.of(new Registration(
                        pubkey,
                        Set.copyOf(Registration.DEFAULT_KINDS),
                        List.copyOf(some(4, relays)),
                        authors,
                        channels,
                        Set.of(pubkey),
                        List.of(new Device(device, BEFORE, BEFORE, Optional.empty())),
                        BEFORE,
                        BEFORE,
                        Set.of(),
                        Inboxes.UNKNOWN)),
                Marks.NONE.withRegistration(Marks.weak(BEFORE.getEpochSecond())),
                LastSeen.NEVER);
    }

    @Test
    void everyRegistrationIsKnownAgain() throws IOException {
        Path file = folder.resolve("nip-push.db");
        List<PublicKey> sample = fill(file);
        long before = usedMemory();
        try (PushStore store = open(file)) {
            NipPush engine = NipPush.builder(server)
                    .store(store)
                    .transport(new RecordingTransport())
                    .build();
            long started = System.nanoTime();
            engine.start().toCompletableFuture().join();
            Duration took = Duration.ofNanos(System.nanoTime() - started);
            long heap = usedMemory() - before;
            for (PublicKey account : sample) {
                NostrEvent event =
                        sender.sign(Instant.now().getEpochSecond(), 1, List.of(Tag.of("p", account.hex())), "hello");
                assertThat(engine.accept(event, Source.host())
                                .toCompletableFuture()
                                .join())
                        .isEqualTo(new Outcome.Taken(1));
            }
            System.out.printf(
                    Locale.ROOT,
                    "%,d registrations: file %,d MiB, ready in %.1f s, heap %,d MiB (%,d bytes each)%n",
                    REGISTRATIONS,
                    Files.size(file) >> 20,
                    took.toMillis() / 1e3,
                    heap >> 20,
                    heap / REGISTRATIONS);
            engine.close();
        }
    }

    /** Writes the registrations; returns some of them. */
    private List<PublicKey> fill(Path file) {
        List<PublicKey> sample = new ArrayList<>();
        try (PushStore store = open(file)) {
            List<List<Change>> waiting = new ArrayList<>();
            List<Lease> leases = new ArrayList<>();
            for (int i = 0; i < Partition.COUNT; i++) {
                waiting.add(new ArrayList<>());
                leases.add(get(store.acquire(new Partition(Partition.Kind.ACCOUNTS, i))));
            }
            CompletableFuture<?> last = CompletableFuture.completedFuture(null);
            for (int i = 0; i < REGISTRATIONS; i++) {
                Account account = account(i);
                if (i % (REGISTRATIONS / 20) == 0) {
                    sample.add(account.pubkey());
                }
                int index = Partition.of(account.pubkey()).index();
                waiting.get(index).add(new Change.SaveAccount(account));
                if (waiting.get(index).size() == IN_ONE_COMMIT) {
                    last.join();
                    last = store.commit(leases.get(index), waiting.get(index)).toCompletableFuture();
                    waiting.set(index, new ArrayList<>());
                }
            }
            last.join();
            for (int i = 0; i < Partition.COUNT; i++) {
                get(store.commit(leases.get(i), waiting.get(i)));
            }
        }
        return sample;
    }

    private static PushStore open(Path file) {
        return JdbcPushStore.open("jdbc:sqlite:" + file);
    }

    private static <T> T get(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    private static long usedMemory() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
