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
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
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

/** The server of the bells, on a free port. */
final class BellServer implements Gateway {

    private static final DeviceAddressReader ADDRESSES = new DeviceAddressReader(List.of());

    private final Inbox<Received> received = new Inbox<>();
    private final Map<DeviceAddress, Answer> answers = new ConcurrentHashMap<>();
    private final CountDownLatch released = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    BellServer() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
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
        return EnumSet.of(
                Ability.TEMPORARY_FAILURE,
                Ability.GONE,
                Ability.MESSAGE_REFUSED,
                Ability.CREDENTIALS_REFUSED,
                Ability.CONNECTION_LOSS,
                Ability.HANG,
                Ability.COLLAPSE_KEY);
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

    @Override
    public void close() {
        release();
        server.stop(0);
        threads.shutdownNow();
    }

    private void ring(HttpExchange exchange) throws IOException {
        try (exchange) {
            String name = exchange.getRequestURI().getRawPath().substring("/bells/".length());
            DeviceAddress device = ADDRESSES
                    .read("bell://" + URLDecoder.decode(name, StandardCharsets.UTF_8))
                    .orElseThrow();
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            JsonObject notification = JsonParser.parseString(body).getAsJsonObject();
            Map<String, String> data = new HashMap<>();
            notification
                    .getAsJsonObject("data")
                    .entrySet()
                    .forEach(entry -> data.put(entry.getKey(), entry.getValue().getAsString()));
            received.add(new Received(
                    device,
                    notification.get("title").getAsString(),
                    notification.get("body").getAsString(),
                    data,
                    Optional.ofNullable(exchange.getRequestHeaders().getFirst("Collapse-Key")),
                    Optional.empty()));
            answer(exchange, answers.getOrDefault(device, new Answer.Accept()));
        }
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
        exchange.sendResponseHeaders(status(answer), -1);
    }

    private static int status(Answer answer) {
        if (answer instanceof Answer.TemporaryFailure) {
            return 503;
        }
        if (answer instanceof Answer.Gone) {
            return 410;
        }
        if (answer instanceof Answer.MessageRefused) {
            return 400;
        }
        return answer instanceof Answer.CredentialsRefused ? 401 : 204;
    }
}
