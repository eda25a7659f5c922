package dev.nippush.internal.delivery;

import java.time.Duration;

/**
 * Stops sending through a transport whose provider refuses our credentials. After a pause one push goes out as a probe: an
 * answer that accepts the credentials closes the circuit, another refusal doubles the pause. All times are monotonic
 * nanoseconds. Safe for use by several threads.
 */
final class Circuit {

    static final Duration FIRST_PAUSE = Duration.ofSeconds(30);
    static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);
    /** A probe that is not answered by then is forgotten, and another may go out. */
    private static final Duration PROBE_PATIENCE = Duration.ofSeconds(40);

    private boolean open;
    private boolean probing;
    private long waitUntil;
    private long pause;

    /** What to do with a push. */
    enum Pass {
        /** Send it. */
        YES,
        /** Send it no earlier than {@link #waitUntil()}. */
        LATER
    }

    synchronized Pass pass(long now) {
        if (!open) {
            return Pass.YES;
        }
        if (now - waitUntil < 0) {
            return Pass.LATER;
        }
        probing = true;
        waitUntil = now + PROBE_PATIENCE.toNanos();
        return Pass.YES;
    }

    synchronized long waitUntil() {
        return waitUntil;
    }

    synchronized boolean isOpen() {
        return open;
    }

    /** The provider refused our credentials; returns whether it took them before. */
    synchronized boolean refused(long now) {
        boolean news = !open;
        if (open && !probing) {
            // One of those that were under way when the circuit opened.
            return false;
        }
        pause = news ? FIRST_PAUSE.toNanos() : Math.min(2 * pause, LONGEST_PAUSE.toNanos());
        open = true;
        probing = false;
        waitUntil = now + pause;
        return news;
    }

    /** The provider answered about something else than our credentials; returns whether it refused them before. */
    synchronized boolean worked() {
        boolean news = open;
        open = false;
        probing = false;
        return news;
    }
}
