package dev.nippush.internal.presence;

import java.util.OptionalLong;

/**
 * Whether an account's client is in the foreground. All times are monotonic nanoseconds.
 *
 * <table>
 *   <caption>What an input does</caption>
 *   <tr><th>input</th><th>OFFLINE becomes</th><th>ONLINE until d becomes</th><th>what is held</th></tr>
 *   <tr><td>heartbeat</td><td>ONLINE until its own deadline</td><td>ONLINE until the later of both</td>
 *       <td>what came while the client was alive is dropped, the rest stays</td></tr>
 *   <tr><td>offline</td><td>OFFLINE</td><td>OFFLINE</td>
 *       <td>what came while the client was alive is dropped, the rest is pushed</td></tr>
 *   <tr><td>sign of life</td><td>OFFLINE</td><td>ONLINE until d</td>
 *       <td>what came while the client was alive is dropped, the rest stays</td></tr>
 *   <tr><td>logout</td><td>OFFLINE</td><td>OFFLINE</td><td>all is cancelled</td></tr>
 *   <tr><td>time passes, before d</td><td>OFFLINE</td><td>ONLINE until d</td><td>stays</td></tr>
 *   <tr><td>time passes, at d or later</td><td>OFFLINE</td><td>OFFLINE</td><td>is pushed</td></tr>
 *   <tr><td>the server hears again</td><td>OFFLINE</td><td>ONLINE for one timeout at least</td><td>stays</td></tr>
 * </table>
 *
 * A heartbeat whose deadline has passed already, because it was written long before it came, turns nobody ONLINE.
 */
public sealed interface Presence {

    /** Not in the foreground: push at once. */
    record Offline() implements Presence {}

    /**
     * In the foreground, as far as we know.
     *
     * @param deadline from when on silence counts as offline
     */
    record Online(long deadline) implements Presence {}

    /** What can happen. */
    sealed interface Input {}

    /**
     * The client says that it is in the foreground.
     *
     * @param until until when that is believed
     * @param aliveUntil up to when the message shows the client alive
     */
    record Heartbeat(long until, long aliveUntil) implements Input {}

    /** The client says that it is not. */
    record WentOffline(long aliveUntil) implements Input {}

    /** The client says something else. */
    record SignOfLife(long aliveUntil) implements Input {}

    /** The client wants no pushes any more. */
    record Logout() implements Input {}

    /** Nothing came. */
    record TimePassed() implements Input {}

    /**
     * The server was deaf and hears again.
     *
     * @param until one timeout from now
     */
    record HearsAgain(long until) implements Input {}

    /**
     * What follows from an input.
     *
     * @param next the state from now on
     * @param dropUpTo held events received up to then are dropped; empty drops none
     * @param rest what becomes of the other held events
     */
    record Transition(Presence next, OptionalLong dropUpTo, Rest rest) {}

    /** What becomes of held events that are not dropped. */
    enum Rest {
        STAYS,
        IS_PUSHED,
        IS_CANCELLED
    }

    /** An account that has not said anything. */
    Presence OFFLINE = new Offline();

    /**
     * The table above.
     *
     * @param at now
     */
    static Transition on(Presence state, Input input, long at) {
        if (input instanceof Heartbeat heartbeat) {
            long until =
                    state instanceof Online online ? later(online.deadline(), heartbeat.until()) : heartbeat.until();
            Presence next = until - at > 0 ? new Online(until) : OFFLINE;
            return new Transition(
                    next, OptionalLong.of(heartbeat.aliveUntil()), next == OFFLINE ? Rest.IS_PUSHED : Rest.STAYS);
        }
        if (input instanceof WentOffline offline) {
            return new Transition(OFFLINE, OptionalLong.of(offline.aliveUntil()), Rest.IS_PUSHED);
        }
        if (input instanceof SignOfLife sign) {
            return new Transition(state, OptionalLong.of(sign.aliveUntil()), Rest.STAYS);
        }
        if (input instanceof Logout) {
            return new Transition(OFFLINE, OptionalLong.empty(), Rest.IS_CANCELLED);
        }
        if (input instanceof TimePassed) {
            boolean over = state instanceof Online online && online.deadline() - at <= 0;
            return over
                    ? new Transition(OFFLINE, OptionalLong.empty(), Rest.IS_PUSHED)
                    : new Transition(state, OptionalLong.empty(), Rest.STAYS);
        }
        if (input instanceof HearsAgain hears) {
            Presence next =
                    state instanceof Online online ? new Online(later(online.deadline(), hears.until())) : state;
            return new Transition(next, OptionalLong.empty(), Rest.STAYS);
        }
        throw new AssertionError(input);
    }

    private static long later(long one, long other) {
        return one - other >= 0 ? one : other;
    }
}
