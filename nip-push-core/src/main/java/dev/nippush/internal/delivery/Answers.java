package dev.nippush.internal.delivery;

import dev.nippush.address.DeviceAddress;
import dev.nippush.internal.run.Failures;
import dev.nippush.store.Ending;
import dev.nippush.store.OwedPush;
import dev.nippush.time.EngineTime;
import dev.nippush.time.Stamp;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Scope;
import dev.nippush.transport.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a provider's answer means: for the push, its device, its host and its transport. Belongs to its lane. */
final class Answers {

    /** A provider may name a time that no clock shows. */
    private static final Duration LONGEST_PAUSE = Duration.ofDays(1);

    private static final Logger log = LoggerFactory.getLogger(Answers.class);

    private final EngineTime time;
    private final RetryPolicy retries;
    private final RandomGenerator random;
    private final Dispatcher dispatcher;
    private final DeviceLane.Owners owners;
    private final Devices devices;
    private final Outbox outbox;
    private final Ledger ledger;
    private final DeliveryOutlets outlets;

    Answers(
            EngineTime time,
            RetryPolicy retries,
            RandomGenerator random,
            Dispatcher dispatcher,
            DeviceLane.Owners owners,
            Devices devices,
            Outbox outbox,
            Ledger ledger,
            DeliveryOutlets outlets) {
        this.time = time;
        this.retries = retries;
        this.random = random;
        this.dispatcher = dispatcher;
        this.owners = owners;
        this.devices = devices;
        this.outbox = outbox;
        this.ledger = ledger;
        this.outlets = outlets;
    }

    /**
     * A request has ended, with an answer or without.
     *
     * @param asked what was sent
     * @param sent when it was made
     */
    void answered(
            Waiting waiting,
            PushMessage asked,
            TransportLine line,
            Stamp sent,
            @Nullable PushResult result,
            @Nullable Throwable silence) {
        Stamp now = time.stamp();
        Duration took = Duration.ofNanos(now.nanos() - sent.nanos());
        outlets.attempted(asked, waiting.push.failures() + 1, took, describe(result, silence));
        tellHost(waiting.device(), result, now);
        if (result == null) {
            retry(waiting, Optional.empty(), now);
            return;
        }
        if (result instanceof PushResult.Rejected rejected && rejected.fault() == Fault.CREDENTIALS) {
            refused(waiting, line, rejected, now);
            return;
        }
        if (!isServerInTrouble(result) && line.circuit().worked(sent.nanos())) {
            log.info("{} works again", line.transport());
            outlets.resumed(line.transport());
            dispatcher.resumed();
        }
        if (result instanceof PushResult.Accepted) {
            ledger.end(waiting, Ending.ACCEPTED);
        } else if (result instanceof PushResult.RetryAfter later) {
            later(waiting, line, later, now);
        } else if (result instanceof PushResult.DeviceGone gone) {
            gone(waiting, gone, sent, now);
        } else if (result instanceof PushResult.Rejected rejected) {
            rejected(waiting, rejected, sent, now);
        } else {
            throw new AssertionError(result);
        }
    }

    private void tellHost(DeviceAddress device, @Nullable PushResult result, Stamp now) {
        if (result == null || isServerInTrouble(result)) {
            dispatcher.healthOf(device).ifPresent(health -> health.failed(now.nanos()));
        } else {
            dispatcher.answered(device);
        }
    }

    /** One that is says nothing of our credentials either. */
    private static boolean isServerInTrouble(PushResult result) {
        return result instanceof PushResult.RetryAfter later && later.scope() == Scope.SERVER;
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
        return "no answer: "
                + (silence == null ? "" : Failures.cause(silence).getClass().getSimpleName());
    }

    private void refused(Waiting waiting, TransportLine line, PushResult.Rejected rejected, Stamp now) {
        if (line.circuit().refused(rejected, now.nanos())) {
            log.error(
                    "{} stops, because its provider refuses our credentials. {}. Pushes are kept, and one is tried from"
                            + " time to time",
                    line.transport(),
                    rejected.explained());
            outlets.parked(line.transport(), rejected.explained());
        }
        OptionalLong until = line.circuit().notBefore(now.nanos());
        outbox.putOff(waiting, until.orElseGet(now::nanos), Waiting.Reason.PROVIDER, now);
    }

    private void rejected(Waiting waiting, PushResult.Rejected rejected, Stamp sent, Stamp now) {
        DeviceAddress device = waiting.device();
        if (rejected.fault() != Fault.DEVICE) {
            log.info("A push to {} was refused. {}", device, rejected.explained());
            ledger.end(waiting, Ending.REJECTED);
            return;
        }
        Optional<Instant> registeredAt = owners.registeredAt(device);
        if (registeredAt.isEmpty()) {
            // Nobody is left to register it again, which alone would end its parking.
            ledger.end(waiting, Ending.REJECTED);
        } else if (registeredAt.get().isAfter(sent.instant())) {
            // The provider spoke of what was registered before.
            retry(waiting, Optional.empty(), now);
        } else {
            log.info("Nothing more is sent to {} until it registers again. {}", device, rejected.explained());
            devices.park(device);
            ledger.end(waiting, Ending.REJECTED);
            outbox.waitingFor(device).forEach(other -> ledger.end(other, Ending.REJECTED));
        }
    }

    private void gone(Waiting waiting, PushResult.DeviceGone gone, Stamp sent, Stamp now) {
        DeviceAddress device = waiting.device();
        // Without a date it is gone as of the moment when we asked.
        Instant since = gone.since().orElse(sent.instant());
        // Nobody registered later than now, so a date in the future says no more than this moment.
        Instant before = (since.isBefore(now.instant()) ? since : now.instant()).plusMillis(1);
        Optional<Instant> registeredAt = owners.registeredAt(device);
        if (registeredAt.filter(at -> !at.isBefore(before)).isPresent()) {
            retry(waiting, Optional.empty(), now);
            return;
        }
        ledger.endGone(waiting, before, owners.accounts(device));
        outbox.waitingFor(device).forEach(other -> ledger.end(other, Ending.GONE));
    }

    private void later(Waiting waiting, TransportLine line, PushResult.RetryAfter later, Stamp now) {
        later.delay().ifPresent(delay -> {
            switch (later.scope()) {
                case DEVICE ->
                    devices.allowance(waiting.device(), now.nanos())
                            .pauseUntil(now.nanos() + bounded(delay).toNanos());
                case SENDER -> {
                    if (line.circuit().quotaSpent(now.nanos(), bounded(delay))) {
                        log.warn("{} pauses for {}. {}", line.transport(), bounded(delay), later.reason());
                    }
                }
                case SERVER -> {}
            }
        });
        retry(waiting, later.delay(), now);
        if (later.scope() == Scope.DEVICE && later.delay().isPresent()) {
            waiting.reason = Waiting.Reason.DEVICE;
        }
    }

    private static Duration bounded(Duration delay) {
        return delay.compareTo(LONGEST_PAUSE) < 0 ? delay : LONGEST_PAUSE;
    }

    private void retry(Waiting waiting, Optional<Duration> wanted, Stamp now) {
        OwedPush push = waiting.push;
        Duration delay = wanted.orElseGet(() -> retries.delay(push.failures() + 1, random));
        // Compared before it is added up: a provider may name a time that no clock shows.
        if (delay.compareTo(Duration.between(now.instant(), push.message().expiresAt())) >= 0) {
            ledger.end(waiting, Ending.EXPIRED);
            return;
        }
        OwedPush later = push.failed(now.instant().plus(delay));
        ledger.retry(waiting, later);
        outbox.scheduleAnew(waiting, now);
    }
}
