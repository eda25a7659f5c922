package dev.nippush.internal.delivery;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * Whether the server of an endpoint answers. One that was silent or in trouble too often in a row is asked with one request
 * in {@link #PAUSE} until it answers: strangers choose endpoints, and one that hangs costs a place for as long as we wait.
 * All times are monotonic nanoseconds. Safe for use by several threads.
 */
final class HostHealth {

    /** So many requests in a row without an answer of use. */
    static final int FAILURES = 20;

    static final Duration PAUSE = Duration.ofSeconds(10);

    private int failures;
    private boolean proven;
    private long nextRequest;

    /** Whether the server has ever answered. */
    synchronized boolean isProven() {
        return proven;
    }

    /** From when on a request may go out; empty when it may now. */
    synchronized OptionalLong notBefore(long now) {
        return failures >= FAILURES && nextRequest - now > 0 ? OptionalLong.of(nextRequest) : OptionalLong.empty();
    }

    /** As {@link #notBefore}; one that may go out now is the only one for a while. */
    synchronized OptionalLong request(long now) {
        OptionalLong wait = notBefore(now);
        if (wait.isEmpty() && failures >= FAILURES) {
            nextRequest = now + PAUSE.toNanos();
        }
        return wait;
    }

    /** A request has ended without an answer, or with one that says that the server is in trouble. */
    synchronized void failed(long now) {
        if (failures < FAILURES && ++failures == FAILURES) {
            nextRequest = now + PAUSE.toNanos();
        }
    }

    /** It answered; returns whether that is the first time. */
    synchronized boolean answered() {
        boolean first = !proven;
        failures = 0;
        proven = true;
        return first;
    }
}
