package dev.nippush.internal.delivery;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.DeviceAddress;
import dev.nippush.event.PublicKey;
import dev.nippush.internal.commit.Committer;
import dev.nippush.internal.run.Meter;
import dev.nippush.internal.run.RecentMap;
import dev.nippush.store.Change;
import dev.nippush.store.Ending;
import dev.nippush.store.OwedPush;
import dev.nippush.store.PushKey;
import dev.nippush.store.PushStore;
import dev.nippush.time.EngineTime;
import dev.nippush.time.EngineTime.Timer;
import dev.nippush.time.Stamp;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The only writer of its devices' owed pushes. It sends one at a time to each device, tries again what failed, and ends
 * each push once. It keeps a bounded number in memory, those that are due first; the rest waits in the store.
 *
 * <p>All methods are called in the lane, unless they say otherwise.
 */
public final class DeviceLane {

    /** How long a provider may take for its answer. */
    static final Duration ANSWER_PATIENCE = Duration.ofSeconds(30);

    /** How many pushes wait for one device before the oldest are folded. */
    static final int MAX_PER_DEVICE = 100;

    /** How many pushes a lane keeps in memory. */
    static final int IN_MEMORY = 512;

    /** A device gets so many pushes within {@link #METER_REFILL}, the rest waits. */
    private static final int METER_CAPACITY = 60;

    private static final Duration METER_REFILL = Duration.ofMinutes(1);
    private static final int METERS = 8_192;
    private static final Duration NO_TRANSPORT_PAUSE = Duration.ofMinutes(10);
    private static final Duration READ_PAUSE = Duration.ofSeconds(1);
    private static final Instant FOREVER = Instant.ofEpochSecond(253_402_300_799L);

    private static final Logger log = LoggerFactory.getLogger(DeviceLane.class);

    private final Executor lane;
    private final Committer committer;
    private final PushStore store;
    private final EngineTime time;
    private final RandomGenerator random;
    private final RetryPolicy retries;
    private final Dispatcher dispatcher;
    private final Owners owners;
    private final Folding folding;
    private final DeliveryOutlets outlets;

    private final Map<PushKey, Waiting> inMemory = new HashMap<>();
    private final TreeSet<Waiting> scheduled = new TreeSet<>(Waiting.ORDER);
    private final Map<DeviceAddress, DeviceQueue> queues = new HashMap<>();
    private final Set<DeviceAddress> parked = new HashSet<>();
    private final RecentMap<DeviceAddress, Meter> meters = new RecentMap<>(METERS);

    private final Set<PushKey> endingKeys = new HashSet<>();
    private final Set<PushKey> endedWhileReading = new HashSet<>();
    private boolean moreInStore;
    private boolean reading;
    private boolean readPaused;
    private boolean starved;
    private boolean leftWhileReading;

    private long sequence;
    private int inFlight;
    private @Nullable Timer timer;
    private @Nullable CompletableFuture<Void> stopped;

    /** The pushes of one device. */
    private static final class DeviceQueue {
        /** Those whose time has come, while another one is in flight. */
        private final TreeSet<Waiting> ready = new TreeSet<>(Waiting.ORDER);

        private @Nullable Waiting current;
        private int size;
    }

    /** Makes the message that stands for several. Safe for use by several threads. */
    public interface Folding {

        /** The message of the newer push, now for so many events, and of use until then. */
        PushMessage fold(OwedPush newer, int count, Instant expiresAt);
    }

    /** Knows who has a device. Safe for use by several threads. */
    public interface Owners {

        /** The accounts that have the device. */
        List<PublicKey> accounts(DeviceAddress device);

        /** Whether the account has the device, and had it already when something arrived. */
        boolean owned(PublicKey account, DeviceAddress device, Instant arrivedAt);

        /** When the device was last registered with any account; empty when no account has it. */
        Optional<Instant> registeredAt(DeviceAddress device);
    }

    public DeviceLane(
            Executor lane,
            Committer committer,
            PushStore store,
            EngineTime time,
            RandomGenerator random,
            RetryPolicy retries,
            Dispatcher dispatcher,
            Owners owners,
            Folding folding,
            DeliveryOutlets outlets) {
        this.lane = requireNonNull(lane);
        this.committer = requireNonNull(committer);
        this.store = requireNonNull(store);
        this.time = requireNonNull(time);
        this.random = requireNonNull(random);
        this.retries = requireNonNull(retries);
        this.dispatcher = requireNonNull(dispatcher);
        this.owners = requireNonNull(owners);
        this.folding = requireNonNull(folding);
        this.outlets = requireNonNull(outlets);
    }

