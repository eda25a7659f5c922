package dev.nippush.internal.gate;

import dev.nippush.address.Source;
import dev.nippush.control.ControlMessage;
import dev.nippush.control.ControlReader;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.crypto.DecryptionException;
import dev.nippush.crypto.KeyPair;
import dev.nippush.crypto.Nip04;
import dev.nippush.crypto.Secp256k1;
import dev.nippush.event.EventId;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.internal.run.FairLane;
import dev.nippush.internal.run.Lane;
import dev.nippush.internal.run.Meter;
import dev.nippush.internal.run.RecentMap;
import dev.nippush.time.EngineTime;
import dev.nippush.time.Stamp;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * One of the lanes in which events are checked: a control message in the lane of its claimed sender, any other event in
 * the lane of its id. So all copies of an event meet in one lane, and only the first one costs a signature check.
 */
final class CheckLane {

    private static final int SEEN = 4_096;
    private static final int PROVED = 2_048;
    private static final int SENDERS = 4_096;
    private static final int MESSAGES_A_MINUTE = 150;
    private static final int REGISTRATIONS_A_MINUTE = 30;
    private static final long MINUTE = Duration.ofMinutes(1).toNanos();

    /** The place of control messages among the sources that are served in turn. */
    private static final Object CONTROL = "control";

    private final FairLane lane;
    private final EngineTime time;
    private final GateRules rules;
    private final KeyPair server;
    private final Secp256k1 curve;
    private final ControlReader reader;
    private final Inside inside;

    private final RecentMap<Copy, CompletableFuture<Outcome>> seen = new RecentMap<>(SEEN);
    private final RecentMap<Copy, Boolean> proved = new RecentMap<>(PROVED);
    private final RecentMap<PublicKey, Rate> rates = new RecentMap<>(SENDERS);

    /** A copy is the same only with the same signature: else a forged one could stand in for the real one. */
    private record Copy(EventId id, String sig) {}

    private record Rate(Meter messages, Meter registrations) {}

    CheckLane(
            Executor executor,
            EngineTime time,
            GateRules rules,
            KeyPair server,
            Secp256k1 curve,
            ControlReader reader,
            Inside inside) {
        this.lane = new FairLane(executor);
        this.time = time;
        this.rules = rules;
        this.server = server;
        this.curve = curve;
        this.reader = reader;
        this.inside = inside;
    }

    /** Checks a control message. Called on any thread. */
    void control(NostrEvent event, CompletableFuture<Outcome> outcome) {
        lane.execute(CONTROL, () -> {
            Stamp at = time.stamp();
            return Lane.answering(outcome, () -> checkControl(event, at, outcome));
        });
    }

    /** Checks any other event. Called on any thread. */
    void event(NostrEvent event, Source source, Collection<PublicKey> candidates, CompletableFuture<Outcome> outcome) {
        lane.execute(source.key(), () -> {
            Stamp at = time.stamp();
            return Lane.answering(outcome, () -> checkEvent(event, source, candidates, at, outcome));
        });
    }

    /** Runs a task after the checks of what a source has handed over so far. Called on any thread. */
    void after(String source, Runnable task) {
        lane.execute(source, () -> task);
    }

    private void checkControl(NostrEvent event, Stamp at, CompletableFuture<Outcome> outcome) {
        long age = at.epochSecond() - event.createdAt();
        if (age > rules.maxAge().toSeconds() || -age > rules.maxAhead().toSeconds()) {
            refuse(outcome, Refusal.STALE);
            return;
        }
        Copy copy = new Copy(event.id(), event.sig());
        CompletableFuture<Outcome> first = seen.get(copy);
        if (first != null) {
            // Not before the first one has its answer: whoever hears "duplicate" takes the message for safe.
            first.whenComplete((any, failure) -> outcome.complete(new Outcome.Duplicate()));
            return;
        }
        Optional<Refusal> forged = proveEvent(event);
        if (forged.isPresent()) {
            refuse(outcome, forged.get());
            return;
        }
        PublicKey sender = event.pubkey();
        Rate rate = rates.computeIfAbsent(
                sender,
                any -> new Rate(
                        new Meter(MESSAGES_A_MINUTE, MINUTE, at.nanos()),
                        new Meter(REGISTRATIONS_A_MINUTE, MINUTE, at.nanos())));
        if (!rate.messages().take(at.nanos())) {
            refuse(outcome, Refusal.RATE_LIMITED);
            return;
        }
        if (inside.isOutdated(sender, event.createdAt())) {
            refuse(outcome, Refusal.OUT_OF_ORDER);
            return;
        }
        String plaintext;
        try {
            plaintext = Nip04.decrypt(server, sender, event.content());
        } catch (DecryptionException e) {
            seen.put(copy, outcome);
            refuse(outcome, Refusal.DECRYPT);
            return;
        }
        ControlReader.Reading reading = reader.read(plaintext);
        if (reading instanceof ControlReader.Reading.Refused refused) {
            seen.put(copy, outcome);
            refuse(outcome, refused.refusal());
            return;
        }
        ControlMessage message = ((ControlReader.Reading.Understood) reading).message();
        boolean registers = message instanceof ControlMessage.Settings || message instanceof ControlMessage.Logout;
        if (registers && !rate.registrations().take(at.nanos())) {
            refuse(outcome, Refusal.RATE_LIMITED);
            return;
        }
        seen.put(copy, outcome);
        inside.control(sender, event.createdAt(), message, at, outcome);
    }

    private void checkEvent(
            NostrEvent event,
            Source source,
            Collection<PublicKey> candidates,
            Stamp at,
            CompletableFuture<Outcome> outcome) {
        Copy copy = new Copy(event.id(), event.sig());
        // What was proved is that the signature belongs to the id; that the id belongs to this event is not known yet.
        if (!event.hasValidId()) {
            refuse(outcome, Refusal.BAD_ID);
            return;
        }
        if (!proved.containsKey(copy) && !curve.verify(event)) {
            refuse(outcome, Refusal.BAD_SIG);
            return;
        }
        proved.put(copy, true);
        inside.event(event, source, candidates, at, outcome);
    }

    private Optional<Refusal> proveEvent(NostrEvent event) {
        if (!event.hasValidId()) {
            return Optional.of(Refusal.BAD_ID);
        }
        return curve.verify(event) ? Optional.empty() : Optional.of(Refusal.BAD_SIG);
    }

    private static void refuse(CompletableFuture<Outcome> outcome, Refusal refusal) {
        outcome.complete(new Outcome.Refused(refusal));
    }
}
