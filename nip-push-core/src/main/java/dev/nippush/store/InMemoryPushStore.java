package dev.nippush.store;

import dev.nippush.account.Account;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import java.time.Instant;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A store that lives as long as the process: for tests, for trying things out, and for hosts that can do without their
 * registrations after a restart. All calls are answered at once, on the caller's thread. Safe for use by several threads.
 */
public final class InMemoryPushStore implements PushStore {

    private static final Comparator<OwedPush> BY_TIME = Comparator.comparing(OwedPush::nextAt)
            .thenComparing(OwedPush::receivedAt)
            .thenComparing(push -> push.event().hex());

    private final Map<Partition, Long> epochs = new HashMap<>();
    private final Map<PublicKey, Account> accounts = new HashMap<>();
    private final Map<Decision, Decided> decisions = new HashMap<>();
    private final Map<PushKey, Push> pushes = new HashMap<>();
    private final Map<RelayUrl, Instant> cursors = new HashMap<>();
    private boolean closed;

    private record Decision(PublicKey account, EventId event) {}

    /** A decision on an event; with what is held as long as it is. */
    private record Decided(Instant receivedAt, @Nullable HeldEvent held) {}

    /** A push; without its content once it is settled. */
    private record Push(Instant receivedAt, @Nullable OwedPush owed) {}

    @Override
    public synchronized CompletionStage<Lease> acquire(Partition partition) {
        if (closed) {
            return closedStage();
        }
        return CompletableFuture.completedStage(new Lease(partition, epochs.merge(partition, 1L, Long::sum)));
    }

    @Override
    public CompletionStage<Void> load(Lease lease, Sink sink) {
        List<Account> loaded;
        List<HeldEvent> held;
        Map<RelayUrl, Instant> read = new TreeMap<>();
        synchronized (this) {
            if (!isCurrent(lease)) {
                return lost(lease);
            }
            loaded = accounts.values().stream()
                    .filter(account -> Partition.of(account.pubkey()).equals(lease.partition()))
                    .sorted(Comparator.comparing(Account::pubkey))
                    .toList();
            held = decisions.values().stream()
                    .map(Decided::held)
                    .filter(event ->
                            event != null && Partition.of(event.account()).equals(lease.partition()))
                    .sorted(Comparator.comparing(HeldEvent::receivedAt)
                            .thenComparing(event -> event.event().hex()))
                    .toList();
            cursors.forEach((relay, upTo) -> {
                if (Partition.of(relay).equals(lease.partition())) {
                    read.put(relay, upTo);
                }
            });
        }
        loaded.forEach(sink::account);
        held.forEach(sink::held);
        read.forEach(sink::cursor);
        return CompletableFuture.completedStage(null);
    }

    @Override
    public synchronized CompletionStage<Committed> commit(Lease lease, List<Change> changes) {
        if (!isCurrent(lease)) {
            return lost(lease);
        }
        BitSet refused = new BitSet();
        Map<Integer, Set<PushKey>> owedBefore = new HashMap<>();
        for (int i = 0; i < changes.size(); i++) {
            if (changes.get(i) instanceof Change.Owe owe) {
                refused.set(i, !owe(owe, i, owedBefore));
            } else {
                refused.set(i, !make(changes.get(i)));
            }
        }
        return CompletableFuture.completedStage(new Committed(refused, owedBefore));
    }

    private boolean make(Change change) {
        if (change instanceof Change.SaveAccount save) {
            accounts.put(save.account().pubkey(), save.account());
            return true;
        }
        if (change instanceof Change.DropAccount drop) {
            accounts.remove(drop.account());
            return true;
        }
        if (change instanceof Change.Hold hold) {
            HeldEvent held = hold.held();
            return decide(held.account(), held.event(), new Decided(held.receivedAt(), held));
        }
        if (change instanceof Change.Rehold rehold) {
            HeldEvent held = rehold.held();
            return replaceHeld(new Decision(held.account(), held.event()), held);
        }
        if (change instanceof Change.Release release) {
            return replaceHeld(new Decision(release.account(), release.event()), null);
        }
        if (change instanceof Change.Ignore ignore) {
            return decide(ignore.account(), ignore.event(), new Decided(ignore.receivedAt(), null));
        }
        if (change instanceof Change.Retry retry) {
            return replaceOwed(retry.push().key(), retry.push());
        }
        if (change instanceof Change.Settle settle) {
            return replaceOwed(settle.key(), null);
        }
        if (change instanceof Change.Cursor cursor) {
            cursors.put(cursor.relay(), cursor.upTo());
            return true;
        }
        throw new AssertionError(change);
    }

