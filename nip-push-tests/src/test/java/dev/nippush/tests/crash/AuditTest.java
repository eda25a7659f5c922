package dev.nippush.tests.crash;

import static dev.nippush.tests.crash.Facts.NEVER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.event.Kind;
import dev.nippush.tests.crash.Facts.Attempt;
import dev.nippush.tests.crash.Facts.Cut;
import dev.nippush.tests.crash.Facts.Deed;
import dev.nippush.tests.crash.Facts.Published;
import dev.nippush.tests.crash.Facts.Run;
import dev.nippush.tests.crash.Facts.Said;
import dev.nippush.tests.crash.Facts.Verdict;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the audit has to find, and what it has to leave alone. Times are milliseconds after a whole second. */
class AuditTest {

    private static final long START = 1_700_000_000_000L;
    private static final long PACE = 1_000;
    private static final String GATEWAY = "gateway";
    private static final String PHONE = "phone";

    private final List<Said> said = new ArrayList<>();
    private final List<Published> published = new ArrayList<>();
    private final List<Attempt> attempts = new ArrayList<>();
    private final List<Run> runs = new ArrayList<>(List.of(new Run(START - 1_000, NEVER, NEVER)));
    private final List<Cut> cuts = new ArrayList<>();

    private void say(String account, Deed deed, long sent, long sure) {
        String device = deed == Deed.REGISTER ? PHONE : "";
        said.add(new Said(account, deed, device, START + sent, sure == NEVER ? NEVER : START + sure));
    }

    private void registered(long sure) {
        say("alice", Deed.REGISTER, sure - 50, sure);
    }

    private void publish(String event, long at) {
        published.add(new Published(event, "alice", Kind.TEXT_NOTE, (START + at) / 1_000, START + at, false));
    }

    private void publishWrap(String event, long at, boolean unheard) {
        published.add(new Published(event, "alice", Kind.GIFT_WRAP, START / 1_000 - 100_000, START + at, unheard));
    }

    private void attempt(String event, long at, Verdict verdict) {
        attempts.add(new Attempt(GATEWAY, PHONE, event, 1, "key of " + event, START + at, verdict, START + at + 5));
    }

    private void push(String event, long at) {
        attempt(event, at, Verdict.ACCEPTED);
    }

    private void pushFolded(int count, String key, long at) {
        attempts.add(new Attempt(GATEWAY, PHONE, "", count, key, START + at, Verdict.ACCEPTED, START + at + 5));
    }

    private void killAt(long at) {
        runs.set(0, new Run(START - 1_000, START + at, START + at + 10));
        runs.add(new Run(START + at + 100, NEVER, NEVER));
    }

    private Audit.Result audit() {
        return Audit.of(new Facts(said, published, attempts, runs, cuts, PACE));
    }

    private void assertFails(String what) {
        assertThat(audit().failures()).isNotEmpty().first().asString().contains(what);
    }

    private Audit.Result assertFine() {
        Audit.Result result = audit();
        assertThat(result.failures()).isEmpty();
        return result;
    }

    @Test
    void eachOwedEventPushedOnceIsFine() {
        registered(100);
        publish("a", 200);
        push("a", 210);

        Audit.Result result = assertFine();
        assertThat(result.owed()).isEqualTo(1);
        assertThat(result.pushed()).isEqualTo(1);
    }

    @Test
    void aLostPushIsFound() {
        registered(100);
        publish("a", 200);
        publish("b", 300);
        push("a", 210);

        assertFails("not pushed to phone");
        assertThat(audit().missing()).containsExactly("b");
    }

    @Test
    void aPushThatWasOnlyRefusedOrNotAnsweredIsLost() {
        registered(100);
        publish("a", 200);
        attempt("a", 210, Verdict.REFUSED);
        attempt("a", 310, Verdict.CUT);
        attempt("a", 410, Verdict.SILENT);

        assertFails("not pushed to phone");
    }

