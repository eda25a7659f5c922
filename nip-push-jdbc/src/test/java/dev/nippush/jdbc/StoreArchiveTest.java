package dev.nippush.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.store.Change;
import dev.nippush.store.PushStore.Except;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
@ExtendWith(TestPostgres.class)
class StoreArchiveTest {

    private static final StoreRows FILLED = new StoreRows(4, 2, 4, 2, 2, 2);

    @TempDir
    private Path folder;

    private final TestPostgres.Server postgres;
    private int files;

    StoreArchiveTest(TestPostgres.Server postgres) {
        this.postgres = postgres;
    }

    private String newUrl(String database) {
        return database.equals("SQLite")
                ? "jdbc:sqlite:" + folder.resolve("store-" + files++ + ".db")
                : postgres.urlOfNewSchema();
    }

    private static void fill(String url) {
        try (JdbcPushStore store = JdbcPushStore.open(url)) {
            Samples.fill(store);
        }
    }

    private static String export(String url) throws IOException {
        StringWriter out = new StringWriter();
        StoreArchive.of(url).exportTo(out, rows -> {});
        return out.toString();
    }

    private static StoreRows importInto(String url, String export) throws IOException {
        return StoreArchive.of(url).importFrom(new StringReader(export), rows -> {});
    }

    private static StoreReport check(String url) {
        return StoreArchive.of(url).check(rows -> {});
    }

    @ParameterizedTest
    @CsvSource({"SQLite, PostgreSQL", "PostgreSQL, SQLite", "SQLite, SQLite", "PostgreSQL, PostgreSQL"})
    void anExportMovesAStoreToAnotherDatabase(String from, String to) throws IOException {
        String old = newUrl(from);
        String other = newUrl(to);
        fill(old);
        String export = export(old);
        assertThat(importInto(other, export)).isEqualTo(FILLED);
        assertThat(export(other)).isEqualTo(export);
        assertThat(check(other)).isEqualTo(new StoreReport(1, FILLED, 0, 0, List.of()));
        try (JdbcPushStore store = JdbcPushStore.open(other)) {
            Samples.Leases leases = new Samples.Leases(store);
            assertThat(Samples.get(
                            store.due(leases.of(Samples.BROWSER), Samples.T0.plusSeconds(7), Except.NOTHING, 10)))
                    .containsExactly(
                            Samples.push(Samples.key(2), Samples.event(22), Samples.BROWSER, Samples.T0),
                            Samples.push(
                                    Samples.key(1), Samples.event(21), Samples.BROWSER, Samples.T0.plusSeconds(7)));
        }
    }

    @ParameterizedTest
    @CsvSource({"SQLite", "PostgreSQL"})
    void aStoreIsCheckedAndExportedWhileItIsUsed(String database) throws IOException {
        String url = newUrl(database);
        try (JdbcPushStore store = JdbcPushStore.open(url)) {
            Samples.fill(store);
            assertThat(check(url).rows()).isEqualTo(FILLED);
            assertThat(export(url)).endsWith("{\"type\":\"end\",\"rows\":16}\n");
        }
    }

    @ParameterizedTest
    @CsvSource({"SQLite", "PostgreSQL"})
    void aStoreInUseTakesNoImport(String database) {
        String url = newUrl(database);
        try (JdbcPushStore store = JdbcPushStore.open(url)) {
            assertThat(store).isNotNull();
            assertThatThrownBy(() -> importInto(url, ""))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("is used by a nip-push that runs");
        }
    }

    @ParameterizedTest
    @CsvSource({"SQLite", "PostgreSQL"})
    void aStoreWithRowsTakesNoImport(String database) throws IOException {
        String url = newUrl(database);
        fill(url);
        String export = export(url);
        assertThatThrownBy(() -> importInto(url, export))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("has rows already");
        assertThat(export(url)).isEqualTo(export);
    }

    @Test
    void noServerStartsDuringAnImport() throws SQLException {
        String url = newUrl("PostgreSQL");
        JdbcPushStore.open(url).close();
        try (Connection importing = StoreUrl.read(url, Optional.empty()).connectToImport()) {
            assertThat(importing).isNotNull();
            assertThatThrownBy(() -> JdbcPushStore.open(url))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("An import")
                    .hasMessageContaining("is running");
        }
    }

