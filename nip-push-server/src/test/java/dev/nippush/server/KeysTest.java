package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.nippush.unifiedpush.VapidKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class KeysTest {

    @TempDir
    private Path directory;

    @Test
    void aVapidKeyIsMadeAtTheFirstStartForItsOwnerAloneAndKept() throws Exception {
        ServerConfig config = config("data-dir=data");

        String first = Keys.vapid(config).orElseThrow().applicationServerKey();

        Path file = directory.resolve("data/vapid.key");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(Files.readString(file)).matches("[A-Za-z0-9_-]{43}\n");
        assertThat(Keys.vapid(config).orElseThrow().applicationServerKey()).isEqualTo(first);
        assertThat(KeyFile.VAPID.read(file).applicationServerKey()).isEqualTo(first);
    }

    @Test
    void bothKeysAreFilesOfTheirOwn() throws Exception {
        ServerConfig config = config("data-dir=data");

        Keys.identity(config);
        Keys.vapid(config);

        assertThat(directory.resolve("data").toFile().list()).containsExactlyInAnyOrder("identity.key", "vapid.key");
    }

    @Test
    void aNamedVapidKeyIsUsedAndNoneIsMade() throws Exception {
        VapidKey key = VapidKey.generate();
        KeyFile.VAPID.create(directory.resolve("mine"), key);

        assertThat(Keys.vapid(config("data-dir=data\nunifiedpush.vapid-key-file=mine"))
                        .orElseThrow()
                        .applicationServerKey())
                .isEqualTo(key.applicationServerKey());

        assertThat(directory.resolve("data/vapid.key")).doesNotExist();
    }

    @Test
    void aVapidKeyThatOthersMayReadIsUsedWithAWarning() throws Exception {
        Path file = directory.resolve("mine");
        KeyFile.VAPID.create(file, VapidKey.generate());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        Logger logger = (Logger) LoggerFactory.getLogger(Keys.class);
        logger.addAppender(log);
        try {
            assertThat(Keys.vapid(config("unifiedpush.vapid-key-file=mine"))).isPresent();
        } finally {
            logger.detachAppender(log);
        }

        assertThat(log.list)
                .singleElement()
                .satisfies(event -> assertThat(event.getFormattedMessage())
                        .startsWith("others than its owner may read")
                        .contains(file.toString())
                        .doesNotContain(Files.readString(file).strip()));
    }

    @Test
    void aBrokenVapidKeyIsSaidAndNotReplaced() throws Exception {
        Files.createDirectory(directory.resolve("data"));
        Path file = Files.writeString(directory.resolve("data/vapid.key"), "mine");

        assertThatThrownBy(() -> Keys.vapid(config("data-dir=data")))
                .isInstanceOf(Failure.class)
                .hasMessage(file + " must hold a VAPID key: base64url of its 32 bytes, or PKCS#8 in PEM form");

        assertThat(file).hasContent("mine");
    }

    @Test
    void noVapidKeyIsMadeWhereNothingIsPushedToEndpoints() throws Exception {
        Files.writeString(directory.resolve("AuthKey.p8"), "x");

        assertThat(Keys.vapid(config("""
                data-dir=data
                unifiedpush.enabled=false
                apns.key-file=AuthKey.p8
                apns.key-id=KEY
                apns.team-id=TEAM
                apns.topics=a.b
                """))).isEmpty();
        assertThat(Keys.vapid(ConfigReader.read(Optional.empty(), Map.of(), directory)))
                .isEmpty();

        assertThat(directory.resolve("data")).doesNotExist();
        assertThat(directory.resolve("nip-push-data")).doesNotExist();
    }

    private ServerConfig config(String text) throws Exception {
        Path file = Files.writeString(directory.resolve("nip-push.properties"), text);
        return ConfigReader.read(Optional.of(file), Map.of(), directory);
    }
}
