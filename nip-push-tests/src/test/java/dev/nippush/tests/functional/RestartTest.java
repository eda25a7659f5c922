package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.RelayFeed;
import dev.nippush.RelayGateway;
import dev.nippush.account.Account;
import dev.nippush.account.Interest;
import dev.nippush.account.InterestChange;
import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.store.Change;
import dev.nippush.store.Ending;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushResult;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** One engine after another on the same store. */
@Timeout(120)
@ParameterizedClass
@EnumSource(Disk.Kind.class)
class RestartTest {

    private static final RelayUrl R1 = RelayUrl.of("wss://r1.example.com");
    private static final RelayUrl R2 = RelayUrl.of("wss://r2.example.com");

    @Parameter
    Disk.Kind kind;

    @TempDir
    Path folder;

    private final Gateway gateway = new Gateway();
    private Disk disk;
    private Rig rig;

    /** Knows what is wanted of each relay by the only user. */
    private static final class Gateway implements RelayGateway {

        private final Map<RelayUrl, Interest> wanted = new HashMap<>();
        private RelayFeed feed;

        @Override
        public void start(RelayFeed given) {
            feed = given;
            wanted.clear();
        }

        @Override
        public void changed(InterestChange change) {
            change.after()
                    .ifPresentOrElse(
                            interest -> wanted.put(change.relay(), interest), () -> wanted.remove(change.relay()));
        }

        @Override
        public void close() {}
    }

    @BeforeEach
    void begin() {
        disk = kind.in(folder);
        rig = new Rig(disk, builder -> builder.relays(gateway));
    }

    @AfterEach
    void end() {
        disk.close();
    }

    /** The engine is started again after so many hours, and sweeps. */
    private void rests(int hours) {
        rig.stop();
        rig.time.advance(Duration.ofHours(hours));
        rig.startAgain();
        rig.pass(301);
    }

