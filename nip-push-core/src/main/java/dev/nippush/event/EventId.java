package dev.nippush.event;

/** The id of an event: SHA-256 of its canonical form (NIP-01). Ordered by its bytes. */
public final class EventId extends Bytes32 implements Comparable<EventId> {

    private EventId(byte[] bytes) {
        super(bytes);
    }

    private EventId(String hex) {
        super(hex);
    }

    /** Takes 64 lower-case hex digits; anything else is an {@link IllegalArgumentException}. */
    public static EventId ofHex(String hex) {
        return new EventId(hex);
    }

    /** Takes 32 bytes and copies them; another length is an {@link IllegalArgumentException}. */
    public static EventId ofBytes(byte[] bytes) {
        return new EventId(bytes);
    }

    /** Says whether {@link #ofHex} takes this text. */
    public static boolean isValid(String text) {
        return isHex(text);
    }

    @Override
    public int compareTo(EventId other) {
        return compareBytes(other);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof EventId id && sameBytes(id);
    }
}
