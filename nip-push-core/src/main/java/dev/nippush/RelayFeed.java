package dev.nippush;

import dev.nippush.account.Interest;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.event.Filter;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** What a {@link RelayGateway} may do. All methods are safe to call on any thread, and none blocks. */
public interface RelayFeed {

    /** The relays that control messages are read from, and that every account's interests are asked of. */
    List<RelayUrl> homeRelays();

    /** What to ask home relays for, with no {@code since}: kind 22456, addressed to this server. */
    Filter controlFilter();

    /**
     * Hands an event over, as {@code NipPush.accept} does. The answer {@code busy} means that this
     * source has as many events open as it may: hand the same event over again when the oldest of them has its outcome,
     * and read no further until then.
     */
    CompletionStage<Outcome> accept(NostrEvent event, Source source);

    /**
     * The relay has sent what it had stored for some accounts: the EOSE of a subscription came, and of all that had to be
     * asked because the answer was cut, or 30 s have passed since one of them was asked. Called after the last stored event
     * was handed over.
     *
     * @param covered for each account the interest that the subscription was made for
     */
    void caughtUp(RelayUrl relay, Map<PublicKey, Interest> covered);

    /**
     * How far a relay was read before this start; empty if that is not known. What it stored since then may not have reached
     * the engine.
     */
    Optional<Instant> readUpTo(RelayUrl relay);

    /**
     * All that the relay sent up to a moment, for every account that wants something of it, was handed over and has had its
     * outcome. It is kept for the next start.
     */
    void read(RelayUrl relay, Instant upTo);

    /**
     * Whether at least one home relay is connected. While none is, silence of an account proves nothing. A gateway with
     * home relays starts deaf.
     */
    void hearing(boolean hearing);
}
