package dev.nippush.account;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.ControlMessage.Settings;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.EventId;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegistrationTest {

    private static final Instant T0 = Instant.ofEpochSecond(1_700_000_000);
    private static final PublicKey ME = KeyPair.ofHex("01".repeat(32)).publicKey();
    private static final PublicKey FRIEND = KeyPair.ofHex("02".repeat(32)).publicKey();
    private static final PublicKey STRANGER = KeyPair.ofHex("03".repeat(32)).publicKey();
    private static final RelayUrl R1 = RelayUrl.of("wss://r1.example.com");
    private static final RelayUrl R2 = RelayUrl.of("wss://r2.example.com");
    private static final RelayUrl HOME = RelayUrl.of("wss://home.example.com");
    private static final String CHANNEL = "c1".repeat(32);
    private static final DeviceAddress PHONE = device("a1".repeat(32));

    private static DeviceAddress device(String id) {
        return new DeviceAddressReader(List.of()).read(id).orElseThrow();
    }

    /** Settings in the making. */
    private static final class Says {
        private Optional<DeviceAddress> device = Optional.empty();
        private Optional<List<Integer>> kinds = Optional.empty();
        private Optional<List<RelayUrl>> relays = Optional.empty();
        private Optional<List<PublicKey>> authors = Optional.empty();
        private Optional<List<String>> e = Optional.empty();
        private Optional<List<PublicKey>> p = Optional.empty();

        static Says phone() {
            return new Says().device(PHONE);
        }

        Says device(DeviceAddress value) {
            device = Optional.of(value);
            return this;
        }

        Says kinds(Integer... values) {
            kinds = Optional.of(List.of(values));
            return this;
        }

        Says relays(RelayUrl... values) {
            relays = Optional.of(List.of(values));
            return this;
        }

        Says authors(PublicKey... values) {
            authors = Optional.of(List.of(values));
            return this;
        }

        Says e(String... values) {
            e = Optional.of(List.of(values));
            return this;
        }

        Says p(PublicKey... values) {
            p = Optional.of(List.of(values));
            return this;
        }

        Settings settings() {
            return new Settings(Optional.empty(), device, Optional.empty(), kinds, relays, authors, e, p);
        }
    }

    private static Registration first(Says says) {
        return Registration.first(ME, says.settings(), T0, 5);
    }

    private static Registration then(Registration before, Says says, int secondsLater) {
        return before.with(says.settings(), T0.plusSeconds(secondsLater), 5);
    }

    private static NostrEvent event(PublicKey author, long createdAt, int kind, Tag... tags) {
        return new NostrEvent(
                EventId.ofHex("ee".repeat(32)), author, createdAt, kind, Arrays.asList(tags), "", "f".repeat(128));
    }

    private static NostrEvent now(PublicKey author, int kind, Tag... tags) {
        return event(author, T0.getEpochSecond(), kind, tags);
    }

    private static Tag p(PublicKey key) {
        return Tag.of("p", key.hex());
    }

    private static boolean wants(Registration registration, NostrEvent event) {
        return registration.wants(event, Source.host(), T0);
    }

    // ---- defaults, replacing, keeping

    @Test
    void aFirstRegistrationHasItsDefaults() {
        Registration of = first(Says.phone());
        assertThat(of.kinds()).containsExactlyInAnyOrder(4, 44, 1059, 42, 9735, 9, 10, 1, 6, 7);
        assertThat(of.p()).containsExactly(ME);
        assertThat(of.relays()).isEmpty();
        assertThat(of.authors()).isEmpty();
        assertThat(of.e()).isEmpty();
        assertThat(first(Says.phone().e(CHANNEL)).p()).containsExactly(ME);
    }

    @Test
    void anEmptyListIsNotTheDefault() {
        Registration of = first(Says.phone().kinds().p().relays());
        assertThat(of.kinds()).isEmpty();
        assertThat(of.p()).isEmpty();
    }

    @Test
    void settingsReplaceWhatTheyNameAndKeepTheRest() {
        Registration all = first(
                Says.phone().kinds(4).relays(R1).authors(FRIEND).e(CHANNEL).p(STRANGER));
        Registration kept = then(all, new Says().kinds(1), 1);
        assertThat(kept.kinds()).containsExactly(1);
        assertThat(kept.relays()).containsExactly(R1);
        assertThat(kept.authors()).containsExactly(FRIEND);
        assertThat(kept.e()).containsExactly(CHANNEL);
        assertThat(kept.p()).containsExactly(STRANGER);
        assertThat(kept.device(PHONE)).isPresent();

        Registration cleared = then(all, new Says().relays().authors().e().p().kinds(), 1);
        assertThat(cleared.relays()).isEmpty();
        assertThat(cleared.authors()).isEmpty();
        assertThat(cleared.e()).isEmpty();
        assertThat(cleared.p()).isEmpty();
        assertThat(cleared.kinds()).isEmpty();
    }

    // ---- devices

    @Test
    void theLeastRecentlyRegisteredOfSixDevicesGoes() {
        Registration of = first(new Says().device(device("a0".repeat(32))));
        for (int i = 1; i < 5; i++) {
            of = then(of, new Says().device(device(("a" + i).repeat(32))), i);
        }
        of = then(of, new Says().device(device("a0".repeat(32))), 5);
        of = then(of, new Says().device(device("a5".repeat(32))), 6);
        assertThat(of.devices()).hasSize(5);
        assertThat(of.device(device("a1".repeat(32)))).isEmpty();
        assertThat(of.device(device("a0".repeat(32)))).isPresent();
    }

    @Test
    void aDeviceThatRegistersUnderAClockThatWasSetBackStays() {
        Registration of = first(new Says().device(device("a0".repeat(32))));
        for (int i = 1; i < 5; i++) {
            of = then(of, new Says().device(device(("a" + i).repeat(32))), i);
        }
        of = then(of, new Says().device(device("a5".repeat(32))), -100);
        assertThat(of.devices()).hasSize(5);
        assertThat(of.device(device("a5".repeat(32)))).isPresent();
    }

    @Test
    void aKnownDeviceKeepsItsCountAndGetsTheNewTextAndDate() {
        Registration of = first(Says.phone());
        DeviceAddress upper = device("A1".repeat(32));
        Device again = then(of, new Says().device(upper), 9).device(PHONE).orElseThrow();
        assertThat(again.address().text()).isEqualTo("A1".repeat(32));
        assertThat(again.countsSince()).isEqualTo(T0);
        assertThat(again.registeredAt()).isEqualTo(T0.plusSeconds(9));
    }

    @Test
    void aRemovedDeviceCountsAnew() {
        Registration of = then(first(Says.phone()).without(PHONE), Says.phone(), 9);
        assertThat(of.device(PHONE).orElseThrow().countsSince()).isEqualTo(T0.plusSeconds(9));
    }

    @Test
    void aRegistrationWithoutADeviceIsSilent() {
        Registration of = first(new Says().kinds(1));
        assertThat(of.isActive()).isFalse();
        assertThat(wants(of, now(FRIEND, 1, p(ME)))).isFalse();
        assertThat(first(Says.phone().kinds(1)).without(PHONE).isActive()).isFalse();
    }

    // ---- which kinds

    @Test
    void onlyTheKindsThatAreNamedMatch() {
        Registration of = first(Says.phone().kinds(1));
        assertThat(wants(of, now(FRIEND, 1, p(ME)))).isTrue();
        assertThat(wants(of, now(FRIEND, 7, p(ME)))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {13, 22_242, 22_456})
    void someKindsNeverMatch(int kind) {
        Registration of = first(Says.phone().kinds(kind, 1).e(CHANNEL));
        assertThat(wants(of, now(FRIEND, kind, p(ME), Tag.of("e", CHANNEL)))).isFalse();
        assertThat(of.interest().orElseThrow().kinds()).containsExactly(1);
        assertThat(first(Says.phone().kinds(kind)).isActive()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 44, 1059, 1060, 21_059})
    void directMessagesMatchOnlyForTheAccountItself(int kind) {
        Registration of = first(Says.phone().kinds(kind).p(ME, FRIEND).e(CHANNEL));
        assertThat(wants(of, now(STRANGER, kind, p(ME)))).isTrue();
        assertThat(wants(of, now(STRANGER, kind, p(FRIEND)))).isFalse();
        assertThat(wants(of, now(STRANGER, kind, p(FRIEND), Tag.of("e", CHANNEL))))
                .isFalse();
        assertThat(wants(of, now(STRANGER, kind, Tag.of("h", CHANNEL)))).isFalse();
        assertThat(wants(first(Says.phone().kinds(kind).p(FRIEND)), now(STRANGER, kind, p(ME))))
                .isFalse();
    }

    @Test
    void otherKindsMatchForWhomeverIsWatched() {
        Registration of = first(Says.phone().kinds(1).p(FRIEND));
        assertThat(wants(of, now(STRANGER, 1, p(FRIEND)))).isTrue();
        assertThat(wants(of, now(STRANGER, 1, p(ME)))).isFalse();
    }

    // ---- tags

    @Test
    void anyPTagMatchesAndOnlyInLowerCase() {
        Registration of = first(Says.phone().kinds(1));
        assertThat(wants(of, now(FRIEND, 1, p(STRANGER), p(ME)))).isTrue();
        assertThat(wants(of, now(FRIEND, 1, Tag.of("p", ME.hex().toUpperCase(java.util.Locale.ROOT)))))
                .isFalse();
        assertThat(wants(of, now(FRIEND, 1, Tag.of("P", ME.hex())))).isFalse();
        assertThat(wants(of, now(FRIEND, 1, Tag.of("p")))).isFalse();
        assertThat(wants(of, now(FRIEND, 1))).isFalse();
    }

    @Test
    void eAndHTagsMatchWhatIsWatchedUnderE() {
        Registration of = first(Says.phone().kinds(9, 42).p().e(CHANNEL, "group"));
        assertThat(wants(of, now(FRIEND, 42, Tag.of("e", CHANNEL)))).isTrue();
        assertThat(wants(of, now(FRIEND, 42, Tag.of("e", "ff".repeat(32)), Tag.of("e", CHANNEL))))
                .isTrue();
        assertThat(wants(of, now(FRIEND, 9, Tag.of("h", "group")))).isTrue();
        assertThat(wants(of, now(FRIEND, 9, Tag.of("h", "Group")))).isFalse();
        assertThat(wants(of, now(FRIEND, 9, Tag.of("g", "group")))).isFalse();
    }

    // ---- authors

    @Test
    void authorsRestrictMatchesByP() {
        Registration of = first(Says.phone().kinds(1, 4).authors(FRIEND));
        assertThat(wants(of, now(FRIEND, 1, p(ME)))).isTrue();
        assertThat(wants(of, now(STRANGER, 1, p(ME)))).isFalse();
        assertThat(wants(of, now(STRANGER, 4, p(ME)))).isFalse();
        assertThat(wants(first(Says.phone().kinds(1).authors()), now(STRANGER, 1, p(ME))))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {1059, 1060, 21_059, 9735})
    void kindsWhoseAuthorIsNoSenderAreExempt(int kind) {
        assertThat(wants(first(Says.phone().kinds(kind).authors(FRIEND)), now(STRANGER, kind, p(ME))))
                .isTrue();
    }

    @Test
    void matchesByEAreNotRestricted() {
        Registration of = first(Says.phone().kinds(42).authors(FRIEND).e(CHANNEL));
        assertThat(wants(of, now(STRANGER, 42, Tag.of("e", CHANNEL)))).isTrue();
        assertThat(wants(of, now(STRANGER, 42, p(ME), Tag.of("e", CHANNEL)))).isTrue();
        assertThat(wants(of, now(STRANGER, 42, p(ME)))).isFalse();
    }

    @Test
    void nobodyIsNotifiedOfWhatHeWroteHimself() {
        Registration of = first(Says.phone().kinds(1, 1059).e(CHANNEL).authors(ME));
        assertThat(wants(of, now(ME, 1, p(ME)))).isFalse();
        assertThat(wants(of, now(ME, 1, Tag.of("e", CHANNEL)))).isFalse();
        assertThat(wants(of, now(ME, 1059, p(ME)))).isFalse();
    }

    // ---- sources

    @Test
    void anEventCountsFromNamedRelaysHomeRelaysFeedersAndTheHost() {
        Registration of = first(Says.phone().kinds(1).relays(R1));
        NostrEvent event = now(FRIEND, 1, p(ME));
        assertThat(of.wants(event, Source.relay(R1), T0)).isTrue();
        assertThat(of.wants(event, Source.relay(R1).asStored(), T0)).isTrue();
        assertThat(of.wants(event, Source.relay(R2), T0)).isFalse();
        assertThat(of.wants(event, Source.homeRelay(HOME), T0)).isTrue();
        assertThat(of.wants(event, Source.feeder("strfry"), T0)).isTrue();
        assertThat(of.wants(event, Source.host("bot"), T0)).isTrue();
        assertThat(of.wants(event, Source.endpoint("stranger"), T0)).isFalse();
    }

    // ---- age

    @ParameterizedTest
    @CsvSource({
        "1, -86400, true",
        "1, -86401, false",
        "4, -86400, true",
        "4, -86401, false",
        "1060, -86401, false",
        "1059, -255600, true",
        "1059, -255601, false",
        "21059, -255600, true",
        "21059, -255601, false",
        "1, 900, true",
        "1, 901, false",
        "1059, 900, true",
        "1059, 901, false"
    })
    void anEventHasItsAge(int kind, long offset, boolean wanted) {
        Registration of = first(Says.phone().kinds(kind));
        assertThat(wants(of, event(FRIEND, T0.getEpochSecond() + offset, kind, p(ME))))
                .isEqualTo(wanted);
    }

    @ParameterizedTest
    @CsvSource({"1, true", "0, false", "-1, false"})
    void anEventIsOfNoUseOnceItExpired(long offset, boolean wanted) {
        Registration of = first(Says.phone().kinds(1));
        Tag expiration = Tag.of("expiration", Long.toString(T0.getEpochSecond() + offset));
        assertThat(wants(of, now(FRIEND, 1, p(ME), expiration))).isEqualTo(wanted);
    }

    @Test
    void anExpirationThatIsNoNumberIsNone() {
        assertThat(wants(first(Says.phone().kinds(1)), now(FRIEND, 1, p(ME), Tag.of("expiration", "soon"))))
                .isTrue();
    }

    @Test
    void whatFollowsACallIsNeverPushed() {
        Registration of = first(Says.phone().kinds(1059, 21_059, 1));
        assertThat(wants(of, now(FRIEND, 1059, p(ME), Tag.of("k", "25051")))).isFalse();
        assertThat(wants(of, now(FRIEND, 21_059, p(ME), Tag.of("k", "25051")))).isFalse();
        assertThat(wants(of, now(FRIEND, 1059, p(ME), Tag.of("k", "25050")))).isTrue();
        assertThat(wants(of, now(FRIEND, 1, p(ME), Tag.of("k", "25051")))).isTrue();
    }

    // ---- history

    private static boolean isHistory(Registration of, NostrEvent event, Source source, int secondsLater) {
        return of.isHistory(event, source, T0.plusSeconds(secondsLater), true);
    }

    @Test
    void whatWasWrittenBeforeTheBeginningIsHistory() {
        Registration of =
                Registration.first(ME, Says.phone().kinds(1).relays(R1).settings(), T0.plusMillis(900), 5);
        NostrEvent before = event(FRIEND, T0.getEpochSecond() - 1, 1, p(ME));
        NostrEvent sameSecond = event(FRIEND, T0.getEpochSecond(), 1, p(ME));
        for (Source source : List.of(Source.relay(R1), Source.relay(R1).asStored(), Source.homeRelay(HOME))) {
            assertThat(isHistory(of, before, source, 1)).as("%s", source).isTrue();
            assertThat(isHistory(of, sameSecond, source, 1)).as("%s", source).isFalse();
        }
    }

    @Test
    void whatAHostOrFeederHandsOverAsLiveIsNeverHistory() {
        Registration of = first(Says.phone().kinds(1, 1059));
        for (Source source : List.of(Source.host(), Source.feeder("strfry"))) {
            for (int kind : List.of(1, 1059)) {
                assertThat(isHistory(of, event(FRIEND, T0.getEpochSecond() - 500, kind, p(ME)), source, 0))
                        .isFalse();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1059, 21_059})
    void giftWrapsAreHistoryUntilTheirRelayHasCaughtUp(int kind) {
        Registration of = first(Says.phone().kinds(kind).relays(R1, R2));
        NostrEvent dated = event(FRIEND, T0.getEpochSecond() - 100_000, kind, p(ME));
        NostrEvent fresh = event(FRIEND, T0.getEpochSecond() + 9_000, kind, p(ME));
        Source fromStore = Source.relay(R1).asStored();
        assertThat(isHistory(of, dated, fromStore, 9_000)).isTrue();
        assertThat(isHistory(of, fresh, fromStore, 9_000)).isTrue();
        Registration caughtUp = of.caughtUpWith(R1);
        assertThat(isHistory(caughtUp, dated, fromStore, 1)).isFalse();
        assertThat(isHistory(caughtUp, dated, Source.relay(R2).asStored(), 1)).isTrue();
        assertThat(isHistory(caughtUp.leaving(R1), dated, fromStore, 1)).isTrue();
    }

    @Test
    void aGiftWrapThatComesLiveIsNeverHistory() {
        Registration of = first(Says.phone().kinds(1059).relays(R1));
        NostrEvent dated = event(FRIEND, T0.getEpochSecond() - 100_000, 1059, p(ME));
        assertThat(isHistory(of, dated, Source.relay(R1), 0)).isFalse();
    }

    @Test
    void whatAHostHadStoredIsHistoryForThirtySeconds() {
        Registration of = first(Says.phone().kinds(1059));
        NostrEvent dated = event(FRIEND, T0.getEpochSecond() - 100_000, 1059, p(ME));
        assertThat(isHistory(of, dated, Source.host().asStored(), 29)).isTrue();
        assertThat(isHistory(of, dated, Source.host().asStored(), 30)).isFalse();
    }

    private static Registration watching() {
        return first(Says.phone().kinds(1, 1059).relays(R1).e(CHANNEL).p(ME)).caughtUpWith(R1);
    }

    private static final Instant LATER = T0.plusSeconds(60);

    @Test
    void whatIsAddedMovesTheBeginning() {
        assertThat(then(watching(), new Says().kinds(1, 1059, 7), 60).began()).isEqualTo(LATER);
        assertThat(then(watching(), new Says().relays(R1, R2), 60).began()).isEqualTo(LATER);
        assertThat(then(watching(), new Says().e(CHANNEL, "g"), 60).began()).isEqualTo(LATER);
        assertThat(then(watching(), new Says().p(ME, FRIEND), 60).began()).isEqualTo(LATER);
    }

    @Test
    void whatIsTakenAwayOrSaidAgainMovesNothing() {
        for (Says says : List.of(
                new Says().kinds(1, 1059),
                new Says().kinds(1059),
                new Says().relays(),
                new Says().e(),
                new Says().authors(FRIEND),
                Says.phone(),
                new Says().device(device("b2".repeat(32))))) {
            Registration after = then(watching(), says, 60);
            assertThat(after.began()).isEqualTo(T0);
            assertThat(after.wrapsBegan()).isEqualTo(T0);
            assertThat(after.caughtUp()).containsExactly(R1);
        }
    }

    @Test
    void onlyKind1059AndTheOwnPMoveTheBeginningOfGiftWraps() {
        for (Says says : List.of(
                new Says().kinds(1, 1059, 7),
                new Says().relays(R1, R2),
                new Says().e(CHANNEL, "g"),
                new Says().p(ME, FRIEND))) {
            Registration after = then(watching(), says, 60);
            assertThat(after.wrapsBegan()).isEqualTo(T0);
            assertThat(after.caughtUp()).containsExactly(R1);
        }
        Registration wrapsAdded = then(then(watching(), new Says().kinds(1), 30), new Says().kinds(1, 1059), 60);
        assertThat(wrapsAdded.wrapsBegan()).isEqualTo(LATER);
        assertThat(wrapsAdded.caughtUp()).isEmpty();
        Registration ownPAdded = then(then(watching(), new Says().p(FRIEND), 30), new Says().p(FRIEND, ME), 60);
        assertThat(ownPAdded.wrapsBegan()).isEqualTo(LATER);
        assertThat(ownPAdded.caughtUp()).isEmpty();
    }

    @Test
    void aNewRelayStartsOverForGiftWraps() {
        Registration after = then(watching(), new Says().relays(R1, R2), 60);
        NostrEvent dated = event(FRIEND, T0.getEpochSecond() - 100_000, 1059, p(ME));
        assertThat(isHistory(after, dated, Source.relay(R2).asStored(), 70)).isTrue();
        assertThat(isHistory(after, dated, Source.relay(R1).asStored(), 70)).isFalse();
    }

    @Test
    void theInterestEndsWithTheLastDeviceAndWithTheLastKind() {
        Registration lastDevice = then(watching().without(PHONE), Says.phone(), 60);
        assertThat(lastDevice.began()).isEqualTo(LATER);
        assertThat(lastDevice.wrapsBegan()).isEqualTo(LATER);
        assertThat(lastDevice.caughtUp()).isEmpty();
        Registration noKinds = then(then(watching(), new Says().kinds(), 30), new Says().kinds(1, 1059), 60);
        assertThat(noKinds.began()).isEqualTo(LATER);
        assertThat(noKinds.wrapsBegan()).isEqualTo(LATER);
        assertThat(noKinds.caughtUp()).isEmpty();
    }

    @Test
    void theFirstDeviceBeginsTheInterest() {
        Registration of = then(first(new Says().kinds(1)), Says.phone(), 60);
        assertThat(of.began()).isEqualTo(LATER);
        assertThat(of.wrapsBegan()).isEqualTo(LATER);
    }

    @Test
    void relaysAreAskedForASuperset() {
        Registration of = first(Says.phone().kinds(1, 1059).e(CHANNEL, "g").p(ME, FRIEND));
        Interest interest = of.interest().orElseThrow();
        assertThat(interest.kinds()).containsExactlyInAnyOrder(1, 1059);
        assertThat(interest.e()).containsExactlyInAnyOrder(CHANNEL, "g");
        assertThat(interest.p()).containsExactlyInAnyOrder(ME, FRIEND);
        assertThat(interest.began()).isEqualTo(T0);
        assertThat(first(Says.phone().p()).interest()).isEmpty();
        assertThat(first(Says.phone().p().e("g")).interest().orElseThrow().p()).isEqualTo(Set.of());
    }

    @Test
    void anEventForAllIsKeptForAsLongAsItCanReturn() {
        assertThat(Registration.MAX_WRAP_AGE).isLessThan(Duration.ofDays(3));
    }
}
