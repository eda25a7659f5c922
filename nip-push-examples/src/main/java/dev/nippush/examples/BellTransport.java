package dev.nippush.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.nippush.address.DeviceAddress;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.RetryAfter;
import dev.nippush.transport.PushResult.Scope;
import dev.nippush.transport.PushTransport;
import dev.nippush.transport.RetryAfterHeader;
import dev.nippush.transport.Shorten;
import dev.nippush.transport.UnifiedPushJson;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Rings bells by HTTP: a device id is {@code bell://} and a name, which is put behind the URL of their server. */
public final class BellTransport implements PushTransport {
    private static final int MAX_BYTES = 4_096;

    private final HttpClient http; // borrowed: whoever made it closes it
    private final String server;
    private final Duration deadline;
    private volatile boolean closed;

    public BellTransport(HttpClient http, String server, Duration deadline) {
        this.http = http;
        this.server = server;
        this.deadline = deadline;
    }

    @Override
    public boolean serves(DeviceAddress address) {
        return address.channel().name().equals("bell");
    }

    @Override
    public CompletionStage<PushResult> send(PushMessage message) {
        if (!serves(message.address())) {
            throw new IllegalArgumentException("not a bell: " + message.address());
        }
        if (closed) {
            return CompletableFuture.failedStage(new IllegalStateException("closed"));
        }
        Optional<Notification> text = Shorten.toFit(message.notification(), one -> json(one).length <= MAX_BYTES);
        if (text.isEmpty()) {
            return CompletableFuture.completedStage(PushResult.rejected(Fault.MESSAGE, "too large"));
        }
        String name = message.address().token().substring("bell://".length()); // a stranger's text
        HttpRequest request = HttpRequest.newBuilder(URI.create(server + URLEncoder.encode(name, UTF_8)))
                .timeout(deadline)
                .header("Collapse-Key", message.collapseKey())
                .header("Expires-At", message.expiresAt().toString())
                .POST(BodyPublishers.ofByteArray(json(text.get())))
                .build();
        return http.sendAsync(request, BodyHandlers.discarding()).thenApply(BellTransport::result);
    }

    private static byte[] json(Notification notification) {
        return UnifiedPushJson.of(notification).getBytes(UTF_8);
    }

    private static PushResult result(HttpResponse<?> answer) {
        String reason = "HTTP " + answer.statusCode();
        Optional<Duration> delay = answer.headers()
                .firstValue("Retry-After")
                .flatMap(value -> RetryAfterHeader.delay(value, Instant.now()));
        return switch (answer.statusCode()) {
            case 200, 201, 202, 204 -> PushResult.accepted();
            case 404, 410 -> PushResult.deviceGone();
            case 401, 403 -> PushResult.rejected(Fault.CREDENTIALS, reason, "ask the bells' owner to let us in");
            case 429 -> new RetryAfter(Scope.DEVICE, delay, reason);
            case 500, 502, 503, 504 -> new RetryAfter(Scope.SERVER, delay, reason);
            default -> PushResult.rejected(Fault.MESSAGE, reason);
        };
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public String toString() {
        return "BellTransport";
    }
}
