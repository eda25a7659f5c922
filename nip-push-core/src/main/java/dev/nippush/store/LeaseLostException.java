package dev.nippush.store;

/** A call was made under a lease that somebody else has taken over since. Trying again is of no use. */
public final class LeaseLostException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient Lease lease;

    public LeaseLostException(Lease lease) {
        super("the lease on " + lease.partition() + " of epoch " + lease.epoch() + " was taken over");
        this.lease = lease;
    }

    /** The lease that is worth nothing any more. */
    public Lease lease() {
        return lease;
    }
}
