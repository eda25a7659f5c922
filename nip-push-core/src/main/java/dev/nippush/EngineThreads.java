package dev.nippush;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads of an engine that was handed none. They begin with the first work, and end with the engine. */
final class EngineThreads {

    private static final int WORKERS = Math.max(2, Runtime.getRuntime().availableProcessors());

    private final ThreadPoolExecutor workers = new ThreadPoolExecutor(
            WORKERS, WORKERS, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), named("nip-push-"));
    private final ScheduledThreadPoolExecutor timers = new ScheduledThreadPoolExecutor(1, named("nip-push-timer-"));

    EngineThreads() {
        // After the end there is nothing left to do: what a late callback of a vendor asks for is owed in the store.
        workers.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
        timers.setRemoveOnCancelPolicy(true);
        timers.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    Executor workers() {
        return workers;
    }

    ScheduledExecutorService timers() {
        return timers;
    }

    void end() {
        timers.shutdown();
        workers.shutdown();
    }

    private static ThreadFactory named(String prefix) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, prefix + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }
}
