package dev.nippush;

import dev.nippush.internal.commit.Health;
import dev.nippush.store.Lease;
import dev.nippush.store.Partition;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the store of an engine is doing. Its partitions fail together: the log hears once that the store fails, and once that
 * it works again. Safe for use by several threads.
 */
final class StoreHealth implements Health {

    private static final Logger log = LoggerFactory.getLogger(StoreHealth.class);

    private final Runnable replaced;
    private final Set<Trouble> troubles = new HashSet<>();
    private boolean lost;

    private record Trouble(Partition partition, Call call) {}

    /**
     * Makes that of a store that works.
     *
     * @param replaced runs once, when another server has taken over what this one wrote to
     */
    StoreHealth(Runnable replaced) {
        this.replaced = replaced;
    }

    /** Whether all that is asked of it is done, or was done so far. */
    synchronized boolean works() {
        return !lost && troubles.isEmpty();
    }

    /** Whether another server works on it. */
    synchronized boolean isLost() {
        return lost;
    }

    @Override
    public synchronized void failed(Lease lease, Call call, Throwable failure) {
        if (troubles.isEmpty()) {
            log.warn("The store fails. What needs it waits, and is tried again until it works", failure);
        }
        troubles.add(new Trouble(lease.partition(), call));
    }

    @Override
    public synchronized void recovered(Lease lease, Call call) {
        if (troubles.remove(new Trouble(lease.partition(), call)) && troubles.isEmpty()) {
            log.info("The store works again");
        }
    }

    @Override
    public void leaseLost(Lease lease) {
        synchronized (this) {
            if (lost) {
                return;
            }
            lost = true;
        }
        log.error("Another server has taken over {}: this one stops", lease.partition());
        replaced.run();
    }
}
