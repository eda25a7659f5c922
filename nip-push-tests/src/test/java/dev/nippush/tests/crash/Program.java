package dev.nippush.tests.crash;

import static dev.nippush.tests.crash.Facts.NEVER;

import dev.nippush.event.PublicKey;
import dev.nippush.server.Main;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The server as a process, from its start to its sudden end. Safe for use by several threads. */
final class Program {

    private static final int KEPT_LINES = 200;
    private static final String KEY = "public key";

    private final Process process;
    private final long started = System.currentTimeMillis();
    private final CompletableFuture<URI> address = new CompletableFuture<>();
    private final CompletableFuture<PublicKey> key = new CompletableFuture<>();
    private final ConcurrentLinkedDeque<String> log = new ConcurrentLinkedDeque<>();
    private final Queue<String> errors = new ConcurrentLinkedQueue<>();
    private final HttpClient client;
    private volatile long killed = NEVER;
    private volatile long dead = NEVER;

    private Program(Process process, HttpClient client) {
        this.process = process;
        this.client = client;
        follow(process.getInputStream(), this::heard);
        follow(process.getErrorStream(), this::kept);
    }

    /**
     * Starts it.
     *
     * @param directory where its configuration is, in {@code nip-push.properties}
     */
    static Program start(Path directory, HttpClient client) throws IOException {
        Path temporary = Files.createDirectories(directory.resolve("tmp"));
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx96m",
                // It lives for seconds: its start is to be short, not its hundredth minute fast.
                "-XX:TieredStopAtLevel=1",
                // What is killed cannot tidy up.
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "serve",
                "--config",
                directory.resolve("nip-push.properties").toString());
        return new Program(
                new ProcessBuilder(command).directory(directory.toFile()).start(), client);
    }

    private void heard(String line) {
        kept(line);
        if (line.startsWith(KEY)) {
            key.complete(PublicKey.ofHex(line.substring(KEY.length()).strip()));
        } else if (line.startsWith("listening")) {
            address.complete(URI.create(line.replaceFirst(".*(ws://[^ ]+).*", "$1")));
        }
    }

    private void kept(String line) {
        if (line.contains(" ERROR ") || line.startsWith("Exception in thread")) {
            errors.add(line);
        }
        log.add(line);
        if (log.size() > KEPT_LINES) {
            log.poll();
        }
    }

    /** Where it listens, once it does. */
    CompletableFuture<URI> address() {
        return address;
    }

    /** Who it is, once it has said so. */
    CompletableFuture<PublicKey> key() {
        return key;
    }

    long started() {
        return started;
    }

    boolean isReady() {
        if (!address.isDone()) {
            return false;
        }
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://" + address.join().getAuthority() + "/health/ready"))
                .timeout(Duration.ofSeconds(5))
                .build();
        try {
            return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException notYet) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** SIGKILL. Only the first one counts. */
    synchronized void kill() {
        if (killed == NEVER) {
            killed = System.currentTimeMillis();
            process.destroyForcibly();
        }
    }

    /** Waits until it is no more. */
    void awaitEnd() {
        process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
        dead = System.currentTimeMillis();
    }

    Facts.Run run() {
        return new Facts.Run(started, killed, dead);
    }

    /** The last lines that it printed. */
    List<String> log() {
        return List.copyOf(log);
    }

    /** What it logged as an error. */
    List<String> errors() {
        return List.copyOf(errors);
    }

    private static void follow(InputStream stream, Consumer<String> lines) {
        Thread thread = new Thread(() -> {
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                reader.lines().forEach(lines);
            } catch (IOException | UncheckedIOException killed) {
                lines.accept("the output ended: " + killed);
            }
        });
        thread.setDaemon(true);
        thread.start();
    }
}
