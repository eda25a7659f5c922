package dev.nippush.jdbc;

import com.google.gson.JsonObject;
import dev.nippush.event.PublicKey;
import dev.nippush.jdbc.Database.Claim;
import dev.nippush.jdbc.Statements.Write;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * What an operator does with a store as a whole: looks whether it is sound, writes it to a file, and fills an empty one of
 * either database from such a file. Each method opens the database anew, works on the caller's thread until it is done,
 * keeps no more than a few hundred rows in memory, and throws {@link StoreException} when the database does not let it.
 *
 * <p>An export is text in UTF-8, a JSON object a line. It holds device tokens and notifications: keep it like a key. The
 * rows are in the same order whichever database they come from, so that exports of equal stores are equal.
 *
 * <p>Immutable.
 */
public final class StoreArchive {

    private static final int BATCH = 500;
    private static final long PROGRESS = 10_000;

    /** The longest line, in characters; those of accounts with all that they may name have a tenth of it. */
    private static final int MAX_LINE = 16 << 20;

    private final Database database;

    private StoreArchive(Database database) {
        this.database = database;
    }

    /**
     * That of the store at a URL, as {@link JdbcPushStore#open(String)} takes it; nothing is opened yet.
     *
     * @throws StoreException when it is no URL of a store
     */
    public static StoreArchive of(String url) {
        return new StoreArchive(StoreUrl.read(url, Optional.empty()));
    }

    /**
     * The same with a password that is not in the URL.
     *
     * @throws StoreException when it is no URL of a store
     */
    public static StoreArchive of(String url, String password) {
        return new StoreArchive(StoreUrl.read(url, Optional.of(password)));
    }

    // ---- check

    /**
     * Looks at every row, and lets SQLite look at its file. Changes nothing; a server may run meanwhile.
     *
     * @param progress hears now and then how many rows were looked at
     */
    public StoreReport check(LongConsumer progress) {
        return inspect(connection -> {
            Problems problems = new Problems();
            database.integrity(connection).forEach(problems::add);
            Orphans orphans = new Orphans(connection);
            StoreRows rows = new AllRows<>(
                            connection,
                            new AllRows.Taking<RuntimeException>() {
                                @Override
                                public void row(StoredRow row) throws SQLException {
                                    orphans.look(row);
                                }

                                @Override
                                public void damaged(String which, DamagedRowException why) {
                                    problems.add(which + ": " + why.getMessage());
                                }
                            },
                            progress)
                    .read();
            return new StoreReport(Schema.MIGRATIONS.size(), rows, orphans.found, problems.count, problems.first);
        });
    }

    private static final class Problems {
        private final List<String> first = new ArrayList<>();
        private long count;

        void add(String problem) {
            count++;
            if (first.size() < StoreReport.MAX_PROBLEMS) {
                first.add(problem);
            }
        }
    }

    /** Counts what belongs to accounts that the store does not know. */
    private static final class Orphans {
        private final Connection connection;
        private long found;

        Orphans(Connection connection) {
            this.connection = connection;
        }

        void look(StoredRow row) throws SQLException {
            if (row instanceof StoredRow.OfDecision decision && decision.held().isPresent()) {
                look(decision.account());
            } else if (row instanceof StoredRow.OfOwed owed) {
                look(owed.push().account());
            }
        }

        private void look(PublicKey account) throws SQLException {
            try (PreparedStatement query = connection.prepareStatement(Statements.KNOWS_ACCOUNT)) {
                query.setBytes(1, account.bytes());
                try (ResultSet known = query.executeQuery()) {
                    if (!known.next()) {
                        found++;
                    }
                }
            }
        }
    }

    // ---- export

    /**
     * Writes all rows as they are at one moment. Changes nothing; a server may run meanwhile.
     *
     * @param to is flushed, and not closed
     * @param progress hears now and then how many rows were written
     * @throws StoreException when a row is damaged, too: an export without it would not be the store
     * @throws IOException when it cannot be written
     */
    public StoreRows exportTo(Writer to, LongConsumer progress) throws IOException {
        return inspect(connection -> {
            line(to, ArchiveLines.header());
            StoreRows rows = new AllRows<>(
                            connection,
                            new AllRows.Taking<IOException>() {
                                @Override
                                public void row(StoredRow row) throws IOException {
                                    line(to, ArchiveLines.of(row));
                                }

                                @Override
                                public void damaged(String which, DamagedRowException why) {
                                    throw new StoreException(
                                            database.shown() + " is damaged: " + which + ": " + why.getMessage());
                                }
                            },
                            progress)
                    .read();
            line(to, ArchiveLines.end(rows.total()));
            to.flush();
            return rows;
        });
    }

    private static void line(Writer to, String line) throws IOException {
        to.write(line);
        to.write('\n');
    }

    private interface Inspection<T, E extends Exception> {
        T of(Connection connection) throws SQLException, E;
    }

    private <T, E extends Exception> T inspect(Inspection<T, E> inspection) throws E {
        try (Connection connection = database.connectToInspect()) {
            new Schema(database, Schema.MIGRATIONS).check(connection);
            T found = inspection.of(connection);
            connection.rollback();
            return found;
        } catch (SQLException e) {
            throw new StoreException(database.advice(e), e);
        }
    }