    @Test
    void whatIsPublishedWhileARegistrationIsUnderWayMayBePushedOrNot() {
        say("alice", Deed.REGISTER, 50, 100);
        publish("a", 60);
        publish("b", 70);
        push("b", 120);

        assertThat(assertFine().owed()).isZero();
    }

    @Test
    void aDoubledPushIsFound() {
        registered(100);
        publish("a", 200);
        push("a", 210);
        push("a", 1_500);

        assertFails("pushed again that was accepted");
    }

    @Test
    void aPushMayBeRepeatedWhenAKillTookItsAnswer() {
        registered(100);
        publish("a", 200);
        push("a", 210);
        killAt(212);
        push("a", 900);

        Audit.Result result = assertFine();
        assertThat(result.repeated()).isEqualTo(1);
        assertThat(result.shownTwice()).isZero();
    }

    @Test
    void aPushThatWasAcceptedLongBeforeTheKillMayNotBeRepeated() {
        registered(100);
        publish("a", 200);
        push("a", 210);
        killAt(210 + PACE + 100);
        push("a", 3_000);

        assertFails("pushed again that was accepted");
    }

    @Test
    void aPushThatCameAfterTheKillMayNotBeRepeated() {
        registered(100);
        publish("a", 200);
        killAt(250);
        push("a", 1_000);
        push("a", 2_000);

        assertFails("pushed again that was accepted");
    }

    @Test
    void aPushMayBeRepeatedWhenItsGatewayCutAConnection() {
        registered(100);
        publish("a", 200);
        push("a", 210);
        push("a", 400);
        cuts.add(new Cut("another gateway", START + 212));
        assertFails("pushed again that was accepted");

        cuts.add(new Cut(GATEWAY, START + 212));
        assertFine();
    }

    @Test
    void aRepetitionUnderAnotherKeyIsFound() {
        registered(100);
        publish("a", 200);
        attempt("a", 210, Verdict.REFUSED);
        attempts.add(new Attempt(GATEWAY, PHONE, "a", 1, "other", START + 300, Verdict.ACCEPTED, START + 301));

        assertFails("under another key");
    }

    @Test
    void aPushAfterALogoutIsFound() {
        registered(100);
        publish("a", 200);
        push("a", 210);
        say("alice", Deed.LOGOUT, 300, 350);
        publish("b", 400);
        push("b", 410);

        assertFails("for which the device was never registered");
    }

    @Test
    void aPushLongAfterALogoutIsFound() {
        registered(100);
        say("alice", Deed.LOGOUT, 300, 350);
        publish("b", 290);
        push("b", 350 + 5 * PACE + 1);

        assertFails("after the device was logged out");
    }

    @Test
    void twoPushesAfterALogoutAreFound() {
        registered(100);
        publish("a", 280);
        publish("b", 290);
        say("alice", Deed.LOGOUT, 300, 350);
        push("a", 360);
        push("b", 370);

        assertFails("after the device was logged out");
    }

    @Test
    void aPushByALaterProcessAfterALogoutIsFound() {
        registered(100);
        publish("b", 290);
        say("alice", Deed.LOGOUT, 300, 350);
        killAt(400);
        push("b", 1_000);

        assertFails("after the device was logged out");
    }

    @Test
    void oneRequestMayBeUnderWayAtALogout() {
        registered(100);
        publish("a", 290);
        say("alice", Deed.LOGOUT, 300, 350);
        push("a", 360);

        assertThat(assertFine().late()).isEqualTo(1);
    }

    @Test
    void aLogoutExcusesWhatWasNotPushedYet() {
        registered(100);
        publish("a", 290);
        say("alice", Deed.LOGOUT, 300, 350);

        assertThat(assertFine().excused()).isEqualTo(1);
    }

    @Test
    void aLogoutDoesNotExcuseWhatIsOwedAfterTheNextRegistration() {
        registered(100);
        say("alice", Deed.LOGOUT, 300, 350);
        registered(2_000);
        publish("a", 2_100);

        assertFails("not pushed to phone");
    }

