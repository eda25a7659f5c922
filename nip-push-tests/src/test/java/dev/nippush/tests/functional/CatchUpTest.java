package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.store.Ending;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** After an absence a relay sends all that it has stored: nobody wants that many notifications. */
@Timeout(60)
class CatchUpTest {

    private static final Source LIVE = Source.homeRelay(RelayUrl.of("wss://home.example.com"));
    private static final Source STORED = LIVE.asStored();

    private final Rig rig = new Rig();

    private List<NostrEvent> comeIn(User user, int events, Source source) {
        List<NostrEvent> come = new ArrayList<>();
        for (int i = 0; i < events; i++) {
            NostrEvent event = rig.mention(user);
            assertThat(rig.accept(event, source)).isEqualTo(new Outcome.Taken(1));
            come.add(event);
        }
        return come;
    }

    private void areDuplicates(List<NostrEvent> events) {
        assertThat(events)
                .allSatisfy(event -> assertThat(rig.accept(event, STORED)).isEqualTo(new Outcome.Duplicate()));
    }

    /** For how many events each message stands, in the order in which they were sent. */
    private List<Integer> counts(String device) {
        return rig.transport.sentTo(Rig.address(device)).stream()
                .map(Rig::eventsIn)
                .toList();
    }

    private List<Integer> counts() {
        return counts(Rig.PHONE);
    }

    private static List<Integer> singles(int howMany, Integer... andThen) {
        List<Integer> counts = new ArrayList<>();
        for (int i = 0; i < howMany; i++) {
            counts.add(1);
        }
        counts.addAll(List.of(andThen));
        return counts;
    }

    // ---- settled

    @Test
    void whatIsSettledIsNotPushedAgain() {
        User user = rig.registered();
        List<NostrEvent> events = comeIn(user, 30, LIVE);
        assertThat(counts()).isEqualTo(singles(30));
        areDuplicates(events);
        rig.restart();
        areDuplicates(events);
        rig.pass(3_600);
        assertThat(rig.sent()).hasSize(30);
    }

    @Test
    void whatWasFoldedIsSettledToo() {
        User user = rig.registered();
        List<NostrEvent> events = comeIn(user, 30, STORED);
        rig.pass(10);
        assertThat(counts()).isEqualTo(singles(10, 20));
        rig.restart();
        areDuplicates(events);
        rig.pass(3_600);
        assertThat(rig.sent()).hasSize(11);
    }

    @Test
    void whatIsStillGatheredWhenTheProcessEndsIsPushedOnce() {
        User user = rig.registered();
        List<NostrEvent> events = comeIn(user, 30, STORED);
        rig.pass(5);
        assertThat(rig.sent()).hasSize(10);
        rig.crash();
        areDuplicates(events);
        rig.pass(3_600);
        assertThat(counts()).isEqualTo(singles(10, 20));
        assertThat(rig.sent().stream().map(PushMessage::collapseKey)).doesNotHaveDuplicates();
    }

    // ---- folded

    @Test
    void tenGoOutEachByItselfAndTheRestAsOneTenSecondsLater() {
        comeIn(rig.registered(), 30, STORED);
        assertThat(counts()).isEqualTo(singles(10));
        rig.passMillis(9_999);
        assertThat(counts()).isEqualTo(singles(10));
        rig.passMillis(1);
        assertThat(counts()).isEqualTo(singles(10, 20));
        assertThat(rig.news.endings).hasSize(30);
        rig.pass(3_600);
        assertThat(rig.sent()).hasSize(11);
    }

    @Test
    void tenAreNotTooMany() {
        comeIn(rig.registered(), 10, STORED);
        assertThat(counts()).isEqualTo(singles(10));
    }

    @Test
    void aSingleOneMoreIsItself() {
        comeIn(rig.registered(), 11, STORED);
        rig.pass(10);
        assertThat(counts()).isEqualTo(singles(11));
    }

    @Test
    void whatComesOverSomeSecondsIsStillOneCatchUp() {
        User user = rig.registered();
        for (int i = 0; i < 8; i++) {
            comeIn(user, 5, STORED);
            rig.pass(1);
        }
        rig.pass(10);
        assertThat(counts()).isEqualTo(singles(10, 30));
    }

    @Test
    void howeverManyTheyAreIsOneNotificationMore() {
        Rig many = Rig.fast(builder -> builder);
        User user = many.registered();
        for (int i = 0; i < 1_500; i++) {
            many.accept(many.mention(user), STORED);
        }
        many.pass(10);
        assertThat(many.sent().stream().map(Rig::eventsIn).toList()).isEqualTo(singles(10, 1_490));
    }

    @Test
    void whatIsLiveIsNotHeldUpByWhatIsGathered() {
        User user = rig.registered();
        comeIn(user, 30, STORED);
        comeIn(user, 3, LIVE);
        assertThat(counts()).isEqualTo(singles(13));
        rig.pass(10);
        assertThat(counts()).isEqualTo(singles(13, 20));
    }

    @Test
    void callsAreNeverFolded() {
        User user = rig.registered();
        rig.pass(31);
        for (int i = 0; i < 15; i++) {
            assertThat(rig.accept(rig.call(user), STORED)).isEqualTo(new Outcome.Taken(1));
        }
        assertThat(counts()).isEqualTo(singles(15));
        comeIn(user, 10, STORED);
        assertThat(counts()).as("nor do they count").isEqualTo(singles(25));
    }

