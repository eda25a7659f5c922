package dev.nippush.transport;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UnifiedPushJsonTest {

    @Test
    void textIsWhatTheAppReads() {
        assertThat(json("New message", "It's <here> & now.", Map.of("msgType", "0")))
                .isEqualTo("{\"notification\":{\"title\":\"New message\",\"body\":\"It's <here> & now.\"},"
                        + "\"data\":{\"msgType\":\"0\"}}");
    }

    @Test
    void dataIsInTheOrderOfItsKeys() {
        assertThat(json("t", "b", Map.of("msgType", "1", "a", "2", "z", "3")))
                .endsWith("\"data\":{\"a\":\"2\",\"msgType\":\"1\",\"z\":\"3\"}}");
    }

    @Test
    void anyTextSurvives() {
        String title = "\"\\\u0000\n\u2028😀é";

        assertThat(JsonParser.parseString(json(title, "", Map.of("msgType", "0")))
                        .getAsJsonObject()
                        .getAsJsonObject("notification")
                        .get("title")
                        .getAsString())
                .isEqualTo(title);
    }

    @Test
    void silentMessageIsDataAlone() {
        assertThat(UnifiedPushJson.of(Notification.silent(Notification.Urgency.NORMAL, Map.of("msgType", "0"))))
                .isEqualTo("{\"data\":{\"msgType\":\"0\"}}");
    }

    private static String json(String title, String body, Map<String, String> data) {
        return UnifiedPushJson.of(new Notification(title, body, "thread", Notification.Urgency.NORMAL, data));
    }
}
