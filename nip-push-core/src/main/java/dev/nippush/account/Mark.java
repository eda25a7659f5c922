package dev.nippush.account;

/**
 * The newest message of one sort that was applied for a sender.
 *
 * @param createdAt its {@code created_at}, in seconds
 * @param rank what wins within the same second: a higher rank; among equal ranks the later arrival
 */
public record Mark(long createdAt, int rank) {

    /** Before any message. */
    public static final Mark NONE = new Mark(Long.MIN_VALUE, 0);

    /** Whether a message with the other mark came too late to count. */
    public boolean outdates(Mark other) {
        return other.createdAt < createdAt || other.createdAt == createdAt && other.rank < rank;
    }
}
