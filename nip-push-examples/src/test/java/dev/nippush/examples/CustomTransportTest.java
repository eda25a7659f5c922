package dev.nippush.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.control.ControlWriter;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.Kind;
import dev.nippush.event.Tag;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CustomTransportTest {

    @TempDir
    private Path directory;

    @Test
    void whatIsReadFromStandardInputRingsTheBell() throws Exception {
        KeyPair server = KeyPair.generate();
        KeyPair alice = KeyPair.generate();
        KeyPair bob = KeyPair.generate();
        Instant now = Instant.now();
        String settings = new ControlWriter(alice, server.publicKey())
                .settings(SettingsDraft.forDevice("bell://front door"), now)
                .toJson();
        String message = bob.sign(
                        now.getEpochSecond(),
                        Kind.ENCRYPTED_DIRECT_MESSAGE,
                        List.of(Tag.of("p", alice.publicKey().hex())),
                        "?iv=")
                .toJson();
        Path key = Files.writeString(directory.resolve("key"), server.secretHex());

        InputStream before = System.in;
        try (BellServer bells = new BellServer()) {
            System.setIn(new ByteArrayInputStream(
                    (settings + "\nnoise\n" + message + "\n").getBytes(StandardCharsets.UTF_8)));
            CustomTransport.main(new String[] {key.toString(), bells.url()});

            bells.received().await(1);
            assertThat(bells.received().last().title()).isEqualTo("New message");
        } finally {
            System.setIn(before);
        }
    }
}