    /** Begins with what is owed in the store. */
    public void begin() {
        dispatcher.whenResumed(() -> lane.execute(this::resume));
        moreInStore = true;
        readMore();
    }

    /** Takes a push that was committed. */
    public void offer(OwedPush push) {
        if (stopped == null) {
            remember(push);
            pump();
        }
    }

    /** Reads what is owed in the store, where there may be a push that was not offered. */
    public void readAgain() {
        leaveToStore();
        readMore();
    }

    private void remember(OwedPush push) {
        if (inMemory.containsKey(push.key())) {
            return;
        }
        long nextNanos = time.stamp().nanosAt(push.nextAt().toEpochMilli());
        if (inMemory.size() >= IN_MEMORY && !makeRoomBefore(nextNanos)) {
            leaveToStore();
            return;
        }
        Waiting waiting = new Waiting(push, nextNanos, sequence++);
        inMemory.put(push.key(), waiting);
        scheduled.add(waiting);
        DeviceQueue queue = queues.computeIfAbsent(push.message().address(), any -> new DeviceQueue());
        queue.size++;
        if (queue.size > MAX_PER_DEVICE) {
            fold(push.message().address());
        }
    }

    /** Leaves the push that is due last to the store, if it is due later than another one. */
    private boolean makeRoomBefore(long nextNanos) {
        if (scheduled.isEmpty() || scheduled.last().nextNanos - nextNanos <= 0) {
            return false;
        }
        forget(scheduled.last());
        leaveToStore();
        return true;
    }

    /** What a read that is under way brings may be older than this. */
    private void leaveToStore() {
        moreInStore = true;
        leftWhileReading = reading;
    }

    private void forget(Waiting waiting) {
        DeviceAddress device = waiting.push.message().address();
        inMemory.remove(waiting.push.key());
        scheduled.remove(waiting);
        DeviceQueue queue = queues.get(device);
        if (queue != null) {
            queue.ready.remove(waiting);
            if (--queue.size == 0 && queue.current == null) {
                queues.remove(device);
            }
        }
    }

    // ---- what others tell

    /** The account has lost the device. What is in flight for it is not recalled, but not tried again either. */
    public void withdraw(PublicKey account, DeviceAddress device) {
        for (Waiting waiting : waitingFor(device)) {
            if (waiting.push.account().equals(account)) {
                end(waiting, Ending.WITHDRAWN);
            }
        }
        if (owners.accounts(device).isEmpty()) {
            parked.remove(device);
        }
    }

    /** The device was registered again: whatever its provider said of it before may be wrong now. */
    public void registered(DeviceAddress device) {
        parked.remove(device);
    }

    private void resume() {
        for (Waiting waiting : List.copyOf(inMemory.values())) {
            if (scheduled.contains(waiting) && waiting.push.failures() == 0) {
                reschedule(waiting, time.nanoTime());
            }
        }
        pump();
    }

    /**
     * Sends no more.
     *
     * @return completes when nothing is in flight
     */
    public CompletionStage<Void> stop() {
        if (stopped == null) {
            stopped = new CompletableFuture<>();
            cancelTimer();
            completeIfStopped();
        }
        return stopped;
    }

    private void completeIfStopped() {
        if (stopped != null && inFlight == 0) {
            stopped.complete(null);
        }
    }

    // ---- from the store

    private void readMore() {
        if (reading || readPaused || starved || !moreInStore || stopped != null || inMemory.size() > IN_MEMORY / 2) {
            return;
        }
        reading = true;
        leftWhileReading = false;
        endedWhileReading.clear();
        CompletionStage<List<OwedPush>> due;
        try {
            due = store.due(committer.lease(), FOREVER, IN_MEMORY);
        } catch (RuntimeException e) {
            due = CompletableFuture.failedStage(e);
        }
        due.whenComplete((pushes, failure) -> lane.execute(() -> {
            reading = false;
            if (failure != null) {
                log.warn(
                        "The store could not say what is owed in {}",
                        committer.lease().partition(),
                        failure);
                readLater();
                return;
            }
            moreInStore = pushes.size() == IN_MEMORY || leftWhileReading;
            long before = sequence;
            for (OwedPush push : pushes) {
                if (!endingKeys.contains(push.key()) && !endedWhileReading.contains(push.key())) {
                    remember(push);
                }
            }
            // Nothing but what is in memory or about to end: it would be the same again, until a commit lands.
            starved = sequence == before && !endingKeys.isEmpty();
            pump();
        }));
    }

