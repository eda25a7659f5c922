package dev.nippush.jdbc;

import java.sql.BatchUpdateException;
import java.sql.SQLException;

/** What the callers of a store are told when a call fails. */
final class Failures {

    private Failures() {}

    /** The failure as a caller gets it: it may try again. */
    static StoreException told(Database database, Throwable failure) {
        return failure instanceof StoreException told
                ? told
                : new StoreException(database.shown() + " failed: " + text(failure), rootOf(failure));
    }

    /** Of a failed batch only what the database said: the driver's own exception may repeat the values. */
    private static Throwable rootOf(Throwable failure) {
        SQLException next = failure instanceof BatchUpdateException batch ? batch.getNextException() : null;
        return next == null ? failure : next;
    }

    private static String text(Throwable failure) {
        String message = rootOf(failure).getMessage();
        return message == null ? failure.getClass().getSimpleName() : message;
    }
}