    // ---- import

    /**
     * Fills a store that has no rows yet with those of an export. All are written in one transaction, or none.
     *
     * @param from is read to its end, and not closed
     * @param progress hears now and then how many rows were read
     * @throws StoreException when the store has rows or a server uses it, and when a line is damaged, which the message
     *     names
     * @throws IOException when it cannot be read
     */
    public StoreRows importFrom(Reader from, LongConsumer progress) throws IOException {
        Claim claim = database.claim();
        try (Connection connection = database.connectToImport()) {
            new Schema(database, Schema.MIGRATIONS).migrate(connection);
            try {
                refuseRows(connection);
                StoreRows rows = new Import(connection, from, progress).run();
                connection.commit();
                return rows;
            } catch (SQLException | RuntimeException | IOException e) {
                connection.rollback();
                throw e;
            }
        } catch (SQLException e) {
            throw new StoreException(database.advice(e), e);
        } finally {
            claim.close();
        }
    }

    private void refuseRows(Connection connection) throws SQLException {
        for (String table : Statements.TABLES) {
            try (PreparedStatement query = connection.prepareStatement("SELECT 1 FROM " + table + " LIMIT 1");
                    ResultSet row = query.executeQuery()) {
                if (row.next()) {
                    throw new StoreException(
                            database.shown() + " has rows already: an import needs an empty store, such as a new one");
                }
            }
        }
    }

    private static final class Import {
        private final Connection connection;
        private final BufferedReader from;
        private final LongConsumer progress;
        private final ArchiveLines lines = new ArchiveLines();
        private final Map<Write, PreparedStatement> statements = new EnumMap<>(Write.class);
        private final Map<Write, List<Long>> batches = new EnumMap<>(Write.class);
        private final StoreRows.Counter counter = new StoreRows.Counter();
        private long number;

        Import(Connection connection, Reader from, LongConsumer progress) {
            this.connection = connection;
            this.from = new BufferedReader(from);
            this.progress = progress;
        }

        StoreRows run() throws SQLException, IOException {
            try {
                ArchiveLines.readHeader(next());
                JsonObject line = ArchiveLines.object(next());
                Optional<Long> end = ArchiveLines.readEnd(line);
                while (end.isEmpty()) {
                    add(lines.readRow(line));
                    line = ArchiveLines.object(next());
                    end = ArchiveLines.readEnd(line);
                }
                long rows = counter.rows().total();
                if (end.get() != rows) {
                    throw new DamagedRowException("there are " + rows + " rows, and not " + end.get());
                }
                if (from.read() >= 0) {
                    number++;
                    throw new DamagedRowException("more than belongs there");
                }
            } catch (DamagedRowException e) {
                throw new StoreException(
                        "line " + number + " of the export is damaged: " + e.getMessage() + ". Nothing was imported");
            }
            for (Write write : batches.keySet()) {
                flush(write);
            }
            refuseRepetitions(counter.rows());
            progress.accept(counter.rows().total());
            return counter.rows();
        }

        /** Accounts and cursors replace what is there: of those that were there twice one is left. */
        private void refuseRepetitions(StoreRows read) throws SQLException {
            if (count("nippush_accounts") != read.accounts() || count("nippush_cursors") != read.cursors()) {
                throw new StoreException("the export has an account or a cursor twice. Nothing was imported");
            }
        }

        private long count(String table) throws SQLException {
            try (PreparedStatement query = connection.prepareStatement("SELECT COUNT(*) FROM " + table);
                    ResultSet row = query.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }

        private String next() throws IOException {
            number++;
            StringBuilder line = new StringBuilder();
            int next = from.read();
            while (next >= 0 && next != '\n') {
                if (line.length() == MAX_LINE) {
                    throw new DamagedRowException("longer than any line");
                }
                line.append((char) next);
                next = from.read();
            }
            if (next < 0) {
                throw new DamagedRowException("the export ends too early");
            }
            return line.toString();
        }

        private void add(StoredRow row) throws SQLException {
            RowChange insert = row.insert();
            PreparedStatement statement = statements.get(insert.write());
            if (statement == null) {
                statement = connection.prepareStatement(insert.write().sql());
                statements.put(insert.write(), statement);
            }
            Round.set(statement, insert.values());
            statement.addBatch();
            List<Long> batch = batches.computeIfAbsent(insert.write(), any -> new ArrayList<>());
            batch.add(number);
            if (batch.size() == BATCH) {
                flush(insert.write());
            }
            long count = counter.count(row);
            if (count % PROGRESS == 0) {
                progress.accept(count);
            }
        }

        private void flush(Write write) throws SQLException {
            List<Long> batch = batches.get(write);
            if (batch.isEmpty()) {
                return;
            }
            int[] written = statements.get(write).executeBatch();
            for (int i = 0; i < written.length; i++) {
                if (written[i] == 0) {
                    throw new StoreException("line " + batch.get(i)
                            + " of the export has a row that is there already. Nothing was imported");
                }
            }
            batch.clear();
        }
    }
}
