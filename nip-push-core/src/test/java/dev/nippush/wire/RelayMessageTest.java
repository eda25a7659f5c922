package dev.nippush.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.gson.JsonObject;
import dev.nippush.Vectors;
import dev.nippush.event.EventDefect;
import dev.nippush.event.EventId;
import dev.nippush.event.NostrEvent;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RelayMessageTest {

    private static final String ID = "a".repeat(64);

    @Test
    void everyMessageSurvivesARoundTrip() {
        for (RelayMessage message : List.of(
                new RelayMessage.Eose("s"),
                new RelayMessage.Closed("s", "auth-required: who are you?\n"),
                new RelayMessage.Notice("\u2028 too \"many\""),
                new RelayMessage.Ok(ID, true, ""),
                new RelayMessage.Ok("", false, "invalid: no event"),
                new RelayMessage.Auth("\\challenge"))) {
            assertThat(RelayMessage.parse(message.toJson())).isEqualTo(message);
        }
    }

    @Test
    void eventsOfAllShapesSurviveARoundTrip() {
        for (JsonObject vector : Vectors.made("events/valid_generated.jsonl")) {
            String raw = vector.get("raw").getAsString();
            RelayMessage message = RelayMessage.parse("[\"EVENT\",\"s\"," + raw + "]");
            assertThat(message).isEqualTo(new RelayMessage.Event("s", NostrEvent.parse(raw)));
            assertThat(RelayMessage.parse(message.toJson())).isEqualTo(message);
        }
    }

    @Test
    void messagesAreWrittenAsTheStandardSays() {
        assertThat(new RelayMessage.Eose("s").toJson()).isEqualTo("[\"EOSE\",\"s\"]");
        assertThat(new RelayMessage.Closed("s", "error: x").toJson()).isEqualTo("[\"CLOSED\",\"s\",\"error: x\"]");
        assertThat(new RelayMessage.Notice("x").toJson()).isEqualTo("[\"NOTICE\",\"x\"]");
        assertThat(new RelayMessage.Ok(EventId.ofHex(ID), false, "x").toJson())
                .isEqualTo("[\"OK\",\"" + ID + "\",false,\"x\"]");
        assertThat(new RelayMessage.Auth("x").toJson()).isEqualTo("[\"AUTH\",\"x\"]");
    }

    @Test
    void reasonsThatRelaysLeaveOutAreEmpty() {
        assertThat(RelayMessage.parse("[\"OK\",\"" + ID + "\",true]")).isEqualTo(new RelayMessage.Ok(ID, true, ""));
        assertThat(RelayMessage.parse("[\"CLOSED\",\"s\"]")).isEqualTo(new RelayMessage.Closed("s", ""));
        assertThat(RelayMessage.parse(" [ \"EOSE\" , \"s\" , \"more\" ] ")).isEqualTo(new RelayMessage.Eose("s"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[\"EVENT\"]|BAD_SUBSCRIPTION",
                "[\"EVENT\",{}]|BAD_SUBSCRIPTION",
                "[\"EVENT\",\"s\"]|BAD_ELEMENT",
                "[\"EVENT\",\"s\",null]|BAD_EVENT",
                "[\"EOSE\"]|BAD_SUBSCRIPTION",
                "[\"CLOSED\",\"s\",5]|BAD_ELEMENT",
                "[\"NOTICE\"]|BAD_ELEMENT",
                "[\"NOTICE\",null]|BAD_ELEMENT",
                "[\"OK\",5,true,\"\"]|BAD_ELEMENT",
                "[\"OK\",\"a\"]|BAD_ELEMENT",
                "[\"OK\",\"a\",\"true\",\"\"]|BAD_ELEMENT",
                "[\"OK\",\"a\",true,null]|BAD_ELEMENT",
                "[\"AUTH\"]|BAD_ELEMENT",
                "[\"AUTH\",{}]|BAD_ELEMENT",
                "[\"REQ\",\"s\",{}]|UNKNOWN_TYPE",
                "[\"COUNT\",\"s\",{\"count\":1}]|UNKNOWN_TYPE",
                "[\"NOTICE\",\"x\u0001\"]|BAD_JSON",
                "[\"NOTICE\",\"x|BAD_JSON",
            })
    void refusesWhatIsNoMessage(String json, WireDefect defect) {
        WireFormatException failure = catchThrowableOfType(WireFormatException.class, () -> RelayMessage.parse(json));
        assertThat(failure.defect()).isEqualTo(defect);
    }

    @Test
    void aBadEventTellsWhatIsWrongAndWhichItIs() {
        WireFormatException failure = catchThrowableOfType(
                WireFormatException.class,
                () -> RelayMessage.parse("[\"EVENT\",\"mine\",{\"sig\":\"\",\"id\":\"" + ID + "\"}]"));
        assertThat(failure.subscription()).contains("mine");
        assertThat(failure.eventId()).contains(ID);
        assertThat(failure.eventDefect()).contains(EventDefect.BAD_SIG);
    }

    @Test
    void recordsRefuseASubscriptionThatTheReaderRefuses() {
        assertThatThrownBy(() -> new RelayMessage.Eose("")).isInstanceOf(WireFormatException.class);
        assertThatThrownBy(() -> new RelayMessage.Closed("s".repeat(65), "")).isInstanceOf(WireFormatException.class);
    }
}
