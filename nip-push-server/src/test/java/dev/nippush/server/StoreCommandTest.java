package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.account.Account;
import dev.nippush.account.Marks;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.jdbc.JdbcPushStore;
import dev.nippush.store.Change;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class StoreCommandTest {

    private static final PublicKey ALICE = PublicKey.ofHex("aa".repeat(32));
    private static final DeviceAddress PHONE =
            new DeviceAddressReader(List.of()).read("b1".repeat(32)).orElseThrow();

    private StringWriter out;
    private StringWriter err;

    @TempDir
    private Path directory;

    @BeforeEach
    void fillStore() {
        try (JdbcPushStore store = JdbcPushStore.open("jdbc:sqlite:" + directory.resolve("first.db"))) {
            var lease = store.acquire(Partition.of(ALICE)).toCompletableFuture().join();
            Instant at = Instant.parse("2026-03-01T12:00:00Z");
            PushMessage message = new PushMessage(
                    PHONE, Notification.message("New message", "", ""), "ab".repeat(32), at.plusSeconds(60));
            store.commit(
                            lease,
                            List.of(
                                    new Change.SaveAccount(
                                            Account.unknown(ALICE).with(Marks.NONE.withRegistration(Marks.weak(7)))),
                                    new Change.Owe(List.of(new OwedPush(
                                            ALICE, EventId.ofHex("01".repeat(32)), 1, at, message, 0, at)))))
                    .toCompletableFuture()
                    .join();
        }
    }

    private int run(String database, InputStream in, String... arguments) {
        out = new StringWriter();
        err = new StringWriter();
        Map<String, String> environment = Map.of(
                "NIP_PUSH_DATA_DIR",
                directory.toString(),
                "NIP_PUSH_STORE_URL",
                "jdbc:sqlite:" + directory.resolve(database));
        return Main.run(arguments, environment, in, new PrintWriter(out, true), new PrintWriter(err, true));
    }

    private int run(String database, String... arguments) {
        return run(database, InputStream.nullInputStream(), arguments);
    }

    @Test
    void aStoreThatIsSoundIsSaidToBe() {
        assertThat(run("first.db", "store", "check")).isZero();
        assertThat(out.toString())
                .contains("accounts     1\n", "owed pushes  1\n", "decisions    1\n")
                .endsWith("The store is sound.\n");
    }

    @Test
    void aDamagedFileIsFound() throws Exception {
        Path file = directory.resolve("first.db");
        byte[] bytes = Files.readAllBytes(file);
        for (int i = bytes.length / 2; i < bytes.length; i++) {
            bytes[i] ^= 0x55;
        }
        Files.write(file, bytes);

        assertThat(run("first.db", "store", "check")).isEqualTo(1);

        assertThat(out.toString() + err).containsAnyOf("damaged", "malformed").doesNotContain("\tat ");
    }

    @Test
    void aStoreMovesByExportAndImport() throws Exception {
        Path export = directory.resolve("export.jsonl");
        assertThat(run("first.db", "store", "export", "--out", export.toString()))
                .isZero();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(export)))
                .isEqualTo("rw-------");
        assertThat(err.toString()).contains("accounts     1\n").doesNotContain(PHONE.text());

        assertThat(run("second.db", "store", "import", "--in", export.toString()))
                .isZero();
        assertThat(out.toString()).contains("accounts     1\n", "owed pushes  1\n");

        assertThat(run("second.db", "store", "export")).isZero();
        assertThat(out.toString()).isEqualTo(Files.readString(export));
        String text = out.toString();
        assertThat(run("third.db", new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), "store", "import"))
                .isZero();
        assertThat(run("third.db", "store", "check")).isZero();
    }

    @Test
    void aFileThatIsThereIsNotOverwritten() throws Exception {
        Path export = Files.writeString(directory.resolve("export.jsonl"), "mine");
        assertThat(run("first.db", "store", "export", "--out", export.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).startsWith("nip-push: there is a file at " + export);
        assertThat(export).hasContent("mine");
    }

    @Test
    void nothingIsImportedIntoAStoreThatIsNotEmptyOrInUse() throws Exception {
        Path export = directory.resolve("export.jsonl");
        run("first.db", "store", "export", "--out", export.toString());
        assertThat(run("first.db", "store", "import", "--in", export.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).startsWith("nip-push: jdbc:sqlite:").doesNotContain("\tat ");
        try (JdbcPushStore running = JdbcPushStore.open("jdbc:sqlite:" + directory.resolve("second.db"))) {
            assertThat(run("second.db", "store", "import", "--in", export.toString()))
                    .isEqualTo(1);
            assertThat(err.toString()).contains("is used by a nip-push that runs already");
            assertThat(run("second.db", "store", "check")).isZero();
            assertThat(running.location()).endsWith("second.db");
        }
    }

    @Test
    void aDamagedLineIsNamedAndNothingIsImported() throws Exception {
        Path export = directory.resolve("export.jsonl");
        run("first.db", "store", "export", "--out", export.toString());
        List<String> lines = Files.readAllLines(export);
        lines.set(2, lines.get(2).substring(5));
        Files.write(export, lines);

        assertThat(run("second.db", "store", "import", "--in", export.toString()))
                .isEqualTo(1);

        assertThat(err.toString()).contains("line 3").doesNotContain(PHONE.text(), "\tat ");
        assertThat(run("second.db", "store", "check")).isZero();
        assertThat(out.toString()).contains("accounts     0\n");
    }

    @Test
    void whereThereIsNoStoreThatIsSaid() {
        assertThat(run("nowhere.db", "store", "check")).isEqualTo(1);
        assertThat(err.toString()).startsWith("nip-push: ").contains("nowhere.db");
        assertThat(Files.exists(directory.resolve("nowhere.db"))).isFalse();
    }
}
