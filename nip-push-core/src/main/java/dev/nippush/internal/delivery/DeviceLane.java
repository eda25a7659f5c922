package dev.nippush.internal.delivery;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Privacy;
import dev.nippush.event.PublicKey;
import dev.nippush.internal.commit.Committer;
import dev.nippush.store.Ending;
import dev.nippush.store.OwedPush;
import dev.nippush.store.PushKey;
import dev.nippush.store.PushStore;
import dev.nippush.time.EngineTime;
import dev.nippush.time.EngineTime.Timer;
import dev.nippush.time.Stamp;
import dev.nippush.transport.PushLimit;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The only writer of its devices' owed pushes. It sends one at a time to each device, tries again what failed, folds what
 * is too much, and ends each push once.
 *
 * <p>All methods are called in the lane, unless they say otherwise.
 */
public final class DeviceLane {

    /** How long a provider may take for its answer. */
    static final Duration ANSWER_PATIENCE = Duration.ofSeconds(30);

    /** How many pushes wait for one device before the oldest are folded. */
    static final int MAX_PER_DEVICE = 100;

    private static final Duration NO_TRANSPORT_PAUSE = Duration.ofMinutes(10);

    private static final Logger log = LoggerFactory.getLogger(DeviceLane.class);

    private final Executor lane;
    private final EngineTime time;
    private final Dispatcher dispatcher;
    private final Owners owners;
    private final Wording wording;

    private final Outbox outbox;
    private final Ledger ledger;
    private final Backlog backlog;
    private final Devices devices;
    private final Answers answers;

    private int inFlight;
    private @Nullable Timer timer;
    private @Nullable CompletableFuture<Void> stopped;

    /** Makes what is sent. Safe for use by several threads. */
    public interface Wording {

        /** The message of the newer push, now for so many events, and of use until then. */
        PushMessage fold(OwedPush newer, int count, Instant expiresAt);

        /**
         * The message as it leaves.
         *
         * @param address the device as it is registered now
         * @param level how much its provider may learn
         */
        PushMessage leaving(PushMessage kept, DeviceAddress address, Privacy level);
    }

    /** Knows who has a device. Safe for use by several threads. */
    public interface Owners {

        /** The accounts that have the device. */
        List<PublicKey> accounts(DeviceAddress device);

        /** The device as the account has it registered, if it had it already when something arrived. */
        Optional<Target> target(PublicKey account, DeviceAddress device, Instant arrivedAt);

        /** When the device was last registered with any account; empty when no account has it. */
        Optional<Instant> registeredAt(DeviceAddress device);
    }

    /**
     * A device as it is registered.
     *
     * @param address with the keys of the newest registration
     * @param privacy what the client asked for; empty where it left that to the operator
     */
    public record Target(DeviceAddress address, Optional<Privacy> privacy) {
        public Target {
            requireNonNull(address);
            requireNonNull(privacy);
        }
    }

    public DeviceLane(
            Executor lane,
            Committer committer,
            PushStore store,
            EngineTime time,
            RandomGenerator random,
            RetryPolicy retries,
            PushLimit limit,
            Dispatcher dispatcher,
            Owners owners,
            Wording wording,
            DeliveryOutlets outlets) {
        this.lane = requireNonNull(lane);
        this.time = requireNonNull(time);
        this.dispatcher = requireNonNull(dispatcher);
        this.owners = requireNonNull(owners);
        this.wording = requireNonNull(wording);
        this.outbox = new Outbox(host -> dispatcher.isPaused(host, time.nanoTime()));
        this.ledger = new Ledger(committer, time, outbox, outlets, this::landed);
        this.backlog =
                new Backlog(lane, store, committer.lease(), committer.health(), time, outbox, ledger, this::arrived);
        this.devices = new Devices(limit);
        this.answers = new Answers(time, retries, random, dispatcher, owners, devices, outbox, ledger, outlets);
    }

    /** Begins with what is owed in the store. */
    public void begin() {
        dispatcher.whenResumed(() -> lane.execute(() -> resume(outbox.all(), Waiting.Reason.PROVIDER)));
        readAgain();
    }

    /**
     * Takes a push that was committed.
     *
     * @param stored whether a relay had its event in store: of many such for one device the most are folded
     */
    public void offer(OwedPush push, boolean stored) {
        // A read may have brought it before, and all may be over.
        if (stopped == null && !ledger.hasEnded(push.key())) {
            remember(push, true);
            if (stored && push.count() == 1) {
                outbox.find(push.key()).filter(waiting -> !waiting.isCall()).ifPresent(this::gather);
            }
            pump();
        }
    }

