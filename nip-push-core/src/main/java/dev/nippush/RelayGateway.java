package dev.nippush;

import dev.nippush.account.InterestChange;

/**
 * Brings events from relays to the engine. The engine says what its accounts want, one account and one relay at a time,
 * and the gateway turns that into subscriptions. A host that feeds the engine itself needs none.
 */
public interface RelayGateway extends AutoCloseable {

    /**
     * Begins to listen: on every home relay for control messages. Called once, before the first {@link #changed}.
     * Returns at once.
     *
     * @param feed where events go; usable until {@link #close} returns
     */
    void start(RelayFeed feed);

    /**
     * An account wants something else from a relay than before. Called on an engine's thread, so it only takes note. The
     * changes of one account on one relay arrive in order; each one's {@code before} is the {@code after} of the one
     * before it. After a start the interests of all known accounts arrive as changes from nothing.
     */
    void changed(InterestChange change);

    /** Ends all connections. No event is handed over after it returns. Calling it again does nothing. */
    @Override
    void close();
}
