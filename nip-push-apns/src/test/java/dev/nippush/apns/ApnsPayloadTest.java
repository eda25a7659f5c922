package dev.nippush.apns;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ApnsPayloadTest {

    private static final int LIMIT = ApnsPayload.MAX_BYTES;

    private static String render(Notification notification) {
        return ApnsPayload.render(notification, LIMIT).orElseThrow();
    }

    private static JsonObject json(String text) {
        return JsonParser.parseString(text).getAsJsonObject();
    }

    private static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    private static String body(String payload) {
        JsonObject alert = json(payload).getAsJsonObject("aps").getAsJsonObject("alert");
        return alert.has("body") ? alert.get("body").getAsString() : "";
    }

    @Test
    void messageIsAnAlertThatAnExtensionMayChange() {
        assertThat(json(render(Notification.message("New reply", "Someone replied to you.", "note"))))
                .isEqualTo(json("""
                                {"aps":{"alert":{"title":"New reply","body":"Someone replied to you."},
                                "sound":"default","mutable-content":1,"thread-id":"note"},"msgType":"0"}"""));
    }

    @Test
    void callBreaksThroughAFocus() {
        assertThat(json(render(Notification.call("Incoming call", "Someone is calling you."))))
                .isEqualTo(json("""
                                {"aps":{"alert":{"title":"Incoming call","body":"Someone is calling you."},
                                "sound":"default","mutable-content":1,"thread-id":"call",
                                "interruption-level":"time-sensitive"},"msgType":"1"}"""));
    }

    @Test
    void emptyThreadAndTextAreLeftOut() {
        assertThat(json(render(Notification.message("Title", "", "")))).isEqualTo(json("""
                                {"aps":{"alert":{"title":"Title"},"sound":"default","mutable-content":1},"msgType":"0"}"""));
    }

    @Test
    void dataStandBesideApsAndNeverReplaceIt() {
        Notification notification = new Notification(
                "t", "b", "", Urgency.NORMAL, Map.of("msgType", "0", "aps", "{}", "id", "ab", "kind", "4"));

        assertThat(json(render(notification))).isEqualTo(json("""
                                {"aps":{"alert":{"title":"t","body":"b"},"sound":"default","mutable-content":1},
                                "msgType":"0","id":"ab","kind":"4"}"""));
    }

    @Test
    void anyTextIsValidJson() {
        String text = "\"quotes\" \\ / \b\f\n\r\t \u0000\u001f\u007f\u0085\u2028 é 漢 👨‍👩‍👧";

        String payload = render(Notification.message(text, text, text));

        assertThat(body(payload)).isEqualTo(text);
    }

    @Test
    void textIsCutAtTheLastByteAndNotBefore() {
        int frame = bytes(render(Notification.message("title", "x", "thread"))) - 1;
        int room = LIMIT - frame;

        String fits = render(Notification.message("title", "x".repeat(room), "thread"));
        String cut = render(Notification.message("title", "x".repeat(room + 1), "thread"));

        assertThat(bytes(fits)).isEqualTo(LIMIT);
        assertThat(body(fits)).isEqualTo("x".repeat(room));
        // The ellipsis has three bytes.
        assertThat(bytes(cut)).isEqualTo(LIMIT);
        assertThat(body(cut)).isEqualTo("x".repeat(room - 3) + "…");
    }

    @ParameterizedTest
    @ValueSource(strings = {"é", "漢", "😀", "👨‍👩‍👧‍👦", "🇩🇪", "e\u0301", "\"", "\u0001", "/"})
    void textIsCutBetweenCharacters(String character) {
        String payload = render(Notification.message("title", "a" + character.repeat(5_000), "thread"));

        assertThat(bytes(payload)).isBetween(LIMIT - bytes(character) * 6 - 3, LIMIT);
        String body = body(payload);
        assertThat(body).startsWith("a" + character).endsWith("…");
        assertThat(body.substring(1, body.length() - 1).replace(character, "")).isEmpty();
    }

    @Test
    void loneSurrogatesDoNotBreakThePayload() {
        String payload = render(Notification.message("title", "\ud83d".repeat(5_000), "\udc00"));

        assertThat(bytes(payload)).isLessThanOrEqualTo(LIMIT);
        assertThat(json(new String(payload.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
                        .has("msgType"))
                .isTrue();
    }

    @Test
    void optionalDataGiveWayAfterTheTextAndTheLargestFirst() {
        Notification notification = new Notification(
                "title",
                "text",
                "thread",
                Urgency.NORMAL,
                Map.of("msgType", "0", "large", "x".repeat(4_000), "small", "y".repeat(100)));

        JsonObject payload = json(render(notification));

        assertThat(payload.has("large")).isFalse();
        assertThat(payload.get("small").getAsString()).hasSize(100);
        assertThat(payload.get("msgType").getAsString()).isEqualTo("0");
        assertThat(body(payload.toString())).isEqualTo("text");
    }

    @Test
    void dataStayWhileTheTextCanGiveWay() {
        Notification notification = new Notification(
                "title", "x".repeat(3_000), "", Urgency.NORMAL, Map.of("msgType", "0", "id", "y".repeat(3_000)));

        String payload = render(notification);

        assertThat(json(payload).get("id").getAsString()).hasSize(3_000);
        assertThat(body(payload)).endsWith("…").hasSizeBetween(500, 1_100);
    }

    @Test
    void titleGivesWayLast() {
        Notification notification =
                new Notification("t".repeat(9_000), "body", "thread", Urgency.HIGH, Map.of("msgType", "1", "id", "ab"));

        String payload = render(notification);

        assertThat(bytes(payload)).isEqualTo(LIMIT);
        assertThat(json(payload).get("msgType").getAsString()).isEqualTo("1");
        assertThat(json(payload).has("id")).isFalse();
        assertThat(json(payload)
                        .getAsJsonObject("aps")
                        .getAsJsonObject("alert")
                        .get("title")
                        .getAsString())
                .endsWith("t…");
    }

    @Test
    void silentNotificationIsContentAvailableAndItsData() {
        Notification silent = Notification.silent(Urgency.NORMAL, Map.of("msgType", "0", "id", "ab"));

        assertThat(json(render(silent)))
                .isEqualTo(json("{\"aps\":{\"content-available\":1},\"id\":\"ab\",\"msgType\":\"0\"}"));
    }

    @Test
    void dataOfASilentNotificationGiveWayAndItsTypeDoesNot() {
        Notification silent = Notification.silent(
                Urgency.NORMAL, Map.of("msgType", "0", "sealed", "x".repeat(LIMIT), "relay", "wss://r.example"));

        assertThat(json(render(silent))).isEqualTo(json("""
                        {"aps":{"content-available":1},"msgType":"0","relay":"wss://r.example"}"""));
    }

    @Test
    void alertWhoseTextGaveWayIsNoBackgroundPush() {
        int frame = bytes(render(new Notification("", "b", "", Urgency.NORMAL, Map.of("msgType", ""))));
        Notification crowded = new Notification(
                "",
                "body",
                "",
                Urgency.NORMAL,
                Map.of("msgType", "0".repeat(LIMIT - frame + "\"body\":\"b\"".length())));

        assertThat(json(render(crowded)).getAsJsonObject("aps").keySet())
                .contains("mutable-content")
                .doesNotContain("content-available");
    }

    @Test
    void whatCannotFitIsNotRendered() {
        Notification notification =
                new Notification("t", "b", "", Urgency.NORMAL, Map.of("msgType", "0".repeat(LIMIT)));

        assertThat(ApnsPayload.render(notification, LIMIT)).isEmpty();
    }
}
