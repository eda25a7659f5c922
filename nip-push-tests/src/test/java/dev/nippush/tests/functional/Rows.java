package dev.nippush.tests.functional;

import dev.nippush.account.Account;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.PublicKey;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.Lease;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What is on a disk, as the next process finds it. Whoever reads it takes it over. */
record Rows(
        Map<PublicKey, Account> accounts, List<HeldEvent> held, List<OwedPush> owed, Map<RelayUrl, Instant> cursors) {

    static Rows of(PushStore disk) {
        Rows rows = new Rows(new HashMap<>(), new ArrayList<>(), new ArrayList<>(), new HashMap<>());
        for (Partition.Kind kind : Partition.Kind.values()) {
            for (int i = 0; i < Partition.COUNT; i++) {
                Lease lease = disk.acquire(new Partition(kind, i))
                        .toCompletableFuture()
                        .join();
                if (kind == Partition.Kind.ACCOUNTS) {
                    disk.load(lease, rows.new Reader()).toCompletableFuture().join();
                } else {
                    rows.owed.addAll(
                            disk.due(lease, Instant.ofEpochSecond(9_999_999_999L), PushStore.Except.NOTHING, 1_000)
                                    .toCompletableFuture()
                                    .join());
                }
            }
        }
        return rows;
    }

    private final class Reader implements PushStore.Sink {

        @Override
        public void account(Account account) {
            accounts.put(account.pubkey(), account);
        }

        @Override
        public void held(HeldEvent event) {
            held.add(event);
        }

        @Override
        public void cursor(RelayUrl relay, Instant upTo) {
            cursors.put(relay, upTo);
        }
    }
}
