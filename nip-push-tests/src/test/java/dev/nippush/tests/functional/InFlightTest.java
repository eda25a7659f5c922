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

    @Test
    void anEndpointHostGetsSixtyFourAtOnceAndHoldsUpNoOther() {
        Rig rig = Rig.with(slow);
        rig.comesIn(registered(rig, "https://slow.example.com/"));
        for (int i = 0; i < 64; i++) {
            slow.script().hang();
        }
        for (int i = 0; i < 70; i++) {
            rig.comesIn(registered(rig, "https://slow.example.com/" + i));
        }
        assertThat(slow.sent()).hasSize(1 + 64);
        rig.comesIn(registered(rig, "https://other.example.com/"));
        assertThat(slow.sent()).hasSize(1 + 65);
        slow.release(PushResult.accepted());
        rig.pass(1);
        assertThat(slow.sent()).hasSize(1 + 71);
        assertThat(rig.news.endings).hasSize(1 + 71);
    }

    @Test
    void anEndpointHostThatHasNotAnsweredYetGetsEightAtOnce() {
        for (int i = 0; i < 8; i++) {
            slow.script().hang();
        }
        Rig rig = Rig.with(slow);
        for (int i = 0; i < 20; i++) {
            rig.comesIn(registered(rig, "https://slow.example.com/" + i));
        }
        assertThat(slow.sent()).hasSize(8);
        slow.release(PushResult.accepted());
        rig.pass(1);
        assertThat(slow.sent()).hasSize(20);
    }

    @Test
    void itsFirstAnswerGivesAHostAllItsPlacesThoughOthersAreStillOpen() {
        for (int i = 0; i < 7; i++) {
            slow.script().hang();
        }
        slow.script().thenAccept();
        for (int i = 0; i < 70; i++) {
            slow.script().hang();
        }
        Rig rig = Rig.with(slow);
        for (int i = 0; i < 80; i++) {
            rig.comesIn(registered(rig, "https://slow.example.com/" + i));
        }
        assertThat(slow.sent()).hasSize(1 + 64);
    }

    @Test
    void namesThatAreMadeUpDoNotTakeAllPlacesOfATransport() {
        Rig rig = Rig.with(slow);
        rig.comesIn(registered(rig, "https://good.example.com/1"));
        for (int host = 0; host < 100; host++) {
            for (int i = 0; i < 10; i++) {
                slow.script().hang();
                rig.comesIn(registered(rig, "https://n" + host + ".example.org/" + i));
            }
        }
        int before = slow.sent().size();
        rig.comesIn(registered(rig, "https://good.example.com/2"));
        assertThat(slow.sent()).hasSize(before + 1);
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
