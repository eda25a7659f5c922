package dev.nippush.internal.delivery;

import dev.nippush.transport.PushResult;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Stops sending through a transport whose provider refuses our credentials. After a pause one push goes out as a probe: an
 * answer that accepts the credentials closes the circuit, another refusal doubles the pause. A quota that is spent stops it
 * as well, for as long as the provider says. All times are monotonic nanoseconds. Safe for use by several threads.
 */
final class Circuit {

    static final Duration FIRST_PAUSE = Duration.ofSeconds(30);
    static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);
    /** A probe that is not answered by then is forgotten, and another may go out. */
    private static final Duration PROBE_PATIENCE = Duration.ofSeconds(40);

    private PushResult.@Nullable Rejected refusal;
    private boolean probing;
    private long openedAt;
    private long waitUntil;
    private long pause;
    private @Nullable Long quotaAt;

    /** From when on a push may go out; empty when one may now. */
    synchronized OptionalLong notBefore(long now) {
        Long quota = quotaAt;
        if (quota != null && quota - now > 0) {
            return OptionalLong.of(quota);
        }
        return refusal != null && waitUntil - now > 0 ? OptionalLong.of(waitUntil) : OptionalLong.empty();
    }

    /** As {@link #notBefore}; of an open circuit, a push that may go out now is the probe. */
    synchronized OptionalLong pass(long now) {
        OptionalLong wait = notBefore(now);
        if (wait.isEmpty() && refusal != null) {
            probing = true;
            waitUntil = now + PROBE_PATIENCE.toNanos();
        }
        return wait;
    }

    /** Why the circuit is open; empty when it is closed. */
    synchronized Optional<PushResult.Rejected> refusal() {
        return Optional.ofNullable(refusal);
    }

    /** The provider refused our credentials; returns whether it took them before. */
    synchronized boolean refused(PushResult.Rejected because, long now) {
        boolean news = refusal == null;
        if (!news && !probing) {
            // One of those that were under way when the circuit opened.
            return false;
        }
        openedAt = news ? now : openedAt;
        pause = news ? FIRST_PAUSE.toNanos() : Math.min(2 * pause, LONGEST_PAUSE.toNanos());
        refusal = because;
        probing = false;
        waitUntil = now + pause;
        return news;
    }

    /**
     * The provider answered about something else than our credentials; returns whether it refused them before.
     *
     * @param askedAt when it was asked: what it thought of our credentials before it refused them is of no use any more
     */
    synchronized boolean worked(long askedAt) {
        if (refusal == null || askedAt - openedAt < 0) {
            return false;
        }
        refusal = null;
        probing = false;
        return true;
    }

    /** The provider wants nothing of us for a while; returns whether it took something before. */
    synchronized boolean quotaSpent(long now, Duration delay) {
        long until = now + delay.toNanos();
        Long known = quotaAt;
        boolean news = known == null || known - now <= 0;
        if (news || until - known > 0) {
            quotaAt = until;
        }
        return news;
    }
}
