package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.RelayFeed;
import dev.nippush.RelayGateway;
import dev.nippush.account.Interest;
import dev.nippush.account.InterestChange;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.control.SettingsDraft;
import dev.nippush.event.NostrEvent;
import dev.nippush.tests.functional.Rig.User;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What relays are told, what they bring, and what silence means while none can be heard. */
@Timeout(60)
class RelaysTest {

    private static final RelayUrl HOME = RelayUrl.of("wss://home.example.com");
    private static final RelayUrl R1 = RelayUrl.of("wss://r1.example.com");
    private static final RelayUrl R2 = RelayUrl.of("wss://r2.example.com");

    private final Gateway gateway = new Gateway();
    private final Rig rig = new Rig(builder -> builder.relays(gateway).homeRelays(List.of(HOME)));

    /** Takes note of all that it is told. */
    private static final class Gateway implements RelayGateway {

        private final List<InterestChange> changes = new ArrayList<>();
        private final Map<RelayUrl, Interest> wanted = new HashMap<>();
        private RelayFeed feed;
        private boolean throwing;

        @Override
        public void start(RelayFeed feed) {
            assertThat(changes.isEmpty() || this.feed != null).isTrue();
            this.feed = feed;
            wanted.clear();
        }

        @Override
        public void changed(InterestChange change) {
            changes.add(change);
            assertThat(change.before()).isEqualTo(Optional.ofNullable(wanted.get(change.relay())));
            change.after()
                    .ifPresentOrElse(
                            interest -> wanted.put(change.relay(), interest), () -> wanted.remove(change.relay()));
            if (throwing) {
                throw new IllegalStateException("thrown, as the test says");
            }
        }

        @Override
        public void close() {
            throw new AssertionError("the engine closes nothing that it was handed");
        }
    }

    @BeforeEach
    void hear() {
        hears(true);
    }

    private void hears(boolean now) {
        gateway.feed.hearing(now);
        rig.time.runAll();
    }

    private void caughtUp(RelayUrl relay, User user) {
        gateway.feed.caughtUp(relay, Map.of(user.key(), gateway.wanted.get(relay)));
        rig.time.runAll();
    }

    private User wrapped(RelayUrl... relays) {
        User user = rig.user();
        user.says(SettingsDraft.forDevice(Rig.PHONE).kinds(List.of(1, 1059)).relays(List.of(relays)));
        return user;
    }

    // ---- a clock that is set

