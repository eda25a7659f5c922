package dev.nippush.jdbc;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConfig.JournalMode;
import org.sqlite.SQLiteConfig.LockingMode;
import org.sqlite.SQLiteConfig.SynchronousMode;
import org.sqlite.SQLiteConfig.TempStore;
import org.sqlite.SQLiteConfig.TransactionMode;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;
import org.sqlite.SQLiteOpenMode;

/**
 * An SQLite file. It is written through the write-ahead log, and each commit is on the disk before it is answered.
 *
 * <p>Beside it is an empty database, {@code <file>-lock}, on which the process that uses the store has SQLite's exclusive
 * lock. The operating system takes the lock away when the process ends, however it ends. (A lock through
 * {@code FileChannel} would be lost as soon as anything in the process closed another channel on the same file.)
 */
final class SqliteDatabase extends Database {

    private static final Gson GSON = new Gson();

    /** How long to wait for a lock that another connection, such as that of a backup, has. */
    private static final int BUSY_MILLIS = 2_000;

    /** After so many pages the log is copied into the file; small values do it so often that commits suffer. */
    private static final int CHECKPOINT_PAGES = 4_000;

    private static final int LOG_BYTES = 64 << 20;
    private static final int CACHE_KIB = 32 << 10;

    private static final Set<SQLiteErrorCode> OF_ONE_STATEMENT = Set.of(
            SQLiteErrorCode.SQLITE_ERROR,
            SQLiteErrorCode.SQLITE_CONSTRAINT,
            SQLiteErrorCode.SQLITE_TOOBIG,
            SQLiteErrorCode.SQLITE_MISMATCH,
            SQLiteErrorCode.SQLITE_RANGE);

    private final Path file;
    private final Tuning tuning;

    /** What is set on each connection besides what is always set. */
    interface Tuning {
        void of(Statement statement) throws SQLException;
    }

    SqliteDatabase(Path file) {
        this(file, statement -> {});
    }

    SqliteDatabase(Path file, Tuning tuning) {
        this.file = file;
        this.tuning = tuning;
    }

    @Override
    String shown() {
        return "jdbc:sqlite:" + file;
    }

    // ---- connections

    @Override
    Claim claim() {
        createPrivately(file);
        Path lock = lock();
        createPrivately(lock);
        SQLiteConfig config = config(0);
        // Nothing is ever written, and a journal would be left behind by a process that is killed.
        config.setJournalMode(JournalMode.MEMORY);
        config.setTransactionMode(TransactionMode.EXCLUSIVE);
        try {
            Connection held = config.createConnection("jdbc:sqlite:" + lock);
            Claim claim = () -> {
                try {
                    held.close();
                } catch (SQLException e) {
                    throw new StoreException(lock + " cannot be closed", e);
                }
            };
            try (Statement statement = held.createStatement()) {
                statement.execute("BEGIN EXCLUSIVE");
                return claim;
            } catch (SQLException e) {
                claim.close();
                throw e;
            }
        } catch (SQLException e) {
            throw codeOf(e) == SQLiteErrorCode.SQLITE_BUSY
                    ? new StoreException(
                            shown() + " is used by a nip-push that runs already: stop it first, or use another file", e)
                    : new StoreException(lock + " cannot be locked: " + e.getMessage(), e);
        }
    }

    /** Beside the file itself, by whichever link it was named. */
    private Path lock() {
        try {
            Path real = file.toRealPath();
            return real.resolveSibling(real.getFileName() + "-lock");
        } catch (IOException e) {
            throw new StoreException(file + " cannot be found", e);
        }
    }