    private void readLater() {
        readPaused = true;
        time.schedule(
                READ_PAUSE,
                () -> lane.execute(() -> {
                    readPaused = false;
                    readMore();
                }));
    }

    // ---- on time

    private void pump() {
        if (stopped != null) {
            return;
        }
        long now = time.nanoTime();
        while (!scheduled.isEmpty() && scheduled.first().nextNanos - now <= 0) {
            Waiting waiting = scheduled.pollFirst();
            DeviceQueue queue = queues.get(waiting.push.message().address());
            queue.ready.add(waiting);
            next(queue);
        }
        cancelTimer();
        if (!scheduled.isEmpty()) {
            Duration wait = Duration.ofNanos(Math.max(0, scheduled.first().nextNanos - now));
            timer = time.schedule(wait, () -> lane.execute(this::pump));
        }
        readMore();
    }

    private void cancelTimer() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    private void reschedule(Waiting waiting, long nanos) {
        scheduled.remove(waiting);
        waiting.nextNanos = nanos;
        scheduled.add(waiting);
    }

    private void next(DeviceQueue queue) {
        while (queue.current == null && !queue.ready.isEmpty() && stopped == null) {
            Waiting waiting = queue.ready.pollFirst();
            start(queue, waiting);
        }
    }

    /** Sends a push whose time has come, unless something stands against it. */
    private void start(DeviceQueue queue, Waiting waiting) {
        DeviceAddress device = waiting.push.message().address();
        Stamp now = time.stamp();
        if (endsUnsent(waiting, now)) {
            return;
        }
        Optional<TransportLine> line = dispatcher.lineOf(device);
        if (line.isEmpty()) {
            postpone(waiting, now.instant().plus(NO_TRANSPORT_PAUSE), now);
            return;
        }
        Meter meter =
                meters.computeIfAbsent(device, any -> new Meter(METER_CAPACITY, METER_REFILL.toNanos(), now.nanos()));
        // A call would be over before its turn came.
        if (!meter.take(now.nanos()) && !waiting.isCall()) {
            waiting.nextNanos = now.nanos() + meter.nanosUntilNext(now.nanos());
            scheduled.add(waiting);
            return;
        }
        if (line.get().circuit().pass(now.nanos()) == Circuit.Pass.LATER) {
            postpone(waiting, now.instantAt(line.get().circuit().waitUntil()), now);
            return;
        }
        queue.current = waiting;
        inFlight++;
        dispatcher.take(line.get(), device, () -> lane.execute(() -> send(queue, waiting, line.get())));
    }

    private boolean endsUnsent(Waiting waiting, Stamp now) {
        OwedPush push = waiting.push;
        DeviceAddress device = push.message().address();
        if (!owners.owned(push.account(), device, push.receivedAt())) {
            end(waiting, Ending.WITHDRAWN);
            return true;
        }
        if (!push.message().expiresAt().isAfter(now.instant())) {
            end(waiting, Ending.EXPIRED);
            return true;
        }
        if (parked.contains(device)) {
            end(waiting, Ending.REJECTED);
            return true;
        }
        return false;
    }

    private void send(DeviceQueue queue, Waiting waiting, TransportLine line) {
        Stamp sent = time.stamp();
        // The places may have been long in coming.
        if (stopped != null || inMemory.get(waiting.push.key()) != waiting || endsUnsent(waiting, sent)) {
            free(queue, waiting, line);
            return;
        }
        CompletableFuture<PushResult> answer = new CompletableFuture<>();
        Timer patience = time.schedule(ANSWER_PATIENCE, () -> answer.completeExceptionally(new TimeoutException()));
        answer.whenComplete((result, silence) -> lane.execute(() -> {
            patience.cancel();
            try {
                answered(waiting, line, sent, result, silence);
            } finally {
                free(queue, waiting, line);
            }
        }));
        stageOf(waiting.push.message(), line).whenComplete((result, silence) -> {
            if (silence != null) {
                answer.completeExceptionally(silence);
            } else if (result == null) {
                answer.completeExceptionally(new IllegalStateException("the transport answered null"));
            } else {
                answer.complete(result);
            }
        });
    }

