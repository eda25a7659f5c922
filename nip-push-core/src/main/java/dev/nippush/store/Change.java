package dev.nippush.store;

import static java.util.Objects.requireNonNull;

import dev.nippush.account.Account;
import dev.nippush.address.DeviceAddress;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import java.time.Instant;

/**
 * One thing that a store is asked to write. The changes of a commit are made in order, all or none.
 *
 * <p><b>Decided once.</b> For each account the first decision on an event stands. {@link Hold}, {@link Ignore} and
 * {@link Owe} are <i>refused</i> when an earlier commit decided on the same event for the same account; a
 * {@link Release} of what is not held is refused, and reopens nothing. {@link Release} of what is held lets the
 * {@link Owe} or {@link Hold} that follow it in the same commit through. {@link Owe} is refused as well when the same
 * event was ever owed to the same device, for whichever account. A refused change is skipped; the commit goes on, and
 * names it in its {@link PushStore.Committed answer}.
 */
public sealed interface Change {

    /** Writes an account, in place of what was known of it. */
    record SaveAccount(Account account) implements Change {
        public SaveAccount {
            requireNonNull(account);
        }
    }

    /** Forgets all of an account but the decisions on its events. */
    record DropAccount(PublicKey account) implements Change {
        public DropAccount {
            requireNonNull(account);
        }
    }

    /** Keeps an event until it is released. */
    record Hold(HeldEvent held) implements Change {
        public Hold {
            requireNonNull(held);
        }
    }

    /** Ends a hold. What was held is dropped, unless the same commit owes or holds it again. */
    record Release(PublicKey account, EventId event) implements Change {
        public Release {
            requireNonNull(account);
            requireNonNull(event);
        }
    }

    /** Remembers that an event is not pushed to this account: it is history. */
    record Ignore(PublicKey account, EventId event, Instant receivedAt) implements Change {
        public Ignore {
            requireNonNull(account);
            requireNonNull(event);
            requireNonNull(receivedAt);
        }
    }

    /** Owes a push. The row is the claim: who committed it may send. */
    record Owe(OwedPush push) implements Change {
        public Owe {
            requireNonNull(push);
        }
    }

    /** Rewrites a push that is still owed: another time, another content. Refused when it is not owed. */
    record Retry(OwedPush push) implements Change {
        public Retry {
            requireNonNull(push);
        }
    }

    /** Ends an owed push and leaves a tombstone. Refused when it is not owed. */
    record Settle(PushKey key, Ending ending, Instant at) implements Change {
        public Settle {
            requireNonNull(key);
            requireNonNull(ending);
            requireNonNull(at);
        }
    }

    /** Removes a device from the account that it is registered with, unless it registered again at or after a date. */
    record ForgetDevice(DeviceAddress device, Instant registeredBefore) implements Change {
        public ForgetDevice {
            requireNonNull(device);
            requireNonNull(registeredBefore);
        }
    }
}
