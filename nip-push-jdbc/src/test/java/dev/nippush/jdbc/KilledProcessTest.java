package dev.nippush.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.event.PublicKey;
import dev.nippush.store.Change;
import dev.nippush.store.Lease;
import dev.nippush.store.Partition;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process that is killed while it commits. */
@Timeout(60)
@ExtendWith(TestPostgres.class)
class KilledProcessTest {

    private static final PublicKey ALICE = Samples.key(1);

    @TempDir
    private Path folder;

    private final TestPostgres.Server postgres;

    KilledProcessTest(TestPostgres.Server postgres) {
        this.postgres = postgres;
    }

    /** Commits one change after the other, and prints the number of each that was answered. */
    static final class Child {

        private Child() {}

        public static void main(String[] args) {
            JdbcPushStore store = JdbcPushStore.open(args[0]);
            Lease lease = Samples.get(store.acquire(Partition.of(ALICE)));
            for (int i = 0; true; i++) {
                Samples.get(store.commit(lease, List.of(ignore(i))));
                System.out.println(i);
            }
        }
    }

    private static Change ignore(int number) {
        return new Change.Ignore(ALICE, Samples.event(number), Samples.T0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"SQLite", "PostgreSQL"})
    void whatWasAnsweredSurvivesAndTheStoreIsFree(String database) throws IOException, InterruptedException {
        String url =
                database.equals("SQLite") ? "jdbc:sqlite:" + folder.resolve("store.db") : postgres.urlOfNewSchema();
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        url)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        int last = -1;
        try (BufferedReader answered = child.inputReader()) {
            String line = answered.readLine();
            while (line != null) {
                last = Integer.parseInt(line);
                if (last == 30 && database.equals("SQLite")) {
                    assertThatThrownBy(() -> JdbcPushStore.open(url))
                            .isInstanceOf(StoreException.class)
                            .hasMessageContaining("is used by a nip-push that runs already");
                }
                if (last == 50) {
                    // The process's own method would close the stream.
                    child.toHandle().destroyForcibly();
                }
                line = answered.readLine();
            }
        } finally {
            child.destroyForcibly();
        }
        assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(last).isGreaterThanOrEqualTo(50);
        try (JdbcPushStore store = JdbcPushStore.open(url)) {
            Lease lease = Samples.get(store.acquire(Partition.of(ALICE)));
            for (int i = 0; i <= last; i++) {
                assertThat(Samples.get(store.commit(lease, List.of(ignore(i)))).made(0))
                        .as("the decision on event %s is known", i)
                        .isFalse();
            }
            assertThat(Samples.get(store.commit(lease, List.of(ignore(last + 10))))
                            .made(0))
                    .isTrue();
        }
        assertThat(StoreArchive.of(url).check(rows -> {}).isSound()).isTrue();
    }
}
