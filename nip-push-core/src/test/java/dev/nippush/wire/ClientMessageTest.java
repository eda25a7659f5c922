package dev.nippush.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.nippush.event.EventDefect;
import dev.nippush.event.EventId;
import dev.nippush.event.Filter;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ClientMessageTest {

    private static final String ID = "a".repeat(64);
    private static final NostrEvent EVENT = new NostrEvent(
            EventId.ofHex(ID),
            PublicKey.ofHex("b".repeat(64)),
            7,
            22_242,
            List.of(Tag.of("challenge", "x\"y")),
            "",
            "c".repeat(128));
    private static final Filter FILTER =
            Filter.builder().kinds(4).tag('p', List.of("x")).build();

    @Test
    void everyMessageSurvivesARoundTrip() {
        for (ClientMessage message : List.of(
                new ClientMessage.Event(EVENT),
                new ClientMessage.Req("s\"1", List.of(FILTER, Filter.builder().build())),
                new ClientMessage.Count("c", List.of(FILTER)),
                new ClientMessage.Close("\u00e9".repeat(64)),
                new ClientMessage.Auth(EVENT))) {
            assertThat(ClientMessage.parse(message.toJson())).isEqualTo(message);
        }
    }

    @Test
    void messagesAreWrittenAsTheStandardSays() {
        assertThat(new ClientMessage.Req("s", List.of(FILTER, FILTER)).toJson())
                .isEqualTo("[\"REQ\",\"s\"," + FILTER.toJson() + "," + FILTER.toJson() + "]");
        assertThat(new ClientMessage.Close("s").toJson()).isEqualTo("[\"CLOSE\",\"s\"]");
        assertThat(new ClientMessage.Event(EVENT).toJson()).isEqualTo("[\"EVENT\"," + EVENT.toJson() + "]");
        assertThat(new ClientMessage.Auth(EVENT).toJson()).isEqualTo("[\"AUTH\"," + EVENT.toJson() + "]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "``|BAD_JSON",
                "[|BAD_JSON",
                "null|NO_MESSAGE",
                "{}|NO_MESSAGE",
                "[]|NO_MESSAGE",
                "[1]|NO_MESSAGE",
                "[[\"REQ\"]]|NO_MESSAGE",
                "[\"HELLO\",\"s\",{}]|UNKNOWN_TYPE",
                "[\"COUNT\",\"s\"]|BAD_FILTER",
                "[\"req\",\"s\",{}]|UNKNOWN_TYPE",
                "[\"\"]|UNKNOWN_TYPE",
                "[\"REQ\"]|BAD_SUBSCRIPTION",
                "[\"REQ\",5,{}]|BAD_SUBSCRIPTION",
                "[\"REQ\",\"\",{}]|BAD_SUBSCRIPTION",
                "[\"REQ\",\"s\"]|BAD_FILTER",
                "[\"REQ\",\"s\",[]]|BAD_FILTER",
                "[\"REQ\",\"s\",{\"kinds\":[true]}]|BAD_FILTER",
                "[\"REQ\",\"s\",{},null]|BAD_FILTER",
                "[\"REQ\",\"s\",{\"kinds\":[01]}]|BAD_JSON",
                "[\"REQ\",\"s\",{}]]|BAD_JSON",
                "[\"REQ\",\"s\",{}] [\"REQ\",\"s\",{}]|BAD_JSON",
                "[\"REQ\",\"s\",{},]|BAD_JSON",
                "['CLOSE','s']|BAD_JSON",
                "[\"CLOSE\"]|BAD_SUBSCRIPTION",
                "[\"CLOSE\",null]|BAD_SUBSCRIPTION",
                "[\"CLOSE\",\"s\"|BAD_JSON",
                "[\"EVENT\"]|BAD_ELEMENT",
                "[\"AUTH\"]|BAD_ELEMENT",
                "[\"EVENT\",5]|BAD_EVENT",
                "[\"AUTH\",\"x\"]|BAD_EVENT",
                "[\"EVENT\",{}]|BAD_EVENT",
            })
    void refusesWhatIsNoMessage(String json, WireDefect defect) {
        assertThat(failureOf(json).defect()).isEqualTo(defect);
    }

    @Test
    void elementsNobodyAskedForAreSkippedUpToADepth() {
        assertThat(ClientMessage.parse("[\"CLOSE\",\"s\",{\"a\":[1]},null]")).isEqualTo(new ClientMessage.Close("s"));
        assertThat(failureOf("[\"CLOSE\",\"s\"," + "[".repeat(100_000)).defect())
                .isEqualTo(WireDefect.DEPTH);
    }

    @Test
    void aBadEventTellsWhatIsWrongAndWhichItIs() {
        WireFormatException failure =
                failureOf("[\"EVENT\"," + EVENT.toJson().replace("\"kind\":22242", "\"kind\":\"x\"") + "]");
        assertThat(failure.defect()).isEqualTo(WireDefect.BAD_EVENT);
        assertThat(failure.eventId()).contains(ID);
        assertThat(failure.eventDefect()).contains(EventDefect.BAD_KIND);
        assertThat(failure.subscription()).isEmpty();
        assertThat(failure).hasMessage(EventDefect.BAD_KIND.text());

        WireFormatException deep = failureOf("[\"EVENT\",{\"tags\":" + "[".repeat(50_000));
        assertThat(deep.eventDefect()).contains(EventDefect.DEPTH);
        assertThat(deep.eventId()).isEmpty();
    }

    @Test
    void aBadFilterTellsWhatIsWrongAndForWhichSubscription() {
        WireFormatException failure = failureOf("[\"REQ\",\"mine\",{\"limit\":\"x\"}]");
        assertThat(failure.subscription()).contains("mine");
        assertThat(failure).hasMessage("limit is not a count");
        assertThat(failure.getStackTrace()).isEmpty();
    }

    @Test
    void sizesAreBounded() {
        String filters = ",{}".repeat(ClientMessage.MAX_FILTERS);
        assertThat(ClientMessage.parse("[\"REQ\",\"s\"" + filters + "]")).isInstanceOf(ClientMessage.Req.class);
        assertThat(failureOf("[\"REQ\",\"s\"" + filters + ",{}]").defect()).isEqualTo(WireDefect.BAD_FILTER);
        assertThat(failureOf("[\"CLOSE\",\"" + "s".repeat(65) + "\"]").defect()).isEqualTo(WireDefect.BAD_SUBSCRIPTION);
        assertThat(failureOf("[\"CLOSE\",\"s\",\"" + "x".repeat(ClientMessage.MAX_BYTES) + "\"]")
                        .defect())
                .isEqualTo(WireDefect.TOO_BIG);
    }

    @Test
    void recordsRefuseWhatTheReaderRefuses() {
        assertThatThrownBy(() -> new ClientMessage.Close(""))
                .isInstanceOfSatisfying(
                        WireFormatException.class,
                        e -> assertThat(e.getStackTrace()).isNotEmpty());
        assertThatThrownBy(() -> new ClientMessage.Req("s", List.of())).isInstanceOf(WireFormatException.class);
        assertThatThrownBy(() -> new ClientMessage.Req("s".repeat(65), List.of(FILTER)))
                .isInstanceOf(WireFormatException.class);
        assertThatThrownBy(() -> new ClientMessage.Req("s", Collections.nCopies(ClientMessage.MAX_FILTERS + 1, FILTER)))
                .isInstanceOf(WireFormatException.class);
    }

    @Test
    void randomDamageIsEitherReadOrRefusedWithADefect() {
        Random random = new Random(42);
        List<String> messages =
                List.of(new ClientMessage.Event(EVENT).toJson(), new ClientMessage.Req("s", List.of(FILTER)).toJson());
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            StringBuilder damaged = new StringBuilder(messages.get(round % 2));
            for (int hits = 1 + random.nextInt(3); hits > 0; hits--) {
                damaged.setCharAt(
                        random.nextInt(damaged.length()), (char) random.nextInt(random.nextBoolean() ? 128 : 65_536));
            }
            try {
                ClientMessage message = ClientMessage.parse(damaged.toString());
                assertThat(ClientMessage.parse(message.toJson())).isEqualTo(message);
            } catch (WireFormatException e) {
                assertThat(e.defect()).isNotNull();
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(10_000);
    }

    private static WireFormatException failureOf(String json) {
        WireFormatException failure = catchThrowableOfType(WireFormatException.class, () -> ClientMessage.parse(json));
        assertThat(failure).as("refused").isNotNull();
        return failure;
    }
}
