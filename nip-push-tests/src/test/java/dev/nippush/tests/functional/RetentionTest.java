package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.RelayFeed;
import dev.nippush.RelayGateway;
import dev.nippush.account.InterestChange;
import dev.nippush.address.RelayUrl;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Ending;
import dev.nippush.store.Partition;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is forgotten, and when. */
@Timeout(120)
class RetentionTest {

    private static final RelayUrl RELAY = RelayUrl.of("wss://relay.example.com");
    private static final int HOUR = 3_600;

    private final Gateway gateway = new Gateway();
    private final Rig rig = Rig.fast(
            builder -> builder.relays(gateway).homeRelays(List.of(RELAY)).retention(Duration.ofDays(1)));

    /** Knows who wants something of the relay. */
    private static final class Gateway implements RelayGateway {

        private final Map<PublicKey, InterestChange> wanted = new HashMap<>();

        @Override
        public void start(RelayFeed feed) {
            wanted.clear();
            feed.hearing(true);
        }

        @Override
        public void changed(InterestChange change) {
            if (change.after().isPresent()) {
                wanted.put(change.account(), change);
            } else {
                wanted.remove(change.account());
            }
        }

        @Override
        public void close() {}
    }

    private boolean isKnown(User user) {
        return rig.accept(rig.mention(user)).equals(new Outcome.Taken(1));
    }

    /** So many users whose accounts are in one shard. */
    private List<User> ofOneShard(int users) {
        return IntStream.rangeClosed(1, users)
                .mapToObj(i -> rig.user(KeyPair.ofHex("%062x01".formatted(i))))
                .toList();
    }

    // ---- registrations

    @Test
    void aRegistrationIsForgottenAfterSixtyDaysWithoutASignOfLife() {
        Rig usual = Rig.fast(builder -> builder);
        User user = usual.registered();
        usual.time.advance(Duration.ofDays(60));
        assertThat(usual.news.forgotten).isEmpty();
        usual.time.advance(Duration.ofHours(1));
        assertThat(usual.news.forgotten).containsExactly(user.key());
        assertThat(usual.accept(usual.mention(user))).isEqualTo(new Outcome.Unwanted());
    }

    @Test
    void nothingIsLeftOfItAndRelaysHearThatNobodyWantsAnything() {
        User user = rig.registered();
        assertThat(gateway.wanted).containsOnlyKeys(user.key());
        rig.pass(25 * HOUR);
        assertThat(rig.news.forgotten).containsExactly(user.key());
        assertThat(gateway.wanted).isEmpty();
        assertThat(isKnown(user)).isFalse();
        assertThat(rig.remains().accounts()).isEmpty();
        rig.startAgain();
        assertThat(gateway.wanted).isEmpty();
        assertThat(isKnown(user)).isFalse();
    }

