package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.control.ControlWriter;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The program as its user meets it: a process, its output, and its port. */
@Timeout(120)
class ServeProcessTest {

    private static final String DEVICE = "ab".repeat(32);
    private static final long PATIENCE_SECONDS = 60;

    @TempDir
    private Path directory;

    private final List<Process> started = new ArrayList<>();
    private final Map<Process, Thread> readers = new HashMap<>();
    private final BlockingQueue<String> out = new LinkedBlockingQueue<>();
    private final List<String> err = new CopyOnWriteArrayList<>();

    @AfterEach
    void killWhatIsLeft() {
        started.forEach(Process::destroyForcibly);
    }

    @Test
    void withoutAConfigurationItStartsPrintsPushesAndEndsWhenTold() throws Exception {
        Process process = start(Map.of("NIP_PUSH_LISTEN", "127.0.0.1:0"), "serve");
        PublicKey server = PublicKey.ofHex(await("public key").replaceFirst("public key +", ""));
        assertThat(await("npub1").strip()).isEqualTo(server.npub());
        URI uri = URI.create(await("listening").replaceFirst(".*(ws://[^ ]+).*", "$1"));
        String needed = await("APNs") + await("FCM") + await("UnifiedPush");
        assertThat(needed).contains("apns.key-file", "fcm.service-account-file", "unifiedpush.enabled");

        Path key = directory.resolve("nip-push-data/identity.key");
        assertThat(KeyFile.read(key).publicKey()).isEqualTo(server);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
                .isEqualTo("rw-------");

        KeyPair alice = KeyPair.generate();
        KeyPair bob = KeyPair.generate();
        ControlWriter app = new ControlWriter(alice, server);
        Instant now = Instant.now();
        try (WebSocketClient client = WebSocketClient.connect(uri)) {
            assertThat(client.send("garbage").next()).startsWith("[\"NOTICE\"");
            send(client, app.settings(SettingsDraft.forDevice(DEVICE), now), true);
            send(client, message(bob, alice, now), true);
            assertThat(await("push (printed, not sent)"))
                    .contains("apns:…abab", "New message")
                    .doesNotContain(DEVICE);

            send(client, app.logout(now.plusSeconds(1)), true);
            send(client, message(bob, alice, now.plusSeconds(1)), true);
        }

        end(process);
        assertThat(process.waitFor(10, TimeUnit.SECONDS))
                .as("ended within 10 s")
                .isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(out).noneMatch(line -> line.startsWith("push"));
        assertThat(err)
                .noneMatch(line -> line.contains("\tat ") || line.contains("Exception") || line.contains(DEVICE));
    }

    @Test
    void theKeyPairOfTheFirstStartStays() throws Exception {
        Process first = start(Map.of("NIP_PUSH_LISTEN", "127.0.0.1:0"), "serve");
        String key = await("public key");
        await("listening");
        end(first);
        assertThat(first.waitFor(10, TimeUnit.SECONDS)).isTrue();
        out.clear();

        start(Map.of("NIP_PUSH_LISTEN", "127.0.0.1:0"), "serve");
        assertThat(await("public key")).isEqualTo(key);
    }

    @Test
    void aWrongConfigurationEndsTheProgramWithoutATrace() throws Exception {
        Path file = Files.writeString(directory.resolve("nip-push.properties"), "\nlisten=nowhere\n");

        Process process = start(Map.of(), "serve", "--config", file.toString());

        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(2);
        assertThat(errors(process))
                .singleElement()
                .satisfies(
                        error -> assertThat(error).startsWith("nip-push: " + file + ":2: listen: must be host:port"));
    }

    @Test
    void aTakenPortIsAFailure() throws Exception {
        start(Map.of("NIP_PUSH_LISTEN", "127.0.0.1:0"), "serve");
        String taken = await("listening").replaceFirst(".*ws://([^ ]+).*", "$1");

        Process second = start(Map.of("NIP_PUSH_LISTEN", taken), "serve");

        assertThat(second.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(second.exitValue()).isEqualTo(1);
        assertThat(errors(second)).anyMatch(error -> error.startsWith("nip-push: cannot listen on " + taken));
        assertThat(err).noneMatch(error -> error.contains("\tat "));
    }

    /** SIGTERM; unlike the method of the process itself this leaves its output open. */
    private static void end(Process process) {
        process.toHandle().destroy();
    }

    private static NostrEvent message(KeyPair from, KeyPair to, Instant at) {
        return from.sign(
                at.getEpochSecond(), 4, List.of(Tag.of("p", to.publicKey().hex())), "?iv=");
    }

    private static void send(WebSocketClient client, NostrEvent event, boolean accepted) throws InterruptedException {
        client.send("[\"EVENT\"," + event.toJson() + "]");
        assertThat(client.next()).startsWith("[\"OK\",\"" + event.id().hex() + "\"," + accepted);
    }

    private Process start(Map<String, String> environment, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx96m",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.nippush.server.Main"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        started.add(process);
        follow(process.getInputStream(), out::add);
        readers.put(process, follow(process.getErrorStream(), err::add));
        return process;
    }

    private static Thread follow(InputStream stream, Consumer<String> lines) {
        Thread thread = new Thread(() -> {
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                reader.lines().forEach(lines);
            } catch (IOException | UncheckedIOException e) {
                lines.accept("reading the output failed: " + e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** All that an ended process said. */
    private List<String> errors(Process ended) throws InterruptedException {
        assertThat(ended.isAlive()).isFalse();
        readers.get(ended).join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
        return err;
    }

    /** The next line of the output that contains the text; those before it are gone. */
    private String await(String text) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        List<String> passed = new ArrayList<>();
        while (true) {
            String line = out.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (line == null) {
                throw new AssertionError("no line with '" + text + "' in " + passed + ", " + err);
            }
            if (line.contains(text)) {
                return line;
            }
            passed.add(line);
        }
    }
}
