package dev.nippush.server;

import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.event.EventId;
import dev.nippush.wire.RelayMessage.Ok;

/** What a client is told of its event (NIP-01). A reason that says no begins with one of the prefixes that NIP-01 names. */
final class Answers {

    private Answers() {}

    /**
     * The answer to an event.
     *
     * @param outcome any but busy, which is no answer: the event is handed over again
     */
    static Ok of(EventId id, Outcome outcome) {
        if (outcome instanceof Outcome.Applied || outcome instanceof Outcome.Taken) {
            return new Ok(id, true, "");
        }
        if (outcome instanceof Outcome.Unwanted) {
            return new Ok(id, true, "no account wants it");
        }
        if (outcome instanceof Outcome.Duplicate) {
            return new Ok(id, true, "duplicate: already decided on");
        }
        if (outcome instanceof Outcome.Refused refused) {
            return new Ok(id, false, prefix(refused.code()) + refused.code().code());
        }
        if (outcome instanceof Outcome.Closed) {
            return new Ok(id, false, "error: the server is closing");
        }
        throw new AssertionError(outcome);
    }

    private static String prefix(Refusal refusal) {
        return refusal == Refusal.RATE_LIMITED ? "rate-limited: " : "invalid: ";
    }
}
