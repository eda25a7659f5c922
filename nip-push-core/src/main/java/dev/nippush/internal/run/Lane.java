package dev.nippush.internal.run;

import static java.util.Objects.requireNonNull;

import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A mailbox that runs its tasks one at a time, in order of arrival, on an executor that it shares with others. What its
 * tasks touch needs no other guard. It never blocks, and has no thread of its own.
 */
public final class Lane implements Executor {

    /** So many tasks in a row, then another lane gets the thread. */
    private static final int TURN = 64;

    private static final Logger log = LoggerFactory.getLogger(Lane.class);

    private final Executor executor;
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private boolean running;

    public Lane(Executor executor) {
        this.executor = requireNonNull(executor);
    }

    /** Adds a task. It runs after those that were added before, never within this call. */
    @Override
    public void execute(Runnable task) {
        requireNonNull(task);
        synchronized (tasks) {
            tasks.add(task);
            if (running) {
                return;
            }
            running = true;
        }
        executor.execute(this::runTurn);
    }

    private void runTurn() {
        for (int i = 0; i < TURN; i++) {
            Runnable task;
            synchronized (tasks) {
                task = tasks.poll();
                if (task == null) {
                    running = false;
                    return;
                }
            }
            run(task);
        }
        executor.execute(this::runTurn);
    }

    /** The same task; if it throws, whoever waits for the answer hears of it too. */
    public static Runnable answering(CompletableFuture<?> answer, Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                answer.completeExceptionally(e);
                throw e;
            }
        };
    }

    /** A task that throws is a bug of ours; the lane goes on, for the sake of all the others whose work is in it. */
    static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            log.error("A task of the engine failed", e);
            if (e instanceof VirtualMachineError fatal) {
                throw fatal;
            }
        }
    }
}
