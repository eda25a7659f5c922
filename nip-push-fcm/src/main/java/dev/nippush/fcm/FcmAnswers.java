package dev.nippush.fcm;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Scope;
import dev.nippush.transport.RetryAfterHeader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What FCM's answers mean: the only table of its error codes (firebase.google.com, "FCM ErrorCode" and "Error codes").
 * The {@code errorCode} of an {@code FcmError} in {@code error.details} decides; without one the HTTP status does. A
 * device is only gone when FCM says so of its token. Safe for use by any number of threads.
 */
final class FcmAnswers {

    /** How long FCM is left alone after a 429 that names no time: its quota is refilled by the minute. */
    static final Duration QUOTA_WINDOW = Duration.ofMinutes(1);

    private static final Logger log = LoggerFactory.getLogger(FcmAnswers.class);

    private static final String FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError";
    private static final String BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest";
    private static final String ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo";
    private static final String QUOTA_FAILURE = "type.googleapis.com/google.rpc.QuotaFailure";
    private static final Set<String> RETRIED = Set.of("ABORTED", "CANCELLED");
    /** FCM's "device message rate", however it is put. */
    private static final Predicate<String> OF_DEVICE =
            Pattern.compile("\\b(device|token|registration|target)").asPredicate();

    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
    private static final int MAX_WARNINGS = 32;

    private final Set<String> warned = ConcurrentHashMap.newKeySet();

    /**
     * An answer as it came.
     *
     * @param status the HTTP status
     * @param retryAfter the {@code Retry-After} header
     * @param body the text, JSON or not
     */
    record Answer(int status, Optional<String> retryAfter, String body) {

        /** Whether FCM may have refused the access token, which may only have expired. */
        boolean mayRefuseAccessToken() {
            return status == 401 && FcmError.read(body).code().isEmpty();
        }

        /** Says nothing of the text, which may repeat what was sent. */
        @Override
        public String toString() {
            return "Answer[" + status + "]";
        }
    }

    /**
     * What the answer means, if it came at the given moment. Where it says that our credentials are at fault, it is for
     * {@link CredentialCheck} to find out whether that is so.
     */
    PushResult read(Answer answer, Instant now) {
        if (answer.status() >= 200 && answer.status() < 300) {
            return PushResult.accepted();
        }
        FcmError error = FcmError.read(answer.body());
        Optional<Duration> delay = answer.retryAfter().flatMap(header -> RetryAfterHeader.delay(header, now));
        return switch (error.code()) {
            case "UNREGISTERED" -> PushResult.deviceGone();
            case "INVALID_ARGUMENT" -> invalidArgument(error, error.code());
            case "SENDER_ID_MISMATCH" -> PushResult.rejected(Fault.DEVICE, error.code(), Advice.OTHER_PROJECT);
            case "THIRD_PARTY_AUTH_ERROR", "APNS_AUTH_ERROR" ->
                PushResult.rejected(Fault.DEVICE, error.code(), Advice.NO_APNS_KEY);
            case "QUOTA_EXCEEDED" -> quota(error, error.code(), delay);
            case "INTERNAL", "UNAVAILABLE" -> new PushResult.RetryAfter(Scope.SERVER, delay, error.code());
            default -> byStatus(answer.status(), error, delay);
        };
    }

    private PushResult byStatus(int status, FcmError error, Optional<Duration> delay) {
        String reason = error.status().isEmpty() ? "HTTP " + status : error.status();
        if (!error.code().isEmpty() && !error.code().equals("UNSPECIFIED_ERROR")) {
            warnOnce("errorCode " + error.code() + " with HTTP " + status);
        }
        return switch (status) {
            case 400 -> invalidArgument(error, reason);
            case 401 -> PushResult.rejected(Fault.CREDENTIALS, reason, Advice.ACCESS_TOKEN);
            case 403 -> PushResult.rejected(Fault.CREDENTIALS, reason, Advice.forbidden(error.info()));
            // Without UNREGISTERED it is the project or the endpoint that is not there.
            case 404, 405 -> PushResult.rejected(Fault.CREDENTIALS, reason, Advice.NOWHERE);
            // Google's ABORTED and CANCELLED ask for another attempt, its other conflicts do not.
            case 409, 499 ->
                RETRIED.contains(error.status())
                        ? new PushResult.RetryAfter(Scope.DEVICE, delay, reason)
                        : PushResult.rejected(Fault.MESSAGE, reason);
            case 413 -> PushResult.rejected(Fault.MESSAGE, reason);
            case 429 -> quota(error, reason, delay);
            case 408, 500, 502, 503, 504 -> new PushResult.RetryAfter(Scope.SERVER, delay, reason);
            default -> unknown(status, reason, delay);
        };
    }

