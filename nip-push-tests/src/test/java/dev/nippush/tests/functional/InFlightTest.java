package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.nippush.NipPush;
import dev.nippush.address.DeviceAddress;
import dev.nippush.crypto.KeyPair;
import dev.nippush.testkit.RecordingTransport;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushTransport;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How much is under way at once. */
@Timeout(60)
class InFlightTest {

    /** A transport that takes so many at once. */
    private record Narrow(RecordingTransport to, int maxInFlight) implements PushTransport {
        @Override
        public boolean serves(DeviceAddress address) {
            return to.serves(address);
        }

        @Override
        public CompletionStage<PushResult> send(PushMessage message) {
            return to.send(message);
        }
    }

    private final RecordingTransport slow = new RecordingTransport();

    private User registered(Rig rig, String device) {
        User user = rig.user();
        user.registers(device);
        return user;
    }

    @Test
    void aTransportGetsNoMoreThanItTakes() {
        for (int i = 0; i < 5; i++) {
            slow.script().hang();
        }
        Rig rig = Rig.with(new Narrow(slow, 2));
        for (int i = 0; i < 5; i++) {
            rig.comesIn(registered(rig, ("a" + i).repeat(32)));
        }
        assertThat(slow.sent()).hasSize(2);
        slow.release(PushResult.accepted());
        rig.pass(0);
        assertThat(slow.sent()).hasSize(4);
        slow.release(PushResult.accepted());
        rig.pass(0);
        assertThat(slow.sent()).hasSize(5);
        slow.release(PushResult.accepted());
        rig.pass(1);
        assertThat(rig.news.endings).hasSize(5);
    }

    /** A host that has answered so often. */
    private void answers(Rig rig, String host, int times) {
        for (int i = 0; i < times; i++) {
            rig.comesIn(registered(rig, "https://" + host + "/answered/" + i));
        }
        assertThat(slow.sent()).hasSize(times);
    }

    private void hangs(Rig rig, String host, int pushes) {
        for (int i = 0; i < pushes; i++) {
            String device = "https://" + host + "/" + i;
            slow.scriptFor(Rig.address(device)).hang();
            rig.comesIn(registered(rig, device));
        }
    }

    @Test
    void anEndpointHostGetsSixtyFourAtOnceAndHoldsUpNoOther() {
        Rig rig = Rig.with(slow);
        answers(rig, "slow.example.com", 60);
        hangs(rig, "slow.example.com", 70);
        assertThat(slow.hanging()).isEqualTo(64);
        rig.comesIn(registered(rig, "https://other.example.com/"));
        assertThat(slow.sent()).hasSize(60 + 65);
        slow.release(PushResult.accepted());
        rig.pass(1);
        assertThat(slow.sent()).hasSize(60 + 71);
        slow.release(PushResult.accepted());
        rig.pass(1);
        assertThat(rig.news.endings).hasSize(60 + 71);
    }

    @Test
    void anEndpointHostThatHasNotAnsweredYetGetsEightAtOnce() {
        Rig rig = Rig.with(slow);
        hangs(rig, "slow.example.com", 20);
        assertThat(slow.hanging()).isEqualTo(8);
    }

    @Test
    void eachAnswerGivesAHostAnotherPlace() {
        Rig rig = Rig.with(slow);
        answers(rig, "slow.example.com", 10);
        hangs(rig, "slow.example.com", 30);
        assertThat(slow.hanging()).isEqualTo(8 + 10);
        slow.release(PushResult.accepted());
        rig.pass(1);
        assertThat(slow.hanging())
                .as("all the others, for which there is room now")
                .isEqualTo(12);
    }

    @Test
    void hostsThatAreMadeUpTakeNoMoreThanHalfOfATransport() {
        Rig rig = Rig.with(slow);
        answers(rig, "good.example.com", 60);
        for (int host = 0; host < 150; host++) {
            hangs(rig, "n" + host + ".example.org", 10);
        }
        assertThat(slow.hanging()).isEqualTo(500);
        rig.comesIn(registered(rig, "https://good.example.com/more"));
        assertThat(slow.sent()).hasSize(60 + 500 + 1);
    }

    @Test
    void whatIsWithdrawnWhileItWaitsForAPlaceIsNotSent() {
        slow.script().hang();
        Rig rig = Rig.with(new Narrow(slow, 1));
        rig.comesIn(registered(rig, Rig.PHONE));
        User waiting = registered(rig, Rig.TABLET);
        rig.comesIn(waiting);
        rig.pass(1);
        waiting.logsOut();
        slow.release(PushResult.accepted());
        rig.pass(100);
        assertThat(slow.sent()).hasSize(1);
        assertThat(rig.news.endings).hasSize(2);
        rig.comesIn(registered(rig, Rig.TABLET));
        assertThat(slow.sent()).hasSize(2);
    }

    @Test
    void aTransportThatTakesNoneIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> NipPush.builder(KeyPair.generate())
                        .transport(new Narrow(slow, 0))
                        .build());
    }
}
