package dev.nippush.apns;

import static java.util.Map.entry;

import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Apple's answers mean. The reasons are those of "Handling notification responses from APNs"; the reason decides,
 * because Apple has moved some from one status to another. For any thread.
 */
final class ApnsAnswers {

    /** Apple accepts a new provider token every 20 minutes; one that came too early is not tried again before. */
    static final Duration TOKEN_UPDATE_PAUSE = Duration.ofMinutes(20);

    /** For one device that gets too much, where Apple names no delay. */
    static final Duration TOO_MANY_REQUESTS_PAUSE = Duration.ofSeconds(60);

    static final String PAYLOAD_TOO_LARGE = "PayloadTooLarge";
    static final String EXPIRED_PROVIDER_TOKEN = "ExpiredProviderToken";

    private static final int OK = 200;
    private static final int FORBIDDEN = 403;
    private static final int GONE = 410;
    private static final int TOO_LARGE = 413;
    private static final int TOO_MANY = 429;

    /** Reasons are Apple's words, but the log must not grow with what a server invents. */
    private static final int REASONS_WARNED = 64;

    private static final int LONGEST_REASON = 64;

    private static final Map<String, Function<Answer, PushResult>> TABLE = Map.ofEntries(
            // The device
            entry("Unregistered", ApnsAnswers::gone),
            entry("ExpiredToken", ApnsAnswers::gone),
            entry("BadDeviceToken", fault(Fault.DEVICE)),
            entry("DeviceTokenNotForTopic", fault(Fault.DEVICE)),
            entry("TopicDisallowed", fault(Fault.DEVICE)),
            entry("BadTopic", fault(Fault.DEVICE)),
            entry("MissingTopic", fault(Fault.DEVICE)),
            // Our credentials
            entry("InvalidProviderToken", fault(Fault.CREDENTIALS)),
            entry("MissingProviderToken", fault(Fault.CREDENTIALS)),
            entry("Forbidden", fault(Fault.CREDENTIALS)),
            entry("BadCertificate", fault(Fault.CREDENTIALS)),
            entry("BadCertificateEnvironment", fault(Fault.CREDENTIALS)),
            entry("UnrelatedKeyIdInToken", fault(Fault.CREDENTIALS)),
            entry("BadEnvironmentKeyIdInToken", fault(Fault.CREDENTIALS)),
            // What the servers send where the page has the spelling above.
            entry("BadEnvironmentKeyInToken", fault(Fault.CREDENTIALS)),
            // Not now. After an expired token pushy opens a new connection, which gets a new token.
            entry(EXPIRED_PROVIDER_TOKEN, ApnsAnswers::later),
            entry("TooManyProviderTokenUpdates", answer -> pause(answer, TOKEN_UPDATE_PAUSE)),
            entry("TooManyRequests", answer -> pause(answer, TOO_MANY_REQUESTS_PAUSE)),
            entry("IdleTimeout", ApnsAnswers::later),
            entry("InternalServerError", ApnsAnswers::later),
            entry("ServiceUnavailable", ApnsAnswers::later),
            entry("Shutdown", ApnsAnswers::later),
            // This message
            entry(PAYLOAD_TOO_LARGE, fault(Fault.MESSAGE)),
            entry("BadCollapseId", fault(Fault.MESSAGE)),
            entry("BadExpirationDate", fault(Fault.MESSAGE)),
            entry("BadMessageId", fault(Fault.MESSAGE)),
            entry("BadPriority", fault(Fault.MESSAGE)),
            entry("DuplicateHeaders", fault(Fault.MESSAGE)),
            entry("InvalidPushType", fault(Fault.MESSAGE)),
            entry("MissingDeviceToken", fault(Fault.MESSAGE)),
            entry("PayloadEmpty", fault(Fault.MESSAGE)),
            entry("BadPath", fault(Fault.MESSAGE)),
            entry("MethodNotAllowed", fault(Fault.MESSAGE)));

    private static final Logger log = LoggerFactory.getLogger(ApnsAnswers.class);

