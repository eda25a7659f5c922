package dev.nippush.testkit;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks when the test says so, on the thread that says it. Any thread may hand in tasks, tasks included.
 */
public final class VirtualExecutor implements Executor {

    private final List<Runnable> tasks = new ArrayList<>();
    private final @Nullable RandomGenerator order;

    /** Tasks run in the order in which they came. */
    public VirtualExecutor() {
        this.order = null;
    }

    /**
     * Any waiting task may be the next, as with several threads.
     *
     * @param order says which; a generator with the same seed chooses the same order again
     */
    public VirtualExecutor(RandomGenerator order) {
        this.order = requireNonNull(order);
    }

    @Override
    public synchronized void execute(Runnable task) {
        tasks.add(requireNonNull(task));
    }

    /** How many tasks wait. */
    public synchronized int waiting() {
        return tasks.size();
    }

    /** Runs one task; false if there is none. Whatever it throws comes out here. */
    public boolean runNext() {
        Runnable task = take();
        if (task == null) {
            return false;
        }
        task.run();
        return true;
    }

    /** Runs tasks until none is left, those included that were handed in meanwhile. */
    public void runAll() {
        while (runNext()) {}
    }

    private synchronized @Nullable Runnable take() {
        if (tasks.isEmpty()) {
            return null;
        }
        return tasks.remove(order == null ? 0 : order.nextInt(tasks.size()));
    }
}
