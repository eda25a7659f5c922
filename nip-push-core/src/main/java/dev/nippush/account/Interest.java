package dev.nippush.account;

import dev.nippush.event.PublicKey;
import java.time.Instant;
import java.util.Set;

/**
 * What an account wants from one relay, in the terms of a NIP-01 filter. It is a superset of what is pushed: the engine
 * checks each event again.
 *
 * @param kinds not empty
 * @param p public keys to ask for under {@code #p}
 * @param e values to ask for under {@code #e} and {@code #h}: 64 hex digits are an event id or a group id, anything else
 *     is a NIP-29 group id and breaks a {@code #e} filter
 * @param began what a relay stored earlier than this is of no use, but for gift wraps
 */
public record Interest(Set<Integer> kinds, Set<PublicKey> p, Set<String> e, Instant began) {
    public Interest {
        kinds = Set.copyOf(kinds);
        p = Set.copyOf(p);
        e = Set.copyOf(e);
        if (kinds.isEmpty() || p.isEmpty() && e.isEmpty()) {
            throw new IllegalArgumentException("an interest in nothing");
        }
    }
}
