package dev.nippush.jdbc;

import dev.nippush.account.Account;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.jdbc.Statements.Write;
import dev.nippush.store.Change;
import dev.nippush.store.Ending;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushKey;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A change in the form in which the databases take it. Made on the caller's thread, so that the one writer has less to do.
 *
 * @param write the statement
 * @param values its parameters: byte arrays, texts, numbers, or {@link #NO_BYTES}, {@link #NO_TEXT} for none
 * @param row which row it is about: changes of the same row are made in their order
 * @param pushes rows that are inserted when this change was made; of an {@link Write#OWE} only
 */
record RowChange(Write write, List<Object> values, Object row, List<Push> pushes) {

    static final Integer NO_BYTES = Types.BINARY;
    static final Integer NO_TEXT = Types.VARCHAR;

    // The numbers are in databases: a constant that is renamed or moved keeps its own.
    private static final List<Ending> ENDINGS =
            List.of(Ending.ACCEPTED, Ending.FOLDED, Ending.WITHDRAWN, Ending.GONE, Ending.REJECTED, Ending.EXPIRED);

    private record Decision(PublicKey account, EventId event) {}

    /** A push that may have been owed before. */
    record Push(PushKey key, RowChange change) {}

    RowChange(Write write, Object row, Object... values) {
        this(write, List.of(values), row, List.of());
    }

    static List<RowChange> of(List<Change> changes) {
        List<RowChange> rows = new ArrayList<>(changes.size());
        changes.forEach(change -> rows.add(of(change)));
        return rows;
    }

    private static RowChange of(Change change) {
        if (change instanceof Change.SaveAccount save) {
            PublicKey pubkey = save.account().pubkey();
            return new RowChange(Write.SAVE_ACCOUNT, pubkey, pubkey.bytes(), part(pubkey), Contents.of(save.account()));
        }
        if (change instanceof Change.DropAccount drop) {
            return new RowChange(
                    Write.DROP_ACCOUNT, drop.account(), (Object) drop.account().bytes());
        }
        if (change instanceof Change.Hold hold) {
            HeldEvent held = hold.held();
            return decide(held.account(), held.event(), Columns.nanos(held.receivedAt()), Contents.of(held));
        }
        if (change instanceof Change.Ignore ignore) {
            return decide(ignore.account(), ignore.event(), Columns.nanos(ignore.receivedAt()), NO_BYTES);
        }
        if (change instanceof Change.Rehold rehold) {
            HeldEvent held = rehold.held();
            return new RowChange(
                    Write.REHOLD,
                    new Decision(held.account(), held.event()),
                    Columns.nanos(held.receivedAt()),
                    Contents.of(held),
                    held.account().bytes(),
                    held.event().bytes());
        }
        if (change instanceof Change.Release release) {
            return new RowChange(
                    Write.RELEASE,
                    new Decision(release.account(), release.event()),
                    release.account().bytes(),
                    release.event().bytes());
        }
        if (change instanceof Change.Owe owe) {
            return owe(owe);
        }
        if (change instanceof Change.Retry retry) {
            OwedPush push = retry.push();
            return new RowChange(
                    Write.RETRY,
                    push.key(),
                    Columns.nanos(push.nextAt()),
                    Columns.nanos(push.message().expiresAt()),
                    Contents.of(push),
                    push.event().bytes(),
                    Columns.device(push.message().address()));
        }
        if (change instanceof Change.Settle settle) {
            return new RowChange(
                    Write.SETTLE,
                    settle.key(),
                    (long) ENDINGS.indexOf(settle.ending()),
                    Columns.nanos(settle.at()),
                    settle.key().event().bytes(),
                    Columns.device(settle.key().device()));
        }
        if (change instanceof Change.Cursor cursor) {
            return cursor(cursor.relay(), cursor.upTo());
        }
        throw new AssertionError(change);
    }

    static RowChange save(Account account) {
        PublicKey pubkey = account.pubkey();
        return new RowChange(Write.SAVE_ACCOUNT, pubkey, pubkey.bytes(), part(pubkey), Contents.of(account));
    }

    static RowChange cursor(RelayUrl relay, Instant upTo) {
        return new RowChange(
                Write.CURSOR,
                relay,
                relay.toString(),
                (long) Columns.part(Partition.of(relay)),
                Columns.nanos(upTo),
                Contents.of(upTo));
    }

    static RowChange decide(PublicKey account, EventId event, long receivedAt, Object held) {
        return new RowChange(
                Write.DECIDE,
                new Decision(account, event),
                account.bytes(),
                event.bytes(),
                part(account),
                receivedAt,
                held);
    }

    private static RowChange owe(Change.Owe owe) {
        List<Push> pushes = owe.pushes().stream()
                .map(push -> push(push, Columns.nanos(push.receivedAt())))
                .toList();
        return new RowChange(
                Write.OWE,
                List.of(
                        owe.account().bytes(),
                        owe.event().bytes(),
                        part(owe.account()),
                        Columns.nanos(owe.receivedAt())),
                new Decision(owe.account(), owe.event()),
                pushes);
    }

    static Push push(OwedPush push, long receivedAt) {
        PushKey key = push.key();
        Object host = key.device().host().<Object>map(name -> name).orElse(NO_TEXT);
        RowChange change = new RowChange(
                Write.PUSH,
                key,
                push.event().bytes(),
                Columns.device(key.device()),
                (long) Columns.part(Partition.of(key.device())),
                key.device().channel().name(),
                host,
                receivedAt,
                Columns.nanos(push.nextAt()),
                Columns.nanos(push.message().expiresAt()),
                Contents.of(push));
        return new Push(key, change);
    }

    private static long part(PublicKey account) {
        return Columns.part(Partition.of(account));
    }

    static RowChange tombstone(StoredRow.OfSettled settled) {
        return new RowChange(
                Write.TOMBSTONE,
                settled,
                settled.event().bytes(),
                settled.device(),
                (long) settled.part(),
                settled.receivedAt(),
                (long) ENDINGS.indexOf(settled.ending()),
                settled.endedAt());
    }

    /** The ending with this number. */
    static Ending ending(int number) {
        if (number < 0 || number >= ENDINGS.size()) {
            throw new DamagedRowException("an ending that is not known");
        }
        return ENDINGS.get(number);
    }

    /** Says nothing of the values. */
    @Override
    public String toString() {
        return write.name();
    }
}
