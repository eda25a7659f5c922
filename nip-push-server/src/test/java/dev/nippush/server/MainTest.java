package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.event.PublicKey;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class MainTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path directory;

    @Test
    void helpNamesTheCommandsAndExitCodes() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString()).contains("keygen", "Exit codes:");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void versionIsPrinted() {
        assertThat(run("--version")).isZero();
        assertThat(out.toString()).startsWith("nip-push ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "--nonsense",
                "nonsense",
                "keygen --nonsense",
                "keygen extra",
                "keygen --out",
                "store",
                "store nonsense",
                "store check extra",
                "store export --out"
            })
    void aWrongCommandLineIsAUsageError(String line) {
        assertThat(run(line.isEmpty() ? new String[0] : line.split(" "))).isEqualTo(2);
        assertThat(err.toString()).isNotBlank().doesNotContain("\tat ", "Exception");
    }

    @Test
    void keygenWritesAKeyAndPrintsThePublicOne() throws Exception {
        Path file = directory.resolve("my key");

        assertThat(run("keygen", "--out", file.toString())).isZero();

        PublicKey key = KeyFile.IDENTITY.read(file).publicKey();
        assertThat(out.toString())
                .contains(key.hex(), key.npub())
                .doesNotContain(Files.readString(file).strip());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void keygenTouchesNoFileThatIsThere() throws Exception {
        Path file = Files.writeString(directory.resolve("key"), "mine");

        assertThat(run("keygen", "--out", file.toString())).isEqualTo(1);

        assertThat(err.toString()).contains(file.toString()).doesNotContain("\tat ", "Exception");
        assertThat(file).hasContent("mine");
    }

    @Test
    void keygenSaysWhatPreventsIt() {
        assertThat(run("keygen", "--out", directory.resolve("no/such/dir/key").toString()))
                .isEqualTo(1);
        assertThat(err.toString()).startsWith("nip-push: cannot write ").doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "apns.keyid=x",
                "log.level=loud",
                "identity.key-file=missing",
                "identity.key-file=nip-push.properties",
                "fcm.service-account-file=nip-push.properties",
                "unifiedpush.trusted-certificates=nip-push.properties",
                "unifiedpush.vapid-key-file=nip-push.properties",
                "unifiedpush.vapid-contact=mailto:\"push\"@example.com",
                "apns.certificate-file=nip-push.properties"
            })
    void aWrongConfigurationIsSaidWithItsLine(String line) throws Exception {
        String topics = line.startsWith("apns.c") ? "apns.topics=a.b" : "";
        Path file = Files.writeString(
                directory.resolve("nip-push.properties"),
                topics + "\nlisten=127.0.0.1:0\n" + line + "\ndata-dir=data\n");

        assertThat(run("serve", "--config", file.toString())).isEqualTo(2);

        assertThat(err.toString()).startsWith("nip-push: " + file + ":3: ").doesNotContain("\tat ", "Exception");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void aMissingConfigurationIsSaid() {
        assertThat(run("serve", "--config", "none.properties")).isEqualTo(2);
        assertThat(err.toString()).isEqualTo("nip-push: none.properties: there is no such file\n");
    }

    @Test
    void aDataDirectoryThatCannotBeMadeIsAFailure() throws Exception {
        Path file = Files.writeString(directory.resolve("nip-push.properties"), "data-dir=/proc/none\n");

        assertThat(run("serve", "--config", file.toString())).isEqualTo(1);
        assertThat(err.toString())
                .startsWith("nip-push: cannot use the key in /proc/none/")
                .doesNotContain("\tat ");
    }

    @ParameterizedTest
    @CsvSource({
        "nosuchhost.invalid:7447, there is no host of this name",
        "192.0.2.1:7447, Cannot assign requested address"
    })
    void anAddressThatIsNotOursIsAFailure(String address, String reason) throws Exception {
        Path file =
                Files.writeString(directory.resolve("nip-push.properties"), "data-dir=data\nlisten=" + address + "\n");

        assertThat(run("serve", "--config", file.toString())).isEqualTo(1);
        assertThat(err.toString()).isEqualTo("nip-push: cannot listen on " + address + ": " + reason + "\n");
    }

    @Test
    void theHelpOfServeExplainsEveryKey() {
        assertThat(run("serve", "--help")).isZero();
        assertThat(out.toString())
                .contains(ConfigKeys.ALL.stream().map(ConfigKey::name).toList());
    }

    private int run(String... arguments) {
        return Main.run(
                arguments,
                Map.of(),
                InputStream.nullInputStream(),
                new PrintWriter(out, true),
                new PrintWriter(err, true));
    }
}
