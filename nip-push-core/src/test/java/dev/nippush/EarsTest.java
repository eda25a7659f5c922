package dev.nippush;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.time.EngineTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EarsTest {

    private final List<Boolean> told = new ArrayList<>();
    private final OneTimer time = new OneTimer();
    private final Ears ears = new Ears(true, time, Runnable::run, told::add);

    /** A clock that stands still, with the one timer that was set last. */
    private static final class OneTimer implements EngineTime {

        private Duration delay = Duration.ZERO;
        private Runnable task = () -> {};

        @Override
        public Instant now() {
            return Instant.EPOCH;
        }

        @Override
        public long nanoTime() {
            return 0;
        }

        @Override
        public Timer schedule(Duration newDelay, Runnable newTask) {
            delay = newDelay;
            task = newTask;
            return () -> task = () -> {};
        }
    }

    @Test
    void withHomeRelaysItIsDeafUntilOneIsConnected() {
        ears.begin();
        assertThat(told).containsExactly(false);
        ears.relays(true);
        assertThat(ears.hearing()).isTrue();
        ears.relays(true);
        ears.relays(false);
        assertThat(told).containsExactly(false, true, false);
    }

    @Test
    void withoutHomeRelaysItIsNeverDeaf() {
        List<Boolean> news = new ArrayList<>();
        Ears without = new Ears(false, time, Runnable::run, news::add);
        without.begin();
        without.feeding(true);
        without.feeding(false);
        assertThat(without.hearing()).isTrue();
        assertThat(news).isEmpty();
    }

    @Test
    void aRelayThatStreamsInIsEnough() {
        ears.begin();
        ears.feeding(true);
        ears.relays(true);
        ears.relays(false);
        assertThat(told).containsExactly(false, true);
        ears.feeding(false);
        assertThat(told).containsExactly(false, true, false);
    }

    @Test
    void whatHappensBeforeTheBeginningIsToldThen() {
        ears.feeding(false);
        assertThat(told).isEmpty();
        ears.begin();
        assertThat(told).containsExactly(false);
    }

    @Test
    void aDoorThatIsShutForLongMakesDeaf() {
        ears.relays(true);
        ears.begin();
        ears.full(true);
        assertThat(time.delay).isEqualTo(Duration.ofSeconds(10));
        assertThat(told).isEmpty();
        time.task.run();
        assertThat(told).containsExactly(false);
        ears.full(false);
        assertThat(told).containsExactly(false, true);
    }

    @Test
    void aDoorThatIsShutForAMomentDoesNot() {
        ears.relays(true);
        ears.begin();
        ears.full(true);
        Runnable late = time.task;
        ears.full(false);
        late.run();
        assertThat(told).isEmpty();
        assertThat(ears.hearing()).isTrue();
    }
}
