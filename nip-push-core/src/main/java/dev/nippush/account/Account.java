package dev.nippush.account;

import static java.util.Objects.requireNonNull;

import dev.nippush.event.PublicKey;
import java.util.Optional;

/**
 * All that survives of an account.
 *
 * @param pubkey the sender of its control messages
 * @param registration what it asked for; empty before the first settings and after a logout
 * @param marks how far its messages were applied
 * @param lastSeen its presence
 */
public record Account(PublicKey pubkey, Optional<Registration> registration, Marks marks, LastSeen lastSeen) {
    public Account {
        requireNonNull(pubkey);
        requireNonNull(registration);
        requireNonNull(marks);
        requireNonNull(lastSeen);
        registration.ifPresent(of -> {
            if (!of.account().equals(pubkey)) {
                throw new IllegalArgumentException("a registration of another account");
            }
        });
    }

    /** An account that has said nothing yet. */
    public static Account unknown(PublicKey pubkey) {
        return new Account(pubkey, Optional.empty(), Marks.NONE, LastSeen.NEVER);
    }

    public Account with(Optional<Registration> newRegistration) {
        return new Account(pubkey, newRegistration, marks, lastSeen);
    }

    public Account with(Marks newMarks) {
        return new Account(pubkey, registration, newMarks, lastSeen);
    }

    public Account with(LastSeen newLastSeen) {
        return new Account(pubkey, registration, marks, newLastSeen);
    }
}