    @Test
    void anEoseCountsAlsoAfterTheClockWasSetBack() {
        User user = wrapped(R1);
        rig.pass(2);
        long clientSeconds = rig.seconds();
        rig.time.setWallClock(rig.time.now().minusSeconds(200));
        user.applied(user.settings(SettingsDraft.forDevice("").relays(List.of(R1, R2)), clientSeconds));
        caughtUp(R2, user);
        NostrEvent wrap = rig.event(1059, rig.seconds(), user.tag());
        assertThat(rig.accept(wrap, Source.relay(R2).asStored())).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.sent()).hasSize(1);
    }

    // ---- interests

    @Test
    void homeRelaysAndNamedOnesAreAskedForWhatAnAccountWants() {
        User user = wrapped(R1);
        assertThat(gateway.wanted).containsOnlyKeys(HOME, R1);
        assertThat(gateway.wanted.get(R1).kinds()).containsExactlyInAnyOrder(1, 1059);
        assertThat(gateway.wanted.get(R1).p()).containsExactly(user.key());
        rig.pass(1);
        user.says(SettingsDraft.forDevice("").relays(List.of(R2)));
        assertThat(gateway.wanted).containsOnlyKeys(HOME, R2);
        rig.pass(1);
        user.says(SettingsDraft.forDevice("").kinds(List.of()));
        assertThat(gateway.wanted).isEmpty();
        rig.pass(1);
        user.says(SettingsDraft.forDevice("").kinds(List.of(1)));
        assertThat(gateway.wanted).containsOnlyKeys(HOME, R2);
        rig.pass(1);
        user.logsOut();
        assertThat(gateway.wanted).isEmpty();
    }

    @Test
    void aRepeatedRegistrationChangesNothing() {
        User user = wrapped(R1);
        int changes = gateway.changes.size();
        rig.pass(1);
        user.says(SettingsDraft.forDevice(Rig.PHONE).kinds(List.of(1059, 1)).relays(List.of(R1)));
        assertThat(gateway.changes).hasSize(changes);
    }

    @Test
    void withoutADeviceNothingIsAsked() {
        User user = rig.user();
        user.says(SettingsDraft.forDevice("").relays(List.of(R1)));
        assertThat(gateway.wanted).isEmpty();
        rig.pass(1);
        user.registers(Rig.PHONE);
        assertThat(gateway.wanted).containsOnlyKeys(HOME, R1);
        rig.pass(1);
        user.applied(user.logout(Rig.PHONE, rig.seconds()));
        assertThat(gateway.wanted).isEmpty();
    }

    @Test
    void afterARestartAllInterestsAreToldAgain() {
        wrapped(R1);
        Interest interest = gateway.wanted.get(R1);
        rig.restart();
        assertThat(gateway.wanted).containsOnlyKeys(HOME, R1).containsEntry(R1, interest);
    }

    @Test
    void aGatewayThatThrowsStopsNothing() {
        gateway.throwing = true;
        User user = wrapped(R1, R2);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void controlMessagesAreReadFromHomeRelaysOnly() {
        User user = rig.user();
        NostrEvent heartbeat = user.heartbeat(rig.seconds());
        assertThat(rig.accept(heartbeat, Source.relay(R1))).isEqualTo(new Outcome.Unwanted());
        assertThat(rig.accept(heartbeat, Source.homeRelay(HOME))).isEqualTo(new Outcome.Applied());
        assertThat(rig.engine.controlFilter().matches(heartbeat)).isTrue();
        assertThat(rig.engine.controlFilter().matches(rig.mention(user))).isFalse();
    }

    // ---- history

    private NostrEvent wrap(User user, int secondsBack) {
        return rig.event(1059, rig.seconds() - secondsBack, user.tag());
    }

    @Test
    void giftWrapsAreHistoryUntilTheirRelayHasSentAllThatItHad() {
        User user = wrapped(R1, R2);
        NostrEvent old = wrap(user, 100_000);
        assertThat(rig.accept(old, Source.relay(R1).asStored())).isEqualTo(new Outcome.Taken(1));
        caughtUp(R1, user);
        assertThat(rig.accept(old, Source.relay(R1))).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.sent()).isEmpty();
        assertThat(rig.accept(wrap(user, 170_000), Source.relay(R1))).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.accept(wrap(user, 10), Source.relay(R2).asStored())).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void giftWrapsThatAreStillBeingCheckedWhenTheEndOfWhatWasStoredComesAreHistory() {
        User user = wrapped(R1);
        CompletableFuture<Outcome> last = gateway.feed
                .accept(wrap(user, 100_000), Source.relay(R1).asStored())
                .toCompletableFuture();
        caughtUp(R1, user);
        assertThat(last).isCompletedWithValue(new Outcome.Taken(1));
        assertThat(rig.sent()).isEmpty();
        assertThat(rig.accept(wrap(user, 100_000), Source.relay(R1).asStored())).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void aGiftWrapThatComesLiveIsNewWhileTheRelayStillSendsWhatItHad() {
        User user = wrapped(R1);
        assertThat(rig.accept(wrap(user, 100_000), Source.relay(R1))).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void afterAReconnectWhatARelayHadStoredMeanwhileIsNew() {
        User user = wrapped(R1);
        caughtUp(R1, user);
        rig.pass(3_600);
        assertThat(rig.accept(wrap(user, 100_000), Source.relay(R1).asStored())).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.accept(
                        rig.event(1, rig.seconds() - 1_800, user.tag()),
                        Source.relay(R1).asStored()))
                .isEqualTo(new Outcome.Taken(1));
        assertThat(rig.sent()).hasSize(2);
        rig.restart();
        hears(true);
        assertThat(rig.accept(wrap(user, 100_000), Source.relay(R1).asStored())).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.sent()).hasSize(3);
    }

    @Test
    void anEoseForAnOlderInterestSaysNothingOfTheNewOne() {
        User user = wrapped(R1);
        Interest older = gateway.wanted.get(R1);
        rig.pass(1);
        user.says(SettingsDraft.forDevice("").kinds(List.of()));
        rig.pass(1);
        user.says(SettingsDraft.forDevice("").kinds(List.of(1059)));
        gateway.feed.caughtUp(R1, Map.of(user.key(), older));
        rig.time.runAll();
        rig.accept(wrap(user, 10), Source.relay(R1).asStored());
        assertThat(rig.sent()).isEmpty();
        caughtUp(R1, user);
        rig.accept(wrap(user, 10), Source.relay(R1).asStored());
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void aRelayThatIsNamedAgainStartsOver() {
        User user = wrapped(R1);
        caughtUp(R1, user);
        rig.pass(1);
        user.says(SettingsDraft.forDevice("").relays(List.of(R2)));
        rig.pass(1);
        user.says(SettingsDraft.forDevice("").relays(List.of(R1, R2)));
        rig.accept(wrap(user, 10), Source.relay(R1).asStored());
        assertThat(rig.sent()).isEmpty();
    }

    @Test
    void anEoseForARelayThatIsNotAskedIsNoNews() {
        User user = wrapped(R1);
        gateway.feed.caughtUp(R2, Map.of(user.key(), gateway.wanted.get(R1)));
        gateway.feed.caughtUp(R1, Map.of(rig.user().key(), gateway.wanted.get(R1)));
        rig.time.runAll();
        rig.pass(1);
        user.says(SettingsDraft.forDevice("").relays(List.of(R2)));
        rig.accept(wrap(user, 10), Source.relay(R2).asStored());
        assertThat(rig.sent()).isEmpty();
    }

    @Test
    void withoutAGatewayARelayCountsAsCaughtUpAfterThirtySeconds() {
        Rig host = new Rig();
        User user = host.user();
        user.says(SettingsDraft.forDevice(Rig.PHONE).relays(List.of(R1)));
        host.accept(
                host.event(1059, host.seconds() - 100, user.tag()),
                Source.relay(R1).asStored());
        host.pass(29);
        host.accept(host.event(1059, host.seconds() - 100, user.tag()), Source.relay(R1));
        assertThat(host.sent()).isEmpty();
        host.pass(1);
        host.accept(host.event(1059, host.seconds() - 100, user.tag()), Source.relay(R1));
        assertThat(host.sent()).hasSize(1);
    }

    // ---- deaf

    @Test
    void silenceProvesNothingWhileNoHomeRelayIsConnected() {
        User user = rig.online();
        rig.pass(1);
        rig.comesIn(user);
        rig.pass(100);
        hears(false);
        assertThat(rig.engine.status().hearing()).isFalse();
        rig.pass(300);
        assertThat(rig.sent()).isEmpty();
        rig.comesIn(user);
        hears(true);
        rig.pass(149);
        assertThat(rig.sent()).isEmpty();
        user.goesOnline();
        rig.pass(1_000);
        assertThat(rig.sent()).isEmpty();
        assertThat(rig.news.dropped).isEqualTo(2);
    }

    @Test
    void afterItHearsAgainSilenceCountsAfterOneTimeout() {
        User user = rig.online();
        rig.pass(1);
        rig.comesIn(user);
        hears(false);
        rig.pass(500);
        hears(true);
        rig.passMillis(149_999);
        assertThat(rig.sent()).isEmpty();
        rig.passMillis(1);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void tenMinutesOfDeafnessAreEnough() {
        User user = rig.online();
        rig.pass(1);
        rig.comesIn(user);
        hears(false);
        rig.pass(599);
        assertThat(rig.sent()).isEmpty();
        rig.pass(1);
        assertThat(rig.sent()).hasSize(1);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(2);
    }

    @Test
    void whoFellSilentBeforeItWasDeafIsOffline() {
        User user = rig.online();
        rig.pass(151);
        hears(false);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void anOfflineIsBelievedWhileDeaf() {
        User user = rig.online();
        rig.pass(1);
        user.goesOffline();
        hears(false);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
        hears(true);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(2);
    }

    @Test
    void aFeederIsHeard() {
        User user = rig.online();
        rig.pass(1);
        rig.comesIn(user);
        rig.engine.feeding(true);
        hears(false);
        assertThat(rig.engine.status().hearing()).isTrue();
        rig.pass(149);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void anEngineWithHomeRelaysStartsDeaf() {
        User user = rig.online();
        rig.pass(1);
        rig.comesIn(user);
        rig.restart();
        assertThat(rig.engine.status().hearing()).isFalse();
        rig.pass(599);
        assertThat(rig.sent()).isEmpty();
        rig.pass(1);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void anEngineWithoutHomeRelaysIsNeverDeaf() {
        assertThat(new Rig().engine.status().hearing()).isTrue();
        assertThat(new Rig(builder -> builder.relays(new Gateway()))
                        .engine
                        .status()
                        .hearing())
                .isTrue();
    }

    @Test
    void aHomeRelayThatComesAndGoesHoldsNothingForEver() {
        User user = wrapped(R1);
        user.goesOnline();
        rig.comesIn(user);
        for (int passed = 0; passed < 1_500; passed += 100) {
            hears(false);
            rig.pass(50);
            hears(true);
            rig.pass(50);
        }
        assertThat(rig.sent()).hasSize(1);
    }
}
