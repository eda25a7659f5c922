package dev.nippush.internal.gate;

import java.time.Duration;

/**
 * The numbers that the gate goes by.
 *
 * @param maxAge how old a control message may be
 * @param maxAhead how far ahead of our clock it may be dated
 * @param maxControlBytes the longest content of a control message
 */
public record GateRules(Duration maxAge, Duration maxAhead, int maxControlBytes) {

    /** A control message written earlier than this is a replay, or was stuck somewhere. */
    public static final Duration DEFAULT_MAX_AGE = Duration.ofMinutes(5);

    /** As far ahead as relays let an event be. */
    public static final Duration DEFAULT_MAX_AHEAD = Duration.ofMinutes(15);
}
