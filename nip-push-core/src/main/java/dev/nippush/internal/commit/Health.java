package dev.nippush.internal.commit;

import dev.nippush.store.Lease;

/** Hears how the store is doing, from all lanes. Safe for use by several threads. */
public interface Health {

    /** What is asked of the store. */
    enum Call {
        /** To make changes. */
        COMMIT,
        /** To say what is owed. */
        READ
    }

    /** A call failed, and will be made again. */
    void failed(Lease lease, Call call, Throwable failure);

    /** A call was answered after one like it had failed. */
    void recovered(Lease lease, Call call);

    /** Somebody else has the partition now: nothing will be written to it here any more. */
    void leaseLost(Lease lease);
}
