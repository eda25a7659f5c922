package dev.nippush;

import dev.nippush.account.Account;
import dev.nippush.account.Interest;
import dev.nippush.account.InterestChange;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.ControlMessage;
import dev.nippush.control.ControlReader;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.event.EventId;
import dev.nippush.event.Filter;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.internal.account.AccountRules;
import dev.nippush.internal.account.AccountShard;
import dev.nippush.internal.account.AccountShard.Tally;
import dev.nippush.internal.account.ShardOutlets;
import dev.nippush.internal.commit.Committer;
import dev.nippush.internal.delivery.DeliveryOutlets;
import dev.nippush.internal.delivery.DeviceLane;
import dev.nippush.internal.delivery.Dispatcher;
import dev.nippush.internal.gate.Gate;
import dev.nippush.internal.gate.GateRules;
import dev.nippush.internal.gate.Inside;
import dev.nippush.internal.match.DeviceOwners;
import dev.nippush.internal.match.MatchIndex;
import dev.nippush.internal.run.Lane;
import dev.nippush.store.Change;
import dev.nippush.store.Ending;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.Lease;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore;
import dev.nippush.time.EngineTime;
import dev.nippush.time.Stamp;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushTransport;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The rooms of one engine, and the ways between them. It decides nothing. */
final class Engine {

    private static final Logger log = LoggerFactory.getLogger(Engine.class);

    private final NipPush.Builder settings;
    private final EngineTime time;
    private final Executor executor;
    private final PushStore store;
    private final GuardedListener listener;
    private final Contents contents;
    private final MatchIndex index = new MatchIndex();
    private final DeviceOwners owners;
    private final Dispatcher dispatcher;
    private final AccountRules rules;
    private final Gate gate;

    private final List<AccountRoom> accountRooms = new ArrayList<>();
    private final List<DeviceRoom> deviceRooms = new ArrayList<>();
    private final StoreHealth health = new StoreHealth(this::replaced);
    private final Ears ears;
    private final Upkeep upkeep;
    private final Map<RelayUrl, Instant> readUpTo = new ConcurrentHashMap<>();
    private volatile boolean open;
    private volatile boolean begun;

    private record AccountRoom(Lane lane, Committer committer, AccountShard shard) {}

    private record DeviceRoom(Lane lane, Committer committer, DeviceLane pushes) {}

    Engine(NipPush.Builder settings, EngineTime time, Executor executor, PushStore store) {
        this.settings = settings;
        this.time = time;
        this.executor = executor;
        this.store = store;
        this.listener = new GuardedListener(settings.listener);
        this.contents = new Contents(settings.composer, settings.keyPair);
        this.owners = new DeviceOwners(settings.accountsPerDevice);
        this.dispatcher = new Dispatcher(settings.transports);
        GateRules gateRules = new GateRules(
                GateRules.DEFAULT_MAX_AGE, GateRules.DEFAULT_MAX_AHEAD, settings.controlLimits.maxBytes());
        this.rules = new AccountRules(
                settings.heartbeatTimeout,
                settings.retryPolicy.lifetime(),
                NipPush.MAX_DEVICES_PER_ACCOUNT,
                gateRules.maxAge().plus(gateRules.maxAhead()),
                settings.retention,
                settings.homeRelays,
                settings.relays != null);
        ControlReader reader = new ControlReader(
                settings.controlLimits,
                new DeviceAddressReader(settings.apnsTopics),
                device -> device.channel().isBuiltIn() || dispatcher.serves(device),
                settings.addressRule()::permitsLiteral);
        boolean listens = settings.relays != null && !settings.homeRelays.isEmpty();
        this.ears = new Ears(listens, time, executor, this::hear);
        this.upkeep = new Upkeep(time, executor, store, health, this::sweepShards);
        this.gate = new Gate(
                gateRules,
                settings.keyPair,
                settings.secp256k1,
                reader,
                index,
                time,
                executor,
                new GateToShards(),
                new GateNews());
    }

    // ---- life

    CompletionStage<Void> start() {
        return leases(Partition.Kind.ACCOUNTS)
                .thenCombine(leases(Partition.Kind.DEVICES), this::furnish)
                .thenCompose(furnished -> load())
                .thenRunAsync(this::begin, executor);
    }

    private CompletionStage<List<Lease>> leases(Partition.Kind kind) {
        CompletionStage<List<Lease>> all = CompletableFuture.completedStage(new ArrayList<>());
        for (int i = 0; i < Partition.COUNT; i++) {
            Partition partition = new Partition(kind, i);
            all = all.thenCombine(store.acquire(partition), (leases, lease) -> {
                leases.add(lease);
                return leases;
            });
        }
        return all;
    }

