package dev.nippush.server;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A client of the platform's own making, that remembers what it is told. */
final class WebSocketClient implements WebSocket.Listener, AutoCloseable {

    private static final long PATIENCE_SECONDS = 20;

    private final BlockingQueue<String> texts = new LinkedBlockingQueue<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private final CountDownLatch pings = new CountDownLatch(1);
    private final StringBuilder partial = new StringBuilder();
    private final WebSocket socket;

    private WebSocketClient(URI uri, Map<String, String> headers) {
        WebSocket.Builder builder = HttpClient.newHttpClient().newWebSocketBuilder();
        headers.forEach(builder::header);
        socket = builder.buildAsync(uri, this).join();
    }

    static WebSocketClient connect(URI uri) {
        return new WebSocketClient(uri, Map.of());
    }

    static WebSocketClient connect(URI uri, Map<String, String> headers) {
        return new WebSocketClient(uri, headers);
    }

    WebSocketClient send(String text) {
        socket.sendText(text, true).join();
        return this;
    }

    WebSocketClient sendFragment(String text, boolean last) {
        socket.sendText(text, last).join();
        return this;
    }

    WebSocketClient sendBinary(byte[] bytes) {
        socket.sendBinary(ByteBuffer.wrap(bytes), true).join();
        return this;
    }

    /** The next text that came, in order. */
    String next() throws InterruptedException {
        String text = texts.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (text == null) {
            throw new AssertionError("nothing came within " + PATIENCE_SECONDS + " s");
        }
        return text;
    }

    /** Whether a ping came, within the time of a few frames. */
    boolean pinged() throws InterruptedException {
        return pings.await(50, TimeUnit.MILLISECONDS);
    }

    /** Whether the other side closed, within the time of a few frames. */
    boolean isClosed() throws InterruptedException {
        try {
            closed.get(50, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            return true;
        }
    }

    /** The code with which the other side closed. */
    int closeCode() throws Exception {
        return closed.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    /** Begins a message, and does not mind if the other side hangs up meanwhile; tells with which code it did. */
    void sendHalf(String text, CompletableFuture<Integer> closeCode) {
        closed.thenAccept(closeCode::complete);
        socket.sendText(text, false);
    }

    @Override
    public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
        partial.append(data);
        if (last) {
            texts.add(partial.toString());
            partial.setLength(0);
        }
        webSocket.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onPing(WebSocket webSocket, ByteBuffer message) {
        pings.countDown();
        webSocket.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket webSocket, int statusCode, String reason) {
        closed.complete(statusCode);
        return null;
    }

    @Override
    public void onError(WebSocket webSocket, Throwable error) {
        closed.completeExceptionally(error);
    }

    @Override
    public void close() {
        socket.abort();
    }
}
