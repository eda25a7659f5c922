package dev.nippush.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.Gson;
import dev.nippush.address.DeviceAddress;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushTransport;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Rings bells by HTTP: a device id is {@code bell://} and a name, which is put behind the URL of their server. */
public final class BellTransport implements PushTransport {
    private final HttpClient http = HttpClient.newHttpClient();
    private final String server;
    private volatile boolean closed;

    public BellTransport(String server) {
        this.server = server;
    }

    @Override
    public boolean serves(DeviceAddress address) {
        return address.channel().name().equals("bell");
    }

    @Override
    public CompletionStage<PushResult> send(PushMessage message) {
        if (closed) {
            return CompletableFuture.failedStage(new IllegalStateException("closed"));
        }
        String name = message.address().token().substring("bell://".length()); // a stranger's text
        HttpRequest request = HttpRequest.newBuilder(URI.create(server + URLEncoder.encode(name, UTF_8)))
                .timeout(Duration.ofSeconds(20))
                .header("Collapse-Key", message.collapseKey())
                .POST(HttpRequest.BodyPublishers.ofString(new Gson().toJson(message.notification())))
                .build();
        return http.sendAsync(request, HttpResponse.BodyHandlers.discarding())
                .thenApply(answer -> result(answer.statusCode()));
    }

    @Override
    public void close() {
        closed = true;
    }

    private static PushResult result(int status) {
        return switch (status) {
            case 200, 201, 202, 204 -> PushResult.accepted();
            case 404, 410 -> PushResult.deviceGone();
            case 401, 403 -> PushResult.rejected(Fault.CREDENTIALS, "HTTP " + status);
            case 429, 500, 502, 503, 504 -> PushResult.retryLater("HTTP " + status);
            default -> PushResult.rejected(Fault.MESSAGE, "HTTP " + status);
        };
    }
}