    private final Set<String> warned = ConcurrentHashMap.newKeySet();
    private final AtomicReference<Optional<Long>> tokenExpiredAt = new AtomicReference<>(Optional.empty());

    /**
     * One answer.
     *
     * @param status the HTTP status
     * @param reason Apple's word; empty when the answer had none
     * @param timestamp since when a device token has been invalid
     * @param retryAfter the delay that the header of that name asks for
     * @param askedAt when the request was made, in the scale of {@link System#nanoTime()}
     */
    record Answer(
            int status,
            Optional<String> reason,
            Optional<Instant> timestamp,
            Optional<Duration> retryAfter,
            long askedAt) {

        boolean payloadTooLarge() {
            return reason.map(PAYLOAD_TOO_LARGE::equals).orElse(status == TOO_LARGE);
        }

        /** The reason, cut to what a log can bear; the status where there is none. */
        String word() {
            return reason.map(word -> word.length() > LONGEST_REASON ? word.substring(0, LONGEST_REASON) : word)
                    .map(word -> word.replaceAll("[^\\x21-\\x7e]", "?"))
                    .orElse("HTTP " + status);
        }
    }

    /** What the answer means for the message. */
    PushResult read(Answer answer) {
        if (answer.reason.filter(EXPIRED_PROVIDER_TOKEN::equals).isPresent()) {
            return expired(answer);
        }
        tokenExpiredAt.set(Optional.empty());
        if (answer.status == OK) {
            return PushResult.accepted();
        }
        Optional<Function<Answer, PushResult>> row = answer.reason.map(TABLE::get);
        if (row.isPresent()) {
            return row.get().apply(answer);
        }
        warnOnce(answer);
        return byStatus(answer);
    }

    /**
     * The first time the token was just too old: pushy makes another. If one that was made after that is called expired as
     * well, a clock is wrong, and more tokens would only end in TooManyProviderTokenUpdates.
     */
    private PushResult expired(Answer answer) {
        Optional<Long> before = tokenExpiredAt.get();
        if (before.isEmpty()) {
            tokenExpiredAt.compareAndSet(before, Optional.of(System.nanoTime()));
        } else if (answer.askedAt - before.get() > 0) {
            return PushResult.rejected(Fault.CREDENTIALS, answer.word());
        }
        return TABLE.get(EXPIRED_PROVIDER_TOKEN).apply(answer);
    }

    /** For an answer without a reason, and for reasons that are newer than the table. */
    private static PushResult byStatus(Answer answer) {
        if (answer.status == GONE) {
            return gone(answer);
        }
        if (answer.status == FORBIDDEN) {
            return PushResult.rejected(Fault.CREDENTIALS, answer.word());
        }
        if (answer.status == TOO_MANY) {
            return pause(answer, TOO_MANY_REQUESTS_PAUSE);
        }
        return answer.status >= 400 && answer.status < 500
                ? PushResult.rejected(Fault.MESSAGE, answer.word())
                : later(answer);
    }

    private static PushResult gone(Answer answer) {
        return answer.timestamp.map(PushResult::deviceGone).orElseGet(PushResult::deviceGone);
    }

    private static PushResult later(Answer answer) {
        return answer.retryAfter
                .map(delay -> PushResult.retryAfter(delay, answer.word()))
                .orElseGet(() -> PushResult.retryLater(answer.word()));
    }

    private static PushResult pause(Answer answer, Duration standard) {
        return PushResult.retryAfter(answer.retryAfter.orElse(standard), answer.word());
    }

    private static Function<Answer, PushResult> fault(Fault fault) {
        return answer -> PushResult.rejected(fault, answer.word());
    }

    private void warnOnce(Answer answer) {
        if (warned.size() < REASONS_WARNED && warned.add(answer.status + " " + answer.word())) {
            log.warn(
                    "APNs answered {} {}",
                    answer.status,
                    answer.reason.isEmpty() ? "without a reason" : "with an unknown reason, " + answer.word());
        }
    }
}
