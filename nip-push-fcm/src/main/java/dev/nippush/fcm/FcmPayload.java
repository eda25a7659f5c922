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
 * <p>An app with a Firebase SDK gets a notification that the phone shows by itself. An app without one (Embedded-FCM)
 * gets data only: {@code b}, the {@link UnifiedPushJson} in base64, and {@code i}, which of its instances is meant.
 *
 * @param token the registration token
 * @param shown what the phone shows; empty for a data message
 * @param data what the app gets
 * @param timeToLive how long FCM keeps the message for a phone that is away, zero to {@link #LONGEST_LIFE}, in whole
 *     seconds; zero means now or never
 */
record FcmPayload(String token, Optional<Shown> shown, SortedMap<String, String> data, Duration timeToLive) {

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

    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    FcmPayload {
        requireNonNull(token);
        requireNonNull(shown);
        requireNonNull(data);
        requireNonNull(timeToLive);
    }

    /**
     * What the phone shows.
     *
     * @param thread under which heading an iPhone groups it; empty for none
     * @param urgent whether it may break through an iPhone's focus and scheduled summary
     * @param tag what identifies a notification that replaces this one
     * @param expiresAt until when APNs is to keep it
     */
    record Shown(String title, String body, String thread, boolean urgent, String tag, Instant expiresAt) {
        Shown {
            requireNonNull(title);
            requireNonNull(body);
            requireNonNull(thread);
            requireNonNull(tag);
            requireNonNull(expiresAt);
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
                .map(instance -> new FcmPayload(token, Optional.empty(), embedded(it, instance), timeToLive))
                .orElseGet(() -> new FcmPayload(
                        token,
                        Optional.of(new Shown(
                                it.title(),
                                it.body(),
                                it.thread(),
                                it.urgency() == Urgency.HIGH,
                                message.collapseKey(),
                                message.expiresAt())),
                        new TreeMap<>(it.data()),
                        timeToLive));
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

    /** The headers that FCM hands on to APNs with a notification. */
    static Map<String, String> apnsHeaders(Shown shown) {
        return new TreeMap<>(Map.of(
                "apns-collapse-id", shown.tag(),
                "apns-expiration", Long.toString(shown.expiresAt().getEpochSecond()),
                "apns-priority", "10"));
    }

    /** The body of the request. */
    String json() {
        JsonObject message = new JsonObject();
        message.addProperty("token", token);
        shown.ifPresent(it -> message.add("notification", notification(it)));
        message.add("data", strings(data));
        message.add("android", android());
        shown.ifPresent(it -> message.add("apns", apns(it)));
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
        // Both urgencies are shown to the user, and only HIGH wakes a phone that dozes.
        android.addProperty("priority", "HIGH");
        android.addProperty("ttl", timeToLive.toSeconds() + "s");
        shown.ifPresent(it -> {
            JsonObject notification = new JsonObject();
            notification.addProperty("tag", it.tag());
            android.add("notification", notification);
        });
        return android;
    }

    private static JsonObject apns(Shown shown) {
        JsonObject aps = new JsonObject();
        aps.addProperty("mutable-content", 1);
        aps.addProperty("sound", APNS_SOUND);
        if (!shown.thread().isEmpty()) {
            aps.addProperty("thread-id", shown.thread());
        }
        if (shown.urgent()) {
            aps.addProperty(INTERRUPTION_LEVEL, TIME_SENSITIVE);
        }
        JsonObject payload = new JsonObject();
        payload.add("aps", aps);
        JsonObject apns = new JsonObject();
        apns.add("headers", strings(apnsHeaders(shown)));
        apns.add("payload", payload);
        return apns;
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