    private PushResult unknown(int status, String reason, Optional<Duration> delay) {
        warnOnce("HTTP " + status);
        return status >= 400 && status < 500
                ? PushResult.rejected(Fault.MESSAGE, reason)
                : new PushResult.RetryAfter(Scope.SERVER, delay, reason);
    }

    /** Of the quotas that FCM documents, that of one device is no reason to keep others waiting. */
    private static PushResult quota(FcmError error, String reason, Optional<Duration> delay) {
        Scope scope = error.isQuotaOfDevice() ? Scope.DEVICE : Scope.SENDER;
        return PushResult.retryAfter(scope, delay.orElse(QUOTA_WINDOW), reason);
    }

    private static PushResult invalidArgument(FcmError error, String reason) {
        return error.fields().contains("message.token")
                ? PushResult.deviceGone()
                : PushResult.rejected(Fault.MESSAGE, reason);
    }

    private void warnOnce(String answer) {
        if (warned.size() < MAX_WARNINGS && warned.add(answer)) {
            log.warn("FCM gave an answer that is not in its documentation: {}", answer);
        }
    }

    /**
     * The parts of an error that decide, each empty where the answer has none.
     *
     * @param code FCM's own code
     * @param status Google's canonical code
     * @param info Google's word for why, beside the canonical code
     * @param fields which fields of the request were found wrong
     * @param quotas which quotas are spent, in lower case
     */
    private record FcmError(String code, String status, String info, List<String> fields, List<String> quotas) {

        private static final FcmError NONE = new FcmError("", "", "", List.of(), List.of());

        static FcmError read(String body) {
            JsonElement root;
            try {
                root = JsonParser.parseString(body);
            } catch (JsonParseException notJson) {
                // A proxy in front of FCM answers in HTML.
                return NONE;
            }
            JsonElement error = member(root, "error");
            String code = "";
            String info = "";
            List<String> fields = new ArrayList<>();
            List<String> quotas = new ArrayList<>();
            for (JsonElement detail : list(member(error, "details"))) {
                String type = text(member(detail, "@type"));
                if (type.equals(FCM_ERROR)) {
                    code = word(member(detail, "errorCode"));
                } else if (type.equals(ERROR_INFO)) {
                    info = word(member(detail, "reason"));
                } else if (type.equals(BAD_REQUEST)) {
                    list(member(detail, "fieldViolations")).forEach(it -> fields.add(word(member(it, "field"))));
                } else if (type.equals(QUOTA_FAILURE)) {
                    list(member(detail, "violations")).forEach(it -> quotas.add(quota(it)));
                }
            }
            return new FcmError(code, word(member(error, "status")), info, List.copyOf(fields), List.copyOf(quotas));
        }

        private static String quota(JsonElement violation) {
            return (text(member(violation, "subject")) + " " + text(member(violation, "description")))
                    .toLowerCase(Locale.ROOT);
        }

        /** Whether each quota that is spent is that of the device. */
        boolean isQuotaOfDevice() {
            return !quotas.isEmpty() && quotas.stream().allMatch(it -> !it.startsWith("project") && OF_DEVICE.test(it));
        }

        private static JsonElement member(JsonElement parent, String name) {
            JsonElement value = parent.isJsonObject() ? parent.getAsJsonObject().get(name) : null;
            return value == null ? JsonNull.INSTANCE : value;
        }

        private static JsonArray list(JsonElement value) {
            return value.isJsonArray() ? value.getAsJsonArray() : new JsonArray();
        }

        private static String text(JsonElement value) {
            return value.isJsonPrimitive() ? value.getAsString() : "";
        }

        /** A code, which may be logged; anything that does not look like one is left out. */
        private static String word(JsonElement value) {
            String text = text(value);
            return WORD.matcher(text).matches() ? text : "";
        }
    }
}
