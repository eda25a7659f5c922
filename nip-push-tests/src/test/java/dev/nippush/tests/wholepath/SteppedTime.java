package dev.nippush.tests.wholepath;

import dev.nippush.time.EngineTime;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledExecutorService;

/** The system's time, but for a wall clock that can be set: recorded messages are only fresh at their own time. */
final class SteppedTime implements EngineTime {

    private final EngineTime system;
    private volatile Duration ahead = Duration.ZERO;

    SteppedTime(ScheduledExecutorService timers) {
        this.system = EngineTime.system(timers);
    }

    void setWallClock(Instant now) {
        ahead = Duration.between(system.now(), now);
    }

    @Override
    public Instant now() {
        return system.now().plus(ahead);
    }

    @Override
    public long nanoTime() {
        return system.nanoTime();
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        return system.schedule(delay, task);
    }
}
