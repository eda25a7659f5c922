package dev.nippush.jdbc;

import dev.nippush.account.Account;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Reads a whole store, row by row, and looks whether the columns of each are what its content makes them. */
final class AllRows<E extends Exception> {

    private static final int FETCHED_AT_ONCE = 500;
    private static final long PROGRESS = 10_000;

    private final Connection connection;
    private final Taking<E> taking;
    private final LongConsumer progress;
    private final Contents contents = new Contents();
    private final StoreRows.Counter counter = new StoreRows.Counter();

    /** Takes the rows. */
    interface Taking<E extends Exception> {

        void row(StoredRow row) throws SQLException, E;

        /** A row is not as it was written. */
        void damaged(String which, DamagedRowException why);
    }

    AllRows(Connection connection, Taking<E> taking, LongConsumer progress) {
        this.connection = connection;
        this.taking = taking;
        this.progress = progress;
    }

    /** Reads them all, and returns how many are sound. */
    StoreRows read() throws SQLException, E {
        each(Statements.EVERY_ACCOUNT, "account", this::account);
        each(Statements.EVERY_DECISION, "decision", this::decision);
        each(Statements.EVERY_PUSH, "push", this::push);
        each(Statements.EVERY_CURSOR, "cursor", this::cursor);
        progress.accept(counter.rows().total());
        return counter.rows();
    }

    private interface Decoding {
        StoredRow of(ResultSet row) throws SQLException;
    }

    private void each(String sql, String sort, Decoding decoding) throws SQLException, E {
        try (PreparedStatement query = connection.prepareStatement(sql)) {
            query.setFetchSize(FETCHED_AT_ONCE);
            try (ResultSet rows = query.executeQuery()) {
                while (rows.next()) {
                    StoredRow row;
                    try {
                        row = decoding.of(rows);
                    } catch (DamagedRowException e) {
                        taking.damaged(sort + ' ' + key(rows, sort), e);
                        continue;
                    }
                    taking.row(row);
                    long count = counter.count(row);
                    if (count % PROGRESS == 0) {
                        progress.accept(count);
                    }
                }
            }
        }
    }

    private static String key(ResultSet row, String sort) throws SQLException {
        if (sort.equals("cursor")) {
            return String.valueOf(row.getString(1));
        }
        byte[] key = row.getBytes(1);
        return key == null ? "without a key" : HexFormat.of().formatHex(key);
    }

    private StoredRow account(ResultSet row) throws SQLException {
        PublicKey pubkey = Contents.publicKey(bytes(row, 1));
        fits(row.getInt(2) == Columns.part(Partition.of(pubkey)));
        Account account = contents.account(pubkey, bytes(row, 3));
        return new StoredRow.OfAccount(account);
    }

    private StoredRow decision(ResultSet row) throws SQLException {
        PublicKey account = Contents.publicKey(bytes(row, 1));
        EventId event = Contents.eventId(bytes(row, 2));
        fits(row.getInt(3) == Columns.part(Partition.of(account)));
        long receivedAt = row.getLong(4);
        Optional<HeldEvent> content =
                Optional.ofNullable(row.getBytes(5)).map(bytes -> contents.held(account, event, bytes));
        content.ifPresent(of -> fits(Columns.nanos(of.receivedAt()) == receivedAt));
        return new StoredRow.OfDecision(account, event, receivedAt, content);
    }

    private StoredRow push(ResultSet row) throws SQLException {
        row.getLong(6);
        return row.wasNull() ? settled(row) : owed(row);
    }

    private StoredRow owed(ResultSet row) throws SQLException {
        OwedPush push = contents.push(Contents.eventId(bytes(row, 1)), bytes(row, 5));
        DeviceAddress device = push.message().address();
        fits(Arrays.equals(Columns.device(device), row.getBytes(2)));
        fits(row.getInt(3) == Columns.part(Partition.of(device)));
        fits(row.getLong(6) == Columns.nanos(push.nextAt()));
        fits(row.getLong(7) == Columns.nanos(push.message().expiresAt()));
        fits(device.channel().name().equals(row.getString(8)));
        fits(Objects.equals(device.host().orElse(null), row.getString(9)));
        return new StoredRow.OfOwed(push, row.getLong(4));
    }

    private static StoredRow settled(ResultSet row) throws SQLException {
        return new StoredRow.OfSettled(
                Contents.eventId(bytes(row, 1)),
                bytes(row, 2),
                row.getInt(3),
                row.getLong(4),
                RowChange.ending(row.getInt(10)),
                row.getLong(11));
    }

    private StoredRow cursor(ResultSet row) throws SQLException {
        RelayUrl relay = contents.relayUrl(String.valueOf(row.getString(1)));
        Instant upTo = Contents.instant(bytes(row, 4));
        fits(row.getInt(2) == Columns.part(Partition.of(relay)));
        fits(row.getLong(3) == Columns.nanos(upTo));
        return new StoredRow.OfCursor(relay, upTo);
    }

    private static byte[] bytes(ResultSet row, int column) throws SQLException {
        byte @Nullable [] bytes = row.getBytes(column);
        if (bytes == null) {
            throw new DamagedRowException("nothing where something belongs");
        }
        return bytes;
    }

    private static void fits(boolean condition) {
        if (!condition) {
            throw new DamagedRowException("columns that do not fit the content");
        }
    }
}
