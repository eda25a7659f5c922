package dev.nippush.jdbc;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.SortedSet;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * A PostgreSQL database, or rather the first schema of its search path. Several programs may have it open; of each
 * partition only the one that acquired it last writes. A server that uses it has a shared advisory lock, an import the
 * same one for itself.
 */
final class PostgresDatabase extends Database {

    /** The first half of the advisory lock's key, "nipp"; the other half is the schema. */
    private static final int LOCK = 0x6e697070;

    private static final int MIGRATION_LOCK = LOCK + 1;

    private static final String TRY_SHARED = "SELECT pg_try_advisory_lock_shared(?, hashtext(current_schema()))";
    private static final String TRY_ALONE = "SELECT pg_try_advisory_lock(?, hashtext(current_schema()))";

    private static final int MIN_VERSION = 14;

    /** A database that does not answer for so long counts as lost. A statement gives up before that, and says so. */
    private static final int SOCKET_SECONDS = 10;

    private static final int CONNECT_SECONDS = 5;
    private static final int STATEMENT_MILLIS = 8_000;
    private static final int LOCK_MILLIS = 4_000;

    /** Classes of SQLSTATE that say nothing of the statement: connection, resources, operator, system. */
    private static final List<String> OUTAGES = List.of("08", "53", "57", "58", "XX", "25");

    private final String url;
    private final String shown;
    private final Properties credentials;

    PostgresDatabase(String url, String shown, Properties credentials) {
        this.url = url;
        this.shown = shown;
        this.credentials = credentials;
    }

    @Override
    String shown() {
        return shown;
    }

    // ---- connections

    @Override
    Claim claim() {
        return () -> {};
    }

    @Override
    Session.Guard guard() {
        // The server ends the connections of a database that it drops.
        return () -> {};
    }

    @Override
    Connection connectToWrite() throws SQLException {
        return prepared(connect(SOCKET_SECONDS), true);
    }

    @Override
    Connection connectToRead() throws SQLException {
        return prepared(prepared(connect(SOCKET_SECONDS), true), this::readOneMoment);
    }

    private void readOneMoment(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            // Rows are read in the order of an index, a few from its beginning: sorting all of them is never better.
            statement.execute("SET enable_sort = off");
            statement.execute("SET enable_bitmapscan = off");
            // The few rows that are sorted nevertheless look so expensive then that the query would be compiled.
            statement.execute("SET jit = off");
        }
        if (!tryLock(connection, TRY_SHARED)) {
            throw new StoreException("An import into " + shown + " is running: wait until it has ended");
        }
        connection.setReadOnly(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    }

    @Override
    Connection connectToInspect() throws SQLException {
        return prepared(prepared(connect(0), false), connection -> {
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        });
    }

    @Override
    Connection connectToMigrate() throws SQLException {
        return prepared(connect(0), false);
    }

    @Override
    Connection connectToImport() throws SQLException {
        return prepared(prepared(connect(0), false), connection -> {
            if (!tryLock(connection, TRY_ALONE)) {
                throw new StoreException(shown + " is used by a nip-push that runs: stop it first");
            }
        });
    }

    private Connection connect(int socketSeconds) throws SQLException {
        Properties properties = new Properties();
        properties.putAll(credentials);
        PGProperty.APPLICATION_NAME.set(properties, "nip-push");
        PGProperty.CONNECT_TIMEOUT.set(properties, CONNECT_SECONDS);
        PGProperty.SOCKET_TIMEOUT.set(properties, socketSeconds);
        PGProperty.TCP_KEEP_ALIVE.set(properties, true);
        // Such details hold the values of rows, which must not reach a log.
        PGProperty.LOG_SERVER_ERROR_DETAIL.set(properties, false);
        Connection connection = new Driver().connect(url, properties);
        if (connection == null) {
            throw new StoreException(
                    shown + " is no URL of a PostgreSQL database: jdbc:postgresql://host:port/database");
        }
        return connection;
    }

    private Connection prepared(Connection connection, boolean hurried) throws SQLException {
        return prepared(connection, made -> {
            if (made.getMetaData().getDatabaseMajorVersion() < MIN_VERSION) {
                throw new StoreException(shown + " is a PostgreSQL older than " + MIN_VERSION);
            }
            made.setAutoCommit(true);
            try (Statement statement = made.createStatement()) {
                // Off would answer commits that are not on the disk yet.
                statement.execute("SELECT set_config('synchronous_commit', 'on', false)"
                        + " WHERE current_setting('synchronous_commit') = 'off'");
                if (hurried) {
                    statement.execute("SET statement_timeout = " + STATEMENT_MILLIS);
                    statement.execute("SET lock_timeout = " + LOCK_MILLIS);
                }
            }
            made.setAutoCommit(false);
        });
    }

    private interface Preparation {
        void of(Connection connection) throws SQLException;
    }

    private static Connection prepared(Connection connection, Preparation preparation) throws SQLException {
        try {
            preparation.of(connection);
            return connection;
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private static boolean tryLock(Connection connection, String how) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(how)) {
            query.setInt(1, LOCK);
            boolean locked;
            try (ResultSet row = query.executeQuery()) {
                row.next();
                locked = row.getBoolean(1);
            }
            // The lock is the session's, not the transaction's.
            connection.commit();
            return locked;
        }
    }

