package dev.nippush.examples;

import dev.nippush.NipPush;
import dev.nippush.address.Source;
import dev.nippush.crypto.KeyPair;
import dev.nippush.transport.PushTransport;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** A bot that reads a relay anyway, and hands what it sees to the engine. */
public final class EmbedInBot {

    private EmbedInBot() {}

    /**
     * Runs until the relay closes the connection.
     *
     * @param arguments the file with the server's private key, the URL of the relay, and the URL of the bells
     */
    public static void main(String[] arguments) throws Exception {
        KeyPair serverKey = KeyPair.parse(Files.readString(Path.of(arguments[0])));
        try (BellTransport transport =
                new BellTransport(HttpClient.newHttpClient(), arguments[2], Duration.ofSeconds(20))) {
            run(serverKey, URI.create(arguments[1]), transport);
        }
    }

    private static void run(KeyPair serverKey, URI relay, PushTransport transport) {
        // README begins
        try (NipPush push = NipPush.builder(serverKey)
                .transport(transport) // ApnsTransport, FcmTransport, UnifiedPushTransport, or your own
                .heartbeatTimeout(Duration.ofSeconds(150))
                .build()) {
            push.start().toCompletableFuture().join();
            Bot bot = new Bot(
                    event -> push.accept(event, Source.host()).thenAccept(outcome -> System.out.println(outcome)));
            bot.read(relay, "[\"REQ\",\"push\"," + push.controlFilter().toJson() + ",{\"kinds\":[1,4,1059]}]");
        }
        // README ends
    }
}
