package dev.nippush.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/** The program as its user meets it: a process with its output. It has as little memory as an operator may give it. */
final class ServerProcess implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 60;

    private final BlockingQueue<String> out = new LinkedBlockingQueue<>();
    private final List<String> err = new CopyOnWriteArrayList<>();
    private final Process process;
    private final Thread errors;

    private ServerProcess(Process process) {
        this.process = process;
        follow(process.getInputStream(), out::add);
        this.errors = follow(process.getErrorStream(), err::add);
    }

    static ServerProcess start(Path directory, Map<String, String> environment, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx96m",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().putAll(environment);
        return new ServerProcess(builder.start());
    }

    /** The next line of the output that contains the text; those before it are gone. */
    String await(String text) throws InterruptedException {
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

    /** Waits until it has logged a line with the text. */
    void awaitError(String text) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (err.stream().noneMatch(line -> line.contains(text))) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("no line with '" + text + "' in " + err);
            }
            LockSupport.parkNanos(10_000_000);
        }
    }

    /** Where it says that it listens. */
    URI awaitAddress() throws InterruptedException {
        return URI.create(await("listening").replaceFirst(".*(ws://[^ ]+).*", "$1"));
    }

    /** SIGTERM; unlike the method of the process itself this leaves its output open. */
    void terminate() {
        process.toHandle().destroy();
    }

    /** Whether it ended within so many seconds. */
    boolean ended(long seconds) throws InterruptedException {
        boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
        if (ended) {
            errors.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
        }
        return ended;
    }

    int exitCode() throws InterruptedException {
        if (!ended(PATIENCE_SECONDS)) {
            throw new AssertionError("still running: " + err);
        }
        return process.exitValue();
    }

    /** What it printed and nobody awaited. */
    List<String> out() {
        return List.copyOf(out);
    }

    List<String> err() {
        return List.copyOf(err);
    }

    @Override
    public void close() {
        process.destroyForcibly();
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
}