    /** SQLite gives its other files the mode of the first one. */
    private static void createPrivately(Path path) {
        boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] mode = posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
        try {
            Files.createFile(path, mode);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isRegularFile(path)) {
                throw new StoreException(path + " is no file", e);
            }
            if (!Files.isWritable(path)) {
                throw new StoreException(path + " may not be written by this user", e);
            }
        } catch (IOException e) {
            throw new StoreException(
                    path + " cannot be created: its directory has to exist, and this user to be allowed to write there",
                    e);
        }
    }

    @Override
    Session.Guard guard() throws SQLException {
        return new FileGuard(file);
    }

    @Override
    Connection connectToWrite() throws SQLException {
        SQLiteConfig config = config(BUSY_MILLIS);
        config.setJournalMode(JournalMode.WAL);
        config.setSynchronous(SynchronousMode.FULL);
        config.setJournalSizeLimit(LOG_BYTES);
        return connect(config, "PRAGMA wal_autocheckpoint = " + CHECKPOINT_PAGES);
    }

    @Override
    Connection connectToRead() throws SQLException {
        return connect(config(BUSY_MILLIS), "PRAGMA query_only = 1");
    }

    @Override
    Connection connectToInspect() throws SQLException {
        if (!Files.isRegularFile(file)) {
            throw new StoreException(file + " does not exist");
        }
        return connectToRead();
    }

    @Override
    Connection connectToMigrate() throws SQLException {
        return connectToWrite();
    }

    @Override
    Connection connectToImport() throws SQLException {
        return connectToWrite();
    }

    private static SQLiteConfig config(int busyMillis) {
        SQLiteConfig config = new SQLiteConfig();
        // A file that is gone is an error: an empty one in its place would look like a store without registrations.
        config.resetOpenMode(SQLiteOpenMode.CREATE);
        config.setBusyTimeout(busyMillis);
        config.setLockingMode(LockingMode.NORMAL);
        config.setTempStore(TempStore.MEMORY);
        config.setCacheSize(-CACHE_KIB);
        return config;
    }

    private Connection connect(SQLiteConfig config, String pragma) throws SQLException {
        Connection connection = config.createConnection("jdbc:sqlite:" + file);
        try (Statement statement = connection.createStatement()) {
            statement.execute(pragma);
            tuning.of(statement);
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
        connection.setAutoCommit(false);
        return connection;
    }

    @Override
    boolean isOutage(SQLException failure) {
        return !OF_ONE_STATEMENT.contains(codeOf(failure));
    }

    @Override
    String advice(SQLException failure) {
        return switch (codeOf(failure)) {
            case SQLITE_NOTADB -> file + " is no SQLite database: name another file";
            case SQLITE_CORRUPT -> file + " is damaged: check the disk, and go back to a backup or an export";
            case SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM ->
                file + " cannot be written: it and its directory have to be writable by this user";
            case SQLITE_BUSY -> file + " is locked by another program, such as one that copies it: try again later";
            case SQLITE_FULL -> file + " cannot grow: its disk is full";
            default -> file + " cannot be opened: " + failure.getMessage();
        };
    }

    private static SQLiteErrorCode codeOf(SQLException failure) {
        // The low byte of an extended code is the code.
        return failure instanceof SQLiteException sqlite
                ? SQLiteErrorCode.getErrorCode(sqlite.getResultCode().code & 0xff)
                : SQLiteErrorCode.getErrorCode(failure.getErrorCode() & 0xff);
    }

    // ---- tables

    @Override
    String inItsTypes(String statement) {
        return statement.replace("$bytes", "BLOB").replace("$text", "TEXT");
    }

    @Override
    void beginMigration(Statement statement) {
        // The lock of claim() has kept them out already.
    }

    @Override
    void tune(Statement statement) {
        // Pragmas are set for each connection.
    }

    @Override
    boolean hasTable(Connection connection, String name) throws SQLException {
        try (PreparedStatement query =
                connection.prepareStatement("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")) {
            query.setString(1, name);
            try (ResultSet row = query.executeQuery()) {
                return row.next();
            }
        }
    }

    @Override
    void refuseForeign(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT COUNT(*) FROM sqlite_schema")) {
            row.next();
            if (row.getInt(1) > 0) {
                throw new StoreException(file + " is a database of something else: name another file");
            }
        }
    }

    @Override
    List<String> integrity(Connection connection) throws SQLException {
        List<String> found = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("PRAGMA integrity_check")) {
            while (rows.next()) {
                found.add(rows.getString(1));
            }
        }
        return found.equals(List.of("ok")) ? List.of() : found;
    }

    // ---- leases

    @Override
    void beginWriting(Session session) throws SQLException {
        session.check();
        // The driver begins the next transaction when the last one ends, so it must not have the lock from its
        // beginning. And
        // one that begins to write after it has read does not wait for the lock of another.
        session.prepared("UPDATE nippush_schema SET version = version WHERE version < 0")
                .executeUpdate();
    }

    @Override
    Map<Integer, Long> acquire(Session session, SortedSet<Integer> parts) throws SQLException {
        Map<Integer, Long> epochs = new HashMap<>();
        for (int part : parts) {
            PreparedStatement take = session.prepared("INSERT INTO nippush_leases (part, epoch) VALUES (?, 1)"
                    + " ON CONFLICT (part) DO UPDATE SET epoch = epoch + 1 RETURNING part, epoch");
            take.setInt(1, part);
            epochs.putAll(epochs(take));
        }
        return epochs;
    }

    @Override
    Map<Integer, Long> lockedEpochs(Session session, SortedSet<Integer> parts) throws SQLException {
        // There is one writer, and this transaction is its.
        return epochs(session);
    }

    // ---- what is due

    @Override
    String dueBesidesHosts() {
        return "SELECT event, next_at, received_at, content, host FROM"
                + " (SELECT event, next_at, received_at, content, host FROM nippush_pushes"
                + " WHERE part = ? AND channel = ? AND next_at <= ? ORDER BY next_at, received_at LIMIT ?)"
                + " WHERE host IS NULL OR host NOT IN (SELECT value FROM json_each(?))"
                + " ORDER BY next_at, received_at LIMIT ?";
    }

    @Override
    String dueHostByHost() {
        return "WITH RECURSIVE hosts (host) AS ("
                + "SELECT MIN(host) FROM nippush_pushes WHERE part = ? AND channel = ? AND host IS NOT NULL"
                + " AND next_at IS NOT NULL"
                + " UNION ALL SELECT (SELECT MIN(other.host) FROM nippush_pushes other WHERE other.part = ?"
                + " AND other.channel = ? AND other.host > hosts.host AND other.next_at IS NOT NULL)"
                + " FROM hosts WHERE hosts.host IS NOT NULL)"
                + " SELECT event, next_at, received_at, content, hosts.host FROM hosts CROSS JOIN nippush_pushes pushes"
                + " ON pushes.rowid IN (SELECT due.rowid FROM nippush_pushes due WHERE due.part = ? AND due.channel = ?"
                + " AND due.host = hosts.host AND due.next_at <= ? ORDER BY due.next_at, due.received_at LIMIT ?)"
                + " WHERE hosts.host IS NOT NULL AND hosts.host NOT IN (SELECT value FROM json_each(?))"
                + " ORDER BY next_at, received_at LIMIT ?";
    }

    @Override
    void setTexts(PreparedStatement statement, int index, Collection<String> texts) throws SQLException {
        statement.setString(index, GSON.toJson(new TreeSet<>(texts)));
    }
}