    @Test
    void aMinuteLaterThereIsRoomForOneAndTenMinutesLaterForTen() {
        User user = rig.registered();
        comeIn(user, 30, STORED);
        rig.pass(60);
        comeIn(user, 30, STORED);
        rig.pass(10);
        assertThat(counts()).isEqualTo(singles(10, 20, 1, 29));
        rig.pass(600);
        comeIn(user, 30, STORED);
        rig.pass(10);
        List<Integer> expected = singles(10, 20, 1, 29);
        expected.addAll(singles(10, 20));
        assertThat(counts()).isEqualTo(expected);
    }

    @Test
    void eachDeviceCountsForItself() {
        User user = rig.registered();
        comeIn(user, 10, STORED);
        rig.pass(1);
        user.registers(Rig.TABLET);
        rig.pass(1);
        comeIn(user, 20, STORED);
        rig.pass(10);
        assertThat(counts(Rig.PHONE)).isEqualTo(singles(10, 20));
        assertThat(counts(Rig.TABLET)).isEqualTo(singles(10, 10));
    }

    @Test
    void usersDoNotCountForEachOther() {
        User one = rig.registered();
        User other = rig.user();
        other.registers(Rig.TABLET);
        comeIn(one, 20, STORED);
        comeIn(other, 10, STORED);
        assertThat(counts(Rig.PHONE)).isEqualTo(singles(10));
        assertThat(counts(Rig.TABLET)).isEqualTo(singles(10));
    }

    // ---- owed

    private void providerIsDown(User user) {
        rig.transport.script().answer(PushResult.rejected(Fault.CREDENTIALS, "expired"));
        comeIn(user, 1, LIVE);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void whatIsOwedIsNotFoldedByARestart() {
        User user = rig.registered();
        providerIsDown(user);
        comeIn(user, 39, LIVE);
        rig.crash();
        rig.pass(60);
        assertThat(counts()).isEqualTo(singles(41));
        assertThat(rig.news.endings).hasSize(40).containsOnly(Ending.ACCEPTED);
    }

    @Test
    void norIsItByAFloodFromAStore() {
        User user = rig.registered();
        rig.transport.script().hang();
        comeIn(user, 40, LIVE);
        comeIn(user, 450, STORED);
        rig.transport.release(PushResult.accepted());
        rig.pass(60);
        assertThat(counts()).isEqualTo(singles(50, 440));
    }

    @Test
    void whatTheProcessBeforeHadFromAStoreIsFoldedNoFurther() {
        User user = rig.registered();
        providerIsDown(user);
        comeIn(user, 39, STORED);
        rig.crash();
        rig.pass(60);
        assertThat(counts()).containsExactlyInAnyOrderElementsOf(singles(12, 29));
    }

    @Test
    void whatWaitsForAProviderIsFoldedAsIfItHadComeWhenThatWorksAgain() {
        User user = rig.registered();
        providerIsDown(user);
        comeIn(user, 39, STORED);
        rig.pass(60);
        assertThat(counts().stream().mapToInt(each -> each).sum()).isEqualTo(41);
        assertThat(rig.sent()).hasSize(2 + 10 + 1);
    }

    // ---- held

    @Test
    void ofStoredOnesThatAreHeldTenArePushedEachByItself() {
        User user = rig.online();
        rig.pass(10);
        rig.restart();
        comeIn(user, 30, STORED);
        assertThat(rig.sent()).isEmpty();
        rig.pass(150);
        assertThat(counts()).containsExactlyInAnyOrderElementsOf(singles(10, 20));
    }

    @Test
    void ofLiveOnesThatAreHeldThirtyTwo() {
        User user = rig.online();
        rig.pass(10);
        rig.restart();
        comeIn(user, 40, LIVE);
        rig.pass(150);
        assertThat(counts()).containsExactlyInAnyOrderElementsOf(singles(31, 9));
    }

    @Test
    void whatWasHeldBeforeTheRestartIsNotFoldedIntoWhatIsStored() {
        User user = rig.online();
        rig.pass(10);
        comeIn(user, 15, LIVE);
        rig.restart();
        comeIn(user, 30, STORED);
        rig.pass(150);
        assertThat(counts()).containsExactlyInAnyOrderElementsOf(singles(25, 20));
    }

    @Test
    void whatIsHeldAndStoredIsDroppedByASignOfLife() {
        User user = rig.online();
        rig.pass(10);
        rig.restart();
        List<NostrEvent> events = comeIn(user, 30, STORED);
        rig.pass(10);
        user.goesOnline();
        assertThat(rig.news.dropped).isEqualTo(30);
        areDuplicates(events);
        rig.pass(3_600);
        assertThat(rig.sent()).isEmpty();
    }

    @Test
    void heldCallsAreNotFoldedAndDoNotCount() {
        User user = rig.online();
        rig.pass(100);
        for (int i = 0; i < 15; i++) {
            rig.accept(rig.call(user, Tag.of("expiration", Long.toString(rig.seconds() + 600))), STORED);
        }
        comeIn(user, 10, STORED);
        rig.pass(50);
        assertThat(counts()).isEqualTo(singles(25));
    }
}
