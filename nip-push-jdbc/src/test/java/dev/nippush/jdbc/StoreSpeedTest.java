package dev.nippush.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.account.Account;
import dev.nippush.address.RelayUrl;
import dev.nippush.store.Change;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.Lease;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore.Committed;
import dev.nippush.store.PushStore.Except;
import dev.nippush.store.PushStore.Sink;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How fast the store is, and that it still finds what it should among much. {@code -Dnip-push.rows=100000} says how many
 * accounts and pushes (with {@code -Dnip-push.heap=6g} then), {@code -Dnip-push.seconds=10} for how long it commits; what it
 * measured is printed.
 */
@Tag("load")
@Timeout(1_800)
@ExtendWith(TestPostgres.class)
class StoreSpeedTest {

    private static final int ROWS = Integer.getInteger("nip-push.rows", 1_000);
    private static final double SECONDS = Double.parseDouble(System.getProperty("nip-push.seconds", "0.3"));
    private static final int IN_ONE_COMMIT = 250;

    @TempDir
    private Path folder;

    private final TestPostgres.Server postgres;

    StoreSpeedTest(TestPostgres.Server postgres) {
        this.postgres = postgres;
    }

    private String newUrl(String database) {
        return database.equals("SQLite") ? "jdbc:sqlite:" + folder.resolve("store.db") : postgres.urlOfNewSchema();
    }

    private static void print(String format, Object... values) {
        System.out.printf(Locale.ROOT, format + "%n", values);
    }

    /** How large the store is on the disk. */
    private static long bytes(String url) throws SQLException {
        String query = url.startsWith("jdbc:sqlite:")
                ? "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
                : "SELECT sum(pg_total_relation_size(pg_class.oid)) FROM pg_class"
                        + " JOIN pg_namespace ON pg_namespace.oid = relnamespace"
                        + " WHERE nspname = current_schema() AND relkind = 'r'";
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static double secondsSince(long started) {
        return Duration.ofNanos(System.nanoTime() - started).toMillis() / 1e3;
    }

    private static List<Lease> acquireAll(JdbcPushStore store, Partition.Kind kind) {
        List<CompletionStage<Lease>> leases = new ArrayList<>();
        for (int i = 0; i < Partition.COUNT; i++) {
            leases.add(store.acquire(new Partition(kind, i)));
        }
        return leases.stream().map(Samples::get).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"SQLite", "PostgreSQL"})
    void allPartitionsCommitAtOnce(String database) {
        try (JdbcPushStore store = JdbcPushStore.open(newUrl(database))) {
            List<Lease> leases = acquireAll(store, Partition.Kind.ACCOUNTS);
            long before = store.transactions();
            double busy = cpuSeconds();
            long started = System.nanoTime();
            long end = started + (long) (SECONDS * 1e9);
            AtomicLong landed = new AtomicLong();
            ConcurrentLinkedQueue<CompletionStage<Void>> chains = new ConcurrentLinkedQueue<>();
            for (int i = 0; i < leases.size(); i++) {
                chains.add(commitUntil(end, store, leases.get(i), i, new AtomicInteger(), landed));
            }
            chains.forEach(Samples::get);
            double took = secondsSince(started);
            print(
                    "%s: %,.0f commits of one change a second, %,.0f transactions a second, %.0f us of its threads each",
                    database,
                    landed.get() / took,
                    (store.transactions() - before) / took,
                    (cpuSeconds() - busy) * 1e6 / landed.get());
            assertThat(landed.get()).isGreaterThan(2L * Partition.COUNT);
        }
    }

    /** One commit after the other, as a partition of the engine makes them. */
    private static CompletionStage<Void> commitUntil(
            long end, JdbcPushStore store, Lease lease, int partition, AtomicInteger number, AtomicLong landed) {
        Change change = new Change.Ignore(
                Samples.key(number.incrementAndGet(), partition), Samples.event(number.get()), Samples.T0);
        return store.commit(lease, List.of(change)).thenCompose(committed -> {
            landed.incrementAndGet();
            return System.nanoTime() < end
                    ? commitUntil(end, store, lease, partition, number, landed)
                    : CompletableFuture.completedStage(null);
        });
    }

    private static final class Counting implements Sink {
        private final AtomicInteger accounts;

        Counting(AtomicInteger accounts) {
            this.accounts = accounts;
        }

        @Override
        public void account(Account account) {
            accounts.incrementAndGet();
        }

