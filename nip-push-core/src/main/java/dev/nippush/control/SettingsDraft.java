package dev.nippush.control;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.Kind;
import dev.nippush.event.PublicKey;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an app wants to register. A part that is not set is left out of the message, and keeps its value at the server; an
 * empty list clears it. Not safe for use by several threads.
 */
public final class SettingsDraft {

    private static final String DEVICE_ID = "deviceId";

    private final Map<String, Object> members = new LinkedHashMap<>();

    private SettingsDraft() {}

    /**
     * Registers a device.
     *
     * @param deviceId the push token or endpoint, in one of the shapes that a server knows; empty where the app has none
     */
    public static SettingsDraft forDevice(String deviceId) {
        SettingsDraft draft = new SettingsDraft();
        draft.members.put(DEVICE_ID, requireNonNull(deviceId));
        return draft;
    }

    /**
     * How much the provider of the device may learn at most, if the operator allows more; left out, the operator decides.
     * Servers that do not know this extension ignore it.
     */
    public SettingsDraft privacy(Privacy level) {
        members.put("privacy", level.text());
        return this;
    }

    /** Says whether the app is in the foreground as well. */
    public SettingsDraft online(boolean online) {
        members.put("online", online ? 1 : 0);
        return this;
    }

    /** Which kinds of events to push, 0 to 65,535 each; none switches notifications off. */
    public SettingsDraft kinds(Collection<Integer> kinds) {
        for (int kind : kinds) {
            if (!Kind.isValid(kind)) {
                throw new IllegalArgumentException("not a kind: " + kind);
            }
        }
        members.put("kinds", List.copyOf(kinds));
        return this;
    }

    /** Where such events appear. */
    public SettingsDraft relays(Collection<RelayUrl> relays) {
        members.put("relays", relays.stream().map(RelayUrl::toString).toList());
        return this;
    }

    /** By whom events that mention the user have to be; none lets everybody. */
    public SettingsDraft authors(Collection<PublicKey> authors) {
        members.put("authors", authors.stream().map(PublicKey::hex).toList());
        return this;
    }

    /** Channels (NIP-28 event ids) and groups (NIP-29 ids) whose events to push. */
    public SettingsDraft e(Collection<String> ids) {
        members.put("#e", List.copyOf(ids));
        return this;
    }

    /** Whose mentions to push; without it, the user's own. */
    public SettingsDraft p(Collection<PublicKey> keys) {
        members.put("#p", keys.stream().map(PublicKey::hex).toList());
        return this;
    }

    /** Whether a server reads it as settings: an empty device id alone is a logout. */
    boolean registers() {
        return members.entrySet().stream()
                .anyMatch(member -> member.getValue() instanceof List
                        || member.getKey().equals(DEVICE_ID)
                                && !member.getValue().toString().isBlank());
    }

    Map<String, Object> members() {
        return members;
    }
}
