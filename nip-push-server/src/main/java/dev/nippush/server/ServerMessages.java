package dev.nippush.server;

import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.event.EventId;
import dev.nippush.event.StrictJson;

/** What the endpoint says to a client (NIP-01). */
final class ServerMessages {

    private ServerMessages() {}

    /**
     * The answer to an event.
     *
     * @param outcome any but busy, which is no answer: the event is handed over again
     */
    static String ok(EventId id, Outcome outcome) {
        if (outcome instanceof Outcome.Applied || outcome instanceof Outcome.Taken) {
            return ok(id, true, "");
        }
        if (outcome instanceof Outcome.Unwanted) {
            return ok(id, true, "no account wants it");
        }
        if (outcome instanceof Outcome.Duplicate) {
            return ok(id, true, "duplicate: already decided on");
        }
        if (outcome instanceof Outcome.Refused refused) {
            return ok(id, false, prefix(refused.code()) + refused.code().code());
        }
        if (outcome instanceof Outcome.Closed) {
            return ok(id, false, "error: the server is closing");
        }
        throw new AssertionError(outcome);
    }

    private static String prefix(Refusal refusal) {
        return switch (refusal) {
            case RATE_LIMITED -> "rate-limited: ";
            default -> "invalid: ";
        };
    }

    /** The answer to an event; a reason begins with one of NIP-01's prefixes where it says no. */
    static String ok(EventId id, boolean accepted, String reason) {
        StringBuilder out = new StringBuilder(96 + reason.length());
        out.append("[\"OK\",\"").append(id.hex()).append("\",").append(accepted).append(',');
        StrictJson.appendString(out, reason);
        return out.append(']').toString();
    }

    /** There is nothing stored, here or for this subscription. */
    static String eose(String subscription) {
        StringBuilder out = new StringBuilder(16 + subscription.length()).append("[\"EOSE\",");
        StrictJson.appendString(out, subscription);
        return out.append(']').toString();
    }

    /** This subscription is not served. */
    static String closed(String subscription, String reason) {
        StringBuilder out = new StringBuilder().append("[\"CLOSED\",");
        StrictJson.appendString(out, subscription);
        out.append(',');
        StrictJson.appendString(out, reason);
        return out.append(']').toString();
    }

    /** Words for a human. */
    static String notice(String text) {
        StringBuilder out = new StringBuilder().append("[\"NOTICE\",");
        StrictJson.appendString(out, text);
        return out.append(']').toString();
    }
}
