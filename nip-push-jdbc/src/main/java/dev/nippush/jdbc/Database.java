package dev.nippush.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;

/**
 * A database of one kind: how connections to it are opened, how it is kept from others, and what it wants to be said
 * differently. Connections are opened with auto-commit off. Immutable.
 */
abstract sealed class Database permits SqliteDatabase, PostgresDatabase {

    /** Which one, without anything secret. */
    abstract String shown();

    @Override
    public final String toString() {
        return shown();
    }

    /** Something held until it is closed. */
    interface Claim extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Makes it this process's, where only one may use it.
     *
     * @throws StoreException when another has it, or it cannot be written
     */
    abstract Claim claim();

    /** What tells whether a connection that has just been opened is still of use. */
    abstract Session.Guard guard() throws SQLException;

    /** A connection for commits. */
    abstract Connection connectToWrite() throws SQLException;

    /**
     * A connection for reading what is committed; each transaction sees one moment. As long as it is open, no import begins.
     *
     * @throws StoreException when an import runs
     */
    abstract Connection connectToRead() throws SQLException;

    /** A connection for reading beside a server that may run: nothing is written, and statements may take long. */
    abstract Connection connectToInspect() throws SQLException;

    /** A connection for migrations: statements may take long. */
    abstract Connection connectToMigrate() throws SQLException;

    /**
     * A connection for an import: no server uses the store as long as it is open.
     *
     * @throws StoreException when a server does
     */
    abstract Connection connectToImport() throws SQLException;

    /** Whether the failure is that of the database or of the way to it, rather than of one statement. */
    abstract boolean isOutage(SQLException failure);

    /** Why the database cannot be opened, and what to do. */
    abstract String advice(SQLException failure);

    /** A statement of {@link Schema} with this database's names of types. */
    abstract String inItsTypes(String statement);

    /** Keeps other migrations out until the end of the transaction. */
    abstract void beginMigration(Statement statement) throws SQLException;

    /** Sets what only this database knows, on tables that have just been made. */
    abstract void tune(Statement statement) throws SQLException;

    abstract boolean hasTable(Connection connection, String name) throws SQLException;

    /**
     * Looks whether a database without our tables is free for them.
     *
     * @throws StoreException when it is somebody else's
     */
    abstract void refuseForeign(Connection connection) throws SQLException;

    /** What the database itself finds wrong inside; nothing where it has no such check. */
    abstract List<String> integrity(Connection connection) throws SQLException;

    // ---- leases

    /** Takes what a transaction that writes has to have from its beginning. */
    abstract void beginWriting(Session session) throws SQLException;

    /** Takes partitions over, and returns their new epochs. */
    abstract Map<Integer, Long> acquire(Session session, SortedSet<Integer> parts) throws SQLException;

    /** The epochs of these partitions, which stay what they are until the end of the transaction. */
    abstract Map<Integer, Long> lockedEpochs(Session session, SortedSet<Integer> parts) throws SQLException;

    private static final String EPOCHS = "SELECT part, epoch FROM nippush_leases";

    /** All epochs, as they are at this moment. */
    static Map<Integer, Long> epochs(Session session) throws SQLException {
        return epochs(session.prepared(EPOCHS));
    }

    static Map<Integer, Long> epochs(PreparedStatement query) throws SQLException {
        Map<Integer, Long> epochs = new HashMap<>();
        try (ResultSet rows = query.executeQuery()) {
            while (rows.next()) {
                epochs.put(rows.getInt(1), rows.getLong(2));
            }
        }
        return epochs;
    }

    // ---- what is due

    /** Event, next_at, received_at, content and host: partition, channel, until, how many to look at, hosts to leave out, limit. */
    abstract String dueBesidesHosts();

    /**
     * The same, found host by host, for when those that are left out have most of what is due: partition, channel,
     * partition, channel, partition, channel, until, limit, hosts to leave out, limit.
     */
    abstract String dueHostByHost();

    /** Sets a parameter that is a set of texts. */
    abstract void setTexts(PreparedStatement statement, int index, Collection<String> texts) throws SQLException;
}
