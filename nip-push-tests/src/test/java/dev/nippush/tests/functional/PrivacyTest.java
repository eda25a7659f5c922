package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.Nip04;
import dev.nippush.crypto.Nip44;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.testkit.RecordingTransport;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a provider learns of an event, by the operator's and the client's word. */
@Timeout(60)
class PrivacyTest {

    private static final RelayUrl RELAY = RelayUrl.of("wss://relay.example.com");
    private static final String SECRET = "7b9e0d1f-of-the-closed-group";

    private final RecordingTransport provider = new RecordingTransport();

    private Rig rigAt(Privacy operator) {
        return new Rig(builder -> builder.transport(provider, operator));
    }

    private static SettingsDraft phone() {
        return SettingsDraft.forDevice(Rig.PHONE).relays(List.of(RELAY));
    }

    private PushMessage only() {
        assertThat(provider.sent()).hasSize(1);
        return provider.sent().get(0);
    }

    private Notification shown() {
        return only().notification();
    }

    // ---- levels

    @Test
    void byDefaultTheProviderLearnsTheSortAlone() {
        Rig rig = new Rig();
        rig.accept(rig.mention(rig.registered()), Source.host());
        Notification shown = rig.sent().get(0).notification();
        assertThat(shown.title()).isEqualTo("New mention");
        assertThat(shown.data()).isEqualTo(Map.of("msgType", "0"));
    }

    @ParameterizedTest
    @CsvSource({
        "WAKE, , WAKE",
        "MINIMAL, , MINIMAL",
        "SEALED, , SEALED",
        "REFERENCE, , REFERENCE",
        "REFERENCE, reference, REFERENCE",
        "REFERENCE, sealed, SEALED",
        "REFERENCE, minimal, MINIMAL",
        "REFERENCE, wake, WAKE",
        "SEALED, reference, SEALED",
        "SEALED, minimal, MINIMAL",
        "MINIMAL, reference, MINIMAL",
        "MINIMAL, sealed, MINIMAL",
        "MINIMAL, wake, WAKE",
        "WAKE, reference, WAKE",
    })
    void aClientGetsWhatItAsksForUpToWhatTheOperatorAllows(Privacy operator, String asked, Privacy expected) {
        Rig rig = rigAt(operator);
        User user = rig.user();
        SettingsDraft draft = phone();
        Optional.ofNullable(asked).flatMap(Privacy::named).ifPresent(draft::privacy);
        user.says(draft);
        NostrEvent event = rig.mention(user);
        rig.accept(event, Source.relay(RELAY));

        Notification shown = shown();
        assertThat(shown.isSilent()).isEqualTo(expected == Privacy.WAKE);
        assertThat(shown.data()).containsEntry("msgType", "0");
        switch (expected) {
            case WAKE, MINIMAL -> assertThat(shown.data()).containsOnlyKeys("msgType");
            case SEALED -> assertThat(shown.data()).containsOnlyKeys("msgType", "sealed");
            case REFERENCE ->
                assertThat(shown.data())
                        .isEqualTo(Map.of(
                                "msgType",
                                "0",
                                "id",
                                event.id().hex(),
                                "kind",
                                "1",
                                "relay",
                                "wss://relay.example.com"));
        }
    }

    @Test
    void aCallThatShowsNothingIsStillACall() {
        Rig rig = rigAt(Privacy.WAKE);
        rig.accept(rig.call(rig.registered()));
        assertThat(shown().isSilent()).isTrue();
        assertThat(shown().urgency()).isEqualTo(Notification.Urgency.HIGH);
        assertThat(shown().data()).isEqualTo(Map.of("msgType", "1"));
    }

    @Test
    void aReferenceNamesNoRelayWhereNoneSentTheEvent() {
        Rig rig = rigAt(Privacy.REFERENCE);
        rig.accept(rig.mention(rig.registered()), Source.feeder("strfry"));
        assertThat(shown().data()).containsOnlyKeys("msgType", "id", "kind");
    }

    @Test
    void eachDeviceHasItsOwnLevel() {
        Rig rig = rigAt(Privacy.REFERENCE);
        User user = rig.user();
        user.says(SettingsDraft.forDevice(Rig.PHONE).privacy(Privacy.WAKE));
        user.says(SettingsDraft.forDevice(Rig.TABLET));
        rig.accept(rig.mention(user));
        assertThat(provider.sentTo(Rig.address(Rig.PHONE)).get(0).notification().isSilent())
                .isTrue();
        assertThat(provider.sentTo(Rig.address(Rig.TABLET))
                        .get(0)
                        .notification()
                        .data())
                .containsKey("id");
    }

