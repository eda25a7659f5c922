package dev.nippush.jdbc;

import dev.nippush.account.Account;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Ending;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;

/** A row as it is read for a check, written to an export, and read from there. It is sound: its columns fit its content. */
sealed interface StoredRow {

    /** How an import writes it: the row must not be there yet. */
    RowChange insert();

    record OfAccount(Account account) implements StoredRow {
        @Override
        public RowChange insert() {
            return RowChange.save(account);
        }
    }

    /**
     * A decision.
     *
     * @param receivedAt as in the column
     * @param held what is held, if it is
     */
    record OfDecision(PublicKey account, EventId event, long receivedAt, Optional<HeldEvent> held)
            implements StoredRow {
        @Override
        public RowChange insert() {
            return RowChange.decide(
                    account, event, receivedAt, held.<Object>map(Contents::of).orElse(RowChange.NO_BYTES));
        }
    }

    /**
     * A push that has to end.
     *
     * @param receivedAt as in the column: a retry leaves it as it was
     */
    record OfOwed(OwedPush push, long receivedAt) implements StoredRow {
        @Override
        public RowChange insert() {
            return RowChange.push(push, receivedAt).change();
        }
    }

    /**
     * A tombstone.
     *
     * @param device as in the column
     * @param part the number of its partition, which cannot be told from the device any more
     */
    record OfSettled(EventId event, byte[] device, int part, long receivedAt, Ending ending, long endedAt)
            implements StoredRow {
        public OfSettled {
            if (device.length != 32 || part < Partition.COUNT || part >= 2 * Partition.COUNT) {
                throw new DamagedRowException("a tombstone that cannot be found");
            }
        }

        @Override
        public RowChange insert() {
            return RowChange.tombstone(this);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof OfSettled settled
                    && event.equals(settled.event)
                    && Arrays.equals(device, settled.device);
        }

        @Override
        public int hashCode() {
            return event.hashCode() ^ Arrays.hashCode(device);
        }
    }

    record OfCursor(RelayUrl relay, Instant upTo) implements StoredRow {
        @Override
        public RowChange insert() {
            return RowChange.cursor(relay, upTo);
        }
    }
}
