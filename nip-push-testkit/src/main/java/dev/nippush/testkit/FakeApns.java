package dev.nippush.testkit;

import static java.util.Objects.requireNonNull;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamFrame;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/**
 * Apple's side of the APNs provider API: an HTTP/2 server with TLS on a port of this machine, with or without ALPN. What
 * Apple documents as wrong is refused with Apple's reason, such as a provider token that is not signed with
 * {@link #signingKeyPem()}; what is right is accepted, until {@link #answer(String, Reply...)} says otherwise. A client may
 * show a certificate of {@link #certificates()} instead of a token.
 *
 * <p>For any thread. Uses netty, which pushy brings.
 */
public final class FakeApns implements Gateway {

    /** The id of the key that signs provider tokens. */
    public static final String KEY_ID = "TESTKEYID0";

    /** The team that the key belongs to. */
    public static final String TEAM_ID = "TESTTEAM00";

    /** The topic of an app that is served where {@link #start(List)} names no other. */
    public static final String TOPIC = "com.example.app";

    /** The largest payload, in bytes. */
    public static final int LARGEST_PAYLOAD = 4_096;

    private static final int LARGEST_COLLAPSE_ID = 64;
    private static final int LARGEST_READ = 1 << 20;
    private static final int STREAMS = 1_000;
    private static final Duration OLDEST_PROVIDER_TOKEN = Duration.ofHours(1);
    private static final String PATH = "/3/device/";
    private static final String BEARER = "bearer ";
    private static final Set<String> PUSH_TYPES = Set.of(
            "alert",
            "background",
            "complication",
            "controls",
            "fileprovider",
            "liveactivity",
            "location",
            "mdm",
            "pushtotalk",
            "voip",
            "widgets");

    private static final Reply ACCEPT = Reply.accept();

    private final TestCertificates certificates = TestCertificates.create();
    private final List<String> topics;
    private final DeviceAddressReader addresses;
    private final KeyPair signingKeys;
    private final EventLoopGroup loop;
    private final SslContext tls;
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final AtomicInteger connectionCount = new AtomicInteger();
    private final Map<String, Deque<Reply>> script = new ConcurrentHashMap<>();
    private volatile Optional<Function<Received, CompletionStage<Answer>>> judge = Optional.empty();
    private final Inbox<Request> requests = new Inbox<>();
    private final Inbox<Received> received = new Inbox<>();
    private final List<Runnable> hanging = new ArrayList<>();
    private boolean released;
    private final Set<String> providerTokens = ConcurrentHashMap.newKeySet();
    private volatile Verified lastVerified = new Verified("", Optional.empty());
    private final List<DeafPort> deaf = new CopyOnWriteArrayList<>();
    private EventLoopGroup accepting;
    private Channel listener;
    private int port;

