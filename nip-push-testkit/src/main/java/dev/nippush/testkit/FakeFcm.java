package dev.nippush.testkit;

import static java.util.Objects.requireNonNull;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http2.ErrorCode;
import org.eclipse.jetty.http2.HTTP2Cipher;
import org.eclipse.jetty.http2.HTTP2Connection;
import org.eclipse.jetty.http2.HTTP2Session;
import org.eclipse.jetty.http2.HTTP2Stream;
import org.eclipse.jetty.http2.frames.ResetFrame;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Promise;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * FCM and Google's token endpoint in one server on {@code localhost}: HTTPS with HTTP/2 and HTTP/1.1, or plain HTTP. It
 * takes what FCM's HTTP v1 interface takes, from whoever shows one of its access tokens, and gives these to the service
 * account of {@link #serviceAccountJson()}.
 *
 * <p>Its devices are plain registration tokens; {@link #embeddedDevice} makes those of apps without a Firebase SDK.
 * Answers are scripted per registration token, so both sorts of device may share a script. Safe for use by any number of
 * threads.
 */
public final class FakeFcm implements Gateway {

    /** The project that it serves. */
    public static final String PROJECT_ID = "nip-push-fake";

    private static final int MAX_REQUEST_BYTES = 1 << 20;
    private static final Duration IDLE = Duration.ofHours(1);
    private static final int MAX_STREAMS = 100;

    private final TestCertificates certificates;
    private final FakeGoogleAccount account;
    private final Server server;
    private final URI endpoint;
    private final Inbox<Received> received = new Inbox<>();
    private final Inbox<Sent> sent = new Inbox<>();
    private final AtomicInteger connections = new AtomicInteger();
    private final DeviceAddressReader reader = new DeviceAddressReader(List.of());

    private final Map<String, Answer> answers = new HashMap<>();
    private final Map<String, Queue<Reply>> replies = new HashMap<>();
    private Optional<Function<Received, CompletionStage<Answer>>> judge = Optional.empty();
    private final Queue<Reply> trialReplies = new ArrayDeque<>();
    private int trials;
    private final Set<Request> open = new HashSet<>();
    private int mostOpen;
    private final List<Runnable> hanging = new ArrayList<>();
    private final List<DeafPort> deaf = new CopyOnWriteArrayList<>();
    private boolean released;
    private long accepted;

    private FakeFcm(TestCertificates certificates, boolean tls) {
        this.certificates = certificates;
        QueuedThreadPool threads = new QueuedThreadPool();
        threads.setName("fake-fcm");
        threads.setDaemon(true);
        this.server = new Server(threads);
        ServerConnector connector = tls ? secure() : new ServerConnector(server, 1, 1);
        connector.setHost("localhost");
        connector.setIdleTimeout(IDLE.toMillis());
        connector.addBean(new Connection.Listener() {
            @Override
            public void onOpened(Connection connection) {
                // TLS and what is inside of it are connections too, on end points of their own.
                if (connection.getEndPoint() instanceof SocketChannelEndPoint) {
                    connections.incrementAndGet();
                }
            }
        });
        server.addConnector(connector);
        server.setHandler(new Front());
        try {
            server.start();
        } catch (Exception failure) {
            throw new IllegalStateException("the server does not start", failure);
        }
        this.endpoint = URI.create((tls ? "https" : "http") + "://localhost:" + connector.getLocalPort());
        this.account = new FakeGoogleAccount(PROJECT_ID, endpoint.resolve("/token"));
    }

    /** Starts one with an authority of its own: see {@link #certificates()}. */
    public static FakeFcm start() {
        return start(TestCertificates.create());
    }

    /** Starts one whose certificate comes from the given authority. */
    public static FakeFcm start(TestCertificates certificates) {
        return new FakeFcm(certificates, true);
    }

    /** Starts one over plain HTTP, for clients that cannot be told whom to trust. */
    public static FakeFcm startWithoutTls() {
        return new FakeFcm(TestCertificates.create(), false);
    }

    private ServerConnector secure() {
        HttpConfiguration http = new HttpConfiguration();
        HttpConnectionFactory http1 = new HttpConnectionFactory(http);
        HTTP2ServerConnectionFactory http2 = new HTTP2ServerConnectionFactory(http);
        http2.setMaxConcurrentStreams(MAX_STREAMS);
        http2.setStreamIdleTimeout(IDLE.toMillis());
        ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory();
        alpn.setDefaultProtocol(http1.getProtocol());
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setSslContext(certificates.server().context());
        tls.setCipherComparator(HTTP2Cipher.COMPARATOR);
        return new ServerConnector(server, 1, 1, new SslConnectionFactory(tls, alpn.getProtocol()), alpn, http2, http1);
    }

    /**
     * A message as it came, from a sender that FCM knows.
     *
     * @param message the {@code message} of the request
     * @param bytes the size of the request's body
     * @param headers with names in lower case; without the access token
     * @param protocol {@code HTTP/2.0} or {@code HTTP/1.1}
     * @param connection which connection it came on
     */
    public record Sent(JsonObject message, int bytes, Map<String, String> headers, String protocol, String connection) {
        public Sent {
            requireNonNull(message);
            headers = Collections.unmodifiableMap(new TreeMap<>(headers));
            requireNonNull(protocol);
            requireNonNull(connection);
        }
    }

    /**
     * What an access token was given for: an assertion (RFC 7523) whose RS256 signature is that of the service account's
     * key, and whose claims are right.
     *
     * @param keyId which key signed it
     * @param issuer the account
     * @param scope what the token is to be used for
     * @param audience whom the assertion was made for
     * @param issuedAt when it was made
     * @param expiresAt until when it may be shown
     */
    public record Grant(
            String keyId, String issuer, String scope, String audience, Instant issuedAt, Instant expiresAt) {
        public Grant {
            requireNonNull(keyId);
            requireNonNull(issuer);
            requireNonNull(scope);
            requireNonNull(audience);
            requireNonNull(issuedAt);
            requireNonNull(expiresAt);
        }
    }

    /**
     * A raw answer, or what comes in place of one.
     *
     * @param status the HTTP status
     * @param headers besides {@code Content-Type}
     * @param body JSON if it begins with a brace, else HTML
     * @param delay how long it is in coming
     * @param form what becomes of it
     */
    public record Reply(int status, Map<String, String> headers, String body, Duration delay, Form form) {
        public Reply {
            headers = Map.copyOf(headers);
            requireNonNull(body);
            requireNonNull(delay);
            requireNonNull(form);
        }

        /** What becomes of a reply; all but the first need HTTP/2. */
        public enum Form {
            /** It arrives. */
            WHOLE,
            /** Its head arrives and its end never does. */
            HALF,
            /** Its stream is reset. */
            RESET,
            /** The connection says goodbye (GOAWAY) and serves to the end what it had taken, this one too. */
            GO_AWAY
        }

        /** An answer without headers of its own. */
        public static Reply of(int status, String body) {
            return new Reply(status, Map.of(), body, Duration.ZERO, Form.WHOLE);
        }

        /**
         * An error in Google's form.
         *
         * @param status the HTTP status
         * @param canonical Google's code, such as {@code NOT_FOUND}
         * @param errorCode FCM's code, such as {@code UNREGISTERED}; empty leaves the details out
         */
        public static Reply error(int status, String canonical, String errorCode) {
            return of(status, FcmRules.error(status, canonical, errorCode));
        }

        /** A message that is taken. */
        public static Reply accept() {
            return of(200, "{\"name\":\"projects/" + PROJECT_ID + "/messages/0:0\"}");
        }

        /** The same after a while. */
        public Reply after(Duration pause) {
            return new Reply(status, headers, body, pause, form);
        }

        /** The same in another form. */
        public Reply as(Form other) {
            return new Reply(status, headers, body, delay, other);
        }

        /** The same with one more header. */
        public Reply with(String header, String value) {
            Map<String, String> more = new HashMap<>(headers);
            more.put(header, value);
            return new Reply(status, more, body, delay, form);
        }
    }

    /** Where FCM is: scheme, host and port. */
    public URI endpoint() {
        return endpoint;
    }

    /** The authority that vouches for its certificate. */
    public TestCertificates certificates() {
        return certificates;
    }

    /** The trust root of its certificate. */
    public X509Certificate authority() {
        return certificates.authority();
    }

    /** The service account that may send here, as the Firebase console would hand it out. */
    public String serviceAccountJson() {
        return account.json();
    }

    /** Writes {@link #serviceAccountJson()} to a file, and returns that file. */
    public Path writeServiceAccount(Path file) throws IOException {
        return Files.writeString(file, account.json());
    }

    @Override
    public Set<Ability> abilities() {
        // FCM tells that a token is gone, and not since when; its limits are the sender's.
        return Collections.unmodifiableSet(EnumSet.complementOf(EnumSet.of(Ability.GONE_SINCE, Ability.DEVICE_LIMIT)));
    }

    @Override
    public DeviceAddress device(int number) {
        return address(token(number));
    }

    /** The address of a device whose app has no Firebase SDK, with the registration token of {@link #device}. */
    public DeviceAddress embeddedDevice(int number) {
        return address(embedded("instance-" + number, token(number)));
    }

    private static String token(int number) {
        return String.format("fakeFcmDevice%09d:APA91b%s", number, "0123456789_-AbCdEfGhIjKlMnOp".repeat(5));
    }

    private static String embedded(String instance, String token) {
        String encoded = URLEncoder.encode(instance, StandardCharsets.UTF_8).replace("+", "%20");
        return "Embedded-FCM/FCM?v2&instance=" + encoded + "&token=" + token;
    }

    private DeviceAddress address(String deviceId) {
        return reader.read(deviceId)
                .filter(address -> address.channel().equals(Channel.FCM))
                .orElseThrow(() -> new IllegalArgumentException("not an FCM device"));
    }

    @Override
    public synchronized void answer(DeviceAddress device, Answer answer) {
        answers.put(device.token(), requireNonNull(answer));
    }

    /**
     * Answers the next messages to this device so, one after another, before {@link #answer} applies again.
     *
     * @param next one answer for each message
     */
    public synchronized void reply(DeviceAddress device, Reply... next) {
        replies.computeIfAbsent(device.token(), token -> new ArrayDeque<>()).addAll(List.of(next));
    }

    /**
     * Asks from now on for each message that keeps FCM's rules how it is answered, whatever else was set. The answer may
     * take its time, or never come.
     *
     * @param judge called on a thread that must not be kept
     */
    public synchronized void answerWith(Function<Received, CompletionStage<Answer>> judge) {
        this.judge = Optional.of(judge);
    }

    /**
     * Answers the next trial messages ({@code validate_only}) so, one after another. After that, and at first, they are
     * accepted, unless some device's answer is {@link Answer.CredentialsRefused}: who may not send may not try either.
     */
    public synchronized void replyToTrials(Reply... next) {
        trialReplies.addAll(List.of(next));
    }

    /** How many trial messages came from a sender that FCM knows. They are in no inbox. */
    public synchronized int trials() {
        return trials;
    }

    @Override
    public Inbox<Received> received() {
        return received;
    }

    /** All messages as they came, also those that {@link #received()} lacks because they break FCM's rules. */
    public Inbox<Sent> sent() {
        return sent;
    }

    /** How many connections were opened to it, for messages and for access tokens. */
    public int connections() {
        return connections.get();
    }

    /** How many messages were open at once, at most: read to the end, and not yet answered. */
    public synchronized int mostOpen() {
        return mostOpen;
    }

    /** How many access tokens were asked for, whatever was answered. */
    public int tokenRequests() {
        return account.requests();
    }

    /** What the access tokens were given for, in the order of the requests. */
    public Inbox<Grant> grants() {
        return account.grants();
    }

    /** Answers requests for an access token so, until {@link #giveTokens()}. */
    public void refuseTokens(Reply refusal) {
        account.refuse(requireNonNull(refusal));
    }

    /** Gives access tokens again; it does from the start. */
    public void giveTokens() {
        account.give();
    }

    /** Takes none of the access tokens that it has given out so far: who shows one gets a 401. */
    public void revokeTokens() {
        account.revoke();
    }

    /** How long access tokens live that are given out from now on; an hour at first. Only told, not enforced. */
    public void tokenLifetime(Duration lifetime) {
        account.lifetime(lifetime);
    }

    @Override
    public void release() {
        List<Runnable> open;
        synchronized (this) {
            released = true;
            open = List.copyOf(hanging);
            hanging.clear();
        }
        open.forEach(Runnable::run);
    }

    @Override
    public void stall() {
        stop();
        deaf.add(new DeafPort(endpoint.getPort()));
    }

    @Override
    public void close() {
        stop();
        deaf.forEach(DeafPort::close);
    }

    private void stop() {
        try {
            server.stop();
        } catch (Exception failure) {
            throw new IllegalStateException("the server does not stop", failure);
        }
    }

    private final class Front extends Handler.Abstract.NonBlocking {

        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            Content.Source.asByteArrayAsync(
                    request,
                    MAX_REQUEST_BYTES,
                    Promise.Invocable.from(
                            InvocationType.NON_BLOCKING,
                            body -> {
                                try {
                                    route(request, response, callback, new String(body, StandardCharsets.UTF_8));
                                } catch (RuntimeException failure) {
                                    callback.failed(failure);
                                }
                            },
                            callback::failed));
            return true;
        }

        private void route(Request request, Response response, Callback callback, String body) {
            String path = request.getHttpURI().getPath();
            boolean post = request.getMethod().equals("POST");
            if (post && path.equals("/token")) {
                write(request, response, callback, account.answer(body));
            } else if (post && path.startsWith("/v1/projects/") && path.endsWith("/messages:send")) {
                message(request, response, callback, body);
            } else {
                write(
                        request,
                        response,
                        callback,
                        Reply.of(404, "<html><title>Error 404 (Not Found)!!1</title></html>"));
            }
        }

        private void message(Request request, Response response, Callback callback, String body) {
            synchronized (FakeFcm.this) {
                open.add(request);
                mostOpen = Math.max(mostOpen, open.size());
            }
            String bearer = request.getHeaders().get("Authorization");
            if (bearer == null || !account.knows(bearer)) {
                write(request, response, callback, Reply.error(401, "UNAUTHENTICATED", ""));
                return;
            }
            if (!request.getHttpURI().getPath().equals("/v1/projects/" + PROJECT_ID + "/messages:send")) {
                write(request, response, callback, Reply.error(403, "PERMISSION_DENIED", ""));
                return;
            }
            Optional<JsonObject> content = content(body);
            Optional<JsonObject> message = content.map(it -> it.getAsJsonObject("message"));
            if (message.isEmpty()) {
                write(request, response, callback, Reply.error(400, "INVALID_ARGUMENT", ""));
                return;
            }
            if (FcmRules.isTrial(content.get())) {
                write(
                        request,
                        response,
                        callback,
                        FcmRules.refusal(message.get()).orElseGet(this::trial));
                return;
            }
            String token = FcmRules.token(message.get());
            Optional<Reply> refusal =
                    reader.read(token).isEmpty() ? FcmRules.invalid("message.token") : FcmRules.refusal(message.get());
            Optional<Received> understood = refusal.isPresent()
                    ? Optional.empty()
                    : Optional.of(FcmRules.received(
                            message.get(), instance -> address(embedded(instance, token)), () -> address(token)));
            Optional<Function<Received, CompletionStage<Answer>>> asked;
            synchronized (FakeFcm.this) {
                asked = judge;
                sent.add(new Sent(
                        message.get(),
                        body.getBytes(StandardCharsets.UTF_8).length,
                        headers(request),
                        request.getConnectionMetaData().getProtocol(),
                        request.getConnectionMetaData().getId()));
                understood.ifPresent(received::add);
            }
            if (refusal.isPresent()) {
                write(request, response, callback, refusal.get());
            } else if (asked.isPresent()) {
                asked.get()
                        .apply(understood.orElseThrow())
                        .thenAccept(answer -> asTold(answer, request, response, callback));
            } else {
                asScripted(token, request, response, callback);
            }
        }

        private Reply trial() {
            synchronized (FakeFcm.this) {
                trials++;
                if (!trialReplies.isEmpty()) {
                    return trialReplies.remove();
                }
                Optional<Answer> refusal = answers.values().stream()
                        .filter(Answer.CredentialsRefused.class::isInstance)
                        .findFirst();
                return refusal.map(this::standing)
                        .orElseGet(() ->
                                Reply.of(200, "{\"name\":\"projects/" + PROJECT_ID + "/messages/fake_message_id\"}"));
            }
        }

        private void asScripted(String token, Request request, Response response, Callback callback) {
            Answer answer;
            synchronized (FakeFcm.this) {
                Queue<Reply> next = replies.get(token);
                if (next != null && !next.isEmpty()) {
                    write(request, response, callback, next.remove());
                    return;
                }
                answer = answers.getOrDefault(token, new Answer.Accept());
            }
            asTold(answer, request, response, callback);
        }

        private void asTold(Answer answer, Request request, Response response, Callback callback) {
            synchronized (FakeFcm.this) {
                if (answer instanceof Answer.Hang && !released) {
                    hanging.add(() -> write(request, response, callback, accept()));
                    return;
                }
            }
            if (answer instanceof Answer.Drop) {
                request.getConnectionMetaData().getConnection().getEndPoint().close();
                callback.succeeded();
            } else {
                write(request, response, callback, standing(answer));
            }
        }

        private Reply standing(Answer answer) {
            if (answer instanceof Answer.TemporaryFailure failure) {
                return later(Reply.error(503, "UNAVAILABLE", "UNAVAILABLE"), failure.retryAfter());
            } else if (answer instanceof Answer.SenderLimit limit) {
                return later(Reply.error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), limit.retryAfter());
            } else if (answer instanceof Answer.Gone) {
                return Reply.error(404, "NOT_FOUND", "UNREGISTERED");
            } else if (answer instanceof Answer.MessageRefused) {
                return Reply.error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT");
            } else if (answer instanceof Answer.DeviceRefused) {
                return Reply.error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH");
            } else if (answer instanceof Answer.CredentialsRefused) {
                return Reply.error(403, "PERMISSION_DENIED", "");
            }
            return accept();
        }

        private static Reply later(Reply refusal, Optional<Duration> retryAfter) {
            return retryAfter
                    .map(delay -> refusal.with("Retry-After", Long.toString(delay.toSeconds())))
                    .orElse(refusal);
        }

        private Reply accept() {
            synchronized (FakeFcm.this) {
                accepted++;
                return Reply.of(200, "{\"name\":\"projects/" + PROJECT_ID + "/messages/0:" + accepted + "\"}");
            }
        }

        /** The request, if it has a message. */
        private Optional<JsonObject> content(String body) {
            try {
                JsonElement root = JsonParser.parseString(body);
                JsonElement message =
                        root.isJsonObject() ? root.getAsJsonObject().get("message") : null;
                return message != null && message.isJsonObject()
                        ? Optional.of(root.getAsJsonObject())
                        : Optional.empty();
            } catch (JsonParseException notJson) {
                return Optional.empty();
            }
        }

        private Map<String, String> headers(Request request) {
            Map<String, String> headers = new TreeMap<>();
            for (HttpField field : request.getHeaders()) {
                if (!field.is("Authorization")) {
                    headers.put(field.getLowerCaseName(), field.getValue());
                }
            }
            return headers;
        }

        private void write(Request request, Response response, Callback callback, Reply reply) {
            if (reply.delay().isZero()) {
                writeNow(request, response, callback, reply);
            } else {
                server.getScheduler()
                        .schedule(
                                () -> writeNow(request, response, callback, reply),
                                reply.delay().toMillis(),
                                TimeUnit.MILLISECONDS);
            }
        }

        private void writeNow(Request request, Response response, Callback callback, Reply reply) {
            synchronized (FakeFcm.this) {
                open.remove(request);
            }
            switch (reply.form()) {
                case WHOLE -> answer(response, callback, reply);
                case HALF -> {
                    head(response, reply);
                    Content.Sink.write(response, false, "{", Callback.NOOP);
                }
                case RESET -> {
                    HTTP2Session session = session(request);
                    HTTP2Stream stream = session.getStream(Integer.parseInt(request.getId()));
                    stream.reset(new ResetFrame(stream.getId(), ErrorCode.INTERNAL_ERROR.code), callback);
                }
                case GO_AWAY -> {
                    session(request).shutdown();
                    answer(response, callback, reply);
                }
            }
        }

        private HTTP2Session session(Request request) {
            if (request.getConnectionMetaData().getConnection() instanceof HTTP2Connection connection) {
                return connection.getSession();
            }
            throw new IllegalStateException(
                    "not HTTP/2: " + request.getConnectionMetaData().getProtocol());
        }

        private void answer(Response response, Callback callback, Reply reply) {
            head(response, reply);
            Content.Sink.write(response, true, reply.body(), callback);
        }

        private void head(Response response, Reply reply) {
            response.setStatus(reply.status());
            boolean json = reply.body().startsWith("{");
            response.getHeaders().put("Content-Type", json ? "application/json; charset=UTF-8" : "text/html");
            reply.headers().forEach(response.getHeaders()::put);
        }
    }
}
