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
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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

        /** Whether FCM refused the access token, which may only have expired. */
        boolean refusesAccessToken() {
            return status == 401 && FcmError.read(body).code().isEmpty();
        }

        /** Says nothing of the text, which may repeat what was sent. */
        @Override
        public String toString() {
            return "Answer[" + status + "]";
        }
    }

    /** What the answer means, if it came at the given moment. */
    PushResult read(Answer answer, Instant now) {
        if (answer.status() >= 200 && answer.status() < 300) {
            return PushResult.accepted();
        }
        FcmError error = FcmError.read(answer.body());
        Optional<Duration> delay = answer.retryAfter().flatMap(header -> RetryAfterHeader.delay(header, now));
        return switch (error.code()) {
            case "UNREGISTERED" -> PushResult.deviceGone();
            case "INVALID_ARGUMENT" -> invalidArgument(error);
            case "SENDER_ID_MISMATCH", "THIRD_PARTY_AUTH_ERROR", "APNS_AUTH_ERROR" ->
                PushResult.rejected(Fault.DEVICE, error.code());
            case "QUOTA_EXCEEDED" -> PushResult.retryAfter(Scope.SENDER, delay.orElse(QUOTA_WINDOW), error.code());
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
            case 400 -> invalidArgument(error);
            // 404 and 405 without UNREGISTERED: the project or the endpoint is not there, which says nothing of a
            // device.
            case 401, 403, 404, 405 -> PushResult.rejected(Fault.CREDENTIALS, reason);
            case 413 -> PushResult.rejected(Fault.MESSAGE, reason);
            case 429 -> PushResult.retryAfter(Scope.SENDER, delay.orElse(QUOTA_WINDOW), reason);
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

    private static PushResult invalidArgument(FcmError error) {
        return error.fields().contains("message.token")
                ? PushResult.deviceGone()
                : PushResult.rejected(Fault.MESSAGE, "INVALID_ARGUMENT");
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
     * @param fields which fields of the request were found wrong
     */
    private record FcmError(String code, String status, List<String> fields) {

        private static final FcmError NONE = new FcmError("", "", List.of());

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
            List<String> fields = new ArrayList<>();
            for (JsonElement detail : list(member(error, "details"))) {
                String type = text(member(detail, "@type"));
                if (type.equals(FCM_ERROR)) {
                    code = word(member(detail, "errorCode"));
                } else if (type.equals(BAD_REQUEST)) {
                    list(member(detail, "fieldViolations")).forEach(it -> fields.add(word(member(it, "field"))));
                }
            }
            return new FcmError(code, word(member(error, "status")), List.copyOf(fields));
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