    private boolean decide(PublicKey account, EventId event, Decided decided) {
        return decisions.putIfAbsent(new Decision(account, event), decided) == null;
    }

    private boolean replaceHeld(Decision decision, @Nullable HeldEvent by) {
        Decided decided = decisions.get(decision);
        if (decided == null || decided.held() == null) {
            return false;
        }
        decisions.put(decision, new Decided(by == null ? decided.receivedAt() : by.receivedAt(), by));
        return true;
    }

    private boolean owe(Change.Owe owe, int index, Map<Integer, Set<PushKey>> owedBefore) {
        boolean decided = replaceHeld(new Decision(owe.account(), owe.event()), null)
                || decide(owe.account(), owe.event(), new Decided(owe.receivedAt(), null));
        if (!decided) {
            return false;
        }
        Set<PushKey> known = new HashSet<>();
        for (OwedPush push : owe.pushes()) {
            if (pushes.putIfAbsent(push.key(), new Push(push.receivedAt(), push)) != null) {
                known.add(push.key());
            }
        }
        if (!known.isEmpty()) {
            owedBefore.put(index, known);
        }
        return true;
    }

    private boolean replaceOwed(PushKey key, @Nullable OwedPush by) {
        Push known = pushes.get(key);
        if (known == null || known.owed() == null) {
            return false;
        }
        pushes.put(key, new Push(known.receivedAt(), by));
        return true;
    }

    @Override
    public synchronized CompletionStage<List<OwedPush>> due(Lease lease, Instant until, Except except, int limit) {
        if (!isCurrent(lease)) {
            return lost(lease);
        }
        return CompletableFuture.completedStage(pushes.values().stream()
                .map(Push::owed)
                .filter(push -> push != null
                        && !push.nextAt().isAfter(until)
                        && !except.covers(push.message().address())
                        && Partition.of(push.message().address()).equals(lease.partition()))
                .sorted(BY_TIME)
                .limit(limit)
                .toList());
    }

    @Override
    public synchronized CompletionStage<Integer> sweep(Lease lease, Instant before, int limit) {
        if (!isCurrent(lease)) {
            return lost(lease);
        }
        boolean ofAccounts = lease.partition().kind() == Partition.Kind.ACCOUNTS;
        int swept = ofAccounts
                ? sweep(
                        decisions,
                        (decision, decided) ->
                                decided.held() == null && decided.receivedAt().isBefore(before),
                        decision -> Partition.of(decision.account()).equals(lease.partition()),
                        limit)
                : sweep(
                        pushes,
                        (key, push) -> push.owed() == null
                                ? push.receivedAt().isBefore(before)
                                : push.owed().message().expiresAt().isBefore(before),
                        key -> Partition.of(key.device()).equals(lease.partition()),
                        limit);
        if (ofAccounts) {
            swept += sweep(
                    cursors,
                    (relay, upTo) -> upTo.isBefore(before),
                    relay -> Partition.of(relay).equals(lease.partition()),
                    limit - swept);
        }
        return CompletableFuture.completedStage(swept);
    }

    private static <K, V> int sweep(Map<K, V> rows, BiPredicate<K, V> over, Predicate<K> here, int limit) {
        int swept = 0;
        Iterator<Map.Entry<K, V>> each = rows.entrySet().iterator();
        while (swept < limit && each.hasNext()) {
            Map.Entry<K, V> row = each.next();
            if (over.test(row.getKey(), row.getValue()) && here.test(row.getKey())) {
                each.remove();
                swept++;
            }
        }
        return swept;
    }

    private boolean isCurrent(Lease lease) {
        return !closed && epochs.getOrDefault(lease.partition(), 0L) == lease.epoch();
    }

    private <T> CompletionStage<T> lost(Lease lease) {
        return closed ? closedStage() : CompletableFuture.failedStage(new LeaseLostException(lease));
    }

    private static <T> CompletionStage<T> closedStage() {
        return CompletableFuture.failedStage(new IllegalStateException("the store is closed"));
    }

    @Override
    public synchronized void close() {
        closed = true;
    }
}
