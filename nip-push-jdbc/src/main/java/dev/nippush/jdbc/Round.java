package dev.nippush.jdbc;

import dev.nippush.jdbc.Statements.Write;
import dev.nippush.store.PushKey;
import dev.nippush.store.PushStore.Committed;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes the changes of several commits with few trips to the database: those with the same statement go together. Changes
 * of the same row are made in their order, others in any: the rows of one commit are not those of another, for their
 * partitions differ, and pushes, which accounts owe and devices end, are each claimed by one insert. Belongs to the writer.
 */
final class Round {

    private final Session session;
    private final Map<Write, List<Planned>> plan = new EnumMap<>(Write.class);
    private final Map<Object, Write> touched = new HashMap<>();

    /** What becomes of a change. */
    private interface Outcome {
        void made(boolean made);
    }

    private record Planned(RowChange change, Outcome outcome) {}

    /** The answer to a commit, as far as it is known. */
    static final class Answer {
        private final BitSet refused = new BitSet();
        private final Map<Integer, Set<PushKey>> owedBefore = new HashMap<>();

        Committed committed() {
            return new Committed(refused, owedBefore);
        }
    }

    Round(Session session) {
        this.session = session;
    }

    /** Adds the changes of a commit; the answer is complete after {@link #flush}. */
    Answer add(List<RowChange> changes) throws SQLException {
        Answer answer = new Answer();
        for (int i = 0; i < changes.size(); i++) {
            RowChange change = changes.get(i);
            int index = i;
            if (isTouched(change)) {
                flush();
            }
            touch(change);
            plan(change, made -> {
                answer.refused.set(index, !made);
                if (made) {
                    claim(change, index, answer);
                }
            });
        }
        return answer;
    }

    private boolean isTouched(RowChange change) {
        Write before = touched.get(change.row());
        return before != null && before != change.write()
                || change.pushes().stream().anyMatch(push -> isTouched(push.change()));
    }

    private void touch(RowChange change) {
        touched.put(change.row(), change.write());
        change.pushes().forEach(push -> touch(push.change()));
    }

    private void claim(RowChange owe, int index, Answer answer) {
        for (RowChange.Push push : owe.pushes()) {
            plan(push.change(), made -> {
                if (!made) {
                    answer.owedBefore
                            .computeIfAbsent(index, any -> new HashSet<>())
                            .add(push.key());
                }
            });
        }
    }

    private void plan(RowChange change, Outcome outcome) {
        plan.computeIfAbsent(change.write(), any -> new ArrayList<>()).add(new Planned(change, outcome));
    }

    /** Makes what was added since. */
    void flush() throws SQLException {
        // In the order of the constants: pushes are planned by what is owed, and come after it.
        for (Write write : Write.values()) {
            List<Planned> planned = plan.remove(write);
            if (planned != null) {
                execute(write, planned);
            }
        }
        touched.clear();
    }

    private void execute(Write write, List<Planned> planned) throws SQLException {
        PreparedStatement statement = session.prepared(write.sql());
        for (Planned each : planned) {
            set(statement, each.change().values());
            statement.addBatch();
        }
        int[] counts = statement.executeBatch();
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] < 0) {
                throw new SQLException("the driver does not say how many rows were written");
            }
            planned.get(i).outcome().made(counts[i] > 0);
        }
    }

    static void set(PreparedStatement statement, List<Object> values) throws SQLException {
        for (int i = 0; i < values.size(); i++) {
            Object value = values.get(i);
            if (value instanceof byte[] bytes) {
                statement.setBytes(i + 1, bytes);
            } else if (value instanceof String text) {
                statement.setString(i + 1, text);
            } else if (value instanceof Long number) {
                statement.setLong(i + 1, number);
            } else if (value instanceof Integer type) {
                statement.setNull(i + 1, type);
            } else {
                throw new AssertionError("a parameter of another type");
            }
        }
    }
}
