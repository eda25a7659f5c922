package dev.nippush.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.AddressRule;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.RelayUrl;
import dev.nippush.control.ControlReader.Reading;
import dev.nippush.event.PublicKey;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ControlReaderTest {

    private static final String TOKEN = "a1".repeat(32);
    private static final String KEY = "b2".repeat(32);

    private final ControlReader reader = new ControlReader(
            ControlLimits.standard(),
            new DeviceAddressReader(List.of()),
            device -> device.channel().isBuiltIn() || device.channel().name().equals("pigeon"),
            AddressRule.strict()::permitsLiteral);

    private ControlMessage message(String plaintext) {
        Reading reading = reader.read(plaintext);
        assertThat(reading).as(plaintext).isInstanceOf(Reading.Understood.class);
        return ((Reading.Understood) reading).message();
    }

    private ControlMessage.Settings settings(String plaintext) {
        return (ControlMessage.Settings) message(plaintext);
    }

    private void assertRefused(String plaintext, Refusal refusal) {
        assertThat(reader.read(plaintext)).as(plaintext).isEqualTo(new Reading.Refused(refusal));
    }

    // ---- JSON

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "\uFEFF",
                "hello",
                "{",
                "{\"online\":1",
                "{\"online\":1}x",
                "{\"online\":1}{}",
                "{'online':1}",
                "{online:1}",
                "{\"online\":1,}",
                "{\"online\":01}",
                "{\"online\":NaN}",
                "{\"online\":1 /* yes */}",
                "{\"online\":\"\\x31\"}",
                "{\"x\":\"a\nb\",\"online\":1}"
            })
    void onlyStrictJsonIsRead(String plaintext) {
        assertRefused(plaintext, Refusal.BAD_JSON);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "null", "true", "\"online\"", "[]", "[{\"online\":1}]"})
    void anythingButAnObjectIsRefused(String plaintext) {
        assertRefused(plaintext, Refusal.NOT_OBJECT);
    }

    @Test
    void aByteOrderMarkAtTheBeginningIsTolerated() {
        assertThat(message("\uFEFF{\"online\":1}")).isEqualTo(new ControlMessage.Heartbeat());
    }

    @Test
    void ofDuplicateKeysTheLastWins() {
        assertThat(message("{\"online\":1,\"online\":0}")).isEqualTo(new ControlMessage.Offline());
        assertThat(settings("{\"kinds\":[1],\"kinds\":[4]}").kinds()).contains(List.of(4));
        assertRefused("{\"online\":1,\"online\":null}", Refusal.EMPTY);
    }

    @Test
    void thirtyTwoLevelsAreReadAndOneMoreIsNot() {
        assertThat(message("{\"online\":1,\"x\":" + "[".repeat(31) + "]".repeat(31) + "}"))
                .isEqualTo(new ControlMessage.Heartbeat());
        assertRefused("{\"online\":1,\"x\":" + "[".repeat(32) + "]".repeat(32) + "}", Refusal.BAD_JSON);
    }

    @Test
    void aThousandLevelsWithinAStringAreNoList() {
        String deep = "[".repeat(1000) + "]".repeat(1000);
        assertRefused("{\"kinds\":\"" + deep + "\"}", Refusal.BAD_KINDS);
        assertThat(settings("{\"relays\":\"" + deep + "\"}").relays()).contains(List.of());
    }

    @Test
    void unknownKeysMeanNothing() {
        assertRefused("{\"foo\":1}", Refusal.EMPTY);
        assertRefused("{}", Refusal.EMPTY);
        assertThat(message("{\"foo\":{\"online\":0},\"online\":1}")).isEqualTo(new ControlMessage.Heartbeat());
    }

    @Test
    void aKeyWithNullCountsAsMissing() {
        assertRefused(
                "{\"online\":null,\"deviceId\":null,\"kinds\":null,\"relays\":null,\"authors\":null,\"#e\":null,\"#p\":null}",
                Refusal.EMPTY);
        ControlMessage.Settings settings = settings("{\"deviceId\":\"" + TOKEN + "\",\"kinds\":null,\"online\":null}");
        assertThat(settings.kinds()).isEmpty();
        assertThat(settings.online()).isEmpty();
    }

    // ---- meaning

    @ParameterizedTest
    @ValueSource(strings = {"\"kinds\":[]", "\"relays\":[]", "\"authors\":[]", "\"#e\":[]", "\"#p\":[]"})
    void anyListMakesSettings(String list) {
        assertThat(message("{" + list + "}")).isInstanceOf(ControlMessage.Settings.class);
        assertThat(settings("{" + list + ",\"deviceId\":\"\",\"online\":0}").online())
                .contains(false);
        assertThat(settings("{" + list + ",\"online\":1}").online()).contains(true);
    }

    @Test
    void aDeviceMakesSettings() {
        ControlMessage.Settings settings = settings("{\"deviceId\":\"" + TOKEN + "\"}");
        assertThat(settings.device().map(DeviceAddress::text)).contains(TOKEN);
        assertThat(settings.online()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"online\":0,\"deviceId\":\"\"}",
                "{\"deviceId\":\"\"}",
                "{\"deviceId\":\" \\n \"}",
                "{\"deviceId\":\"\",\"online\":null}",
                "{\"deviceId\":\"\",\"kinds\":null,\"online\":false}",
                "{\"deviceId\":\"\",\"device\":\"\"}",
                "{\"deviceId\":\"\",\"device\":null}"
            })
    void anEmptyDeviceIdAndNothingElseIsALogout(String plaintext) {
        assertThat(message(plaintext)).isEqualTo(new ControlMessage.Logout(Optional.empty()));
    }

    @Test
    void anEmptyDeviceIdWithOnlineOneIsAHeartbeat() {
        assertThat(message("{\"online\":1,\"deviceId\":\"\"}")).isEqualTo(new ControlMessage.Heartbeat());
    }

    @Test
    void settingsWithAnEmptyDeviceIdAddNoDevice() {
        assertThat(settings("{\"deviceId\":\"\",\"kinds\":[4]}").device()).isEmpty();
    }

    @Test
    void aLogoutMayNameOneDevice() {
        ControlMessage.Logout logout =
                (ControlMessage.Logout) message("{\"online\":0,\"deviceId\":\"\",\"device\":\" " + TOKEN + " \"}");
        assertThat(logout.device().map(DeviceAddress::text)).contains(TOKEN);
        assertRefused("{\"online\":0,\"deviceId\":\"\",\"device\":\"short\"}", Refusal.BAD_DEVICE);
        assertRefused("{\"online\":0,\"deviceId\":\"\",\"device\":7}", Refusal.BAD_DEVICE);
    }

    // ---- online

    @ParameterizedTest
    @ValueSource(strings = {"1", "1.0", "true", "\"1\"", "\"true\"", "\" 1\\n\"", "\"\\ttrue \""})
    void onlineHasTheseSpellings(String online) {
        assertThat(message("{\"online\":" + online + "}")).isEqualTo(new ControlMessage.Heartbeat());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "0.0", "false", "\"0\"", "\"false\"", "\" 0 \""})
    void offlineHasTheseSpellings(String online) {
        assertThat(message("{\"online\":" + online + "}")).isEqualTo(new ControlMessage.Offline());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2",
                "-1",
                "-0",
                "10",
                "0.5",
                "1e0",
                "\"\"",
                "\"yes\"",
                "\"TRUE\"",
                "\"1.0\"",
                "\"0.0\"",
                "[1]",
                "{}",
                "[]"
            })
    void anyOtherOnlineRefuses(String online) {
        assertRefused("{\"online\":" + online + "}", Refusal.BAD_ONLINE);
        assertRefused("{\"kinds\":[4],\"online\":" + online + "}", Refusal.BAD_ONLINE);
    }

    // ---- devices

    @ParameterizedTest
    @ValueSource(
            strings = {
                "12345",
                "true",
                "{\"a\":1}",
                "[\"a\"]",
                "\"short\"",
                "\"with space in it and long enough\"",
                "\"abc\\u0000def0123456789abcdef\"",
                "\"abc\\u0085def0123456789abcdef\"",
                "\"http://push.example.com/a\"",
                "\"stork://nest\""
            })
    void aDeviceThatCannotBeReachedRefuses(String device) {
        assertRefused("{\"kinds\":[4],\"deviceId\":" + device + "}", Refusal.BAD_DEVICE);
    }

    @Test
    void aDeviceOfAHostsOwnChannelIsTakenWhereATransportServesIt() {
        assertThat(settings("{\"deviceId\":\"pigeon://loft\"}").device().map(DeviceAddress::text))
                .contains("pigeon://loft");
    }

    @Test
    void aDeviceIdHasFourThousandNinetySixCharactersAtMost() {
        assertThat(settings("{\"deviceId\":\" " + "a".repeat(4_096) + " \"}").device())
                .isPresent();
        assertRefused("{\"deviceId\":\"" + "a".repeat(4_097) + "\"}", Refusal.BAD_DEVICE);
    }

    @Test
    void theTextOfADeviceIsKeptAsSent() {
        String upper = TOKEN.toUpperCase(java.util.Locale.ROOT);
        DeviceAddress device =
                settings("{\"deviceId\":\"" + upper + "\"}").device().orElseThrow();
        assertThat(device.text()).isEqualTo(upper);
        assertThat(device)
                .isEqualTo(settings("{\"deviceId\":\"" + TOKEN + "\"}").device().orElseThrow());
    }

    // ---- lists

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[4,1059]             | 4,1059",
                "['4',' 1059 ']       | 4,1059",
                "'[4,1059]'           | 4,1059",
                "' [\"4\", 1059] '    | 4,1059",
                "4                    | 4",
                "'4'                  | 4",
                "[4,4,'4',4.0]        | 4",
                "[4,-1,65536,'x',true,null,{},[],4.5] | 4",
                "[0,65535]            | 0,65535",
                "[]                   | ''",
                "'[]'                 | ''"
            },
            quoteCharacter = '`')
    void kindsAreReadLeniently(String kinds, String expected) {
        String json = kinds.strip().replace("\"", "\\\"").replace('\'', '"');
        assertThat(settings("{\"kinds\":" + json + "}").kinds().orElseThrow().stream()
                        .map(String::valueOf)
                        .collect(Collectors.joining(",")))
                .isEqualTo(expected.strip().replace("''", ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\"x\"", "[\"x\"]", "\"\"", "[null]", "true", "-1", "[65536]", "[[4]]", "[{}]", "{}", "{\"4\":4}"
            })
    void kindsThatLoseAllTheirValuesRefuse(String kinds) {
        assertRefused("{\"deviceId\":\"" + TOKEN + "\",\"kinds\":" + kinds + "}", Refusal.BAD_KINDS);
    }

    @ParameterizedTest
    @CsvSource({"authors,BAD_AUTHORS", "#e,BAD_E", "#p,BAD_P"})
    void otherListsThatLoseAllTheirValuesRefuse(String key, Refusal refusal) {
        assertRefused("{\"" + key + "\":{}}", refusal);
        assertRefused("{\"" + key + "\":[7]}", refusal);
        assertRefused("{\"" + key + "\":7}", refusal);
        assertRefused("{\"" + key + "\":[\"\"]}", refusal);
        assertRefused("{\"" + key + "\":[null,\" \"]}", refusal);
    }

    @Test
    void relaysMayLoseAllTheirValues() {
        assertThat(settings("{\"relays\":[\"https://a.example.com\",7,null]}").relays())
                .contains(List.of());
        assertThat(settings("{\"relays\":\"\"}").relays()).contains(List.of());
        assertRefused("{\"relays\":{}}", Refusal.BAD_RELAYS);
    }

    @Test
    void nothingIsHalfApplied() {
        assertRefused("{\"deviceId\":\"" + TOKEN + "\",\"kinds\":[4],\"#e\":{}}", Refusal.BAD_E);
    }

    @Test
    void relaysAreNormalisedAndForbiddenOnesDropped() {
        ControlMessage.Settings settings = settings("{\"relays\":[\" WSS://Relay.Example.com:443// \","
                + "\"wss://relay.example.com\",\"ws://relay.example.com:80/Path/\",\"wss://10.0.0.1\","
                + "\"ws://localhost\",\"wss://a:b@relay.example.com\",\"wss://relay.example.com/#x\",\"wss://\","
                + "\"nos.lol\",\"wss://relay.example.com:22\"]}");
        assertThat(settings.relays().orElseThrow().stream().map(RelayUrl::toString))
                .startsWith("wss://relay.example.com", "ws://relay.example.com/Path")
                .doesNotContain("wss://10.0.0.1", "nos.lol", "wss://relay.example.com/#x")
                .noneMatch(url -> url.contains("@"))
                .noneMatch(url -> url.endsWith(":22"));
    }

    @Test
    void keysAreLowerCasedAndOthersDropped() {
        String upper = KEY.toUpperCase(java.util.Locale.ROOT);
        ControlMessage.Settings settings =
                settings("{\"authors\":[\"" + upper + "\",\" " + KEY + "\",\"npub1abc\",7],\"#p\":\"" + upper + "\"}");
        assertThat(settings.authors()).contains(List.of(PublicKey.ofHex(KEY)));
        assertThat(settings.p()).contains(List.of(PublicKey.ofHex(KEY)));
    }

    @Test
    void referencesAreIdsInLowerCaseAndGroupsAsTheyAre() {
        String upper = KEY.toUpperCase(java.util.Locale.ROOT);
        ControlMessage.Settings settings =
                settings("{\"#e\":[\"" + upper + "\",\"" + KEY + "\",\" Group A \",\"[odd\",\"a\\u0000b\",7]}");
        assertThat(settings.e()).contains(List.of(KEY, "Group A", "[odd"));
        assertThat(settings("{\"#e\":\"[odd\"}").e()).contains(List.of("[odd"));
        assertThat(settings("{\"#e\":\"[\\\"g\\\"]\"}").e()).contains(List.of("g"));
    }

    @Test
    void aReferenceHasTwoHundredFiftyFiveBytesAtMost() {
        assertThat(settings("{\"#e\":[\"" + "ä".repeat(127) + "a\",\"x\"]}").e().orElseThrow())
                .hasSize(2);
        assertThat(settings("{\"#e\":[\"" + "ä".repeat(128) + "\",\"x\"]}").e().orElseThrow())
                .containsExactly("x");
        assertRefused("{\"#e\":[\"" + "a".repeat(256) + "\"]}", Refusal.BAD_E);
    }

    // ---- limits

    @Test
    void theFirstTwentyRelaysAreUsed() {
        ControlMessage.Settings settings = settings("{\"relays\":[\"nonsense\"," + relays(1, 25) + "]}");
        assertThat(settings.relays().orElseThrow())
                .hasSize(20)
                .startsWith(RelayUrl.of("wss://r1.example.com"))
                .endsWith(RelayUrl.of("wss://r20.example.com"));
    }

    @Test
    void aThousandRelaysAreReadAndOneMoreRefuses() {
        assertThat(settings("{\"relays\":[" + relays(1, 1_000) + "]}").relays().orElseThrow())
                .hasSize(20);
        assertRefused("{\"relays\":[" + relays(1, 1_001) + "]}", Refusal.TOO_MANY_RELAYS);
    }

    private static String relays(int from, int to) {
        return IntStream.rangeClosed(from, to)
                .mapToObj(i -> "\"wss://r" + i + ".example.com\"")
                .collect(Collectors.joining(","));
    }

    @Test
    void theFirstSixtyFourKindsAreUsed() {
        assertThat(settings("{\"kinds\":[" + numbers(100, 200) + "]}").kinds().orElseThrow())
                .containsExactlyElementsOf(IntStream.range(100, 164).boxed().toList());
    }

    @Test
    void tenThousandKindsAreReadAndOneMoreRefuses() {
        assertThat(settings("{\"kinds\":[" + numbers(1, 10_000) + "]}").kinds().orElseThrow())
                .hasSize(64);
        assertRefused("{\"kinds\":[" + numbers(1, 10_001) + "]}", Refusal.TOO_MANY_KINDS);
    }

    private static String numbers(int from, int to) {
        return IntStream.rangeClosed(from, to).mapToObj(String::valueOf).collect(Collectors.joining(","));
    }

    @ParameterizedTest
    @CsvSource({"authors,TOO_MANY_AUTHORS", "#e,TOO_MANY_E", "#p,TOO_MANY_P"})
    void twoThousandOtherValuesAreUsedAndTenThousandRead(String key, Refusal refusal) {
        ControlMessage.Settings settings = settings("{\"" + key + "\":[" + keys(10_000) + "]}");
        List<?> values = switch (key) {
            case "authors" -> settings.authors().orElseThrow();
            case "#e" -> settings.e().orElseThrow();
            default -> settings.p().orElseThrow();
        };
        assertThat(values).hasSize(2_000);
        assertThat(values.get(1_999).toString()).isEqualTo("%064x".formatted(1_999));
        assertRefused("{\"" + key + "\":[" + keys(10_001) + "]}", refusal);
    }

    private static String keys(int count) {
        return IntStream.range(0, count).mapToObj("\"%064x\""::formatted).collect(Collectors.joining(","));
    }

    @Test
    void whatIsRegisteredIsNotInTheText() {
        assertThat(settings("{\"deviceId\":\"" + TOKEN + "\",\"#e\":[\"secret\"]}")
                        .toString())
                .doesNotContain(TOKEN)
                .doesNotContain("secret");
    }
}
