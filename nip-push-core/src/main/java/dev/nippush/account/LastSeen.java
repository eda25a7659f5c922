package dev.nippush.account;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.Optional;

/**
 * What is kept of an account's presence for a restart.
 *
 * @param aliveAt when it last was ONLINE, known to about an hour; empty when it never was
 * @param online false when the app has said that it went offline
 */
public record LastSeen(Optional<Instant> aliveAt, boolean online) {

    /** Of an account that has never sent a heartbeat. */
    public static final LastSeen NEVER = new LastSeen(Optional.empty(), false);

    public LastSeen {
        requireNonNull(aliveAt);
        if (online && aliveAt.isEmpty()) {
            throw new IllegalArgumentException("online without a time");
        }
    }

    public static LastSeen online(Instant aliveAt) {
        return new LastSeen(Optional.of(aliveAt), true);
    }

    public LastSeen offline() {
        return new LastSeen(aliveAt, false);
    }
}
