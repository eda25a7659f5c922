package dev.nippush.transport;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UnifiedPushJsonTest {

    @Test
    void textIsWhatTheAppReads() {
        assertThat(UnifiedPushJson.of("New message", "It's <here> & now.", Map.of("msgType", "0")))
                .isEqualTo("{\"notification\":{\"title\":\"New message\",\"body\":\"It's <here> & now.\"},"
                        + "\"data\":{\"msgType\":\"0\"}}");
    }

    @Test
    void dataIsInTheOrderOfItsKeys() {
        assertThat(UnifiedPushJson.of("t", "b", Map.of("msgType", "1", "a", "2", "z", "3")))
                .endsWith("\"data\":{\"a\":\"2\",\"msgType\":\"1\",\"z\":\"3\"}}");
    }

    @Test
    void anyTextSurvives() {
        String title = "\"\\\u0000\n\u2028😀é";

        assertThat(JsonParser.parseString(UnifiedPushJson.of(title, "", Map.of("msgType", "0")))
                        .getAsJsonObject()
                        .getAsJsonObject("notification")
                        .get("title")
                        .getAsString())
                .isEqualTo(title);
    }
}