    @Test
    void settingsThatDoNotSpeakOfItLeaveTheLevelAsItIs() {
        Rig rig = rigAt(Privacy.REFERENCE);
        User user = rig.user();
        user.says(phone().privacy(Privacy.MINIMAL));
        user.says(phone().kinds(List.of(1)));
        rig.accept(rig.mention(user));
        assertThat(shown().data()).containsOnlyKeys("msgType");
    }

    @Test
    void settingsWithoutADeviceSpeakOfAllDevices() {
        Rig rig = rigAt(Privacy.REFERENCE);
        User user = rig.user();
        user.registers(Rig.PHONE);
        user.registers(Rig.TABLET);
        user.says(SettingsDraft.forDevice("").kinds(List.of(1)).privacy(Privacy.WAKE));
        rig.accept(rig.mention(user));
        assertThat(provider.sent())
                .hasSize(2)
                .allSatisfy(
                        message -> assertThat(message.notification().isSilent()).isTrue());
    }

    @Test
    void aDeviceThatWasRemovedHasItsLevelFromTheOperatorAgain() {
        Rig rig = rigAt(Privacy.REFERENCE);
        User user = rig.user();
        user.says(phone().privacy(Privacy.WAKE));
        rig.pass(1);
        user.logsOut();
        rig.pass(1);
        user.says(phone());
        rig.accept(rig.mention(user));
        assertThat(shown().data()).containsKey("id");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"all\"", "\"\"", "1", "true", "[]", "[\"wake\"]", "{}"})
    void aLevelThatIsNoneIsRefusedBecauseItMightHaveAskedForLess(String level) {
        Rig rig = rigAt(Privacy.REFERENCE);
        User user = rig.user();
        assertThat(rig.accept(settings(rig, user, level))).isEqualTo(new Outcome.Refused(Refusal.BAD_PRIVACY));
        assertThat(Refusal.BAD_PRIVACY.code()).isEqualTo("bad_privacy");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\" Wake \"", "\"WAKE\"", "\"wake\""})
    void aLevelMayBeSpelledLoosely(String level) {
        Rig rig = rigAt(Privacy.REFERENCE);
        User user = rig.user();
        assertThat(rig.accept(settings(rig, user, level))).isEqualTo(new Outcome.Applied());
        rig.accept(rig.mention(user));
        assertThat(shown().isSilent()).isTrue();
    }

    @Test
    void aLevelThatIsNullIsNotThere() {
        Rig rig = rigAt(Privacy.REFERENCE);
        User user = rig.user();
        assertThat(rig.accept(settings(rig, user, "null"))).isEqualTo(new Outcome.Applied());
        rig.accept(rig.mention(user));
        assertThat(shown().data()).containsKey("id");
    }

    private static NostrEvent settings(Rig rig, User user, String privacy) {
        String plaintext = "{\"deviceId\":\"" + Rig.PHONE + "\",\"privacy\":" + privacy + "}";
        return user.keys.sign(
                rig.seconds(),
                Kind.PUSH_CONTROL,
                List.of(Tag.of("p", rig.server.publicKey().hex())),
                Nip04.encrypt(user.keys, rig.server.publicKey(), plaintext));
    }

    // ---- the moment of sending

    @Test
    void whatIsHeldGoesOutAtTheLevelThatTheDeviceHasThen() {
        Rig rig = rigAt(Privacy.REFERENCE);
        User user = rig.user();
        user.says(phone());
        user.goesOnline();
        NostrEvent late = user.settings(phone().privacy(Privacy.MINIMAL), rig.seconds());
        rig.pass(2);
        rig.accept(rig.mention(user));
        user.applied(late);
        rig.pass(200);
        assertThat(shown().data()).containsOnlyKeys("msgType");
    }

    @Test
    void aRetryGoesOutAtTheLevelThatTheDeviceHasThen() {
        Rig rig = rigAt(Privacy.REFERENCE);
        provider.script().silence();
        User user = rig.user();
        user.says(phone());
        rig.accept(rig.mention(user));
        user.says(phone().privacy(Privacy.WAKE));
        rig.pass(10);
        assertThat(provider.sent()).hasSize(2);
        assertThat(provider.sent().get(0).notification().data()).containsKey("id");
        assertThat(provider.sent().get(1).notification().data()).containsOnlyKeys("msgType");
        assertThat(provider.sent().get(1).notification().isSilent()).isTrue();
        assertThat(provider.sent().get(1).collapseKey())
                .isEqualTo(provider.sent().get(0).collapseKey());
    }

    @Test
    void aPushGoesToTheKeysThatTheSubscriptionHasThen() {
        Rig rig = rigAt(Privacy.MINIMAL);
        String before = subscription(1);
        String after = subscription(2);
        User user = rig.user();
        user.registers(before);
        user.goesOnline();
        NostrEvent late = user.settings(SettingsDraft.forDevice(after), rig.seconds());
        rig.pass(2);
        rig.comesIn(user);
        user.applied(late);
        rig.pass(200);
        assertThat(only().address()).isEqualTo(Rig.address(before));
        assertThat(only().address().text()).isEqualTo(after);
        assertThat(only().address().auth().orElseThrow()).containsOnly(2);
    }

    private static String subscription(int secret) {
        byte[] point = new byte[65];
        point[0] = 4;
        byte[] auth = new byte[16];
        java.util.Arrays.fill(auth, (byte) secret);
        Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
        return "{\"endpoint\":\"https://push.example.com/1\",\"keys\":{\"p256dh\":\"" + base64.encodeToString(point)
                + "\",\"auth\":\"" + base64.encodeToString(auth) + "\"}}";
    }

    // ---- sealed

    private static NostrEvent unsealed(Rig rig, User user, Notification shown) {
        String sealed = shown.data().get(Notification.SEALED);
        assertThat(sealed).isNotNull();
        return NostrEvent.parse(Nip44.decrypt(user.keys, rig.server.publicKey(), sealed));
    }

    @Test
    void theRecipientAloneCanOpenASealedEvent() {
        Rig rig = rigAt(Privacy.SEALED);
        User user = rig.registered();
        NostrEvent event = rig.mention(user);
        rig.accept(event, Source.feeder("strfry"));
        assertThat(unsealed(rig, user, shown())).isEqualTo(event);
        assertThat(shown().title()).isEqualTo("New mention");
        assertThat(shown().data().get(Notification.SEALED))
                .doesNotContain(event.id().hex());
    }

    @Test
    void aGroupsMessageThatAnybodyGetsIsSealed() {
        Rig rig = rigAt(Privacy.SEALED);
        User user = member(rig);
        NostrEvent event = groupMessage(rig);
        rig.accept(event, Source.relay(RELAY));
        assertThat(unsealed(rig, user, shown())).isEqualTo(event);
    }

    @Test
    void aGroupsMessageThatOnlyWeMayGetIsNot() {
        Rig rig = rigAt(Privacy.SEALED);
        member(rig);
        rig.accept(groupMessage(rig), Source.feeder("strfry"));
        rig.accept(groupMessage(rig), Source.host());
        rig.accept(groupMessage(rig), Source.relay(RELAY).asAuthenticated());
        assertThat(provider.sent())
                .hasSize(3)
                .allSatisfy(message -> assertThat(message.notification().data()).containsOnlyKeys("msgType"));
    }

    @Test
    void anEventThatFitsNoPushIsNotSealed() {
        Rig rig = rigAt(Privacy.SEALED);
        User user = rig.registered();
        NostrEvent event = rig.friend.sign(rig.seconds(), 1, List.of(user.tag()), "x".repeat(3_000));
        rig.accept(event);
        assertThat(shown().data()).containsOnlyKeys("msgType");
        assertThat(shown().title()).isEqualTo("New mention");
    }

    // ---- threads

    private static User member(Rig rig) {
        User user = rig.user();
        user.says(SettingsDraft.forDevice(Rig.PHONE).relays(List.of(RELAY)).e(List.of(SECRET, "other")));
        return user;
    }

    private static NostrEvent groupMessage(Rig rig) {
        return groupMessage(rig, SECRET);
    }

    private static NostrEvent groupMessage(Rig rig, String group) {
        return rig.event(Kind.GROUP_CHAT, rig.seconds(), Tag.of("h", group));
    }

    @Test
    void aGroupIsOneThreadOnADeviceUnderANameThatSaysNothing() {
        Rig rig = rigAt(Privacy.MINIMAL);
        User user = member(rig);
        user.registers(Rig.TABLET);
        rig.accept(groupMessage(rig));
        rig.accept(groupMessage(rig));
        rig.accept(groupMessage(rig, "other"));

        List<String> phone = threads(Rig.PHONE);
        assertThat(phone.get(0))
                .isEqualTo(phone.get(1))
                .isNotEqualTo(phone.get(2))
                .matches("[0-9a-f]{32}");
        assertThat(threads(Rig.TABLET)).doesNotContainAnyElementsOf(phone);
        assertThat(provider.sent().toString()).doesNotContain(SECRET);
    }

    private List<String> threads(String device) {
        return provider.sentTo(Rig.address(device)).stream()
                .map(message -> message.notification().thread())
                .toList();
    }
}
