package dev.nippush.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.address.RelayUrl;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Change;
import dev.nippush.store.Lease;
import dev.nippush.store.LeaseLostException;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore.Committed;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
@ExtendWith(TestPostgres.class)
class GroupCommitTest {

    @TempDir
    private Path folder;

    private final TestPostgres.Server postgres;
    private String sqlite = "";

    GroupCommitTest(TestPostgres.Server postgres) {
        this.postgres = postgres;
    }

    @BeforeEach
    void nameTheFile() {
        sqlite = "jdbc:sqlite:" + folder.resolve("store.db");
    }

    private String newUrl(String database) {
        return database.equals("SQLite") ? sqlite : postgres.urlOfNewSchema();
    }

    private static List<Lease> acquireAll(JdbcPushStore store) {
        List<CompletionStage<Lease>> leases = new ArrayList<>();
        for (int i = 0; i < Partition.COUNT; i++) {
            leases.add(store.acquire(new Partition(Partition.Kind.ACCOUNTS, i)));
        }
        return leases.stream().map(Samples::get).toList();
    }

    private static Change change(int partition, int number) {
        PublicKey account = Samples.key(number, partition);
        return new Change.Ignore(account, Samples.event(number), Samples.T0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"SQLite", "PostgreSQL"})
    void commitsOfAllPartitionsShareTransactions(String database) {
        try (JdbcPushStore store = JdbcPushStore.open(newUrl(database))) {
            long before = store.transactions();
            List<Lease> leases = acquireAll(store);
            assertThat(store.transactions() - before).as("to acquire").isLessThan(10);
            before = store.transactions();
            List<CompletionStage<Committed>> commits = new ArrayList<>();
            for (int round = 0; round < 20; round++) {
                for (int i = 0; i < leases.size(); i++) {
                    commits.add(store.commit(leases.get(i), List.of(change(i, round))));
                }
            }
            commits.forEach(commit -> assertThat(Samples.get(commit).made(0)).isTrue());
            assertThat(store.transactions() - before).isBetween(3L, 60L);
        }
    }

    @Test
    void aTransactionHasItsSize() {
        try (JdbcPushStore store = JdbcPushStore.open(sqlite)) {
            Lease lease = acquireAll(store).get(0);
            long before = store.transactions();
            List<CompletionStage<Committed>> commits = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                List<Change> changes = new ArrayList<>();
                for (int j = 0; j < Calls.GROUP - 1; j++) {
                    changes.add(change(0, i * Calls.GROUP + j));
                }
                commits.add(store.commit(lease, changes));
            }
            commits.forEach(Samples::get);
            assertThat(store.transactions() - before).isEqualTo(3);
        }
    }

    @Test
    void aCommitOfOneMoreThanTheSizeIsOneTransaction() {
        try (JdbcPushStore store = JdbcPushStore.open(sqlite)) {
            Lease lease = acquireAll(store).get(0);
            long before = store.transactions();
            List<Change> changes = new ArrayList<>();
            for (int i = 0; i <= Calls.GROUP; i++) {
                changes.add(change(0, i));
            }
            assertThat(Samples.get(store.commit(lease, changes)).refused().isEmpty())
                    .isTrue();
            assertThat(store.transactions() - before).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"SQLite", "PostgreSQL"})
    void aCommitThatCannotBeWrittenFailsAlone(String database) throws SQLException {
        String url = newUrl(database);
        JdbcPushStore.open(url).close();
        execute(
                url,
                database.equals("SQLite")
                        ? List.of("CREATE TRIGGER picky BEFORE INSERT ON nippush_cursors WHEN NEW.relay LIKE '%bad%'"
                                + " BEGIN SELECT RAISE(ABORT, 'picky'); END")
                        : List.of("ALTER TABLE nippush_cursors ADD CONSTRAINT picky CHECK (relay NOT LIKE '%bad%')"));
        RelayUrl bad = RelayUrl.of("wss://bad.example.com");
        try (JdbcPushStore store = JdbcPushStore.open(url);
                LoggedLines log = new LoggedLines()) {
            List<Lease> leases = acquireAll(store);
            int of = Partition.of(bad).index();
            List<CompletionStage<Committed>> commits = new ArrayList<>();
            for (int i = 0; i < leases.size(); i++) {
                commits.add(store.commit(
                        leases.get(i),
                        i == of ? List.of(change(i, 1), new Change.Cursor(bad, Samples.T0)) : List.of(change(i, 1))));
            }
            for (int i = 0; i < leases.size(); i++) {
                CompletionStage<Committed> commit = commits.get(i);
                if (i == of) {
                    assertThatThrownBy(() -> Samples.get(commit)).hasCauseInstanceOf(StoreException.class);
                } else {
                    assertThat(Samples.get(commit).made(0)).isTrue();
                }
            }
            assertThat(Samples.get(store.commit(leases.get(of), List.of(change(of, 1))))
                            .made(0))
                    .as("nothing of it was written")
                    .isTrue();
            assertThat(log.lines()).as("the database works").isEmpty();
        }
    }

    private static void execute(String url, List<String> statements) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    @Test
    void aTakeoverIsBetweenTheCommitsAroundIt() {
        try (JdbcPushStore store = JdbcPushStore.open(sqlite)) {
            Lease first = acquireAll(store).get(0);
            CompletionStage<Committed> before = store.commit(first, List.of(change(0, 1)));
            CompletionStage<Lease> second = store.acquire(first.partition());
            CompletionStage<Committed> late = store.commit(first, List.of(change(0, 2)));
            CompletionStage<Lease> third = store.acquire(first.partition());
            assertThat(Samples.get(before).made(0)).isTrue();
            assertThat(Samples.get(second).epoch()).isEqualTo(first.epoch() + 1);
            assertThatThrownBy(() -> Samples.get(late)).hasCauseInstanceOf(LeaseLostException.class);
            assertThat(Samples.get(third).epoch()).isEqualTo(first.epoch() + 2);
        }
    }

    // ---- the end

    @Test
    void whatDependsOnAStageMayCloseTheStore() {
        JdbcPushStore store = JdbcPushStore.open(sqlite);
        Lease lease = acquireAll(store).get(0);
        CompletableFuture<Void> closed =
                store.commit(lease, List.of(change(0, 1))).thenRun(store::close).toCompletableFuture();
        Samples.get(closed);
        assertThatThrownBy(() -> Samples.get(store.acquire(lease.partition())))
                .hasCauseInstanceOf(StoreException.class);
        JdbcPushStore.open(sqlite).close();
    }
}
