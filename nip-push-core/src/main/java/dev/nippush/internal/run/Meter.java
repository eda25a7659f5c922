package dev.nippush.internal.run;

/** A token bucket on the monotonic clock. Not safe for use by several threads. */
public final class Meter {

    private final double capacity;
    private final double perNano;
    private double tokens;
    private long at;

    /**
     * Makes a full bucket.
     *
     * @param capacity how many tokens it holds
     * @param refillNanos how long it takes to fill an empty one
     * @param now the monotonic clock, in nanoseconds
     */
    public Meter(int capacity, long refillNanos, long now) {
        this.capacity = capacity;
        this.perNano = (double) capacity / refillNanos;
        this.tokens = capacity;
        this.at = now;
    }

    /** Takes a token, if there is one. */
    public boolean take(long now) {
        refill(now);
        if (tokens < 1) {
            return false;
        }
        tokens -= 1;
        return true;
    }

    /** How long until {@link #take} can succeed; zero when it can now. */
    public long nanosUntilNext(long now) {
        refill(now);
        return tokens >= 1 ? 0 : (long) Math.ceil((1 - tokens) / perNano);
    }

    private void refill(long now) {
        if (now - at > 0) {
            tokens = Math.min(capacity, tokens + (now - at) * perNano);
            at = now;
        }
    }
}
