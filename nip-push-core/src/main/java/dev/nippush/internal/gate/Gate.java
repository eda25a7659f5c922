package dev.nippush.internal.gate;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.ControlReader;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.crypto.KeyPair;
import dev.nippush.crypto.Secp256k1;
import dev.nippush.event.EventDefect;
import dev.nippush.event.EventFormatException;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.internal.match.MatchIndex;
import dev.nippush.internal.run.Credits;
import dev.nippush.time.EngineTime;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The door. What costs little is checked first, on the caller's thread: an event that no account might want goes no
 * further. Everything else needs a credit and is checked in a lane.
 *
 * <p>Safe for use by any number of threads; never blocks, and never throws for what a stranger sent.
 */
public final class Gate {

    private static final int LANES = 64;
    private static final int MAX_OPEN = 8_192;
    private static final long MAX_OPEN_BYTES = 64L << 20;
    private static final int KEPT_FOR_CONTROL = 1_024;
    private static final int MAX_OPEN_PER_SOURCE = 256;

    private final GateRules rules;
    private final PublicKey server;
    private final MatchIndex index;
    private final GateListener listener;
    private final List<CheckLane> lanes;
    private final Credits credits = new Credits(MAX_OPEN, MAX_OPEN_BYTES, KEPT_FOR_CONTROL, MAX_OPEN_PER_SOURCE);
    /** In order, so that the same input is answered in the same order. */
    private final Set<CompletableFuture<Outcome>> inside = Collections.synchronizedSet(new LinkedHashSet<>());

    private volatile boolean full;
    private volatile boolean open;
    private volatile boolean abandoned;

    /** Hears what the gate answered; called on any thread. */
    public interface GateListener {

        /** An event has its outcome. */
        void answered(NostrEvent event, Source source, Outcome outcome);

        /** Something could not be read as an event. */
        void refused(Source source, Refusal refusal);

        /** Nothing gets in any more, not even control messages; or they do again. */
        void full(boolean full);
    }

    public Gate(
            GateRules rules,
            KeyPair server,
            Secp256k1 curve,
            ControlReader reader,
            MatchIndex index,
            EngineTime time,
            Executor executor,
            Inside inside,
            GateListener listener) {
        this.rules = requireNonNull(rules);
        this.server = server.publicKey();
        this.index = requireNonNull(index);
        this.listener = requireNonNull(listener);
        this.lanes = Stream.generate(() -> new CheckLane(executor, time, rules, server, curve, reader, inside))
                .limit(LANES)
                .toList();
    }

    /** Lets events in from now on. */
    public void open() {
        open = true;
    }

    /** Lets no more in; completes when all that is inside has its outcome. */
    public CompletionStage<Void> close() {
        open = false;
        return credits.close();
    }

    /** Lets no more in, and gives up on all that is inside: what becomes of it will never be known here. */
    public void abandon() {
        abandoned = true;
        close();
        List<CompletableFuture<Outcome>> left;
        synchronized (inside) {
            left = List.copyOf(inside);
        }
        left.forEach(outcome -> outcome.complete(new Outcome.Closed()));
    }

    /** Takes the text of an event. */
    public CompletionStage<Outcome> accept(String json, Source source) {
        if (!open) {
            return CompletableFuture.completedStage(new Outcome.Closed());
        }
        NostrEvent event;
        try {
            event = NostrEvent.parse(json);
        } catch (EventFormatException e) {
            Refusal refusal = e.defect() == EventDefect.TOO_BIG ? Refusal.TOO_BIG : Refusal.BAD_EVENT;
            listener.refused(source, refusal);
            return CompletableFuture.completedStage(new Outcome.Refused(refusal));
        }
        return accept(event, source);
    }

    /** Takes an event that was parsed already. */
    public CompletionStage<Outcome> accept(NostrEvent event, Source source) {
        if (!open) {
            return CompletableFuture.completedStage(new Outcome.Closed());
        }
        return event.kind() == Kind.PUSH_CONTROL ? control(event, source) : other(event, source);
    }

    /** Runs a task when all that a relay has handed over so far was checked and passed on. */
    public void afterChecks(RelayUrl relay, Runnable task) {
        List<String> sources =
                List.of(Source.relay(relay).key(), Source.homeRelay(relay).key());
        AtomicInteger missing = new AtomicInteger(sources.size() * lanes.size());
        for (CheckLane lane : lanes) {
            for (String source : sources) {
                lane.after(source, () -> {
                    if (missing.decrementAndGet() == 0) {
                        task.run();
                    }
                });
            }
        }
    }

    private CompletionStage<Outcome> control(NostrEvent event, Source source) {
        if (!source.mayControl()) {
            return answered(event, source, new Outcome.Unwanted());
        }
        int size = event.content().length();
        if (size > rules.maxControlBytes()) {
            return answered(event, source, new Outcome.Refused(Refusal.TOO_BIG));
        }
        if (!event.values("p").contains(server.hex())) {
            return answered(event, source, new Outcome.Refused(Refusal.NOT_ADDRESSED));
        }
        return inside(
                event, source, true, outcome -> lane(event.pubkey().hashCode()).control(event, outcome));
    }

    private CompletionStage<Outcome> other(NostrEvent event, Source source) {
        if (source.origin() == Source.Origin.ENDPOINT) {
            return answered(event, source, new Outcome.Refused(Refusal.KIND));
        }
        Collection<PublicKey> candidates = index.candidates(event);
        if (candidates.isEmpty()) {
            return answered(event, source, new Outcome.Unwanted());
        }
        return inside(
                event, source, false, outcome -> lane(event.id().hashCode()).event(event, source, candidates, outcome));
    }

    private CompletionStage<Outcome> inside(
            NostrEvent event, Source source, boolean urgent, Consumer<CompletableFuture<Outcome>> check) {
        Optional<Credits.Credit> credit = credits.take(source.key(), size(event), urgent);
        noteFull(urgent && credit.isEmpty() && credits.exhausted(), urgent);
        if (credit.isEmpty()) {
            return answered(event, source, new Outcome.Busy());
        }
        CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        inside.add(outcome);
        CompletableFuture<Outcome> answered = outcome.whenComplete((answer, failure) -> {
            inside.remove(outcome);
            credit.get().giveBack();
            if (answer != null) {
                listener.answered(event, source, answer);
            }
        });
        check.accept(outcome);
        if (abandoned) {
            // It came in while the others were given up.
            outcome.complete(new Outcome.Closed());
        }
        return answered.minimalCompletionStage();
    }

    /** Tells when a control message found the door shut, and when the next one finds it open. */
    private void noteFull(boolean now, boolean urgent) {
        if (!urgent || full == now) {
            return;
        }
        synchronized (this) {
            if (full != now) {
                full = now;
                listener.full(now);
            }
        }
    }

    private CompletionStage<Outcome> answered(NostrEvent event, Source source, Outcome outcome) {
        listener.answered(event, source, outcome);
        return CompletableFuture.completedStage(outcome);
    }

    private CheckLane lane(int hash) {
        return lanes.get(Math.floorMod(hash ^ hash >>> 16, LANES));
    }

    private static int size(NostrEvent event) {
        int size = event.content().length() + 512;
        for (Tag tag : event.tags()) {
            for (String value : tag.values()) {
                size += value.length() + 8;
            }
        }
        return size;
    }
}
