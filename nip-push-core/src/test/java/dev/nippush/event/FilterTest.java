package dev.nippush.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.nippush.Vectors;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FilterTest {

    private static final PublicKey AUTHOR = PublicKey.ofHex("a".repeat(64));
    private static final EventId ID = EventId.ofHex("b".repeat(64));

    static List<JsonObject> vectors() {
        return Vectors.made("filters/filters.jsonl");
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void matchesAsTheVectorsSay(JsonObject vector) {
        boolean expected = vector.get("expected").getAsBoolean();
        NostrEvent event = NostrEvent.parse(vector.get("event").toString());
        String json = vector.get("filter").toString();
        String name = vector.get("name").getAsString();
        if (Set.of("id-upper", "author-prefix", "author-upper").contains(name)) {
            // Not 64 lower-case digits: such a filter can match nothing, and is refused outright.
            assertThat(expected).isFalse();
            assertThatThrownBy(() -> Filter.parse(json)).isInstanceOf(FilterFormatException.class);
            return;
        }
        Filter filter = Filter.parse(json);
        assertThat(filter.matches(event)).isEqualTo(expected);
        assertThat(Filter.parse(filter.toJson())).isEqualTo(filter).hasSameHashCodeAs(filter);
        assertThat(Filter.parse(filter.toJson()).matches(event)).isEqualTo(expected);
    }

    @Test
    void buildsAndWritesEveryPart() {
        Filter filter = Filter.builder()
                .limit(5)
                .until(20)
                .since(10)
                .tag('p', List.of("x\"y", "z"))
                .tag('E', List.of())
                .kinds(4, 1059, 4)
                .authors(List.of(AUTHOR))
                .ids(List.of(ID))
                .build();
        assertThat(filter.toJson())
                .isEqualTo("{\"ids\":[\"" + ID + "\"],\"authors\":[\"" + AUTHOR + "\"],\"kinds\":[4,1059],"
                        + "\"#E\":[],\"#p\":[\"x\\\"y\",\"z\"],\"since\":10,\"until\":20,\"limit\":5}");
        assertThat(Filter.parse(filter.toJson())).isEqualTo(filter);
        assertThat(filter).hasToString(filter.toJson());
        assertThat(filter.ids()).contains(Set.of(ID));
        assertThat(filter.authors()).contains(Set.of(AUTHOR));
        assertThat(filter.kinds()).contains(Set.of(4, 1059));
        assertThat(filter.tags()).containsOnlyKeys('E', 'p');
        assertThat(filter.since()).hasValue(10);
        assertThat(filter.until()).hasValue(20);
        assertThat(filter.limit()).hasValue(5);
        assertThat(filter.toBuilder().build()).isEqualTo(filter);
        assertThat(filter.toBuilder().until(15).build().toJson())
                .isEqualTo(filter.toJson().replace("\"until\":20", "\"until\":15"));
    }

    @Test
    void anUntouchedBuilderAsksForEverything() {
        Filter filter = Filter.builder().build();
        assertThat(filter.toJson()).isEqualTo("{}");
        assertThat(filter.kinds()).isEmpty();
        assertThat(filter.tags()).isEmpty();
    }

    @Test
    void aBuilderDoesNotReachIntoWhatItBuilt() {
        Filter.Builder builder = Filter.builder().tag('e', List.of("1"));
        Filter first = builder.build();
        builder.tag('e', List.of("2")).kinds(1);
        assertThat(first).isEqualTo(Filter.parse("{\"#e\":[\"1\"]}")).isNotEqualTo(builder.build());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "null",
                "{}{}",
                "{} x",
                "{\"kinds\":1}",
                "{\"kinds\":null}",
                "{\"kinds\":[\"1\"]}",
                "{\"kinds\":[1.0]}",
                "{\"kinds\":[-1]}",
                "{\"kinds\":[65536]}",
                "{\"kinds\":[1],\"kinds\":[2]}",
                "{\"x\":1,\"x\":2}",
                "{\"ids\":[1]}",
                "{\"ids\":[\"\"]}",
                "{\"authors\":{}}",
                "{\"#e\":\"x\"}",
                "{\"#e\":[null]}",
                "{\"#e\":[\"\\ud800\"]}",
                "{\"since\":\"1\"}",
                "{\"since\":-1}",
                "{\"until\":1e3}",
                "{\"until\":9007199254740992}",
                "{\"limit\":-1}",
                "{\"limit\":2147483648}",
                "{'kinds':[1]}",
                "{\"kinds\":[1,]}",
            })
    void refusesWhatIsNoFilter(String json) {
        assertThatThrownBy(() -> Filter.parse(json)).isInstanceOf(FilterFormatException.class);
    }

    @Test
    void refusesDepthAndSizeWithoutACrash() {
        assertThatThrownBy(() -> Filter.parse("{\"x\":" + "[".repeat(200_000)))
                .isInstanceOf(FilterFormatException.class);
        assertThatThrownBy(() -> Filter.parse("{\"search\":\"" + "x".repeat(NostrEvent.MAX_BYTES) + "\"}"))
                .isInstanceOf(FilterFormatException.class);
    }

    @Test
    void setterRefusesWhatTheWireWouldRefuse() {
        Filter.Builder builder = Filter.builder();
        assertThatThrownBy(() -> builder.kinds(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.tag('1', List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.tag('e', List.of("\ud800"))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.since(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.until(Long.MAX_VALUE)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.limit(-1)).isInstanceOf(IllegalArgumentException.class);
    }
}
