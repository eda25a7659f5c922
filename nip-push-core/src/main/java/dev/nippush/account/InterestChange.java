package dev.nippush.account;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.RelayUrl;
import dev.nippush.event.PublicKey;
import java.util.Optional;

/**
 * One account wants something else from one relay than before.
 *
 * @param account whose interest it is
 * @param relay a home relay, or one that the account named
 * @param before what it wanted; empty for nothing
 * @param after what it wants now; empty for nothing
 */
public record InterestChange(PublicKey account, RelayUrl relay, Optional<Interest> before, Optional<Interest> after) {
    public InterestChange {
        requireNonNull(account);
        requireNonNull(relay);
        requireNonNull(before);
        requireNonNull(after);
        if (before.equals(after)) {
            throw new IllegalArgumentException("nothing changes");
        }
    }
}
