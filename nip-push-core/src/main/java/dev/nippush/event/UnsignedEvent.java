package dev.nippush.event;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/**
 * What is hashed and signed of an event (NIP-01).
 *
 * @param pubkey the author
 * @param createdAt seconds since 1970, 0 to {@link NostrEvent#MAX_CREATED_AT}
 * @param kind 0 to 65,535
 * @param tags copied
 * @param content any text that can be written as UTF-8
 */
public record UnsignedEvent(PublicKey pubkey, long createdAt, int kind, List<Tag> tags, String content) {

    /**
     * Checks ranges and text.
     *
     * @throws EventFormatException when a part is out of range
     */
    public UnsignedEvent {
        requireParts(createdAt, kind, content);
        tags = List.copyOf(tags);
    }

    static void requireParts(long createdAt, int kind, String content) {
        if (createdAt < 0 || createdAt > NostrEvent.MAX_CREATED_AT) {
            throw EventFormatException.ofArgument(EventDefect.BAD_CREATED_AT);
        }
        if (!Kind.isValid(kind)) {
            throw EventFormatException.ofArgument(EventDefect.BAD_KIND);
        }
        if (!StrictJson.isWellFormed(content)) {
            throw EventFormatException.ofArgument(EventDefect.BAD_CONTENT);
        }
    }

    /** Computes the id: SHA-256 of {@link #canonicalBytes}. */
    public EventId id() {
        return idOf(pubkey, createdAt, kind, tags, content);
    }

    /** Returns the bytes that are hashed: {@code [0,pubkey,created_at,kind,tags,content]} as UTF-8, without spaces. */
    public byte[] canonicalBytes() {
        return canonicalBytes(pubkey, createdAt, kind, tags, content);
    }

    static EventId idOf(PublicKey pubkey, long createdAt, int kind, List<Tag> tags, String content) {
        try {
            return EventId.ofBytes(MessageDigest.getInstance("SHA-256")
                    .digest(canonicalBytes(pubkey, createdAt, kind, tags, content)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    private static byte[] canonicalBytes(PublicKey pubkey, long createdAt, int kind, List<Tag> tags, String content) {
        StringBuilder out = new StringBuilder(128 + content.length() + 80 * tags.size());
        out.append("[0,\"")
                .append(pubkey.hex())
                .append("\",")
                .append(createdAt)
                .append(',')
                .append(kind)
                .append(',');
        appendTags(out, tags);
        StrictJson.appendString(out.append(','), content);
        return out.append(']').toString().getBytes(StandardCharsets.UTF_8);
    }

    static void appendTags(StringBuilder out, List<Tag> tags) {
        out.append('[');
        for (int i = 0; i < tags.size(); i++) {
            out.append(i == 0 ? "[" : ",[");
            List<String> values = tags.get(i).values();
            for (int j = 0; j < values.size(); j++) {
                if (j > 0) {
                    out.append(',');
                }
                StrictJson.appendString(out, values.get(j));
            }
            out.append(']');
        }
        out.append(']');
    }

    /** Names the event without its content. */
    @Override
    public String toString() {
        return "UnsignedEvent[kind=" + kind + ", pubkey=" + pubkey + ", createdAt=" + createdAt + "]";
    }
}
