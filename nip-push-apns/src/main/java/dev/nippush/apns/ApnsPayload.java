package dev.nippush.apns;

import com.eatthepath.pushy.apns.util.ApnsPayloadBuilder;
import com.eatthepath.pushy.apns.util.InterruptionLevel;
import com.eatthepath.pushy.apns.util.SimpleApnsPayloadBuilder;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import dev.nippush.transport.Shorten;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A notification as the JSON that Apple takes: {@code aps} with the alert, and the data beside it. Apple's "Generating a
 * remote notification" has the keys and the limit, its "Pushing background updates to your App" what a silent one is.
 */
final class ApnsPayload {

    /** The largest payload, in bytes of UTF-8. */
    static final int MAX_BYTES = 4_096;

    /** Apple's own key, which data must not replace. */
    private static final String APS = "aps";

    private ApnsPayload() {}

    /**
     * The JSON in at most {@code limit} bytes, shortened as {@link Shorten} does.
     *
     * @return empty if not even that is enough
     */
    static Optional<String> render(Notification notification, int limit) {
        // A text that gives way to the last character makes no background push of an alert.
        boolean silent = notification.isSilent();
        return Shorten.toFit(notification, shorter -> size(json(shorter, silent)) <= limit)
                .map(shorter -> json(shorter, silent));
    }

    /** How many bytes the text has on the wire. */
    static int size(String json) {
        return json.getBytes(StandardCharsets.UTF_8).length;
    }

    private static String json(Notification notification, boolean silent) {
        ApnsPayloadBuilder builder = new SimpleApnsPayloadBuilder();
        if (silent) {
            builder.setContentAvailable(true);
        } else {
            alert(notification, builder);
        }
        Map<String, String> data = new TreeMap<>(notification.data());
        data.remove(APS);
        data.forEach(builder::addCustomProperty);
        return builder.build();
    }

    private static void alert(Notification notification, ApnsPayloadBuilder builder) {
        builder.setMutableContent(true).setSound(ApnsPayloadBuilder.DEFAULT_SOUND_FILENAME);
        if (!notification.title().isEmpty()) {
            builder.setAlertTitle(notification.title());
        }
        if (!notification.body().isEmpty()) {
            builder.setAlertBody(notification.body());
        }
        if (!notification.thread().isEmpty()) {
            builder.setThreadId(notification.thread());
        }
        if (notification.urgency() == Urgency.HIGH) {
            // A call is worthless after a minute: it may break through a focus and a scheduled summary.
            builder.setInterruptionLevel(InterruptionLevel.TIME_SENSITIVE);
        }
    }
}