    @ParameterizedTest
    @CsvSource({"SQLite", "PostgreSQL"})
    void aDamagedLineIsNamedAndNothingIsImported(String database) throws IOException {
        String old = newUrl(database);
        fill(old);
        List<String> good = export(old).lines().toList();
        String url = newUrl(database);
        List<List<String>> damaged = new ArrayList<>();
        damaged.add(with(good, 0, "{\"format\":\"other\",\"version\":1}"));
        damaged.add(with(good, 0, "{\"format\":\"nip-push-store\",\"version\":2}"));
        damaged.add(with(good, 5, "{\"type\":\"account\""));
        damaged.add(with(good, 5, good.get(5).replace("decision", "other")));
        damaged.add(with(good, 5, good.get(5) + " {}"));
        damaged.add(with(good, 2, good.get(2).replaceFirst("\"content\":\".", "\"content\":\"B")));
        damaged.add(with(good, 16, good.get(16).replaceFirst("wss", "http")));
        damaged.add(good.subList(0, 10));
        for (List<String> lines : damaged) {
            int number = 1;
            while (number <= lines.size() && lines.get(number - 1).equals(good.get(number - 1))) {
                number++;
            }
            String expected = "line " + number + " of the export is damaged";
            assertThatThrownBy(() -> importInto(url, String.join("\n", lines) + "\n"))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining(expected)
                    .hasMessageContaining("Nothing was imported");
            assertThat(check(url).rows().total()).isZero();
        }
    }

    private static List<String> with(List<String> lines, int index, String line) {
        List<String> changed = new ArrayList<>(lines);
        changed.set(index, line);
        return changed;
    }

    @Test
    void aRowThatIsThereTwiceIsRefused() throws IOException {
        String old = newUrl("SQLite");
        fill(old);
        List<String> good = export(old).lines().toList();
        String url = newUrl("SQLite");
        for (int twice : new int[] {1, 5, 11, 15}) {
            List<String> lines = new ArrayList<>(good);
            lines.add(twice, good.get(twice));
            lines.set(17, "{\"type\":\"end\",\"rows\":17}");
            assertThatThrownBy(() -> importInto(url, String.join("\n", lines) + "\n"))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("Nothing was imported");
            assertThat(check(url).rows().total()).isZero();
        }
        assertThat(importInto(url, String.join("\n", good) + "\n")).isEqualTo(FILLED);
    }

    @Test
    void aDamagedRowIsFound() throws SQLException {
        Path file = folder.resolve("store.db");
        String url = "jdbc:sqlite:" + file;
        fill(url);
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            statement.execute("UPDATE nippush_accounts SET content = x'0100' WHERE pubkey = x'%s'"
                    .formatted(Samples.key(1).hex()));
            statement.execute("UPDATE nippush_cursors SET up_to = up_to + 1 WHERE relay LIKE '%/1'");
            statement.execute("UPDATE nippush_pushes SET host = 'elsewhere' WHERE host IS NOT NULL");
        }
        StoreReport report = check(url);
        assertThat(report.isSound()).isFalse();
        assertThat(report.damages()).isEqualTo(4);
        assertThat(report.rows()).isEqualTo(new StoreRows(3, 2, 4, 0, 2, 1));
        assertThat(report.problems())
                .anySatisfy(
                        problem -> assertThat(problem).contains(Samples.key(1).hex()))
                .anySatisfy(problem -> assertThat(problem).contains("wss://relay.example.com/1"));
        assertThatThrownBy(() -> export(url)).isInstanceOf(StoreException.class).hasMessageContaining("is damaged");
    }

    @Test
    void whatBelongsToNobodyIsCounted() {
        String url = newUrl("SQLite");
        try (JdbcPushStore store = JdbcPushStore.open(url)) {
            Samples.fill(store);
            Samples.get(store.commit(
                    new Samples.Leases(store).of(Samples.key(1)), List.of(new Change.DropAccount(Samples.key(1)))));
        }
        StoreReport report = check(url);
        assertThat(report.orphans()).isEqualTo(2);
        assertThat(report.isSound()).isTrue();
    }

    @Test
    void aStoreThatDoesNotExistIsNotMadeByLookingAtIt() {
        Path file = folder.resolve("none.db");
        assertThatThrownBy(() -> check("jdbc:sqlite:" + file))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("does not exist");
        assertThat(file).doesNotExist();
        assertThatThrownBy(() -> check(newUrl("PostgreSQL")))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("holds no store");
    }
}
