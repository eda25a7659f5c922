package dev.nippush.testkit;

import static java.util.Objects.requireNonNull;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * A UnifiedPush server on the loopback interface and a free port: takes POSTs to its endpoints, answers as it is told,
 * and remembers every request. Like ntfy it takes 4,096 bytes at most, wants a {@code TTL}, and answers 201.
 *
 * <p>Safe for use by any number of threads.
 */
public final class FakeUnifiedPushServer implements Gateway {

    /** The largest body that is taken, in bytes; a larger one is answered with 413, whatever the script says. */
    public static final int MAX_BODY_BYTES = 4_096;

    private static final String PREFIX = "/up/";
    private static final Set<Ability> ABILITIES = Collections.unmodifiableSet(EnumSet.complementOf(EnumSet.of(
            Ability.GONE_SINCE,
            Ability.CREDENTIALS_REFUSED,
            Ability.COLLAPSE_KEY,
            Ability.DEVICE_LIMIT,
            Ability.SENDER_LIMIT,
            Ability.STALL,
            Ability.SILENT)));

    private final Optional<TestCertificates> certificates;
    private final Server server;
    private final ServerConnector connector;
    private final Inbox<Received> received = new Inbox<>();
    private final Inbox<Post> posts = new Inbox<>();
    private final Map<String, Answer> answers = new HashMap<>();
    private final Map<String, Deque<HttpAnswer>> scripts = new HashMap<>();
    private final List<Runnable> hanging = new ArrayList<>();
    private boolean released;

    private FakeUnifiedPushServer(Optional<TestCertificates> certificates) {
        this.certificates = certificates;
        QueuedThreadPool threads = new QueuedThreadPool(32);
        threads.setName("fake-unifiedpush");
        threads.setDaemon(true);
        server = new Server(threads);
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        HttpConnectionFactory plain = new HttpConnectionFactory(http);
        connector = certificates
                .map(authority -> new ServerConnector(server, tls(authority), plain))
                .orElseGet(() -> new ServerConnector(server, plain));
        connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
        server.addConnector(connector);
        server.setHandler(new Endpoints());
    }

    /** Starts one that speaks https, with certificates of its own. */
    public static FakeUnifiedPushServer start() {
        return start(TestCertificates.create());
    }

    /** Starts one that speaks https, under this authority. */
    public static FakeUnifiedPushServer start(TestCertificates certificates) {
        return started(new FakeUnifiedPushServer(Optional.of(certificates)));
    }

    /** Starts one that speaks http, where TLS ends before it or none is wanted. */
    public static FakeUnifiedPushServer startPlain() {
        return started(new FakeUnifiedPushServer(Optional.empty()));
    }

    private static FakeUnifiedPushServer started(FakeUnifiedPushServer fake) {
        try {
            fake.server.start();
            return fake;
        } catch (Exception e) {
            throw new IllegalStateException("the server does not start", e);
        }
    }

    private static SslConnectionFactory tls(TestCertificates authority) {
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setSslContext(authority.server().context());
        return new SslConnectionFactory(tls, "http/1.1");
    }

