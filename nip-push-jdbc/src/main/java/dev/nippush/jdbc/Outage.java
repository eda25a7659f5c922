package dev.nippush.jdbc;

import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.util.EnumSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says once that a database fails, and once that it works again, however many calls notice. For any thread. */
final class Outage {

    private static final Logger log = LoggerFactory.getLogger(Outage.class);

    private final String shown;
    private final Set<Side> failing = EnumSet.noneOf(Side.class);

    /** What is done with a database. A full disk can be read from. */
    enum Side {
        WRITING,
        READING
    }

    Outage(String shown) {
        this.shown = shown;
    }

    synchronized void failed(Side side, Throwable failure) {
        if (failing.isEmpty()) {
            log.warn(
                    "{} fails ({}); what is not stored waits, and is tried again until it works", shown, text(failure));
        }
        failing.add(side);
    }

    synchronized void worked(Side side) {
        if (failing.remove(side) && failing.isEmpty()) {
            log.info("{} works again", shown);
        }
    }

    /** The failure as a caller gets it: it may try again. */
    StoreException exception(Throwable failure) {
        return failure instanceof StoreException told
                ? told
                : new StoreException(shown + " failed: " + text(failure), rootOf(failure));
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
