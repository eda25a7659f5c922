package dev.nippush.jdbc;

/**
 * How many rows a store has of each sort.
 *
 * @param accounts those that are registered, and those of which only marks are known
 * @param held events that wait for their account
 * @param decisions on events that are not held
 * @param owed pushes that have to end
 * @param settled pushes that have ended
 * @param cursors relays of which it is known how far they were read
 */
public record StoreRows(long accounts, long held, long decisions, long owed, long settled, long cursors) {

    /** All together. */
    public long total() {
        return accounts + held + decisions + owed + settled + cursors;
    }

    /** Counts rows. Belongs to one thread. */
    static final class Counter {
        private long accounts;
        private long held;
        private long decisions;
        private long owed;
        private long settled;
        private long cursors;

        /** Counts a row, and returns how many there were. */
        long count(StoredRow row) {
            if (row instanceof StoredRow.OfAccount) {
                accounts++;
            } else if (row instanceof StoredRow.OfDecision decision) {
                if (decision.held().isPresent()) {
                    held++;
                } else {
                    decisions++;
                }
            } else if (row instanceof StoredRow.OfOwed) {
                owed++;
            } else if (row instanceof StoredRow.OfSettled) {
                settled++;
            } else if (row instanceof StoredRow.OfCursor) {
                cursors++;
            } else {
                throw new AssertionError(row);
            }
            return rows().total();
        }

        StoreRows rows() {
            return new StoreRows(accounts, held, decisions, owed, settled, cursors);
        }
    }
}
