package dev.nippush.address;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many bytes a peer may send before a message is whole. The socket spends it; whoever reads the messages calls
 * {@link #messageArrived()} for each. Safe for use by several threads.
 *
 * <p>Bytes are counted as they come from the network: TLS records, frame headers, control frames and the answer to the
 * upgrade included. Bytes that a reader had buffered when a message ended count for that message. So the limit needs
 * headroom over the longest message: 64 KiB is enough for messages up to 1 MiB.
 */
public final class InboundBudget {
    private final long limit;
    private final AtomicLong spent = new AtomicLong();

    /**
     * Creates a full budget.
     *
     * @param limit bytes, at least 1
     */
    public InboundBudget(long limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit must be positive: " + limit);
        }
        this.limit = limit;
    }

    /** A whole message came in: the budget is full again. */
    public void messageArrived() {
        spent.set(0);
    }

    void spend(int bytes) throws InboundLimitException {
        if (spent.addAndGet(bytes) > limit) {
            throw new InboundLimitException(limit);
        }
    }
}
