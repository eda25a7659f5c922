package dev.nippush.testkit;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeFcm.Reply;
import dev.nippush.testkit.Gateway.Received;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What FCM takes as a message (firebase.google.com, {@code projects.messages}), and how it is to be understood. */
final class FcmRules {

    /** The largest payload: keys and values of the notification and the data. */
    private static final int MAX_PAYLOAD_BYTES = 4_096;

    private static final int MAX_COLLAPSE_ID_BYTES = 64;
    private static final long MAX_TTL_SECONDS = 2_419_200;
    private static final Pattern TTL = Pattern.compile("([0-9]{1,7})(\\.[0-9]{1,9})?s");
    private static final Pattern RESERVED_KEY = Pattern.compile("from|message_type|(google|gcm).*");
    /** In lower case as firebase-admin writes it, too. */
    private static final Pattern PRIORITY = Pattern.compile("HIGH|NORMAL|high|normal");

    private static final Set<String> MESSAGE =
            Set.of("token", "topic", "data", "notification", "android", "apns", "webpush", "fcm_options", "name");
    private static final Set<String> NOTIFICATION = Set.of("title", "body", "image");
    private static final Set<String> ANDROID = Set.of(
            "collapse_key",
            "priority",
            "ttl",
            "restricted_package_name",
            "data",
            "notification",
            "fcm_options",
            "direct_boot_ok");
    private static final Set<String> APNS = Set.of("headers", "payload", "fcm_options", "live_activity_token");

    private FcmRules() {}

    /** The registration token; empty if there is none. */
    static String token(JsonObject message) {
        return isText(message.get("token")) ? message.get("token").getAsString() : "";
    }

    /** Whether nobody is to get what the request holds. */
    static boolean isTrial(JsonObject request) {
        JsonElement trial = request.get("validate_only");
        return trial != null && trial.isJsonPrimitive() && trial.getAsBoolean();
    }

    /** How FCM refuses the message, whoever it is for; empty if it does not. */
    static Optional<Reply> refusal(JsonObject message) {
        JsonObject android = object(message, "android");
        JsonObject headers = object(object(message, "apns"), "headers");
        if (!MESSAGE.containsAll(message.keySet())) {
            return invalid("message");
        } else if (!NOTIFICATION.containsAll(object(message, "notification").keySet())
                || !texts(object(message, "notification"))) {
            return invalid("message.notification");
        } else if (!texts(object(message, "data"))
                || object(message, "data").keySet().stream()
                        .anyMatch(key -> RESERVED_KEY.matcher(key).matches())) {
            return invalid("message.data");
        } else if (!ANDROID.containsAll(android.keySet())
                || !PRIORITY.matcher(text(android, "priority").orElse("NORMAL")).matches()) {
            return invalid("message.android");
        } else if (android.has("ttl") && ttl(message).isEmpty()) {
            return invalid("message.android.ttl");
        } else if (!APNS.containsAll(object(message, "apns").keySet())
                || !texts(headers)
                || bytes(text(headers, "apns-collapse-id").orElse("")) > MAX_COLLAPSE_ID_BYTES
                || isBackground(headers)
                        && !text(headers, "apns-priority").orElse("").equals("5")) {
            return invalid("message.apns");
        } else if (payloadBytes(message) > MAX_PAYLOAD_BYTES) {
            // FCM says no more than this for a payload that is too large.
            return Optional.of(Reply.error(400, "INVALID_ARGUMENT", ""));
        }
        return Optional.empty();
    }

    private static boolean isBackground(JsonObject apnsHeaders) {
        return text(apnsHeaders, "apns-push-type").orElse("").equals("background");
    }

    private static int payloadBytes(JsonObject message) {
        int bytes = 0;
        for (String part : new String[] {"notification", "data"}) {
            for (Map.Entry<String, JsonElement> field : object(message, part).entrySet()) {
                bytes += bytes(field.getKey()) + bytes(field.getValue().getAsString());
            }
        }
        return bytes;
    }

