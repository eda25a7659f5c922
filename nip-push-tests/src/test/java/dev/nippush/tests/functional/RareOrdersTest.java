package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.control.SettingsDraft;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What only goes wrong when two things come close together. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RareOrdersTest {

    private final FlakyStore store = new FlakyStore();
    private final Rig rig = new Rig(builder -> builder.store(store));

    @Test
    void aProvedEventProvesNoCopyWithOtherTags() {
        User user = rig.registered();
        User other = rig.user();
        other.registers(Rig.TABLET);
        NostrEvent event = rig.comesIn(user);
        List<Tag> tags = new ArrayList<>(event.tags());
        tags.add(other.tag());
        NostrEvent copy = new NostrEvent(
                event.id(), event.pubkey(), event.createdAt(), event.kind(), tags, event.content(), event.sig());
        assertThat(rig.accept(copy)).isEqualTo(new Outcome.Refused(Refusal.BAD_ID));
        assertThat(rig.sentTo(Rig.TABLET)).isZero();
    }

    @Test
    void aDropAndACopyInOneCommitPushNothing() {
        User user = rig.online();
        rig.pass(100);
        NostrEvent held = rig.comesIn(user);
        rig.restart();
        rig.pass(10);
        store.slow();
        CompletableFuture<Outcome> first =
                rig.offer(user.settings(SettingsDraft.forDevice(Rig.TABLET), rig.seconds()), Source.host());
        CompletableFuture<Outcome> drop = rig.offer(user.heartbeat(rig.seconds()), Source.host());
        CompletableFuture<Outcome> copy = rig.offer(held, Source.host());
        store.land();
        rig.time.runAll();
        assertThat(first).isCompletedWithValue(new Outcome.Applied());
        assertThat(drop).isCompletedWithValue(new Outcome.Applied());
        assertThat(copy).isCompletedWithValue(new Outcome.Duplicate());
        rig.pass(1_000);
        assertThat(rig.sent()).isEmpty();
    }

    @Test
    void anEventForBothAccountsOfADeviceThatChangesHandsReachesTheNewOne() {
        User former = rig.registered();
        User next = rig.user();
        store.slow();
        CompletableFuture<Outcome> takeover =
                rig.offer(next.settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds()), Source.host());
        CompletableFuture<Outcome> event =
                rig.offer(rig.event(1, rig.seconds(), former.tag(), next.tag()), Source.host());
        store.land();
        rig.time.runAll();
        assertThat(takeover).isCompletedWithValue(new Outcome.Applied());
        assertThat(event).isCompletedWithValue(new Outcome.Taken(1));
        assertThat(rig.sentTo(Rig.PHONE)).isEqualTo(1);
    }

    @Test
    void aParkedTransportIsProbedOnceEvenBetweenTwoMilliseconds() {
        rig.transport.script().answer(PushResult.rejected(Fault.CREDENTIALS, "bad key"));
        rig.time.advance(Duration.ofNanos(1_400_600));
        rig.comesIn(rig.registered());
        rig.pass(29);
        assertThat(rig.sent()).hasSize(1);
        rig.pass(2);
        assertThat(rig.sent()).hasSize(2);
    }
}
