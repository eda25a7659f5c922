package dev.nippush.account;

import static java.util.Objects.requireNonNull;

/**
 * How far a sender's messages were applied, which makes a replay of older ones harmless. Marks outlive a logout.
 *
 * @param registration the newest settings or logout
 * @param presence the newest heartbeat, offline, settings that carry {@code online}, or logout
 */
public record Marks(Mark registration, Mark presence) {

    /** Of a sender who has said nothing. */
    public static final Marks NONE = new Marks(Mark.NONE, Mark.NONE);

    private static final int WEAK = 0;
    private static final int STRONG = 1;

    public Marks {
        requireNonNull(registration);
        requireNonNull(presence);
    }

    /** The mark of a settings message, or of a heartbeat. */
    public static Mark weak(long createdAt) {
        return new Mark(createdAt, WEAK);
    }

    /** The mark of a logout among registration messages, or of an offline among presence messages. */
    public static Mark strong(long createdAt) {
        return new Mark(createdAt, STRONG);
    }

    /** Whether no message of that time, whatever it says, could change anything. */
    public boolean outdate(long createdAt) {
        Mark strongest = strong(createdAt);
        return registration.outdates(strongest) && presence.outdates(strongest);
    }

    public Marks withRegistration(Mark mark) {
        return new Marks(mark, presence);
    }

    public Marks withPresence(Mark mark) {
        return new Marks(registration, mark);
    }

    /** The {@code created_at} of the newest message, in seconds. */
    public long newest() {
        return Math.max(registration.createdAt(), presence.createdAt());
    }
}
