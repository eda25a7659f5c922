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
import java.time.Duration;
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
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
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
 * <p>It is a push service for Web Push too, and the browsers that subscribed there: what comes to a
 * {@linkplain #webPushDevice Web Push device} is decrypted with the keys of that device. It is as strict as any of them.
 * Answered with 400 are a {@code TTL}, {@code Urgency} or {@code Topic} that RFC 8030 does not allow, another content
 * encoding than {@code aes128gcm}, and what the device could not decrypt or read; with 403 a VAPID header whose signature,
 * audience, time or contact is wrong. {@link #demandVapid} makes it refuse senders without one.
 *
 * <p>Safe for use by any number of threads.
 */
public final class FakeUnifiedPushServer implements Gateway {

    /** The largest body that is taken, in bytes; a larger one is answered with 413, whatever the script says. */
    public static final int MAX_BODY_BYTES = 4_096;

    private static final String PREFIX = "/up/";
    private static final String WEB_PUSH_PREFIX = "/wp/";
    private static final Set<Ability> WEB_PUSH_ABILITIES = Collections.unmodifiableSet(
            EnumSet.complementOf(EnumSet.of(Ability.GONE_SINCE, Ability.CREDENTIALS_REFUSED, Ability.SENDER_LIMIT)));
    private static final Set<Ability> ABILITIES = WEB_PUSH_ABILITIES.stream()
            .filter(ability -> ability != Ability.COLLAPSE_KEY)
            .collect(Collectors.toUnmodifiableSet());

    private static final Pattern URGENCY = Pattern.compile("very-low|low|normal|high");
    private static final Pattern TOPIC = Pattern.compile("[A-Za-z0-9_-]{1,32}");
    private static final Pattern CONTACT = Pattern.compile("mailto:.+|https://.+");
    /** RFC 8292, section 2. */
    private static final Duration LONGEST_TOKEN = Duration.ofHours(24);

    private final Optional<TestCertificates> certificates;
    private final boolean webPush;
    private final Server server;
    private final ServerConnector connector;
    private final Inbox<Received> received = new Inbox<>();
    private final Inbox<Post> posts = new Inbox<>();
    private final Map<String, Answer> answers = new HashMap<>();
    private final Map<String, Deque<HttpAnswer>> scripts = new HashMap<>();
    private final List<Runnable> hanging = new ArrayList<>();
    private final Map<String, WebPushReceiver> receivers = new HashMap<>();
    private Optional<Predicate<VapidToken>> demand = Optional.empty();
    private Optional<Function<Received, CompletionStage<Answer>>> judge = Optional.empty();
    private boolean released;
    private int port;
    private final List<DeafPort> deaf = new CopyOnWriteArrayList<>();

    private FakeUnifiedPushServer(Optional<TestCertificates> certificates, boolean webPush) {
        this.certificates = certificates;
        this.webPush = webPush;
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
        return started(new FakeUnifiedPushServer(Optional.of(certificates), false));
    }

    /** Starts one that speaks https, with certificates of its own, and whose {@link #device} is a Web Push device. */
    public static FakeUnifiedPushServer startWebPush() {
        return started(new FakeUnifiedPushServer(Optional.of(TestCertificates.create()), true));
    }

    /** Starts one that speaks http, where TLS ends before it or none is wanted. */
    public static FakeUnifiedPushServer startPlain() {
        return started(new FakeUnifiedPushServer(Optional.empty(), false));
    }

    private static FakeUnifiedPushServer started(FakeUnifiedPushServer fake) {
        try {
            fake.server.start();
            fake.port = fake.connector.getLocalPort();
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
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    /** An endpoint of this server, as a URL with the host {@code localhost}. */
    public String endpoint(String name) {
        return origin() + PREFIX + name;
    }

    private String origin() {
        String scheme = certificates.isPresent() ? "https" : "http";
        return scheme + "://localhost:" + port;
    }

    @Override
    public Set<Ability> abilities() {
        return webPush ? WEB_PUSH_ABILITIES : ABILITIES;
    }

    /** One of its endpoints. Only a server that speaks https has devices. */
    @Override
    public DeviceAddress device(int number) {
        return webPush ? webPushDevice(number) : address(endpoint(name(number)));
    }

    /**
     * A browser that subscribed here, each with keys of its own. The {@linkplain DeviceAddress#text() text} is what its app
     * would register: the JSON of its {@code PushSubscription}.
     *
     * @param number which one, 0 to 999; the same number is always the same device
     */
    public DeviceAddress webPushDevice(int number) {
        String url = origin() + WEB_PUSH_PREFIX + name(number);
        return address(receiver(url).subscription(url));
    }

    /**
     * Who decrypts what is sent to one of the {@linkplain #webPushDevice Web Push devices}.
     *
     * @throws IllegalArgumentException for another device
     */
    public synchronized WebPushReceiver receiver(DeviceAddress device) {
        return Optional.ofNullable(receivers.get(device.token()))
                .orElseThrow(() -> new IllegalArgumentException("no Web Push device of this server: " + device));
    }

    private synchronized WebPushReceiver receiver(String url) {
        return receivers.computeIfAbsent(url, any -> WebPushReceiver.create());
    }

    private static String name(int number) {
        return String.format("%032x", 0xfeed_0000_0000_0000L + number);
    }

    private static DeviceAddress address(String deviceId) {
        return new DeviceAddressReader(List.of())
                .read(deviceId)
                .orElseThrow(() -> new IllegalStateException("no device can have this address: " + deviceId));
    }

    /**
     * From now on whoever pushes to a Web Push device has to say who he is, with a contact, as Apple's service wants it:
     * 401 for requests without VAPID.
     */
    public synchronized void demandVapid() {
        demand = Optional.of(token -> token.contact().isPresent());
    }

    /**
     * As {@link #demandVapid()}, and the sender has to be the one that the devices subscribed to: 403 for others.
     *
     * @param applicationServerKey his public key, base64url of 65 bytes
     */
    public synchronized void demandVapid(String applicationServerKey) {
        demand = Optional.of(token ->
                token.contact().isPresent() && token.applicationServerKey().equals(applicationServerKey));
    }

    private synchronized Optional<Predicate<VapidToken>> demand() {
        return demand;
    }

    /**
     * {@inheritDoc} The provider has no credentials to refuse, no limit for a sender and no date for what is gone.
     */
    @Override
    public synchronized void answer(DeviceAddress device, Answer answer) {
        if (answer instanceof Answer.CredentialsRefused
                || answer instanceof Answer.SenderLimit
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

    /**
     * Asks from now on for each message that keeps the rules how it is answered, whatever else was set. The answer may take
     * its time, or never come.
     *
     * @param judge called on a thread that must not be kept
     */
    public synchronized void answerWith(Function<Received, CompletionStage<Answer>> judge) {
        this.judge = Optional.of(judge);
    }

    private synchronized Optional<Function<Received, CompletionStage<Answer>>> judge() {
        return judge;
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
    public void stall() {
        stop();
        deaf.add(new DeafPort(address().getPort()));
    }

    @Override
    public void close() {
        stop();
        deaf.forEach(DeafPort::close);
    }

    private void stop() {
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the server does not stop", e);
        }
    }

    private synchronized boolean isSubscribed(String url) {
        return receivers.containsKey(url);
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
            String url = origin() + post.path();
            boolean encrypted = post.path().startsWith(WEB_PUSH_PREFIX);
            Optional<HttpAnswer> refused =
                    refusal(post).or(() -> encrypted ? webPushRefusal(url, post) : Optional.empty());
            Optional<Received> message = refused.isPresent() || certificates.isEmpty()
                    ? Optional.empty()
                    : encrypted ? decrypted(url, post) : plain(url, post);
            message.ifPresent(received::add);
            Optional<Function<Received, CompletionStage<Answer>>> asked = message.flatMap(any -> judge());
            Optional<HttpAnswer> fixed =
                    refused.or(() -> noMessage(message)).or(() -> asked.isPresent() ? Optional.empty() : scripted(url));
            if (fixed.isPresent()) {
                write(fixed.get(), response, callback);
            } else if (asked.isPresent()) {
                asked.get()
                        .apply(message.orElseThrow())
                        .thenAccept(answer -> asTold(answer, request, response, callback));
            } else {
                asTold(answerFor(url), request, response, callback);
            }
            return true;
        }

        private void asTold(Answer answer, Request request, Response response, Callback callback) {
            if (answer instanceof Answer.Drop) {
                request.getConnectionMetaData().getConnection().getEndPoint().close();
                // Jetty logs any other failure, with the endpoint.
                callback.failed(new EofException("dropped, as the script says"));
            } else if (answer instanceof Answer.Hang) {
                hang(() -> write(HttpAnswer.of(201), response, callback));
            } else {
                write(http(answer), response, callback);
            }
        }

        private Optional<HttpAnswer> refusal(Post post) {
            boolean endpoint = post.path().startsWith(PREFIX) && post.path().length() > PREFIX.length()
                    || post.path().startsWith(WEB_PUSH_PREFIX);
            if (!endpoint) {
                return Optional.of(HttpAnswer.of(404));
            }
            if (!post.method().equals("POST")) {
                return Optional.of(HttpAnswer.of(405));
            }
            if (post.body().length > MAX_BODY_BYTES) {
                return Optional.of(HttpAnswer.of(413));
            }
            return Optional.empty();
        }

        private Optional<HttpAnswer> noMessage(Optional<Received> message) {
            return message.isPresent() || certificates.isEmpty() ? Optional.empty() : Optional.of(HttpAnswer.of(400));
        }

        private Optional<HttpAnswer> webPushRefusal(String url, Post post) {
            if (!isSubscribed(url)) {
                return Optional.of(HttpAnswer.of(404));
            }
            boolean good = "aes128gcm".equals(post.headers().get("content-encoding"))
                    && fits(post, "urgency", URGENCY)
                    && fits(post, "topic", TOPIC);
            if (!good) {
                return Optional.of(HttpAnswer.of(400));
            }
            String authorization = post.headers().get("authorization");
            if (authorization == null) {
                return demand().map(unmet -> HttpAnswer.of(401));
            }
            return isGood(authorization) ? Optional.empty() : Optional.of(HttpAnswer.of(403));
        }

        private boolean isGood(String authorization) {
            try {
                VapidToken token = VapidToken.read(authorization);
                Instant now = Instant.now();
                return token.audience().equals(origin())
                        && token.expiresAt().isAfter(now)
                        && !token.expiresAt().isAfter(now.plus(LONGEST_TOKEN))
                        && token.contact().stream()
                                .allMatch(contact -> CONTACT.matcher(contact).matches())
                        && demand().stream().allMatch(wanted -> wanted.test(token));
            } catch (IllegalArgumentException forged) {
                return false;
            }
        }

        private static boolean fits(Post post, String header, Pattern pattern) {
            String value = post.headers().get(header);
            return value == null || pattern.matcher(value).matches();
        }

        private Optional<Received> plain(String url, Post post) {
            return message(address(url), post, post.text());
        }

        private Optional<Received> decrypted(String url, Post post) {
            WebPushReceiver receiver = receiver(url);
            try {
                String text = new String(receiver.decrypt(post.body()), StandardCharsets.UTF_8);
                return message(address(receiver.subscription(url)), post, text);
            } catch (IllegalArgumentException forSomeoneElse) {
                return Optional.empty();
            }
        }

        private static Optional<Received> message(DeviceAddress device, Post post, String text) {
            String ttl = post.headers().getOrDefault("ttl", "");
            if (!ttl.matches("[0-9]{1,9}")) {
                return Optional.empty();
            }
            try {
                JsonObject json = JsonParser.parseString(text).getAsJsonObject();
                // A message that only wakes the app shows nothing.
                Optional<JsonObject> shown = Optional.ofNullable(json.getAsJsonObject("notification"));
                Map<String, String> data = new TreeMap<>();
                for (Map.Entry<String, JsonElement> entry :
                        json.getAsJsonObject("data").entrySet()) {
                    data.put(entry.getKey(), entry.getValue().getAsString());
                }
                return Optional.of(new Received(
                        device,
                        shown.map(of -> of.get("title").getAsString()).orElse(""),
                        shown.map(of -> of.get("body").getAsString()).orElse(""),
                        data,
                        Optional.ofNullable(post.headers().get("topic")),
                        Optional.of(Instant.now().plusSeconds(Long.parseLong(ttl))),
                        shown.isPresent()));
            } catch (JsonParseException
                    | IllegalStateException
                    | NullPointerException
                    | ClassCastException notAMessage) {
                return Optional.empty();
            }
        }

        private static HttpAnswer http(Answer answer) {
            if (answer instanceof Answer.TemporaryFailure failure) {
                return after(503, failure.retryAfter());
            }
            if (answer instanceof Answer.DeviceLimit limit) {
                return after(429, limit.retryAfter());
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

        private static HttpAnswer after(int status, Optional<Duration> pause) {
            return pause.map(wait -> HttpAnswer.of(status, "Retry-After", Long.toString(wait.toSeconds())))
                    .orElseGet(() -> HttpAnswer.of(status));
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
