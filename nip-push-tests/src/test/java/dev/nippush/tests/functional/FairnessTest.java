package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.store.Ending;
import dev.nippush.store.Partition;
import dev.nippush.testkit.RecordingTransport;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushLimit;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Scope;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nobody's pushes are in the way of another's, and no device gets more than a person can read. */
@Timeout(120)
class FairnessTest {

    private static final int MORE_THAN_A_LANE_REMEMBERS = 700;

    private static User registered(Rig rig, String device) {
        User user = rig.user();
        user.registers(device);
        return user;
    }

    private static List<String> titles(Rig rig, int from) {
        return rig.sent().stream()
                .skip(from)
                .map(message -> message.notification().title())
                .toList();
    }

    // ---- one device

    @Test
    void aDeviceGetsSixtyAtOnceAndTheRestAsOneThatCounts() {
        Rig rig = new Rig();
        User user = rig.registered();
        for (int i = 0; i < 70; i++) {
            rig.comesIn(user);
        }
        assertThat(rig.sent()).hasSize(60);
        rig.passMillis(1_999);
        assertThat(rig.sent()).hasSize(60);
        rig.passMillis(1);
        assertThat(titles(rig, 60)).containsExactly("10 new notifications");
        rig.pass(100);
        assertThat(rig.sent()).hasSize(61);
        assertThat(rig.news.endings).hasSize(70);
        assertThat(rig.news.endings.stream().filter(Ending.ACCEPTED::equals)).hasSize(61);
        assertThat(rig.news.settled).doesNotHaveDuplicates();
    }

    @Test
    void anotherOneIsAllowedEveryTwoSeconds() {
        Rig rig = new Rig();
        User user = rig.registered();
        for (int i = 0; i < 60; i++) {
            rig.comesIn(user);
        }
        for (int i = 0; i < 10; i++) {
            rig.pass(2);
            rig.comesIn(user);
        }
        assertThat(rig.sent()).hasSize(70);
        assertThat(titles(rig, 60)).doesNotContain("2 new notifications");
        rig.comesIn(user);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(70);
        rig.pass(2);
        assertThat(titles(rig, 70)).containsExactly("2 new notifications");
    }

    @Test
    void theLimitIsTheOperators() {
        Rig rig = new Rig(builder -> builder.pushLimit(new PushLimit(2, Duration.ofMinutes(10))));
        User user = rig.registered();
        for (int i = 0; i < 5; i++) {
            rig.comesIn(user);
        }
        assertThat(rig.sent()).hasSize(2);
        rig.pass(599);
        assertThat(rig.sent()).hasSize(2);
        rig.pass(2);
        assertThat(titles(rig, 2)).containsExactly("3 new notifications");
    }

    @Test
    void aCallDoesNotWaitForItsTurn() {
        Rig rig = new Rig();
        User user = rig.registered();
        for (int i = 0; i < 65; i++) {
            rig.accept(rig.mention(user));
        }
        assertThat(rig.sent()).hasSize(60);
        rig.accept(rig.call(user));
        assertThat(rig.sent()).hasSize(61);
        assertThat(rig.sent().get(60).notification().data()).containsEntry("msgType", "1");
    }

    @Test
    void aCallGoesBeforeWhatWaitsForItsDevice() {
        Rig rig = new Rig();
        User user = rig.registered();
        rig.transport.script().hang();
        for (int i = 0; i < 5; i++) {
            rig.comesIn(user);
        }
        rig.accept(rig.call(user));
        rig.transport.release(PushResult.accepted());
        rig.pass(0);
        assertThat(rig.sent()).hasSize(6);
        assertThat(rig.sent().get(1).notification().data()).containsEntry("msgType", "1");
    }

    @Test
    void callsHaveALimitOfTheirOwnAndAreNeverFolded() {
        Rig rig = new Rig();
        User user = rig.registered();
        for (int i = 0; i < 70; i++) {
            rig.accept(rig.call(user));
        }
        assertThat(rig.sent()).hasSize(60);
        rig.comesIn(user);
        assertThat(rig.sent()).as("a message").hasSize(61);
        rig.pass(10);
        assertThat(rig.sent()).hasSize(61 + 5);
        rig.pass(100);
        assertThat(rig.sent())
                .allSatisfy(
                        message -> assertThat(message.notification().title()).doesNotContain("new notifications"));
        assertThat(rig.news.endings).hasSize(71).doesNotContain(Ending.FOLDED);
    }

