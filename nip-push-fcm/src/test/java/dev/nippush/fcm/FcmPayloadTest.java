package dev.nippush.fcm;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.address.DeviceAddress;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import dev.nippush.transport.PushMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FcmPayloadTest {

    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final Instant TOMORROW = NOW.plus(Duration.ofDays(1));
    private static final String TOKEN = "dUm-my_Token:APA91bF0";
    private static final DeviceAddress PLAIN = Transports.address(TOKEN);
    private static final DeviceAddress EMBEDDED =
            Transports.address("Embedded-FCM/FCM?v2&instance=my%20instance&token=" + TOKEN);

    @Test
    void plainTokenGetsANotification() {
        assertThat(json(PLAIN, Notification.message("New reply", "It's <here> & now.", "note")))
                .isEqualTo(
                        "{\"message\":{\"token\":\"dUm-my_Token:APA91bF0\","
                                + "\"notification\":{\"title\":\"New reply\",\"body\":\"It's <here> & now.\"},"
                                + "\"data\":{\"msgType\":\"0\"},"
                                + "\"android\":{\"priority\":\"HIGH\",\"ttl\":\"86400s\","
                                + "\"notification\":{\"tag\":\"" + Transports.KEY + "\"}},"
                                + "\"apns\":{\"headers\":{\"apns-collapse-id\":\"" + Transports.KEY + "\","
                                + "\"apns-expiration\":\"1772452800\",\"apns-priority\":\"10\"},"
                                + "\"payload\":{\"aps\":{\"mutable-content\":1,\"sound\":\"default\",\"thread-id\":\"note\"}}}}}");
    }

    @Test
    void embeddedDeviceGetsDataOnly() {
        // b is {"notification":{"title":"Incoming call","body":"Someone is calling you."},"data":{"msgType":"1"}}
        assertThat(json(EMBEDDED, Notification.call("Incoming call", "Someone is calling you.")))
                .isEqualTo("{\"message\":{\"token\":\"dUm-my_Token:APA91bF0\",\"data\":{\"b\":\""
                        + "eyJub3RpZmljYXRpb24iOnsidGl0bGUiOiJJbmNvbWluZyBjYWxsIiwiYm9keSI6IlNvbWVvbmUgaXMgY2FsbGlu"
                        + "ZyB5b3UuIn0sImRhdGEiOnsibXNnVHlwZSI6IjEifX0=\",\"i\":\"my instance\"},"
                        + "\"android\":{\"priority\":\"HIGH\",\"ttl\":\"86400s\"}}}");
    }

    @Test
    void silentMessageIsDataThatWakesTheApp() {
        Notification silent = Notification.silent(Urgency.NORMAL, Map.of("msgType", "0", "sealed", "YWJj"));

        assertThat(json(PLAIN, silent))
                .isEqualTo("{\"message\":{\"token\":\"dUm-my_Token:APA91bF0\","
                        + "\"data\":{\"msgType\":\"0\",\"sealed\":\"YWJj\"},"
                        + "\"android\":{\"priority\":\"HIGH\",\"ttl\":\"86400s\"},"
                        + "\"apns\":{\"headers\":{\"apns-collapse-id\":\"" + Transports.KEY + "\","
                        + "\"apns-expiration\":\"1772452800\",\"apns-priority\":\"5\","
                        + "\"apns-push-type\":\"background\"},"
                        + "\"payload\":{\"aps\":{\"content-available\":1}}}}}");
    }

    @Test
    void silentMessageForAnEmbeddedDeviceHasTheSameShapeAndNothingToShow() {
        Notification silent = Notification.silent(Urgency.NORMAL, Map.of("msgType", "0", "id", "ab"));

        String json = json(EMBEDDED, silent);

        assertThat(message(json).keySet()).containsExactly("token", "data", "android");
        assertThat(message(json).getAsJsonObject("data").keySet()).containsExactly("b", "i");
        assertThat(content(EMBEDDED, json))
                .isEqualTo(JsonParser.parseString("{\"data\":{\"id\":\"ab\",\"msgType\":\"0\"}}"));
    }

    @Test
    void dataOfASilentMessageGiveWayAndItsTypeDoesNot() {
        Notification silent = Notification.silent(
                Urgency.NORMAL, Map.of("msgType", "0", "sealed", "x".repeat(4_096), "relay", "wss://r.example"));

        for (DeviceAddress device : new DeviceAddress[] {PLAIN, EMBEDDED}) {
            String json = json(device, silent);

            assertThat(bytes(json)).isLessThanOrEqualTo(FcmPayload.MAX_BYTES);
            assertThat(data(device, json))
                    .isEqualTo(JsonParser.parseString("{\"msgType\":\"0\",\"relay\":\"wss://r.example\"}"));
        }
    }

    @Test
    void notificationWhoseTextGaveWayIsStillOne() {
        String token = "a".repeat(20) + ":" + "Z".repeat(4_000);

        JsonObject message = message(json(Transports.address(token), Notification.message("title", "body", "t")));

        assertThat(message.has("notification")).isTrue();
        assertThat(message.getAsJsonObject("apns").getAsJsonObject("headers").has("apns-push-type"))
                .isFalse();
    }

    @Test
    void dataIsAllText() {
        Notification notification = new Notification(
                "t", "b", "", Urgency.NORMAL, Map.of("msgType", "0", "id", "ab", "kind", "1", "relay", "wss://r"));

        JsonObject message = message(json(PLAIN, notification));

        assertThat(message.get("data"))
                .isEqualTo(JsonParser.parseString(
                        "{\"id\":\"ab\",\"kind\":\"1\",\"msgType\":\"0\",\"relay\":\"wss://r\"}"));
        assertThat(message.getAsJsonObject("apns")
                        .getAsJsonObject("payload")
                        .getAsJsonObject("aps")
                        .has("thread-id"))
                .isFalse();
    }

    @Test
    void callMayBreakThroughAFocus() {
        JsonObject aps = message(json(PLAIN, Notification.call("Incoming call", "Someone is calling you.")))
                .getAsJsonObject("apns")
                .getAsJsonObject("payload")
                .getAsJsonObject("aps");

        assertThat(aps)
                .isEqualTo(JsonParser.parseString("{\"mutable-content\":1,\"sound\":\"default\","
                        + "\"thread-id\":\"call\",\"interruption-level\":\"time-sensitive\"}"));
    }

    @ParameterizedTest
    @CsvSource({
        "PT0S, 0s",
        "PT-5M, 0s",
        "PT-0.5S, 0s",
        "PT0.9S, 0s",
        "PT1.9S, 1s",
        "PT1M, 60s",
        "P28D, 2419200s",
        "P29D, 2419200s",
        "P36500D, 2419200s",
    })
    void timeToLiveIsWhatIsLeftWithinFcmsLimits(Duration left, String ttl) {
        PushMessage message =
                new PushMessage(PLAIN, Notification.message("t", "b", ""), Transports.KEY, NOW.plus(left));

        assertThat(message(FcmPayload.of(message, NOW).json())
                        .getAsJsonObject("android")
                        .get("ttl")
                        .getAsString())
                .isEqualTo(ttl);
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "embedded"})
    void longBodyIsCutToTheLastByteThatFits(String sort) {
        DeviceAddress device = sort.equals("plain") ? PLAIN : EMBEDDED;
        Notification notification = new Notification(
                "title", "x".repeat(10_000), "t", Urgency.NORMAL, Map.of("msgType", "0", "id", "ab".repeat(32)));

        String json = json(device, notification);

        // Base64 grows by four bytes at a time.
        assertThat(bytes(json)).isBetween(FcmPayload.MAX_BYTES - 3, FcmPayload.MAX_BYTES);
        JsonObject shown = shown(device, json);
        assertThat(shown.get("title").getAsString()).isEqualTo("title");
        assertThat(shown.get("body").getAsString()).matches("x+…");
        assertThat(data(device, json).get("id").getAsString()).hasSize(64);
    }

    @Test
    void bodyThatJustFitsIsLeftWhole() {
        int frame = bytes(json(PLAIN, Notification.message("title", "", "t")));
        String body = "x".repeat(FcmPayload.MAX_BYTES - frame);

        assertThat(json(PLAIN, Notification.message("title", body, "t"))).contains('"' + body + '"');
        assertThat(json(PLAIN, Notification.message("title", body + "x", "t"))).doesNotContain(body);
    }

    @ParameterizedTest
    @ValueSource(strings = {"😀", "é", "\"", "\u0000", "\u2028", "👨‍👩‍👧"})
    void cutIsNeverInsideACharacter(String character) {
        String json = json(PLAIN, Notification.message("title", character.repeat(5_000), "t"));

        assertThat(bytes(json)).isLessThanOrEqualTo(FcmPayload.MAX_BYTES);
        String body = shown(PLAIN, json).get("body").getAsString();
        assertThat(body).endsWith("…");
        assertThat(body.substring(0, body.length() - 1))
                .isNotEmpty()
                .isEqualTo(character.repeat((body.length() - 1) / character.length()));
    }

    @Test
    void dataGoesWhenTheBodyIsNotEnoughButNeverTheMessageType() {
        Notification notification = new Notification(
                "title", "body", "t", Urgency.NORMAL, Map.of("msgType", "1", "event", "x".repeat(5_000)));

        for (DeviceAddress device : new DeviceAddress[] {PLAIN, EMBEDDED}) {
            String json = json(device, notification);

            assertThat(bytes(json)).isLessThanOrEqualTo(FcmPayload.MAX_BYTES);
            assertThat(shown(device, json).get("body").getAsString()).isEqualTo("body");
            assertThat(data(device, json)).isEqualTo(JsonParser.parseString("{\"msgType\":\"1\"}"));
        }
    }

    @Test
    void titleIsCutLast() {
        String json = json(PLAIN, Notification.message("t".repeat(5_000), "body", "t"));

        assertThat(bytes(json)).isLessThanOrEqualTo(FcmPayload.MAX_BYTES);
        assertThat(shown(PLAIN, json).get("title").getAsString()).matches("t+…");
        assertThat(shown(PLAIN, json).get("body").getAsString()).isEmpty();
    }

    @Test
    void tokenThatIsTooLongByItselfIsLeftForFcmToJudge() {
        String token = "a".repeat(20) + ":" + "Z".repeat(4_000);
        JsonObject message = message(json(Transports.address(token), Notification.message("title", "body", "t")));

        assertThat(message.get("token").getAsString()).isEqualTo(token);
        assertThat(message.getAsJsonObject("data").get("msgType").getAsString()).isEqualTo("0");
    }

    @Test
    void payloadShowsNeitherTokenNorText() {
        FcmPayload payload = FcmPayload.of(
                new PushMessage(PLAIN, Notification.message("title", "body", "t"), Transports.KEY, TOMORROW), NOW);

        assertThat(payload).hasToString("FcmPayload[notification, PT24H]");
    }

    private static String json(DeviceAddress device, Notification notification) {
        return FcmPayload.of(new PushMessage(device, notification, Transports.KEY, TOMORROW), NOW)
                .json();
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static JsonObject message(String json) {
        return JsonParser.parseString(json).getAsJsonObject().getAsJsonObject("message");
    }

    private static JsonObject content(DeviceAddress device, String json) {
        JsonObject message = message(json);
        if (!device.embedded()) {
            return message;
        }
        byte[] text = Base64.getDecoder()
                .decode(message.getAsJsonObject("data").get("b").getAsString());
        return JsonParser.parseString(new String(text, StandardCharsets.UTF_8)).getAsJsonObject();
    }

    private static JsonObject shown(DeviceAddress device, String json) {
        return content(device, json).getAsJsonObject("notification");
    }

    private static JsonObject data(DeviceAddress device, String json) {
        return content(device, json).getAsJsonObject("data");
    }
}