    /**
     * The message as the device would understand it. One without a notification and with {@code b} and {@code i} is for an
     * app without a Firebase SDK.
     *
     * @param embedded the address for an instance
     * @param plain the address of the token alone
     */
    static Received received(
            JsonObject message, Function<String, DeviceAddress> embedded, Supplier<DeviceAddress> plain) {
        Optional<Instant> expiresAt = ttl(message).map(Instant.now()::plus);
        Map<String, String> data = strings(object(message, "data"));
        if (!message.has("notification") && data.containsKey("b") && data.containsKey("i")) {
            JsonObject text = decoded(data.get("b"));
            JsonObject shown = object(text, "notification");
            return new Received(
                    embedded.apply(data.get("i")),
                    text(shown, "title").orElse(""),
                    text(shown, "body").orElse(""),
                    strings(object(text, "data")),
                    text(object(message, "android"), "collapse_key"),
                    expiresAt,
                    text.has("notification"));
        }
        JsonObject shown = object(message, "notification");
        JsonObject aps = object(object(object(message, "apns"), "payload"), "aps");
        return new Received(
                plain.get(),
                text(shown, "title").orElse(""),
                text(shown, "body").orElse(""),
                data,
                text(object(object(message, "android"), "notification"), "tag"),
                expiresAt,
                message.has("notification") || aps.has("alert") || aps.has("sound"));
    }

    private static JsonObject decoded(String base64) {
        try {
            byte[] text = Base64.getDecoder().decode(base64);
            JsonElement root = JsonParser.parseString(new String(text, StandardCharsets.UTF_8));
            return root.isJsonObject() ? root.getAsJsonObject() : new JsonObject();
        } catch (IllegalArgumentException | JsonParseException unreadable) {
            // The app would show nothing.
            return new JsonObject();
        }
    }

    private static Optional<Duration> ttl(JsonObject message) {
        Matcher seconds = TTL.matcher(text(object(message, "android"), "ttl").orElse(""));
        return seconds.matches() && Long.parseLong(seconds.group(1)) <= MAX_TTL_SECONDS
                ? Optional.of(Duration.ofSeconds(Long.parseLong(seconds.group(1))))
                : Optional.empty();
    }

    private static Map<String, String> strings(JsonObject object) {
        Map<String, String> strings = new HashMap<>();
        object.entrySet().forEach(field -> {
            if (isText(field.getValue())) {
                strings.put(field.getKey(), field.getValue().getAsString());
            }
        });
        return strings;
    }

    private static boolean texts(JsonObject object) {
        return object.entrySet().stream().allMatch(field -> isText(field.getValue()));
    }

    private static boolean isText(@Nullable JsonElement value) {
        return value != null
                && value.isJsonPrimitive()
                && value.getAsJsonPrimitive().isString();
    }

    private static Optional<String> text(JsonObject object, String name) {
        return isText(object.get(name)) ? Optional.of(object.get(name).getAsString()) : Optional.empty();
    }

    private static JsonObject object(JsonObject parent, String name) {
        JsonElement value = parent.get(name);
        return value != null && value.isJsonObject() ? value.getAsJsonObject() : new JsonObject();
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** How FCM refuses a message for the value of one field. */
    static Optional<Reply> invalid(String field) {
        JsonObject violation = new JsonObject();
        violation.addProperty("field", field);
        violation.addProperty("description", "Invalid value");
        JsonArray violations = new JsonArray();
        violations.add(violation);
        JsonObject badRequest = new JsonObject();
        badRequest.addProperty("@type", "type.googleapis.com/google.rpc.BadRequest");
        badRequest.add("fieldViolations", violations);
        JsonArray details = new JsonArray();
        details.add(fcmError("INVALID_ARGUMENT"));
        details.add(badRequest);
        return Optional.of(Reply.of(400, body(400, "INVALID_ARGUMENT", details)));
    }

    /** The text of an error; without details where the code is empty. */
    static String error(int status, String canonical, String errorCode) {
        JsonArray details = new JsonArray();
        if (!errorCode.isEmpty()) {
            details.add(fcmError(errorCode));
        }
        return body(status, canonical, details);
    }

    private static JsonObject fcmError(String errorCode) {
        JsonObject detail = new JsonObject();
        detail.addProperty("@type", "type.googleapis.com/google.firebase.fcm.v1.FcmError");
        detail.addProperty("errorCode", errorCode);
        return detail;
    }

    private static String body(int status, String canonical, JsonArray details) {
        JsonObject error = new JsonObject();
        error.addProperty("code", status);
        error.addProperty("message", "Refused by the fake.");
        error.addProperty("status", canonical);
        if (!details.isEmpty()) {
            error.add("details", details);
        }
        JsonObject body = new JsonObject();
        body.add("error", error);
        return body.toString();
    }
}
