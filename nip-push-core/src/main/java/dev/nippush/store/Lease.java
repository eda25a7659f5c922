package dev.nippush.store;

import static java.util.Objects.requireNonNull;

/**
 * The right to write to a partition.
 *
 * @param partition which one
 * @param epoch rises with each {@link PushStore#acquire}; a store refuses the calls of an older one
 */
public record Lease(Partition partition, long epoch) {
    public Lease {
        requireNonNull(partition);
    }
}