    @Test
    void whatIsOwedIsSentAtItsTime() {
        rig.transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(60), "busy"));
        rig.comesIn(rig.registered());
        rig.pass(10);
        rig.restart();
        rig.pass(49);
        assertThat(rig.sent()).hasSize(1);
        rig.pass(1);
        assertThat(rig.sent()).hasSize(2);
        assertThat(rig.sent().get(1)).isEqualTo(rig.sent().get(0));
        assertThat(rig.news.attempts).containsExactly("1 retry: busy", "2 accepted");
    }

    @Test
    void whatIsSettledIsNotSentAgain() {
        User user = rig.registered();
        NostrEvent pushed = rig.comesIn(user);
        rig.pass(1);
        user.goesOnline();
        rig.pass(1);
        NostrEvent dropped = rig.comesIn(user);
        user.goesOffline();
        rig.restart();
        assertThat(rig.accept(pushed)).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.accept(dropped)).isEqualTo(new Outcome.Duplicate());
        rig.pass(1_000);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void anAccountThatWasOnlineGetsOneTimeout() {
        User user = rig.online();
        rig.pass(100);
        NostrEvent held = rig.comesIn(user);
        rig.restart();
        NostrEvent later = rig.comesIn(user);
        rig.pass(149);
        assertThat(rig.sent()).isEmpty();
        rig.pass(1);
        assertThat(rig.news.settled).containsExactlyInAnyOrder(held.id(), later.id());
    }

    @Test
    void aHeartbeatDropsWhatWasHeldBeforeTheRestart() {
        User user = rig.online();
        rig.pass(100);
        rig.comesIn(user);
        rig.restart();
        rig.pass(10);
        user.goesOnline();
        rig.pass(1_000);
        assertThat(rig.sent()).isEmpty();
        assertThat(rig.news.dropped).isEqualTo(1);
    }

    @Test
    void anAccountThatWentOfflineStaysOffline() {
        User user = rig.online();
        rig.pass(1);
        user.goesOffline();
        rig.restart();
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void onlineIsNotBelievedForLongerThanAnHourAndATimeout() {
        User user = rig.online();
        rig.pass(1);
        NostrEvent held = rig.comesIn(user);
        rig.stop();
        rig.pass(3_600 + 150);
        rig.startAgain();
        assertThat(rig.news.settled).containsExactly(held.id());
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(2);
    }

    @Test
    void onlineIsStoredOnceAnHour() {
        User user = rig.online();
        for (int i = 0; i < 70; i++) {
            rig.pass(60);
            user.goesOnline();
        }
        rig.restart();
        rig.comesIn(user);
        assertThat(rig.sent()).isEmpty();
        rig.stop();
        rig.pass(3_000);
        rig.startAgain();
        rig.comesIn(user);
        assertThat(rig.sent()).isEmpty();
    }

    @Test
    void aLogoutIsNotForgotten() {
        User user = rig.registered();
        rig.pass(1);
        user.logsOut();
        rig.restart();
        assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());
        user.refused(user.settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds()), Refusal.OUT_OF_ORDER);
    }

    @Test
    void aDeviceThatChangedHandsStaysWithTheNewOwner() {
        User former = rig.registered();
        rig.pass(1);
        User owner = rig.registered();
        rig.restart();
        assertThat(rig.accept(rig.mention(former))).isEqualTo(new Outcome.Unwanted());
        rig.comesIn(owner);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void whatExpiredMeanwhileIsNotSent() {
        rig.transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(60), "busy"));
        rig.comesIn(rig.registered());
        rig.stop();
        rig.pass(86_400);
        rig.startAgain();
        rig.pass(1);
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.news.endings).containsExactly(Ending.EXPIRED);
    }

    @Test
    void decisionsAreRememberedForThreeDays() {
        User user = rig.registered();
        NostrEvent event = rig.comesIn(user);
        rests(71);
        assertThat(rig.accept(event)).isEqualTo(new Outcome.Unwanted());
        rests(3);
        assertThat(rig.sent()).hasSize(1);
    }

    // ---- all that was registered

    private static NostrEvent by(KeyPair author, long createdAt, int kind, Tag... tags) {
        return author.sign(createdAt, kind, List.of(tags), "");
    }

    private Outcome from(RelayUrl relay, NostrEvent event) {
        return rig.accept(event, Source.relay(relay));
    }

    @Test
    void aRegistrationIsAsItWas() {
        String room = "cd".repeat(32);
        KeyPair contact = KeyPair.generate();
        User user = rig.user();
        user.says(SettingsDraft.forDevice(Rig.PHONE)
                .kinds(List.of(1, 42))
                .relays(List.of(R1))
                .authors(List.of(contact.publicKey()))
                .e(List.of(room, "a group")));
        user.registers(Rig.TABLET);
        Map<RelayUrl, Interest> wanted = Map.copyOf(gateway.wanted);
        assertThat(wanted).containsOnlyKeys(R1);
        Account before = rig.remains().accounts().get(user.key());
        rig.startAgain();
        assertThat(gateway.wanted).isEqualTo(wanted);
        rig.pass(1);
        long now = rig.seconds();
        assertThat(from(R1, by(contact, now, 1, user.tag()))).isEqualTo(new Outcome.Taken(1));
        assertThat(from(R1, by(rig.friend, now, 42, Tag.of("e", room)))).isEqualTo(new Outcome.Taken(1));
        assertThat(from(R1, by(rig.friend, now, 42, Tag.of("h", "a group")))).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.sentTo(Rig.PHONE)).isEqualTo(3);
        assertThat(rig.sentTo(Rig.TABLET)).isEqualTo(3);
        Outcome unwanted = new Outcome.Unwanted();
        assertThat(from(R1, by(rig.friend, now, 1, user.tag())))
                .as("no contact")
                .isEqualTo(unwanted);
        assertThat(from(R1, by(contact, now, 7, user.tag()))).as("another kind").isEqualTo(unwanted);
        assertThat(from(R2, by(contact, now, 1, user.tag())))
                .as("another relay")
                .isEqualTo(unwanted);
        assertThat(rig.remains().accounts()).containsOnlyKeys(user.key()).containsValue(before);
    }

    @Test
    void devicesKeepWhatTheirProvidersMayLearn() {
        User user = rig.user();
        user.says(SettingsDraft.forDevice(Rig.PHONE).privacy(Privacy.WAKE));
        user.registers(Rig.TABLET);
        rig.crash();
        rig.comesIn(user);
        assertThat(rig.transport
                        .sentTo(Rig.address(Rig.PHONE))
                        .get(0)
                        .notification()
                        .isSilent())
                .isTrue();
        assertThat(rig.transport
                        .sentTo(Rig.address(Rig.TABLET))
                        .get(0)
                        .notification()
                        .isSilent())
                .isFalse();
    }

    @Test
    void aDeviceCountsSinceItWasRegistered() {
        User user = rig.online();
        rig.pass(1);
        rig.comesIn(user);
        rig.pass(1);
        user.applied(user.settings(SettingsDraft.forDevice(Rig.TABLET), rig.seconds() - 1));
        rig.crash();
        rig.pass(150);
        assertThat(rig.sentTo(Rig.TABLET)).isZero();
    }

    @Test
    void anOfflineIsNotUndoneByAnOlderHeartbeat() {
        User user = rig.registered();
        NostrEvent older = user.heartbeat(rig.seconds());
        rig.pass(1);
        user.goesOffline();
        rig.crash();
        user.refused(older, Refusal.OUT_OF_ORDER);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
    }

    // ---- history

    @Test
    void whatIsHistoryStaysHistory() {
        User user = rig.user();
        rig.pass(100);
        user.registers(Rig.PHONE);
        rig.pass(100);
        rig.crash();
        assertThat(rig.accept(
                        rig.event(1, rig.seconds() - 101, user.tag()),
                        Source.homeRelay(R1).asStored()))
                .isEqualTo(new Outcome.Taken(1));
        assertThat(rig.sent()).isEmpty();
        assertThat(rig.accept(
                        rig.event(1, rig.seconds() - 100, user.tag()),
                        Source.homeRelay(R1).asStored()))
                .isEqualTo(new Outcome.Taken(1));
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void whatARelayHasSentAlreadyIsKnown() {
        User user = rig.user();
        user.says(SettingsDraft.forDevice(Rig.PHONE).kinds(List.of(1059)).relays(List.of(R1, R2)));
        NostrEvent old = rig.event(1059, rig.seconds() - 1_000, user.tag());
        from(R1, old);
        int sent = rig.sent().size();
        gateway.feed.caughtUp(R1, Map.of(user.key(), gateway.wanted.get(R1)));
        rig.time.runAll();
        rig.crash();
        rig.accept(
                rig.event(1059, rig.seconds() - 1_000, user.tag()),
                Source.relay(R2).asStored());
        assertThat(rig.sent()).as("R2 was still sending what it had").hasSize(sent);
        rig.accept(
                rig.event(1059, rig.seconds() - 1_000, user.tag()),
                Source.relay(R1).asStored());
        assertThat(rig.sent()).as("R1 got that meanwhile").hasSize(sent + 1);
    }

    @Test
    void aGiftWrapIsSettledForAsLongAsItCouldBePushed() {
        User user = rig.registered();
        rig.pass(60);
        NostrEvent wrap = rig.event(1059, rig.seconds(), user.tag());
        assertThat(rig.accept(wrap)).isEqualTo(new Outcome.Taken(1));
        NostrEvent held = rig.event(1059, rig.seconds(), user.tag());
        user.goesOnline();
        rig.pass(1);
        assertThat(rig.accept(held)).isEqualTo(new Outcome.Taken(1));
        user.goesOnline();
        user.goesOffline();
        for (int day = 0; day < 2; day++) {
            rests(35);
        }
        assertThat(rig.accept(wrap)).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.accept(held)).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.sent()).hasSize(1);
    }

    // ---- what is held

    @Test
    void whatWasFoldedStandsForAsManyAndForTheSameDevices() {
        User user = rig.online();
        rig.pass(10);
        for (int i = 0; i < 40; i++) {
            rig.comesIn(user);
        }
        rig.pass(1);
        user.applied(user.settings(SettingsDraft.forDevice(Rig.TABLET), rig.seconds() - 2));
        rig.crash();
        rig.pass(150);
        assertThat(rig.sentTo(Rig.TABLET)).isZero();
        assertThat(rig.transport.sentTo(Rig.address(Rig.PHONE)).stream().map(Rig::eventsIn))
                .hasSize(32)
                .contains(9);
    }

    // ---- relays

    @Test
    void howFarARelayWasReadIsKnown() {
        Instant until = rig.time.now().minusSeconds(5);
        assertThat(gateway.feed.readUpTo(R1)).isEmpty();
        gateway.feed.read(R1, until.minusSeconds(60));
        gateway.feed.read(R2, until.minusSeconds(3_600));
        gateway.feed.read(R1, until);
        rig.time.runAll();
        rig.crash();
        assertThat(gateway.feed.readUpTo(R1)).contains(until);
        assertThat(gateway.feed.readUpTo(R2)).contains(until.minusSeconds(3_600));
        assertThat(gateway.feed.readUpTo(RelayUrl.of("wss://r3.example.com"))).isEmpty();
    }

    @Test
    void howFarARelayWasReadIsNoNewsThreeDaysLater() {
        gateway.feed.read(R1, rig.time.now());
        rig.time.runAll();
        rests(74);
        rig.crash();
        assertThat(gateway.feed.readUpTo(R1)).isEmpty();
    }

    @Test
    void howFarARelayWasReadIsNeverAheadOfWhatIsWritten() {
        Instant before = rig.time.now();
        gateway.feed.read(R1, before);
        rig.time.runAll();
        rig.life.endsBefore(Change.Cursor.class::isInstance);
        gateway.feed.read(R1, before.plusSeconds(60));
        rig.time.runAll();
        assertThat(rig.remains().cursors()).containsOnlyKeys(R1).containsValue(before);
    }
}
