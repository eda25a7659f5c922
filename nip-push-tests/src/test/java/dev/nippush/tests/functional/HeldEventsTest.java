package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.control.SettingsDraft;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HeldEventsTest {

    private final Rig rig = new Rig();

    @Test
    void whatComesWhileTheAppIsOpenIsHeldAndDroppedByTheNextHeartbeat() {
        User user = rig.online();
        rig.pass(10);
        rig.comesIn(user);
        rig.pass(50);
        user.goesOnline();
        rig.pass(1_000);
        assertThat(rig.sent()).isEmpty();
        assertThat(rig.news.held).hasSize(1);
        assertThat(rig.news.dropped).isEqualTo(1);
    }

    @Test
    void aNewAccountThatSentNoHeartbeatIsOffline() {
        User user = rig.registered();
        NostrEvent event = rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.news.settled).containsExactly(event.id());
    }

    @Test
    void aHeartbeatBeforeTheFirstSettingsCounts() {
        User user = rig.user();
        user.goesOnline();
        rig.pass(1);
        user.registers(Rig.PHONE);
        rig.pass(1);
        rig.comesIn(user);
        assertThat(rig.sent()).isEmpty();
        rig.pass(148);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void whatCameAfterTheLastSignOfLifeIsPushedWhenTheDeadlinePasses() {
        User user = rig.online();
        rig.pass(10);
        rig.comesIn(user);
        rig.comesIn(user);
        rig.passMillis(139_999);
        assertThat(rig.sent()).isEmpty();
        rig.passMillis(1);
        assertThat(rig.sent()).hasSize(2);
        assertThat(rig.news.presence).containsExactly(true, false);
    }

    @Test
    void anOfflinePushesWhatCameAfterItsSecondAndDropsTheRest() {
        User user = rig.online();
        rig.pass(10);
        rig.comesIn(user);
        rig.pass(1);
        long said = rig.seconds();
        rig.passMillis(900);
        rig.comesIn(user);
        rig.passMillis(100);
        NostrEvent late = rig.comesIn(user);
        rig.pass(3);
        user.applied(user.offline(said));
        assertThat(rig.news.settled).containsExactly(late.id());
        assertThat(rig.news.dropped).isEqualTo(2);
    }

    @Test
    void aLateHeartbeatDropsOnlyUpToTheEndOfItsSecond() {
        User user = rig.online();
        rig.pass(10);
        long said = rig.seconds();
        rig.passMillis(999);
        rig.comesIn(user);
        rig.passMillis(1);
        NostrEvent kept = rig.comesIn(user);
        rig.pass(5);
        user.applied(user.heartbeat(said));
        assertThat(rig.news.dropped).isEqualTo(1);
        user.goesOffline();
        assertThat(rig.news.dropped).isEqualTo(2);
        assertThat(rig.sent()).isEmpty();
        assertThat(rig.news.held).contains(kept.id());
    }

    @Test
    void aHeartbeatThatIsDatedAheadDropsOnlyWhatCameBeforeIt() {
        User user = rig.online();
        rig.pass(10);
        rig.comesIn(user);
        user.applied(user.heartbeat(rig.seconds() + 300));
        rig.passMillis(1);
        rig.comesIn(user);
        rig.pass(150);
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.news.dropped).isEqualTo(1);
    }

    @Test
    void afterAHeartbeatTheRestStaysHeld() {
        User user = rig.online();
        rig.pass(10);
        long said = rig.seconds();
        rig.pass(20);
        rig.comesIn(user);
        user.applied(user.heartbeat(said));
        assertThat(rig.sent()).isEmpty();
        assertThat(rig.news.dropped).isZero();
        rig.pass(149);
        assertThat(rig.sent()).isEmpty();
        rig.pass(1);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void settingsWithoutOnlineShowTheClientAliveAndChangeNoPresence() {
        User user = rig.online();
        rig.pass(10);
        rig.comesIn(user);
        rig.pass(90);
        user.says(SettingsDraft.forDevice("").kinds(List.of(1)));
        assertThat(rig.news.dropped).isEqualTo(1);
        rig.comesIn(user);
        rig.pass(49);
        assertThat(rig.sent()).isEmpty();
        rig.pass(1);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void settingsMayCarryThePresence() {
        User user = rig.user();
        user.says(SettingsDraft.forDevice(Rig.PHONE).online(true));
        rig.pass(1);
        rig.comesIn(user);
        assertThat(rig.sent()).isEmpty();
        user.says(SettingsDraft.forDevice(Rig.PHONE).online(false));
        rig.pass(1);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void aHeartbeatCountsAMinuteFromItsDateAtMost() {
        User user = rig.registered();
        long said = rig.seconds();
        rig.pass(100);
        user.applied(user.heartbeat(said));
        rig.comesIn(user);
        rig.pass(109);
        assertThat(rig.sent()).isEmpty();
        rig.pass(1);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void aHeartbeatThatIsTooOldTurnsNobodyOnline() {
        User user = rig.registered();
        long said = rig.seconds();
        rig.pass(211);
        user.applied(user.heartbeat(said));
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void theDeadlineNeverMovesBack() {
        User user = rig.registered();
        long said = rig.seconds() + 1;
        rig.pass(100);
        user.applied(user.heartbeat(said - 1));
        user.applied(user.heartbeat(rig.seconds() - 2));
        user.refused(user.heartbeat(said), Refusal.OUT_OF_ORDER);
        rig.comesIn(user);
        rig.pass(149);
        assertThat(rig.sent()).isEmpty();
        rig.pass(1);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void theThirtyThirdHeldEventFoldsTheTwoOldest() {
        User user = rig.online();
        rig.pass(10);
        NostrEvent first = rig.comesIn(user);
        NostrEvent second = rig.comesIn(user);
        for (int i = 3; i <= 33; i++) {
            rig.comesIn(user);
        }
        rig.pass(200);
        assertThat(rig.sent()).hasSize(32);
        PushMessage folded = rig.sent().stream()
                .filter(message -> message.notification().title().startsWith("2 new"))
                .findFirst()
                .orElseThrow();
        assertThat(folded.collapseKey()).isEqualTo(collapseKeyOf(second));
        assertThat(rig.news.settled).contains(second.id()).doesNotContain(first.id());
    }

    /** The collapse key of an event that is pushed alone, by a server with the same key. */
    private String collapseKeyOf(NostrEvent event) {
        Rig other = new Rig(rig.server, builder -> builder);
        User anyone = other.user();
        other.time.setWallClock(Instant.ofEpochSecond(event.createdAt()));
        anyone.says(SettingsDraft.forDevice(Rig.PHONE)
                .p(List.of(PublicKey.ofHex(event.firstValue("p").orElseThrow()))));
        assertThat(other.accept(event)).isEqualTo(new Outcome.Taken(1));
        return other.sent().get(0).collapseKey();
    }

    @Test
    void manyHeldEventsAreCountedAndNoneIsForgotten() {
        User user = rig.online();
        rig.pass(10);
        for (int i = 0; i < 50; i++) {
            rig.comesIn(user);
        }
        user.goesOffline();
        assertThat(rig.sent()).isEmpty();
        rig.pass(1);
        user.goesOnline();
        rig.pass(1);
        for (int i = 0; i < 50; i++) {
            rig.comesIn(user);
        }
        rig.pass(200);
        assertThat(rig.sent()).hasSize(32);
        assertThat(rig.sent().stream()
                        .map(message -> message.notification().title())
                        .filter(title -> title.startsWith("19 new")))
                .hasSize(1);
    }

    @Test
    void whatCameWhileTheDiskWasSlowIsFoldedOnceItIsWritten() {
        FlakyStore store = new FlakyStore();
        Rig slow = new Rig(builder -> builder.store(store));
        User user = slow.online();
        slow.pass(10);
        store.slow();
        for (int i = 0; i < 50; i++) {
            assertThat(slow.offer(slow.mention(user), Source.host())).isNotDone();
        }
        store.land();
        slow.pass(200);
        assertThat(slow.sent()).hasSize(32);
        assertThat(slow.sent().stream()
                        .map(message -> message.notification().title())
                        .filter(title -> title.startsWith("19 new")))
                .hasSize(1);
    }

    @Test
    void aFoldedNotificationLivesAsLongAsTheLongestOfIts() {
        User user = rig.online();
        rig.pass(10);
        rig.comesIn(user);
        rig.accept(rig.event(1, rig.seconds(), user.tag(), Tag.of("expiration", Long.toString(rig.seconds() + 60))));
        for (int i = 3; i <= 33; i++) {
            rig.comesIn(user);
        }
        rig.pass(200);
        assertThat(rig.sent()).hasSize(32);
    }

    // ---- calls

    @Test
    void aCallIsUrgentAndLivesForAMinute() {
        User user = rig.registered();
        assertThat(rig.accept(rig.call(user))).isEqualTo(new Outcome.Taken(1));
        PushMessage call = rig.sent().get(0);
        assertThat(call.notification().urgency()).isEqualTo(Notification.Urgency.HIGH);
        assertThat(call.notification().data()).containsEntry("msgType", "1");
        assertThat(call.expiresAt()).isEqualTo(rig.time.now().plusSeconds(60));
    }

    @Test
    void aCallMaySayWhenItEnds() {
        User user = rig.registered();
        rig.accept(rig.call(user, Tag.of("expiration", Long.toString(rig.seconds() + 25))));
        assertThat(rig.sent().get(0).expiresAt()).isEqualTo(rig.time.now().plusSeconds(25));
    }

    @Test
    void aHeldCallIsOfNoUseAMinuteLater() {
        User user = rig.online();
        rig.pass(10);
        rig.accept(rig.call(user));
        rig.comesIn(user);
        rig.pass(200);
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.sent().get(0).notification().data()).containsEntry("msgType", "0");
    }

    @Test
    void aHeldCallIsNotFolded() {
        User user = rig.online();
        rig.pass(100);
        rig.accept(rig.call(user));
        for (int i = 0; i < 40; i++) {
            rig.comesIn(user);
        }
        rig.pass(50);
        assertThat(rig.sent()).hasSize(32);
        assertThat(rig.sent().stream()
                        .filter(message ->
                                message.notification().data().get("msgType").equals("1")))
                .hasSize(1);
    }

    @Test
    void whatFollowsACallIsUnwanted() {
        User user = rig.registered();
        assertThat(rig.accept(rig.event(1059, rig.seconds(), user.tag(), Tag.of("k", "25051"))))
                .isEqualTo(new Outcome.Unwanted());
    }

    // ---- devices

    @Test
    void aHeldEventGoesToTheDevicesThatCountedWhenItArrived() {
        String third = "c3".repeat(32);
        User user = rig.registered();
        user.registers(Rig.TABLET);
        rig.pass(1);
        user.goesOnline();
        rig.pass(10);
        rig.comesIn(user);
        rig.pass(10);
        user.applied(user.settings(SettingsDraft.forDevice(third), rig.seconds() - 15));
        user.applied(user.logout(Rig.TABLET, rig.seconds() - 14));
        rig.pass(200);
        assertThat(rig.sentTo(Rig.PHONE)).isEqualTo(1);
        assertThat(rig.sentTo(Rig.TABLET)).isZero();
        assertThat(rig.sentTo(third)).isZero();
        rig.comesIn(user);
        assertThat(rig.sentTo(third)).isEqualTo(1);
    }
}