    private boolean furnish(List<Lease> accountLeases, List<Lease> deviceLeases) {
        ShardOutlets shardOutlets = new ShardsToOthers();
        DeliveryOutlets deliveryOutlets = new DeliveriesToOthers();
        DeviceLane.Owners deviceOwners = new OwnersForDeliveries();
        for (Lease lease : accountLeases) {
            Lane lane = new Lane(executor);
            Committer committer = new Committer(store, lease, lane, time, health);
            AccountShard shard = new AccountShard(
                    rules,
                    lane,
                    committer,
                    time,
                    index,
                    owners,
                    dispatcher::allowed,
                    settings.addressRule()::permitsLiteral,
                    contents,
                    shardOutlets);
            accountRooms.add(new AccountRoom(lane, committer, shard));
        }
        for (Lease lease : deviceLeases) {
            Lane lane = new Lane(executor);
            Committer committer = new Committer(store, lease, lane, time, health);
            DeviceLane pushes = new DeviceLane(
                    lane,
                    committer,
                    store,
                    time,
                    settings.random,
                    settings.retryPolicy,
                    settings.pushLimit,
                    dispatcher,
                    deviceOwners,
                    contents,
                    deliveryOutlets);
            deviceRooms.add(new DeviceRoom(lane, committer, pushes));
        }
        return true;
    }

    private CompletionStage<Void> load() {
        List<CompletableFuture<?>> loads = new ArrayList<>();
        for (AccountRoom room : accountRooms) {
            loads.add(store.load(room.committer().lease(), new PushStore.Sink() {
                        @Override
                        public void account(Account account) {
                            room.lane().execute(() -> room.shard().restore(account, time.stamp()));
                        }

                        @Override
                        public void held(HeldEvent held) {
                            room.lane().execute(() -> room.shard().restore(held, time.stamp()));
                        }

                        @Override
                        public void cursor(RelayUrl relay, Instant upTo) {
                            readUpTo.put(relay, upTo);
                        }
                    })
                    .thenCompose(loaded -> reached(room.lane()))
                    .toCompletableFuture());
        }
        return CompletableFuture.allOf(loads.toArray(CompletableFuture[]::new));
    }

    /** Completes when the lane has done what it was given so far. */
    private static CompletableFuture<Void> reached(Lane lane) {
        CompletableFuture<Void> here = new CompletableFuture<>();
        lane.execute(() -> here.complete(null));
        return here;
    }

    private void begin() {
        ears.begin();
        if (settings.relays != null) {
            settings.relays.start(new Feed());
        }
        for (AccountRoom room : accountRooms) {
            room.lane().execute(() -> room.shard().begin(time.stamp()));
        }
        for (DeviceRoom room : deviceRooms) {
            room.lane().execute(() -> room.pushes().begin());
        }
        // Last: what comes in may change an interest, of which the gateway has to have heard by then.
        gate.open();
        open = true;
        begun = true;
        upkeep.begin(
                accountRooms.stream().map(room -> room.committer().lease()).toList(),
                deviceRooms.stream().map(room -> room.committer().lease()).toList());
        if (health.isLost()) {
            // It was replaced while it began.
            replaced();
        }
    }

    CompletionStage<Void> stop() {
        open = false;
        upkeep.end();
        CompletionStage<Void> doors = gate.close();
        return doors.thenCompose(dry -> all(accountRooms, (room, i) -> stopDeadlines(room)))
                .thenCompose(committed -> all(deviceRooms, (room, i) -> stopSending(room)))
                .thenCompose(
                        landed -> all(deviceRooms, (room, i) -> room.committer().whenIdle()));
    }

    /** Another server does the work now: what this one still sent, that one would send too. */
    private void replaced() {
        open = false;
        upkeep.end();
        gate.abandon();
        halt();
    }

    /** Begins nothing more, whatever was not finished: the host may close its transports and its store now. */
    void halt() {
        accountRooms.forEach(room -> room.lane().execute(() -> room.shard().stop()));
        deviceRooms.forEach(room -> room.lane().execute(() -> room.pushes().stop()));
    }

    private static CompletionStage<Void> stopDeadlines(AccountRoom room) {
        room.lane().execute(() -> room.shard().stop());
        return room.committer().whenIdle();
    }

    private static CompletionStage<Void> stopSending(DeviceRoom room) {
        CompletableFuture<Void> landed = new CompletableFuture<>();
        room.lane().execute(() -> room.pushes().stop().whenComplete((all, never) -> landed.complete(null)));
        return landed;
    }

