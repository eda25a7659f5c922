package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Another server has taken the store over: this one stops, and says so. */
@Timeout(60)
class LostLeaseTest {

    private final FlakyStore store = new FlakyStore();
    private final Rig rig = new Rig(builder -> builder.store(store));

    private void hasStopped() {
        assertThat(rig.engine.status().open()).isFalse();
        assertThat(rig.engine.status().storeWorks()).isFalse();
        assertThat(rig.engine.status().replaced()).isTrue();
        assertThat(rig.accept(rig.mention(rig.user()))).isEqualTo(new Outcome.Closed());
    }

    private List<User> registered(int users) {
        List<User> registered = new ArrayList<>();
        for (int i = 0; i < users; i++) {
            User user = rig.user();
            user.registers("%064x".formatted(i + 1));
            registered.add(user);
        }
        return registered;
    }

    @Test
    void allThatIsUnderWayIsAnsweredClosed() {
        List<User> users = registered(20);
        rig.pass(1);
        store.slow();
        List<CompletableFuture<Outcome>> underWay = new ArrayList<>();
        for (User user : users) {
            underWay.add(rig.offer(rig.mention(user), Source.host()));
            underWay.add(rig.offer(user.heartbeat(rig.seconds()), Source.host()));
            underWay.add(rig.offer(user.logout(rig.seconds()), Source.host()));
        }
        assertThat(underWay).allSatisfy(each -> assertThat(each).isNotDone());
        store.isTakenOver();
        store.land();
        rig.time.runAll();
        assertThat(underWay).allSatisfy(each -> assertThat(each).isCompletedWithValue(new Outcome.Closed()));
        assertThat(rig.sent()).isEmpty();
        hasStopped();
        rig.stop();
    }

    @Test
    void oneLostCommitEndsAllOthersThatNobodyAnswers() {
        List<User> users = registered(2);
        rig.pass(1);
        store.slow();
        CompletableFuture<Outcome> stuck = rig.offer(rig.mention(users.get(0)), Source.host());
        store.fast();
        store.isTakenOver();
        assertThat(rig.accept(rig.user().heartbeat(rig.seconds()))).isEqualTo(new Outcome.Applied());
        assertThat(rig.accept(users.get(1).logout(rig.seconds()))).isEqualTo(new Outcome.Closed());
        assertThat(stuck).isCompletedWithValue(new Outcome.Closed());
        hasStopped();
    }

    @Test
    void nothingIsSentAfterwards() {
        List<User> users = registered(20);
        rig.pass(1);
        users.forEach(any -> rig.transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(60), "busy")));
        users.forEach(rig::comesIn);
        User online = users.get(0);
        online.goesOnline();
        rig.pass(1);
        rig.comesIn(online);
        store.isTakenOver();
        assertThat(rig.accept(users.get(1).logout(rig.seconds()))).isEqualTo(new Outcome.Closed());
        rig.pass(100_000);
        assertThat(rig.sent()).hasSize(20);
        hasStopped();
    }

    @Test
    void anOwnerWhoHasNothingToWriteNoticesWithinTenSeconds() {
        registered(20);
        store.isTakenOver();
        rig.pass(0);
        assertThat(rig.engine.status().open()).isTrue();
        try (LogLines log = LogLines.begin()) {
            rig.pass(10);
            assertThat(log.lines()).hasSize(1).allMatch(line -> line.startsWith("ERROR Another server has taken over"));
        }
        hasStopped();
    }

    @Test
    void anOwnerWhoHasNothingToWriteNoticesWhenItReads() {
        store.unreadable();
        rig.startAgain();
        store.isTakenOver();
        store.readable();
        rig.pass(1);
        hasStopped();
    }

    @Test
    void itEndsWithoutWaitingForWhatItMayNotWrite() {
        List<User> users = registered(3);
        rig.transport.script().hang();
        rig.comesIn(users.get(0));
        store.isTakenOver();
        rig.offer(rig.mention(users.get(1)), Source.host());
        rig.transport.release(PushResult.accepted());
        rig.stop();
        assertThat(rig.news.endings).isEmpty();
    }
}
