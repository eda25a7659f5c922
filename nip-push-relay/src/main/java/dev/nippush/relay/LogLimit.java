package dev.nippush.relay;

import dev.nippush.address.RelayUrl;
import dev.nippush.time.EngineTime;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The log of one relay: one line a minute, so that no relay fills the disk. Safe for use by any number of threads. */
final class LogLimit {

    private static final long PAUSE_NANOS = Duration.ofMinutes(1).toNanos();
    private static final Logger LOG = LoggerFactory.getLogger(RelayPool.class);

    private final EngineTime time;
    private final RelayUrl relay;
    private final boolean home;
    private boolean spoke;
    private long spokeAt;
    private long suppressed;

    LogLimit(EngineTime time, RelayUrl relay, boolean home) {
        this.time = time;
        this.relay = relay;
        this.home = home;
    }

    /** Says it, unless something was said within the last minute. Trouble of a home relay is the operator's. */
    void say(String what) {
        long kept;
        synchronized (this) {
            long now = time.nanoTime();
            if (spoke && now - spokeAt < PAUSE_NANOS) {
                suppressed++;
                return;
            }
            spoke = true;
            spokeAt = now;
            kept = suppressed;
            suppressed = 0;
        }
        String more = kept == 0 ? "" : " (" + kept + " more before)";
        if (home) {
            LOG.warn("home relay {}: {}{}", relay, what, more);
        } else {
            LOG.debug("relay {}: {}{}", relay, what, more);
        }
    }
}
