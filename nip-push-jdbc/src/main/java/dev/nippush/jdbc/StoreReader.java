package dev.nippush.jdbc;

import static java.util.Comparator.comparingLong;

import dev.nippush.account.Account;
import dev.nippush.address.Channel;
import dev.nippush.address.RelayUrl;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.LeaseLostException;
import dev.nippush.store.OwedPush;
import dev.nippush.store.PushStore.Sink;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the calls that read. Partitions that are loaded at the same time are loaded in one pass over the table, and no row
 * is kept. A row that cannot be read is reported and left where it is. Runs on a thread of its own.
 */
final class StoreReader implements Runnable {

    private static final Logger log = LoggerFactory.getLogger(StoreReader.class);

    /** With fewer partitions to load their rows are looked up; with more the whole table is read in its own order. */
    private static final int FEW_PARTITIONS = 8;

    private static final int FETCHED_AT_ONCE = 500;

    /** How many rows of hosts that are left out are passed over before the others are looked up host by host. */
    private static final int PASSED_OVER = 1_000;

    private final Database database;
    private final Session session;
    private final Calls calls;
    private final Contents contents = new Contents();
    private final Set<String> damaged = new HashSet<>();

    StoreReader(Database database, Session session, Calls calls) {
        this.database = database;
        this.session = session;
        this.calls = calls;
    }

    @Override
    public void run() {
        try {
            List<Call.Reading<?>> next = calls.nextReading();
            while (!next.isEmpty()) {
                read(next);
                next = calls.nextReading();
            }
        } catch (InterruptedException e) {
            // The store is closed and has waited long enough.
            Thread.currentThread().interrupt();
        } finally {
            session.close();
        }
    }

    private void read(List<Call.Reading<?>> group) {
        try {
            List<Runnable> answers = answers(group);
            // Ends the moment that the next reading must not see again.
            session.commit();
            group.forEach(calls::ended);
            answers.forEach(Runnable::run);
        } catch (SQLException | RuntimeException | Error e) {
            session.rollback();
            session.close();
            StoreException told = Failures.told(database, e);
            group.forEach(calls::ended);
            group.forEach(call -> call.fail(told));
        }
    }

    private List<Runnable> answers(List<Call.Reading<?>> group) throws SQLException {
        Map<Integer, Long> epochs = Database.epochs(session);
        List<Runnable> answers = new ArrayList<>();
        Map<Integer, Loading> loads = new HashMap<>();
        for (Call.Reading<?> call : group) {
            if (!StoreWriter.isCurrent(call.lease(), epochs)) {
                answers.add(() -> call.fail(new LeaseLostException(call.lease())));
            } else if (call instanceof Call.Due due) {
                List<OwedPush> pushes = due(due);
                answers.add(() -> due.succeed(pushes));
            } else if (call instanceof Call.Load load) {
                loads.computeIfAbsent(load.part(), any -> new Loading()).calls.add(load);
            } else {
                throw new AssertionError(call);
            }
        }
        load(loads);
        loads.values().forEach(loading -> answers.add(loading::end));
        return answers;
    }

    // ---- loading

    /** The calls that load one partition, as a rule one. */
    private static final class Loading {
        private final List<Call.Load> calls = new ArrayList<>();
        private @Nullable RuntimeException failure;

        /** Hands out something that was read. A sink that throws gets no more. */
        void give(Giving giving) {
            if (failure == null) {
                try {
                    calls.forEach(call -> giving.to(call.sink()));
                } catch (RuntimeException e) {
                    failure = e;
                }
            }
        }

        void end() {
            for (Call.Load call : calls) {
                if (failure == null) {
                    call.succeed(null);
                } else {
                    call.fail(failure);
                }
            }
        }
    }

    private interface Giving {
        void to(Sink sink);
    }

    private void load(Map<Integer, Loading> loads) throws SQLException {
        if (loads.isEmpty()) {
            return;
        }
        Contents contents = Contents.ofMany();
        if (loads.size() > FEW_PARTITIONS) {
            accounts(session.prepared(Statements.ALL_ACCOUNTS), loads, contents);
        } else {
            for (int part : loads.keySet()) {
                PreparedStatement query = session.prepared(Statements.ACCOUNTS_OF);
                query.setInt(1, part);
                accounts(query, loads, contents);
            }
        }
        for (Map.Entry<Integer, Loading> each : loads.entrySet()) {
            held(each.getKey(), each.getValue());
            cursors(each.getKey(), each.getValue());
        }
    }

    private void accounts(PreparedStatement query, Map<Integer, Loading> loads, Contents contents) throws SQLException {
        query.setFetchSize(FETCHED_AT_ONCE);
        try (ResultSet rows = query.executeQuery()) {
            while (rows.next()) {
                Loading loading = loads.get(rows.getInt(1));
                if (loading != null) {
                    byte[] pubkey = rows.getBytes(2);
                    byte[] content = rows.getBytes(3);
                    give(loading, text(pubkey), () -> {
                        Account account = contents.account(Contents.publicKey(pubkey), content);
                        return sink -> sink.account(account);
                    });
                }
            }
        }
    }

