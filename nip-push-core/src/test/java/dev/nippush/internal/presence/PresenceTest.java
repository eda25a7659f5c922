package dev.nippush.internal.presence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.internal.presence.Presence.HearsAgain;
import dev.nippush.internal.presence.Presence.Heartbeat;
import dev.nippush.internal.presence.Presence.Input;
import dev.nippush.internal.presence.Presence.Logout;
import dev.nippush.internal.presence.Presence.Online;
import dev.nippush.internal.presence.Presence.Rest;
import dev.nippush.internal.presence.Presence.SignOfLife;
import dev.nippush.internal.presence.Presence.TimePassed;
import dev.nippush.internal.presence.Presence.Transition;
import dev.nippush.internal.presence.Presence.WentOffline;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of {@link Presence}: a row per cell, and a column per origin of the monotonic clock. */
class PresenceTest {

    private static final Presence OFFLINE = Presence.OFFLINE;

    /** Monotonic clocks have any origin: here one that wraps while a deadline runs. */
    private static final long[] ORIGINS = {0, -5_000, Long.MAX_VALUE - 500};

    static Stream<Arguments> cells() {
        return Stream.of(ORIGINS)
                .flatMapToLong(java.util.Arrays::stream)
                .boxed()
                .flatMap(PresenceTest::cells);
    }

    private static Stream<Arguments> cells(long t) {
        return Stream.of(
                // state, input, now, next state, dropped up to, the rest
                cell("heartbeat, OFFLINE", OFFLINE, beat(t + 150, t), t, online(t + 150), t, Rest.STAYS),
                cell(
                        "heartbeat that is older than its time",
                        OFFLINE,
                        beat(t - 1, t - 9),
                        t,
                        OFFLINE,
                        t - 9,
                        Rest.IS_PUSHED),
                cell("heartbeat that ends right now", OFFLINE, beat(t, t - 9), t, OFFLINE, t - 9, Rest.IS_PUSHED),
                cell(
                        "heartbeat, ONLINE until earlier",
                        online(t + 100),
                        beat(t + 150, t),
                        t,
                        online(t + 150),
                        t,
                        Rest.STAYS),
                cell(
                        "heartbeat, ONLINE until later",
                        online(t + 200),
                        beat(t + 150, t),
                        t,
                        online(t + 200),
                        t,
                        Rest.STAYS),
                cell(
                        "late heartbeat, ONLINE",
                        online(t + 200),
                        beat(t - 1, t - 9),
                        t,
                        online(t + 200),
                        t - 9,
                        Rest.STAYS),
                cell("offline, OFFLINE", OFFLINE, new WentOffline(t - 5), t, OFFLINE, t - 5, Rest.IS_PUSHED),
                cell("offline, ONLINE", online(t + 900), new WentOffline(t - 5), t, OFFLINE, t - 5, Rest.IS_PUSHED),
                cell("sign of life, OFFLINE", OFFLINE, new SignOfLife(t - 5), t, OFFLINE, t - 5, Rest.STAYS),
                cell("sign of life, ONLINE", online(t + 7), new SignOfLife(t - 5), t, online(t + 7), t - 5, Rest.STAYS),
                cell("logout, OFFLINE", OFFLINE, new Logout(), t, OFFLINE, null, Rest.IS_CANCELLED),
                cell("logout, ONLINE", online(t + 7), new Logout(), t, OFFLINE, null, Rest.IS_CANCELLED),
                cell("time, OFFLINE", OFFLINE, new TimePassed(), t, OFFLINE, null, Rest.STAYS),
                cell("time before the deadline", online(t + 1), new TimePassed(), t, online(t + 1), null, Rest.STAYS),
                cell("time at the deadline", online(t), new TimePassed(), t, OFFLINE, null, Rest.IS_PUSHED),
                cell("time after the deadline", online(t), new TimePassed(), t + 900, OFFLINE, null, Rest.IS_PUSHED),
                cell("hears again, OFFLINE", OFFLINE, new HearsAgain(t + 150), t, OFFLINE, null, Rest.STAYS),
                cell(
                        "hears again, ONLINE until earlier",
                        online(t - 9),
                        new HearsAgain(t + 150),
                        t,
                        online(t + 150),
                        null,
                        Rest.STAYS),
                cell(
                        "hears again, ONLINE until later",
                        online(t + 900),
                        new HearsAgain(t + 150),
                        t,
                        online(t + 900),
                        null,
                        Rest.STAYS));
    }

    private static Arguments cell(
            String name, Presence state, Input input, long at, Presence next, @Nullable Long dropUpTo, Rest rest) {
        OptionalLong drop = dropUpTo == null ? OptionalLong.empty() : OptionalLong.of(dropUpTo);
        return Arguments.of(name, state, input, at, new Transition(next, drop, rest));
    }

    private static Presence online(long deadline) {
        return new Online(deadline);
    }

    private static Input beat(long until, long aliveUntil) {
        return new Heartbeat(until, aliveUntil);
    }

    @ParameterizedTest(name = "{0} at {3}")
    @MethodSource("cells")
    void eachCellOfTheTableHolds(String name, Presence state, Input input, long at, Transition expected) {
        assertThat(Presence.on(state, input, at)).isEqualTo(expected);
    }
}
