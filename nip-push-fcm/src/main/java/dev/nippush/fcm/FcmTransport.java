package dev.nippush.fcm;

import static java.util.Objects.requireNonNull;

import com.google.firebase.messaging.FirebaseMessaging;
import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.TlsTrust;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushTransport;
import java.net.URI;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pushes to Android, iOS and web apps by Firebase Cloud Messaging, HTTP v1. It serves the addresses of
 * {@link Channel#FCM}: plain registration tokens get a notification, or data only where nothing is to be shown;
 * {@linkplain DeviceAddress#embedded() embedded} ones a data message.
 *
 * <p>{@link #builder()} makes a transport that speaks to FCM itself, over one HTTP/2 connection, with access tokens of a
 * service account; {@link #using} takes the Firebase client that a host already has. Answers mean the same over both.
 *
 * <p>FCM answers some registration tokens as it answers a sender that it does not know (401, 403, 404 without a code of its
 * own). Before such an answer counts as {@link PushResult.Fault#CREDENTIALS}, a trial message
 * ({@code validate_only}, to a topic that nobody has) has to meet with the same; else it is the device's.
 *
 * <p>Safe for use by any number of threads. Threads and connections come with the first message, or with
 * {@link #warmUp()}. Stages are completed on threads of this transport, or of the Firebase client.
 */
public final class FcmTransport implements PushTransport {

    /** How many messages are in flight at once: as many as Google's servers take on one connection. */
    public static final int MAX_IN_FLIGHT = 100;

    /** The default of {@link Builder#deadline}. */
    public static final Duration DEFAULT_DEADLINE = Duration.ofSeconds(20);

    /** The default of {@link Builder#endpoint}. */
    public static final URI DEFAULT_ENDPOINT = URI.create("https://fcm.googleapis.com");

    private static final Duration LONGEST_DEADLINE = Duration.ofSeconds(30);
    private static final Logger log = LoggerFactory.getLogger(FcmTransport.class);

    private final Door door;
    private final Duration deadline;
    private final InstantSource clock;

    private int inFlight;
    private boolean closed;

    FcmTransport(Door door, Duration deadline, InstantSource clock) {
        this.door = door;
        this.deadline = deadline;
        this.clock = clock;
    }

    /**
     * Makes a transport that owns its connections. {@link Builder#credentials} are needed; all else has a default: Google's
     * endpoint, the JVM's trust roots, an answer within 20 s.
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Makes a transport over a client of the host's, which stays the host's to close. Its own retries apply: firebase-admin
     * repeats a message after a 503. An answer is waited for {@link #DEFAULT_DEADLINE}.
     */
    public static FcmTransport using(FirebaseMessaging messaging) {
        InstantSource clock = InstantSource.system();
        return new FcmTransport(new FirebaseDoor(requireNonNull(messaging), clock), DEFAULT_DEADLINE, clock);
    }

    @Override
    public boolean serves(DeviceAddress address) {
        return address.channel().equals(Channel.FCM);
    }

    /** The name under which logs have it. */
    @Override
    public String toString() {
        return "FcmTransport";
    }

    @Override
    public int maxInFlight() {
        return MAX_IN_FLIGHT;
    }

    /**
     * {@inheritDoc}
     *
     * <p>More than {@link #MAX_IN_FLIGHT} messages wait for their turn, within their deadline. A closed transport takes no
     * more messages: the stage is exceptional.
     *
     * @throws IllegalArgumentException if the address is not one that this transport {@linkplain #serves serves}
     */
    @Override
    public CompletionStage<PushResult> send(PushMessage message) {
        if (!serves(message.address())) {
            throw new IllegalArgumentException("not an FCM address: " + message.address());
        }
        FcmPayload payload = FcmPayload.of(message, clock.instant());
        synchronized (this) {
            if (closed) {
                return CompletableFuture.failedFuture(new IllegalStateException("the transport is closed"));
            }
            inFlight++;
        }
        CompletableFuture<PushResult> answer;
        try {
            answer = door.send(payload);
        } catch (RuntimeException failure) {
            landed();
            throw failure;
        }
        // The copy is the caller's; whatever happens to it, the request counts until it has ended.
        answer.orTimeout(deadline.toNanos(), TimeUnit.NANOSECONDS).whenComplete((result, silence) -> landed());
        return answer.copy();
    }

    /**
     * Fetches the first access token and opens the connection, so that the first message need not wait for them. Nothing
     * is pushed. The stage completes normally also where that failed, which is logged: messages try again.
     */
    public CompletionStage<Void> warmUp() {
        return door.warmUp().orTimeout(deadline.toNanos(), TimeUnit.NANOSECONDS).exceptionally(failure -> {
            log.warn("FCM is not ready yet: {}", reason(failure));
            return null;
        });
    }

    private static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null && !(cause instanceof AccessTokens.Refused)) {
            cause = cause.getCause();
        }
        return cause instanceof AccessTokens.Refused ? cause.getMessage() : cause.toString();
    }

    private void landed() {
        boolean last;
        synchronized (this) {
            inFlight--;
            last = closed && inFlight == 0;
        }
        if (last) {
            door.close();
        }
    }

    /** Takes no more messages, and releases threads and connections when those in flight have ended. Does not block. */
    @Override
    public void close() {
        boolean last;
        synchronized (this) {
            last = !closed && inFlight == 0;
            closed = true;
        }
        if (last) {
            door.close();
        }
    }

    /** Collects what an {@link FcmTransport} needs. Not for use by several threads. */
    public static final class Builder {

        private @Nullable FcmCredentials credentials;
        private HttpUrl endpoint = requireNonNull(HttpUrl.get(DEFAULT_ENDPOINT));
        private TlsTrust trust = TlsTrust.platform();
        private Duration deadline = DEFAULT_DEADLINE;
        private InstantSource clock = InstantSource.system();

        private Builder() {}

        /** Who sends, and for which Firebase project. Needed. */
        public Builder credentials(FcmCredentials credentials) {
            this.credentials = requireNonNull(credentials);
            return this;
        }

        /**
         * Where FCM is; {@code /v1/projects/…/messages:send} is put behind it. Default: {@link #DEFAULT_ENDPOINT}.
         *
         * @param endpoint an {@code https} URL without query and fragment; {@code http} too, which lets everybody on the
         *     way read the access token
         */
        public Builder endpoint(URI endpoint) {
            HttpUrl url = HttpUrl.get(endpoint);
            if (url == null || url.encodedQuery() != null || url.encodedFragment() != null) {
                throw new IllegalArgumentException("not an http(s) URL without query and fragment: " + endpoint);
            }
            this.endpoint = url;
            return this;
        }

        /**
         * The only certificates that are trusted to vouch for the endpoint and for the service account's
         * {@code token_uri}. Default: those that the JVM trusts.
         */
        public Builder trustedCertificates(Collection<X509Certificate> certificates) {
            this.trust = TlsTrust.only(certificates);
            return this;
        }

        /**
         * How long one message may take, from {@link #send} to the answer. Default: {@link #DEFAULT_DEADLINE}.
         *
         * @param deadline positive, below 30 s
         */
        public Builder deadline(Duration deadline) {
            if (deadline.isNegative() || deadline.isZero() || deadline.compareTo(LONGEST_DEADLINE) >= 0) {
                throw new IllegalArgumentException("deadline must be positive and below 30 s: " + deadline);
            }
            this.deadline = deadline;
            return this;
        }

        /** The wall clock. */
        Builder clock(InstantSource clock) {
            this.clock = clock;
            return this;
        }

        /** Makes the transport; starts no thread and opens no connection. */
        public FcmTransport build() {
            FcmCredentials sender = credentials;
            if (sender == null) {
                throw new IllegalStateException("no credentials");
            }
            Door door = new HttpDoor(sender, endpoint, trust, MAX_IN_FLIGHT, deadline, clock);
            return new FcmTransport(door, deadline, clock);
        }
    }
}
