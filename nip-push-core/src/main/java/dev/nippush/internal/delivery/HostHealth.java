package dev.nippush.internal.delivery;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * Whether the server of an endpoint answers. One that was silent or in trouble too often in a row is asked with one request
 * in {@link #PAUSE} until it answers: strangers choose endpoints, and one that hangs costs a place for as long as we wait.
 * For the same reason a server earns its places, one with each answer.
 * All times are monotonic nanoseconds. Safe for use by several threads.
 */
final class HostHealth {

    /** So many requests in a row without an answer of use. */
    static final int FAILURES = 20;

    static final Duration PAUSE = Duration.ofSeconds(10);

    /** How many requests may be open at a server that has not answered yet. */
    static final int FIRST_PLACES = 8;

    /** How many requests may be open at a server that has answered often. */
    static final int MOST_PLACES = 64;

    private int failures;
    private int places = FIRST_PLACES;
    private long nextRequest;

    /** How many requests may be open. */
    synchronized int places() {
        return places;
    }

    /** Whether it has answered often, and does so now. */
    synchronized boolean isTrusted() {
        return places == MOST_PLACES && failures < FAILURES;
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
            places = FIRST_PLACES;
        }
    }

    /** It answered; returns what that changes. */
    synchronized Change answered() {
        boolean recovered = failures >= FAILURES;
        boolean earned = places < MOST_PLACES;
        failures = 0;
        places += earned ? 1 : 0;
        return new Change(earned, recovered);
    }

    /**
     * What an answer changes.
     *
     * @param earned whether one more request may be open
     * @param recovered whether the server is out of trouble
     */
    record Change(boolean earned, boolean recovered) {}
}
