package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.time.EngineTime.Timer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class VirtualTimeTest {

    private final VirtualTime time = new VirtualTime();
    private final List<String> ran = new ArrayList<>();

    @Test
    void clocksStandStillUntilTheyAreMoved() {
        assertThat(time.now()).isEqualTo(VirtualTime.DEFAULT_START);
        long nanos = time.nanoTime();

        time.advance(Duration.ofMillis(1_500));

        assertThat(time.now()).isEqualTo(VirtualTime.DEFAULT_START.plusMillis(1_500));
        assertThat(time.nanoTime() - nanos).isEqualTo(1_500_000_000L);
    }

    @Test
    void timersRunInTheOrderOfTimeThenOfScheduling() {
        time.schedule(Duration.ofSeconds(2), () -> ran.add("c"));
        time.schedule(Duration.ofSeconds(1), () -> ran.add("a"));
        time.schedule(Duration.ofSeconds(1), () -> ran.add("b"));
        time.schedule(Duration.ofSeconds(3), () -> ran.add("d"));

        time.advance(Duration.ofSeconds(2));

        assertThat(ran).containsExactly("a", "b", "c");
        assertThat(time.timers()).isEqualTo(1);
    }

    @Test
    void timerSeesItsOwnTimeAndMayScheduleAnotherOnTheWay() {
        List<Instant> seen = new ArrayList<>();
        time.schedule(Duration.ofSeconds(1), () -> {
            seen.add(time.now());
            time.schedule(Duration.ofSeconds(1), () -> seen.add(time.now()));
        });

        time.advance(Duration.ofSeconds(5));

        assertThat(seen)
                .containsExactly(VirtualTime.DEFAULT_START.plusSeconds(1), VirtualTime.DEFAULT_START.plusSeconds(2));
        assertThat(time.now()).isEqualTo(VirtualTime.DEFAULT_START.plusSeconds(5));
    }

    @Test
    void timerThatIsDueAtOnceWaitsForTheNextCall() {
        time.schedule(Duration.ofSeconds(-1), () -> ran.add("late"));
        time.schedule(Duration.ZERO, () -> ran.add("now"));
        assertThat(ran).isEmpty();

        time.runAll();

        assertThat(ran).containsExactly("late", "now");
        assertThat(time.now()).isEqualTo(VirtualTime.DEFAULT_START);
    }

    @Test
    void cancelledTimerDoesNotRun() {
        Timer timer = time.schedule(Duration.ofSeconds(1), () -> ran.add("x"));

        timer.cancel();
        timer.cancel();
        time.advance(Duration.ofSeconds(2));

        assertThat(ran).isEmpty();
        assertThat(time.timers()).isZero();
    }

    @Test
    void timerMayCancelAnotherThatIsDueAtTheSameTime() {
        List<Timer> second = new ArrayList<>();
        time.schedule(Duration.ofSeconds(1), () -> second.get(0).cancel());
        second.add(time.schedule(Duration.ofSeconds(1), () -> ran.add("x")));

        time.advance(Duration.ofSeconds(1));

        assertThat(ran).isEmpty();
    }

    @Test
    void wallClockThatIsSetMovesNoTimer() {
        long nanos = time.nanoTime();
        time.schedule(Duration.ofSeconds(10), () -> ran.add("x"));

        time.setWallClock(Instant.parse("2030-01-01T00:00:00Z"));
        time.advance(Duration.ofSeconds(9));

        assertThat(ran).isEmpty();
        assertThat(time.now()).isEqualTo(Instant.parse("2030-01-01T00:00:09Z"));
        assertThat(time.nanoTime() - nanos).isEqualTo(9_000_000_000L);
        time.advance(Duration.ofSeconds(1));
        assertThat(ran).containsExactly("x");
    }

    @Test
    void tasksRunBeforeTheClockMovesAndAfterEachTimer() {
        time.executor().execute(() -> ran.add("task at " + seconds()));
        time.schedule(Duration.ofSeconds(1), () -> time.executor().execute(() -> ran.add("task at " + seconds())));
        time.schedule(Duration.ofSeconds(1), () -> ran.add("timer at " + seconds()));

        time.advance(Duration.ofSeconds(2));

        assertThat(ran).containsExactly("task at 0", "task at 1", "timer at 1");
    }

    @Test
    void taskMayScheduleATimerThatIsDueOnTheWay() {
        time.executor().execute(() -> time.schedule(Duration.ofSeconds(1), () -> ran.add("at " + seconds())));

        time.advance(Duration.ofSeconds(2));

        assertThat(ran).containsExactly("at 1");
    }

    @Test
    void whatATaskThrowsComesOutAndTheRestStaysToBeRun() {
        time.schedule(Duration.ofSeconds(1), () -> {
            throw new IllegalStateException("thrown");
        });
        time.schedule(Duration.ofSeconds(2), () -> ran.add("later"));

        assertThatThrownBy(() -> time.advance(Duration.ofSeconds(5))).hasMessage("thrown");
        assertThat(seconds()).isEqualTo(1);

        time.advance(Duration.ofSeconds(1));
        assertThat(ran).containsExactly("later");
    }

    @Test
    void timeDoesNotRunBackwards() {
        assertThatThrownBy(() -> time.advance(Duration.ofNanos(-1))).isInstanceOf(IllegalArgumentException.class);
    }

    private long seconds() {
        return Duration.between(VirtualTime.DEFAULT_START, time.now()).toSeconds();
    }
}
