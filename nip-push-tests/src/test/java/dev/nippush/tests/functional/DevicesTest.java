package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.control.SettingsDraft;
import dev.nippush.event.NostrEvent;
import dev.nippush.store.Ending;
import dev.nippush.testkit.RecordingTransport;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushResult;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which device gets what, and when it stops. */
@Timeout(60)
class DevicesTest {

    private final Rig rig = new Rig();

    @Test
    void eachDeviceGetsThePush() {
        User user = rig.registered();
        user.registers(Rig.TABLET);
        rig.comesIn(user);
        assertThat(rig.sentTo(Rig.PHONE)).isEqualTo(1);
        assertThat(rig.sentTo(Rig.TABLET)).isEqualTo(1);
        assertThat(rig.sent().get(0).collapseKey())
                .isNotEqualTo(rig.sent().get(1).collapseKey());
    }

    @Test
    void settingsWithoutADeviceKeepTheDevices() {
        User user = rig.registered();
        user.says(SettingsDraft.forDevice("").kinds(List.of(1)));
        rig.comesIn(user);
        assertThat(rig.sentTo(Rig.PHONE)).isEqualTo(1);
    }

    @Test
    void theNewTextOfADeviceReplacesTheOldOne() {
        User user = rig.registered();
        user.registers(Rig.PHONE.toUpperCase(Locale.ROOT));
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.sent().get(0).address().text()).isEqualTo("A1".repeat(32));
    }

    @Test
    void aDeviceBelongsToTheAccountThatRegisteredItLast() {
        User former = rig.online();
        rig.pass(1);
        rig.comesIn(former);
        User owner = rig.registered();
        rig.pass(200);
        assertThat(rig.sent()).isEmpty();
        assertThat(rig.accept(rig.mention(former))).isEqualTo(new Outcome.Unwanted());
        rig.comesIn(owner);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void whatWaitsForTheFormerAccountIsWithdrawn() {
        rig.transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(60), "busy"));
        User former = rig.registered();
        rig.comesIn(former);
        rig.pass(1);
        rig.registered();
        assertThat(rig.news.endings).containsExactly(Ending.WITHDRAWN);
        rig.pass(1_000);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void anAccountThatTakesItsDeviceBackGetsWhatComesFromThenOn() {
        User former = rig.registered();
        User other = rig.registered();
        rig.pass(1);
        former.registers(Rig.PHONE);
        rig.pass(1);
        assertThat(rig.accept(rig.mention(other))).isEqualTo(new Outcome.Unwanted());
        rig.comesIn(former);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void whereTwoAccountsMayShareADeviceTheThirdIsRefused() {
        Rig shared = new Rig(builder -> builder.accountsPerDevice(2));
        User one = shared.registered();
        User two = shared.registered();
        User three = shared.user();
        three.refused(
                three.settings(SettingsDraft.forDevice(Rig.PHONE).kinds(List.of(1)), shared.seconds()),
                Refusal.BAD_DEVICE);
        assertThat(shared.accept(shared.mention(three))).isEqualTo(new Outcome.Unwanted());
        one.registers(Rig.PHONE);
        shared.comesIn(one);
        shared.comesIn(two);
        assertThat(shared.sent()).hasSize(2);
        one.logsOut();
        shared.pass(1);
        three.registers(Rig.PHONE);
        shared.comesIn(three);
        shared.comesIn(two);
        assertThat(shared.sent()).hasSize(4);
    }

    @Test
    void oneEventForTwoAccountsOnOneDeviceIsOnePush() {
        Rig shared = new Rig(builder -> builder.accountsPerDevice(2));
        User one = shared.registered();
        User two = shared.registered();
        assertThat(shared.accept(shared.event(1, shared.seconds(), one.tag(), two.tag())))
                .isInstanceOf(Outcome.Taken.class);
        assertThat(shared.sent()).hasSize(1);
    }

    @Test
    void aLogoutCancelsWhatIsHeldAndWhatWaits() {
        rig.transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(60), "busy"));
        User user = rig.registered();
        NostrEvent waiting = rig.comesIn(user);
        rig.pass(1);
        user.goesOnline();
        rig.pass(1);
        NostrEvent held = rig.comesIn(user);
        user.logsOut();
        rig.pass(1_000);
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.news.endings).containsExactly(Ending.WITHDRAWN);
        assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());

        user.registers(Rig.PHONE);
        assertThat(rig.accept(waiting)).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.accept(held)).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void aLogoutOfOneDeviceLeavesTheOthers() {
        User user = rig.registered();
        user.registers(Rig.TABLET);
        rig.pass(1);
        user.applied(user.logout(Rig.TABLET, rig.seconds()));
        rig.comesIn(user);
        assertThat(rig.sentTo(Rig.PHONE)).isEqualTo(1);
        assertThat(rig.sentTo(Rig.TABLET)).isZero();
    }

    @Test
    void noKindsStopAllPushes() {
        User user = rig.registered();
        user.says(SettingsDraft.forDevice("").kinds(List.of()));
        assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());
        user.says(SettingsDraft.forDevice("").kinds(List.of(1)));
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void theSixthDeviceDisplacesTheLeastRecentlyRegistered() {
        User user = rig.user();
        for (int i = 0; i < 6; i++) {
            user.registers(("a" + i).repeat(32));
            rig.pass(1);
        }
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(5);
        assertThat(rig.sentTo("a0".repeat(32))).isZero();
    }

    @Test
    void theFirstTransportThatServesADeviceGetsItsPushes() {
        RecordingTransport first = new RecordingTransport(address -> address.equals(Rig.address(Rig.TABLET)));
        Rig two = Rig.with(first);
        User user = two.registered();
        user.registers(Rig.TABLET);
        two.comesIn(user);
        assertThat(first.sent()).hasSize(1);
        assertThat(two.transport.sentTo(Rig.address(Rig.PHONE))).hasSize(1);
        assertThat(two.transport.sent()).hasSize(1);
    }
}
