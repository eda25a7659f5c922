package dev.nippush.examples;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.testkit.Gateway;
import dev.nippush.testkit.Inbox;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** The server of the bells, on a free port. */
final class BellServer implements Gateway {

    private static final int MAX_BYTES = 4_096;
    /** Enough for a thousand clients that come at once. */
    private static final int BACKLOG = 1_024;

    private static final DeviceAddressReader ADDRESSES = new DeviceAddressReader(List.of());

    private final Inbox<Received> received = new Inbox<>();
    private final Map<DeviceAddress, Answer> answers = new ConcurrentHashMap<>();
    private final CountDownLatch released = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;
    private @Nullable ServerSocket deaf;

    BellServer() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/bells/", this::ring);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/bells/";
    }

    @Override
    public Set<Ability> abilities() {
        return EnumSet.complementOf(EnumSet.of(Ability.SENDER_LIMIT, Ability.GONE_SINCE, Ability.DEVICE_REFUSED));
    }

    @Override
    public DeviceAddress device(int number) {
        return ADDRESSES
                .read("bell://front door/../" + number + "?x#y-with-a-long-name")
                .orElseThrow();
    }

    @Override
    public void answer(DeviceAddress device, Answer answer) {
        answers.put(device, answer);
    }

    @Override
    public Inbox<Received> received() {
        return received;
    }

    @Override
    public void release() {
        released.countDown();
    }

    /** Behind the port there is a socket now that nobody accepts from. */
    @Override
    public void stall() {
        server.stop(0);
        try {
            deaf = new ServerSocket(server.getAddress().getPort(), 1, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        release();
        server.stop(0);
        threads.shutdownNow();
        try {
            if (deaf != null) {
                deaf.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void ring(HttpExchange exchange) throws IOException {
        try (exchange) {
            String name = exchange.getRequestURI().getRawPath().substring("/bells/".length());
            DeviceAddress device = ADDRESSES
                    .read("bell://" + URLDecoder.decode(name, StandardCharsets.UTF_8))
                    .orElseThrow();
            byte[] body = exchange.getRequestBody().readAllBytes();
            JsonObject json = JsonParser.parseString(new String(body, StandardCharsets.UTF_8))
                    .getAsJsonObject();
            Optional<JsonObject> shown = Optional.ofNullable(json.getAsJsonObject("notification"));
            Map<String, String> data = new HashMap<>();
            json.getAsJsonObject("data")
                    .entrySet()
                    .forEach(entry -> data.put(entry.getKey(), entry.getValue().getAsString()));
            received.add(new Received(
                    device,
                    shown.map(text -> text.get("title").getAsString()).orElse(""),
                    shown.map(text -> text.get("body").getAsString()).orElse(""),
                    data,
                    header(exchange, "Collapse-Key"),
                    header(exchange, "Expires-At").map(Instant::parse),
                    shown.isPresent()));
            answer(
                    exchange,
                    body.length > MAX_BYTES
                            ? new Answer.MessageRefused()
                            : answers.getOrDefault(device, new Answer.Accept()));
        }
    }

    private static Optional<String> header(HttpExchange exchange, String name) {
        return Optional.ofNullable(exchange.getRequestHeaders().getFirst(name));
    }

    private void answer(HttpExchange exchange, Answer answer) throws IOException {
        if (answer instanceof Answer.Drop) {
            return;
        }
        if (answer instanceof Answer.Hang) {
            try {
                released.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        if (answer instanceof Answer.TemporaryFailure failure) {
            refuse(exchange, 503, failure.retryAfter());
        } else if (answer instanceof Answer.DeviceLimit limit) {
            refuse(exchange, 429, limit.retryAfter());
        } else {
            exchange.sendResponseHeaders(status(answer), -1);
        }
    }

    private static void refuse(HttpExchange exchange, int status, Optional<Duration> retryAfter) throws IOException {
        retryAfter.ifPresent(delay -> exchange.getResponseHeaders().set("Retry-After", "" + delay.toSeconds()));
        exchange.sendResponseHeaders(status, -1);
    }

    private static int status(Answer answer) {
        if (answer instanceof Answer.Gone) {
            return 410;
        }
        if (answer instanceof Answer.MessageRefused) {
            return 400;
        }
        return answer instanceof Answer.CredentialsRefused ? 401 : 204;
    }
}
