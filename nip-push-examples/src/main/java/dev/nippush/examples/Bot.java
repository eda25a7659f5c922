package dev.nippush.examples;

import com.google.gson.JsonArray;
import com.google.gson.JsonParser;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A program that reads a relay over a connection of its own: what was there before it pushed. */
final class Bot implements WebSocket.Listener {

    private final StringBuilder text = new StringBuilder();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final Consumer<String> onEvent;

    Bot(Consumer<String> onEvent) {
        this.onEvent = onEvent;
    }

    /** Reads until the relay closes the connection. */
    void read(URI relay, String request) {
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
