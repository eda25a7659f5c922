package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.crypto.KeyPair;
import dev.nippush.unifiedpush.VapidKey;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFileTest {

    @TempDir
    private Path directory;

    @Test
    void aKeyIsWrittenForItsOwnerAloneAndReadBack() throws Exception {
        Path file = directory.resolve("key");
        KeyPair key = KeyPair.generate();

        KeyFile.IDENTITY.create(file, key);

        assertThat(Files.readString(file)).isEqualTo(key.secretHex() + "\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(OwnerAlone.isBroken(file)).isFalse();
        assertThat(KeyFile.IDENTITY.read(file).publicKey()).isEqualTo(key.publicKey());
        assertThat(directory).isDirectoryContaining(path -> path.equals(file));
        assertThat(directory.toFile().list()).hasSize(1);
    }

    @Test
    void aFileThatIsThereIsKept() throws Exception {
        Path file = Files.writeString(directory.resolve("key"), "mine");

        assertThatThrownBy(() -> KeyFile.IDENTITY.create(file, KeyPair.generate()))
                .isInstanceOf(FileAlreadyExistsException.class);

        assertThat(file).hasContent("mine");
        assertThat(directory.toFile().list()).hasSize(1);
    }

    @Test
    void wideRightsAreNoticed() throws Exception {
        Path file = Files.writeString(directory.resolve("key"), "mine");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));

        assertThat(OwnerAlone.isBroken(file)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0000000000000000000000000000000000000000000000000000000000000000",
                "000000000000000000000000000000000000000000000000000000000000001",
                "nsec1abc",
                "-----BEGIN"
            })
    void whatIsNoKeyIsRefusedAndNotRepeated(String text) throws Exception {
        Path file = Files.writeString(directory.resolve("key"), text);

        assertThatThrownBy(() -> KeyFile.IDENTITY.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("must hold a private key: 64 hex digits");
    }

    @Test
    void aVapidKeyIsALineOfBase64Url() throws Exception {
        Path file = directory.resolve("key");
        VapidKey key = VapidKey.generate();

        KeyFile.VAPID.create(file, key);

        assertThat(Files.readString(file)).isEqualTo(key.secret() + "\n");
        assertThat(KeyFile.VAPID.read(file).applicationServerKey()).isEqualTo(key.applicationServerKey());
        assertThatThrownBy(() -> KeyFile.IDENTITY.read(file)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void bytesThatAreNoTextAreRefused() throws Exception {
        Path file = Files.write(directory.resolve("key"), new byte[] {(byte) 0xff, (byte) 0xfe});

        assertThatThrownBy(() -> KeyFile.IDENTITY.read(file)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aHugeFileIsNotRead() throws Exception {
        Path file = Files.write(directory.resolve("key"), new byte[2_000]);

        assertThatThrownBy(() -> KeyFile.IDENTITY.read(file)).hasMessage("holds more than a key");
    }
}
