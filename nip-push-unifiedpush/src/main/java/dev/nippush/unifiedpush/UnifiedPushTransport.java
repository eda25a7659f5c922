package dev.nippush.unifiedpush;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.AddressRule;
import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.GuardedSocketFactory;
import dev.nippush.address.InboundBudget;
import dev.nippush.address.TlsTrust;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushTransport;
import java.io.IOException;
import java.net.Proxy;
import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.Buffer;
import okio.BufferedSink;
import okio.BufferedSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pushes to UnifiedPush and Web Push endpoints: one POST per message. An app that registers a bare endpoint gets plain
 * JSON; one that registers a push subscription gets the same JSON encrypted with its keys (RFC 8291).
 *
 * <pre>{@code
 * PushTransport transport = UnifiedPushTransport.builder()
 *         .vapid(VapidKey.parse(Files.readString(keyFile)), "mailto:push@example.com")
 *         .build();
 * }</pre>
 *
 * <p>With a {@linkplain Builder#vapid(VapidKey, String) VAPID key} each request to a Web Push endpoint says who sends it
 * (RFC 8292). Without one it goes out without {@code Authorization}, which the services of browsers refuse. Plain
 * endpoints are never told.
 *
 * <p>Whoever registers a device chooses the endpoint, so it is dialled as a stranger's: by https only, at an address that
 * the {@link AddressRule} permits, directly, without following a redirect, for a limited time, and reading no more than
 * {@value #MAX_ANSWER_BYTES} bytes of an answer. Names are resolved on the transport's own threads.
 *
 * <p>To a plain endpoint the text travels in the clear inside TLS: the operator of the endpoint can read it. A second push
 * of the same event does not replace the first one on the phone, as plain UnifiedPush knows no collapse key.
 *
 * <p>The operator of a Web Push endpoint cannot read the text, and sees its length in steps of 256 bytes only. He sees when
 * it is sent, its lifetime, whether it is urgent, and a topic: a repetition of the same message replaces the first one as
 * long as he holds it.
 *
 * <p>Each open request occupies one of the transport's threads, which end when idle for a minute. Safe for use by any
 * number of threads; nothing runs before the first send, or {@link #warmUp()}.
 */
public final class UnifiedPushTransport implements PushTransport {

    /** The default of {@link Builder#timeout}. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(20);

    /** How many bytes of an answer's body are read; the rest costs the connection. */
    public static final int MAX_ANSWER_BYTES = 65_536;

    private static final Duration SHORTEST_TIMEOUT = Duration.ofMillis(1);

    /** An engine waits 30 s for an answer. */
    private static final Duration LONGEST_TIMEOUT = Duration.ofSeconds(29);

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

    /** The TLS handshake and the headers come on top of the body. */
    private static final int MAX_INBOUND_BYTES = 2 * MAX_ANSWER_BYTES;

    /**
     * A request that waits for a name server cannot be cancelled, and may outlive its place in the engine's window. It
     * must not take that of another.
     */
    private static final int MAX_REQUESTS = 2 * DEFAULT_MAX_IN_FLIGHT;

    private static final int MAX_IDLE_CONNECTIONS = 256;
    /**
     * Less than the 5 s after which common servers close an idle connection: a request that is sent into one that was
     * closed is lost, and nobody can tell whether it arrived.
     */
    private static final Duration IDLE_CONNECTION = Duration.ofSeconds(3);

    private static final Duration IDLE_THREAD = Duration.ofSeconds(60);

    private static final MediaType JSON = MediaType.get("application/json");
    private static final MediaType OCTETS = MediaType.get("application/octet-stream");

    private static final Logger LOG = LoggerFactory.getLogger(UnifiedPushTransport.class);

    private final GuardedSocketFactory sockets;
    private final TlsTrust tls;
    private final OkHttpClient client;
    private final UnifiedPushAnswers answers;
    private final Optional<Vapid> vapid;
    private final Clock clock;
    private final Duration timeout;

    private UnifiedPushTransport(Builder builder) {
        sockets = new GuardedSocketFactory(builder.addressRule, () -> new InboundBudget(MAX_INBOUND_BYTES));
        tls = builder.trust;
        clock = builder.clock;
        timeout = builder.timeout;
        answers = new UnifiedPushAnswers(clock);
        vapid = builder.vapidKey.map(key -> new Vapid(key, builder.vapidContact, clock));
        client = new OkHttpClient.Builder()
                .dispatcher(dispatcher())
                .connectionPool(new ConnectionPool(MAX_IDLE_CONNECTIONS, IDLE_CONNECTION.toSeconds(), TimeUnit.SECONDS))
                .socketFactory(sockets)
                .sslSocketFactory(tls.sockets(), tls.manager())
                .proxy(Proxy.NO_PROXY)
                // One answer at a time on a connection, so that the limit on what comes in is a limit on an answer.
                .protocols(List.of(Protocol.HTTP_1_1))
                .followRedirects(false)
                .followSslRedirects(false)
                // What to try again, and when, is the engine's decision.
                .retryOnConnectionFailure(false)
                .connectTimeout(min(CONNECT_TIMEOUT, builder.timeout))
                .readTimeout(builder.timeout)
                .writeTimeout(builder.timeout)
                .addNetworkInterceptor(chain -> {
                    sockets.budgetOf(chain.connection().socket()).ifPresent(InboundBudget::messageArrived);
                    return chain.proceed(introduced(chain.request()));
                })
                .build();
    }

    /**
     * A transport that dials globally reachable addresses only, trusts the certificate authorities of the JDK, and gives
     * up after {@link #DEFAULT_TIMEOUT}, if nothing else is said.
     */
    public static Builder builder() {
        return new Builder();
    }

    private static Dispatcher dispatcher() {
        AtomicInteger number = new AtomicInteger();
        ExecutorService threads = new ThreadPoolExecutor(
                0, Integer.MAX_VALUE, IDLE_THREAD.toSeconds(), TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                    Thread thread = new Thread(task, "nip-push-unifiedpush-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        Dispatcher dispatcher = new Dispatcher(threads);
        dispatcher.setMaxRequests(MAX_REQUESTS);
        // The engine limits the requests to a host; a lower limit here would queue behind its back.
        dispatcher.setMaxRequestsPerHost(MAX_REQUESTS);
        return dispatcher;
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    /** On the request's own thread, and with a connection at hand: a stranger's dead endpoint costs no signature. */
    private Request introduced(Request request) {
        if (vapid.isEmpty() || request.tag(WebPushEncryption.class) == null) {
            return request;
        }
        return request.newBuilder()
                .header("Authorization", vapid.get().authorization(request.url()))
                .build();
    }

    /** True for UnifiedPush endpoints, with and without keys. */
    @Override
    public boolean serves(DeviceAddress address) {
        return address.channel().equals(Channel.UNIFIED_PUSH)
                || address.channel().equals(Channel.WEB_PUSH);
    }

    /**
     * Sends one message; see {@link PushTransport#send}. An endpoint that the address rule forbids is the device's fault,
     * and so is a public key that is not on its curve. A message that does not fit loses the end of its text first, then
     * all data but its type.
     */
    @Override
    public CompletionStage<PushResult> send(PushMessage message) {
        Optional<HttpUrl> endpoint = endpoint(message.address());
        if (endpoint.isEmpty()) {
            return CompletableFuture.completedFuture(PushResult.rejected(Fault.DEVICE, "not an https URL"));
        }
        boolean encrypted = message.address().channel().equals(Channel.WEB_PUSH);
        Optional<WebPushEncryption> encryption = encrypted ? WebPushEncryption.to(message.address()) : Optional.empty();
        if (encrypted && encryption.isEmpty()) {
            return CompletableFuture.completedFuture(PushResult.rejected(Fault.DEVICE, "not a key of P-256"));
        }
        Optional<byte[]> text = UnifiedPushPayload.of(
                message.notification(), encrypted ? WebPushEncryption.MAX_TEXT_BYTES : UnifiedPushPayload.MAX_BYTES);
        if (text.isEmpty()) {
            return CompletableFuture.completedFuture(PushResult.rejected(Fault.MESSAGE, "too large"));
        }
        Push push = new Push(endpoint.get(), message, encryption);
        push.post(text.get());
        return push.result;
    }

    private static Optional<HttpUrl> endpoint(DeviceAddress address) {
        return Optional.ofNullable(HttpUrl.parse(address.token())).filter(HttpUrl::isHttps);
    }

    /**
     * Loads what the first push needs, on a thread of this transport, so that it is as quick as the second. Dials nobody.
     * The stage ends when that is done, and never exceptionally: a push that meets the same trouble reports it.
     */
    public CompletionStage<Void> warmUp() {
        return loadClient().thenRun(this::loadTls).thenRun(this::loadEncryption).exceptionally(trouble -> {
            LOG.debug("could not warm up", trouble);
            return null;
        });
    }

    private void loadTls() {
        try {
            SSLEngine hello = tls.context().createSSLEngine("localhost", 443);
            hello.setUseClientMode(true);
            hello.wrap(
                    ByteBuffer.allocate(0),
                    ByteBuffer.allocate(hello.getSession().getPacketBufferSize()));
        } catch (SSLException trouble) {
            throw new CompletionException(trouble);
        }
    }

    private void loadEncryption() {
        WebPushEncryption.toNobody().encrypt(new byte[0]);
        vapid.ifPresent(Vapid::warmUp);
    }

    /** A call that the address rule of its own client ends just before the connect. */
    private CompletableFuture<Void> loadClient() {
        CompletableFuture<Void> loaded = new CompletableFuture<>();
        OkHttpClient nowhere = client.newBuilder()
                .socketFactory(new GuardedSocketFactory(AddressRule.strict(), new InboundBudget(1)))
                .connectionPool(new ConnectionPool())
                .build();
        byte[] payload = UnifiedPushPayload.of(Notification.message("", "", ""), UnifiedPushPayload.MAX_BYTES)
                .orElseThrow();
        nowhere.newCall(new Request.Builder()
                        .url("https://127.0.0.1/")
                        .post(new Once(JSON, payload.length, () -> payload))
                        .build())
                .enqueue(new Callback() {
                    @Override
                    public void onFailure(Call call, IOException forbidden) {
                        loaded.complete(null);
                    }

                    @Override
                    public void onResponse(Call call, Response response) {
                        response.close();
                        loaded.complete(null);
                    }
                });
        return loaded;
    }

    /** Lets the requests in flight end. */
    @Override
    public void close() {
        Dispatcher dispatcher = client.dispatcher();
        dispatcher.setIdleCallback(client.connectionPool()::evictAll);
        dispatcher.executorService().shutdown();
        if (dispatcher.runningCallsCount() == 0) {
            client.connectionPool().evictAll();
        }
    }

    @Override
    public String toString() {
        return "UnifiedPushTransport";
    }

    /** One message on its way: one request, and a second one if the first was too large. */
    private final class Push implements Callback {

        private final CompletableFuture<PushResult> result = new CompletableFuture<>();
        private final HttpUrl endpoint;
        private final PushMessage message;
        private final Optional<WebPushEncryption> encryption;
        private final long deadline = System.nanoTime() + timeout.toNanos();
        private int textBytes;

        Push(HttpUrl endpoint, PushMessage message, Optional<WebPushEncryption> encryption) {
            this.endpoint = endpoint;
            this.message = message;
            this.encryption = encryption;
        }

        void post(byte[] text) {
            textBytes = text.length;
            Duration ttl = UnifiedPushPayload.timeToLive(message, clock.instant());
            Request.Builder request = new Request.Builder()
                    .url(endpoint)
                    .header("TTL", Long.toString(ttl.toSeconds()))
                    .header("Urgency", UnifiedPushPayload.urgency(message.notification()))
                    .header("User-Agent", "nip-push")
                    // Else the client asks for compression, and an answer may be larger than what came in.
                    .header("Accept-Encoding", "identity");
            encryption.ifPresentOrElse(
                    keys -> request.header("Content-Encoding", "aes128gcm")
                            .header("Topic", UnifiedPushPayload.topic(message))
                            .tag(WebPushEncryption.class, keys)
                            .post(new Once(OCTETS, WebPushEncryption.bodyBytes(text), () -> keys.encrypt(text))),
                    () -> request.post(new Once(JSON, text.length, () -> text)));
            Call call = client.newCall(request.build());
            // Zero would be no limit at all.
            call.timeout().timeout(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            call.enqueue(this);
        }

        @Override
        public void onFailure(Call call, IOException failure) {
            if (UnifiedPushAnswers.isForbidden(failure)) {
                result.complete(PushResult.rejected(Fault.DEVICE, "forbidden address"));
            } else {
                result.completeExceptionally(failure);
            }
        }

        @Override
        public void onResponse(Call call, Response response) {
            try (response) {
                Optional<byte[]> smaller =
                        response.code() == UnifiedPushAnswers.TOO_LARGE ? smaller() : Optional.empty();
                drain(call, response);
                if (smaller.isPresent()) {
                    post(smaller.get());
                } else {
                    result.complete(answers.result(response.code(), response.headers(), advice()));
                }
            } catch (RuntimeException bug) {
                // Nobody would hear of it on this thread.
                result.completeExceptionally(bug);
            }
        }

        private Optional<byte[]> smaller() {
            int limit = encryption.isPresent() ? WebPushEncryption.SMALL_TEXT_BYTES : UnifiedPushPayload.SMALL_BYTES;
            return UnifiedPushPayload.of(message.notification(), limit).filter(text -> text.length < textBytes);
        }

        private String advice() {
            if (encryption.isEmpty()) {
                return "";
            }
            return vapid.isPresent() ? UnifiedPushAnswers.OTHER_KEY : UnifiedPushAnswers.NO_KEY;
        }

        /** Reads to the end of the answer, so that the connection can be used again. */
        private void drain(Call call, Response response) {
            Buffer bin = new Buffer();
            int left = MAX_ANSWER_BYTES;
            try {
                BufferedSource body = response.body().source();
                while (left > 0) {
                    long count = body.read(bin, left);
                    if (count < 0) {
                        return;
                    }
                    left -= (int) count;
                    bin.clear();
                }
                if (!body.exhausted()) {
                    call.cancel();
                }
            } catch (IOException brokenOff) {
                // The status line was the answer.
                call.cancel();
            }
        }
    }

    /**
     * A body that the client must not send again by itself, as it would at a 503 with {@code Retry-After: 0}. It is made
     * when it is sent, on the request's own thread: encrypting takes time, and a connection may not come about.
     */
    private static final class Once extends RequestBody {

        private final MediaType type;
        private final int length;
        private final Supplier<byte[]> content;

        Once(MediaType type, int length, Supplier<byte[]> content) {
            this.type = type;
            this.length = length;
            this.content = content;
        }

        @Override
        public MediaType contentType() {
            return type;
        }

        @Override
        public long contentLength() {
            return length;
        }

        @Override
        public boolean isOneShot() {
            return true;
        }

        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            sink.write(content.get());
        }
    }

    /** Settings of a transport. Not for several threads. */
    public static final class Builder {

        private AddressRule addressRule = AddressRule.strict();
        private TlsTrust trust = TlsTrust.platform();
        private Duration timeout = DEFAULT_TIMEOUT;
        private Clock clock = Clock.systemUTC();
        private Optional<VapidKey> vapidKey = Optional.empty();
        private Optional<String> vapidContact = Optional.empty();

        private Builder() {}

        /**
         * Who sends, for the push services of Web Push endpoints; nobody says so by default. Apps subscribe with
         * {@link VapidKey#applicationServerKey()}.
         *
         * @param contact where the operator of a push service can complain: a {@code mailto:} address or an {@code https:}
         *     URL, in ASCII
         * @throws IllegalArgumentException for another contact
         */
        public Builder vapid(VapidKey key, String contact) {
            this.vapidContact = Optional.of(Vapid.checkedContact(contact));
            this.vapidKey = Optional.of(key);
            return this;
        }

        /** As {@link #vapid(VapidKey, String)}, and no contact is named; some push services, such as Apple's, want one. */
        public Builder vapid(VapidKey key) {
            this.vapidContact = Optional.empty();
            this.vapidKey = Optional.of(key);
            return this;
        }

        /** Which addresses may be dialled; {@link AddressRule#strict()} by default. */
        public Builder addressRule(AddressRule addressRule) {
            this.addressRule = requireNonNull(addressRule);
            return this;
        }

        /** Certificate authorities that are trusted besides those of the JDK; none by default. */
        public Builder trustedCertificates(Collection<X509Certificate> certificates) {
            this.trust = TlsTrust.platformAnd(certificates);
            return this;
        }

        /**
         * How long to wait for the answer to a message, from the connect to the last byte; {@link #DEFAULT_TIMEOUT} by
         * default.
         *
         * @param timeout 1 ms to 29 s
         */
        public Builder timeout(Duration timeout) {
            if (timeout.compareTo(SHORTEST_TIMEOUT) < 0 || timeout.compareTo(LONGEST_TIMEOUT) > 0) {
                throw new IllegalArgumentException("timeout must be 1 ms to 29 s: " + timeout);
            }
            this.timeout = timeout;
            return this;
        }

        /** By which the lifetimes of messages and VAPID tokens are counted; the system's by default. */
        public Builder clock(Clock clock) {
            this.clock = requireNonNull(clock);
            return this;
        }

        /**
         * Makes the transport, which dials nothing yet.
         *
         * @throws IllegalArgumentException when a trusted certificate cannot be used
         */
        public UnifiedPushTransport build() {
            return new UnifiedPushTransport(this);
        }
    }
}
