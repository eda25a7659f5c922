package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class VapidTokenTest {

    static Stream<JsonObject> made() {
        return Vectors.made("webpush/vapid.jsonl").stream();
    }

    @ParameterizedTest
    @MethodSource("made")
    void tokenCountsIfItsSignatureIsThatOfTheKeyItNames(JsonObject vector) {
        check(vector);
    }

    @Test
    void exampleOfTheStandardCounts() throws Exception {
        Vectors.published("webpush/vapid.jsonl").forEach(VapidTokenTest::check);
    }

    @Test
    void claimsThatWereChangedOrSignedByAnotherAreRefused() {
        JsonObject first = made().toList().get(0);
        JsonObject second = made().toList().get(1);
        String[] one = text(first, "t").split("\\.");
        String[] other = text(second, "t").split("\\.");

        assertRefused("vapid t=" + one[0] + '.' + other[1] + '.' + one[2] + ", k=" + text(first, "k"));
        assertRefused("vapid t=" + text(first, "t") + ", k=" + text(second, "k"));
    }

    @Test
    void parametersMayStandInEitherOrder() {
        JsonObject vector = made().findFirst().orElseThrow();

        assertThat(VapidToken.read("Vapid k=" + text(vector, "k") + ",t=" + text(vector, "t")))
                .isEqualTo(VapidToken.read("vapid t=" + text(vector, "t") + ", k=" + text(vector, "k")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "vapid",
                "vapid t=, k=",
                "vapid t=a.b.c",
                "Bearer abc",
                "WebPush a.b.c",
                "vapid t=a.b, k=BAAA",
                "vapid t=e30.e30.AA, k=BAAA",
                "vapid t=eyJhbGciOiJFUzI1NiJ9.e30.AA, k=BAAA",
                "vapid t=W10.e30.AA, k=BAAA",
                "vapid t=_.e30.AA, k=BAAA",
            })
    void otherHeadersAreRefused(String header) {
        assertRefused(header);
    }

    private static void check(JsonObject vector) {
        String header = "vapid t=" + text(vector, "t") + ", k=" + text(vector, "k");
        if (vector.get("valid").getAsBoolean()) {
            assertThat(VapidToken.read(header))
                    .isEqualTo(new VapidToken(
                            text(vector, "k"),
                            text(vector, "aud"),
                            Instant.ofEpochSecond(vector.get("exp").getAsLong()),
                            Optional.ofNullable(vector.get("sub")).map(JsonElement::getAsString)));
        } else {
            assertRefused(header);
        }
    }

    private static void assertRefused(String header) {
        assertThatThrownBy(() -> VapidToken.read(header)).isInstanceOf(IllegalArgumentException.class);
    }

    private static String text(JsonObject vector, String name) {
        return vector.get(name).getAsString();
    }
}
