package dev.nippush.unifiedpush;

import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.Shorten;
import dev.nippush.transport.UnifiedPushJson;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;

/** The text of a request, which is {@link UnifiedPushJson}, and the headers that depend on a message. */
final class UnifiedPushPayload {

    /** The most that a push server has to take: UnifiedPush, and RFC 8030 section 7.2. */
    static final int MAX_BYTES = 4_096;

    /** For a server that takes less than it has to. */
    static final int SMALL_BYTES = 1_024;

    /** A push service shortens what is longer; browsers' services allow four weeks. */
    private static final Duration LONGEST_LIFE = Duration.ofDays(28);

    /** What fits into 32 characters, the most that a topic may have. */
    private static final int TOPIC_BYTES = 24;

    private UnifiedPushPayload() {}

    /**
     * The text in at most so many bytes, after what is too long gave way in the order of {@link Shorten}. Empty if not
     * even the type of the message fits.
     */
    static Optional<byte[]> of(Notification notification, int limit) {
        return Shorten.toFit(notification, shorter -> bytes(shorter).length <= limit)
                .map(UnifiedPushPayload::bytes);
    }

    private static byte[] bytes(Notification notification) {
        return UnifiedPushJson.of(notification).getBytes(StandardCharsets.UTF_8);
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

    /** The header of RFC 8030, section 5.4: a stored message gives way to a newer one with the same topic. */
    static String topic(PushMessage message) {
        byte[] key = HexFormat.of().parseHex(message.collapseKey());
        return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(key, TOPIC_BYTES));
    }
}
