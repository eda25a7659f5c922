package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.NipPush;
import dev.nippush.account.Account;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.control.SettingsDraft;
import dev.nippush.event.NostrEvent;
import dev.nippush.store.Change;
import dev.nippush.store.Ending;
import dev.nippush.store.OwedPush;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The process ends at one of the points that matter. For each: what it leaves on disk, what the next process makes of that,
 * and what phones and senders saw in all.
 */
@Tag("crash")
@Timeout(120)
@ParameterizedClass
@EnumSource(Disk.Kind.class)
class CrashPointsTest {

    private static final int LONG = 2_000;

    @Parameter
    Disk.Kind kind;

    @TempDir
    Path folder;

    private Disk disk;
    private Rig rig;

    @BeforeEach
    void begin() {
        disk = kind.in(folder);
        rig = new Rig(disk, builder -> builder);
    }

    @AfterEach
    void end() {
        disk.close();
    }

    /** Hands an event over; the process ends before it has an answer. */
    private void isNotAnswered(NostrEvent event) {
        CompletableFuture<Outcome> outcome = rig.offer(event, Source.host());
        assertThat(outcome).isNotDone();
        assertThat(rig.life.isOver()).isTrue();
    }

    private void nothingWasSent() {
        assertThat(rig.sent()).isEmpty();
    }