    /**
     * Takes one of the few stored events that the device gets each by itself, or gathers it with others. That is done before
     * its turn, or a flood of them would crowd out what waits for the device already.
     */
    private void gather(Waiting waiting) {
        Stamp now = time.stamp();
        OptionalLong until = devices.allowance(waiting.device(), now.nanos()).takeStored(now.nanos());
        if (until.isPresent()) {
            tooMany(outbox.queueOf(waiting.device()).orElseThrow(), waiting, until.getAsLong(), now);
        }
    }

    /** Reads what is owed in the store, where there may be a push that was not offered. */
    public void readAgain() {
        outbox.left().anything();
        backlog.readMore();
    }

    private void arrived(List<OwedPush> fromStore) {
        for (OwedPush push : fromStore) {
            if (remember(push, false) && target(push).isEmpty()) {
                // Now, or the device might be the account's again by the time the push is due.
                outbox.find(push.key()).ifPresent(waiting -> ledger.end(waiting, Ending.WITHDRAWN));
            }
        }
        pump();
    }

    private Optional<Target> target(OwedPush push) {
        return owners.target(push.account(), push.message().address(), push.receivedAt());
    }

    /** Takes a push; returns false when it was known before, or when there is no room for it. */
    private boolean remember(OwedPush push, boolean offered) {
        if (outbox.has(push.key())
                || !outbox.put(push, time.stamp().nanosAt(push.nextAt().toEpochMilli()), offered)) {
            return false;
        }
        DeviceAddress device = push.message().address();
        if (outbox.queueOf(device).orElseThrow().size() > MAX_PER_DEVICE) {
            foldOldest(device);
        }
        return true;
    }

    private void landed(PushKey key) {
        backlog.landed(key);
        backlog.readMore();
    }

    // ---- what others tell

    /** The account has lost the device. What is in flight for it is not recalled, but not tried again either. */
    public void withdraw(PublicKey account, DeviceAddress device) {
        for (Waiting waiting : outbox.waitingFor(device)) {
            if (waiting.push.account().equals(account)) {
                ledger.end(waiting, Ending.WITHDRAWN);
            }
        }
        if (owners.accounts(device).isEmpty()) {
            devices.startOver(device);
        }
    }

    /** The device was registered again: whatever its provider said of it before may be wrong now. */
    public void registered(DeviceAddress device) {
        devices.startOver(device);
        resume(outbox.waitingFor(device), Waiting.Reason.DEVICE);
    }

