package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.control.SettingsDraft;
import dev.nippush.event.NostrEvent;
import dev.nippush.store.Ending;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The disk is full, or cannot be read: what was taken waits for it, and the door shuts by itself. */
@Timeout(60)
class StoreTroubleTest {

    private static final int PER_SOURCE = 256;

    private final FlakyStore store = new FlakyStore();
    private final Rig rig = new Rig(builder -> builder.store(store));
    private final LogLines log = LogLines.begin();

    @AfterEach
    void end() {
        log.close();
    }

    private boolean works() {
        return rig.engine.status().storeWorks();
    }

    /** The store works again, and everybody has tried. */
    private void recovers() {
        store.hasRoom();
        rig.pass(5);
        assertThat(works()).isTrue();
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
    void outcomesAndPushesWaitUntilItWorksAgain() {
        List<User> users = registered(20);
        store.full();
        List<CompletableFuture<Outcome>> waiting = users.stream()
                .map(user -> rig.offer(rig.mention(user), Source.host()))
                .toList();
        rig.pass(3_600);
        assertThat(waiting).allSatisfy(each -> assertThat(each).isNotDone());
        assertThat(rig.sent()).isEmpty();
        assertThat(works()).isFalse();
        assertThat(rig.engine.status().open()).isTrue();
        recovers();
        assertThat(waiting).allSatisfy(each -> assertThat(each).isCompletedWithValue(new Outcome.Taken(1)));
        assertThat(rig.sent()).hasSize(20);
        assertThat(rig.news.settled).hasSize(20).doesNotHaveDuplicates();
    }

    @Test
    void controlMessagesAreCarriedOutInTheirOrderWhenItWorksAgain() {
        User user = rig.user();
        store.full();
        CompletableFuture<Outcome> settings =
                rig.offer(user.settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds()), Source.host());
        CompletableFuture<Outcome> event = rig.offer(rig.mention(user), Source.host());
        rig.pass(10);
        CompletableFuture<Outcome> heartbeat = rig.offer(user.heartbeat(rig.seconds()), Source.host());
        CompletableFuture<Outcome> held = rig.offer(rig.mention(user), Source.host());
        rig.pass(10);
        CompletableFuture<Outcome> logout = rig.offer(user.logout(rig.seconds()), Source.host());
        rig.pass(10);
        assertThat(List.of(settings, event, heartbeat, held, logout))
                .allSatisfy(each -> assertThat(each).isNotDone());
        recovers();
        assertThat(List.of(settings, heartbeat, logout))
                .allSatisfy(each -> assertThat(each).isCompletedWithValue(new Outcome.Applied()));
        assertThat(List.of(event, held))
                .allSatisfy(each -> assertThat(each).isCompletedWithValue(new Outcome.Taken(1)));
        assertThat(rig.sent())
                .as("the logout came before anything could be sent")
                .isEmpty();
        rig.pass(3_600);
        assertThat(rig.sent()).isEmpty();
        rig.restart();
        assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());
    }

    @Test
    void whatWasSentIsNotSentAgainBecauseItsEndCannotBeWritten() {
        User user = rig.registered();
        rig.transport.script().hang();
        NostrEvent event = rig.comesIn(user);
        store.full();
        rig.transport.release(PushResult.accepted());
        rig.pass(3_600);
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.news.endings).isEmpty();
        recovers();
        assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED);
        assertThat(rig.accept(event)).isEqualTo(new Outcome.Duplicate());
        rig.pass(3_600);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void whatIsToBeTriedAgainIsTriedAtItsTimeAllTheSame() {
        User user = rig.registered();
        rig.transport.script().hang();
        rig.comesIn(user);
        store.full();
        rig.transport.release(PushResult.retryAfter(Duration.ofSeconds(60), "busy"));
        rig.pass(60);
        assertThat(rig.sent()).hasSize(2);
        recovers();
        assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED);
        rig.restart();
        rig.pass(3_600);
        assertThat(rig.sent()).hasSize(2);
    }

    @Test
    void deadlinesPassAndWhatWasHeldIsPushedWhenItWorksAgain() {
        User user = rig.online();
        rig.pass(10);
        rig.comesIn(user);
        store.full();
        rig.pass(1_000);
        assertThat(rig.sent()).isEmpty();
        recovers();
        assertThat(rig.sent()).hasSize(1);
    }

    // ---- back-pressure

    @Test
    void theDoorIsShutForASourceThatHasTooMuchInsideAndOpensAgain() {
        User user = rig.registered();
        store.full();
        List<CompletableFuture<Outcome>> inside = new ArrayList<>();
        for (int i = 0; i < PER_SOURCE; i++) {
            inside.add(rig.offer(rig.mention(user), Source.host("busy")));
        }
        assertThat(inside).allSatisfy(each -> assertThat(each).isNotDone());
        NostrEvent more = rig.mention(user);
        assertThat(rig.accept(more, Source.host("busy"))).isEqualTo(new Outcome.Busy());
        CompletableFuture<Outcome> another = rig.offer(rig.mention(user), Source.host("another"));
        assertThat(another).isNotDone();
        recovers();
        assertThat(inside).allSatisfy(each -> assertThat(each).isCompletedWithValue(new Outcome.Taken(1)));
        assertThat(another).isCompletedWithValue(new Outcome.Taken(1));
        assertThat(rig.accept(more, Source.host("busy"))).isEqualTo(new Outcome.Taken(1));
        rig.pass(3_600);
        assertThat(rig.sent().stream().mapToInt(Rig::eventsIn).sum()).isEqualTo(PER_SOURCE + 2);
    }

    @Test
    void whatNobodyWantsNeedsNoDisk() {
        registered(1);
        store.full();
        rig.offer(rig.user().settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds()), Source.host());
        assertThat(works()).isFalse();
        assertThat(rig.accept(rig.mention(rig.user()))).isEqualTo(new Outcome.Unwanted());
    }

    // ---- what the log says

    private void anOutage(List<User> users) {
        store.full();
        users.forEach(user -> rig.offer(rig.mention(user), Source.host()));
        users.forEach(user -> rig.offer(user.heartbeat(rig.seconds()), Source.host()));
        rig.pass(60);
        users.forEach(user -> rig.offer(rig.mention(user), Source.host()));
        assertThat(works()).isFalse();
        recovers();
    }

    @Test
    void anOutageIsLoggedOnceAndSoIsItsEnd() {
        List<User> users = registered(40);
        assertThat(log.lines()).isEmpty();
        anOutage(users);
        assertThat(log.lines())
                .containsExactly(
                        "WARN The store fails. What needs it waits, and is tried again until it works",
                        "INFO The store works again");
        rig.pass(1);
        anOutage(users);
        assertThat(log.lines()).as("the next one is another one").hasSize(4);
    }

    @Test
    void whatIsOwedAndCannotBeReadIsAnOutageToo() {
        User user = rig.registered();
        rig.transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(60), "busy"));
        rig.comesIn(user);
        rig.stop();
        store.unreadable();
        rig.startAgain();
        rig.pass(100);
        assertThat(works()).isFalse();
        assertThat(rig.sent()).hasSize(1);
        assertThat(log.lines()).hasSize(1).allMatch(line -> line.startsWith("WARN The store fails."));
        store.readable();
        rig.pass(1);
        assertThat(works()).isTrue();
        assertThat(rig.sent()).hasSize(2);
        assertThat(log.lines()).hasSize(2).endsWith("INFO The store works again");
    }

    @Test
    void itWorksAgainOnlyWhenItWritesAndReads() {
        rig.stop();
        store.unreadable();
        rig.startAgain();
        store.full();
        CompletableFuture<Outcome> settings =
                rig.offer(rig.user().settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds()), Source.host());
        rig.pass(10);
        store.readable();
        rig.pass(10);
        assertThat(works()).isFalse();
        assertThat(settings).isNotDone();
        recovers();
        assertThat(log.lines()).hasSize(2);
    }

    @Test
    void aSweepThatFailsIsLoggedOnce() {
        store.full();
        rig.pass(300);
        assertThat(log.lines()).containsExactly("WARN Old rows stay in the store until the next sweep");
        assertThat(works()).as("nothing waits for it").isTrue();
        rig.pass(3_600);
        assertThat(log.lines()).hasSize(2);
        store.hasRoom();
        rig.pass(3_600);
        assertThat(log.lines()).hasSize(2);
    }
}
