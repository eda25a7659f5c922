package dev.nippush.relay;

import dev.nippush.testkit.Inbox;
import dev.nippush.testkit.VirtualTime;
import dev.nippush.time.EngineTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** Virtual time that remembers what was scheduled, so that a test can wait for a timer before it moves the clock. */
final class RecordingTime implements EngineTime {

    private final VirtualTime time = new VirtualTime(Instant.now());
    private final Inbox<Duration> scheduled = new Inbox<>();

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
        Timer timer = time.schedule(delay, task);
        scheduled.add(delay);
        return timer;
    }

    void advance(Duration by) {
        time.advance(by);
    }

    /** Waits until so many timers of this length were scheduled since the start. */
    void awaitTimers(Duration length, int count) {
        for (int seen = 0; ; seen++) {
            List<Duration> all = scheduled.await(seen);
            if (all.stream().filter(length::equals).count() >= count) {
                return;
            }
        }
    }

    /** Waits for a timer that is none of the usual ones: the pause before another attempt. */
    Duration awaitPause(int number) {
        for (int seen = 0; ; seen++) {
            List<Duration> pauses = scheduled.await(seen).stream()
                    .filter(delay -> !delay.equals(Link.GATHERING)
                            && !delay.equals(Link.EOSE_PATIENCE)
                            && !delay.equals(Link.GRACE)
                            && !delay.equals(Link.SENDING_PAUSE)
                            && !delay.equals(RelayPool.REPORTING))
                    .toList();
            if (pauses.size() >= number) {
                return pauses.get(number - 1);
            }
        }
    }
}
