package dev.nippush.tests.crash;

import java.util.List;

/**
 * What was seen of one person: what its apps said to the server, what was published for its accounts, and what reached its
 * devices. All times are milliseconds since 1970; a person's accounts and devices are nobody else's.
 *
 * @param said in the order in which it was begun
 * @param published in order
 * @param attempts in order of arrival
 * @param runs of the server, in order, the last one perhaps not over
 * @param cuts of connections to gateways, which may have taken answers to others with them
 * @param pace how long the machine takes, at its slowest, for what should take no second
 */
record Facts(
        List<Said> said, List<Published> published, List<Attempt> attempts, List<Run> runs, List<Cut> cuts, long pace) {

    /** The time of what has not happened. */
    static final long NEVER = Long.MAX_VALUE;

    Facts {
        said = List.copyOf(said);
        published = List.copyOf(published);
        attempts = List.copyOf(attempts);
        runs = List.copyOf(runs);
        cuts = List.copyOf(cuts);
    }

    enum Deed {
        REGISTER,
        HEARTBEAT,
        OFFLINE,
        LOGOUT
    }

    /**
     * A control message, said again and again until the server has it.
     *
     * @param device which one is registered; empty for all other deeds
     * @param sent when it was first sent: before that it has no effect
     * @param sure when the server had said that it is on disk; {@link #NEVER} while it has not
     */
    record Said(String account, Deed deed, String device, long sent, long sure) {}

    /**
     * An event for an account.
     *
     * @param createdAt as the event says, in seconds
     * @param at just before the relay got it
     * @param unheard whether nobody was connected to the relay then
     */
    record Published(String event, String account, int kind, long createdAt, long at, boolean unheard) {}

    enum Verdict {
        ACCEPTED,
        REFUSED,
        GONE,
        /** The connection ended without an answer. */
        CUT,
        /** No answer ever came. */
        SILENT
    }

    /**
     * A message that reached a gateway.
     *
     * @param event empty when several were folded into it
     * @param count how many events it stands for
     * @param collapseKey empty where the channel has none
     * @param at when it was there
     * @param answered when the answer was given
     */
    record Attempt(
            String gateway,
            String device,
            String event,
            int count,
            String collapseKey,
            long at,
            Verdict verdict,
            long answered) {}

    /**
     * A life of the server.
     *
     * @param started when the process was started
     * @param killed just before it was; {@link #NEVER} while it runs
     * @param dead when it was no more
     */
    record Run(long started, long killed, long dead) {}

    /** A gateway cut a connection. */
    record Cut(String gateway, long at) {}
}
