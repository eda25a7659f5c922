package dev.nippush.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceAddressReaderTest {
    private static final String HEX = "0d4cf78bcd4d3b9e7ba2385d1c13978ab1a634b299711bd4c0b899cad18a4067";
    private static final String FCM = "dQ807da66e7fb53ca894:APA91b3qbjbjVPQGx09ETY--y42Hn5t_Cte6";
    private static final String EMBEDDED = "Embedded-FCM/FCM?v2&instance=default&token=" + FCM;

    private final DeviceAddressReader configured =
            new DeviceAddressReader(List.of("com.oxchat.nostr", "com.example.app"));
    private final DeviceAddressReader unconfigured = new DeviceAddressReader(List.of());

    private static String base64(int length, int first) {
        byte[] bytes = new byte[length];
        bytes[0] = (byte) first;
        bytes[length - 1] = -1;
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static String subscription(String endpoint, String p256dh, String auth) {
        return "{\"endpoint\":\"" + endpoint + "\",\"expirationTime\":null,\"keys\":{\"p256dh\":\"" + p256dh
                + "\",\"auth\":\"" + auth + "\"}}";
    }

    @Test
    void readsEveryDeviceOfTheRecordedControlMessages() throws Exception {
        Set<Channel> channels = new HashSet<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                DeviceAddressReaderTest.class.getResourceAsStream("/vectors/control/control.jsonl"),
                StandardCharsets.UTF_8))) {
            for (String line : lines.lines().toList()) {
                JsonObject expected =
                        JsonParser.parseString(line).getAsJsonObject().getAsJsonObject("expected");
                JsonElement device = expected.get("deviceId");
                if (device != null
                        && device.isJsonPrimitive()
                        && !device.getAsString().isEmpty()) {
                    String text = device.getAsString();
                    DeviceAddress address = configured.read(text).orElseThrow();
                    assertThat(address.text()).isEqualTo(text);
                    channels.add(address.channel());
                }
            }
        }
        assertThat(channels).containsExactlyInAnyOrder(Channel.APNS, Channel.FCM, Channel.UNIFIED_PUSH);
    }

    @Test
    void hexIsAnApnsTokenForTheDefaultTopic() {
        DeviceAddress address = configured.read("  " + HEX.toUpperCase() + "\n").orElseThrow();

        assertThat(address.channel()).isEqualTo(Channel.APNS);
        assertThat(address.text()).isEqualTo(HEX.toUpperCase());
        assertThat(address.token()).isEqualTo(HEX);
        assertThat(address.topic()).contains("com.oxchat.nostr");
        assertThat(address.host()).isEmpty();
        assertThat(unconfigured.read(HEX).orElseThrow().topic()).isEmpty();
        assertThat(configured.read(HEX + HEX).orElseThrow().token()).isEqualTo(HEX + HEX);
        assertThat(configured.read(HEX.substring(1)).orElseThrow().channel()).isEqualTo(Channel.FCM);
    }

    @Test
    void theDefaultTopicNamedOrNotIsTheSameDevice() {
        DeviceAddress named = configured.read("com.oxchat.nostr" + HEX).orElseThrow();

        assertThat(named)
                .isEqualTo(configured.read(HEX).orElseThrow())
                .isEqualTo(
                        configured.read("com.oxchat.nostr" + HEX.toUpperCase()).orElseThrow())
                .hasSameHashCodeAs(configured.read(HEX).orElseThrow())
                .isNotEqualTo(configured.read("com.example.app" + HEX).orElseThrow())
                .isNotEqualTo(unconfigured.read(HEX).orElseThrow());
        assertThat(named.key()).isEqualTo(configured.read(HEX).orElseThrow().key());
    }

    @Test
    void anotherBundleIdIsRefusedWhereTopicsAreConfigured() {
        assertThat(configured.read("com.other.app" + HEX)).isEmpty();
        assertThat(configured.read("com.other.app" + HEX + HEX)).isEmpty();
        assertThat(configured.read("MyApp" + HEX)).isEmpty();
        assertThat(configured.read("COM.OXCHAT.NOSTR" + HEX)).isEmpty();
        assertThat(configured.read("com.oxchat.nostr." + HEX)).isEmpty();
        assertThat(configured
                        .read("com.oxchat.nostr" + HEX.substring(1))
                        .orElseThrow()
                        .channel())
                .isEqualTo(Channel.FCM);
    }

    @Test
    void anyBundleIdIsTakenWhereNoneIsConfigured() {
        DeviceAddress address = unconfigured.read("com.example.face" + HEX).orElseThrow();

        assertThat(address.topic()).contains("com.example.face");
        assertThat(address.token()).isEqualTo(HEX);
    }

    @Test
    void ofSeveralTopicsTheOneThatLeavesAWholeTokenWins() {
        DeviceAddressReader reader =
                new DeviceAddressReader(List.of("com.example", "com.exampleab", "com.exampleabcd"));

        assertThat(reader.read("com.exampleab" + HEX).orElseThrow().topic()).contains("com.exampleab");
        assertThat(reader.read("com.example" + HEX).orElseThrow().topic()).contains("com.example");
        assertThat(reader.read("com.exampleabcd" + HEX).orElseThrow().topic()).contains("com.exampleabcd");
        assertThat(reader.read("com.exampleabcd00" + HEX).orElseThrow().topic()).contains("com.exampleabcd");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "com.example/app", "com.example app", "com.example.\u00e4"})
    void refusesAnOperatorsTopicThatIsNone(String topic) {
        assertThatThrownBy(() -> new DeviceAddressReader(List.of(topic))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void readsAnFcmToken() {
        DeviceAddress address = configured.read(FCM).orElseThrow();

        assertThat(address.channel()).isEqualTo(Channel.FCM);
        assertThat(address.token()).isEqualTo(FCM);
        assertThat(address.embedded()).isFalse();
        assertThat(configured.read("aZ09_:.%-aZ09_:.%-aZ").orElseThrow().token())
                .isEqualTo("aZ09_:.%-aZ09_:.%-aZ");
        assertThat(configured.read("aZ09_:.%-aZ09_:.%-a")).isEmpty();
    }

    @Test
    void readsAnEmbeddedFcmDevice() {
        DeviceAddress address = configured.read(EMBEDDED).orElseThrow();

        assertThat(address.channel()).isEqualTo(Channel.FCM);
        assertThat(address.embedded()).isTrue();
        assertThat(address.instance()).contains("default");
        assertThat(address.token()).isEqualTo(FCM);
        assertThat(address)
                .isNotEqualTo(configured.read(FCM).orElseThrow())
                .isNotEqualTo(
                        configured.read(EMBEDDED.replace("default", "other")).orElseThrow());
    }

    @Test
    void parametersOfAnEmbeddedFcmDeviceArePercentDecodedOnce() {
        DeviceAddress address = configured
                .read("Embedded-FCM/FCM?v2&token=" + FCM.replace(":", "%3A") + "&instance=a+b%26c%2525%C3%A4&x=1")
                .orElseThrow();

        assertThat(address.token()).isEqualTo(FCM);
        assertThat(address.instance()).contains("a+b&c%25\u00e4");
        assertThat(configured
                        .read("Embedded-FCM/FCM?v2&instance=http://x&token=" + FCM)
                        .orElseThrow()
                        .instance())
                .contains("http://x");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Embedded-FCM/FCM",
                "Embedded-FCM/FCM?",
                "Embedded-FCM/FCM?v2&instance=a",
                "Embedded-FCM/FCM?v2&token=dQ807da66e7fb53ca894:APA91b3",
                "Embedded-FCM/FCM?v2&instance=&token=dQ807da66e7fb53ca894:APA91b3",
                "Embedded-FCM/FCM?v2&instance=a&token=short",
                "Embedded-FCM/FCM?v2&instance=a&token=dQ807da66e7fb53ca894/APA91b3",
                "Embedded-FCM/FCM?v2&instance=a&token=dQ807da66e7fb53ca894%0AAPA91b3",
                "Embedded-FCM/FCM?v2&instance=a%00&token=dQ807da66e7fb53ca894:APA91b3",
                "Embedded-FCM/FCM?v2&instance=a%zz&token=dQ807da66e7fb53ca894:APA91b3",
                "Embedded-FCM/FCM?v2&instance=a%4&token=dQ807da66e7fb53ca894:APA91b3",
                "Embedded-FCM/FCM?v2&instance=a%FF&token=dQ807da66e7fb53ca894:APA91b3",
                "Embedded-FCM/FCM?v2&instance=a&instance=b&token=dQ807da66e7fb53ca894:APA91b3",
                "Embedded-FCM/FCM?v3&instance=a&token=dQ807da66e7fb53ca894:APA91b3",
                "Embedded-FCM/https://x?v2&instance=a&token=dQ807da66e7fb53ca894:APA91b3",
                "embedded-fcm/FCM?v2&instance=a&token=dQ807da66e7fb53ca894:APA91b3",
            })
    void refusesABrokenEmbeddedFcmDevice(String text) {
        assertThat(configured.read(text)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "https://ntfy.example.com/upAbc?up=1, https://ntfy.example.com/upAbc?up=1, ntfy.example.com",
        "HTTPS://Ntfy.Example.com:443/upAbc, https://ntfy.example.com/upAbc, ntfy.example.com",
        "https://ntfy.example.com:8443/x/, https://ntfy.example.com:8443/x/, ntfy.example.com:8443",
        "https://ntfy.example.com, https://ntfy.example.com/, ntfy.example.com",
        "https://ntfy.example.com/x#y, https://ntfy.example.com/x, ntfy.example.com",
        "https://[::1]:8443/x, https://[::1]:8443/x, [::1]:8443",
        "https://127.0.0.1/x, https://127.0.0.1/x, 127.0.0.1",
        "https://0x7f000001/x, https://0x7f000001/x, 0x7f000001",
        "https://b\u00fccher.example/x, https://xn--bcher-kva.example/x, xn--bcher-kva.example",
    })
    void readsAUnifiedPushEndpointEvenOneThatMayNotBeDialled(String text, String token, String host) {
        DeviceAddress address = configured.read(text).orElseThrow();

        assertThat(address.channel()).isEqualTo(Channel.UNIFIED_PUSH);
        assertThat(address.token()).isEqualTo(token);
        assertThat(address.host()).contains(host);
        assertThat(address.text()).isEqualTo(text);
        assertThat(address).isEqualTo(configured.read(token).orElseThrow());
    }

    @Test
    void readsAHostsOwnScheme() {
        DeviceAddress address = configured.read("X-My.Push://Some thing?/else").orElseThrow();

        assertThat(address.channel()).isEqualTo(new Channel("x-my.push"));
        assertThat(address.token()).isEqualTo("X-My.Push://Some thing?/else");
        assertThat(address.host()).isEmpty();
        assertThat(address)
                .isEqualTo(configured.read("x-my.push://Some thing?/else").orElseThrow())
                .isNotEqualTo(configured.read("x-my.push://some thing?/else").orElseThrow());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " \t\n",
                "abc",
                "abc\u0000\r\nX-Evil: 1",
                "dQ807da66e7fb53ca894:APA91b3 qbjbj",
                "dQ807da66e7fb53ca894:APA91b3/qbjbj",
                "dQ807da66e7fb53ca894:APA91b3\u00e4bjbj",
                "0d4cf78bcd4d3b9e7ba2385d1c13978ab1a634b299711bd4c0b899cad18a4067\u0007",
                "http://ntfy.example.com/x",
                "HTTP://ntfy.example.com/x",
                "ws://ntfy.example.com/x",
                "wss://ntfy.example.com/x",
                "https://",
                "https:///x",
                "https://user@ntfy.example.com/x",
                "https://user:secret@ntfy.example.com/x",
                "https://good.example\\@evil.example/x",
                "https://good.example /x",
                "https://ntfy.example.com:0/x",
                "https://ntfy.example.com:99999/x",
                "https://ntfy.example.com/a b",
                "https://ntfy.example.com/\ud800",
                "https://ntfy.example.com/\u0085",
                "https:ntfy.example.com/xxxxxxxxxx/",
                "://x",
                "1x://y",
                "my scheme://y",
                "x-my.push://",
                "apns://0d4cf78bcd4d3b9e7ba2385d1c13978ab1a634b299711bd4c0b899cad18a4067",
                "FCM://dQ807da66e7fb53ca894:APA91b3",
                "unifiedpush://x",
                "webpush://x",
                "x-my.push://\ud800",
                "[]",
                "{",
                "{}",
                "{}x",
                "null",
            })
    void refusesEverythingElse(String text) {
        assertThat(configured.read(text)).isEmpty();
        assertThat(unconfigured.read(text)).isEmpty();
    }

    @Test
    void lengthIsBounded() {
        assertThat(configured.read("a".repeat(4_096) + " ")).isPresent();
        assertThat(configured.read("a".repeat(4_097))).isEmpty();
        assertThat(configured.read("x".repeat(64) + "://y")).isPresent();
        assertThat(configured.read("x".repeat(65) + "://y")).isEmpty();
        assertThat(configured.read("{\"keys\":" + "[".repeat(4_000))).isEmpty();
        assertThat(configured.read("{\"keys\":".repeat(500))).isEmpty();
    }

    @Test
    void readsAPushSubscription() {
        String text = subscription("https://Push.example:443/wpush/v2/Abc", base64(65, 4), base64(16, 1));

        DeviceAddress address = configured.read(text).orElseThrow();

        assertThat(address.channel()).isEqualTo(Channel.WEB_PUSH);
        assertThat(address.token()).isEqualTo("https://push.example/wpush/v2/Abc");
        assertThat(address.host()).contains("push.example");
        assertThat(address.text()).isEqualTo(text);
        assertThat(address.p256dh().orElseThrow()).hasSize(65).startsWith(4).endsWith(-1);
        assertThat(address.auth().orElseThrow()).hasSize(16).startsWith(1).endsWith(-1);
        address.auth().orElseThrow()[0] = 99;
        assertThat(address.auth().orElseThrow()).startsWith(1);
    }

    @Test
    void readsAPushSubscriptionWithKeysBesideTheEndpointAndPadding() {
        String nested = subscription("https://push.example/x", base64(65, 4), base64(16, 1));
        String flat = " {\"auth\":\"" + base64(16, 1) + "==\",\"p256dh\":\""
                + base64(65, 4).replace('_', '/')
                + "=\",\"endpoint\":\"https://push.example/x\",\"extra\":[{\"auth\":\"no\"}]} ";

        DeviceAddress address = configured.read(flat).orElseThrow();

        assertThat(address).isEqualTo(configured.read(nested).orElseThrow());
        assertThat(address.p256dh())
                .hasValueSatisfying(key -> assertThat(key)
                        .isEqualTo(
                                configured.read(nested).orElseThrow().p256dh().orElseThrow()));
    }

    @Test
    void aSubscriptionIsAnotherDeviceThanItsBareEndpoint() {
        String endpoint = "https://push.example/x";

        assertThat(configured
                        .read(subscription(endpoint, base64(65, 4), base64(16, 1)))
                        .orElseThrow())
                .isEqualTo(configured
                        .read(subscription(endpoint, base64(65, 4), base64(16, 2)))
                        .orElseThrow())
                .isNotEqualTo(configured.read(endpoint).orElseThrow());
    }

    @Test
    void refusesABrokenPushSubscription() {
        String endpoint = "https://push.example/x";
        String good = subscription(endpoint, base64(65, 4), base64(16, 1));
        assertThat(configured.read(good)).isPresent();

        assertThat(List.of(
                        subscription("http://push.example/x", base64(65, 4), base64(16, 1)),
                        subscription("https://user@push.example/x", base64(65, 4), base64(16, 1)),
                        subscription("", base64(65, 4), base64(16, 1)),
                        subscription(endpoint, base64(64, 4), base64(16, 1)),
                        subscription(endpoint, base64(65, 2), base64(16, 1)),
                        subscription(endpoint, base64(65, 4), base64(15, 1)),
                        subscription(endpoint, base64(65, 4), base64(17, 1)),
                        subscription(endpoint, base64(65, 4), ""),
                        subscription(endpoint, "!" + base64(65, 4), base64(16, 1)),
                        good + "x",
                        good + good,
                        good.replace("\"auth\"", "'auth'"),
                        good.replace("\"auth\"", "auth"),
                        good.replace("\"endpoint\"", "\"Endpoint\""),
                        good.replace("null", "nul"),
                        good.replace("}}", "}"),
                        good.replace("\"" + endpoint + "\"", "[\"" + endpoint + "\"]"),
                        good.replace("\"" + endpoint + "\"", "1")))
                .allSatisfy(text -> assertThat(configured.read(text)).isEmpty());
    }

    @Test
    void isMadeAgainFromItsText() {
        for (String text : List.of(
                HEX,
                "com.example.app" + HEX,
                FCM,
                EMBEDDED,
                "https://ntfy.example.com/x",
                "x-my.push://y",
                subscription("https://push.example/x", base64(65, 4), base64(16, 1)))) {
            DeviceAddress address = configured.read(text).orElseThrow();
            DeviceAddress again = configured.read(address.text()).orElseThrow();

            assertThat(again).isEqualTo(address);
            assertThat(again.key()).isEqualTo(address.key());
            assertThat(again.token()).isEqualTo(address.token());
        }
    }

    @Test
    void showsNoMoreThanFourCharacters() {
        assertThat(configured.read(HEX).orElseThrow()).hasToString("apns:\u20264067");
        assertThat(configured.read(FCM).orElseThrow()).hasToString("fcm:\u2026Cte6");
        assertThat(configured.read(EMBEDDED).orElseThrow()).hasToString("fcm:\u2026Cte6");
        assertThat(configured.read("https://ntfy.example.com/upSecret").orElseThrow())
                .hasToString("unifiedpush:\u2026cret");
        assertThat(configured.read("https://a.b/").orElseThrow()).hasToString("unifiedpush:\u2026");
        assertThat(configured.read("sms://12345").orElseThrow()).hasToString("sms:\u2026");
    }
}
