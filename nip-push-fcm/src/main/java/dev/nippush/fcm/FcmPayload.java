package dev.nippush.fcm;

import static java.util.Objects.requireNonNull;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.Shorten;
import dev.nippush.transport.UnifiedPushJson;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One message as FCM takes it (firebase.google.com, {@code projects.messages}), made to fit its {@value #MAX_BYTES} bytes.
 *
 * <p>An app with a Firebase SDK gets a notification that the phone shows by itself, or data only where the message is
 * silent. An app without one (Embedded-FCM) gets data only: {@code b}, the {@link UnifiedPushJson} in base64, and
 * {@code i}, which of its instances is meant.
 *
 * @param token the registration token
 * @param shown what the phone shows; empty for a data message
 * @param apple what FCM tells APNs if it is an iPhone; empty for an app without an SDK, which is on Android
 * @param data what the app gets
 * @param timeToLive how long FCM keeps the message for a phone that is away, zero to {@link #LONGEST_LIFE}, in whole
 *     seconds; zero means now or never
 */
record FcmPayload(
        String token,
        Optional<Shown> shown,
        Optional<Apple> apple,
        SortedMap<String, String> data,
        Duration timeToLive) {

    /**
     * The largest payload. FCM counts keys and values only; the whole request is kept within it, as FCM also builds the
     * APNs payload from it, which has the same limit.
     */
    static final int MAX_BYTES = 4_096;

    /** The longest time that FCM keeps a message: four weeks. */
    static final Duration LONGEST_LIFE = Duration.ofSeconds(2_419_200);

    /** Without one an iPhone shows the notification in silence. */
    static final String APNS_SOUND = "default";

    /** Apple's key for how much a notification may disturb. */
    static final String INTERRUPTION_LEVEL = "interruption-level";

    /** The highest level that needs no permission by Apple. */
    static final String TIME_SENSITIVE = "time-sensitive";

    /** A message for the devices of a topic that none has, and only as a trial: FCM checks it and sends nothing. */
    static final String TRIAL = "{\"validate_only\":true,\"message\":{\"topic\":\"" + CredentialCheck.TOPIC + "\"}}";

    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    FcmPayload {
        requireNonNull(token);
        requireNonNull(shown);
        requireNonNull(apple);
        requireNonNull(data);
        requireNonNull(timeToLive);
    }

    /**
     * What the phone shows.
     *
     * @param tag what identifies a notification that replaces this one on Android
     */
    record Shown(String title, String body, String tag) {
        Shown {
            requireNonNull(title);
            requireNonNull(body);
            requireNonNull(tag);
        }
    }

    /**
     * What APNs is told.
     *
     * @param silent whether nothing is shown: a background push then, which has none of the next two
     * @param thread under which heading the notification is grouped; empty for none
     * @param urgent whether it may break through a focus and a scheduled summary
     * @param collapseId what identifies a push that replaces this one
     * @param expiresAt until when APNs is to keep it
     */
    record Apple(boolean silent, String thread, boolean urgent, String collapseId, Instant expiresAt) {
        Apple {
            requireNonNull(thread);
            requireNonNull(collapseId);
            requireNonNull(expiresAt);
        }

        /** The headers that FCM hands on. */
        Map<String, String> headers() {
            Map<String, String> headers = new TreeMap<>(Map.of(
                    "apns-collapse-id", collapseId, "apns-expiration", Long.toString(expiresAt.getEpochSecond())));
            if (silent) {
                headers.put("apns-push-type", "background");
            }
            // Apple refuses a background push of another priority.
            headers.put("apns-priority", silent ? "5" : "10");
            return headers;
        }
    }

    /**
     * The payload for a message that is sent at the given moment, shortened as {@link Shorten} does where it would be too
     * large. A message whose address alone is too large is made all the same, for FCM to judge.
     */
    static FcmPayload of(PushMessage message, Instant now) {
        Duration timeToLive = timeToLive(message.expiresAt(), now);
        Notification whole = message.notification();
        return Shorten.toFit(whole, it -> of(message, it, timeToLive).fits())
                .map(it -> of(message, it, timeToLive))
                .orElseGet(() -> of(message, least(whole), timeToLive));
    }

    private static Notification least(Notification whole) {
        String type = requireNonNull(whole.data().get(Notification.MESSAGE_TYPE));
        return new Notification("", "", "", whole.urgency(), Map.of(Notification.MESSAGE_TYPE, type));
    }

    private static FcmPayload of(PushMessage message, Notification it, Duration timeToLive) {
        String token = message.address().token();
        return message.address()
                .instance()
                .map(instance ->
                        new FcmPayload(token, Optional.empty(), Optional.empty(), embedded(it, instance), timeToLive))
                .orElseGet(() -> plain(message, it, timeToLive));
    }

    private static FcmPayload plain(PushMessage message, Notification it, Duration timeToLive) {
        // A text that gives way to the last character makes no silent message of a notification.
        boolean silent = message.notification().isSilent();
        return new FcmPayload(
                message.address().token(),
                silent ? Optional.empty() : Optional.of(new Shown(it.title(), it.body(), message.collapseKey())),
                Optional.of(new Apple(
                        silent, it.thread(), it.urgency() == Urgency.HIGH, message.collapseKey(), message.expiresAt())),
                new TreeMap<>(it.data()),
                timeToLive);
    }

    private static SortedMap<String, String> embedded(Notification it, String instance) {
        String json = UnifiedPushJson.of(it);
        SortedMap<String, String> data = new TreeMap<>();
        data.put("b", Base64.getEncoder().encodeToString(json.getBytes(StandardCharsets.UTF_8)));
        data.put("i", instance);
        return data;
    }

    private static Duration timeToLive(Instant expiresAt, Instant now) {
        Duration left = Duration.ofSeconds(Duration.between(now, expiresAt).toSeconds());
        if (left.isNegative()) {
            return Duration.ZERO;
        }
        return left.compareTo(LONGEST_LIFE) > 0 ? LONGEST_LIFE : left;
    }

    private boolean fits() {
        return json().getBytes(StandardCharsets.UTF_8).length <= MAX_BYTES;
    }

    /** The body of the request. */
    String json() {
        JsonObject message = new JsonObject();
        message.addProperty("token", token);
        shown.ifPresent(it -> message.add("notification", notification(it)));
        message.add("data", strings(data));
        message.add("android", android());
        apple.ifPresent(it -> message.add("apns", apns(it)));
        JsonObject request = new JsonObject();
        request.add("message", message);
        return GSON.toJson(request);
    }

    private static JsonObject notification(Shown shown) {
        JsonObject notification = new JsonObject();
        notification.addProperty("title", shown.title());
        notification.addProperty("body", shown.body());
        return notification;
    }

    private JsonObject android() {
        JsonObject android = new JsonObject();
        // Something is shown in the end, if only by the app, and only HIGH wakes a phone that dozes.
        android.addProperty("priority", "HIGH");
        android.addProperty("ttl", timeToLive.toSeconds() + "s");
        shown.ifPresent(it -> {
            JsonObject notification = new JsonObject();
            notification.addProperty("tag", it.tag());
            android.add("notification", notification);
        });
        return android;
    }

    private static JsonObject apns(Apple apple) {
        JsonObject payload = new JsonObject();
        payload.add("aps", aps(apple));
        JsonObject apns = new JsonObject();
        apns.add("headers", strings(apple.headers()));
        apns.add("payload", payload);
        return apns;
    }

    private static JsonObject aps(Apple apple) {
        JsonObject aps = new JsonObject();
        if (apple.silent()) {
            aps.addProperty("content-available", 1);
            return aps;
        }
        aps.addProperty("mutable-content", 1);
        aps.addProperty("sound", APNS_SOUND);
        if (!apple.thread().isEmpty()) {
            aps.addProperty("thread-id", apple.thread());
        }
        if (apple.urgent()) {
            aps.addProperty(INTERRUPTION_LEVEL, TIME_SENSITIVE);
        }
        return aps;
    }

    private static JsonObject strings(Map<String, String> values) {
        JsonObject object = new JsonObject();
        values.forEach(object::addProperty);
        return object;
    }

    /** Says nothing of the token and the text. */
    @Override
    public String toString() {
        return "FcmPayload[" + (shown.isPresent() ? "notification" : "data") + ", " + timeToLive + "]";
    }
}
