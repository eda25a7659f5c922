package dev.nippush.store;

import static java.util.Objects.requireNonNull;

import dev.nippush.account.Account;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import java.time.Instant;
import java.util.List;

/**
 * One thing that a store is asked to write. The changes of a commit are made in order, all or none.
 *
 * <p><b>Decided once.</b> For each account the first decision on an event stands: {@link Hold}, {@link Ignore} and
 * {@link Owe} are <i>refused</i> when an earlier change decided on the same event for the same account, with one exception:
 * what is held may be owed. {@link Rehold} and {@link Release} are refused for what is not held. A refused change is
 * skipped; the commit goes on, and names it in its {@link PushStore.Committed answer}.
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

    /** Rewrites what is still held: another content, another count. */
    record Rehold(HeldEvent held) implements Change {
        public Rehold {
            requireNonNull(held);
        }
    }

    /** Ends a hold, and drops what was held. */
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

    /**
     * Owes an event to devices of an account, and ends its hold if it was held. Each row is the claim: who committed it may
     * send. A push of an event that was ever owed to the same device, for whichever account, is left out.
     *
     * @param pushes of one account and one event, one for each device, not empty
     */
    record Owe(List<OwedPush> pushes) implements Change {
        public Owe {
            pushes = List.copyOf(pushes);
            if (pushes.isEmpty()
                    || pushes.stream().map(OwedPush::account).distinct().count() > 1
                    || pushes.stream().map(OwedPush::event).distinct().count() > 1
                    || pushes.stream().map(OwedPush::key).distinct().count() < pushes.size()) {
                throw new IllegalArgumentException("not the pushes of one event for one account");
            }
        }

        /** Whose pushes they are. */
        public PublicKey account() {
            return pushes.get(0).account();
        }

        /** The event that is pushed. */
        public EventId event() {
            return pushes.get(0).event();
        }

        /** When the door saw the event. */
        public Instant receivedAt() {
            return pushes.get(0).receivedAt();
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

    /**
     * Notes how far a relay was read. Written when all that it sent until then is decided on and on disk, so that it never
     * says more than that.
     */
    record Cursor(RelayUrl relay, Instant upTo) implements Change {
        public Cursor {
            requireNonNull(relay);
            requireNonNull(upTo);
        }
    }
}
