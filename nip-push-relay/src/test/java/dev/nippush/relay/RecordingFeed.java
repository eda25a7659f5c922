package dev.nippush.relay;

import dev.nippush.RelayFeed;
import dev.nippush.account.Interest;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.event.Filter;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.testkit.Inbox;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;

/** An engine that takes everything, unless told otherwise, and remembers what it was told, in order. */
final class RecordingFeed implements RelayFeed {

    record CaughtUp(RelayUrl relay, Map<PublicKey, Interest> covered) {}

    record Read(RelayUrl relay, Instant upTo) {}

    record Accepted(NostrEvent event, Source source) {}

    static final PublicKey SERVER = PublicKey.ofHex("5".repeat(64));

    final Inbox<Accepted> accepted = new Inbox<>();
    final Inbox<CaughtUp> caughtUp = new Inbox<>();
    final Inbox<Boolean> hearing = new Inbox<>();
    final Inbox<Read> read = new Inbox<>();
    /** What an earlier start knew. */
    final Map<RelayUrl, Instant> readBefore = new ConcurrentHashMap<>();
    /** Accepted events and calls of caughtUp in one line. */
    final Inbox<Object> all = new Inbox<>();

    volatile BiFunction<NostrEvent, Source, CompletionStage<Outcome>> answer =
            (event, source) -> CompletableFuture.completedFuture(new Outcome.Unwanted());

    private final List<RelayUrl> home;

    RecordingFeed(RelayUrl... home) {
        this.home = List.of(home);
    }

    @Override
    public List<RelayUrl> homeRelays() {
        return home;
    }

    @Override
    public Filter controlFilter() {
        return Filter.builder()
                .kinds(Kind.PUSH_CONTROL)
                .tag('p', List.of(SERVER.hex()))
                .build();
    }

    @Override
    public CompletionStage<Outcome> accept(NostrEvent event, Source source) {
        Accepted call = new Accepted(event, source);
        CompletionStage<Outcome> stage = answer.apply(event, source);
        accepted.add(call);
        all.add(call);
        return stage;
    }

    @Override
    public void caughtUp(RelayUrl relay, Map<PublicKey, Interest> covered) {
        CaughtUp call = new CaughtUp(relay, covered);
        caughtUp.add(call);
        all.add(call);
    }

    @Override
    public Optional<Instant> readUpTo(RelayUrl relay) {
        return Optional.ofNullable(readBefore.get(relay));
    }

    @Override
    public void read(RelayUrl relay, Instant upTo) {
        read.add(new Read(relay, upTo));
    }

    @Override
    public void hearing(boolean now) {
        hearing.add(now);
    }
}
