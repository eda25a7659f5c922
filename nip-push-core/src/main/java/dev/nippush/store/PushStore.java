package dev.nippush.store;

import dev.nippush.account.Account;
import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.RelayUrl;
import java.time.Duration;
import java.time.Instant;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * Where accounts, held events and owed pushes survive.
 *
 * <p>All calls are asynchronous and return at once; a store that does I/O does it on threads of its own. The calls made
 * under one lease take effect in the order in which they were made. Stages may complete on any thread; they complete
 * exceptionally with {@link LeaseLostException} when the lease is worth nothing any more, and with anything else when
 * the call may be tried again.
 */
public interface PushStore extends AutoCloseable {

    /** For how long a decision on an event is remembered, counted from its receipt. */
    Duration REMEMBERED = Duration.ofDays(3);

    /** Takes a partition over. From then on the calls under every older lease on it fail. */
    CompletionStage<Lease> acquire(Partition partition);

    /**
     * Reads all accounts of a partition, what is held for them, and how far relays were read.
     *
     * @param lease on a partition of accounts
     * @param sink called one at a time, in no particular order, before the stage completes
     */
    CompletionStage<Void> load(Lease lease, Sink sink);

    /**
     * Makes all changes, or none. When the stage completes they survive whatever happens. When it completes exceptionally
     * they may have been made nevertheless: the caller makes the same commit again, and what it decided then is refused.
     */
    CompletionStage<Committed> commit(Lease lease, List<Change> changes);

    /**
     * Reads owed pushes, those with the earliest {@code nextAt} first.
     *
     * @param lease on a partition of devices
     * @param until leaves out those with a later {@code nextAt}
     * @param except leaves out those as well
     * @param limit how many at most, 1 or more
     */
    CompletionStage<List<OwedPush>> due(Lease lease, Instant until, Except except, int limit);

    /**
     * Forgets what is over: decisions, but not held events, and tombstones of events that were received before a date; owed
     * pushes that expired before it, though nobody ended them; and cursors that stand before it.
     *
     * @param limit how many rows at most, 1 or more
     * @return how many rows went; fewer than the limit means that none is left
     */
    CompletionStage<Integer> sweep(Lease lease, Instant before, int limit);

    /** Ends with what was called before; later calls fail. Calling it again does nothing. */
    @Override
    void close();

    /**
     * What {@link #due} leaves out, so that a provider that does not answer is not in the way of others.
     *
     * @param channels pushes to devices of these {@linkplain DeviceAddress#channel() channels}
     * @param hosts pushes to devices at these {@linkplain DeviceAddress#host() hosts}
     */
    record Except(Set<Channel> channels, Set<String> hosts) {

        /** Leaves out nothing. */
        public static final Except NOTHING = new Except(Set.of(), Set.of());

        public Except {
            channels = Set.copyOf(channels);
            hosts = Set.copyOf(hosts);
        }

        /** Whether a push to this device is left out. */
        public boolean covers(DeviceAddress device) {
            return channels.contains(device.channel())
                    || device.host().filter(hosts::contains).isPresent();
        }
    }

    /** Takes what {@link #load} reads. */
    interface Sink {

        /** An account. It comes before what is held for it. */
        void account(Account account);

        /** A held event. */
        void held(HeldEvent held);

        /** How far a relay was read. */
        void cursor(RelayUrl relay, Instant upTo);
    }

    /**
     * What a commit did.
     *
     * @param refused the indices of the changes that were skipped, as {@link Change} says
     * @param owedBefore by the index of a {@link Change.Owe} that was made: those of its pushes that were left out, because
     *     the event was owed to the device before
     */
    record Committed(BitSet refused, Map<Integer, Set<PushKey>> owedBefore) {

        /** Every change was made. */
        public static Committed all() {
            return new Committed(new BitSet(), Map.of());
        }

        public Committed {
            refused = (BitSet) refused.clone();
            owedBefore = Map.copyOf(owedBefore);
        }

        /** The answer to some of the changes only, with indices from 0. */
        public Committed of(int from, int to) {
            Map<Integer, Set<PushKey>> some = new HashMap<>();
            owedBefore.forEach((index, keys) -> {
                if (index >= from && index < to) {
                    some.put(index - from, keys);
                }
            });
            return new Committed(refused.get(from, to), some);
        }

        @Override
        public BitSet refused() {
            return (BitSet) refused.clone();
        }

        /** Whether the change at this index was made. */
        public boolean made(int index) {
            return !refused.get(index);
        }

        /** Whether the {@link Change.Owe} at this index was made, and with it this push. */
        public boolean made(int index, PushKey push) {
            return made(index) && !owedBefore.getOrDefault(index, Set.of()).contains(push);
        }
    }
}
