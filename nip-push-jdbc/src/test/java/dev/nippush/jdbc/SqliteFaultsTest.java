package dev.nippush.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.event.PublicKey;
import dev.nippush.store.Change;
import dev.nippush.store.Lease;
import dev.nippush.store.PushStore.Committed;
import dev.nippush.store.PushStore.Except;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What SQLite says when its disk is full, its file is locked or may not be written, is SQLite's own. */
@Timeout(60)
class SqliteFaultsTest {

    private static final PublicKey ALICE = Samples.key(1);

    @TempDir
    private Path folder;

    private final AtomicReference<String> tuning = new AtomicReference<>("PRAGMA user_version");
    private Path file = Path.of("");

    @BeforeEach
    void nameTheFile() {
        file = folder.resolve("store.db");
    }

    private JdbcPushStore open() {
        return JdbcPushStore.open(
                new SqliteDatabase(file, statement -> statement.execute(tuning.get())), Schema.MIGRATIONS);
    }

    private static List<Change> changes(int number) {
        PublicKey account = Samples.key(number, 1);
        return List.of(
                new Change.SaveAccount(Samples.account(account, 100, Samples.PHONE)),
                Samples.owe(account, Samples.event(number), Samples.PHONE));
    }

    private static Committed commit(JdbcPushStore store, Lease lease, int number) {
        return Samples.get(store.commit(lease, changes(number)));
    }

