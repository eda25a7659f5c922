package dev.nippush.examples;

import com.google.gson.JsonArray;
import com.google.gson.JsonParser;
import dev.nippush.NipPush;
import dev.nippush.address.Source;
import dev.nippush.crypto.KeyPair;
import dev.nippush.transport.PushTransport;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A bot that reads a relay anyway, over a connection of its own, and hands what it sees to the engine. */
public final class EmbedInBot implements WebSocket.Listener {

    private final StringBuilder text = new StringBuilder();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final Consumer<String> onEvent;

    private EmbedInBot(Consumer<String> onEvent) {
        this.onEvent = onEvent;
    }

    /**
     * Runs until the relay closes the connection.
     *
     * @param arguments the file with the server's private key, the URL of the relay, and the URL of the bells
     */
    public static void main(String[] arguments) throws Exception {
        KeyPair serverKey = KeyPair.parse(Files.readString(Path.of(arguments[0])));
        try (BellTransport transport = new BellTransport(arguments[2])) {
            run(serverKey, URI.create(arguments[1]), transport);
        }
    }

    static void run(KeyPair serverKey, URI relay, PushTransport transport) {
        // README begins
        try (NipPush push = NipPush.builder(serverKey)
                .transport(transport) // ApnsTransport, FcmTransport, UnifiedPushTransport, or your own
                .heartbeatTimeout(Duration.ofSeconds(150))
                .build()) {
            push.start().toCompletableFuture().join();
            EmbedInBot bot = new EmbedInBot(
                    event -> push.accept(event, Source.host()).thenAccept(outcome -> System.out.println(outcome)));
            bot.read(relay, "[\"REQ\",\"push\"," + push.controlFilter().toJson() + ",{\"kinds\":[1,4,1059]}]");
        }
        // README ends
    }

    private void read(URI relay, String request) {
        WebSocket socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(relay, this)
                .join();
        socket.sendText(request, true).join();
        closed.join();
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
        text.append(data);
        if (last) {
            JsonArray message = JsonParser.parseString(text.toString()).getAsJsonArray();
            text.setLength(0);
            if (message.get(0).getAsString().equals("EVENT")) {
                onEvent.accept(message.get(2).toString());
            }
        }
        socket.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
        closed.complete(null);
        return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
        closed.completeExceptionally(error);
    }
}
