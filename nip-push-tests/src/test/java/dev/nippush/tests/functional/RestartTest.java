package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.NipPush;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.event.NostrEvent;
import dev.nippush.store.Ending;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushResult;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One engine after another on the same store. */
@Timeout(60)
class RestartTest {

    private final Rig rig = new Rig();

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
        user.refused(
                user.settings(dev.nippush.control.SettingsDraft.forDevice(Rig.PHONE), rig.seconds()),
                dev.nippush.control.Refusal.OUT_OF_ORDER);
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
        rig.time.advance(Duration.ofHours(71));
        rig.restart();
        assertThat(rig.accept(event)).isEqualTo(new Outcome.Unwanted());
        rig.time.advance(Duration.ofHours(3));
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void anEngineWhosePartOfTheStoreWasTakenOverStopsSending() {
        User user = rig.registered();
        NipPush former = rig.engine;
        rig.startAgain();
        CompletableFuture<Outcome> late =
                former.accept(rig.mention(user), Source.host()).toCompletableFuture();
        rig.time.runAll();
        assertThat(late).isCompletedWithValue(new Outcome.Closed());
        assertThat(rig.sent()).isEmpty();
        assertThat(former.status().storeWorks()).isFalse();
        assertThat(former.accept(rig.mention(user), Source.host())
                        .toCompletableFuture()
                        .join())
                .isEqualTo(new Outcome.Closed());
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
    }
}
