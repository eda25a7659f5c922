package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.NipPush;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.NostrEvent;
import dev.nippush.store.Ending;
import dev.nippush.testkit.RecordingTransport;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What gets in, and how it ends. */
@Timeout(60)
class DoorTest {

    private final FlakyStore store = new FlakyStore();
    private final Rig rig = new Rig(builder -> builder.store(store));

    @Test
    void anEngineThatWasNotStartedIsClosed() {
        NipPush engine = NipPush.builder(KeyPair.generate())
                .transport(new RecordingTransport())
                .time(rig.time)
                .executor(rig.time.executor())
                .build();
        assertThat(engine.accept("{}", Source.host()).toCompletableFuture()).isCompletedWithValue(new Outcome.Closed());
        assertThat(engine.status().open()).isFalse();
    }

    @Test
    void anEngineWithoutATransportIsNotBuilt() {
        assertThatThrownBy(() -> NipPush.builder(KeyPair.generate()).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("transport");
    }

    @Test
    void aStoreThatCannotBeReadIsNoStart() {
        FlakyStore closed = new FlakyStore();
        closed.close();
        NipPush engine = NipPush.builder(KeyPair.generate())
                .transport(new RecordingTransport())
                .store(closed)
                .time(rig.time)
                .executor(rig.time.executor())
                .build();
        CompletableFuture<Void> started = engine.start().toCompletableFuture();
        rig.time.runAll();
        assertThat(started).isCompletedExceptionally();
        assertThat(engine.status().open()).isFalse();
        CompletableFuture<Void> stopped = engine.stop().toCompletableFuture();
        rig.time.runAll();
        assertThat(stopped).isCompleted();
    }

    @Test
    void whatIsNoEventIsRefused() {
        for (String text : List.of("", "{", "[]", "null", "{\"id\":1}", "\u0000")) {
            assertThat(rig.engine.accept(text, Source.endpoint("stranger")).toCompletableFuture())
                    .isCompletedWithValue(new Outcome.Refused(Refusal.BAD_EVENT));
        }
        assertThat(rig.engine.accept(" ".repeat(600_000), Source.host()).toCompletableFuture())
                .isCompletedWithValue(new Outcome.Refused(Refusal.TOO_BIG));
    }

    @Test
    void aControlMessageHasTwoHundredFiftySixKibibytesAtMost() {
        User user = rig.user();
        NostrEvent large =
                user.keys.sign(rig.seconds(), 22_456, user.heartbeat(0).tags(), "a".repeat(256 * 1024 + 1));
        user.refused(large, Refusal.TOO_BIG);
    }

    @Test
    void strangersMaySendControlMessagesOnly() {
        User user = rig.registered();
        assertThat(rig.accept(rig.mention(user), Source.endpoint("stranger")))
                .isEqualTo(new Outcome.Refused(Refusal.KIND));
        assertThat(rig.accept(user.heartbeat(rig.seconds()), Source.endpoint("stranger")))
                .isEqualTo(new Outcome.Applied());
    }

    @Test
    void aSourceWithTwoHundredFiftySixOpenEventsIsBusy() {
        User user = rig.registered();
        List<CompletableFuture<Outcome>> open = new ArrayList<>();
        for (int i = 0; i < 256; i++) {
            open.add(rig.engine.accept(rig.mention(user), Source.feeder("one")).toCompletableFuture());
        }
        NostrEvent last = rig.mention(user);
        assertThat(rig.engine.accept(last, Source.feeder("one")).toCompletableFuture())
                .isCompletedWithValue(new Outcome.Busy());
        CompletableFuture<Outcome> other =
                rig.engine.accept(rig.mention(user), Source.feeder("two")).toCompletableFuture();
        assertThat(other).isNotDone();
        rig.time.runAll();
        assertThat(open).allSatisfy(outcome -> assertThat(outcome).isCompletedWithValue(new Outcome.Taken(1)));
        assertThat(other).isCompletedWithValue(new Outcome.Taken(1));
        assertThat(rig.accept(last, Source.feeder("one"))).isEqualTo(new Outcome.Taken(1));
    }

    @Test
    void anEventThatNobodyWantsNeedsNoPlace() {
        User nobody = rig.user();
        for (int i = 0; i < 300; i++) {
            assertThat(rig.engine
                            .accept(rig.mention(nobody), Source.feeder("one"))
                            .toCompletableFuture())
                    .isCompletedWithValue(new Outcome.Unwanted());
        }
    }

    // ---- the disk

    @Test
    void outputsWaitForTheDisk() {
        User user = rig.registered();
        store.slow();
        NostrEvent event = rig.mention(user);
        CompletableFuture<Outcome> original = rig.offer(event, Source.host());
        CompletableFuture<Outcome> copy = rig.offer(event, Source.feeder("strfry"));
        NostrEvent heartbeat = user.heartbeat(rig.seconds());
        CompletableFuture<Outcome> control = rig.offer(heartbeat, Source.host());
        CompletableFuture<Outcome> controlCopy = rig.offer(heartbeat, Source.feeder("strfry"));
        for (CompletableFuture<Outcome> each : List.of(original, copy, control, controlCopy)) {
            assertThat(each).isNotDone();
        }
        assertThat(rig.sent()).isEmpty();
        store.land();
        rig.time.runAll();
        assertThat(original).isCompletedWithValue(new Outcome.Taken(1));
        assertThat(copy).isCompletedWithValue(new Outcome.Duplicate());
        assertThat(control).isCompletedWithValue(new Outcome.Applied());
        assertThat(controlCopy).isCompletedWithValue(new Outcome.Duplicate());
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void aStoreThatFailsIsAskedAgainAndNothingIsLost() {
        User user = rig.registered();
        store.fail(5);
        CompletableFuture<Outcome> outcome = rig.offer(rig.mention(user), Source.host());
        assertThat(outcome).isNotDone();
        assertThat(rig.sent()).isEmpty();
        assertThat(rig.engine.status().storeWorks()).isFalse();
        rig.pass(10);
        assertThat(outcome).isCompletedWithValue(new Outcome.Taken(1));
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.engine.status().storeWorks()).isTrue();
    }

    @Test
    void aCommitWhoseAnswerIsLostStillEndsInOnePush() {
        User user = rig.registered();
        store.loseAnswers(1);
        CompletableFuture<Outcome> outcome = rig.offer(rig.mention(user), Source.host());
        rig.pass(10);
        assertThat(outcome).isDone();
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED);
    }

