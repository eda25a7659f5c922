package dev.nippush.apns;

import com.eatthepath.pushy.apns.util.ApnsPayloadBuilder;
import com.eatthepath.pushy.apns.util.InterruptionLevel;
import com.eatthepath.pushy.apns.util.SimpleApnsPayloadBuilder;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import dev.nippush.transport.Shorten;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A notification as the JSON that Apple takes: {@code aps} with the alert, and the data beside it. Apple's "Generating a
 * remote notification" has the keys and the limit.
 */
final class ApnsPayload {

    /** The largest payload of an alert, in bytes of UTF-8. */
    static final int MAX_BYTES = 4_096;

    /** Apple's own key, which data must not replace. */
    private static final String APS = "aps";

    private ApnsPayload() {}

    /**
     * The JSON in at most {@code limit} bytes. What is too long gives way in this order: the body, from its end; data
     * other than {@value Notification#MESSAGE_TYPE}, the largest first; the thread; the title, from its end.
     *
     * @return empty if not even that is enough
     */
    static Optional<String> render(Notification notification, int limit) {
        Map<String, String> data = new TreeMap<>(notification.data());
        data.remove(APS);
        Draft draft = new Draft(
                notification.title(),
                notification.body(),
                notification.thread(),
                notification.urgency() == Urgency.HIGH,
                data);
        while (true) {
            Draft whole = draft;
            Optional<String> body =
                    Shorten.toFit(draft.body, text -> whole.withBody(text).fits(limit));
            if (body.isPresent()) {
                return Optional.of(draft.withBody(body.get()).json());
            }
            Optional<String> largest = largestOptional(data);
            if (largest.isEmpty()) {
                break;
            }
            data.remove(largest.get());
        }
        Draft bare = draft.withBody("").withThread("");
        return Shorten.toFit(bare.title, text -> bare.withTitle(text).fits(limit))
                .map(title -> bare.withTitle(title).json());
    }

    /** How many bytes the text has on the wire. */
    static int size(String json) {
        return json.getBytes(StandardCharsets.UTF_8).length;
    }

    private static Optional<String> largestOptional(Map<String, String> data) {
        return data.entrySet().stream()
                .filter(entry -> !entry.getKey().equals(Notification.MESSAGE_TYPE))
                .max(Comparator.comparingInt(
                        entry -> entry.getKey().length() + entry.getValue().length()))
                .map(Map.Entry::getKey);
    }

    private record Draft(String title, String body, String thread, boolean urgent, Map<String, String> data) {

        Draft withTitle(String other) {
            return new Draft(other, body, thread, urgent, data);
        }

        Draft withBody(String other) {
            return new Draft(title, other, thread, urgent, data);
        }

        Draft withThread(String other) {
            return new Draft(title, body, other, urgent, data);
        }

        boolean fits(int limit) {
            return size(json()) <= limit;
        }

        String json() {
            ApnsPayloadBuilder builder = new SimpleApnsPayloadBuilder()
                    .setMutableContent(true)
                    .setSound(ApnsPayloadBuilder.DEFAULT_SOUND_FILENAME);
            if (!title.isEmpty()) {
                builder.setAlertTitle(title);
            }
            if (!body.isEmpty()) {
                builder.setAlertBody(body);
            }
            if (!thread.isEmpty()) {
                builder.setThreadId(thread);
            }
            if (urgent) {
                // A call is worthless after a minute: it may break through a focus and a scheduled summary.
                builder.setInterruptionLevel(InterruptionLevel.TIME_SENSITIVE);
            }
            data.forEach(builder::addCustomProperty);
            return builder.build();
        }
    }
}
