package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.control.SettingsDraft;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.store.Ending;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Scope;
import dev.nippush.transport.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a provider's answer means, and that each push ends once. */
@Timeout(60)
class DeliveryTest {

    private static final RelayUrl R1 = RelayUrl.of("wss://r1.example.com");
    private static final RelayUrl R2 = RelayUrl.of("wss://r2.example.com");
    private static final RelayUrl R3 = RelayUrl.of("wss://r3.example.com");

    private final Rig rig = new Rig();

    // ---- settled once

    @Test
    void theSameEventFromTwoRelaysIsPushedOnce() {
        User user = rig.user();
        user.says(SettingsDraft.forDevice(Rig.PHONE).relays(List.of(R1, R2)));
        NostrEvent event = rig.mention(user);
        assertThat(rig.accept(event, Source.relay(R1))).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.accept(event, Source.relay(R2))).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.accept(event, Source.relay(R1).asStored())).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void anEventFromARelayThatDoesNotCountSuppressesNothing() {
        User user = rig.user();
        user.says(SettingsDraft.forDevice(Rig.PHONE).relays(List.of(R1)));
        NostrEvent event = rig.mention(user);
        assertThat(rig.accept(event, Source.relay(R3))).isEqualTo(new Outcome.Unwanted());
        assertThat(rig.accept(event, Source.relay(R1))).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void aRelayThatCountsForOneAccountDoesNotDecideForTheOther() {
        User one = rig.user();
        one.says(SettingsDraft.forDevice(Rig.PHONE).relays(List.of(R1)));
        User two = rig.user();
        two.says(SettingsDraft.forDevice(Rig.TABLET).relays(List.of(R2)));
        NostrEvent event = rig.event(1, rig.seconds(), one.tag(), two.tag());
        assertThat(rig.accept(event, Source.relay(R1))).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.accept(event, Source.relay(R2))).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.accept(event)).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.sent()).hasSize(2);
    }

    @Test
    void aForgedEventIsNeitherPushedNorRemembered() {
        User user = rig.registered();
        NostrEvent event = rig.mention(user);
        NostrEvent forged = new NostrEvent(
                event.id(), event.pubkey(), event.createdAt(), event.kind(), event.tags(), "other", event.sig());
        assertThat(rig.accept(forged)).isEqualTo(new Outcome.Refused(Refusal.BAD_ID));
        NostrEvent unsigned = new NostrEvent(
                event.id(),
                event.pubkey(),
                event.createdAt(),
                event.kind(),
                event.tags(),
                event.content(),
                "1".repeat(128));
        assertThat(rig.accept(unsigned)).isEqualTo(new Outcome.Refused(Refusal.BAD_SIG));
        assertThat(rig.accept(event)).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void anotherContentUnderAKnownIdAndSignatureIsForged() {
        User user = rig.registered();
        User other = rig.user();
        other.registers(Rig.TABLET);
        NostrEvent event = rig.comesIn(user);
        NostrEvent turned = new NostrEvent(
                event.id(), event.pubkey(), event.createdAt(), event.kind(), List.of(other.tag()), "", event.sig());
        assertThat(rig.accept(turned)).isEqualTo(new Outcome.Refused(Refusal.BAD_ID));
        assertThat(rig.sentTo(Rig.TABLET)).isZero();
    }

    @Test
    void whatALaterRegistrationFindsStoredIsHistoryForGood() {
        User user = rig.user();
        NostrEvent old = rig.mention(user);
        rig.pass(10);
        user.says(SettingsDraft.forDevice(Rig.PHONE).relays(List.of(R1)));
        assertThat(rig.accept(old, Source.relay(R1).asStored())).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.accept(old)).isEqualTo(new Outcome.Duplicate());
        assertThat(rig.sent()).isEmpty();
    }

    // ---- retries

    @Test
    void aPushIsTriedAgainAfterTheTimeThatTheProviderNames() {
        rig.transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(30), "busy"));
        rig.comesIn(rig.registered());
        rig.passMillis(29_999);
        assertThat(rig.sent()).hasSize(1);
        rig.passMillis(1);
        assertThat(rig.sent()).hasSize(2);
        assertThat(rig.sent().get(1)).isEqualTo(rig.sent().get(0));
        assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED);
        assertThat(rig.news.attempts).containsExactly("1 retry: busy", "2 accepted");
    }

    @Test
    void anUnnamedTimeIsBackedOff() {
        for (int i = 0; i < 5; i++) {
            rig.transport.script().answer(PushResult.retryLater("busy"));
        }
        rig.comesIn(rig.registered());
        rig.pass(1 + 2 + 4 + 8 + 16);
        assertThat(rig.sent()).hasSize(6);
        assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED);
    }

    @Test
    void aPushEndsWithItsLifetime() {
        Rig brief = new Rig(builder -> builder.retryPolicy(
                new RetryPolicy(Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofMinutes(1))));
        for (int i = 0; i < 1_000; i++) {
            brief.transport.script().answer(PushResult.retryLater("busy"));
        }
        brief.comesIn(brief.registered());
        assertThat(brief.sent().get(0).expiresAt()).isEqualTo(brief.time.now().plusSeconds(60));
        brief.pass(61);
        int sent = brief.sent().size();
        assertThat(sent).isGreaterThan(5);
        assertThat(brief.news.endings).containsExactly(Ending.EXPIRED);
        brief.pass(1_000);
        assertThat(brief.sent()).hasSize(sent);
    }

    @Test
    void aProviderThatWantsToBeAskedAfterTheLifetimeIsNotAskedAgain() {
        rig.transport.script().answer(PushResult.retryAfter(Duration.ofHours(24), "busy"));
        rig.comesIn(rig.registered());
        assertThat(rig.news.endings).containsExactly(Ending.EXPIRED);
        rig.pass(100_000);
        assertThat(rig.sent()).hasSize(1);
    }

    @Test
    void aProviderMayNameATimeThatNoClockShows() {
        rig.transport
                .script()
                .answer(PushResult.retryAfter(Duration.ofSeconds(Long.MAX_VALUE), "never"))
                .answer(PushResult.deviceGone(Instant.MAX));
        User user = rig.registered();
        rig.comesIn(user);
        assertThat(rig.news.endings).containsExactly(Ending.EXPIRED);
        rig.pass(1);
        user.registers(Rig.PHONE);
        rig.comesIn(user);
        assertThat(rig.news.endings).containsExactly(Ending.EXPIRED, Ending.GONE);
        rig.pass(1);
        user.registers(Rig.PHONE);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(3);
        rig.stop();
    }

    @Test
    void silenceIsTriedAgainUnderTheSameCollapseKey() {
        rig.transport.script().silence().throwing();
        rig.comesIn(rig.registered());
        rig.pass(10);
        assertThat(rig.sent()).hasSize(3);
        assertThat(rig.sent().stream().map(PushMessage::collapseKey).distinct()).hasSize(1);
        assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED);
    }

    @Test
    void thirtySecondsWithoutAnAnswerAreSilence() {
        rig.transport.script().hang();
        rig.comesIn(rig.registered());
        rig.passMillis(29_999);
        assertThat(rig.sent()).hasSize(1);
        rig.pass(3);
        assertThat(rig.sent()).hasSize(2);
        rig.transport.release(PushResult.deviceGone());
        rig.pass(1);
        assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED);
        assertThat(rig.news.gone).isZero();
    }

    @Test
    void aDeviceIsSentOnePushAtATime() {
        rig.transport.script().hang();
        User user = rig.registered();
        rig.comesIn(user);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
        rig.transport.release(PushResult.accepted());
        rig.pass(0);
        assertThat(rig.sent()).hasSize(2);
    }

    // ---- refusals

    @Test
    void aMessageThatIsRefusedIsNotSentAgainAndTheNextOneIs() {
        rig.transport.script().answer(PushResult.rejected(Fault.MESSAGE, "too large"));
        User user = rig.registered();
        rig.comesIn(user);
        rig.comesIn(user);
        rig.pass(1_000);
        assertThat(rig.sent()).hasSize(2);
        assertThat(rig.news.endings).containsExactly(Ending.REJECTED, Ending.ACCEPTED);
    }

    @Test
    void aDeviceThatIsRefusedGetsNothingUntilItRegistersAgain() {
        rig.transport.script().answer(PushResult.rejected(Fault.DEVICE, "bad token"));
        User user = rig.registered();
        NostrEvent first = rig.comesIn(user);
        rig.comesIn(user);
        rig.pass(1_000);
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.news.endings).containsExactly(Ending.REJECTED, Ending.REJECTED);
        user.registers(Rig.PHONE);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(2);
        assertThat(rig.accept(first)).isEqualTo(new Outcome.Duplicate());
    }

    @Test
    void aDeviceThatIsGoneIsForgottenWithAllThatWaitsForIt() {
        rig.transport.script().hang();
        User user = rig.registered();
        user.registers(Rig.TABLET);
        rig.comesIn(user);
        rig.comesIn(user);
        rig.transport.release(PushResult.deviceGone());
        rig.pass(1);
        assertThat(rig.news.endings).contains(Ending.GONE, Ending.GONE).hasSize(4);
        assertThat(rig.news.gone).isEqualTo(1);
        int sent = rig.sent().size();
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(sent + 1);
    }

    @Test
    void aDeviceThatIsGoneMayComeBack() {
        rig.transport.script().answer(PushResult.deviceGone());
        User user = rig.registered();
        rig.comesIn(user);
        assertThat(rig.accept(rig.mention(user))).isEqualTo(new Outcome.Unwanted());
        rig.pass(1);
        user.registers(Rig.PHONE);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(2);
        assertThat(rig.news.endings).containsExactly(Ending.GONE, Ending.ACCEPTED);
    }

    @Test
    void aNewerRegistrationStandsAgainstAnOlderDate() {
        Instant before = rig.time.now().minusSeconds(1);
        rig.transport.script().answer(PushResult.deviceGone(before));
        User user = rig.registered();
        rig.comesIn(user);
        rig.pass(2);
        assertThat(rig.news.gone).isZero();
        assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED);
        assertThat(rig.sent()).hasSize(2);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(3);
    }

    @Test
    void aRegistrationIsNotYoungerThanItsOwnDate() {
        rig.transport.script().answer(PushResult.deviceGone(rig.time.now()));
        User user = rig.registered();
        rig.comesIn(user);
        assertThat(rig.news.endings).containsExactly(Ending.GONE);
    }

    @Test
    void aRegistrationWhileThePushWasUnderWayStands() {
        rig.transport.script().hang();
        User user = rig.registered();
        rig.comesIn(user);
        rig.pass(5);
        user.registers(Rig.PHONE);
        rig.transport.release(PushResult.deviceGone());
        rig.pass(2);
        assertThat(rig.news.gone).isZero();
        assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED);
    }

    @Test
    void refusedCredentialsParkTheTransportAndNothingIsLost() {
        rig.transport.script().answer(PushResult.rejected(Fault.CREDENTIALS, "expired"));
        User user = rig.registered();
        User other = rig.user();
        other.registers(Rig.TABLET);
        rig.comesIn(user);
        rig.comesIn(user);
        rig.comesIn(other);
        assertThat(rig.sent()).hasSize(1);
        assertThat(rig.engine.status().parked()).containsOnlyKeys(rig.transport);
        rig.pass(29);
        assertThat(rig.sent()).hasSize(1);
        rig.transport.script().answer(PushResult.rejected(Fault.CREDENTIALS, "expired"));
        rig.pass(1);
        assertThat(rig.sent()).as("one probe").hasSize(2);
        rig.pass(59);
        assertThat(rig.sent()).hasSize(2);
        rig.pass(1);
        assertThat(rig.sent()).hasSize(5);
        assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED, Ending.ACCEPTED, Ending.ACCEPTED);
        assertThat(rig.news.transports).containsExactly("parked expired", "resumed");
        assertThat(rig.engine.status().parked()).isEmpty();
        assertThat(rig.news.gone).isZero();
    }

    @Test
    void aParkedTransportDoesNotOutliveTheLifetimeOfAPush() {
        User user = rig.registered();
        for (int i = 0; i < 10; i++) {
            rig.transport.script().answer(PushResult.rejected(Fault.CREDENTIALS, "expired"));
        }
        rig.accept(rig.event(1, rig.seconds(), user.tag(), Tag.of("expiration", Long.toString(rig.seconds() + 100))));
        rig.pass(2_000);
        assertThat(rig.news.endings).containsExactly(Ending.EXPIRED);
    }

    @Test
    void aDeviceThatRegistersWhileARequestIsOpenIsNotParkedByItsAnswer() {
        Rig rig = new Rig();
        User user = rig.registered();
        rig.transport.script().hang();
        rig.comesIn(user);
        rig.pass(1);
        user.registers(Rig.PHONE);
        rig.transport.release(PushResult.rejected(Fault.DEVICE, "BadDeviceToken"));
        rig.pass(10);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(3);
        assertThat(rig.news.endings).hasSize(2).containsOnly(Ending.ACCEPTED);
    }

    @Test
    void aProviderInTroubleDoesNotSayThatItTakesOurCredentials() {
        Rig rig = new Rig();
        rig.transport
                .script()
                .answer(PushResult.rejected(Fault.CREDENTIALS, "expired"))
                .answer(PushResult.retryLater(Scope.SERVER, "HTTP 503"))
                .thenAccept();
        rig.comesIn(rig.registered());
        rig.pass(30);
        assertThat(rig.sent()).hasSize(2);
        assertThat(rig.engine.status().parked()).hasSize(1);
        rig.pass(60);
        assertThat(rig.engine.status().parked()).isEmpty();
        assertThat(rig.news.transports).containsExactly("parked expired", "resumed");
        assertThat(rig.news.endings).containsExactly(Ending.ACCEPTED);
    }
}