    private FakeApns(List<String> topics) {
        this.topics = List.copyOf(topics);
        this.addresses = new DeviceAddressReader(this.topics);
        this.loop = group();
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            this.signingKeys = generator.generateKeyPair();
            this.tls = tls(certificates);
        } catch (GeneralSecurityException | SSLException impossible) {
            throw new IllegalStateException(impossible);
        }
        listen();
    }

    /** Starts a server for {@link #TOPIC} on a free port. */
    public static FakeApns start() {
        return start(List.of(TOPIC));
    }

    /**
     * Starts a server on a free port.
     *
     * @param topics the apps that it knows, at least one; the first is that of {@link #device}
     */
    public static FakeApns start(List<String> topics) {
        if (topics.isEmpty()) {
            throw new IllegalArgumentException("at least one topic is needed");
        }
        return new FakeApns(topics);
    }

    private static SslContext tls(TestCertificates certificates) throws SSLException {
        TestCertificates.Identity server = certificates.server();
        return SslContextBuilder.forServer(server.key(), server.chain())
                .sslProvider(SslProvider.JDK)
                .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                .trustManager(certificates.authority())
                .clientAuth(ClientAuth.OPTIONAL)
                .applicationProtocolConfig(new ApplicationProtocolConfig(
                        ApplicationProtocolConfig.Protocol.ALPN,
                        ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                        ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                        ApplicationProtocolNames.HTTP_2))
                .build();
    }

    private void listen() {
        accepting = group();
        listener = new ServerBootstrap()
                .group(accepting, loop)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel connection) {
                        accepted(connection);
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .syncUninterruptibly()
                .channel();
        port = ((InetSocketAddress) listener.localAddress()).getPort();
    }

    private static EventLoopGroup group() {
        return new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("fake-apns", true), NioIoHandler.newFactory());
    }

    private void accepted(Channel connection) {
        connections.add(connection);
        int number = connectionCount.incrementAndGet();
        SslHandler handshake = tls.newHandler(connection.alloc());
        connection
                .pipeline()
                .addLast(handshake)
                .addLast(Http2FrameCodecBuilder.forServer()
                        .initialSettings(Http2Settings.defaultSettings().maxConcurrentStreams(STREAMS))
                        .build())
                .addLast(new Http2MultiplexHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel stream) {
                        stream.pipeline().addLast(new RequestReader(number, handshake));
                    }
                }))
                .addLast(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void exceptionCaught(ChannelHandlerContext context, Throwable broken) {
                        // A client that trusts another authority, or speaks another protocol.
                        context.close();
                    }
                });
    }

    /** The name that its certificate holds. */
    public String host() {
        return "localhost";
    }

    /** The port that it listens on. */
    public int port() {
        return port;
    }

    /** Whom the server's certificate comes from, and those of clients must. */
    public TestCertificates certificates() {
        return certificates;
    }

    /** What stands in a {@code .p8} file: the private key of {@link #KEY_ID}. */
    public String signingKeyPem() {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'})
                .encodeToString(signingKeys.getPrivate().getEncoded());
        return "-----BEGIN PRIVATE KEY-----\n" + base64 + "\n-----END PRIVATE KEY-----\n";
    }

    /** Writes {@link #signingKeyPem()} to a file, and returns that file. */
    public Path writeSigningKey(Path file) throws IOException {
        return Files.writeString(file, signingKeyPem());
    }

    /** How many connections were made so far. */
    public int connectionCount() {
        return connectionCount.get();
    }

    /** How many different provider tokens with a right signature were shown so far. */
    public int providerTokenCount() {
        return providerTokens.size();
    }

    /** All requests, in the order of arrival: what {@link #received()} has, in Apple's terms, and what is no message. */
    public Inbox<Request> requests() {
        return requests;
    }

    /**
     * How requests for a device token are answered from now on: one reply after the other, the last one for good.
     *
     * @param token the device token, as in the path of the request
     */
    public void answer(String token, Reply... replies) {
        if (replies.length == 0) {
            throw new IllegalArgumentException("at least one reply is needed");
        }
        script.put(token, new ArrayDeque<>(List.of(replies)));
    }

    /** Tells all clients to go away, for a reason, and cuts their connections. */
    public void sendAway(String reason) {
        connections.forEach(connection -> goAway(connection, reason));
    }

    /** Cuts all connections and listens no more, as an outage would. */
    public synchronized void stop() {
        if (!accepting.isShuttingDown()) {
            // The port of a closed channel is free when its selector has run again, or has ended.
            listener.close().syncUninterruptibly();
            end(accepting);
        }
        connections.close().awaitUninterruptibly();
    }

    /** Listens again after {@link #stop()}, on the same port. */
    public synchronized void resume() {
        listen();
    }

    @Override
    public Set<Ability> abilities() {
        return EnumSet.allOf(Ability.class);
    }

    @Override
    public DeviceAddress device(int number) {
        if (number < 0 || number > 999) {
            throw new IllegalArgumentException("devices have the numbers 0 to 999: " + number);
        }
        return addresses
                .read(topics.get(0) + "%08x".formatted(0xab000000 + number).repeat(8))
                .orElseThrow();
    }

    @Override
    public void answer(DeviceAddress device, Answer answer) {
        answer(device.token(), reply(answer));
    }

    /**
     * Asks from now on for each message that keeps Apple's rules how it is answered, whatever else was set. The answer may
     * take its time, or never come.
     *
     * @param judge called on a thread that must not be kept
     */
    public void answerWith(Function<Received, CompletionStage<Answer>> judge) {
        this.judge = Optional.of(judge);
    }

    private static Reply reply(Answer answer) {
        if (answer instanceof Answer.Accept) {
            return ACCEPT;
        }
        if (answer instanceof Answer.TemporaryFailure failure) {
            Reply reply = Reply.refuse(503, "ServiceUnavailable");
            return failure.retryAfter().map(reply::retryAfter).orElse(reply);
        }
        if (answer instanceof Answer.DeviceLimit limit) {
            Reply reply = Reply.refuse(429, "TooManyRequests");
            return limit.retryAfter().map(reply::retryAfter).orElse(reply);
        }
        if (answer instanceof Answer.SenderLimit limit) {
            Reply reply = Reply.refuse(429, "TooManyProviderTokenUpdates");
            return limit.retryAfter().map(reply::retryAfter).orElse(reply);
        }
        if (answer instanceof Answer.Gone gone) {
            Reply reply = Reply.refuse(410, "Unregistered");
            return gone.since().map(reply::timestamp).orElse(reply);
        }
        if (answer instanceof Answer.MessageRefused) {
            return Reply.refuse(400, "BadExpirationDate");
        }
        if (answer instanceof Answer.DeviceRefused) {
            return Reply.refuse(400, "BadDeviceToken");
        }
        if (answer instanceof Answer.CredentialsRefused) {
            return Reply.refuse(403, "InvalidProviderToken");
        }
        if (answer instanceof Answer.Drop) {
            return Reply.drop();
        }
        if (answer instanceof Answer.Hang) {
            return Reply.hang();
        }
        throw new AssertionError(answer);
    }

    @Override
    public Inbox<Received> received() {
        return received;
    }

    @Override
    public void release() {
        List<Runnable> all;
        synchronized (hanging) {
            released = true;
            all = List.copyOf(hanging);
            hanging.clear();
        }
        all.forEach(Runnable::run);
    }

    @Override
    public synchronized void stall() {
        stop();
        deaf.add(new DeafPort(port));
    }

    @Override
    public void close() {
        if (loop.isShuttingDown()) {
            return;
        }
        stop();
        deaf.forEach(DeafPort::close);
        end(loop);
    }

    private static void end(EventLoopGroup group) {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    /**
     * A request as it came.
     *
     * @param token what follows {@code /3/device/} in the path
     * @param headers all but the authorization and those that HTTP/2 itself needs, names in lower case
     * @param providerToken what the authorization claims; empty if there is none that was signed by {@link #KEY_ID}
     * @param body the payload
     * @param connection which of the connections it came by, counted from 1
     */
    public record Request(
            String token,
            Map<String, String> headers,
            Optional<ProviderToken> providerToken,
            String body,
            int connection) {
        public Request {
            requireNonNull(token);
            headers = Map.copyOf(headers);
            requireNonNull(providerToken);
            requireNonNull(body);
        }

        /** A header; empty if it was not sent. */
        public Optional<String> header(String name) {
            return Optional.ofNullable(headers.get(name));
        }

        /** The payload as JSON. Throws what Gson throws if it is none. */
        public JsonObject json() {
            return JsonParser.parseString(body).getAsJsonObject();
        }

        /** Names neither the device nor the content. */
        @Override
        public String toString() {
            return "Request[" + headers.keySet() + " by connection " + connection + "]";
        }
    }

    /**
     * A provider token whose signature is right.
     *
     * @param keyId the key's id
     * @param teamId who issued it
     * @param issuedAt when
     */
    public record ProviderToken(String keyId, String teamId, Instant issuedAt) {
        public ProviderToken {
            requireNonNull(keyId);
            requireNonNull(teamId);
            requireNonNull(issuedAt);
        }
    }

    /** What happens to a request, in Apple's terms. Immutable. */
    public static final class Reply {

        private enum Kind {
            ANSWER,
            DROP,
            GO_AWAY,
            GO_AWAY_AFTER,
            GO_AWAY_BEFORE,
            HANG,
            RESET,
            STALL
        }

        private final Kind kind;
        private final int status;
        private final Optional<String> reason;
        private final Optional<Instant> timestamp;
        private final Optional<Duration> retryAfter;
        private final Duration delay;
        private final boolean split;

        private Reply(
                Kind kind,
                int status,
                Optional<String> reason,
                Optional<Instant> timestamp,
                Optional<Duration> retryAfter,
                Duration delay,
                boolean split) {
            this.kind = kind;
            this.status = status;
            this.reason = reason;
            this.timestamp = timestamp;
            this.retryAfter = retryAfter;
            this.delay = delay;
            this.split = split;
        }

        private static Reply of(Kind kind, int status, Optional<String> reason) {
            return new Reply(kind, status, reason, Optional.empty(), Optional.empty(), Duration.ZERO, false);
        }

        /** 200. */
        public static Reply accept() {
            return of(Kind.ANSWER, 200, Optional.empty());
        }

        /** A status with a JSON body that names the reason. */
        public static Reply refuse(int status, String reason) {
            return of(Kind.ANSWER, status, Optional.of(reason));
        }

        /** A status and no body. */
        public static Reply bare(int status) {
            return of(Kind.ANSWER, status, Optional.empty());
        }

        /** The connection is cut, without an answer. */
        public static Reply drop() {
            return of(Kind.DROP, 0, Optional.empty());
        }

        /** A GOAWAY frame with the reason, then the connection is cut, without an answer. */
        public static Reply goAway(String reason) {
            return of(Kind.GO_AWAY, 0, Optional.of(reason));
        }

        /** A GOAWAY frame that counts this request in, and its 200. The connection stays for what is under way. */
        public static Reply goAwayAfter(String reason) {
            return of(Kind.GO_AWAY_AFTER, 200, Optional.of(reason));
        }

        /**
         * A GOAWAY frame that says that this request was not looked at. The connection stays for those before it.
         */
        public static Reply goAwayBefore(String reason) {
            return of(Kind.GO_AWAY_BEFORE, 0, Optional.of(reason));
        }

        /** The stream is reset (RST_STREAM, internal error), without an answer. */
        public static Reply reset() {
            return of(Kind.RESET, 0, Optional.empty());
        }

        /** The head of an answer with this status, which never ends. */
        public static Reply stall(int status) {
            return of(Kind.STALL, status, Optional.empty());
        }

        /** No answer before {@link FakeApns#release()}. */
        public static Reply hang() {
            return of(Kind.HANG, 0, Optional.empty());
        }

        /** The same with a timestamp in the body, in milliseconds. */
        public Reply timestamp(Instant since) {
            return new Reply(kind, status, reason, Optional.of(since), retryAfter, delay, split);
        }

        /** The same with a {@code Retry-After} header, in whole seconds. */
        public Reply retryAfter(Duration pause) {
            return new Reply(kind, status, reason, timestamp, Optional.of(pause), delay, split);
        }

        /** The same after a while. */
        public Reply after(Duration pause) {
            return new Reply(kind, status, reason, timestamp, retryAfter, pause, split);
        }

        /** The same with the end of the stream in a frame of its own, behind the body. */
        public Reply split() {
            return new Reply(kind, status, reason, timestamp, retryAfter, delay, true);
        }
    }

    private Reply next(String token) {
        Deque<Reply> replies = script.get(token);
        if (replies == null) {
            return ACCEPT;
        }
        synchronized (replies) {
            return replies.size() > 1 ? replies.remove() : replies.element();
        }
    }

    private void arrived(ChannelHandlerContext stream, Incoming incoming) {
        Request request = incoming.request;
        JsonObject payload = payload(request);
        Optional<Received> message = payload == null ? Optional.empty() : understood(request, payload);
        message.ifPresent(received::add);
        requests.add(request);
        Optional<Reply> refused = violation(incoming, payload);
        if (refused.isEmpty() && judge.isPresent() && message.isPresent()) {
            judge.get()
                    .apply(message.get())
                    .thenAccept(answer -> stream.executor().execute(() -> perform(stream, incoming, reply(answer))));
        } else {
            perform(stream, incoming, refused.orElseGet(() -> next(request.token())));
        }
    }

    private void perform(ChannelHandlerContext stream, Incoming incoming, Reply reply) {
        if (!reply.delay.isZero()) {
            stream.executor()
                    .schedule(
                            () -> perform(stream, incoming, reply.after(Duration.ZERO)),
                            reply.delay.toNanos(),
                            TimeUnit.NANOSECONDS);
            return;
        }
        switch (reply.kind) {
            case ANSWER -> respond(stream, incoming.apnsId, reply);
            case DROP -> stream.channel().parent().close();
            case GO_AWAY -> goAway(stream.channel().parent(), reply.reason.orElse(""));
            case GO_AWAY_AFTER -> {
                goAway(stream, 0, reply.reason.orElse(""));
                respond(stream, incoming.apnsId, ACCEPT);
            }
            case GO_AWAY_BEFORE -> goAway(stream, 1, reply.reason.orElse(""));
            case RESET -> stream.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.INTERNAL_ERROR));
            case STALL ->
                stream.writeAndFlush(new DefaultHttp2HeadersFrame(
                        new DefaultHttp2Headers().status(Integer.toString(reply.status)), false));
            case HANG -> hang(() -> stream.executor().execute(() -> respond(stream, incoming.apnsId, ACCEPT)));
        }
    }

    private void hang(Runnable accept) {
        synchronized (hanging) {
            if (!released) {
                hanging.add(accept);
                return;
            }
        }
        accept.run();
    }

    private static void goAway(Channel connection, String reason) {
        connection
                .writeAndFlush(new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR, reasonJson(reason)))
                .addListener(ChannelFutureListener.CLOSE);
    }

    /** Says which is the last stream that is served, and goes on serving. The codec itself would end the later ones. */
    private static void goAway(ChannelHandlerContext stream, int streamsBefore, String reason) {
        Http2StreamChannel channel = (Http2StreamChannel) stream.channel();
        ChannelHandlerContext codec = channel.parent().pipeline().context(Http2FrameCodec.class);
        // Streams of a client have odd numbers.
        int last = Math.max(0, channel.stream().id() - 2 * streamsBefore);
        ((Http2FrameCodec) codec.handler())
                .encoder()
                .frameWriter()
                .writeGoAway(codec, last, Http2Error.NO_ERROR.code(), reasonJson(reason), codec.newPromise());
        codec.flush();
    }

    private static ByteBuf reasonJson(String reason) {
        JsonObject body = new JsonObject();
        body.addProperty("reason", reason);
        return bytes(body);
    }

    private static void respond(ChannelHandlerContext stream, String apnsId, Reply reply) {
        Http2Headers headers =
                new DefaultHttp2Headers().status(Integer.toString(reply.status)).add("apns-id", apnsId);
        reply.retryAfter.ifPresent(pause -> headers.add("retry-after", Long.toString(pause.toSeconds())));
        if (reply.reason.isEmpty()) {
            stream.writeAndFlush(new DefaultHttp2HeadersFrame(headers, true));
            return;
        }
        JsonObject body = new JsonObject();
        body.addProperty("reason", reply.reason.get());
        reply.timestamp.ifPresent(since -> body.addProperty("timestamp", since.toEpochMilli()));
        headers.add("content-type", "application/json");
        stream.write(new DefaultHttp2HeadersFrame(headers, false));
        stream.write(new DefaultHttp2DataFrame(bytes(body), !reply.split));
        if (reply.split) {
            stream.write(new DefaultHttp2DataFrame(Unpooled.EMPTY_BUFFER, true));
        }
        stream.flush();
    }

    private static ByteBuf bytes(JsonObject json) {
        return Unpooled.copiedBuffer(json.toString(), StandardCharsets.UTF_8);
    }

    private static @Nullable JsonObject payload(Request request) {
        try {
            JsonElement json = JsonParser.parseString(request.body());
            return json.isJsonObject() ? json.getAsJsonObject() : null;
        } catch (JsonParseException notJson) {
            return null;
        }
    }

    private Optional<Received> understood(Request request, JsonObject payload) {
        Map<String, String> data = new HashMap<>();
        payload.entrySet().stream()
                .filter(entry -> entry.getValue().isJsonPrimitive())
                .forEach(entry -> data.put(entry.getKey(), entry.getValue().getAsString()));
        JsonObject aps = member(payload, "aps");
        JsonObject alert = member(aps, "alert");
        Optional<Instant> expiration = request.header("apns-expiration")
                .filter(text -> text.matches("[1-9][0-9]{0,10}"))
                .map(text -> Instant.ofEpochSecond(Long.parseLong(text)));
        return addresses
                .read(request.header("apns-topic").orElse("") + request.token())
                .map(device -> new Received(
                        device,
                        text(alert, "title"),
                        text(alert, "body"),
                        data,
                        request.header("apns-collapse-id"),
                        expiration,
                        aps.has("alert") || aps.has("sound") || aps.has("badge")));
    }

    private static JsonObject member(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value != null && value.isJsonObject() ? value.getAsJsonObject() : new JsonObject();
    }

    private static String text(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value != null && value.isJsonPrimitive() ? value.getAsString() : "";
    }

    /** What Apple documents as wrong, in "Handling notification responses from APNs". */
    private Optional<Reply> violation(Incoming incoming, @Nullable JsonObject payload) {
        Request request = incoming.request;
        if (!incoming.method.equals("POST")) {
            return refusal(405, "MethodNotAllowed");
        }
        if (!incoming.path.startsWith(PATH)) {
            return refusal(404, "BadPath");
        }
        if (request.token().isEmpty()) {
            return refusal(400, "MissingDeviceToken");
        }
        if (!incoming.certificate) {
            Optional<Reply> refused = providerTokenViolation(incoming);
            if (refused.isPresent()) {
                return refused;
            }
        }
        if (!request.token().matches("(?:[0-9a-fA-F]{2}){32,}")) {
            return refusal(400, "BadDeviceToken");
        }
        Optional<String> topic = request.header("apns-topic");
        if (topic.isEmpty()) {
            return refusal(400, "MissingTopic");
        }
        if (!topics.contains(topic.get())) {
            return refusal(400, "TopicDisallowed");
        }
        if (!PUSH_TYPES.contains(request.header("apns-push-type").orElse("alert"))) {
            return refusal(400, "InvalidPushType");
        }
        boolean background = request.header("apns-push-type").orElse("").equals("background");
        Set<String> priorities = background ? Set.of("5") : Set.of("1", "5", "10");
        if (!priorities.contains(request.header("apns-priority").orElse("10"))) {
            return refusal(400, "BadPriority");
        }
        if (!request.header("apns-expiration").orElse("0").matches("[0-9]{1,10}")) {
            return refusal(400, "BadExpirationDate");
        }
        if (request.header("apns-collapse-id").orElse("").getBytes(StandardCharsets.UTF_8).length
                > LARGEST_COLLAPSE_ID) {
            return refusal(400, "BadCollapseId");
        }
        if (incoming.size > LARGEST_PAYLOAD) {
            return refusal(413, "PayloadTooLarge");
        }
        if (payload == null || !payload.has("aps")) {
            return refusal(400, "PayloadEmpty");
        }
        return Optional.empty();
    }

    private static Optional<Reply> providerTokenViolation(Incoming incoming) {
        if (incoming.authorization.isEmpty()) {
            return refusal(403, "MissingProviderToken");
        }
        Optional<ProviderToken> token = incoming.request.providerToken();
        if (token.isEmpty() || !token.get().teamId().equals(TEAM_ID)) {
            return refusal(403, "InvalidProviderToken");
        }
        return token.get().issuedAt().isBefore(Instant.now().minus(OLDEST_PROVIDER_TOKEN))
                ? refusal(403, "ExpiredProviderToken")
                : Optional.empty();
    }

    private static Optional<Reply> refusal(int status, String reason) {
        return Optional.of(Reply.refuse(status, reason));
    }

    /** A client sends the same token with every request of a connection. */
    private Optional<ProviderToken> providerToken(String authorization) {
        Verified known = lastVerified;
        if (!known.authorization.equals(authorization)) {
            known = new Verified(authorization, verified(authorization));
            lastVerified = known;
            if (known.token.isPresent()) {
                providerTokens.add(authorization);
            }
        }
        return known.token;
    }

    /** Empty unless it is a JWT of our key, signed by ES256. */
    private Optional<ProviderToken> verified(String authorization) {
        if (!authorization.toLowerCase(Locale.ROOT).startsWith(BEARER)) {
            return Optional.empty();
        }
        String[] parts = authorization.substring(BEARER.length()).split("\\.", -1);
        if (parts.length != 3) {
            return Optional.empty();
        }
        try {
            JsonObject header = decoded(parts[0]);
            JsonObject claims = decoded(parts[1]);
            byte[] signed = (parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII);
            if (!text(header, "alg").equals("ES256")
                    || !text(header, "kid").equals(KEY_ID)
                    || !isSignature(Base64.getUrlDecoder().decode(parts[2]), signed, signingKeys.getPublic())) {
                return Optional.empty();
            }
            return Optional.of(new ProviderToken(
                    KEY_ID, text(claims, "iss"), Instant.ofEpochSecond(Long.parseLong(text(claims, "iat")))));
        } catch (IllegalArgumentException | JsonParseException | GeneralSecurityException malformed) {
            return Optional.empty();
        }
    }

    private static JsonObject decoded(String part) {
        JsonElement json =
                JsonParser.parseString(new String(Base64.getUrlDecoder().decode(part), StandardCharsets.UTF_8));
        return json.isJsonObject() ? json.getAsJsonObject() : new JsonObject();
    }

    /** RFC 7518 wants r and s side by side; Apple takes DER as well, which pushy sends. */
    private static boolean isSignature(byte[] signature, byte[] signed, PublicKey key) throws GeneralSecurityException {
        Signature verifier =
                Signature.getInstance(signature.length == 64 ? "SHA256withECDSAinP1363Format" : "SHA256withECDSA");
        verifier.initVerify(key);
        verifier.update(signed);
        return verifier.verify(signature);
    }

    private record Verified(String authorization, Optional<ProviderToken> token) {}

    /** A request with what only the rules look at. */
    private record Incoming(
            Request request,
            String method,
            String path,
            String authorization,
            boolean certificate,
            int size,
            String apnsId) {}

    /** One stream: gathers the request, then hands it over. */
    private final class RequestReader extends SimpleChannelInboundHandler<Http2StreamFrame> {

        private final int connection;
        private final SslHandler handshake;
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();
        private @Nullable Http2Headers headers;

        RequestReader(int connection, SslHandler handshake) {
            this.connection = connection;
            this.handshake = handshake;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, Http2StreamFrame frame) throws IOException {
            if (frame instanceof Http2HeadersFrame first) {
                headers = first.headers();
                end(context, first.isEndStream());
            } else if (frame instanceof Http2DataFrame data) {
                ByteBuf content = data.content();
                if (body.size() + content.readableBytes() > LARGEST_READ) {
                    context.channel().parent().close();
                    return;
                }
                content.readBytes(body, content.readableBytes());
                end(context, data.isEndStream());
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable broken) {
            // A stream that the client reset.
            context.close();
        }

        private void end(ChannelHandlerContext context, boolean last) {
            Http2Headers all = headers;
            if (!last || all == null) {
                return;
            }
            Map<String, String> plain = new TreeMap<>();
            all.forEach(entry -> plain.put(
                    entry.getKey().toString().toLowerCase(Locale.ROOT),
                    entry.getValue().toString()));
            String authorization =
                    Optional.ofNullable(plain.remove("authorization")).orElse("");
            plain.keySet().removeIf(name -> name.startsWith(":"));
            String path = String.valueOf(all.path());
            Request request = new Request(
                    path.startsWith(PATH) ? path.substring(PATH.length()) : "",
                    plain,
                    providerToken(authorization),
                    body.toString(StandardCharsets.UTF_8),
                    connection);
            arrived(
                    context,
                    new Incoming(
                            request,
                            String.valueOf(all.method()),
                            path,
                            authorization,
                            hasCertificate(),
                            body.size(),
                            plain.getOrDefault("apns-id", UUID.randomUUID().toString())));
        }

        private boolean hasCertificate() {
            try {
                return handshake.engine().getSession().getPeerCertificates().length > 0;
            } catch (SSLPeerUnverifiedException none) {
                return false;
            }
        }
    }
}
