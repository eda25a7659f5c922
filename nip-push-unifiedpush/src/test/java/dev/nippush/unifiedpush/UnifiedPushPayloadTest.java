package dev.nippush.unifiedpush;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import dev.nippush.transport.PushMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnifiedPushPayloadTest {

    @Test
    void bodyIsTheJsonThatAppsRead() {
        assertThat(text(Notification.message("New message", "You have a new private message.", "message"), 4_096))
                .isEqualTo("{\"notification\":{\"title\":\"New message\",\"body\":\"You have a new private message.\"},"
                        + "\"data\":{\"msgType\":\"0\"}}");
        assertThat(text(Notification.call("Incoming call", "Someone is calling you."), 4_096))
                .isEqualTo("{\"notification\":{\"title\":\"Incoming call\",\"body\":\"Someone is calling you.\"},"
                        + "\"data\":{\"msgType\":\"1\"}}");
    }

    @Test
    void dataOfAComposerIsHandedOverInOneOrder() {
        Notification notification =
                notification("t", "b", Map.of("msgType", "0", "z", "<&'>", "a", "\"\\", "relay", "wss://r"));

        assertThat(text(notification, 4_096))
                .isEqualTo("{\"notification\":{\"title\":\"t\",\"body\":\"b\"},"
                        + "\"data\":{\"a\":\"\\\"\\\\\",\"msgType\":\"0\",\"relay\":\"wss://r\",\"z\":\"<&'>\"}}");
    }

    @ParameterizedTest
    @CsvSource({"4096", "1024"})
    void bodyThatJustFitsIsWholeAndOneMoreByteIsCut(int limit) {
        int room = limit
                - text(notification("t", "", Map.of("msgType", "0")), limit).length();

        String whole = text(notification("t", "x".repeat(room), Map.of("msgType", "0")), limit);
        String cut = text(notification("t", "x".repeat(room + 1), Map.of("msgType", "0")), limit);

        assertThat(whole).hasSize(limit).doesNotContain("…");
        assertThat(body(cut)).isEqualTo("x".repeat(room - 3) + "…");
        assertThat(cut.getBytes(StandardCharsets.UTF_8)).hasSize(limit);
    }

    @Test
    void bodyIsCutBeforeDataIsDropped() {
        String cut = text(
                notification("title", "é".repeat(4_000), Map.of("msgType", "0", "reference", "r".repeat(2_000))),
                4_096);

        assertThat(data(cut)).containsOnlyKeys("msgType", "reference");
        assertThat(body(cut)).startsWith("ééé").endsWith("é…");
    }

    @Test
    void dataIsDroppedWhenItAloneDoesNotFitButNeverTheType() {
        String cut = text(notification("title", "text", Map.of("msgType", "1", "reference", "r".repeat(5_000))), 4_096);

        assertThat(data(cut)).containsExactly(Map.entry("msgType", "1"));
        assertThat(body(cut)).isEqualTo("text");
    }

    @Test
    void titleIsCutWhenNothingElseIsLeft() {
        String cut = text(notification("語".repeat(3_000), "text", Map.of("msgType", "1")), 4_096);

        assertThat(cut.getBytes(StandardCharsets.UTF_8)).hasSizeBetween(4_090, 4_096);
        assertThat(body(cut)).isEmpty();
        assertThat(data(cut)).containsExactly(Map.entry("msgType", "1"));
    }

    @Test
    void typeThatDoesNotFitIsNothing() {
        assertThat(UnifiedPushPayload.of(notification("t", "b", Map.of("msgType", "1".repeat(5_000))), 4_096))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "2026-11-22T13:00:00Z, 3600",
        "2026-11-22T12:00:00.900Z, 0",
        "2026-11-22T12:00:00Z, 0",
        "2026-11-22T11:00:00Z, 0",
        "2027-11-22T12:00:00Z, 2419200",
        "+1000000000-12-31T23:59:59Z, 2419200",
    })
    void timeToLiveIsWhatIsLeft(String expiresAt, long seconds) {
        PushMessage message = new PushMessage(
                new DeviceAddressReader(List.of())
                        .read("https://push.example.com/up")
                        .orElseThrow(),
                Notification.message("t", "b", ""),
                "ab".repeat(32),
                expiresAt.startsWith("+") ? Instant.MAX : Instant.parse(expiresAt));

        assertThat(UnifiedPushPayload.timeToLive(message, Instant.parse("2026-11-22T12:00:00Z")))
                .isEqualTo(Duration.ofSeconds(seconds));
    }

    @Test
    void topicIsTheBeginningOfTheCollapseKey() {
        PushMessage message = new PushMessage(
                new DeviceAddressReader(List.of())
                        .read("https://push.example.com/up")
                        .orElseThrow(),
                Notification.message("t", "b", ""),
                "fb".repeat(24) + "00".repeat(8),
                Instant.MAX);

        assertThat(UnifiedPushPayload.topic(message)).isEqualTo("-_v7".repeat(8));
    }

    @Test
    void callsAreUrgent() {
        assertThat(UnifiedPushPayload.urgency(Notification.call("t", "b"))).isEqualTo("high");
        assertThat(UnifiedPushPayload.urgency(Notification.message("t", "b", "")))
                .isEqualTo("normal");
    }

    private static Notification notification(String title, String body, Map<String, String> data) {
        return new Notification(title, body, "thread", Urgency.NORMAL, data);
    }

    private static String text(Notification notification, int limit) {
        Optional<byte[]> payload = UnifiedPushPayload.of(notification, limit);
        assertThat(payload).hasValueSatisfying(bytes -> assertThat(bytes).hasSizeLessThanOrEqualTo(limit));
        return new String(payload.orElseThrow(), StandardCharsets.UTF_8);
    }

    private static String body(String payload) {
        return JsonParser.parseString(payload)
                .getAsJsonObject()
                .getAsJsonObject("notification")
                .get("body")
                .getAsString();
    }

    private static Map<String, String> data(String payload) {
        JsonObject data = JsonParser.parseString(payload).getAsJsonObject().getAsJsonObject("data");
        return data.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().getAsString()));
    }
}
