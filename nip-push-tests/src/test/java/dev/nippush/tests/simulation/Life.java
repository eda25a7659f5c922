package dev.nippush.tests.simulation;

import dev.nippush.testkit.VirtualTime;
import dev.nippush.time.EngineTime;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executor;

/** The clocks and the thread of one process: when it is killed, nothing that it had still to do is done. */
final class Life implements EngineTime, Executor {

    /** Who looks at the clock so often while it stands still goes round in a circle. */
    private static final int MANY_LOOKS = 200_000;

    private final VirtualTime time;
    private boolean over;
    private long lastNanos;
    private int looks;

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
        long now = time.nanoTime();
        looks = now == lastNanos ? looks + 1 : 0;
        lastNanos = now;
        if (looks > MANY_LOOKS) {
            throw new IllegalStateException("the engine does not come to rest");
        }
        return now;
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