    /** However long the processes go on, and whoever hands the event over again, its phone gets no more. */
    private void isSettled(NostrEvent event, int requests) {
        rig.pass(LONG);
        assertThat(rig.accept(event)).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.accept(event, Source.host("another").asStored())).isEqualTo(new Outcome.Duplicate());
        rig.crash();
        rig.pass(LONG);
        assertThat(rig.accept(event)).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.sent()).hasSize(requests);
        assertThat(rig.sent().stream().map(PushMessage::collapseKey).distinct()).hasSizeLessThan(2);
        Rows left = rig.remains();
        assertThat(left.owed()).isEmpty();
        assertThat(left.held()).isEmpty();
    }

    // ---- an event comes in

    @Nested
    class BeforeTheCommit {

        @Test
        void ofAPushNothingIsKnownAndTheEventIsTakenWhenItComesAgain() {
            User user = rig.registered();
            NostrEvent event = rig.mention(user);
            rig.life.endsBefore(Change.Owe.class::isInstance);
            isNotAnswered(event);
            assertThat(rig.remains().owed()).isEmpty();
            rig.startAgain();
            rig.pass(LONG);
            nothingWasSent();
            assertThat(rig.accept(event, Source.host().asStored())).isEqualTo(new Outcome.Taken(1));
            assertThat(rig.sent()).hasSize(1);
            isSettled(event, 1);
        }

        @Test
        void ofAHoldNothingIsKnownAndTheEventIsTakenWhenItComesAgain() {
            User user = rig.online();
            rig.pass(10);
            NostrEvent event = rig.mention(user);
            rig.life.endsBefore(Change.Hold.class::isInstance);
            isNotAnswered(event);
            assertThat(rig.remains().held()).isEmpty();
            rig.startAgain();
            assertThat(rig.accept(event, Source.host().asStored())).isEqualTo(new Outcome.Taken(1));
            nothingWasSent();
            rig.pass(150);
            assertThat(rig.sent()).hasSize(1);
            isSettled(event, 1);
        }
    }

    @Nested
    class AfterTheCommitBeforeTheOutcome {

        @Test
        void aPushIsSentByTheNextProcess() {
            User user = rig.registered();
            NostrEvent event = rig.mention(user);
            rig.life.endsAfter(Change.Owe.class::isInstance);
            isNotAnswered(event);
            nothingWasSent();
            assertThat(rig.remains().owed()).extracting(OwedPush::event).containsExactly(event.id());
            rig.startAgain();
            assertThat(rig.sent()).hasSize(1);
            isSettled(event, 1);
        }

        @Test
        void anEventIsHeldInTheNextProcess() {
            User user = rig.online();
            rig.pass(10);
            NostrEvent event = rig.mention(user);
            rig.life.endsAfter(Change.Hold.class::isInstance);
            isNotAnswered(event);
            assertThat(rig.remains().held()).hasSize(1);
            rig.startAgain();
            assertThat(rig.accept(event)).isEqualTo(new Outcome.Duplicate());
            rig.pass(149);
            nothingWasSent();
            rig.pass(1);
            assertThat(rig.sent()).hasSize(1);
            isSettled(event, 1);
        }
    }

    // ---- what is held

    @Nested
    class AHoldWithoutItsRelease {

        @Test
        void isDroppedByTheNextSignOfLife() {
            User user = rig.online();
            rig.pass(10);
            NostrEvent event = rig.comesIn(user);
            rig.pass(10);
            NostrEvent heartbeat = user.heartbeat(rig.seconds());
            rig.life.endsBefore(Change.Release.class::isInstance);
            isNotAnswered(heartbeat);
            assertThat(rig.remains().held()).hasSize(1);
            rig.startAgain();
            user.applied(heartbeat);
            assertThat(rig.news.dropped).isEqualTo(1);
            isSettled(event, 0);
        }

        @Test
        void isPushedWhenTheClientStaysSilent() {
            User user = rig.online();
            rig.pass(10);
            NostrEvent event = rig.comesIn(user);
            rig.pass(10);
            rig.life.endsBefore(Change.Release.class::isInstance);
            isNotAnswered(user.heartbeat(rig.seconds()));
            rig.startAgain();
            rig.pass(149);
            nothingWasSent();
            rig.pass(1);
            assertThat(rig.sent()).hasSize(1);
            isSettled(event, 1);
        }

        @Test
        void thatWasWrittenIsNotPushedThoughNobodyHeardOfIt() {
            User user = rig.online();
            rig.pass(10);
            NostrEvent event = rig.comesIn(user);
            rig.pass(10);
            rig.life.endsAfter(Change.Release.class::isInstance);
            isNotAnswered(user.heartbeat(rig.seconds()));
            assertThat(rig.remains().held()).isEmpty();
            rig.startAgain();
            isSettled(event, 0);
        }
    }

    @Nested
    class WhatIsHeldAndWhatIsOwedOfIt {

        private User deadlineIsNear() {
            User user = rig.online();
            rig.pass(10);
            for (int i = 0; i < 3; i++) {
                rig.comesIn(user);
            }
            rig.pass(139);
            nothingWasSent();
            return user;
        }

        private void allThreeArePushedOnce() {
            assertThat(rig.sent()).hasSize(3);
            assertThat(rig.sent().stream().map(PushMessage::collapseKey)).doesNotHaveDuplicates();
            rig.crash();
            rig.pass(LONG);
            assertThat(rig.sent()).hasSize(3);
            assertThat(rig.news.settled).hasSize(3).doesNotHaveDuplicates();
        }

        @Test
        void changeTogetherOrNotAtAll() {
            deadlineIsNear();
            rig.life.endsBefore(Change.Owe.class::isInstance);
            rig.pass(1);
            Rows left = rig.remains();
            assertThat(left.held()).hasSize(3);
            assertThat(left.owed()).isEmpty();
            rig.startAgain();
            nothingWasSent();
            rig.pass(150);
            allThreeArePushedOnce();
        }

        @Test
        void haveChangedTogether() {
            deadlineIsNear();
            rig.life.endsAfter(Change.Owe.class::isInstance);
            rig.pass(1);
            Rows left = rig.remains();
            assertThat(left.held()).isEmpty();
            assertThat(left.owed()).hasSize(3);
            nothingWasSent();
            rig.startAgain();
            allThreeArePushedOnce();
        }

        @Test
        void anOfflineThatWasNotWrittenIsSaidAgain() {
            User user = deadlineIsNear();
            NostrEvent offline = user.offline(rig.seconds() - 140);
            rig.life.endsBefore(Change.Owe.class::isInstance);
            isNotAnswered(offline);
            assertThat(rig.remains().held()).hasSize(3);
            rig.startAgain();
            user.applied(offline);
            allThreeArePushedOnce();
        }
    }

    // ---- what is owed

    @Nested
    class APush {

        @Test
        void thatIsOwedAndNotSentIsSentByTheNextProcess() {
            User user = rig.registered();
            NostrEvent event = rig.mention(user);
            CompletableFuture<Outcome> outcome =
                    rig.engine.accept(event, Source.host()).toCompletableFuture();
            while (!outcome.isDone()) {
                assertThat(rig.time.executor().runNext()).isTrue();
            }
            assertThat(outcome).isCompletedWithValue(new Outcome.Taken(1));
            nothingWasSent();
            assertThat(rig.remains().owed()).hasSize(1);
            rig.startAgain();
            assertThat(rig.sent()).hasSize(1);
            isSettled(event, 1);
        }

        @Test
        void thatWasSentAndHasNoAnswerIsSentAgainUnderTheSameKey() {
            User user = rig.registered();
            rig.transport.script().hang();
            NostrEvent event = rig.comesIn(user);
            assertThat(rig.sent()).hasSize(1);
            assertThat(rig.remains().owed()).hasSize(1);
            rig.transport.release(PushResult.accepted());
            rig.startAgain();
            assertThat(rig.sent()).hasSize(2);
            assertThat(rig.sent().get(1)).isEqualTo(rig.sent().get(0));
            assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED);
            isSettled(event, 2);
        }

        @Test
        void thatWasAnsweredAndNotSettledIsSentAgainUnderTheSameKey() {
            User user = rig.registered();
            NostrEvent event = rig.mention(user);
            rig.life.endsBefore(Change.Settle.class::isInstance);
            assertThat(rig.accept(event)).isEqualTo(new Outcome.Taken(1));
            assertThat(rig.sent()).hasSize(1);
            assertThat(rig.news.attempts).containsExactly("1 accepted");
            assertThat(rig.news.endings).isEmpty();
            assertThat(rig.remains().owed()).hasSize(1);
            rig.startAgain();
            assertThat(rig.sent()).hasSize(2);
            assertThat(rig.sent().get(1)).isEqualTo(rig.sent().get(0));
            isSettled(event, 2);
        }

        @Test
        void thatWasSettledIsNotSentAgainThoughNobodyHeardOfIt() {
            User user = rig.registered();
            NostrEvent event = rig.mention(user);
            rig.life.endsAfter(Change.Settle.class::isInstance);
            rig.accept(event);
            assertThat(rig.sent()).hasSize(1);
            assertThat(rig.remains().owed()).isEmpty();
            rig.startAgain();
            isSettled(event, 1);
        }

        @Test
        void whoseRetryWasNotWrittenIsTriedAsIfForTheFirstTime() {
            User user = rig.registered();
            rig.transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(60), "busy"));
            NostrEvent event = rig.mention(user);
            rig.life.endsBefore(Change.Retry.class::isInstance);
            rig.accept(event);
            assertThat(rig.remains().owed()).extracting(OwedPush::failures).containsExactly(0);
            rig.startAgain();
            assertThat(rig.news.attempts).containsExactly("1 retry: busy", "1 accepted");
            isSettled(event, 2);
        }

        @Test
        void isFoldedIntoAnotherWithThatOrNotAtAll() {
            User user = rig.registered();
            rig.transport.script().hang();
            for (int i = 0; i < 100; i++) {
                rig.comesIn(user);
            }
            rig.life.endsBefore(Change.Settle.class::isInstance);
            rig.accept(rig.mention(user));
            assertThat(rig.remains().owed()).hasSize(101).allMatch(push -> push.count() == 1);
        }

        @Test
        void thatWasFoldedIsCountedInAnother() {
            User user = rig.registered();
            rig.transport.script().hang();
            for (int i = 0; i < 100; i++) {
                rig.comesIn(user);
            }
            rig.life.endsAfter(Change.Settle.class::isInstance);
            rig.accept(rig.mention(user));
            assertThat(rig.remains().owed()).hasSize(100);
            rig.startAgain();
            rig.pass(LONG);
            assertThat(rig.news.settled).hasSize(100).doesNotHaveDuplicates();
            assertThat(rig.sent().stream().skip(1).mapToInt(Rig::eventsIn).sum())
                    .as("all that came in, the one that was under way again among them")
                    .isEqualTo(101);
        }
    }

    // ---- devices

    @Nested
    class ADeviceThatIsGone {

        @Test
        void andNotForgottenIsForgottenAtTheNextPush() {
            User user = rig.registered();
            rig.pass(10);
            rig.transport.script().answer(PushResult.deviceGone()).answer(PushResult.deviceGone());
            rig.life.endsBefore(Change.SaveAccount.class::isInstance);
            NostrEvent first = rig.comesIn(user);
            Rows left = rig.remains();
            assertThat(left.owed()).isEmpty();
            assertThat(left.accounts()
                            .get(user.key())
                            .registration()
                            .orElseThrow()
                            .devices())
                    .hasSize(1);
            rig.startAgain();
            rig.pass(LONG);
            assertThat(rig.sent()).hasSize(1);
            NostrEvent second = rig.comesIn(user);
            assertThat(rig.sent()).hasSize(2);
            assertThat(rig.news.endings).containsExactly(Ending.GONE, Ending.GONE);
            assertThat(rig.news.settled).containsExactly(first.id(), second.id());
            assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());
            rig.crash();
            assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());
            assertThat(rig.sent()).hasSize(2);
        }

        @Test
        void andRegisteredAgainByTheNextProcessStays() {
            User user = rig.registered();
            rig.pass(10);
            rig.transport.script().answer(PushResult.deviceGone());
            rig.life.endsBefore(Change.SaveAccount.class::isInstance);
            rig.comesIn(user);
            rig.crash();
            rig.pass(10);
            user.registers(Rig.PHONE);
            rig.comesIn(user);
            assertThat(rig.news.endings).containsExactly(Ending.GONE, Ending.ACCEPTED);
        }
    }

    // ---- control messages

    @Nested
    class AControlMessage {

        @Test
        void thatRegistersAndWasNotWrittenIsTakenWhenItComesAgain() {
            User user = rig.user();
            NostrEvent settings = user.settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds());
            rig.life.endsBefore(Change.SaveAccount.class::isInstance);
            isNotAnswered(settings);
            assertThat(rig.remains().accounts()).isEmpty();
            rig.startAgain();
            assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());
            user.applied(settings);
            rig.comesIn(user);
            rig.crash();
            rig.comesIn(user);
            assertThat(rig.sent()).hasSize(2);
        }

        @Test
        void thatRegistersAndWasWrittenCountsThoughNobodyHeardOfIt() {
            User user = rig.user();
            NostrEvent settings = user.settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds());
            rig.life.endsAfter(Change.SaveAccount.class::isInstance);
            isNotAnswered(settings);
            rig.startAgain();
            rig.comesIn(user);
            user.applied(settings);
            rig.comesIn(user);
            assertThat(rig.sent()).hasSize(2);
        }

        @Test
        void thatChangesARegistrationChangesNothingUntilItIsWritten() {
            User user = rig.registered();
            Account before = rig.remains().accounts().get(user.key());
            rig.startAgain();
            rig.pass(10);
            NostrEvent settings =
                    user.settings(SettingsDraft.forDevice(Rig.TABLET).kinds(List.of()), rig.seconds());
            rig.life.endsBefore(Change.SaveAccount.class::isInstance);
            isNotAnswered(settings);
            assertThat(rig.remains().accounts()).containsOnlyKeys(user.key()).containsValue(before);
            rig.startAgain();
            rig.comesIn(user);
            assertThat(rig.sentTo(Rig.PHONE)).isEqualTo(1);
            assertThat(rig.sentTo(Rig.TABLET)).isZero();
            user.applied(settings);
            assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());
        }

        @Test
        void thatLogsOutAndWasNotWrittenIsTakenWhenItComesAgain() {
            User user = rig.registered();
            rig.pass(10);
            NostrEvent logout = user.logout(rig.seconds());
            rig.life.endsBefore(Change.SaveAccount.class::isInstance);
            isNotAnswered(logout);
            assertThat(rig.remains().accounts().get(user.key()).registration()).isPresent();
            rig.startAgain();
            rig.comesIn(user);
            assertThat(rig.sent()).hasSize(1);
            user.applied(logout);
            assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());
            rig.crash();
            assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());
            assertThat(rig.sent()).hasSize(1);
        }

        @Test
        void whatWaitedThenIsNotSentThoughTheDeviceIsRegisteredAgainAndTheClockWasAhead() {
            User user = rig.registered();
            Instant right = rig.time.now();
            rig.time.setWallClock(right.plus(Duration.ofHours(2)));
            rig.transport.script().answer(PushResult.retryAfter(Duration.ofHours(1), "busy"));
            rig.comesIn(user);
            rig.time.setWallClock(right.plusSeconds(60));
            rig.life.endsAfter(Change.SaveAccount.class::isInstance);
            isNotAnswered(user.logout(rig.seconds()));
            rig.startAgain();
            rig.pass(60);
            user.registers(Rig.PHONE);
            rig.pass(20_000);
            assertThat(rig.sent()).hasSize(1);
            assertThat(rig.remains().owed()).isEmpty();
        }

        @Test
        void thatLogsOutWhilePushesAreUnderWayEndsAllButThoseThatWereSent() {
            User user = rig.registered();
            user.registers(Rig.TABLET);
            rig.transport.scriptFor(Rig.address(Rig.PHONE)).hang();
            rig.transport
                    .scriptFor(Rig.address(Rig.TABLET))
                    .answer(PushResult.retryAfter(Duration.ofSeconds(60), "busy"));
            rig.comesIn(user);
            rig.comesIn(user);
            assertThat(rig.sent()).hasSize(2);
            rig.pass(1);
            rig.life.endsAfter(Change.SaveAccount.class::isInstance);
            isNotAnswered(user.logout(rig.seconds()));
            rig.transport.release(PushResult.accepted());
            Rows left = rig.remains();
            assertThat(left.accounts().get(user.key()).registration()).isEmpty();
            assertThat(left.owed()).hasSize(4);
            rig.startAgain();
            rig.pass(LONG);
            assertThat(rig.sent()).as("as before").hasSize(2);
            assertThat(rig.news.endings).hasSize(4).containsOnly(Ending.WITHDRAWN);
            assertThat(rig.remains().owed()).isEmpty();
        }

        @Test
        void thatLogsOutDropsWhatIsHeldWithIt() {
            User user = rig.online();
            rig.pass(10);
            NostrEvent event = rig.comesIn(user);
            rig.pass(10);
            rig.life.endsAfter(Change.SaveAccount.class::isInstance);
            isNotAnswered(user.logout(rig.seconds()));
            assertThat(rig.remains().held()).isEmpty();
            rig.startAgain();
            rig.pass(10);
            user.registers(Rig.PHONE);
            isSettled(event, 0);
        }
    }

    @Nested
    class ADeviceThatChangedHands {

        @Test
        void isTheNewOwnersThoughTheFormerHasNotGivenItUp() {
            User former = rig.registered();
            rig.transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(60), "busy"));
            rig.comesIn(former);
            rig.pass(10);
            User owner = rig.user();
            rig.life.endsAfter(Change.SaveAccount.class::isInstance);
            isNotAnswered(owner.settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds()));
            Rows left = rig.remains();
            assertThat(left.owed()).hasSize(1);
            assertThat(left.accounts())
                    .hasSize(2)
                    .allSatisfy((key, account) -> assertThat(
                                    account.registration().orElseThrow().devices())
                            .hasSize(1));
            rig.startAgain();
            assertThat(rig.accept(rig.mention(former))).isEqualTo(new Outcome.Unwanted());
            rig.comesIn(owner);
            rig.pass(LONG);
            assertThat(rig.sent()).hasSize(2);
            assertThat(rig.news.endings).containsExactlyInAnyOrder(Ending.WITHDRAWN, Ending.ACCEPTED);
            left = rig.remains();
            assertThat(left.accounts()
                            .get(former.key())
                            .registration()
                            .orElseThrow()
                            .devices())
                    .isEmpty();
        }
    }

    // ---- hand-over

    @Nested
    class AnOwnerWhoWasReplaced {

        private NipPush former;
        private Life formerLife;

        /** The process stands still; another one takes its place. */
        private void isReplaced() {
            former = rig.engine;
            formerLife = rig.life;
            formerLife.freeze();
            rig.takeOver();
        }

        private CompletableFuture<Outcome> offer(NostrEvent event) {
            return former.accept(event, Source.host()).toCompletableFuture();
        }

        private void wakesUp() {
            formerLife.thaw();
            rig.time.runAll();
        }

        @Test
        void writesNothing() {
            User user = rig.registered();
            rig.pass(10);
            isReplaced();
            List<CompletableFuture<Outcome>> late = List.of(
                    offer(rig.mention(user)),
                    offer(user.logout(rig.seconds())),
                    offer(rig.user().settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds())));
            wakesUp();
            assertThat(late).allSatisfy(each -> assertThat(each).isCompletedWithValue(new Outcome.Closed()));
            nothingWasSent();
            rig.comesIn(user);
            assertThat(rig.sent()).hasSize(1);
            Rows left = rig.remains();
            assertThat(left.accounts()).containsOnlyKeys(user.key());
            assertThat(left.accounts().get(user.key()).registration()).isPresent();
            assertThat(left.owed()).isEmpty();
        }

        @Test
        void settlesNothingThatItHadSent() {
            User user = rig.registered();
            rig.transport.script().hang().answer(PushResult.retryAfter(Duration.ofSeconds(60), "busy"));
            NostrEvent event = rig.comesIn(user);
            isReplaced();
            assertThat(rig.sent()).hasSize(2);
            rig.transport.release(PushResult.accepted());
            wakesUp();
            assertThat(rig.news.endings).isEmpty();
            assertThat(former.status().storeWorks()).isFalse();
            rig.pass(60);
            assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED);
            isSettled(event, 3);
        }

        @Test
        void pushesNothingOfWhatItHeld() {
            User user = rig.online();
            rig.pass(10);
            NostrEvent event = rig.comesIn(user);
            isReplaced();
            rig.pass(100);
            user.goesOnline();
            assertThat(rig.news.dropped).isEqualTo(1);
            rig.pass(100);
            wakesUp();
            rig.pass(LONG);
            isSettled(event, 0);
        }
    }
}