    /** Whom a client has to trust. */
    public TestCertificates certificates() {
        return certificates.orElseThrow(() -> new IllegalStateException("this server speaks plain http"));
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), connector.getLocalPort());
    }

    /** An endpoint of this server, as a URL with the host {@code localhost}. */
    public String endpoint(String name) {
        String scheme = certificates.isPresent() ? "https" : "http";
        return scheme + "://localhost:" + connector.getLocalPort() + PREFIX + name;
    }

    @Override
    public Set<Ability> abilities() {
        return ABILITIES;
    }

    /** One of its endpoints. Only a server that speaks https has devices. */
    @Override
    public DeviceAddress device(int number) {
        return address(String.format("%032x", 0xfeed_0000_0000_0000L + number));
    }

    private DeviceAddress address(String name) {
        String endpoint = endpoint(name);
        return new DeviceAddressReader(List.of())
                .read(endpoint)
                .orElseThrow(() -> new IllegalStateException("no device can have this endpoint: " + endpoint));
    }

    /** {@inheritDoc} The provider has no credentials to refuse, and no date for what is gone. */
    @Override
    public synchronized void answer(DeviceAddress device, Answer answer) {
        if (answer instanceof Answer.CredentialsRefused
                || answer instanceof Answer.Gone gone && gone.since().isPresent()) {
            throw new IllegalArgumentException("UnifiedPush has no such answer: " + answer);
        }
        answers.put(device.token(), requireNonNull(answer));
    }

    /**
     * Answers the next messages to an endpoint with these, one each and in this order; then {@link #answer} counts again.
     */
    public synchronized void answerNext(DeviceAddress device, HttpAnswer... next) {
        scripts.computeIfAbsent(device.token(), any -> new ArrayDeque<>()).addAll(List.of(next));
    }

    @Override
    public Inbox<Received> received() {
        return received;
    }

    /** All requests so far, also those that held no message. */
    public Inbox<Post> posts() {
        return posts;
    }

    @Override
    public void release() {
        List<Runnable> landing;
        synchronized (this) {
            released = true;
            landing = List.copyOf(hanging);
            hanging.clear();
        }
        landing.forEach(Runnable::run);
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the server does not stop", e);
        }
    }

    private synchronized Optional<HttpAnswer> scripted(String url) {
        return Optional.ofNullable(scripts.get(url)).map(Deque::poll);
    }

    private synchronized Answer answerFor(String url) {
        return answers.getOrDefault(url, new Answer.Accept());
    }

    private void hang(Runnable acceptance) {
        synchronized (this) {
            if (!released) {
                hanging.add(acceptance);
                return;
            }
        }
        acceptance.run();
    }

    /**
     * A request as it came in.
     *
     * @param path with the query
     * @param headers names in lower case; the last value of each
     */
    public record Post(String method, String path, Map<String, String> headers, byte[] body) {
        public Post {
            headers = Map.copyOf(headers);
            body = body.clone();
        }

        @Override
        public byte[] body() {
            return body.clone();
        }

        /** The body as UTF-8. */
        public String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    /** An answer down to the letter. */
    public record HttpAnswer(int status, Map<String, String> headers, byte[] body) {
        public HttpAnswer {
            headers = Map.copyOf(headers);
            body = body.clone();
        }

        /** Without a body. */
        public static HttpAnswer of(int status) {
            return new HttpAnswer(status, Map.of(), new byte[0]);
        }

        /** Without a body, with one header. */
        public static HttpAnswer of(int status, String header, String value) {
            return new HttpAnswer(status, Map.of(header, value), new byte[0]);
        }
    }

    private final class Endpoints extends Handler.Abstract {

        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            byte[] body = bytes(Content.Source.asByteBuffer(request));
            Post post = new Post(request.getMethod(), request.getHttpURI().getPathQuery(), headers(request), body);
            posts.add(post);
            String name = post.path().startsWith(PREFIX) ? post.path().substring(PREFIX.length()) : "";
            Optional<Received> message = certificates.flatMap(tls -> message(name, post));
            message.ifPresent(received::add);
            Optional<HttpAnswer> fixed =
                    refusal(name, post, message.isPresent()).or(() -> scripted(endpoint(name)));
            if (fixed.isPresent()) {
                write(fixed.get(), response, callback);
                return true;
            }
            Answer answer = answerFor(endpoint(name));
            if (answer instanceof Answer.Drop) {
                request.getConnectionMetaData().getConnection().getEndPoint().close();
                // Jetty logs any other failure, with the endpoint.
                callback.failed(new EofException("dropped, as the script says"));
            } else if (answer instanceof Answer.Hang) {
                hang(() -> write(HttpAnswer.of(201), response, callback));
            } else {
                write(http(answer), response, callback);
            }
            return true;
        }

        private Optional<HttpAnswer> refusal(String name, Post post, boolean isMessage) {
            if (name.isEmpty()) {
                return Optional.of(HttpAnswer.of(404));
            }
            if (!post.method().equals("POST")) {
                return Optional.of(HttpAnswer.of(405));
            }
            if (post.body().length > MAX_BODY_BYTES) {
                return Optional.of(HttpAnswer.of(413));
            }
            return isMessage || certificates.isEmpty() ? Optional.empty() : Optional.of(HttpAnswer.of(400));
        }

        private Optional<Received> message(String name, Post post) {
            String ttl = post.headers().getOrDefault("ttl", "");
            if (name.isEmpty() || !ttl.matches("[0-9]{1,9}")) {
                return Optional.empty();
            }
            try {
                JsonObject json = JsonParser.parseString(post.text()).getAsJsonObject();
                JsonObject notification = json.getAsJsonObject("notification");
                Map<String, String> data = new TreeMap<>();
                for (Map.Entry<String, JsonElement> entry :
                        json.getAsJsonObject("data").entrySet()) {
                    data.put(entry.getKey(), entry.getValue().getAsString());
                }
                return Optional.of(new Received(
                        address(name),
                        notification.get("title").getAsString(),
                        notification.get("body").getAsString(),
                        data,
                        Optional.ofNullable(post.headers().get("topic")),
                        Optional.of(Instant.now().plusSeconds(Long.parseLong(ttl)))));
            } catch (JsonParseException
                    | IllegalStateException
                    | NullPointerException
                    | ClassCastException notAMessage) {
                return Optional.empty();
            }
        }

        private static HttpAnswer http(Answer answer) {
            if (answer instanceof Answer.TemporaryFailure failure) {
                return failure.retryAfter()
                        .map(pause -> HttpAnswer.of(503, "Retry-After", Long.toString(pause.toSeconds())))
                        .orElseGet(() -> HttpAnswer.of(503));
            }
            if (answer instanceof Answer.Gone) {
                return HttpAnswer.of(404);
            }
            if (answer instanceof Answer.MessageRefused) {
                return HttpAnswer.of(400);
            }
            if (answer instanceof Answer.DeviceRefused) {
                return HttpAnswer.of(403);
            }
            return HttpAnswer.of(201);
        }

        private static void write(HttpAnswer answer, Response response, Callback callback) {
            response.setStatus(answer.status());
            answer.headers().forEach((name, value) -> response.getHeaders().put(name, value));
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, answer.body().length);
            response.write(true, ByteBuffer.wrap(answer.body()), callback);
        }

        private static Map<String, String> headers(Request request) {
            Map<String, String> headers = new HashMap<>();
            for (HttpField field : request.getHeaders()) {
                headers.put(field.getName().toLowerCase(Locale.ROOT), field.getValue());
            }
            return headers;
        }

        private static byte[] bytes(ByteBuffer buffer) {
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return bytes;
        }
    }
}
