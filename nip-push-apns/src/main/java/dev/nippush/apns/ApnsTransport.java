package dev.nippush.apns;

import static java.util.Objects.requireNonNull;

import com.eatthepath.pushy.apns.ApnsClient;
import com.eatthepath.pushy.apns.ApnsClientBuilder;
import com.eatthepath.pushy.apns.PushNotificationResponse;
import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.apns.ApnsAnswers.Answer;
import dev.nippush.apns.ApnsResponses.Response;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushTransport;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Pushes to Apple devices by the APNs provider API (HTTP/2), with pushy as the client.
 *
 * <p>A message is an alert push of priority 10 that a notification extension may change ({@code mutable-content}). A
 * {@linkplain Notification#isSilent() silent} one is a background push of priority 5, which shows nothing and which iOS
 * hands to the app when it sees fit. The notification's data stand at the top level of the payload. A payload over 4,096
 * bytes is made to fit, from the end of its text.
 *
 * <p>{@link #builder()} makes a transport with one connection of its own, which opens with the first push or by
 * {@link #warmUp()} and is kept, and with one provider token, which is replaced after 50 minutes and outlives a lost
 * connection. {@link #using} takes an {@link ApnsClient} that the caller keeps and closes.
 *
 * <p>{@link #send} never blocks and is for any thread; its stages complete on the thread of the connection or of a timer,
 * which must not be held up. It ends exceptionally when Apple cannot be reached, when the connection is lost, when no
 * answer comes within the request deadline, and when as many requests as the window allows are open.
 */
public final class ApnsTransport implements PushTransport {

    /** The default of {@link Builder#requestDeadline}. */
    public static final Duration DEFAULT_REQUEST_DEADLINE = Duration.ofSeconds(20);

    /** Request deadlines lie below this: the engine takes a longer wait for silence (see {@link PushTransport#send}). */
    public static final Duration LONGEST_REQUEST_DEADLINE = Duration.ofSeconds(30);

    /** How long {@link #close} waits for what is in flight, and then for its connection. */
    private static final Duration LANDING = Duration.ofSeconds(5);

    private static final Duration CONNECTION_END = Duration.ofSeconds(2);

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

    /** An idle connection is asked for a sign of life after this, and given up after half as long again. */
    private static final Duration PING_INTERVAL = Duration.ofSeconds(30);

    private final ApnsClients clients;
    private final ApnsResponses responses;
    private final ApnsAnswers answers = new ApnsAnswers();
    private final List<String> topics;
    private final Duration deadline;
    private final Semaphore window;
    private final int maxInFlight;
    private final Set<Exchange> open = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean closed = new AtomicBoolean();

    private ApnsTransport(
            ApnsClients clients, ApnsResponses responses, List<String> topics, Duration deadline, int maxInFlight) {
        this.clients = clients;
        this.responses = responses;
        this.topics = topics;
        this.deadline = deadline;
        this.maxInFlight = maxInFlight;
        this.window = new Semaphore(maxInFlight);
    }

    /**
     * A transport with a client of its own. Credentials and at least one topic are needed; beyond that: Apple's production
     * servers, the Java platform's trusted certificates, a deadline of 20 s, 1,000 requests in flight.
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * A transport over a client that the caller configured, and closes after the transport. An error answer without a body,
     * which pushy does not report, is silence here; {@code Retry-After} is not seen.
     *
     * @param client for one set of credentials
     * @param topics the bundle ids that are served, the default first
     * @throws IllegalArgumentException when there is no topic, or one is blank
     */
    public static ApnsTransport using(ApnsClient client, List<String> topics) {
        return new ApnsTransport(
                new ApnsClients.Borrowed(requireNonNull(client)),
                new ApnsResponses(Optional.empty()),
                checked(topics),
                DEFAULT_REQUEST_DEADLINE,
                DEFAULT_MAX_IN_FLIGHT);
    }

    /** Whether it is an APNs address of one of our topics; an address without a topic belongs to the first. */
    @Override
    public boolean serves(DeviceAddress address) {
        return address.channel().equals(Channel.APNS)
                && address.topic().map(topics::contains).orElse(true);
    }

    /** The name under which logs have it. */
    @Override
    public String toString() {
        return "ApnsTransport";
    }

    @Override
    public int maxInFlight() {
        return maxInFlight;
    }

    @Override
    public CompletionStage<PushResult> send(PushMessage message) {
        DeviceAddress address = message.address();
        if (!serves(address)) {
            throw new IllegalArgumentException("this transport does not serve " + address);
        }
        Optional<String> payload = ApnsPayload.render(message.notification(), ApnsPayload.MAX_BYTES);
        if (payload.isEmpty()) {
            return CompletableFuture.completedFuture(PushResult.rejected(Fault.MESSAGE, ApnsAnswers.PAYLOAD_TOO_LARGE));
        }
        Exchange exchange = new Exchange(message);
        open.add(exchange);
        exchange.begin(payload.get());
        return exchange.result;
    }

    /**
     * Opens the connection and prepares all that the first push needs, without a push or any other request. Nothing fails
     * if Apple cannot be reached: the first push tries again.
     *
     * @return whether a connection stands; false at the latest after the request deadline
     */
    public CompletionStage<Boolean> warmUp() {
        CompletableFuture<Boolean> connected = new CompletableFuture<>();
        String payload = ApnsPayload.render(Notification.message("", "", ""), ApnsPayload.MAX_BYTES)
                .orElseThrow();
        // Given up from the start, so pushy gets as far as the connection and the provider token, and writes nothing.
        handOver(new ApnsPush("", topics.get(0), false, "", Instant.EPOCH, payload, () -> true))
                .whenComplete((none, end) -> connected.complete(end instanceof ApnsPush.NotWritten));
        return connected.completeOnTimeout(false, deadline.toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Ends the transport: {@link #send} is silent from now on, what is in flight lands or is given up after 5 s, and a
     * client of our own is closed. Blocks meanwhile, 7 s at most. Must not be called on a thread that completes a stage of
     * this transport.
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        CompletableFuture<?>[] inFlight =
                open.stream().map(exchange -> exchange.landed).toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.allOf(inFlight).get(LANDING.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            open.forEach(exchange -> exchange.abandon("the transport was closed before APNs answered"));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
        clients.close(CONNECTION_END);
    }

    private static List<String> checked(Collection<String> topics) {
        List<String> distinct = List.copyOf(new LinkedHashSet<>(topics));
        if (distinct.isEmpty()) {
            throw new IllegalArgumentException("APNs needs at least one topic, the bundle id of the app");
        }
        if (distinct.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException("an APNs topic must not be blank");
        }
        return distinct;
    }

    /** One message on its way: a request, and a second one if Apple finds the first too large. */
    private final class Exchange {

        final CompletableFuture<PushResult> result = new CompletableFuture<>();
        final CompletableFuture<@Nullable Void> landed = new CompletableFuture<>();
        private final CompletableFuture<@Nullable Void> timer = new CompletableFuture<>();
        private final PushMessage message;
        private final String topic;
        private volatile @Nullable UUID asked;
        private volatile String givenUp = "the connection to APNs was lost or could not be made";

        Exchange(PushMessage message) {
            this.message = message;
            this.topic = message.address().topic().orElse(topics.get(0));
            result.whenComplete((answer, silence) -> {
                timer.complete(null);
                open.remove(this);
                landed.complete(null);
            });
        }

        void begin(String payload) {
            if (closed.get()) {
                silence("the transport is closed", null);
                return;
            }
            if (!window.tryAcquire()) {
                silence(maxInFlight + " requests to APNs are open", null);
                return;
            }
            timer.orTimeout(deadline.toNanos(), TimeUnit.NANOSECONDS).whenComplete((none, late) -> {
                if (late != null && !result.isDone()) {
                    clients.unanswered();
                    abandon("no answer from APNs within " + deadline.toMillis() + " ms");
                }
            });
            request(payload, ApnsPayload.MAX_BYTES);
        }

        private void request(String payload, int limit) {
            ApnsPush push = new ApnsPush(
                    message.address().token(),
                    topic,
                    message.notification().isSilent(),
                    message.collapseKey(),
                    message.expiresAt(),
                    payload,
                    result::isDone);
            long askedAt = System.nanoTime();
            asked = push.getApnsId();
            responses.expect(push.getApnsId());
            handOver(push).whenComplete((response, end) -> {
                Response seen = responses.take(push.getApnsId());
                Optional<Answer> answer = answer(response, seen, topic, askedAt);
                if (answer.isPresent()) {
                    clients.answered();
                }
                if (answer.filter(Answer::providerTokenExpired).isPresent()) {
                    responses.expired(seen);
                }
                if (answer.isPresent() && answer.get().payloadTooLarge() && shrink(payload, limit)) {
                    return;
                }
                // Not before pushy is done with the request: until then it holds the place in its queue.
                window.release();
                answer.ifPresentOrElse(known -> result.complete(answers.read(known)), () -> silence(givenUp, end));
            });
        }

        /** Apple counts otherwise than we do: once more, in half the space. */
        private boolean shrink(String payload, int limit) {
            int half = limit / 2;
            if (limit < ApnsPayload.MAX_BYTES || ApnsPayload.size(payload) <= half || result.isDone()) {
                return false;
            }
            Optional<String> smaller = ApnsPayload.render(message.notification(), half);
            smaller.ifPresent(text -> request(text, half));
            return smaller.isPresent();
        }

        /** Ends it without an answer, and the request before it: then its place in the window is free. */
        void abandon(String why) {
            UUID last = asked;
            if (last == null) {
                silence(why, null);
            } else {
                givenUp = why;
                responses.abandon(last, () -> silence(why, null));
            }
        }

        private void silence(String why, @Nullable Throwable cause) {
            result.completeExceptionally(new IOException(why, cause));
        }
    }

    /** pushy throws where its event loop has ended, as that of a borrowed client may have. */
    private CompletableFuture<PushNotificationResponse<ApnsPush>> handOver(ApnsPush push) {
        try {
            return clients.send(push);
        } catch (RuntimeException ended) {
            return CompletableFuture.failedFuture(ended);
        }
    }

    /** What is known of an answer: by pushy, which knows the reason, or by the frames that pushy passed over. */
    private static Optional<Answer> answer(
            @Nullable PushNotificationResponse<ApnsPush> response, Response seen, String topic, long askedAt) {
        if (response == null) {
            return seen.status()
                    .map(status ->
                            new Answer(status, seen.reason(), seen.timestamp(), seen.retryAfter(), topic, askedAt));
        }
        return Optional.of(new Answer(
                response.getStatusCode(),
                response.getRejectionReason().or(seen::reason),
                response.getTokenInvalidationTimestamp().or(seen::timestamp),
                seen.retryAfter(),
                topic,
                askedAt));
    }

    /** Which of Apple's two worlds: a device token is known in one of them only. */
    public enum Environment {
        /** Apps from the App Store and TestFlight: {@value ApnsClientBuilder#PRODUCTION_APNS_HOST}. */
        PRODUCTION(ApnsClientBuilder.PRODUCTION_APNS_HOST),
        /** Apps that Xcode installed: {@value ApnsClientBuilder#DEVELOPMENT_APNS_HOST}. */
        SANDBOX(ApnsClientBuilder.DEVELOPMENT_APNS_HOST);

        private final String host;

        Environment(String host) {
            this.host = host;
        }
    }

    /** What a transport with a client of its own is made of. Not for several threads at once. */
    public static final class Builder {

        private @Nullable ApnsCredentials credentials;
        private List<String> topics = List.of();
        private String host = Environment.PRODUCTION.host;
        private int port = ApnsClientBuilder.DEFAULT_APNS_PORT;
        private X509Certificate[] trusted = {};
        private Duration deadline = DEFAULT_REQUEST_DEADLINE;
        private int maxInFlight = DEFAULT_MAX_IN_FLIGHT;
        private InstantSource clock = InstantSource.system();
        private LongSupplier nanoTime = System::nanoTime;

        private Builder() {}

        /** Token key or certificate; there is no default. */
        public Builder credentials(ApnsCredentials credentials) {
            this.credentials = requireNonNull(credentials);
            return this;
        }

        /**
         * The bundle ids of the apps that are served. The first is the topic of addresses that name none. There is no
         * default.
         *
         * @throws IllegalArgumentException when there is none, or one is blank
         */
        public Builder topics(List<String> topics) {
            this.topics = checked(topics);
            return this;
        }

        /** Which of Apple's servers, port 443. Default: {@link Environment#PRODUCTION}. */
        public Builder environment(Environment environment) {
            return server(environment.host, ApnsClientBuilder.DEFAULT_APNS_PORT);
        }

        /**
         * Another server in place of Apple's, in place of {@link #environment}.
         *
         * @param host a name or address that its certificate holds
         * @param port 1 to 65535; Apple's servers listen on 2197 too
         */
        public Builder server(String host, int port) {
            if (host.isBlank()) {
                throw new IllegalArgumentException("the host must not be blank");
            }
            if (port < 1 || port > 65_535) {
                throw new IllegalArgumentException("the port must be 1 to 65535: " + port);
            }
            this.host = host;
            this.port = port;
            return this;
        }

        /**
         * Whom the server's certificate must come from, and nobody else. Default: those whom the Java platform trusts.
         *
         * @throws IllegalArgumentException when there is none
         */
        public Builder trustedCertificates(Collection<X509Certificate> certificates) {
            if (certificates.isEmpty()) {
                throw new IllegalArgumentException("at least one certificate must be trusted");
            }
            this.trusted = certificates.toArray(new X509Certificate[0]);
            return this;
        }

        /**
         * After which a request without an answer is silence, connecting included. Default:
         * {@link #DEFAULT_REQUEST_DEADLINE}.
         *
         * @throws IllegalArgumentException when it is not positive, or not below {@link #LONGEST_REQUEST_DEADLINE}
         */
        public Builder requestDeadline(Duration deadline) {
            if (deadline.isNegative() || deadline.isZero() || deadline.compareTo(LONGEST_REQUEST_DEADLINE) >= 0) {
                throw new IllegalArgumentException("the request deadline must be positive and below "
                        + LONGEST_REQUEST_DEADLINE + ": " + deadline);
            }
            this.deadline = deadline;
            return this;
        }

        /**
         * How many requests may be open at once; one more is silence. Default: {@link #DEFAULT_MAX_IN_FLIGHT}.
         *
         * @throws IllegalArgumentException when it is below 1
         */
        public Builder maxInFlight(int maxInFlight) {
            if (maxInFlight < 1) {
                throw new IllegalArgumentException("maxInFlight must be at least 1: " + maxInFlight);
            }
            this.maxInFlight = maxInFlight;
            return this;
        }

        /** The clocks by which provider tokens age: that of the wall, and that of {@link System#nanoTime()}. */
        Builder clocks(InstantSource clock, LongSupplier nanoTime) {
            this.clock = requireNonNull(clock);
            this.nanoTime = requireNonNull(nanoTime);
            return this;
        }

        /**
         * Makes the transport. Connects to nothing and starts no thread.
         *
         * @throws IllegalStateException when credentials or topics are missing, or the TLS settings will not do
         */
        public ApnsTransport build() {
            if (credentials == null) {
                throw new IllegalStateException("no credentials: a token key or a certificate is needed");
            }
            if (topics.isEmpty()) {
                throw new IllegalStateException("no topics: the bundle id of the app is needed");
            }
            ApnsResponses responses = new ApnsResponses(credentials.providerTokens(clock, nanoTime));
            ApnsClientBuilder client = new ApnsClientBuilder()
                    .setApnsServer(host, port)
                    .setConnectionTimeout(CONNECT_TIMEOUT)
                    .setIdlePingInterval(PING_INTERVAL)
                    // Apple needs none, other servers and fronts of HTTP/2 do.
                    .setUseAlpn(true);
            if (trusted.length > 0) {
                client.setTrustedServerCertificateChain(trusted);
            }
            credentials.applyTo(client);
            try {
                // A connection that leaves a tenth of the window unanswered in a row is as good as lost.
                ApnsClients clients = new ApnsClients.Owned(client, responses, Math.max(1, maxInFlight / 10));
                return new ApnsTransport(clients, responses, topics, deadline, maxInFlight);
            } catch (IOException badTls) {
                throw new IllegalStateException(
                        "the TLS settings for APNs will not do: " + badTls.getMessage(), badTls);
            }
        }
    }
}