    @Test
    void whatIsTriedAgainIsNotCountedAgain() {
        Rig rig = new Rig();
        User user = rig.registered();
        rig.transport.script().silence().silence().silence().silence().silence();
        rig.comesIn(user);
        rig.pass(100);
        assertThat(rig.sent()).hasSize(6);
        rig = new Rig(builder -> builder.pushLimit(new PushLimit(2, Duration.ofHours(1))));
        user = rig.registered();
        rig.transport.script().silence().silence().silence();
        rig.comesIn(user);
        rig.pass(100);
        rig.comesIn(user);
        assertThat(rig.sent())
                .as("three in vain, one that arrived, another one")
                .hasSize(5);
    }

    @Test
    void accountsThatShareADeviceAreNotFoldedIntoOne() {
        Rig rig = new Rig(builder -> builder.accountsPerDevice(2).pushLimit(new PushLimit(1, Duration.ofSeconds(30))));
        User one = registered(rig, Rig.PHONE);
        User other = registered(rig, Rig.PHONE);
        rig.comesIn(one);
        for (int i = 0; i < 3; i++) {
            rig.comesIn(one);
            rig.comesIn(other);
        }
        rig.pass(60);
        assertThat(titles(rig, 1)).containsExactly("3 new notifications", "3 new notifications");
    }

    @Test
    void beyondOneHundredThatWaitTheOldestAreFolded() {
        Rig rig = new Rig(builder -> builder.pushLimit(new PushLimit(1_000, Duration.ofSeconds(1))));
        rig.transport.script().hang();
        User user = rig.registered();
        for (int i = 0; i < 120; i++) {
            rig.comesIn(user);
        }
        assertThat(rig.news.endings).hasSize(20).containsOnly(Ending.FOLDED);
        rig.transport.release(PushResult.accepted());
        rig.pass(1);
        assertThat(rig.sent()).hasSize(100);
        assertThat(rig.sent().get(1).notification().title()).startsWith("21 new");
        assertThat(rig.news.endings).hasSize(120);
        assertThat(rig.news.settled).doesNotHaveDuplicates();
    }

    // ---- who has to wait