    @Override
    boolean isOutage(SQLException failure) {
        String state = failure.getSQLState();
        return state == null || OUTAGES.stream().anyMatch(state::startsWith);
    }

    @Override
    String advice(SQLException failure) {
        String state = failure.getSQLState() == null ? "" : failure.getSQLState();
        if (state.startsWith("28")) {
            return shown + " refuses the user or the password";
        }
        if (state.equals("3D000")) {
            return shown + " does not exist: create the database";
        }
        if (state.equals("42501")) {
            return shown + " does not let this user create tables: grant it CREATE on the schema";
        }
        if (state.startsWith("08")) {
            return shown + " cannot be reached: " + failure.getMessage();
        }
        return shown + " cannot be opened: " + failure.getMessage();
    }

    // ---- tables

    @Override
    String inItsTypes(String statement) {
        return statement.replace("$bytes", "BYTEA").replace("$text", "TEXT COLLATE \"C\"");
    }

    @Override
    void beginMigration(Statement statement) throws SQLException {
        statement.execute("SELECT pg_advisory_xact_lock(" + MIGRATION_LOCK + ", hashtext(current_schema()))");
    }

    @Override
    void tune(Statement statement) throws SQLException {
        // Keys do not compress, and a content of a page at most is read fastest where its row is.
        statement.execute("ALTER TABLE nippush_accounts ALTER content SET STORAGE EXTERNAL");
        statement.execute("ALTER TABLE nippush_accounts SET (toast_tuple_target = 8160)");
    }

    @Override
    boolean hasTable(Connection connection, String name) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(
                "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?")) {
            query.setString(1, name);
            try (ResultSet row = query.executeQuery()) {
                return row.next();
            }
        }
    }

    @Override
    void refuseForeign(Connection connection) throws SQLException {
        // Others' tables may stand beside ours: the names of ours begin alike.
        if (hasTable(connection, "nippush_accounts")) {
            throw new StoreException(shown + " has tables of nip-push without their version: use another schema");
        }
    }

    @Override
    List<String> integrity(Connection connection) {
        return List.of();
    }

    // ---- leases

    @Override
    void beginWriting(Session session) {
        // Locks are those of rows, and each statement takes its own.
    }

    @Override
    Map<Integer, Long> acquire(Session session, SortedSet<Integer> parts) throws SQLException {
        PreparedStatement take = session.prepared("INSERT INTO nippush_leases (part, epoch)"
                + " SELECT part, 1 FROM unnest(?) AS wanted (part) ORDER BY part"
                + " ON CONFLICT (part) DO UPDATE SET epoch = nippush_leases.epoch + 1 RETURNING part, epoch");
        setNumbers(take, 1, parts);
        return epochs(take);
    }

    @Override
    Map<Integer, Long> lockedEpochs(Session session, SortedSet<Integer> parts) throws SQLException {
        PreparedStatement query =
                session.prepared("SELECT part, epoch FROM nippush_leases WHERE part = ANY (?) ORDER BY part FOR SHARE");
        setNumbers(query, 1, parts);
        return epochs(query);
    }

    private static void setNumbers(PreparedStatement statement, int index, Collection<Integer> numbers)
            throws SQLException {
        Array array = statement.getConnection().createArrayOf("int4", numbers.toArray());
        statement.setArray(index, array);
    }

    // ---- what is due

    @Override
    String dueBesidesHosts() {
        return "SELECT event, next_at, received_at, content, host FROM"
                + " (SELECT event, next_at, received_at, content, host FROM nippush_pushes"
                + " WHERE part = ? AND channel = ? AND next_at <= ? ORDER BY next_at, received_at LIMIT ?) first"
                + " WHERE host IS NULL OR host <> ALL (?)"
                + " ORDER BY next_at, received_at LIMIT ?";
    }

    @Override
    String dueHostByHost() {
        // Each is written so that no index but that of hosts gives the order: what the planner thinks of a table that
        // grew a
        // minute ago is no help.
        return "WITH RECURSIVE hosts (host) AS ("
                + "SELECT (SELECT host FROM nippush_pushes WHERE part = ? AND channel = ? AND host IS NOT NULL"
                + " AND next_at IS NOT NULL ORDER BY host LIMIT 1)"
                + " UNION ALL SELECT (SELECT other.host FROM nippush_pushes other WHERE other.part = ?"
                + " AND other.channel = ? AND other.host > hosts.host AND other.next_at IS NOT NULL"
                + " ORDER BY other.host LIMIT 1) FROM hosts WHERE hosts.host IS NOT NULL)"
                + " SELECT event, next_at, received_at, content, hosts.host FROM hosts CROSS JOIN LATERAL"
                + " (SELECT due.event, due.next_at, due.received_at, due.content FROM nippush_pushes due"
                + " WHERE due.part = ? AND due.channel = ? AND due.host >= hosts.host AND due.next_at IS NOT NULL"
                + " AND (due.host, due.next_at) <= (hosts.host, ?)"
                + " ORDER BY due.host, due.next_at, due.received_at LIMIT ?) pushes"
                + " WHERE hosts.host IS NOT NULL AND hosts.host <> ALL (?)"
                + " ORDER BY next_at, received_at LIMIT ?";
    }

    @Override
    void setTexts(PreparedStatement statement, int index, Collection<String> texts) throws SQLException {
        statement.setArray(index, statement.getConnection().createArrayOf("text", texts.toArray()));
    }
}
