package dev.nippush.tests.crash;

import com.google.gson.JsonArray;
import com.google.gson.JsonParser;
import dev.nippush.event.NostrEvent;
import java.io.EOFException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** A connection to the server's endpoint, for as long as that lives. Safe for use by several threads. */
final class Link implements WebSocket.Listener {

    /** What the endpoint says to an event. */
    record Answer(boolean good, String reason) {}

    private final Map<String, CompletableFuture<Answer>> waiting = new ConcurrentHashMap<>();
    private final StringBuilder partial = new StringBuilder();
    private final CompletableFuture<WebSocket> socket;
    private CompletableFuture<?> sending;
    private volatile boolean over;

    private Link(CompletableFuture<WebSocket> socket) {
        this.socket = socket;
        this.sending = socket;
    }

    /** Connects to where the server will listen. */
    static Link connect(CompletableFuture<URI> address, HttpClient client) {
        CompletableFuture<WebSocket> socket = new CompletableFuture<>();
        Link link = new Link(socket);
        address.thenCompose(uri -> client.newWebSocketBuilder().buildAsync(uri, link))
                .whenComplete((open, failure) -> {
                    if (failure != null) {
                        link.end();
                        socket.completeExceptionally(failure);
                    } else {
                        socket.complete(open);
                    }
                });
        return link;
    }

    /** Whether something can be sent. */
    boolean isOpen() {
        return socket.isDone() && !socket.isCompletedExceptionally() && !over;
    }

    /** Sends an event. The answer is exceptional when the connection ends before it came. */
    synchronized CompletableFuture<Answer> send(NostrEvent event) {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        waiting.put(event.id().hex(), answer);
        // One message at a time, or the client refuses.
        sending = sending.thenCompose(any -> socket.join().sendText("[\"EVENT\"," + event.toJson() + "]", true));
        sending.whenComplete((any, failure) -> {
            if (failure != null || over) {
                end();
            }
        });
        return answer;
    }

    /** The server is dead. */
    void end() {
        over = true;
        waiting.values().forEach(answer -> answer.completeExceptionally(new EOFException("the connection is over")));
        if (socket.isDone() && !socket.isCompletedExceptionally()) {
            socket.join().abort();
        }
    }

    @Override
    public CompletionStage<?> onText(WebSocket of, CharSequence data, boolean last) {
        partial.append(data);
        if (last) {
            JsonArray message = JsonParser.parseString(partial.toString()).getAsJsonArray();
            partial.setLength(0);
            if (message.get(0).getAsString().equals("OK")) {
                CompletableFuture<Answer> answer = waiting.remove(message.get(1).getAsString());
                if (answer != null) {
                    answer.complete(new Answer(
                            message.get(2).getAsBoolean(), message.get(3).getAsString()));
                }
            }
        }
        of.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket of, int status, String reason) {
        end();
        return null;
    }

    @Override
    public void onError(WebSocket of, Throwable cause) {
        end();
    }
}