        @Override
        public void held(HeldEvent held) {}

        @Override
        public void cursor(RelayUrl relay, Instant upTo) {}
    }

    @ParameterizedTest
    @ValueSource(strings = {"SQLite", "PostgreSQL"})
    void manyAccountsAreLoaded(String database) throws SQLException {
        String url = newUrl(database);
        try (JdbcPushStore store = JdbcPushStore.open(url)) {
            List<Lease> leases = acquireAll(store, Partition.Kind.ACCOUNTS);
            long started = System.nanoTime();
            List<CompletionStage<Committed>> commits = new ArrayList<>();
            for (int i = 0; i < ROWS; i += IN_ONE_COMMIT) {
                int partition = i / IN_ONE_COMMIT % Partition.COUNT;
                List<Change> changes = new ArrayList<>();
                for (int j = i; j < Math.min(ROWS, i + IN_ONE_COMMIT); j++) {
                    changes.add(new Change.SaveAccount(Samples.account(Samples.key(j, partition), 100, Samples.PHONE)));
                }
                commits.add(store.commit(leases.get(partition), changes));
                if (commits.size() == 8) {
                    commits.forEach(Samples::get);
                    commits.clear();
                }
            }
            commits.forEach(Samples::get);
            print(
                    "%s: %,d accounts of 100 authors written in %.1f s, %,d bytes each",
                    database, ROWS, secondsSince(started), bytes(url) / ROWS);
        }
        try (JdbcPushStore store = JdbcPushStore.open(url)) {
            List<Lease> leases = acquireAll(store, Partition.Kind.ACCOUNTS);
            AtomicInteger accounts = new AtomicInteger();
            long before = usedMemory();
            long started = System.nanoTime();
            double busy = cpuSeconds();
            List<CompletionStage<Void>> loads = new ArrayList<>();
            leases.forEach(lease -> loads.add(store.load(lease, new Counting(accounts))));
            for (CompletionStage<Void> load : loads) {
                load.toCompletableFuture().join();
            }
            double took = secondsSince(started);
            busy = cpuSeconds() - busy;
            assertThat(accounts.get()).isEqualTo(ROWS);
            print(
                    "%s: %,d accounts of 100 authors loaded in %.1f s, of which its thread ran %.1f s, heap of the store"
                            + " afterwards %,d KiB",
                    database, ROWS, took, busy, Math.max(0, usedMemory() - before) >> 10);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"SQLite", "PostgreSQL"})
    void whatIsDueIsFoundAmongMany(String database) {
        try (JdbcPushStore store = JdbcPushStore.open(newUrl(database))) {
            Samples.Leases leases = new Samples.Leases(store);
            Lease lease = leases.of(Samples.BROWSER);
            Lease account = leases.of(Samples.key(1));
            for (int i = 0; i < ROWS; i += IN_ONE_COMMIT) {
                List<Change> changes = new ArrayList<>();
                for (int j = i; j < Math.min(ROWS, i + IN_ONE_COMMIT); j++) {
                    changes.add(new Change.Owe(List.of(Samples.push(
                            Samples.key(1), Samples.event(j), Samples.BROWSER, Samples.T0.plusMillis(j)))));
                }
                Samples.get(store.commit(account, changes));
            }
            Instant until = Samples.T0.plusSeconds(1_000_000);
            long first = micros(() -> assertThat(Samples.get(store.due(lease, until, Except.NOTHING, 100)))
                    .hasSize(Math.min(100, ROWS)));
            long behind = micros(() -> assertThat(
                            Samples.get(store.due(lease, until, new Except(Set.of(), Set.of("push.example.com")), 100)))
                    .isEmpty());
            print(
                    "%s: of %,d owed pushes the first 100 are found in %,d us, that there are none for other hosts in"
                            + " %,d us",
                    database, ROWS, first, behind);
        }
    }

    /** The median. */
    private static long micros(Runnable work) {
        List<Long> took = new ArrayList<>();
        for (int i = 0; i < 21; i++) {
            long started = System.nanoTime();
            work.run();
            took.add((System.nanoTime() - started) / 1_000);
        }
        return took.stream().sorted().toList().get(10);
    }

    /** For how long the threads of stores that are open ran: on a shared machine it says more than the clock. */
    private static double cpuSeconds() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().startsWith("nip-push-store-"))
                        .mapToLong(thread -> threads.getThreadCpuTime(thread.getId()))
                        .sum()
                / 1e9;
    }

    private static long usedMemory() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
