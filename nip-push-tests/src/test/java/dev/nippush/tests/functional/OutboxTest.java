package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.store.Ending;
import dev.nippush.store.Partition;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushLimit;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** More pushes than a lane keeps in memory: the rest waits in the store, and none is forgotten. */
@Timeout(120)
class OutboxTest {

    private static final int DEVICES = 7;
    private static final int EVENTS = 90;

    private final Rig rig = new Rig(builder -> builder.pushLimit(new PushLimit(EVENTS, Duration.ofSeconds(2))));

    /** Devices that share a lane. */
    private static List<String> devices() {
        Partition lane = Partition.of(Rig.address(Rig.PHONE));
        return IntStream.range(0, 100_000)
                .mapToObj("%064x"::formatted)
                .filter(device -> Partition.of(Rig.address(device)).equals(lane))
                .limit(DEVICES)
                .toList();
    }

    private static void owesMoreThanFitsIntoMemory(Rig rig) {
        rig.transport.script().answer(PushResult.rejected(Fault.CREDENTIALS, "expired"));
        List<User> users = new ArrayList<>();
        for (String device : devices()) {
            User user = rig.user();
            user.registers(device);
            users.add(user);
        }
        for (int i = 0; i < EVENTS; i++) {
            users.forEach(rig::comesIn);
        }
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void whenTheProviderWorksAgainAllOfThemAreSentOnce() {
        owesMoreThanFitsIntoMemory(rig);
        rig.pass(600);
        assertThat(rig.news.endings).hasSize(DEVICES * EVENTS).containsOnly(Ending.ACCEPTED);
        assertThat(rig.news.settled).doesNotHaveDuplicates();
        assertThat(rig.sent()).hasSize(DEVICES * EVENTS + 1);
    }

    @Test
    void whatEndedWhileTheStoreWasReadIsNotSentAgain() {
        FlakyStore store = new FlakyStore();
        Rig slow = new Rig(builder -> builder.store(store).pushLimit(new PushLimit(EVENTS, Duration.ofSeconds(2))));
        owesMoreThanFitsIntoMemory(slow);
        store.slowReads();
        slow.pass(40);
        int reads = 0;
        while (store.tell()) {
            reads++;
            slow.pass(1);
        }
        assertThat(reads).isPositive();
        assertThat(slow.news.endings).hasSize(DEVICES * EVENTS).containsOnly(Ending.ACCEPTED);
        assertThat(slow.news.settled).doesNotHaveDuplicates();
        assertThat(slow.sent()).hasSize(DEVICES * EVENTS + 1);
    }

    @Test
    void afterARestartAllOfThemAreSentOnce() {
        owesMoreThanFitsIntoMemory(rig);
        rig.restart();
        rig.pass(600);
        assertThat(rig.news.settled).hasSize(DEVICES * EVENTS).doesNotHaveDuplicates();
        assertThat(rig.sent()).hasSize(DEVICES * EVENTS + 1);
    }

    @Test
    void whatWasReadFromTheStoreAndSentIsNotSentAgainWhenItIsOfferedLate() {
        FlakyStore store = new FlakyStore();
        Rig late = new Rig(builder -> builder.store(store));
        User user = late.registered();
        store.unreadable();
        late.startAgain();
        store.answersLate(Partition.Kind.ACCOUNTS);
        CompletableFuture<Outcome> outcome = late.offer(late.mention(user), Source.host());
        assertThat(late.sent()).isEmpty();
        store.readable();
        late.pass(2);
        assertThat(late.sent()).hasSize(1);
        store.land();
        late.pass(2);
        assertThat(outcome).isCompletedWithValue(new Outcome.Taken(1));
        assertThat(late.sent()).hasSize(1);
        assertThat(late.news.settled).hasSize(1);
    }

    @Test
    void whatWasFoldedStandsForAllOfItAfterItWasLeftToASlowStore() {
        FlakyStore store = new FlakyStore();
        Rig slow = new Rig(builder -> builder.store(store).pushLimit(new PushLimit(1, Duration.ofHours(1))));
        User user = slow.registered();
        List<User> others = new ArrayList<>();
        for (String device : devices()) {
            User other = slow.user();
            other.registers(device);
            others.add(other);
        }
        store.slow(Partition.Kind.DEVICES);
        slow.comesIn(user);
        slow.comesIn(user);
        slow.comesIn(user);
        // They take all the room there is: each waits behind one that hangs.
        for (User other : others) {
            slow.transport.script().hang();
            for (int i = 0; i < EVENTS; i++) {
                slow.comesIn(other);
            }
        }
        slow.transport.release(PushResult.accepted());
        slow.pass(1);
        store.land();
        slow.pass(7_200);
        assertThat(slow.transport.sentTo(Rig.address(Rig.PHONE)))
                .extracting(message -> message.notification().title())
                .hasSize(2)
                .last()
                .isEqualTo("2 new notifications");
        assertThat(slow.news.settled).hasSize(3 + DEVICES * EVENTS).doesNotHaveDuplicates();
    }
}
