package dev.nippush.transport;

import static java.util.Objects.requireNonNull;

import java.util.Map;

/**
 * What a device is to show, in the terms that all providers share.
 *
 * @param title the first line
 * @param body the text; a transport shortens it where the payload would be too large for its provider
 * @param thread under which heading a phone groups notifications of the same sort; empty for none
 * @param urgency how soon the device should be woken
 * @param data for the app, never shown; holds {@value #MESSAGE_TYPE} at least. Providers take text only, and refuse keys
 *     that are {@code from} or begin with {@code google} or {@code gcm}
 */
public record Notification(String title, String body, String thread, Urgency urgency, Map<String, String> data) {

    /** The key in {@link #data} that tells a call ({@value #CALL}) from anything else ({@value #MESSAGE}). */
    public static final String MESSAGE_TYPE = "msgType";

    /** The {@value #MESSAGE_TYPE} of everything but a call. */
    public static final String MESSAGE = "0";

    /** The {@value #MESSAGE_TYPE} of a call. */
    public static final String CALL = "1";

    public Notification {
        requireNonNull(title);
        requireNonNull(body);
        requireNonNull(thread);
        requireNonNull(urgency);
        data = Map.copyOf(data);
        if (!data.containsKey(MESSAGE_TYPE)) {
            throw new IllegalArgumentException("data has no " + MESSAGE_TYPE);
        }
    }

    /** An ordinary message: normal urgency, {@value #MESSAGE_TYPE} {@value #MESSAGE}. */
    public static Notification message(String title, String body, String thread) {
        return new Notification(title, body, thread, Urgency.NORMAL, Map.of(MESSAGE_TYPE, MESSAGE));
    }

    /** A call that rings now: high urgency, {@value #MESSAGE_TYPE} {@value #CALL}. */
    public static Notification call(String title, String body) {
        return new Notification(title, body, "call", Urgency.HIGH, Map.of(MESSAGE_TYPE, CALL));
    }

    /** Says nothing of the content, which may be private. */
    @Override
    public String toString() {
        return "Notification[msgType " + data.get(MESSAGE_TYPE) + "]";
    }

    /** How soon the device should be woken. Both sorts are shown to the user. */
    public enum Urgency {
        /** A message. */
        NORMAL,
        /** A call: worthless within a minute. */
        HIGH
    }
}
