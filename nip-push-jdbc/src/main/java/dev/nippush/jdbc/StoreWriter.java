package dev.nippush.jdbc;

import dev.nippush.store.Lease;
import dev.nippush.store.LeaseLostException;
import dev.nippush.store.Partition;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes the calls that write, many in a transaction. A transaction that fails for what one call brought is made again call
 * by call, so that the others land. Runs on a thread of its own.
 */
final class StoreWriter implements Runnable {

    private final Database database;
    private final Session session;
    private final Calls calls;
    private final AtomicLong transactions = new AtomicLong();

    StoreWriter(Database database, Session session, Calls calls) {
        this.database = database;
        this.session = session;
        this.calls = calls;
    }

    /** How many transactions were committed. */
    long transactions() {
        return transactions.get();
    }

    @Override
    public void run() {
        try {
            List<Call.Writing<?>> group = calls.nextWriting();
            while (!group.isEmpty()) {
                write(group);
                group = calls.nextWriting();
            }
        } catch (InterruptedException e) {
            // The store is closed and has waited long enough.
            Thread.currentThread().interrupt();
        } finally {
            session.close();
        }
    }

    private void write(List<Call.Writing<?>> group) {
        try {
            transact(group);
            return;
        } catch (SQLException e) {
            if (database.isOutage(e)) {
                // What the connection is worth is not known.
                session.rollback();
                session.close();
                fail(group, e);
                return;
            }
            refuse(group, e);
        } catch (StoreException e) {
            session.close();
            fail(group, e);
        } catch (RuntimeException | Error e) {
            refuse(group, e);
        }
    }

    /** What one call brought cannot be written; which one, is found by making each alone. */
    private void refuse(List<Call.Writing<?>> group, Throwable failure) {
        session.rollback();
        if (group.size() == 1) {
            fail(group, failure);
        } else {
            group.forEach(call -> write(List.of(call)));
        }
    }

    private void fail(List<Call.Writing<?>> group, Throwable failure) {
        StoreException told = Failures.told(database, failure);
        group.forEach(calls::ended);
        group.forEach(call -> call.fail(told));
    }

    // ---- one transaction

    private void transact(List<Call.Writing<?>> group) throws SQLException {
        List<Runnable> answers = new ArrayList<>(group.size());
        database.beginWriting(session);
        Map<Integer, Long> acquired = acquire(group);
        Map<Integer, Long> epochs = epochs(group);
        Round round = new Round(session);
        for (Call.Writing<?> call : group) {
            if (call instanceof Call.Acquire acquire) {
                Lease lease = new Lease(acquire.partition(), acquired.get(acquire.part()));
                answers.add(() -> acquire.succeed(lease));
            } else if (call instanceof Call.Commit commit) {
                answers.add(commit(commit, epochs, round));
            } else if (call instanceof Call.Sweep sweep) {
                answers.add(sweep(sweep, epochs, round));
            } else {
                throw new AssertionError(call);
            }
        }
        round.flush();
        session.commit();
        transactions.incrementAndGet();
        group.forEach(calls::ended);
        answers.forEach(Runnable::run);
    }

    private Map<Integer, Long> acquire(List<Call.Writing<?>> group) throws SQLException {
        SortedSet<Integer> parts = new TreeSet<>();
        group.stream().filter(Call.Acquire.class::isInstance).forEach(call -> parts.add(call.part()));
        return parts.isEmpty() ? Map.of() : database.acquire(session, parts);
    }

    private Map<Integer, Long> epochs(List<Call.Writing<?>> group) throws SQLException {
        SortedSet<Integer> parts = new TreeSet<>();
        group.stream().filter(call -> !(call instanceof Call.Acquire)).forEach(call -> parts.add(call.part()));
        return parts.isEmpty() ? Map.of() : database.lockedEpochs(session, parts);
    }

    static boolean isCurrent(Lease lease, Map<Integer, Long> epochs) {
        return epochs.getOrDefault(Columns.part(lease.partition()), 0L) == lease.epoch();
    }

    private static Runnable commit(Call.Commit commit, Map<Integer, Long> epochs, Round round) throws SQLException {
        if (!isCurrent(commit.lease(), epochs)) {
            return () -> commit.fail(new LeaseLostException(commit.lease()));
        }
        Round.Answer answer = round.add(commit.changes());
        return () -> commit.succeed(answer.committed());
    }

    private Runnable sweep(Call.Sweep sweep, Map<Integer, Long> epochs, Round round) throws SQLException {
        if (!isCurrent(sweep.lease(), epochs)) {
            return () -> sweep.fail(new LeaseLostException(sweep.lease()));
        }
        round.flush();
        boolean ofAccounts = sweep.partition().kind() == Partition.Kind.ACCOUNTS;
        int swept = sweep(ofAccounts ? Statements.SWEEP_DECISIONS : Statements.SWEEP_SETTLED, sweep, sweep.limit());
        if (swept < sweep.limit()) {
            swept += sweep(
                    ofAccounts ? Statements.SWEEP_CURSORS : Statements.SWEEP_EXPIRED, sweep, sweep.limit() - swept);
        }
        int all = swept;
        return () -> sweep.succeed(all);
    }

    private int sweep(String sql, Call.Sweep sweep, int limit) throws SQLException {
        PreparedStatement delete = session.prepared(sql);
        delete.setInt(1, sweep.part());
        delete.setLong(2, sweep.before());
        delete.setInt(3, limit);
        return delete.executeUpdate();
    }
}