    @Test
    void whatWasPublishedWhileLoggedOutIsHistoryForTheNextRegistration() {
        registered(100);
        say("alice", Deed.LOGOUT, 300, 350);
        publish("a", 400);
        registered(2_100);
        push("a", 2_200);

        assertFails("for which the device was never registered");
    }

    @Test
    void whatWasPublishedInTheSecondOfTheRegistrationMayBeNews() {
        registered(100);
        say("alice", Deed.LOGOUT, 300, 350);
        publish("a", 400);
        registered(900);
        push("a", 950);

        assertFine();
    }

    @Test
    void aDeviceThatWasTakenOverGetsNothingForItsFormerAccount() {
        registered(100);
        say("bob", Deed.REGISTER, 300, 350);
        publish("a", 400);
        push("a", 500);

        assertFails("for which the device was never registered");
    }

    @Test
    void aHeartbeatExcusesWhatCameBefore() {
        registered(100);
        publish("a", 200);
        say("alice", Deed.HEARTBEAT, 300, 350);
        publish("b", 400);
        say("alice", Deed.OFFLINE, 500, 550);

        assertThat(assertFine().excused()).isEqualTo(2);
    }

    @Test
    void whatComesAfterTheLastSignOfLifeIsOwed() {
        registered(100);
        say("alice", Deed.HEARTBEAT, 300, 350);
        publish("a", 400);

        assertFails("not pushed to phone");
    }

    @Test
    void settingsOfAnAccountThatIsSurelyOfflineExcuseNothing() {
        registered(100);
        publish("a", 200);
        registered(500);
        say("alice", Deed.OFFLINE, 600, 650);

        assertFails("not pushed to phone");
    }

    @Test
    void anAnswerThatTheDeviceIsGoneExcusesWhatCameBefore() {
        registered(100);
        publish("a", 200);
        attempt("a", 210, Verdict.GONE);
        publish("b", 300);
        assertFine();

        registered(400);
        publish("c", 500);
        assertFails("not pushed to phone");
    }

    @Test
    void aPushToADeviceThatWasGoneIsFound() {
        registered(100);
        publish("a", 200);
        attempt("a", 210, Verdict.GONE);
        push("a", 2_000);

        assertFails("to a device that was gone");
    }

    @Test
    void giftWrapsAreOwedOnceTheRelayHasSurelySentTheOlderOnes() {
        registered(100);
        publishWrap("early", 110, true);
        publishWrap("live", 200, false);
        push("live", 210);
        publishWrap("after the live one", 220, false);
        publishWrap("stored", 230, true);
        push("stored", 250);
        assertFine();

        publishWrap("last", 300, false);
        assertFails("not pushed to phone");
        assertThat(audit().missing()).containsExactly("last");
    }

    @Test
    void giftWrapsOfBeforeTheRegistrationAreHistory() {
        publishWrap("under way", 4_990, false);
        publishWrap("early", 5_000 - 3 * PACE - 1, false);
        say("alice", Deed.REGISTER, 5_000, 5_100);
        push("under way", 5_150);
        assertFine();

        push("early", 5_160);

        assertFails("for which the device was never registered");
    }

    @Test
    void whatMayStillBeExcusedIsOpen() {
        registered(100);
        publish("a", 200);
        say("alice", Deed.LOGOUT, 300, NEVER);

        assertThat(assertFine().missing()).isEmpty();
        assertThat(audit().open()).containsExactly("a");
    }

    @Test
    void foldedEventsCountAsPushed() {
        registered(100);
        publish("a", 200);
        publish("b", 210);
        publish("c", 220);
        pushFolded(2, "key of b", 300);
        assertFails("not pushed to phone");

        pushFolded(3, "key of b", 400);
        assertThat(assertFine().folded()).isEqualTo(3);
    }

    @Test
    void moreFoldedThanThereWasIsFound() {
        registered(100);
        publish("a", 200);
        publish("b", 210);
        push("a", 250);
        pushFolded(2, "key of b", 300);

        assertFails("were shown together");
    }

    @Test
    void whatNobodyPublishedIsFound() {
        registered(100);
        push("a", 250);

        assertFails("nobody published");
    }
}