    @Test
    void whatWaitsForItsDevicesIsWithdrawn() {
        User user = rig.registered();
        rig.pass(23 * HOUR);
        rig.transport.script().answer(PushResult.retryAfter(Duration.ofHours(6), "busy"));
        rig.comesIn(user);
        rig.pass(2 * HOUR);
        assertThat(rig.news.forgotten).hasSize(1);
        assertThat(rig.news.endings).containsExactly(Ending.WITHDRAWN);
        rig.pass(24 * HOUR);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void itsDeviceMayBeRegisteredByAnother() {
        User user = rig.registered();
        rig.pass(25 * HOUR);
        User other = rig.registered();
        rig.comesIn(other);
        assertThat(isKnown(user)).isFalse();
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void itsUserMayComeBack() {
        User user = rig.registered();
        rig.pass(25 * HOUR);
        user.registers(Rig.PHONE);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
        rig.pass(23 * HOUR);
        assertThat(isKnown(user)).isTrue();
    }

    @Test
    void everyControlMessageKeepsIt() {
        List<User> users = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            User user = rig.user();
            user.registers("%064x".formatted(i + 1));
            users.add(user);
        }
        rig.pass(12 * HOUR);
        users.get(0).goesOnline();
        users.get(1).goesOffline();
        users.get(2).says(SettingsDraft.forDevice("").kinds(List.of(1)));
        rig.pass(23 * HOUR);
        assertThat(rig.news.forgotten).containsExactly(users.get(3).key());
        rig.pass(3 * HOUR);
        assertThat(rig.news.forgotten)
                .containsExactlyInAnyOrderElementsOf(
                        users.stream().map(User::key).toList());
    }

    @Test
    void whatComesInForItIsNoSignOfLife() {
        User user = rig.registered();
        rig.pass(23 * HOUR);
        rig.comesIn(user);
        rig.pass(2 * HOUR);
        assertThat(rig.news.forgotten).hasSize(1);
    }

    @Test
    void aHeartbeatIsRememberedInTheNextProcess() {
        User user = rig.registered();
        rig.pass(12 * HOUR);
        user.goesOnline();
        rig.pass(1);
        rig.crash();
        rig.pass(23 * HOUR);
        assertThat(rig.news.forgotten).isEmpty();
        rig.pass(3 * HOUR);
        assertThat(rig.news.forgotten).hasSize(1);
    }

    @Test
    void aShardForgetsAHundredAtATime() {
        List<User> users = ofOneShard(250);
        for (int i = 0; i < users.size(); i++) {
            users.get(i).registers("%064x".formatted(i + 1));
        }
        User elsewhere = rig.user(KeyPair.ofHex("%062x02".formatted(1)));
        elsewhere.registers(Rig.PHONE);
        assertThat(Partition.of(elsewhere.key()))
                .isNotEqualTo(Partition.of(users.get(0).key()));
        rig.pass(24 * HOUR);
        assertThat(rig.news.forgotten).isEmpty();
        rig.pass(HOUR);
        assertThat(rig.news.forgotten).hasSize(101).contains(elsewhere.key());
        assertThat(gateway.wanted).hasSize(150);
        rig.pass(HOUR);
        assertThat(rig.news.forgotten).hasSize(201);
        rig.pass(HOUR);
        assertThat(rig.news.forgotten).hasSize(251).doesNotHaveDuplicates();
        rig.pass(HOUR);
        assertThat(rig.remains().accounts()).isEmpty();
    }

    // ---- senders without a registration

    @Test
    void marksOfALogoutAreKeptAsLongAsTheyAreOfUse() {
        User user = rig.registered();
        NostrEvent older = user.settings(SettingsDraft.forDevice(Rig.PHONE), rig.seconds() + 1);
        rig.pass(10);
        user.logsOut();
        rig.pass(280);
        user.refused(older, Refusal.OUT_OF_ORDER);
        assertThat(rig.remains().accounts()).containsOnlyKeys(user.key());
        rig.startAgain();
        rig.pass(10);
        user.refused(older, Refusal.OUT_OF_ORDER);
        rig.pass(HOUR - 300);
        assertThat(rig.remains().accounts()).containsOnlyKeys(user.key());
        rig.startAgain();
        rig.pass(300);
        assertThat(rig.remains().accounts()).isEmpty();
        rig.startAgain();
        user.refused(older, Refusal.STALE);
        user.registers(Rig.PHONE);
        rig.comesIn(user);
    }

    @Test
    void theOldestOfTooManyUnknownSendersIsForgotten() {
        List<User> users = ofOneShard(1_026);
        User registered = users.get(1_025);
        registered.registers(Rig.TABLET);
        registered.goesOnline();
        users.subList(0, 1_025).forEach(User::goesOnline);
        rig.pass(1);
        User forgotten = users.get(0);
        forgotten.registers(Rig.PHONE);
        rig.comesIn(forgotten);
        assertThat(rig.sentTo(Rig.PHONE)).as("nobody knows that it is there").isEqualTo(1);
        // The second oldest made room for the oldest when that came back.
        User remembered = users.get(2);
        remembered.registers("c3".repeat(32));
        rig.comesIn(remembered);
        rig.comesIn(registered);
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.news.held).hasSize(2);
    }

    @Test
    void anUnknownSenderIsNotWritten() {
        User user = rig.user();
        user.goesOnline();
        assertThat(rig.remains().accounts()).isEmpty();
        rig.startAgain();
        user.goesOnline();
        user.registers(Rig.PHONE);
        assertThat(rig.remains().accounts().keySet()).isEqualTo(Set.of(user.key()));
    }
}
