package dev.nippush.server;

import dev.nippush.address.RelayUrl;
import dev.nippush.event.NostrEvent;
import dev.nippush.server.Demo.DemoException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** How the demo's people reach their relay: they publish an event, and wait until the relay has taken it. */
final class RelayClient implements WebSocket.Listener, AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final StringBuilder partial = new StringBuilder();
    private CompletableFuture<String> answer = new CompletableFuture<>();
    private @Nullable WebSocket socket;

    private RelayClient() {}

    static RelayClient connect(RelayUrl relay) throws DemoException {
        RelayClient client = new RelayClient();
        client.socket = get(
                HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(URI.create(relay.toString()), client),
                "a connection to " + relay);
        return client;
    }

    /** Publishes an event. One at a time. */
    void publish(NostrEvent event) throws DemoException {
        CompletableFuture<String> ok = new CompletableFuture<>();
        WebSocket current;
        synchronized (this) {
            answer = ok;
            current = socket;
        }
        if (current == null) {
            throw new IllegalStateException("not connected");
        }
        get(current.sendText("[\"EVENT\"," + event.toJson() + "]", true), "a message to the relay");
        String text = get(ok, "the relay's answer");
        if (!text.startsWith("[\"OK\",\"" + event.id().hex() + "\",true")) {
            throw new DemoException("the relay takes the event: " + text);
        }
    }

    @Override
    public synchronized @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
        partial.append(data);
        if (last) {
            answer.complete(partial.toString());
            partial.setLength(0);
        }
        from.request(1);
        return null;
    }

    @Override
    public synchronized void onError(WebSocket from, Throwable error) {
        answer.completeExceptionally(error);
    }

    @Override
    public void close() {
        WebSocket current = socket;
        if (current != null) {
            current.abort();
        }
    }

    private static <T> T get(Future<T> future, String what) throws DemoException {
        try {
            return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new DemoException(what + ": " + Reasons.of(e.getCause()));
        } catch (TimeoutException e) {
            throw new DemoException(what + ", within " + PATIENCE.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DemoException(what + ", undisturbed");
        }
    }
}
