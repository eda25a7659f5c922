package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.NipPush;
import dev.nippush.address.Source;
import dev.nippush.control.ControlWriter;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.testkit.RecordingTransport;
import dev.nippush.testkit.VirtualTime;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.time.EngineTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clocks that are set, and machines that stand still. */
@Timeout(60)
class ClockTest {

    /** Both clocks go on while no timer runs, as on a machine that was suspended. */
    private static final class SleepyTime implements EngineTime {

        private final VirtualTime time = new VirtualTime();
        private Duration slept = Duration.ZERO;

        void sleep(Duration duration) {
            slept = slept.plus(duration);
        }

        @Override
        public Instant now() {
            return time.now().plus(slept);
        }

        @Override
        public long nanoTime() {
            return time.nanoTime() + slept.toNanos();
        }

        @Override
        public Timer schedule(Duration delay, Runnable task) {
            return time.schedule(delay, task);
        }
    }

    private final SleepyTime sleepy = new SleepyTime();
    private final RecordingTransport transport = new RecordingTransport();
    private final KeyPair server = KeyPair.generate();
    private final KeyPair user = KeyPair.generate();
    private final ControlWriter writer = new ControlWriter(user, server.publicKey());
    private final NipPush engine = NipPush.builder(server)
            .transport(transport)
            .time(sleepy)
            .executor(sleepy.time.executor())
            .build();

    private void accept(NostrEvent event) {
        engine.accept(event, Source.host());
        sleepy.time.executor().runAll();
    }

    private void comesIn() {
        accept(KeyPair.generate()
                .sign(
                        sleepy.now().getEpochSecond(),
                        1,
                        List.of(Tag.of("p", user.publicKey().hex())),
                        ""));
    }

    private void online() {
        engine.start();
        sleepy.time.runAll();
        accept(writer.settings(SettingsDraft.forDevice(Rig.PHONE).online(true), sleepy.now()));
        sleepy.time.advance(Duration.ofSeconds(1));
        comesIn();
    }

    @Test
    void aHeartbeatThatWaitedWhileTheMachineStoodStillCounts() {
        online();
        sleepy.sleep(Duration.ofMinutes(5));
        accept(writer.heartbeat(sleepy.now()));
        sleepy.time.advance(Duration.ofSeconds(149));
        assertThat(transport.sent()).isEmpty();
    }

    @Test
    void anEventThatWaitedAsWellIsHeldLikeTheOthers() {
        online();
        sleepy.sleep(Duration.ofMinutes(5));
        comesIn();
        accept(writer.heartbeat(sleepy.now()));
        sleepy.time.advance(Duration.ofSeconds(149));
        assertThat(transport.sent()).isEmpty();
    }

    @Test
    void whenTheTimersAreFirstSilenceCountsAfterOneTimeout() {
        online();
        sleepy.sleep(Duration.ofMinutes(5));
        sleepy.time.advance(Duration.ofSeconds(149));
        assertThat(transport.sent()).isEmpty();
        sleepy.time.advance(Duration.ofSeconds(150));
        assertThat(transport.sent()).hasSize(1);
    }

    @Test
    void aClockThatIsSetBackLosesNoPush() {
        Rig rig = new Rig();
        User user = rig.registered();
        rig.time.setWallClock(rig.time.now().minusSeconds(3_600));
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void aClockThatIsSetMovesNoDeadline() {
        Rig rig = new Rig();
        User user = rig.online();
        rig.pass(10);
        rig.comesIn(user);
        rig.time.setWallClock(rig.time.now().plusSeconds(3_600));
        rig.pass(139);
        assertThat(rig.sent()).isEmpty();
        rig.pass(1);
        assertThat(rig.sent()).hasSize(1);
    }
}
