package dev.nippush.tests.functional;

import dev.nippush.account.Account;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.PublicKey;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.Lease;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore;
import dev.nippush.store.PushStore.Except;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/** What is on a disk, as the next process finds it. Whoever reads it takes it over. */
record Rows(
        Map<PublicKey, Account> accounts, List<HeldEvent> held, List<OwedPush> owed, Map<RelayUrl, Instant> cursors) {

    /** All there are. */
    static final List<Partition> PARTITIONS = Arrays.stream(Partition.Kind.values())
            .flatMap(kind -> IntStream.range(0, Partition.COUNT).mapToObj(i -> new Partition(kind, i)))
            .toList();

    static Rows of(PushStore disk) {
        Rows rows = new Rows(new HashMap<>(), new ArrayList<>(), new ArrayList<>(), new HashMap<>());
        List<CompletableFuture<Lease>> leases = PARTITIONS.stream()
                .map(each -> disk.acquire(each).toCompletableFuture())
                .toList();
        for (CompletableFuture<Lease> lease : leases) {
            if (lease.join().partition().kind() == Partition.Kind.ACCOUNTS) {
                disk.load(lease.join(), rows.new Reader()).toCompletableFuture().join();
            } else {
                rows.owed.addAll(disk.due(lease.join(), Instant.ofEpochSecond(9_999_999_999L), Except.NOTHING, 1_000)
                        .toCompletableFuture()
                        .join());
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