    private static CompletionStage<PushResult> stageOf(PushMessage message, TransportLine line) {
        try {
            return line.transport().send(message);
        } catch (RuntimeException e) {
            log.warn(
                    "{} threw instead of answering", line.transport().getClass().getName(), e);
            return CompletableFuture.failedStage(e);
        }
    }

    private void free(DeviceQueue queue, Waiting waiting, TransportLine line) {
        DeviceAddress device = waiting.push.message().address();
        dispatcher.giveBack(line, device);
        inFlight--;
        queue.current = null;
        next(queue);
        if (queue.size == 0 && queue.current == null) {
            queues.remove(device, queue);
        }
        pump();
        completeIfStopped();
    }

    // ---- answers

    private void answered(
            Waiting waiting, TransportLine line, Stamp sent, @Nullable PushResult result, @Nullable Throwable silence) {
        Stamp now = time.stamp();
        Duration took = Duration.ofNanos(now.nanos() - sent.nanos());
        outlets.attempted(waiting.push.message(), waiting.push.failures() + 1, took, describe(result, silence));
        if (inMemory.get(waiting.push.key()) != waiting) {
            // It was withdrawn while it was in flight.
            return;
        }
        if (result == null) {
            retry(waiting, Optional.empty(), now);
            return;
        }
        if (result instanceof PushResult.Rejected rejected && rejected.fault() == Fault.CREDENTIALS) {
            if (line.circuit().refused(now.nanos())) {
                log.error(
                        "{} stops: its provider refuses our credentials ({}). Pushes are kept, and one is tried from"
                                + " time to time",
                        line.transport(),
                        rejected.reason());
                outlets.parked(line.transport(), rejected.reason());
            }
            postpone(waiting, now.instantAt(line.circuit().waitUntil()), now);
            return;
        }
        if (line.circuit().worked()) {
            log.info("{} works again", line.transport());
            outlets.resumed(line.transport());
            dispatcher.resumed();
        }
        if (result instanceof PushResult.Accepted) {
            end(waiting, Ending.ACCEPTED);
        } else if (result instanceof PushResult.RetryAfter later) {
            retry(waiting, later.delay(), now);
        } else if (result instanceof PushResult.DeviceGone gone) {
            gone(waiting, gone, sent, now);
        } else if (result instanceof PushResult.Rejected rejected) {
            rejected(waiting, rejected);
        } else {
            throw new AssertionError(result);
        }
    }

    private static String describe(@Nullable PushResult result, @Nullable Throwable silence) {
        if (result instanceof PushResult.Accepted) {
            return "accepted";
        }
        if (result instanceof PushResult.RetryAfter later) {
            return "retry: " + later.reason();
        }
        if (result instanceof PushResult.DeviceGone) {
            return "device gone";
        }
        if (result instanceof PushResult.Rejected rejected) {
            return "rejected: " + rejected.reason();
        }
        Throwable cause =
                silence instanceof CompletionException && silence.getCause() != null ? silence.getCause() : silence;
        return "no answer: " + (cause == null ? "" : cause.getClass().getSimpleName());
    }

    private void rejected(Waiting waiting, PushResult.Rejected rejected) {
        DeviceAddress device = waiting.push.message().address();
        end(waiting, Ending.REJECTED);
        if (rejected.fault() == Fault.DEVICE) {
            log.info("Nothing more is sent to {} until it registers again: {}", device, rejected.reason());
            parked.add(device);
            waitingFor(device).forEach(other -> end(other, Ending.REJECTED));
        } else {
            log.info("A push to {} was refused: {}", device, rejected.reason());
        }
    }

