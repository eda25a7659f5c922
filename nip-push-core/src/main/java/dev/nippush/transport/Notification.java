package dev.nippush.transport;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.Privacy;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * What a device is to show, in the terms that all providers share. One without title and body is {@linkplain #isSilent()
 * silent}: it wakes the app, which gets the data, and nothing is shown.
 *
 * @param title the first line
 * @param body the text; a transport shortens it where the payload would be too large for its provider
 * @param thread what a phone groups notifications by; empty for none
 * @param urgency how soon the device should be woken
 * @param data for the app, never shown; holds {@value #MESSAGE_TYPE} at least. Providers take text only, and refuse keys
 *     that are {@code from} or begin with {@code google} or {@code gcm}. The engine adds {@value #EVENT_ID},
 *     {@value #EVENT_KIND}, {@value #RELAY} and {@value #SEALED}, and takes them out, as the level of {@link Privacy} asks
 */
public record Notification(String title, String body, String thread, Urgency urgency, Map<String, String> data) {

    /** The key in {@link #data} that tells a call ({@value #CALL}) from anything else ({@value #MESSAGE}). */
    public static final String MESSAGE_TYPE = "msgType";

    /** The {@value #MESSAGE_TYPE} of everything but a call. */
    public static final String MESSAGE = "0";

    /** The {@value #MESSAGE_TYPE} of a call. */
    public static final String CALL = "1";

    /** In {@link #data}, at the level {@link Privacy#REFERENCE}: the id of the event, 64 hex digits. */
    public static final String EVENT_ID = "id";

    /** In {@link #data}, at the level {@link Privacy#REFERENCE}: the kind of the event, in decimal digits. */
    public static final String EVENT_KIND = "kind";

    /** In {@link #data}, at the level {@link Privacy#REFERENCE}: the URL of the relay that sent the event, if one did. */
    public static final String RELAY = "relay";

    /**
     * In {@link #data}, at the level {@link Privacy#SEALED}: the JSON of the event, encrypted from the server to the account
     * (NIP-44).
     */
    public static final String SEALED = "sealed";

    private static final Set<String> REFERENCE = Set.of(EVENT_ID, EVENT_KIND, RELAY);

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

    /** Data only: the app is woken, and nothing is shown. {@code msgType} as given. */
    public static Notification silent(Urgency urgency, Map<String, String> data) {
        return new Notification("", "", "", urgency, data);
    }

    /** The same notification, with more data; what is there under the same key is replaced. */
    public Notification with(Map<String, String> more) {
        Map<String, String> all = new HashMap<>(data);
        all.putAll(more);
        return new Notification(title, body, thread, urgency, all);
    }

    /** What a provider may see of this at a level. */
    public Notification at(Privacy level) {
        Map<String, String> told = new HashMap<>(data);
        if (level != Privacy.REFERENCE) {
            told.keySet().removeAll(REFERENCE);
        }
        if (level != Privacy.SEALED) {
            told.remove(SEALED);
        }
        return level == Privacy.WAKE ? silent(urgency, told) : new Notification(title, body, thread, urgency, told);
    }

    /** Whether there is nothing to show. */
    public boolean isSilent() {
        return title.isEmpty() && body.isEmpty();
    }

    /** Says nothing of the content, which may be private. */
    @Override
    public String toString() {
        return "Notification[msgType " + data.get(MESSAGE_TYPE) + "]";
    }

    /** How soon the device should be woken. */
    public enum Urgency {
        /** A message. */
        NORMAL,
        /** A call: worthless within a minute. */
        HIGH
    }
}
