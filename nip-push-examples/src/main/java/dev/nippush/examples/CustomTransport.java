package dev.nippush.examples;

import dev.nippush.NipPush;
import dev.nippush.address.Source;
import dev.nippush.crypto.KeyPair;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Pushes to devices of a kind of its own, with {@link BellTransport}. Events come from standard input, one on each line,
 * as {@code strfry export} writes them.
 */
public final class CustomTransport {

    private CustomTransport() {}

    /**
     * Runs until its input ends.
     *
     * @param arguments the file with the server's private key, and the URL of the bells
     */
    public static void main(String[] arguments) throws Exception {
        KeyPair serverKey = KeyPair.parse(Files.readString(Path.of(arguments[0])));
        HttpClient http = HttpClient.newHttpClient();
        try (BellTransport bells = new BellTransport(http, arguments[1], Duration.ofSeconds(20));
                NipPush push = NipPush.builder(serverKey).transport(bells).build();
                BufferedReader events = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            push.start().toCompletableFuture().join();
            for (String event = events.readLine(); event != null; event = events.readLine()) {
                push.accept(event, Source.host()).toCompletableFuture().join();
            }
        }
    }
}
