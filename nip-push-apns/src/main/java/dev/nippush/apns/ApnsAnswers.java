package dev.nippush.apns;

import static java.util.Map.entry;

import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Scope;
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

    private static final String COMPARE_THE_KEY =
            "compare the key file, its key id and the team id with the Apple developer"
                    + " account (Certificates, Identifiers & Profiles, Keys)";

    private static final String OTHER_ENVIRONMENT = "is for Apple's other environment: switch between sandbox and"
            + " production, or make one that serves both";

    private static final Map<String, Function<Answer, PushResult>> TABLE = Map.ofEntries(
            // The device. Whoever registers chooses its token, so none of these may stop more than the device.
            entry("Unregistered", ApnsAnswers::gone),
            entry("ExpiredToken", ApnsAnswers::gone),
            entry(
                    "BadDeviceToken",
                    device("a device token is known in one environment only: check whether the app is built for sandbox"
                            + " (Xcode) or production (TestFlight, App Store), and which of the two is set here")),
            entry(
                    "DeviceTokenNotForTopic",
                    device("the device token belongs to another app: check the topics, which are the bundle ids of the"
                            + " apps, the default first")),
            entry(
                    "TopicDisallowed",
                    device("the key or certificate may not push to this app: check the topics against the apps of its"
                            + " team, and for which topics the key was made")),
            entry("BadTopic", device("the topic is not a bundle id: correct the topics")),
            entry("MissingTopic", device("there is no topic: set the bundle ids of the apps")),
            // Our credentials
            entry(
                    "InvalidProviderToken",
                    credentials("Apple does not know the key, or it was revoked: " + COMPARE_THE_KEY
                            + ", and the clock of this machine")),
            entry(
                    "MissingProviderToken",
                    credentials("neither a provider token nor a certificate arrived: set a token key (.p8) with its key"
                            + " id and team id, or a certificate for push")),
            entry(
                    "Forbidden",
                    credentials("the key or certificate may not push: see in the Apple developer account whether Apple"
                            + " Push Notifications service (APNs) is enabled for the key, and whether it is of the"
                            + " app's team")),
            entry(
                    "BadCertificate",
                    credentials("the certificate has expired, was revoked or is not for push: make a new one, or use a"
                            + " token key (.p8), which does not expire")),
            entry("BadCertificateEnvironment", credentials("the certificate " + OTHER_ENVIRONMENT)),
            entry(
                    "UnrelatedKeyIdInToken",
                    credentials("the key id is not the one that this connection began with: use one key for all, and "
                            + COMPARE_THE_KEY)),
            entry("BadEnvironmentKeyIdInToken", credentials("the key " + OTHER_ENVIRONMENT)),
            // What the servers send where the page has the spelling above.
            entry("BadEnvironmentKeyInToken", credentials("the key " + OTHER_ENVIRONMENT)),
            // Not now. After an expired token pushy opens a new connection.
            entry(EXPIRED_PROVIDER_TOKEN, answer -> later(Scope.DEVICE, answer)),
            entry("TooManyProviderTokenUpdates", answer -> pause(Scope.SENDER, answer, TOKEN_UPDATE_PAUSE)),
            entry("TooManyRequests", answer -> pause(Scope.DEVICE, answer, TOO_MANY_REQUESTS_PAUSE)),
            entry("IdleTimeout", answer -> later(Scope.SERVER, answer)),
            entry("InternalServerError", answer -> later(Scope.SERVER, answer)),
            entry("ServiceUnavailable", answer -> later(Scope.SERVER, answer)),
            entry("Shutdown", answer -> later(Scope.SERVER, answer)),
            // This message
            entry(PAYLOAD_TOO_LARGE, ApnsAnswers::message),
            entry("BadCollapseId", ApnsAnswers::message),
            entry("BadExpirationDate", ApnsAnswers::message),
            entry("BadMessageId", ApnsAnswers::message),
            entry("BadPriority", ApnsAnswers::message),
            entry("DuplicateHeaders", ApnsAnswers::message),
            entry("InvalidPushType", ApnsAnswers::message),
            entry("MissingDeviceToken", ApnsAnswers::message),
            entry("PayloadEmpty", ApnsAnswers::message),
            entry("BadPath", ApnsAnswers::message),
            entry("MethodNotAllowed", ApnsAnswers::message));

    private static final Logger log = LoggerFactory.getLogger(ApnsAnswers.class);

    private final Set<String> warned = ConcurrentHashMap.newKeySet();
    private final AtomicReference<Optional<Long>> tokenExpiredAt = new AtomicReference<>(Optional.empty());

    /** By topic, whether Apple took our credentials for it when last asked. */
    private final Map<String, Boolean> takenFor = new ConcurrentHashMap<>();

    private final Set<String> everTakenFor = ConcurrentHashMap.newKeySet();

    /**
     * One answer.
     *
     * @param status the HTTP status
     * @param reason Apple's word; empty when the answer had none
     * @param timestamp since when a device token has been invalid
     * @param retryAfter the delay that the header of that name asks for
     * @param topic which of our apps the request was for
     * @param askedAt when the request was made, in the scale of {@link System#nanoTime()}
     */
    record Answer(
            int status,
            Optional<String> reason,
            Optional<Instant> timestamp,
            Optional<Duration> retryAfter,
            String topic,
            long askedAt) {

        boolean providerTokenExpired() {
            return reason.filter(EXPIRED_PROVIDER_TOKEN::equals).isPresent();
        }

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
        if (answer.providerTokenExpired()) {
            return expired(answer);
        }
        tokenExpiredAt.set(Optional.empty());
        if (answer.status == OK) {
            takenFor.put(answer.topic, true);
            everTakenFor.add(answer.topic);
            return PushResult.accepted();
        }
        Optional<Function<Answer, PushResult>> row = answer.reason.map(TABLE::get);
        if (row.isPresent()) {
            return aboutTopic(answer, row.get().apply(answer));
        }
        warnOnce(answer);
        return byStatus(answer);
    }

    /**
     * The first time the token was just too old: another is made. If one that was sent after that is called expired as
     * well, a clock is wrong, and more tokens would only end in TooManyProviderTokenUpdates.
     */
    private PushResult expired(Answer answer) {
        Optional<Long> before = tokenExpiredAt.get();
        if (before.isEmpty()) {
            tokenExpiredAt.compareAndSet(before, Optional.of(System.nanoTime()));
        } else if (answer.askedAt - before.get() > 0) {
            return PushResult.rejected(
                    Fault.CREDENTIALS,
                    answer.word(),
                    "Apple finds new provider tokens too old: set the clock of this machine (NTP)");
        }
        return TABLE.get(EXPIRED_PROVIDER_TOKEN).apply(answer);
    }

    /**
     * Where several apps are served, one of them may be of a team that the key is not of. Whoever registers chooses among
     * them, so a refusal for an app that never worked is that device's trouble while another app works.
     */
    private PushResult aboutTopic(Answer answer, PushResult result) {
        if (!(result instanceof PushResult.Rejected refused) || refused.fault() != Fault.CREDENTIALS) {
            return result;
        }
        takenFor.put(answer.topic, false);
        boolean otherAppWorks = takenFor.containsValue(true);
        return otherAppWorks && !everTakenFor.contains(answer.topic)
                ? PushResult.rejected(
                        Fault.DEVICE,
                        refused.reason(),
                        "Apple takes these credentials for other apps and not for " + answer.topic
                                + ": take it off the topics, or use a key of its team")
                : result;
    }

    /** For an answer without a reason, and for reasons that are newer than the table. */
    private static PushResult byStatus(Answer answer) {
        if (answer.status == GONE) {
            return gone(answer);
        }
        if (answer.status == FORBIDDEN) {
            // Nobody knows whom it is about: were it a device, stopping all for it would be in a stranger's hands.
            return later(Scope.DEVICE, answer);
        }
        if (answer.status == TOO_MANY) {
            return pause(Scope.DEVICE, answer, TOO_MANY_REQUESTS_PAUSE);
        }
        return answer.status >= 400 && answer.status < 500 ? message(answer) : later(Scope.SERVER, answer);
    }

    private static PushResult gone(Answer answer) {
        return answer.timestamp.map(PushResult::deviceGone).orElseGet(PushResult::deviceGone);
    }

    private static PushResult later(Scope scope, Answer answer) {
        return new PushResult.RetryAfter(scope, answer.retryAfter, answer.word());
    }

    private static PushResult pause(Scope scope, Answer answer, Duration standard) {
        return PushResult.retryAfter(scope, answer.retryAfter.orElse(standard), answer.word());
    }

    private static PushResult message(Answer answer) {
        return PushResult.rejected(Fault.MESSAGE, answer.word());
    }

    private static Function<Answer, PushResult> device(String advice) {
        return answer -> PushResult.rejected(Fault.DEVICE, answer.word(), advice);
    }

    private static Function<Answer, PushResult> credentials(String advice) {
        return answer -> PushResult.rejected(Fault.CREDENTIALS, answer.word(), advice);
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
