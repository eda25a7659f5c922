package dev.nippush.jdbc;

import static java.util.Objects.requireNonNull;

import dev.nippush.jdbc.Database.Claim;
import dev.nippush.store.Change;
import dev.nippush.store.Lease;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A store that outlives the process, in an SQLite file or a PostgreSQL database. {@link #open(String)} makes its tables
 * where there are none, and brings those of an older version up to date.
 *
 * <p><b>What is answered is on the disk.</b> One connection writes, one reads, each on a thread of its own, on which all
 * stages complete: what depends on a stage must not block. Commits that come within 3 ms, and those that come while others
 * are written, share a transaction of about 500 changes; each gets its own answer. How many calls wait is not limited here:
 * the engine has one commit for each partition on its way.
 *
 * <p><b>When the database fails</b>, because its disk is full, its file is locked, or it cannot be reached, the calls fail
 * with a {@link StoreException} and may be made again; the store connects again by itself. The engine logs that once, and
 * once more when it is over. A call whose answer was lost may have taken effect, as {@link PushStore#commit} says.
 *
 * <p><b>SQLite</b>: the file belongs to one process, which has the lock of {@code <file>-lock} as long as it runs. Files
 * are made with mode 0600. <b>PostgreSQL</b> 14 or newer: several processes may have it open, and each partition belongs to
 * the one that acquired it last; a transaction of any other is refused by the database's own locks. A database that is
 * silent for 10 s counts as lost.
 *
 * <p>Safe for use by several threads.
 */
public final class JdbcPushStore implements PushStore {

    private static final Duration LONGEST_CLOSE = Duration.ofSeconds(15);

    private final Database database;
    private final Calls calls;
    private final StoreWriter writer;
    private final List<Session> sessions;
    private final List<Thread> threads;
    private final Claim claim;

    private JdbcPushStore(
            Database database,
            Calls calls,
            StoreWriter writer,
            List<Session> sessions,
            List<Thread> threads,
            Claim claim) {
        this.database = database;
        this.calls = calls;
        this.writer = writer;
        this.sessions = sessions;
        this.threads = threads;
        this.claim = claim;
    }

    /**
     * Opens a store; blocks until it is open.
     *
     * @param url {@code jdbc:sqlite:} and the path of a file, whose directory exists; or a URL of the PostgreSQL driver
     * @throws StoreException when it cannot be opened; the message says what to do
     */
    public static JdbcPushStore open(String url) {
        return open(StoreUrl.read(url, Optional.empty()), Schema.MIGRATIONS);
    }

    /**
     * The same with a password that is not in the URL. SQLite has none, and ignores it.
     *
     * @throws StoreException when the store cannot be opened; the message says what to do
     */
    public static JdbcPushStore open(String url, String password) {
        return open(StoreUrl.read(url, Optional.of(password)), Schema.MIGRATIONS);
    }

    static JdbcPushStore open(Database database, List<List<String>> migrations) {
        Claim claim = database.claim();
        Schema schema = new Schema(database, migrations);
        Session reading = new Session(() -> checked(database.connectToRead(), schema), database::guard);
        Session writing = new Session(() -> checked(database.connectToWrite(), schema), database::guard);
        try {
            // Before anything is written: as long as it is open no import begins.
            try (Connection first = database.connectToRead();
                    Connection migrating = database.connectToMigrate()) {
                schema.migrate(migrating);
                first.rollback();
            }
            reading.connection();
            writing.connection();
        } catch (SQLException e) {
            letGo(reading, writing, claim);
            throw new StoreException(database.advice(e), e);
        } catch (RuntimeException | Error e) {
            letGo(reading, writing, claim);
            throw e;
        }
        Calls calls = new Calls();
        StoreWriter writer = new StoreWriter(database, writing, calls);
        StoreReader reader = new StoreReader(database, reading, calls);
        List<Thread> threads = List.of(thread(writer, "write"), thread(reader, "read"));
        threads.forEach(Thread::start);
        return new JdbcPushStore(database, calls, writer, List.of(writing, reading), threads, claim);
    }

    private static Connection checked(Connection connection, Schema schema) throws SQLException {
        try {
            schema.check(connection);
            return connection;
        } catch (SQLException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private static void letGo(Session reading, Session writing, Claim claim) {
        reading.close();
        writing.close();
        claim.close();
    }

    private static Thread thread(Runnable work, String name) {
        Thread thread = new Thread(work, "nip-push-store-" + name);
        // A host that forgets to close must be able to end.
        thread.setDaemon(true);
        return thread;
    }

    /** The URL of the database, without user, password and parameters. */
    public String location() {
        return database.shown();
    }

    /** How many transactions were committed. */
    long transactions() {
        return writer.transactions();
    }

    // ---- calls

    @Override
    public CompletionStage<Lease> acquire(Partition partition) {
        return made(new Call.Acquire(requireNonNull(partition)));
    }

    @Override
    public CompletionStage<Void> load(Lease lease, Sink sink) {
        return made(new Call.Load(requireNonNull(lease), requireNonNull(sink)));
    }

    @Override
    public CompletionStage<Committed> commit(Lease lease, List<Change> changes) {
        return made(new Call.Commit(requireNonNull(lease), RowChange.of(changes)));
    }

    @Override
    public CompletionStage<List<OwedPush>> due(Lease lease, Instant until, Except except, int limit) {
        return made(
                new Call.Due(requireNonNull(lease), requireNonNull(until), requireNonNull(except), positive(limit)));
    }

    @Override
    public CompletionStage<Integer> sweep(Lease lease, Instant before, int limit) {
        return made(new Call.Sweep(requireNonNull(lease), requireNonNull(before), positive(limit)));
    }

    private static int positive(int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("a limit of " + limit);
        }
        return limit;
    }

    private <T> CompletionStage<T> made(Call<T> call) {
        return calls.add(call)
                ? call.answer()
                : CompletableFuture.failedStage(new StoreException("the store is closed"));
    }

    // ---- the end

    /**
     * Ends with what was called before, for as long as 15 s; what is not answered then fails. Later calls fail. Calling it
     * again does nothing.
     */
    @Override
    public void close() {
        calls.close();
        long deadline = System.nanoTime() + LONGEST_CLOSE.toNanos();
        boolean interrupted = false;
        for (Thread thread : threads) {
            // What depends on a stage may close the store.
            if (thread != Thread.currentThread()) {
                interrupted |= !endedBefore(deadline, thread);
            }
        }
        List<Call<?>> left = calls.abandon();
        if (!left.isEmpty()) {
            StoreException closed = new StoreException("the store was closed before the database took this");
            left.forEach(call -> call.fail(closed));
        }
        for (int i = 0; i < threads.size(); i++) {
            if (threads.get(i).isAlive() && threads.get(i) != Thread.currentThread()) {
                threads.get(i).interrupt();
                sessions.get(i).abort();
            }
        }
        claim.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for the end of a thread; false when somebody wants this one to end at once. */
    private static boolean endedBefore(long deadline, Thread thread) {
        try {
            long millis = Math.max(1, (deadline - System.nanoTime()) / 1_000_000);
            thread.join(millis);
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    /** Names the database, without user, password and parameters. */
    @Override
    public String toString() {
        return "JdbcPushStore[" + database.shown() + "]";
    }
}