    private void held(int part, Loading loading) throws SQLException {
        PreparedStatement query = session.prepared(Statements.HELD_OF);
        query.setFetchSize(FETCHED_AT_ONCE);
        query.setInt(1, part);
        try (ResultSet rows = query.executeQuery()) {
            while (rows.next()) {
                byte[] account = rows.getBytes(1);
                byte[] event = rows.getBytes(2);
                byte[] content = rows.getBytes(3);
                give(loading, text(event), () -> {
                    HeldEvent held = contents.held(Contents.publicKey(account), Contents.eventId(event), content);
                    return sink -> sink.held(held);
                });
            }
        }
    }

    private void cursors(int part, Loading loading) throws SQLException {
        PreparedStatement query = session.prepared(Statements.CURSORS_OF);
        query.setInt(1, part);
        try (ResultSet rows = query.executeQuery()) {
            while (rows.next()) {
                String text = rows.getString(1);
                byte[] content = rows.getBytes(2);
                give(loading, text, () -> {
                    RelayUrl relay = contents.relayUrl(text);
                    Instant upTo = Contents.instant(content);
                    return sink -> sink.cursor(relay, upTo);
                });
            }
        }
    }

    private interface Decoding {
        Giving decoded();
    }

    private void give(Loading loading, String row, Decoding decoding) {
        Giving giving;
        try {
            giving = decoding.decoded();
        } catch (DamagedRowException e) {
            report(row, e);
            return;
        }
        loading.give(giving);
    }

    private static String text(byte[] key) {
        return HexFormat.of().formatHex(key);
    }

    private void report(String row, DamagedRowException why) {
        if (damaged.add(row)) {
            log.error(
                    "{} has a damaged row, which is left out: {} ({}). Check the store, and the disk that it is on",
                    database,
                    row,
                    why.getMessage());
        }
    }

    // ---- what is due

    private record Row(
            byte[] event,
            long nextAt,
            long receivedAt,
            byte[] content,
            @Nullable String host) {}

    private List<OwedPush> due(Call.Due due) throws SQLException {
        Set<String> leftOut =
                due.except().channels().stream().map(Channel::name).collect(Collectors.toSet());
        // Damaged rows are in the way of as many others.
        int limit = (int) Math.min(Integer.MAX_VALUE, (long) due.limit() + damaged.size());
        List<Row> rows = new ArrayList<>();
        for (String channel : channelsDue(due.part())) {
            if (!leftOut.contains(channel)) {
                rows.addAll(dueOf(channel, due, limit));
            }
        }
        rows.sort(comparingLong(Row::nextAt)
                .thenComparingLong(Row::receivedAt)
                .thenComparing(Row::event, Arrays::compareUnsigned));
        List<OwedPush> pushes = new ArrayList<>();
        for (Row row : rows) {
            if (pushes.size() == due.limit()) {
                break;
            }
            try {
                pushes.add(contents.push(Contents.eventId(row.event()), row.content()));
            } catch (DamagedRowException e) {
                report(text(row.event()), e);
            }
        }
        return pushes;
    }

    private List<String> channelsDue(int part) throws SQLException {
        PreparedStatement query = session.prepared(Statements.CHANNELS_DUE);
        query.setInt(1, part);
        query.setInt(2, part);
        List<String> channels = new ArrayList<>();
        try (ResultSet rows = query.executeQuery()) {
            while (rows.next()) {
                channels.add(rows.getString(1));
            }
        }
        return channels;
    }

    private List<Row> dueOf(String channel, Call.Due due, int limit) throws SQLException {
        long until = Columns.nanos(due.until());
        Set<String> hosts = due.except().hosts();
        if (hosts.isEmpty()) {
            PreparedStatement query = session.prepared(Statements.DUE_OF_CHANNEL);
            query.setInt(1, due.part());
            query.setString(2, channel);
            query.setLong(3, until);
            query.setInt(4, limit);
            return rows(query);
        }
        PreparedStatement query = session.prepared(database.dueBesidesHosts());
        query.setInt(1, due.part());
        query.setString(2, channel);
        query.setLong(3, until);
        query.setInt(4, (int) Math.min(Integer.MAX_VALUE, (long) limit + PASSED_OVER));
        database.setTexts(query, 5, hosts);
        query.setInt(6, limit);
        List<Row> rows = rows(query);
        if (rows.size() < limit) {
            rows.removeIf(row -> row.host() != null);
            rows.addAll(dueHostByHost(channel, due, limit));
        }
        return rows;
    }

    private List<Row> dueHostByHost(String channel, Call.Due due, int limit) throws SQLException {
        PreparedStatement query = session.prepared(database.dueHostByHost());
        for (int i = 1; i < 6; i += 2) {
            query.setInt(i, due.part());
            query.setString(i + 1, channel);
        }
        query.setLong(7, Columns.nanos(due.until()));
        query.setInt(8, limit);
        database.setTexts(query, 9, due.except().hosts());
        query.setInt(10, limit);
        return rows(query);
    }

    private static List<Row> rows(PreparedStatement query) throws SQLException {
        List<Row> read = new ArrayList<>();
        try (ResultSet rows = query.executeQuery()) {
            while (rows.next()) {
                read.add(new Row(
                        rows.getBytes(1), rows.getLong(2), rows.getLong(3), rows.getBytes(4), rows.getString(5)));
            }
        }
        return read;
    }
}
