package dev.nippush.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.RelayUrl;
import dev.nippush.control.ControlWriter;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.testkit.TestRelay;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class EmbedInBotTest {

    private final KeyPair server = KeyPair.generate();
    private final KeyPair alice = KeyPair.generate();
    private final KeyPair bob = KeyPair.generate();

    @TempDir
    private Path directory;

    @Test
    void whatTheBotReadsIsPushed() throws Exception {
        Path key = Files.writeString(directory.resolve("key"), server.secretHex());
        try (TestRelay relay = TestRelay.start();
                BellServer bells = new BellServer()) {
            Instant now = Instant.now();
            ControlWriter app = new ControlWriter(alice, server.publicKey());
            NostrEvent settings = app.settings(
                    SettingsDraft.forDevice("bell://front door").relays(List.of(RelayUrl.of("wss://relay.example"))),
                    now);
            CompletableFuture<Void> bot = CompletableFuture.runAsync(() -> run(key, relay.url(), bells.url()));
            relay.awaitRequest(request -> request.asksForKind(Kind.PUSH_CONTROL));
            relay.publish(settings);
            // The bot waits for no outcome, so a message may overtake the registration: another one follows.
            for (int i = 0; bells.received().size() == 0 && i < 1_000; i++) {
                relay.publish(bob.sign(
                        now.getEpochSecond(),
                        Kind.ENCRYPTED_DIRECT_MESSAGE,
                        List.of(Tag.of("p", alice.publicKey().hex())),
                        "message " + i));
                LockSupport.parkNanos(20_000_000);
            }

            bells.received().await(1);
            assertThat(bells.received().last().title()).isEqualTo("New message");
            relay.stop();
            assertThat(bot.handle((end, failure) -> true).join()).isTrue();
        }
    }

    private static void run(Path key, RelayUrl relay, String bells) {
        try {
            EmbedInBot.main(
                    new String[] {key.toString(), URI.create(relay.toString()).toString(), bells});
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