    @Test
    void aDeviceThatItsProviderWantsLeftAloneWaitsAlone() {
        Rig rig = new Rig();
        User user = rig.registered();
        User other = registered(rig, Rig.TABLET);
        rig.transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(30), "TooManyRequests"));
        rig.comesIn(user);
        rig.comesIn(user);
        rig.accept(rig.call(user));
        assertThat(rig.sentTo(Rig.PHONE)).isOne();
        rig.comesIn(other);
        assertThat(rig.sentTo(Rig.TABLET)).isOne();
        rig.pass(29);
        assertThat(rig.sentTo(Rig.PHONE)).isOne();
        rig.pass(1);
        assertThat(rig.sentTo(Rig.PHONE)).isEqualTo(1 + 3);
        assertThat(rig.news.endings).containsOnly(Ending.ACCEPTED);
    }

    @Test
    void aDeviceThatRegistersAgainIsNotLeftAloneAnyLonger() {
        Rig rig = new Rig();
        User user = rig.registered();
        rig.transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(3_600), "TooManyRequests"));
        rig.comesIn(user);
        rig.pass(2);
        user.registers(Rig.PHONE);
        rig.comesIn(user);
        assertThat(rig.sent()).as("the one that was not taken goes too").hasSize(3);
    }

    @Test
    void whatWaitedForADeviceThatWasToBeLeftAloneIsSentWhenItRegistersAgain() {
        Rig rig = new Rig();
        User user = rig.registered();
        rig.transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(3_600), "TooManyRequests"));
        rig.comesIn(user);
        rig.comesIn(user);
        rig.pass(2);
        assertThat(rig.sent()).hasSize(1);
        user.registers(Rig.PHONE);
        assertThat(rig.sent()).hasSize(3);
        assertThat(rig.news.endings).hasSize(2).containsOnly(Ending.ACCEPTED);
    }

    @Test
    void aQuotaThatIsSpentStopsItsTransportAndNoOther() {
        RecordingTransport google =
                new RecordingTransport(address -> address.channel().equals(Channel.FCM));
        Rig rig = Rig.with(google);
        User android = registered(rig, "FirebaseTokenOfSomePhone");
        User another = registered(rig, "FirebaseTokenOfAnotherPhone");
        User iphone = rig.registered();
        google.script().answer(PushResult.retryAfter(Scope.SENDER, Duration.ofSeconds(60), "QUOTA_EXCEEDED"));
        rig.comesIn(android);
        rig.comesIn(another);
        rig.comesIn(iphone);
        assertThat(google.sent()).hasSize(1);
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.engine.status().parked()).as("our credentials are good").isEmpty();
        rig.pass(59);
        assertThat(google.sent()).hasSize(1);
        rig.pass(1);
        assertThat(google.sent()).hasSize(3);
        assertThat(rig.news.endings).containsOnly(Ending.ACCEPTED).hasSize(3);
    }

    // ---- hosts

    private static void fails(RecordingTransport transport, int times, PushResult with) {
        for (int i = 0; i < times; i++) {
            transport.script().answer(with);
        }
    }

    @Test
    void aHostInTroubleGetsOneRequestInTenSecondsUntilItAnswers() {
        Rig rig = new Rig();
        fails(rig.transport, 20, PushResult.retryAfter(Scope.SERVER, Duration.ofHours(1), "HTTP 503"));
        List<User> users = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            users.add(registered(rig, "https://down.example.com/" + i));
        }
        users.forEach(rig::comesIn);
        assertThat(rig.sent()).hasSize(20);
        rig.comesIn(registered(rig, "https://up.example.com/1"));
        assertThat(rig.sent()).as("another host is not held up").hasSize(21);
        rig.pass(10);
        assertThat(rig.sent()).as("one that it takes, and then the rest").hasSize(31);
        rig.pass(3_600);
        assertThat(rig.news.endings).hasSize(31).containsOnly(Ending.ACCEPTED);
    }

    @Test
    void aHostThatIsSilentGetsOneRequestInTenSecondsUntilItAnswers() {
        Rig rig = new Rig();
        List<User> users = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            String device = "https://down.example.com/" + i;
            users.add(registered(rig, device));
            rig.transport.scriptFor(Rig.address(device)).silence();
        }
        users.subList(0, 30).forEach(rig::comesIn);
        assertThat(rig.sent()).hasSize(20);
        rig.comesIn(registered(rig, "https://up.example.com/1"));
        assertThat(rig.sent()).as("another host is not held up").hasSize(21);
        rig.passMillis(9_999);
        assertThat(rig.sent()).hasSize(21);
        rig.passMillis(1);
        assertThat(rig.sent()).as("one of those that wait").hasSize(22);
        rig.pass(10);
        assertThat(rig.sent()).hasSize(23);
        // From now on it answers: at the next request the rest follows.
        for (int i = 0; i < 40; i++) {
            rig.transport
                    .scriptFor(Rig.address("https://down.example.com/" + i))
                    .thenAccept();
        }
        rig.pass(600);
        users.subList(30, 40).forEach(rig::comesIn);
        rig.pass(600);
        assertThat(rig.news.endings).hasSize(41).containsOnly(Ending.ACCEPTED);
    }

    @Test
    void whenAHostAnswersAgainWhatWaitsForItGoesOutAtOnce() {
        Rig rig = new Rig();
        fails(rig.transport, 20, PushResult.retryLater(Scope.SERVER, "HTTP 503"));
        rig.transport.script().hang();
        for (int i = 0; i < 30; i++) {
            rig.comesIn(registered(rig, "https://down.example.com/" + i));
        }
        rig.pass(10);
        assertThat(rig.sent()).as("one probe").hasSize(21);
        rig.passMillis(500);
        rig.transport.release(PushResult.accepted());
        rig.pass(0);
        assertThat(rig.news.endings).hasSize(30).containsOnly(Ending.ACCEPTED);
    }

    @Test
    void aTopicWithoutASubscriberSaysNothingOfItsHost() {
        Rig rig = new Rig();
        fails(rig.transport, 40, PushResult.retryLater(Scope.DEVICE, "HTTP 507"));
        for (int i = 0; i < 40; i++) {
            rig.comesIn(registered(rig, "https://ntfy.example.com/" + i));
        }
        assertThat(rig.sent()).hasSize(40);
    }

    // ---- a provider that is dead

    /** Devices of one lane. */
    private static List<String> sameLane(String first, String pattern, int count) {
        Partition lane = Partition.of(Rig.address(first));
        return IntStream.range(1, 1_000_000)
                .mapToObj(pattern::formatted)
                .filter(device -> Partition.of(Rig.address(device)).equals(lane))
                .limit(count)
                .toList();
    }

    private static void owes(Rig rig, List<String> devices, int each) {
        for (String device : devices) {
            User user = registered(rig, device);
            for (int i = 0; i < each; i++) {
                rig.comesIn(user);
            }
        }
    }

    private static RecordingTransport serving(Channel channel) {
        return new RecordingTransport(
                (DeviceAddress address) -> address.channel().equals(channel));
    }

    @Test
    void aProviderThatNeverAnswersHoldsUpNoOtherHoweverMuchIsOwedToIt() {
        RecordingTransport dead = serving(Channel.APNS);
        Rig rig = new Rig(builder -> builder.transport(dead).pushLimit(new PushLimit(1_000, Duration.ofSeconds(1))));
        for (int i = 0; i < 2_000; i++) {
            dead.script().hang();
        }
        owes(rig, sameLane(Rig.PHONE, "%064x", MORE_THAN_A_LANE_REMEMBERS / 70), 70);
        String android = sameLane(Rig.PHONE, "FirebaseTokenOfPhone%d", 1).get(0);
        rig.comesIn(registered(rig, android));
        assertThat(rig.sentTo(android)).isOne();
        rig.pass(3_600);
        rig.comesIn(registered(rig, android));
        assertThat(rig.sentTo(android)).isEqualTo(2);
    }

    @Test
    void afterARestartWhatIsOwedToOthersIsNotBehindIt() {
        RecordingTransport refusing = serving(Channel.APNS);
        RecordingTransport waiting = serving(Channel.FCM);
        Rig rig = new Rig(builder ->
                builder.transport(refusing).transport(waiting).pushLimit(new PushLimit(1_000, Duration.ofSeconds(1))));
        for (int i = 0; i < 100; i++) {
            refusing.script().answer(PushResult.rejected(Fault.CREDENTIALS, "InvalidProviderToken"));
        }
        waiting.script().hang();
        owes(rig, sameLane(Rig.PHONE, "%064x", MORE_THAN_A_LANE_REMEMBERS / 70), 70);
        String android = sameLane(Rig.PHONE, "FirebaseTokenOfPhone%d", 1).get(0);
        rig.comesIn(registered(rig, android));
        assertThat(waiting.sent()).hasSize(1);
        rig.startAgain();
        assertThat(waiting.sent()).as("the last of all that are owed").hasSize(2);
    }

    @Test
    void aHostThatNeverAnswersHoldsUpNoOtherOfTheSameTransport() {
        Rig rig = new Rig(builder -> builder.pushLimit(new PushLimit(1_000, Duration.ofSeconds(1))));
        List<String> dead = sameLane(Rig.PHONE, "https://dead.example.com/%d", 10);
        for (String device : dead) {
            for (int i = 0; i < 1_000; i++) {
                rig.transport.scriptFor(Rig.address(device)).hang();
            }
        }
        owes(rig, dead, 70);
        String good = sameLane(Rig.PHONE, "https://good.example.com/%d", 1).get(0);
        rig.comesIn(registered(rig, good));
        assertThat(rig.sentTo(good)).isOne();
        rig.startAgain();
        rig.comesIn(registered(rig, good));
        assertThat(rig.sentTo(good)).isEqualTo(2);
    }

    @Test
    void whatCameWhenDeadHostsTookAllRoomIsSentAsSoonAsTheyOnlyWait() {
        Rig rig = new Rig();
        for (int host = 0; host < 4; host++) {
            for (String device : sameLane(Rig.PHONE, "https://dead" + host + ".example.com/%d", 128)) {
                for (int i = 0; i < 10; i++) {
                    rig.transport.scriptFor(Rig.address(device)).hang();
                }
                rig.comesIn(registered(rig, device));
            }
        }
        String good = sameLane(Rig.PHONE, "https://good.example.com/%d", 1).get(0);
        rig.comesIn(registered(rig, good));
        rig.pass(180);
        assertThat(rig.sentTo(good)).isOne();
    }

    @Test
    void whatWaitsInTheStoreIsSentWhenThereIsRoomAgain() {
        RecordingTransport slow = serving(Channel.UNIFIED_PUSH);
        Rig rig = new Rig(builder -> builder.transport(slow).pushLimit(new PushLimit(1_000, Duration.ofSeconds(1))));
        List<String> devices = sameLane(Rig.PHONE, "https://one.example.com/%d", 10);
        for (int i = 0; i < 10; i++) {
            slow.script().answer(PushResult.retryAfter(Duration.ofSeconds(60), "HTTP 429"));
        }
        owes(rig, devices, 70);
        assertThat(slow.sent()).hasSize(10);
        rig.pass(600);
        assertThat(rig.news.settled).hasSize(700).doesNotHaveDuplicates();
        assertThat(rig.news.endings).containsOnly(Ending.ACCEPTED);
    }
}
