package dev.nippush.control;

import static java.util.Objects.requireNonNull;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import dev.nippush.crypto.KeyPair;
import dev.nippush.crypto.Nip04;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The app's side of kind 22456: writes the four messages, encrypted to a server (NIP-04) and signed by the user. Publish
 * them on the server's home relays, or send them to its own endpoint. Safe for use by several threads.
 */
public final class ControlWriter {

    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private final KeyPair user;
    private final PublicKey server;

    /**
     * Makes a writer.
     *
     * @param user who registers: the key whose messages are to be pushed
     * @param server the push server
     */
    public ControlWriter(KeyPair user, PublicKey server) {
        this.user = requireNonNull(user);
        this.server = requireNonNull(server);
    }

    /**
     * Registers a device, or changes what is registered.
     *
     * @param at becomes {@code created_at}; the server refuses what is 5 min old or older than what it has applied
     * @throws IllegalArgumentException when the draft names neither a device nor a list: a server would take that for a
     *     logout or a heartbeat
     */
    public NostrEvent settings(SettingsDraft draft, Instant at) {
        if (!draft.registers()) {
            throw new IllegalArgumentException("settings name a device or a list");
        }
        return message(draft.members(), at);
    }

    /** Says that the app is in the foreground. Send one about every 60 s while it is. */
    public NostrEvent heartbeat(Instant at) {
        return message(Map.of("online", 1), at);
    }

    /** Says that the app has left the foreground: push from now on. */
    public NostrEvent offline(Instant at) {
        return message(Map.of("online", 0), at);
    }

    /** Forgets all devices of the user. */
    public NostrEvent logout(Instant at) {
        return message(loggedOut(), at);
    }

    /** Forgets one device of the user. Other servers than nip-push take it for {@link #logout(Instant)}. */
    public NostrEvent logout(String deviceId, Instant at) {
        Map<String, Object> members = loggedOut();
        members.put("device", requireNonNull(deviceId));
        return message(members, at);
    }

    private static Map<String, Object> loggedOut() {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("online", 0);
        members.put("deviceId", "");
        return members;
    }

    private NostrEvent message(Map<String, Object> members, Instant at) {
        String content = Nip04.encrypt(user, server, GSON.toJson(members));
        return user.sign(at.getEpochSecond(), Kind.PUSH_CONTROL, List.of(Tag.of("p", server.hex())), content);
    }
}
