package dev.nippush.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.account.Account;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Change;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.Lease;
import dev.nippush.store.LeaseLostException;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore.Committed;
import dev.nippush.store.PushStore.Except;
import dev.nippush.store.PushStore.Sink;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
@Timeout(120)
@ExtendWith(TestPostgres.class)
class PostgresFaultsTest {

    private static final PublicKey ALICE = Samples.key(1);

    private static final Sink NOWHERE = new Sink() {
        @Override
        public void account(Account account) {}

        @Override
        public void held(HeldEvent held) {}

        @Override
        public void cursor(RelayUrl relay, Instant upTo) {}
    };

    private final TestPostgres.Server postgres;

    PostgresFaultsTest(TestPostgres.Server postgres) {
        this.postgres = postgres;
    }

    private static CompletionStage<Committed> commit(JdbcPushStore store, Lease lease, int number) {
        return store.commit(lease, List.of(Samples.owe(ALICE, Samples.event(number), Samples.PHONE)));
    }

    /** Makes a commit as the engine does: again until it lands. */
    private static void commitUntilItLands(JdbcPushStore store, Lease lease, int number) {
        while (true) {
            try {
                Samples.get(commit(store, lease, number));
                return;
            } catch (CompletionException e) {
                assertThat(e).hasCauseInstanceOf(StoreException.class);
            }
        }
    }

    private static int due(JdbcPushStore store, Lease phone) {
        return Samples.get(store.due(phone, Samples.T0, Except.NOTHING, 100)).size();
    }

    // ---- fencing

    @Test
    void whoeverAcquiredLastWritesAndTheOthersAreToldSo() {
        String url = postgres.urlOfNewSchema();
        try (JdbcPushStore older = JdbcPushStore.open(url);
                JdbcPushStore newer = JdbcPushStore.open(url)) {
            Lease before = new Samples.Leases(older).of(ALICE);
            Lease phoneBefore = new Samples.Leases(older).of(Samples.PHONE);
            Samples.get(commit(older, before, 1));
            Lease after = new Samples.Leases(newer).of(ALICE);
            Lease phoneAfter = new Samples.Leases(newer).of(Samples.PHONE);
            assertThat(after.epoch()).isGreaterThan(before.epoch());
            for (CompletionStage<?> call : List.<CompletionStage<?>>of(
                    commit(older, before, 2),
                    older.load(before, NOWHERE),
                    older.due(phoneBefore, Samples.T0, Except.NOTHING, 1),
                    older.sweep(phoneBefore, Samples.T0.plusSeconds(1), 1))) {
                assertThatThrownBy(() -> Samples.get(call)).hasCauseInstanceOf(LeaseLostException.class);
            }
            assertThat(due(newer, phoneAfter)).isEqualTo(1);
            assertThat(Samples.get(commit(newer, after, 2)).made(0)).isTrue();
        }
    }

    @Test
    void aTakeoverWaitsForATransactionThatIsUnderWay() throws SQLException {
        String url = postgres.urlOfNewSchema();
        String schema = url.substring(url.lastIndexOf('=') + 1);
        try (JdbcPushStore store = JdbcPushStore.open(url);
                Connection other = postgres.connect();
                Statement statement = other.createStatement()) {
            Lease lease = new Samples.Leases(store).of(ALICE);
            other.setAutoCommit(false);
            statement.execute("SELECT epoch FROM %s.nippush_leases FOR SHARE".formatted(schema));
            CompletionStage<Lease> taken = store.acquire(lease.partition());
            statement.execute("SELECT pg_sleep(0.3)");
            assertThat(taken.toCompletableFuture()).isNotDone();
            other.commit();
            assertThat(Samples.get(taken).epoch()).isEqualTo(lease.epoch() + 1);
        }
    }

    @Test
    void manyThatTakeOverFromEachOtherNeverWriteBoth() {
        String url = postgres.urlOfNewSchema();
        try (JdbcPushStore one = JdbcPushStore.open(url);
                JdbcPushStore two = JdbcPushStore.open(url)) {
            int made = 0;
            for (int i = 0; i < 50; i++) {
                Lease first = Samples.get(one.acquire(Partition.of(ALICE)));
                CompletionStage<Committed> early = commit(one, first, i);
                CompletionStage<Lease> second = two.acquire(first.partition());
                CompletionStage<Committed> late = commit(one, first, 1_000 + i);
                Lease lease = Samples.get(second);
                Samples.get(commit(two, lease, 2_000 + i));
                made++;
                for (CompletionStage<Committed> each : List.of(early, late)) {
                    try {
                        Samples.get(each);
                        made++;
                    } catch (CompletionException e) {
                        assertThat(e).hasCauseInstanceOf(LeaseLostException.class);
                    }
                }
                assertThatThrownBy(() -> Samples.get(commit(one, first, 3_000)))
                        .hasCauseInstanceOf(LeaseLostException.class);
            }
            Lease phone = new Samples.Leases(two).of(Samples.PHONE);
            assertThat(Samples.get(two.due(phone, Samples.T0, Except.NOTHING, 1_000)))
                    .hasSize(made);
        }
    }

