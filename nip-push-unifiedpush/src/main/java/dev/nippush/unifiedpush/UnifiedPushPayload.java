package dev.nippush.unifiedpush;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.Shorten;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The body {@code {"notification":{"title":…,"body":…},"data":{"msgType":…,…}}} and the headers that depend on a message.
 */
final class UnifiedPushPayload {

    /** The most that a push server has to take: UnifiedPush, and RFC 8030 section 7.2. */
    static final int MAX_BYTES = 4_096;

    /** For a server that takes less than it has to. */
    static final int SMALL_BYTES = 1_024;

    /** A push service shortens what is longer; browsers' services allow four weeks. */
    private static final Duration LONGEST_LIFE = Duration.ofDays(28);

    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private UnifiedPushPayload() {}

    /**
     * The body in at most so many bytes. What is too long loses in this order: the end of the text, the data besides the
     * type of the message, the end of the title. Empty if the type alone does not fit.
     */
    static Optional<byte[]> of(Notification notification, int limit) {
        Map<String, String> data = notification.data();
        Map<String, String> type = Map.of(Notification.MESSAGE_TYPE, data.get(Notification.MESSAGE_TYPE));
        String title = notification.title();
        return withBody(title, notification.body(), data, limit)
                .or(() -> withBody(title, notification.body(), type, limit))
                .or(() -> Shorten.toFit(title, shorter -> bytes(shorter, "", type).length <= limit)
                        .map(shorter -> bytes(shorter, "", type)));
    }

    private static Optional<byte[]> withBody(String title, String body, Map<String, String> data, int limit) {
        return Shorten.toFit(body, shorter -> bytes(title, shorter, data).length <= limit)
                .map(shorter -> bytes(title, shorter, data));
    }

    private static byte[] bytes(String title, String body, Map<String, String> data) {
        JsonObject notification = new JsonObject();
        notification.addProperty("title", title);
        notification.addProperty("body", body);
        JsonObject more = new JsonObject();
        // In order, so that the same message is the same body.
        new TreeMap<>(data).forEach(more::addProperty);
        JsonObject whole = new JsonObject();
        whole.add("notification", notification);
        whole.add("data", more);
        return GSON.toJson(whole).getBytes(StandardCharsets.UTF_8);
    }

    /** For the header TTL, in whole seconds: zero means now or never. */
    static Duration timeToLive(PushMessage message, Instant now) {
        Duration left = Duration.between(now, message.expiresAt());
        if (left.isNegative()) {
            return Duration.ZERO;
        }
        return left.compareTo(LONGEST_LIFE) > 0 ? LONGEST_LIFE : Duration.ofSeconds(left.toSeconds());
    }

    /** The header of RFC 8030, section 5.3. */
    static String urgency(Notification notification) {
        return switch (notification.urgency()) {
            case NORMAL -> "normal";
            case HIGH -> "high";
        };
    }
}
