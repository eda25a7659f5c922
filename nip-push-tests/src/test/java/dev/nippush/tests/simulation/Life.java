package dev.nippush.tests.simulation;

import dev.nippush.testkit.VirtualTime;
import dev.nippush.time.EngineTime;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executor;

/** The clocks and the thread of one process: when it is killed, nothing that it had still to do is done. */
final class Life implements EngineTime, Executor {

    private final VirtualTime time;
    private boolean over;

    Life(VirtualTime time) {
        this.time = time;
    }

    void kill() {
        over = true;
    }

    boolean isOver() {
        return over;
    }

    @Override
    public Instant now() {
        return time.now();
    }

    @Override
    public long nanoTime() {
        return time.nanoTime();
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        return time.schedule(delay, whileAlive(task));
    }

    @Override
    public void execute(Runnable task) {
        time.executor().execute(whileAlive(task));
    }

    private Runnable whileAlive(Runnable task) {
        return () -> {
            if (!over) {
                task.run();
            }
        };
    }
}
