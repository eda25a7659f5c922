package dev.nippush.store;

import dev.nippush.account.Account;
import dev.nippush.account.Device;
import dev.nippush.account.Registration;
import dev.nippush.address.DeviceAddress;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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
        }
        loaded.forEach(sink::account);
        held.forEach(sink::held);
        return CompletableFuture.completedStage(null);
    }

    @Override
    public synchronized CompletionStage<Committed> commit(Lease lease, List<Change> changes) {
        if (!isCurrent(lease)) {
            return lost(lease);
        }
        // What this commit itself decides, or takes out of a hold, is open to the changes that follow.
        Set<Decision> open = new HashSet<>();
        BitSet refused = new BitSet();
        for (int i = 0; i < changes.size(); i++) {
            if (!make(changes.get(i), open)) {
                refused.set(i);
            }
        }
        return CompletableFuture.completedStage(new Committed(refused));
    }

    private boolean make(Change change, Set<Decision> open) {
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
            return decide(held.account(), held.event(), new Decided(held.receivedAt(), held), open);
        }
        if (change instanceof Change.Release release) {
            return release(new Decision(release.account(), release.event()), open);
        }
        if (change instanceof Change.Ignore ignore) {
            return decide(ignore.account(), ignore.event(), new Decided(ignore.receivedAt(), null), open);
        }
        if (change instanceof Change.Owe owe) {
            return owe(owe.push(), open);
        }
        if (change instanceof Change.Retry retry) {
            return replaceOwed(retry.push().key(), retry.push());
        }
        if (change instanceof Change.Settle settle) {
            return replaceOwed(settle.key(), null);
        }
        if (change instanceof Change.ForgetDevice forget) {
            forget(forget.device(), forget.registeredBefore());
            return true;
        }
        throw new AssertionError(change);
    }

    private boolean decide(PublicKey account, EventId event, Decided decided, Set<Decision> open) {
        Decision decision = new Decision(account, event);
        if (decisions.containsKey(decision) && !open.contains(decision)) {
            return false;
        }
        open.add(decision);
        decisions.put(decision, decided);
        return true;
    }

    private boolean release(Decision decision, Set<Decision> open) {
        Decided decided = decisions.get(decision);
        if (decided == null || decided.held() == null) {
            return false;
        }
        open.add(decision);
        decisions.put(decision, new Decided(decided.receivedAt(), null));
        return true;
    }

    private boolean owe(OwedPush push, Set<Decision> open) {
        Decision decision = new Decision(push.account(), push.event());
        if (decisions.containsKey(decision) && !open.contains(decision)) {
            return false;
        }
        open.add(decision);
        decisions.putIfAbsent(decision, new Decided(push.receivedAt(), null));
        return pushes.putIfAbsent(push.key(), new Push(push.receivedAt(), push)) == null;
    }

    private boolean replaceOwed(PushKey key, @Nullable OwedPush by) {
        Push known = pushes.get(key);
        if (known == null || known.owed() == null) {
            return false;
        }
        pushes.put(key, new Push(known.receivedAt(), by));
        return true;
    }

    private void forget(DeviceAddress address, Instant registeredBefore) {
        accounts.replaceAll((pubkey, account) -> {
            boolean forgotten = account.registration()
                    .flatMap(registration -> registration.device(address))
                    .map(Device::registeredAt)
                    .filter(at -> at.isBefore(registeredBefore))
                    .isPresent();
            return forgotten
                    ? account.with(account.registration().map((Registration of) -> of.without(address)))
                    : account;
        });
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
        int swept = 0;
        if (lease.partition().kind() == Partition.Kind.ACCOUNTS) {
            Iterator<Map.Entry<Decision, Decided>> each = decisions.entrySet().iterator();
            while (each.hasNext() && swept < limit) {
                Map.Entry<Decision, Decided> row = each.next();
                boolean over = row.getValue().held() == null
                        && row.getValue().receivedAt().isBefore(before);
                if (over && Partition.of(row.getKey().account()).equals(lease.partition())) {
                    each.remove();
                    swept++;
                }
            }
        } else {
            Iterator<Map.Entry<PushKey, Push>> each = pushes.entrySet().iterator();
            while (each.hasNext() && swept < limit) {
                Map.Entry<PushKey, Push> row = each.next();
                boolean over = row.getValue().owed() == null
                        && row.getValue().receivedAt().isBefore(before);
                if (over && Partition.of(row.getKey().device()).equals(lease.partition())) {
                    each.remove();
                    swept++;
                }
            }
        }
        return CompletableFuture.completedStage(swept);
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