    private static <T> CompletionStage<Void> all(List<T> rooms, BiFunction<T, Integer, CompletionStage<Void>> each) {
        return CompletableFuture.allOf(IntStream.range(0, rooms.size())
                .mapToObj(i -> each.apply(rooms.get(i), i).toCompletableFuture())
                .toArray(CompletableFuture[]::new));
    }

    private void sweepShards() {
        accountRooms.forEach(room -> room.lane().execute(() -> room.shard().sweep(time.stamp())));
    }

    EngineStatus status() {
        return new EngineStatus(open, ears.hearing(), health.works(), health.isLost(), dispatcher.parked());
    }

    // ---- the door

    CompletionStage<Outcome> accept(String json, Source source) {
        return gate.accept(json, source);
    }

    CompletionStage<Outcome> accept(NostrEvent event, Source source) {
        return gate.accept(event, source);
    }

    Filter controlFilter() {
        return Filter.builder()
                .kinds(Kind.PUSH_CONTROL)
                .tag('p', List.of(settings.keyPair.publicKey().hex()))
                .build();
    }

    void feeding(boolean feeding) {
        ears.feeding(feeding);
    }

    private void hear(boolean now) {
        Stamp at = time.stamp();
        for (AccountRoom room : accountRooms) {
            room.lane().execute(() -> room.shard().hearing(now, at));
        }
    }

    private AccountRoom roomOf(PublicKey account) {
        return accountRooms.get(Partition.of(account).index());
    }

    private DeviceRoom roomOf(DeviceAddress device) {
        return deviceRooms.get(Partition.of(device).index());
    }

    /** From the gate to the shards. */
    private final class GateToShards implements Inside {

        @Override
        public boolean isOutdated(PublicKey sender, long createdAt) {
            return roomOf(sender).shard().marks(sender).outdate(createdAt);
        }

        @Override
        public void control(
                PublicKey sender,
                long createdAt,
                ControlMessage message,
                Stamp at,
                CompletableFuture<Outcome> outcome) {
            AccountRoom room = roomOf(sender);
            room.lane()
                    .execute(Lane.answering(
                            outcome, () -> room.shard().control(sender, createdAt, message, at, outcome::complete)));
        }

        @Override
        public void event(
                NostrEvent event,
                Source source,
                Collection<PublicKey> candidates,
                Stamp at,
                CompletableFuture<Outcome> outcome) {
            Map<AccountRoom, List<PublicKey>> byRoom = new LinkedHashMap<>();
            for (PublicKey account : candidates) {
                byRoom.computeIfAbsent(roomOf(account), any -> new ArrayList<>())
                        .add(account);
            }
            AtomicInteger missing = new AtomicInteger(byRoom.size());
            AtomicReference<Tally> sum = new AtomicReference<>(Tally.NONE);
            Consumer<Tally> done = tally -> {
                sum.accumulateAndGet(tally, Tally::plus);
                if (missing.decrementAndGet() == 0) {
                    outcome.complete(outcome(sum.get()));
                }
            };
            byRoom.forEach((room, accounts) -> room.lane()
                    .execute(Lane.answering(outcome, () -> room.shard().event(event, source, accounts, at, done))));
        }

        private Outcome outcome(Tally tally) {
            if (tally.wanted() == 0) {
                return new Outcome.Unwanted();
            }
            return tally.taken() == 0 ? new Outcome.Duplicate() : new Outcome.Taken(tally.taken());
        }
    }

    /** From the gate to the listener. */
    private final class GateNews implements Gate.GateListener {

        @Override
        public void answered(NostrEvent event, Source source, Outcome outcome) {
            if (outcome instanceof Outcome.Refused refused) {
                log.debug(
                        "Refused kind {} from {}: {}",
                        event.kind(),
                        source,
                        refused.code().code());
            }
            listener.tell(to -> to.answered(event.id(), event.kind(), source, outcome));
        }

        @Override
        public void refused(Source source, Refusal refusal) {
            log.debug("Refused what came from {}: {}", source, refusal.code());
            listener.tell(to -> to.refused(source, refusal));
        }

        @Override
        public void full(boolean full) {
            ears.full(full);
        }
    }

    /** From the shards to lanes, other shards, relays and the listener. */
    private final class ShardsToOthers implements ShardOutlets {

        @Override
        public void owed(OwedPush push, boolean stored) {
            DeviceAddress device = push.message().address();
            DeviceRoom room = roomOf(device);
            room.lane().execute(() -> room.pushes().offer(push, stored));
            listener.tell(to -> to.owed(push.account(), device, push.event()));
        }

        @Override
        public void maybeOwed(DeviceAddress device) {
            DeviceRoom room = roomOf(device);
            room.lane().execute(() -> room.pushes().readAgain());
        }

