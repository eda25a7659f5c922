package dev.nippush.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.gson.JsonObject;
import dev.nippush.Vectors;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class NostrEventTest {

    private static final String ID = "1".repeat(64);
    private static final String PUBKEY = "2".repeat(64);
    private static final String SIG = "3".repeat(128);

    /** What we decided where the vectors leave the answer open, or two defects meet: the defect, or none. */
    private static final Map<String, String> DECISIONS = Map.of(
            // The byte order mark of UTF-16 is not UTF-8, and that is looked at first.
            "utf16le", "bad_utf8",
            "kind-exp", "bad_kind",
            "created-negative", "bad_created_at",
            "created-int64max", "bad_created_at",
            "created-ms", "",
            "dup-kind", "duplicate_key",
            "extra-keys", "",
            "proto-key", "",
            "invalid-utf8-replacement-match", "bad_utf8");

    static List<JsonObject> generated() {
        return Vectors.made("events/valid_generated.jsonl");
    }

    static List<JsonObject> invalid() {
        return Vectors.made("events/invalid.jsonl");
    }

    @ParameterizedTest
    @MethodSource("generated")
    void readsAndHashesGeneratedEvents(JsonObject vector) {
        NostrEvent event = checkValid(vector);
        if (vector.has("canonicalB64")) {
            assertThat(event.unsigned().canonicalBytes())
                    .isEqualTo(Base64.getDecoder()
                            .decode(vector.get("canonicalB64").getAsString()));
        }
    }

    @Test
    void readsAndHashesRealEvents() {
        List<JsonObject> real = Vectors.published("events/valid_real.jsonl");
        assertThat(real).hasSizeGreaterThan(300).allSatisfy(NostrEventTest::checkValid);
    }

    private static NostrEvent checkValid(JsonObject vector) {
        String raw = vector.get("raw").getAsString();
        NostrEvent event = NostrEvent.parse(raw);
        assertThat(event.id().hex()).isEqualTo(vector.get("id").getAsString());
        assertThat(event.hasValidId()).isTrue();
        assertThat(event.unsigned().id()).isEqualTo(event.id());
        assertThat(NostrEvent.parse(event.toJson())).isEqualTo(event);
        assertThat(NostrEvent.parse(raw.getBytes(StandardCharsets.UTF_8))).isEqualTo(event);
        return event;
    }

    @ParameterizedTest
    @MethodSource("invalid")
    void refusesInvalidEventsForTheRightReason(JsonObject vector) {
        String code = vector.get("code").getAsString();
        String name = vector.get("name").getAsString();
        boolean open = vector.get("action").getAsString().equals("policy");
        String expected = DECISIONS.getOrDefault(name, open ? "undecided" : code);
        assertThat(expected).isNotEqualTo("undecided");

        EventFormatException failure = catchThrowableOfType(EventFormatException.class, () -> parseVector(vector));

        if (failure != null) {
            assertThat(failure.defect().name().toLowerCase(Locale.ROOT)).isEqualTo(expected);
        } else {
            // A wrong hash, signature or curve point is no matter of form; the crypto room has a test of the last two.
            assertThat(expected).isIn("", "bad_id", "bad_sig", "bad_pubkey");
            assertThat(parseVector(vector).hasValidId()).isEqualTo(!expected.equals("bad_id"));
        }
    }

    private static NostrEvent parseVector(JsonObject vector) {
        if (vector.has("rawB64")) {
            return NostrEvent.parse(
                    Base64.getDecoder().decode(vector.get("rawB64").getAsString()));
        }
        return NostrEvent.parse(vector.get("raw").getAsString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"id\":5|BAD_ID",
                "\"id\":null|MISSING_FIELD",
                "\"id\":\"12\"|BAD_HEX",
                "\"pubkey\":[]|BAD_PUBKEY",
                "\"pubkey\":\"" + "Z" + "\"|BAD_HEX",
                "\"created_at\":1.0|BAD_CREATED_AT",
                "\"created_at\":-0|BAD_CREATED_AT",
                "\"created_at\":9007199254740992|BAD_CREATED_AT",
                "\"kind\":65536|BAD_KIND",
                "\"kind\":\"1\"|BAD_KIND",
                "\"tags\":[[\"\\ud800\"]]|BAD_JSON",
                "\"tags\":[[\"\ud800\"]]|BAD_JSON",
                "\"tags\":[\"e\"]|BAD_TAGS",
                "\"content\":\"\\udc00\\ud800\"|BAD_JSON",
                "\"content\":\"\udc00\ud800\"|BAD_JSON",
                "\"content\":{}|BAD_CONTENT",
                "\"sig\":{\"a\":[1,\"x\",true,null,{}]}|BAD_SIG",
                "\"sig\":\"00\"|BAD_SIG",
                "\"sig\":\"0\"|BAD_HEX",
                "\"extra\":{\"a\":01}|BAD_JSON",
                "\"extra\":\"\u0001\"|BAD_JSON",
                "\"extra\":tru|BAD_JSON",
                "\"extra\":True|BAD_JSON",
                "\"extra\":NaN|BAD_JSON",
                "\"extra\":|BAD_JSON",
            })
    void refusesAFieldThatIsWrong(String field, EventDefect defect) {
        String name = field.substring(0, field.indexOf(':'));
        List<String> fields = new ArrayList<>(fields());
        fields.removeIf(other -> other.startsWith(name));
        fields.add(field);

        assertThat(defectOf("{" + String.join(",", fields) + "}")).isEqualTo(defect);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6})
    void refusesAnEventWithoutOneOfItsFieldsOrWithOneTwice(int index) {
        List<String> fewer = new ArrayList<>(fields());
        String field = fewer.remove(index);
        assertThat(defectOf("{" + String.join(",", fewer) + "}")).isEqualTo(EventDefect.MISSING_FIELD);

        List<String> more = new ArrayList<>(fields());
        more.add(field);
        assertThat(defectOf("{" + String.join(",", more) + "}")).isEqualTo(EventDefect.DUPLICATE_KEY);
    }

    @Test
    void everyPrefixOfAnEventIsRefusedAsBadJson() {
        String json = sample("hello \\u00e9").toJson();
        for (int length = 0; length < json.length(); length++) {
            assertThat(defectOf(json.substring(0, length))).isEqualTo(EventDefect.BAD_JSON);
        }
    }

    @Test
    void randomDamageIsEitherReadOrRefusedWithADefect() {
        Random random = new Random(20_261);
        String json = sample("damage \"me\" \u00e9 \ud83d\ude00").toJson();
        byte[] whole = json.getBytes(StandardCharsets.UTF_8);
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] damaged = whole.clone();
            for (int hits = 1 + random.nextInt(3); hits > 0; hits--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            try {
                NostrEvent event = NostrEvent.parse(damaged);
                assertThat(NostrEvent.parse(event.toJson())).isEqualTo(event);
            } catch (EventFormatException e) {
                assertThat(e.defect()).isNotNull();
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(10_000);
    }

    @Test
    void randomEventsSurviveARoundTrip() {
        Random random = new Random(7);
        for (int round = 0; round < 2_000; round++) {
            List<Tag> tags = new ArrayList<>();
            for (int count = random.nextInt(4); count > 0; count--) {
                String[] values = new String[random.nextInt(4)];
                Arrays.setAll(values, i -> randomText(random));
                tags.add(Tag.of(values));
            }
            NostrEvent event = new NostrEvent(
                    EventId.ofHex(ID),
                    PublicKey.ofHex(PUBKEY),
                    random.nextLong() >>> 11,
                    random.nextInt(65_536),
                    tags,
                    randomText(random),
                    SIG);
            assertThat(NostrEvent.parse(event.toJson())).isEqualTo(event);
            assertThat(NostrEvent.parse(event.toJson()).computeId()).isEqualTo(event.computeId());
        }
    }

    private static String randomText(Random random) {
        StringBuilder text = new StringBuilder();
        for (int length = random.nextInt(20); length > 0; length--) {
            int codePoint = switch (random.nextInt(4)) {
                case 0 -> random.nextInt(0x80);
                case 1 -> random.nextInt(0xd800);
                case 2 -> 0xe000 + random.nextInt(0x2000);
                default -> 0x10000 + random.nextInt(0x100000);
            };
            text.appendCodePoint(codePoint);
        }
        return text.toString();
    }

    @Test
    void sizeIsCountedInBytes() {
        int room = NostrEvent.MAX_BYTES - sample("").toJson().length();
        assertThat(NostrEvent.parse(sample("x".repeat(room)).toJson()).content())
                .hasSize(room);
        assertThat(defectOf(sample("x".repeat(room + 1)).toJson())).isEqualTo(EventDefect.TOO_BIG);

        assertThat(NostrEvent.parse(sample("\u20ac".repeat(room / 3)).toJson()).content())
                .hasSize(room / 3);
        assertThat(defectOf(sample("\u20ac".repeat(room / 3 + 1)).toJson())).isEqualTo(EventDefect.TOO_BIG);
        byte[] tooBig = sample("x".repeat(room + 1)).toJson().getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> NostrEvent.parse(tooBig)).isInstanceOf(EventFormatException.class);
    }

    @Test
    void tagsAndTheirValuesAreBounded() {
        assertThat(withTags("[]", NostrEvent.MAX_TAGS).tags()).hasSize(NostrEvent.MAX_TAGS);
        assertThat(defectOf(jsonWithTags("[]", NostrEvent.MAX_TAGS + 1))).isEqualTo(EventDefect.TOO_BIG);

        int values = NostrEvent.MAX_TAG_VALUES / 2;
        String half = "[" + "\"\",".repeat(values - 1) + "\"\"]";
        assertThat(withTags(half, 2).tags()).hasSize(2);
        assertThat(defectOf(jsonWithTags(half + ",[\"\"]", 2))).isEqualTo(EventDefect.TOO_BIG);
    }

    @Test
    void unknownFieldsMayNestUpToTheLimit() {
        assertThat(NostrEvent.parse(jsonWithExtra(NostrEvent.MAX_DEPTH)).kind()).isEqualTo(1);
        assertThat(defectOf(jsonWithExtra(NostrEvent.MAX_DEPTH + 1))).isEqualTo(EventDefect.DEPTH);
        assertThat(defectOf(jsonWithExtra(100_000))).isEqualTo(EventDefect.DEPTH);
    }

    private static String jsonWithExtra(int depth) {
        return "{" + String.join(",", fields()) + ",\"x\":" + "[".repeat(depth) + "]".repeat(depth) + "}";
    }

    @Test
    void depthIsToldFromOtherDefectsWhereverItHides() {
        String deep = "[".repeat(NostrEvent.MAX_DEPTH + 1) + "]".repeat(NostrEvent.MAX_DEPTH + 1);
        assertThat(defectOf(jsonWithTags("[" + deep + "]", 1))).isEqualTo(EventDefect.DEPTH);
        assertThat(defectOf(deep)).isEqualTo(EventDefect.DEPTH);
        assertThat(defectOf("{\"content\":" + deep + "}")).isEqualTo(EventDefect.DEPTH);
    }

    @Test
    void aByteOrderMarkIsRefused() {
        assertThat(defectOf("\uFEFF" + sample("").toJson())).isEqualTo(EventDefect.BAD_JSON);
    }

    @Test
    void aRefusalNamesTheIdWhereverItStands() {
        String json = "{\"kind\":\"x\"," + String.join(",", fields()) + "}";
        assertThatThrownBy(() -> NostrEvent.parse(json))
                .isInstanceOfSatisfying(
                        EventFormatException.class, e -> assertThat(e.id()).contains(EventId.ofHex(ID)));
        assertThatThrownBy(() -> NostrEvent.parse("{\"kind\":1}"))
                .isInstanceOfSatisfying(
                        EventFormatException.class, e -> assertThat(e.id()).isEmpty());
    }

    @Test
    void aRefusalIsCheapAndItsOwn() {
        EventFormatException first = catchThrowableOfType(EventFormatException.class, () -> NostrEvent.parse("x"));
        EventFormatException second = catchThrowableOfType(EventFormatException.class, () -> NostrEvent.parse("x"));
        assertThat(first.getStackTrace()).isEmpty();
        assertThat(first).isNotSameAs(second);
    }

    @Test
    void aRefusalOfOurOwnValueSaysWhereItWasMade() {
        EventFormatException failure = catchThrowableOfType(EventFormatException.class, () -> event(-1, 1, "", SIG));
        assertThat(failure.getStackTrace()).isNotEmpty();
    }

    @Test
    void constructorsRefuseWhatTheReaderRefuses() {
        assertThatThrownBy(() -> event(-1, 1, "", SIG)).isInstanceOf(EventFormatException.class);
        assertThatThrownBy(() -> event(1L << 53, 1, "", SIG)).isInstanceOf(EventFormatException.class);
        assertThatThrownBy(() -> event(0, -1, "", SIG)).isInstanceOf(EventFormatException.class);
        assertThatThrownBy(() -> event(0, 65_536, "", SIG)).isInstanceOf(EventFormatException.class);
        assertThatThrownBy(() -> event(0, 1, "\ud800", SIG)).isInstanceOf(EventFormatException.class);
        assertThatThrownBy(() -> event(0, 1, "", "A".repeat(128))).isInstanceOf(EventFormatException.class);
        assertThatThrownBy(() -> Tag.of("a\udfff")).isInstanceOf(EventFormatException.class);
    }

    private static NostrEvent event(long createdAt, int kind, String content, String sig) {
        return new NostrEvent(EventId.ofHex(ID), PublicKey.ofHex(PUBKEY), createdAt, kind, List.of(), content, sig);
    }

    @Test
    void tagsAreFoundByName() {
        NostrEvent event = withTags("[\"p\",\"a\"],[\"e\"],[\"e\",\"1\",\"x\"],[],[\"e\",\"2\"],[\"d\",\"\"]", 1);
        assertThat(event.firstValue("e")).contains("1");
        assertThat(event.values("e")).containsExactly("1", "2");
        assertThat(event.firstValue("d")).contains("");
        assertThat(event.firstValue("E")).isEmpty();
        assertThat(event.values("q")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"1700000000,1700000000", "0,0", "-1,", "1e9,", "soon,", "'',", "99999999999999999999,", "' 1',"})
    void expirationIsPlainDigitsOrNothing(String text, Long expected) {
        NostrEvent event = withTags("[\"expiration\",\"" + text + "\"]", 1);
        assertThat(event.expiration().stream().boxed().toList())
                .isEqualTo(expected == null ? List.of() : List.of(expected));
    }

    @Test
    void anEventWithoutExpirationHasNone() {
        assertThat(sample("").expiration()).isEmpty();
    }

    @Test
    void tagsAreCopied() {
        List<Tag> tags = new ArrayList<>(List.of(Tag.of("a")));
        NostrEvent event = new NostrEvent(EventId.ofHex(ID), PublicKey.ofHex(PUBKEY), 0, 1, tags, "", SIG);
        tags.clear();
        assertThat(event.tags()).containsExactly(Tag.of("a"));
    }

    @Test
    void textFormsDoNotTellTheContent() {
        assertThat(sample("secret").toString()).contains(ID).doesNotContain("secret");
        assertThat(sample("secret").unsigned().toString()).contains(PUBKEY).doesNotContain("secret");
    }

    private static NostrEvent sample(String content) {
        return new NostrEvent(
                EventId.ofHex(ID), PublicKey.ofHex(PUBKEY), 5, 1, List.of(Tag.of("e", "x"), Tag.of()), content, SIG);
    }

    private static NostrEvent withTags(String tag, int times) {
        return NostrEvent.parse(jsonWithTags(tag, times));
    }

    private static String jsonWithTags(String tag, int times) {
        List<String> fields = new ArrayList<>(fields());
        fields.set(4, "\"tags\":[" + (tag + ",").repeat(times - 1) + tag + "]");
        return "{" + String.join(",", fields) + "}";
    }

    private static List<String> fields() {
        return List.of(
                "\"id\":\"" + ID + "\"",
                "\"pubkey\":\"" + PUBKEY + "\"",
                "\"created_at\":5",
                "\"kind\":1",
                "\"tags\":[]",
                "\"content\":\"\"",
                "\"sig\":\"" + SIG + "\"");
    }

    private static EventDefect defectOf(String json) {
        EventFormatException failure = catchThrowableOfType(EventFormatException.class, () -> NostrEvent.parse(json));
        assertThat(failure).as("refused").isNotNull();
        return failure.defect();
    }
}
