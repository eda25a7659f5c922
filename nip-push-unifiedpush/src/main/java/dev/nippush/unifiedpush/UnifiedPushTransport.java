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
 * Pushes to UnifiedPush endpoints: one POST of plain JSON per message, as apps expect that register without keys.
 *
 * <pre>{@code
 * PushTransport transport = UnifiedPushTransport.builder().build();
 * }</pre>
 *
 * <p>Whoever registers a device chooses the endpoint, so it is dialled as a stranger's: by https only, at an address that
 * the {@link AddressRule} permits, directly, without following a redirect, for a limited time, and reading no more than
 * {@value #MAX_ANSWER_BYTES} bytes of an answer. Names are resolved on the transport's own threads.
 *
 * <p>The text of a message travels in the clear inside TLS: the operator of the endpoint can read it. A second push of
 * the same event does not replace the first one on the phone, as plain UnifiedPush knows no collapse key.
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
    private static final Duration KEEP_ALIVE = Duration.ofSeconds(60);

    private static final MediaType JSON = MediaType.get("application/json");

    private static final Logger LOG = LoggerFactory.getLogger(UnifiedPushTransport.class);

    private final GuardedSocketFactory sockets;
    private final TlsTrust tls;
    private final OkHttpClient client;
    private final UnifiedPushAnswers answers;
    private final Clock clock;
    private final Duration timeout;

    private UnifiedPushTransport(Builder builder) {
        sockets = new GuardedSocketFactory(builder.addressRule, () -> new InboundBudget(MAX_INBOUND_BYTES));
        tls = builder.trust;
        clock = builder.clock;
        timeout = builder.timeout;
        answers = new UnifiedPushAnswers(clock);
        client = new OkHttpClient.Builder()
                .dispatcher(dispatcher())
                .connectionPool(new ConnectionPool(MAX_IDLE_CONNECTIONS, KEEP_ALIVE.toSeconds(), TimeUnit.SECONDS))
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
                    return chain.proceed(chain.request());
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
                0, Integer.MAX_VALUE, KEEP_ALIVE.toSeconds(), TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
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

    /** True for plain UnifiedPush endpoints; those with Web Push keys want encryption. */
    @Override
    public boolean serves(DeviceAddress address) {
        return address.channel().equals(Channel.UNIFIED_PUSH);
    }

    /**
     * Sends one message; see {@link PushTransport#send}. An endpoint that the address rule forbids is the device's
     * fault. A message that does not fit loses the end of its text first, then all data but its type.
     */
    @Override
    public CompletionStage<PushResult> send(PushMessage message) {
        Optional<HttpUrl> endpoint = endpoint(message.address());
        if (endpoint.isEmpty()) {
            return CompletableFuture.completedFuture(PushResult.rejected(Fault.DEVICE, "not an https URL"));
        }
        Optional<byte[]> payload = UnifiedPushPayload.of(message.notification(), UnifiedPushPayload.MAX_BYTES);
        if (payload.isEmpty()) {
            return CompletableFuture.completedFuture(PushResult.rejected(Fault.MESSAGE, "too large"));
        }
        Push push = new Push(endpoint.get(), message);
        push.post(payload.get());
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
        return loadClient().thenRun(this::loadTls).exceptionally(trouble -> {
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
                        .post(new Once(payload))
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
        private final long deadline = System.nanoTime() + timeout.toNanos();
        private int payloadBytes;

        Push(HttpUrl endpoint, PushMessage message) {
            this.endpoint = endpoint;
            this.message = message;
        }

        void post(byte[] payload) {
            payloadBytes = payload.length;
            Duration ttl = UnifiedPushPayload.timeToLive(message, clock.instant());
            Call call = client.newCall(new Request.Builder()
                    .url(endpoint)
                    .header("TTL", Long.toString(ttl.toSeconds()))
                    .header("Urgency", UnifiedPushPayload.urgency(message.notification()))
                    .header("User-Agent", "nip-push")
                    // Else the client asks for compression, and an answer may be larger than what came in.
                    .header("Accept-Encoding", "identity")
                    .post(new Once(payload))
                    .build());
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
                    result.complete(answers.result(response.code(), response.headers()));
                }
            } catch (RuntimeException bug) {
                // Nobody would hear of it on this thread.
                result.completeExceptionally(bug);
            }
        }

        private Optional<byte[]> smaller() {
            return UnifiedPushPayload.of(message.notification(), UnifiedPushPayload.SMALL_BYTES)
                    .filter(payload -> payload.length < payloadBytes);
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

    /** A body that the client must not send again by itself, as it would at a 503 with {@code Retry-After: 0}. */
    private static final class Once extends RequestBody {

        private final byte[] content;

        Once(byte[] content) {
            this.content = content;
        }

        @Override
        public MediaType contentType() {
            return JSON;
        }

        @Override
        public long contentLength() {
            return content.length;
        }

        @Override
        public boolean isOneShot() {
            return true;
        }

        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            sink.write(content);
        }
    }

    /** Settings of a transport. Not for several threads. */
    public static final class Builder {

        private AddressRule addressRule = AddressRule.strict();
        private TlsTrust trust = TlsTrust.platform();
        private Duration timeout = DEFAULT_TIMEOUT;
        private Clock clock = Clock.systemUTC();

        private Builder() {}

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

        /** By which the lifetime of a message is counted; the system's by default. */
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
