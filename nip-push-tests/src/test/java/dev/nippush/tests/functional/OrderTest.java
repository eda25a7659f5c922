package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.control.SettingsDraft;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.tests.functional.Rig.User;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Marks, replays, copies and rates. */
@Timeout(60)
class OrderTest {

    private final Rig rig = new Rig();

    @Test
    void settingsAfterAYoungerHeartbeatRegisterAndTheirOnlineIsIgnored() {
        User user = rig.user();
        long said = rig.seconds();
        rig.pass(2);
        user.goesOnline();
        rig.pass(1);
        user.applied(user.settings(SettingsDraft.forDevice(Rig.PHONE).online(false), said));
        rig.comesIn(user);
        assertThat(rig.sent()).isEmpty();
    }

    @Test
    void settingsAfterAYoungerOfflineTurnNobodyOnline() {
        User user = rig.registered();
        rig.pass(2);
        user.goesOffline();
        user.applied(user.settings(SettingsDraft.forDevice("").kinds(List.of(1)).online(true), rig.seconds() - 1));
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void settingsThatAreTooLateForBothAreRefused() {
        User user = rig.registered();
        rig.pass(5);
        user.goesOnline();
        user.registers(Rig.PHONE);
        user.refused(
                user.settings(SettingsDraft.forDevice("").kinds(List.of()).online(false), rig.seconds() - 1),
                Refusal.OUT_OF_ORDER);
        rig.comesIn(user);
    }

    @Test
    void oldSettingsMayStillCarryANewPresence() {
        User user = rig.registered();
        rig.pass(5);
        user.registers(Rig.TABLET);
        user.applied(user.settings(SettingsDraft.forDevice("").kinds(List.of()).online(true), rig.seconds() - 1));
        rig.comesIn(user);
        assertThat(rig.sent()).isEmpty();
    }

    @Test
    void anOlderPresenceChangesNothing() {
        User user = rig.registered();
        rig.pass(10);
        user.goesOffline();
        user.refused(user.heartbeat(rig.seconds() - 1), Refusal.OUT_OF_ORDER);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
        rig.pass(10);
        user.goesOnline();
        user.refused(user.offline(rig.seconds() - 1), Refusal.OUT_OF_ORDER);
        rig.pass(1);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void inTheSameSecondOfflineBeatsHeartbeat() {
        User user = rig.registered();
        user.goesOnline();
        user.goesOffline();
        user.refused(user.heartbeat(rig.seconds()), Refusal.OUT_OF_ORDER);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void inTheSameSecondLogoutBeatsSettings() {
        User user = rig.registered();
        user.logsOut();
        user.refused(user.settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds()), Refusal.OUT_OF_ORDER);
        assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());
        rig.pass(1);
        user.registers(Rig.PHONE);
        rig.comesIn(user);
    }

    @Test
    void inTheSameSecondTheLaterOfTwoSettingsCounts() {
        User user = rig.registered();
        user.says(SettingsDraft.forDevice("").kinds(List.of()));
        assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());
        user.says(SettingsDraft.forDevice("").kinds(List.of(1)));
        rig.comesIn(user);
    }