    private void gone(Waiting waiting, PushResult.DeviceGone gone, Stamp sent, Stamp now) {
        DeviceAddress device = waiting.push.message().address();
        // Without a date it is gone as of the moment when we asked.
        Instant since = gone.since().orElse(sent.instant());
        // Nobody registered later than now, so a date in the future says no more than this moment.
        Instant before = (since.isBefore(now.instant()) ? since : now.instant()).plusMillis(1);
        Optional<Instant> registeredAt = owners.registeredAt(device);
        if (registeredAt.filter(at -> !at.isBefore(before)).isPresent()) {
            retry(waiting, Optional.empty(), now);
            return;
        }
        List<PublicKey> accounts = owners.accounts(device);
        List<Change> changes = new ArrayList<>();
        changes.add(new Change.ForgetDevice(device, before));
        committer.add(changes, done -> accounts.forEach(account -> outlets.gone(account, device, before)));
        end(waiting, Ending.GONE);
        waitingFor(device).forEach(other -> end(other, Ending.GONE));
    }

    private void retry(Waiting waiting, Optional<Duration> wanted, Stamp now) {
        OwedPush push = waiting.push;
        Duration delay = wanted.orElseGet(() -> retries.delay(push.failures() + 1, random));
        // Compared before it is added up: a provider may name a time that no clock shows.
        if (delay.compareTo(Duration.between(now.instant(), push.message().expiresAt())) >= 0) {
            end(waiting, Ending.EXPIRED);
            return;
        }
        waitUntil(waiting, push.failed(now.instant().plus(delay)), now);
    }

    private void postpone(Waiting waiting, Instant next, Stamp now) {
        if (!next.isBefore(waiting.push.message().expiresAt())) {
            // It expires first; that is found out then.
            waitUntil(waiting, waiting.push.postponed(waiting.push.message().expiresAt()), now);
        } else {
            waitUntil(waiting, waiting.push.postponed(next), now);
        }
    }

    private void waitUntil(Waiting waiting, OwedPush later, Stamp now) {
        waiting.push = later;
        // Never earlier: what stood against the push would still stand, and it would come back here at once.
        reschedule(waiting, now.nanosAt(later.nextAt().plusNanos(999_999).toEpochMilli()));
        committer.add(List.of(new Change.Retry(later)), done -> {});
    }

    // ---- endings

    private void end(Waiting waiting, Ending ending) {
        end(waiting, ending, List.of());
    }

    /** Ends a push, and changes something else at the same moment. */
    private void end(Waiting waiting, Ending ending, List<Change> others) {
        OwedPush push = waiting.push;
        forget(waiting);
        endingKeys.add(push.key());
        if (reading) {
            endedWhileReading.add(push.key());
        }
        List<Change> changes = new ArrayList<>();
        changes.add(new Change.Settle(push.key(), ending, time.now()));
        changes.addAll(others);
        committer.add(changes, done -> {
            endingKeys.remove(push.key());
            outlets.settled(push, ending);
            if (starved) {
                starved = false;
                readMore();
            }
        });
    }

    /**
     * Folds the two oldest waiting pushes of a device into one that stands for both. Calls are left alone, and so are the
     * pushes of two accounts that share the device.
     */
    private void fold(DeviceAddress device) {
        List<Waiting> oldest = waitingFor(device).stream()
                .filter(waiting -> !waiting.isCall())
                .limit(2)
                .toList();
        if (oldest.size() < 2
                || !oldest.get(0).push.account().equals(oldest.get(1).push.account())) {
            return;
        }
        Waiting newer = oldest.get(1);
        OwedPush into = newer.push;
        int count = oldest.get(0).push.count() + into.count();
        newer.push = new OwedPush(
                into.account(),
                into.event(),
                count,
                into.receivedAt(),
                folding.fold(into, count, later(oldest.get(0).push, into)),
                into.failures(),
                into.nextAt());
        // Together, or a crash in between would leave the older one folded into what does not stand for it.
        end(oldest.get(0), Ending.FOLDED, List.of(new Change.Retry(newer.push)));
    }

    private static Instant later(OwedPush one, OwedPush other) {
        Instant first = one.message().expiresAt();
        Instant second = other.message().expiresAt();
        return first.isAfter(second) ? first : second;
    }

    private List<Waiting> waitingFor(DeviceAddress device) {
        DeviceQueue queue = queues.get(device);
        if (queue == null) {
            return List.of();
        }
        return inMemory.values().stream()
                .filter(waiting -> waiting.push.message().address().equals(device) && waiting != queue.current)
                .sorted(Waiting.BY_RECEIPT)
                .toList();
    }
}
