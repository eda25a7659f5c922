package dev.nippush.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.store.Change;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
@ExtendWith(TestPostgres.class)
class OpeningTest {

    @TempDir
    private Path folder;

    private final TestPostgres.Server postgres;

    OpeningTest(TestPostgres.Server postgres) {
        this.postgres = postgres;
    }

    private Path file() {
        return folder.resolve("store.db");
    }

    private String newUrl(String database) {
        return database.equals("SQLite") ? "jdbc:sqlite:" + file() : postgres.urlOfNewSchema();
    }

    private static void refuses(String url, String... saying) {
        assertThatThrownBy(() -> JdbcPushStore.open(url))
                .isInstanceOf(StoreException.class)
                .hasMessageContainingAll(saying);
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void allFilesAreTheirOwnersAlone() throws IOException {
        try (JdbcPushStore store = JdbcPushStore.open("jdbc:sqlite:" + file())) {
            Samples.fill(store);
            try (Stream<Path> files = Files.list(folder)) {
                assertThat(files)
                        .extracting(Path::getFileName)
                        .extracting(Path::toString)
                        .containsExactlyInAnyOrder("store.db", "store.db-wal", "store.db-shm", "store.db-lock");
            }
            try (Stream<Path> files = Files.list(folder)) {
                assertThat(files)
                        .allSatisfy(
                                each -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(each)))
                                        .isEqualTo("rw-------"));
            }
        }
    }

    @Test
    void commitsAreOnTheDiskWhenTheyAreAnswered() throws SQLException {
        JdbcPushStore.open("jdbc:sqlite:" + file()).close();
        try (Connection connection = new SqliteDatabase(file()).connectToWrite()) {
            assertThat(setting(connection, "PRAGMA journal_mode")).isEqualTo("wal");
            assertThat(setting(connection, "PRAGMA synchronous")).as("FULL").isEqualTo("2");
        }
        String hasty = postgres.urlOfNewSchema() + "&options=-c%20synchronous_commit=off";
        try (Connection connection = StoreUrl.read(hasty, Optional.empty()).connectToWrite()) {
            assertThat(setting(connection, "SHOW synchronous_commit")).isEqualTo("on");
        }
        String careful = postgres.urlOfNewSchema() + "&options=-c%20synchronous_commit=remote_write";
        try (Connection connection = StoreUrl.read(careful, Optional.empty()).connectToWrite()) {
            assertThat(setting(connection, "SHOW synchronous_commit")).isEqualTo("remote_write");
        }
    }

    private static String setting(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getString(1);
        }
    }

    @Test
    void anotherMayNotOpenTheSameFile() throws IOException {
        String url = "jdbc:sqlite:" + file();
        try (JdbcPushStore store = JdbcPushStore.open(url)) {
            refuses(url, "is used by a nip-push that runs already");
            Path link = Files.createSymbolicLink(folder.resolve("link.db"), file());
            refuses("jdbc:sqlite:" + link, "is used by a nip-push that runs already");
            assertThat(store).hasToString("JdbcPushStore[" + url + "]");
        }
        JdbcPushStore.open(url).close();
    }

    @Test
    void aDirectoryThatDoesNotExistIsSaid() {
        refuses("jdbc:sqlite:" + folder.resolve("none/store.db"), "cannot be created", "directory");
        refuses("jdbc:sqlite:" + folder, "is no file");
    }

    @Test
    void aFileOfSomethingElseIsRefusedAndLeftAsItIs() throws IOException, SQLException {
        byte[] garbage =
                "not a database, but long enough to look like one".repeat(50).getBytes(StandardCharsets.UTF_8);
        Files.write(file(), garbage);
        refuses("jdbc:sqlite:" + file(), "is no SQLite database");
        assertThat(Files.readAllBytes(file())).isEqualTo(garbage);
        Files.delete(file());
        execute("CREATE TABLE recipes (name TEXT)");
        refuses("jdbc:sqlite:" + file(), "is a database of something else");
    }

    @Test
    void aDamagedFileIsRefused() throws IOException {
        JdbcPushStore.open("jdbc:sqlite:" + file()).close();
        byte[] content = Files.readAllBytes(file());
        Arrays.fill(content, 100, content.length, (byte) 0x55);
        Files.write(file(), content);
        refuses("jdbc:sqlite:" + file(), "is damaged");
    }

    @Test
    void aDatabaseThatDoesNotExistIsSaid() {
        refuses(
                "jdbc:postgresql://localhost:%d/nowhere?user=postgres".formatted(postgres.port()),
                "does not exist: create the database");
        refuses(
                "jdbc:postgresql://localhost:%d/postgres?user=nobody".formatted(postgres.port()),
                "refuses the user or the password");
    }

    @Test
    void tablesOfOthersMayBeBesideOursInPostgres() {
        String url = postgres.urlOfNewSchema();
        postgres.execute("CREATE TABLE %s.recipes (name TEXT)".formatted(url.substring(url.lastIndexOf('=') + 1)));
        JdbcPushStore.open(url).close();
    }

    // ---- versions

    @ParameterizedTest
    @CsvSource({"SQLite", "PostgreSQL"})
    void anOlderStoreIsMigratedAndANewerOneRefused(String database) {
        String url = newUrl(database);
        try (JdbcPushStore store = JdbcPushStore.open(url)) {
            Samples.fill(store);
        }
        List<List<String>> next = new ArrayList<>(Schema.MIGRATIONS);
        next.add(List.of("ALTER TABLE nippush_cursors ADD COLUMN note $text", "CREATE TABLE nippush_more (a $bytes)"));
        Database same = StoreUrl.read(url, Optional.empty());
        try (JdbcPushStore store = JdbcPushStore.open(same, next)) {
            assertThat(store).isNotNull();
        }
        try (JdbcPushStore store = JdbcPushStore.open(same, next)) {
            assertThat(Samples.get(store.commit(
                                    new Samples.Leases(store).of(Samples.key(1)),
                                    List.of(new Change.Ignore(Samples.key(1), Samples.event(10), Samples.T0))))
                            .made(0))
                    .isFalse();
        }
        refuses(url, "was written by a newer nip-push", "version 2", "knows 1");
        assertThatThrownBy(() -> StoreArchive.of(url).check(rows -> {}))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("newer nip-push");
    }

    @ParameterizedTest
    @CsvSource({"SQLite", "PostgreSQL"})
    void aMigrationThatFailsChangesNothing(String database) {
        String url = newUrl(database);
        JdbcPushStore.open(url).close();
        List<List<String>> broken = new ArrayList<>(Schema.MIGRATIONS);
        broken.add(List.of("ALTER TABLE nippush_cursors RENAME TO nippush_else", "CREATE NONSENSE"));
        Database same = StoreUrl.read(url, Optional.empty());
        assertThatThrownBy(() -> JdbcPushStore.open(same, broken)).isInstanceOf(StoreException.class);
        try (JdbcPushStore store = JdbcPushStore.open(url)) {
            Samples.fill(store);
        }
    }

    @Test
    void whatVersionOneWroteIsReadAndWrittenAgain() throws IOException {
        String written = versionOne();
        String url = newUrl("SQLite");
        StoreArchive.of(url).importFrom(new StringReader(written), rows -> {});
        assertThat(export(url)).isEqualTo(written);
        String filled = "jdbc:sqlite:" + folder.resolve("filled.db");
        try (JdbcPushStore store = JdbcPushStore.open(filled)) {
            Samples.fill(store);
        }
        assertThat(export(filled)).isEqualTo(written);
    }

    private static String versionOne() throws IOException {
        try (InputStream in = Objects.requireNonNull(OpeningTest.class.getResourceAsStream("/store-version-1.jsonl"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String export(String url) throws IOException {
        StringWriter out = new StringWriter();
        StoreArchive.of(url).exportTo(out, rows -> {});
        return out.toString();
    }
}