    /** A store that could not connect waits a moment before it tries again. */
    private static Committed commitWhenItWorks(JdbcPushStore store, Lease lease, int number) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (true) {
            try {
                return commit(store, lease, number);
            } catch (CompletionException e) {
                if (System.nanoTime() - deadline > 0) {
                    throw e;
                }
            }
        }
    }

    @Test
    void aFullDiskFailsCommitsUntilThereIsRoom() {
        tuning.set("PRAGMA max_page_count = 200");
        try (JdbcPushStore store = open();
                LoggedLines log = new LoggedLines()) {
            Samples.Leases leases = new Samples.Leases(store);
            Lease lease = leases.of(ALICE);
            Lease phone = leases.of(Samples.PHONE);
            int full = 0;
            List<String> failures = new ArrayList<>();
            while (failures.size() < 3) {
                try {
                    assertThat(commit(store, lease, full).made(0)).isTrue();
                    full++;
                } catch (CompletionException e) {
                    assertThat(e).hasCauseInstanceOf(StoreException.class);
                    failures.add(String.valueOf(e.getMessage()));
                }
            }
            assertThat(full).isPositive();
            assertThat(failures).allSatisfy(text -> assertThat(text).contains("SQLITE_FULL"));
            assertThat(Samples.get(store.due(phone, Samples.T0.plusSeconds(1), Except.NOTHING, 1_000)))
                    .as("what is there can be read")
                    .hasSize(full);
            tuning.set("PRAGMA max_page_count = 100000");
            assertThat(commit(store, lease, full).made(0)).isTrue();
            assertThat(commit(store, lease, full).made(1)).isFalse();
            assertThat(failures)
                    .allSatisfy(text -> assertThat(text)
                            .contains(file.toString())
                            .doesNotContain(Samples.SECRET_TEXT, Samples.PHONE.token()));
            assertThat(log.lines()).as("the engine logs it").isEmpty();
        }
        assertThat(StoreArchive.of("jdbc:sqlite:" + file).check(rows -> {}).isSound())
                .isTrue();
    }

    @Test
    void aFileThatMayNotBeWrittenFailsCommitsUntilItMay() {
        try (JdbcPushStore store = open();
                LoggedLines log = new LoggedLines()) {
            Lease lease = new Samples.Leases(store).of(ALICE);
            commit(store, lease, 1);
            // The connection has to be opened anew to notice.
            tuning.set("PRAGMA query_only = 1");
            lockedByAnother(
                    () -> assertThatThrownBy(() -> commit(store, lease, 2)).hasCauseInstanceOf(StoreException.class));
            assertThatThrownBy(() -> commit(store, lease, 2)).hasMessageContaining("SQLITE_READONLY");
            tuning.set("PRAGMA user_version");
            assertThat(commit(store, lease, 2).made(1)).isTrue();
            assertThat(log.lines()).isEmpty();
        }
    }

    @Test
    void aFileThatIsGoneFailsCommitsUntilItIsBack() throws IOException {
        Path away = file.resolveSibling("away.db");
        try (JdbcPushStore store = open()) {
            Lease lease = new Samples.Leases(store).of(ALICE);
            commit(store, lease, 1);
            Files.move(file, away);
            assertThatThrownBy(() -> commit(store, lease, 2)).hasMessageContaining(file + " is gone");
            assertThatThrownBy(() -> commit(store, lease, 2)).hasCauseInstanceOf(StoreException.class);
            assertThat(file).doesNotExist();
            Files.move(away, file);
            assertThat(commitWhenItWorks(store, lease, 2).made(1)).isTrue();
        }
    }

    @Test
    void aFileInPlaceOfTheOneThatWasOpenedIsNotTakenForIt() throws IOException {
        try (JdbcPushStore store = open()) {
            Lease lease = new Samples.Leases(store).of(ALICE);
            commit(store, lease, 1);
            Path copy = Files.copy(file, file.resolveSibling("copy.db"));
            Files.move(copy, file, StandardCopyOption.REPLACE_EXISTING);
            assertThatThrownBy(() -> commit(store, lease, 2)).hasMessageContaining("is another file");
        }
    }

    @Test
    void aLogThatIsGoneFailsCommits() throws IOException {
        try (JdbcPushStore store = open()) {
            Lease lease = new Samples.Leases(store).of(ALICE);
            commit(store, lease, 1);
            commit(store, lease, 2);
            Files.delete(file.resolveSibling(file.getFileName() + "-wal"));
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> commit(store, lease, 3)).hasMessageContaining("-wal was taken away");
            }
        }
    }

    @Test
    void aLockOfAnotherFailsCommitsUntilItIsGone() {
        try (JdbcPushStore store = open();
                LoggedLines log = new LoggedLines()) {
            Samples.Leases leases = new Samples.Leases(store);
            Lease lease = leases.of(ALICE);
            Lease phone = leases.of(Samples.PHONE);
            commit(store, lease, 1);
            lockedByAnother(() -> {
                var waiting = store.commit(lease, changes(2));
                assertThat(Samples.get(store.due(phone, Samples.T0, Except.NOTHING, 10)))
                        .as("reads do not wait for it")
                        .hasSize(1);
                assertThatThrownBy(() -> Samples.get(waiting))
                        .hasCauseInstanceOf(StoreException.class)
                        .hasMessageContaining("SQLITE_BUSY");
            });
            assertThat(commit(store, lease, 2).made(1)).isTrue();
            assertThat(log.lines()).isEmpty();
        }
    }

    @Test
    void aShortLockOfAnotherIsWaitedOut() {
        try (JdbcPushStore store = open();
                LoggedLines log = new LoggedLines()) {
            Lease lease = new Samples.Leases(store).of(ALICE);
            List<CompletionStage<Committed>> waiting = new ArrayList<>();
            lockedByAnother(() -> {
                waiting.add(store.commit(lease, changes(1)));
                assertThatThrownBy(() -> waiting.get(0).toCompletableFuture().get(300, TimeUnit.MILLISECONDS))
                        .isInstanceOf(TimeoutException.class);
            });
            assertThat(Samples.get(waiting.get(0)).made(1)).isTrue();
            assertThat(log.lines()).isEmpty();
        }
    }

    private void lockedByAnother(Runnable work) {
        try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = other.createStatement()) {
            statement.execute("BEGIN IMMEDIATE");
            work.run();
            statement.execute("ROLLBACK");
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aDamagedRowIsLeftOutAndSaidOnce() throws SQLException {
        try (JdbcPushStore store = open()) {
            Lease lease = new Samples.Leases(store).of(ALICE);
            commit(store, lease, 1);
            commit(store, lease, 2);
        }
        try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = other.createStatement()) {
            statement.execute("UPDATE nippush_pushes SET content = x'01ff' WHERE event = x'%s'"
                    .formatted(Samples.event(1).hex()));
        }
        try (JdbcPushStore store = open();
                LoggedLines log = new LoggedLines()) {
            Lease phone = new Samples.Leases(store).of(Samples.PHONE);
            for (int i = 0; i < 3; i++) {
                var due = Samples.get(store.due(phone, Samples.T0, Except.NOTHING, 1));
                assertThat(due).hasSize(i == 0 ? 0 : 1);
            }
            assertThat(log.lines()).hasSize(1);
            assertThat(log.lines().get(0))
                    .startsWith("ERROR")
                    .contains(Samples.event(1).hex());
        }
    }
}