        @Override
        public void withdrawn(PublicKey account, DeviceAddress device) {
            DeviceRoom room = roomOf(device);
            room.lane().execute(() -> room.pushes().withdraw(account, device));
        }

        @Override
        public void registered(DeviceAddress device) {
            if (!dispatcher.serves(device)) {
                log.warn("{} is registered, but no transport serves it: it gets nothing", device);
            }
            DeviceRoom room = roomOf(device);
            room.lane().execute(() -> room.pushes().registered(device));
        }

        @Override
        public void displaced(PublicKey account, DeviceAddress device) {
            AccountRoom room = roomOf(account);
            room.lane().execute(() -> room.shard().displaced(account, device, time.stamp()));
        }

        @Override
        public void interestChanged(InterestChange change) {
            if (settings.relays != null) {
                try {
                    settings.relays.changed(change);
                } catch (RuntimeException e) {
                    log.error("The gateway did not take what {} wants of {}", change.account(), change.relay(), e);
                }
            }
        }

        @Override
        public void controlApplied(PublicKey account, ControlMessage message) {
            listener.tell(to -> to.controlApplied(account, message));
        }

        @Override
        public void forgotten(PublicKey account) {
            listener.tell(to -> to.forgotten(account));
        }

        @Override
        public void presenceChanged(PublicKey account, boolean online) {
            listener.tell(to -> to.presenceChanged(account, online));
        }

        @Override
        public void held(PublicKey account, EventId event) {
            listener.tell(to -> to.held(account, event));
        }

        @Override
        public void dropped(PublicKey account, int events) {
            listener.tell(to -> to.dropped(account, events));
        }
    }

    /** From the index of devices to the lanes. */
    private final class OwnersForDeliveries implements DeviceLane.Owners {
        @Override
        public List<PublicKey> accounts(DeviceAddress device) {
            return owners.accounts(device);
        }

        @Override
        public Optional<DeviceLane.Target> target(PublicKey account, DeviceAddress device, Instant arrivedAt) {
            return owners.device(account, device, arrivedAt)
                    .map(known -> new DeviceLane.Target(known.address(), known.privacy()));
        }

        @Override
        public Optional<Instant> registeredAt(DeviceAddress device) {
            return owners.registeredAt(device);
        }
    }

    /** From the lanes to the shards and the listener. */
    private final class DeliveriesToOthers implements DeliveryOutlets {

        @Override
        public void gone(PublicKey account, DeviceAddress device, Instant registeredBefore) {
            AccountRoom room = roomOf(account);
            room.lane().execute(() -> room.shard().deviceGone(account, device, registeredBefore, time.stamp()));
            listener.tell(to -> to.deviceGone(device));
        }

        @Override
        public void attempted(PushMessage message, int attempt, Duration took, String result) {
            listener.tell(to -> to.attempted(message, attempt, took, result));
        }

        @Override
        public void settled(OwedPush push, Ending ending) {
            listener.tell(to -> to.settled(push.message().address(), push.event(), ending));
        }

        @Override
        public void parked(PushTransport transport, String reason) {
            listener.tell(to -> to.transportParked(transport, reason));
        }

        @Override
        public void resumed(PushTransport transport) {
            listener.tell(to -> to.transportResumed(transport));
        }
    }

    /** What the gateway may do. */
    private final class Feed implements RelayFeed {

        @Override
        public List<RelayUrl> homeRelays() {
            return settings.homeRelays;
        }

        @Override
        public Filter controlFilter() {
            return Engine.this.controlFilter();
        }

        @Override
        public CompletionStage<Outcome> accept(NostrEvent event, Source source) {
            if (!begun) {
                // A gateway may be quicker than we are; what it reads by then must not be lost.
                return CompletableFuture.completedStage(new Outcome.Busy());
            }
            return gate.accept(event, source);
        }

        @Override
        public void caughtUp(RelayUrl relay, Map<PublicKey, Interest> covered) {
            // What is still being checked came before: decided after this it would be no history any more.
            gate.afterChecks(
                    relay,
                    () -> covered.forEach((account, interest) -> {
                        AccountRoom room = roomOf(account);
                        room.lane().execute(() -> room.shard().caughtUp(account, relay, interest));
                    }));
        }

        @Override
        public Optional<Instant> readUpTo(RelayUrl relay) {
            return Optional.ofNullable(readUpTo.get(relay));
        }

        @Override
        public void read(RelayUrl relay, Instant upTo) {
            AccountRoom room = accountRooms.get(Partition.of(relay).index());
            room.lane().execute(() -> room.committer().add(List.of(new Change.Cursor(relay, upTo)), done -> {}));
        }

        @Override
        public void hearing(boolean now) {
            ears.relays(now);
        }
    }
}
