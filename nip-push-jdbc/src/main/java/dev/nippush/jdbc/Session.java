package dev.nippush.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLNonTransientException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that is opened when it is needed, and again after it broke; with its prepared statements. Belongs to one
 * thread, but for {@link #abort}.
 */
final class Session implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Session.class);

    /** Calls that come sooner after a failed attempt to connect fail with it, so that many calls do not knock many times. */
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Opening opening;
    private final Guarding guarding;
    private final Map<String, PreparedStatement> statements = new HashMap<>();

    private volatile @Nullable Connection connection;
    private Guard guard = () -> {};
    private @Nullable Exception failure;
    private @Nullable SQLNonTransientException hopeless;
    private long failedAt;

    /** Opens a connection. */
    interface Opening {
        Connection open() throws SQLException;
    }

    /** Says whether a connection that was opened is still of use. */
    interface Guard {

        /**
         * Checks.
         *
         * @throws SQLNonTransientException when another connection would be of no use either
         */
        void check() throws SQLException;
    }

    /** Makes the guard of a connection that has just been opened. */
    interface Guarding {
        Guard guard() throws SQLException;
    }

    Session(Opening opening, Guarding guarding) {
        this.opening = opening;
        this.guarding = guarding;
    }

    /** Checks whether the connection is still of use; one that is not open yet is. */
    void check() throws SQLException {
        try {
            guard.check();
        } catch (SQLNonTransientException e) {
            hopeless = e;
            throw e;
        }
    }

    /** The connection, opened if there is none. */
    Connection connection() throws SQLException {
        if (hopeless != null) {
            throw hopeless;
        }
        Connection known = connection;
        if (known != null) {
            return known;
        }
        if (failure != null && System.nanoTime() - failedAt < PAUSE_NANOS) {
            throw new SQLException("not connected: " + failure.getMessage(), "08001", failure);
        }
        try {
            Connection opened = opening.open();
            connection = opened;
            guard = guarding.guard();
            failure = null;
            return opened;
        } catch (SQLException | RuntimeException e) {
            close();
            failure = e;
            failedAt = System.nanoTime();
            throw e;
        }
    }

    /** A statement, ready for new parameters. */
    PreparedStatement prepared(String sql) throws SQLException {
        PreparedStatement known = statements.get(sql);
        if (known != null) {
            return known;
        }
        PreparedStatement made = connection().prepareStatement(sql);
        statements.put(sql, made);
        return made;
    }

    void commit() throws SQLException {
        connection().commit();
    }

    /** Ends a transaction that failed; a connection that cannot even do that is given up. */
    void rollback() {
        Connection known = connection;
        if (known == null) {
            return;
        }
        try {
            known.rollback();
        } catch (SQLException e) {
            log.debug("A transaction could not be rolled back", e);
            close();
        }
    }

    /** Lets go of the connection; the next call opens another one. */
    @Override
    public void close() {
        Connection known = connection;
        connection = null;
        guard = () -> {};
        statements.clear();
        if (known != null) {
            try {
                known.close();
            } catch (SQLException e) {
                log.debug("A connection could not be closed", e);
            }
        }
    }

    /** Breaks off what the connection is doing. Called on any thread. */
    void abort() {
        Connection known = connection;
        if (known != null) {
            try {
                known.abort(Runnable::run);
            } catch (SQLException e) {
                log.debug("A connection could not be broken off", e);
            }
        }
    }
}