    @Test
    void aHoldWhoseAnswerIsLostStillEndsInOnePush() {
        User user = rig.online();
        rig.pass(1);
        store.loseAnswers(1);
        CompletableFuture<Outcome> outcome = rig.offer(rig.mention(user), Source.host());
        rig.pass(10);
        assertThat(outcome).isDone();
        rig.pass(200);
        assertThat(rig.sent()).hasSize(1);
    }

    // ---- the end

    @Test
    void closingLetsWhatIsInFlightLand() {
        rig.transport.script().hang();
        User user = rig.registered();
        rig.comesIn(user);
        CompletableFuture<Void> stopped = rig.engine.stop().toCompletableFuture();
        rig.time.runAll();
        assertThat(stopped).isNotDone();
        assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Closed());
        rig.transport.release(PushResult.accepted());
        rig.time.runAll();
        assertThat(stopped).isCompleted();
        assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED);
        assertThat(rig.transport.closed()).isFalse();
        rig.startAgain();
        rig.pass(1_000);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void whatIsInsideWhenTheDoorClosesIsFinished() {
        User user = rig.registered();
        CompletableFuture<Outcome> inside =
                rig.engine.accept(rig.mention(user), Source.host()).toCompletableFuture();
        rig.stop();
        assertThat(inside).isCompletedWithValue(new Outcome.Taken(1));
    }

    @Test
    void aProviderThatDoesNotAnswerHoldsTheEndUpForSixSeconds() {
        rig.transport.script().hang();
        rig.comesIn(rig.registered());
        CompletableFuture<Void> stopped = rig.engine.stop().toCompletableFuture();
        rig.time.advance(Duration.ofMillis(5_999));
        assertThat(stopped).isNotDone();
        rig.time.advance(Duration.ofMillis(1));
        assertThat(stopped).isCompleted();
        rig.startAgain();
        assertThat(rig.sent()).hasSize(2);
        assertThat(rig.sent().get(1).collapseKey()).isEqualTo(rig.sent().get(0).collapseKey());
    }

    @Test
    void afterTheEndNothingHappens() {
        rig.transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(60), "busy"));
        User waiting = rig.registered();
        rig.comesIn(waiting);
        User user = rig.user();
        user.registers(Rig.TABLET);
        user.goesOnline();
        rig.pass(1);
        rig.comesIn(user);
        rig.stop();
        assertThat(rig.time.timers()).isZero();
        rig.pass(10_000);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void endingTwiceIsEndingOnce() {
        rig.stop();
        rig.stop();
        assertThat(rig.engine.start().toCompletableFuture()).isCompletedExceptionally();
    }
}