    // ---- outages

    @Test
    void aLostConnectionIsOpenedAgain() {
        String url = postgres.urlOfNewSchema() + "&password=s3cr3t";
        try (JdbcPushStore store = JdbcPushStore.open(url);
                LoggedLines log = new LoggedLines()) {
            Samples.Leases leases = new Samples.Leases(store);
            Lease lease = leases.of(ALICE);
            Lease phone = leases.of(Samples.PHONE);
            Samples.get(commit(store, lease, 1));
            postgres.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity" + " WHERE application_name = 'nip-push'");
            assertThatThrownBy(() -> Samples.get(commit(store, lease, 2)))
                    .hasCauseInstanceOf(StoreException.class)
                    .message()
                    .contains("jdbc:postgresql://localhost")
                    .doesNotContain("s3cr3t", Samples.SECRET_TEXT);
            commitUntilItLands(store, lease, 2);
            assertThatThrownBy(() -> due(store, phone)).hasCauseInstanceOf(StoreException.class);
            assertThat(due(store, phone)).isEqualTo(2);
            assertThat(log.lines()).as("the engine logs it").isEmpty();
        }
    }

    @Test
    void aDatabaseThatIsStartedAgainIsUsedAgain(@TempDir Path data) throws IOException {
        EmbeddedPostgres first = EmbeddedPostgres.builder()
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .start();
        int port = first.getPort();
        try (JdbcPushStore store =
                        JdbcPushStore.open("jdbc:postgresql://localhost:%d/postgres?user=postgres".formatted(port));
                LoggedLines log = new LoggedLines()) {
            Samples.Leases leases = new Samples.Leases(store);
            Lease lease = leases.of(ALICE);
            Lease phone = leases.of(Samples.PHONE);
            Samples.get(commit(store, lease, 1));
            first.close();
            for (int i = 0; i < 5; i++) {
                assertThatThrownBy(() -> Samples.get(commit(store, lease, 2))).hasCauseInstanceOf(StoreException.class);
                assertThatThrownBy(() -> due(store, phone)).hasCauseInstanceOf(StoreException.class);
            }
            try (EmbeddedPostgres again = EmbeddedPostgres.builder()
                    .setDataDirectory(data)
                    .setCleanDataDirectory(false)
                    .setPort(port)
                    .start()) {
                assertThat(again.getPort()).isEqualTo(port);
                commitUntilItLands(store, lease, 2);
                assertThat(due(store, phone)).isEqualTo(2);
                assertThat(log.lines()).as("the engine logs it").isEmpty();
            }
        }
    }

    @Test
    void aDatabaseThatIsSilentCountsAsLost() throws IOException {
        try (SilentProxy proxy = new SilentProxy(postgres.port())) {
            String url = postgres.urlOfNewSchema().replace(":" + postgres.port(), ":" + proxy.port());
            try (JdbcPushStore store = JdbcPushStore.open(url + "&socketTimeout=1")) {
                Lease lease = new Samples.Leases(store).of(ALICE);
                Samples.get(commit(store, lease, 1));
                proxy.silence();
                assertThatThrownBy(() -> Samples.get(commit(store, lease, 2))).hasCauseInstanceOf(StoreException.class);
                proxy.speak();
                commitUntilItLands(store, lease, 2);
            }
        }
    }

    @Test
    void aFailedBatchTellsNothingOfItsRows() {
        String url = postgres.urlOfNewSchema();
        JdbcPushStore.open(url).close();
        String schema = url.substring(url.lastIndexOf('=') + 1);
        postgres.execute(
                "ALTER TABLE %s.nippush_pushes ADD CONSTRAINT picky CHECK (received_at < 0)".formatted(schema));
        try (JdbcPushStore store = JdbcPushStore.open(url);
                LoggedLines log = new LoggedLines()) {
            Lease lease = new Samples.Leases(store).of(ALICE);
            assertThatThrownBy(() -> Samples.get(commit(store, lease, 1)))
                    .hasCauseInstanceOf(StoreException.class)
                    .satisfies(e -> {
                        StringWriter trace = new StringWriter();
                        e.printStackTrace(new PrintWriter(trace));
                        assertThat(trace.toString())
                                .contains("picky")
                                .doesNotContain(Samples.SECRET_TEXT, "\\x", Samples.PHONE.token());
                    });
            assertThat(log.lines()).isEmpty();
            assertThat(Samples.get(store.commit(lease, List.of(new Change.Ignore(ALICE, Samples.event(1), Samples.T0))))
                            .made(0))
                    .isTrue();
        }
    }
}