    @Test
    void marksSurviveALogout() {
        User user = rig.user();
        long said = rig.seconds();
        rig.pass(5);
        user.registers(Rig.PHONE);
        rig.pass(1);
        user.logsOut();
        user.refused(user.settings(SettingsDraft.forDevice(Rig.PHONE), said), Refusal.OUT_OF_ORDER);
        assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());
    }

    @Test
    void aLogoutBeforeTheSettingsThatItCancelsHolds() {
        User user = rig.user();
        long said = rig.seconds();
        rig.pass(5);
        user.logsOut();
        user.refused(user.settings(SettingsDraft.forDevice(Rig.PHONE), said), Refusal.OUT_OF_ORDER);
    }

    @Test
    void aLogoutAfterAYoungerHeartbeatLeavesThePresenceAlone() {
        User user = rig.registered();
        rig.pass(5);
        long said = rig.seconds();
        rig.pass(1);
        user.goesOnline();
        user.applied(user.logout(said));
        user.registers(Rig.PHONE);
        rig.pass(1);
        rig.comesIn(user);
        assertThat(rig.sent()).isEmpty();
    }

    @Test
    void aReplayedOldMessageChangesNothing() {
        User user = rig.user();
        NostrEvent settings = user.settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds());
        user.applied(settings);
        rig.pass(1);
        user.logsOut();
        assertThat(rig.accept(settings)).isEqualTo(new Outcome.Duplicate());
        rig.restart();
        user.refused(settings, Refusal.OUT_OF_ORDER);
    }

    @Test
    void anOfflineIsNotUndoneByAnOlderHeartbeatAfterARestart() {
        User user = rig.registered();
        user.goesOnline();
        rig.pass(1);
        user.goesOffline();
        rig.pass(5);
        user.applied(user.offline(rig.seconds()));
        rig.restart();
        user.refused(user.heartbeat(rig.seconds() - 1), Refusal.OUT_OF_ORDER);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
    }

    // ---- freshness

    @Test
    void aMessageIsFreshForFiveMinutesAndFifteenMinutesAhead() {
        User user = rig.user();
        user.applied(user.heartbeat(rig.seconds() - 300));
        user.refused(user.heartbeat(rig.seconds() - 301), Refusal.STALE);
        user.refused(user.heartbeat(rig.seconds() + 901), Refusal.STALE);
        user.applied(user.heartbeat(rig.seconds() + 900));
    }

    // ---- copies

    @Test
    void aCopyIsADuplicateWhoeverDelivers() {
        User user = rig.user();
        NostrEvent heartbeat = user.heartbeat(rig.seconds());
        user.applied(heartbeat);
        assertThat(rig.accept(heartbeat, Source.feeder("strfry"))).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.accept(heartbeat, Source.endpoint("stranger"))).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.news.applied).hasSize(1);
    }

    @Test
    void aForgedCopyDoesNotStandInForTheRealOne() {
        User user = rig.user();
        NostrEvent real = user.heartbeat(rig.seconds());
        NostrEvent forged = new NostrEvent(
                real.id(), real.pubkey(), real.createdAt(), real.kind(), real.tags(), real.content(), "0".repeat(128));
        user.refused(forged, Refusal.BAD_SIG);
        user.refused(forged, Refusal.BAD_SIG);
        user.applied(real);
    }

    @Test
    void whatWasRefusedAfterDecryptionIsADuplicateThen() {
        User user = rig.user();
        NostrEvent nonsense = user.keys.sign(
                rig.seconds(),
                22_456,
                List.of(Tag.of("p", rig.server.publicKey().hex())),
                "nonsense?iv=nonsense");
        user.refused(nonsense, Refusal.DECRYPT);
        assertThat(rig.accept(nonsense)).isEqualTo(new Outcome.Duplicate());
    }

    @Test
    void whatIsForNobodyHereOrFromOtherRelaysIsNotRead() {
        User user = rig.user();
        NostrEvent heartbeat = user.heartbeat(rig.seconds());
        assertThat(rig.accept(heartbeat, Source.relay(RelayUrl.of("wss://relay.example.com"))))
                .isEqualTo(new Outcome.Unwanted());
        Rig other = new Rig();
        assertThat(other.accept(heartbeat)).isEqualTo(new Outcome.Refused(Refusal.NOT_ADDRESSED));
        user.applied(heartbeat);
    }

    // ---- rates

    @Test
    void aSenderMaySayOneHundredFiftyThingsAMinute() {
        User user = rig.user();
        for (int i = 0; i < 150; i++) {
            user.applied(user.heartbeat(rig.seconds() + i));
        }
        NostrEvent one = user.heartbeat(rig.seconds() + 500);
        user.refused(one, Refusal.RATE_LIMITED);
        rig.user().goesOnline();
        rig.pass(60);
        user.applied(one);
    }

    @Test
    void thirtyOfThemMayRegister() {
        User user = rig.user();
        for (int i = 0; i < 30; i++) {
            user.applied(user.settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds() + i));
        }
        NostrEvent one = user.settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds() + 30);
        user.refused(one, Refusal.RATE_LIMITED);
        user.refused(user.logout(rig.seconds() + 31), Refusal.RATE_LIMITED);
        user.goesOnline();
        rig.pass(60);
        user.applied(one);
    }
}