    private void resume(Collection<Waiting> those, Waiting.Reason reason) {
        for (Waiting waiting : those) {
            if (waiting.reason == reason && outbox.isScheduled(waiting)) {
                outbox.schedule(waiting, time.nanoTime(), Waiting.Reason.NONE);
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
            backlog.stop();
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

    // ---- on time

    private void pump() {
        if (stopped != null) {
            return;
        }
        long now = time.nanoTime();
        Optional<Waiting> first = outbox.first();
        while (first.isPresent() && first.get().nextNanos - now <= 0) {
            Waiting due = first.get();
            DeviceQueue queue = outbox.queueOf(due.device()).orElseThrow();
            outbox.unschedule(due);
            queue.makeReady(due);
            next(queue);
            first = outbox.first();
        }
        cancelTimer();
        first.ifPresent(next -> {
            Duration wait = Duration.ofNanos(Math.max(0, next.nextNanos - now));
            timer = time.schedule(wait, () -> lane.execute(this::pump));
        });
        backlog.readMore();
    }

    private void cancelTimer() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    private void next(DeviceQueue queue) {
        Optional<Waiting> ready = queue.pollReady();
        while (ready.isPresent() && stopped == null) {
            start(queue, ready.get());
            ready = queue.pollReady();
        }
    }

    /** Sends a push whose time has come, unless something stands against it. */
    private void start(DeviceQueue queue, Waiting waiting) {
        DeviceAddress device = waiting.device();
        Stamp now = time.stamp();
        if (sendable(waiting, now).isEmpty()) {
            return;
        }
        Optional<TransportLine> found = dispatcher.lineOf(device);
        if (found.isEmpty()) {
            outbox.putOff(waiting, now.nanos() + NO_TRANSPORT_PAUSE.toNanos(), Waiting.Reason.NONE, now);
            return;
        }
        TransportLine line = found.get();
        Allowance allowance = devices.allowance(device, now.nanos());
        OptionalLong paused = allowance.notBefore(now.nanos());
        if (paused.isPresent()) {
            outbox.putOff(waiting, paused.getAsLong(), Waiting.Reason.DEVICE, now);
            return;
        }
        if (isPutOff(waiting, line.circuit().notBefore(now.nanos()), hostNotBefore(device, now), now)) {
            return;
        }
        if (!waiting.counted) {
            OptionalLong turn = allowance.take(waiting.isCall(), now.nanos());
            if (turn.isPresent()) {
                tooMany(queue, waiting, turn.getAsLong(), now);
                return;
            }
            waiting.counted = true;
        }
        queue.begin(waiting);
        inFlight++;
        dispatcher.take(line, device, giveBack -> lane.execute(() -> send(queue, waiting, line, giveBack)));
    }

    private OptionalLong hostNotBefore(DeviceAddress device, Stamp now) {
        return dispatcher
                .healthOf(device)
                .map(health -> health.notBefore(now.nanos()))
                .orElseGet(OptionalLong::empty);
    }

    /** Whether its transport or its host is to be left alone, and the push waits for that. */
    private boolean isPutOff(Waiting waiting, OptionalLong transport, OptionalLong host, Stamp now) {
        if (transport.isPresent()) {
            outbox.putOff(waiting, transport.getAsLong(), Waiting.Reason.PROVIDER, now);
            return true;
        }
        if (host.isPresent()) {
            outbox.putOff(waiting, host.getAsLong(), Waiting.Reason.PROVIDER, now);
            return true;
        }
        return false;
    }

    /**
     * The device gets more than it may: what is too much becomes one notification, which waits for its turn. A call waits
     * alone, and is over soon.
     */
    private void tooMany(DeviceQueue queue, Waiting waiting, long until, Stamp now) {
        outbox.putOff(waiting, until, Waiting.Reason.TOO_MANY, now);
        List<Waiting> one = queue.foldable(
                waiting.push.account(), each -> each.reason == Waiting.Reason.TOO_MANY && outbox.isScheduled(each));
        if (one.size() >= 2) {
            ledger.fold(one.get(0), one.get(1), wording);
        }
    }

    /** Folds the two oldest pushes that wait for a device. */
    private void foldOldest(DeviceAddress device) {
        DeviceQueue queue = outbox.queueOf(device).orElseThrow();
        queue.waiting().stream()
                .filter(waiting -> !waiting.isCall())
                .map(waiting -> queue.foldable(waiting.push.account(), any -> true))
                .filter(ofOneAccount -> ofOneAccount.size() >= 2)
                .findFirst()
                .ifPresent(two -> ledger.fold(two.get(0), two.get(1), wording));
    }

    /** Where the push goes; empty where it does not, and has ended. */
    private Optional<Target> sendable(Waiting waiting, Stamp now) {
        OwedPush push = waiting.push;
        Optional<Target> target = target(push);
        if (target.isEmpty()) {
            ledger.end(waiting, Ending.WITHDRAWN);
            return Optional.empty();
        }
        if (!push.message().expiresAt().isAfter(now.instant())) {
            ledger.end(waiting, Ending.EXPIRED);
            return Optional.empty();
        }
        if (devices.isParked(waiting.device())) {
            ledger.end(waiting, Ending.REJECTED);
            return Optional.empty();
        }
        return target;
    }

    private void send(DeviceQueue queue, Waiting waiting, TransportLine line, Runnable giveBack) {
        Stamp sent = time.stamp();
        // The places may have been long in coming.
        Optional<Target> target = stopped != null ? Optional.empty() : sendable(waiting, sent);
        if (target.isEmpty()) {
            free(queue, waiting, giveBack);
            return;
        }
        OptionalLong transport = line.circuit().pass(sent.nanos());
        OptionalLong host = transport.isPresent()
                ? OptionalLong.empty()
                : dispatcher
                        .healthOf(waiting.device())
                        .map(health -> health.request(sent.nanos()))
                        .orElseGet(OptionalLong::empty);
        if (isPutOff(waiting, transport, host, sent)) {
            free(queue, waiting, giveBack);
            return;
        }
        PushMessage message = leaving(waiting.push, target.get(), line);
        CompletableFuture<PushResult> answer = new CompletableFuture<>();
        Timer patience = time.schedule(ANSWER_PATIENCE, () -> answer.completeExceptionally(new TimeoutException()));
        answer.whenComplete((result, silence) -> lane.execute(() -> {
            patience.cancel();
            try {
                answers.answered(waiting, message, line, sent, result, silence);
            } finally {
                free(queue, waiting, giveBack);
            }
        }));
        stageOf(message, line).whenComplete((result, silence) -> {
            if (silence != null) {
                answer.completeExceptionally(silence);
            } else if (result == null) {
                answer.completeExceptionally(new IllegalStateException("the transport answered null"));
            } else {
                answer.complete(result);
            }
        });
    }

    /** The message as it is sent: to where the device is now, and with no more than the client wants told now. */
    private PushMessage leaving(OwedPush push, Target target, TransportLine line) {
        Privacy level = target.privacy().map(line.privacy()::atMost).orElseGet(line::privacy);
        return wording.leaving(push.message(), target.address(), level);
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

    private void free(DeviceQueue queue, Waiting waiting, Runnable giveBack) {
        giveBack.run();
        inFlight--;
        queue.end();
        next(queue);
        outbox.forgetIdle(waiting.device());
        pump();
        completeIfStopped();
    }
}
