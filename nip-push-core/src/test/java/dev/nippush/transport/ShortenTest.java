package dev.nippush.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShortenTest {

    @Test
    void textThatFitsIsLeftAlone() {
        assertThat(Shorten.toFit("hello", bytes(5))).contains("hello");
        assertThat(Shorten.toFit("", bytes(0))).contains("");
    }

    @ParameterizedTest
    @CsvSource({
        // the ellipsis is three bytes
        "hello world, 8, hello…",
        "hello world, 10, hello w…",
        "hello, 4, h…",
        "hello, 3, ''",
        "hello, 0, ''",
        // two bytes each
        "éééééé, 8, éé…",
        // a surrogate pair, four bytes
        "😀😀😀😀, 12, 😀😀…",
        "😀😀😀😀, 10, 😀…",
        "a😀😀😀, 7, a…",
        "😀😀, 6, ''",
    })
    void cutTextIsTheLongestThatFits(String text, int limit, String expected) {
        assertThat(Shorten.toFit(text, bytes(limit))).contains(expected);
    }

    @Test
    void characterOfSeveralCodePointsIsKeptOrDroppedAsAWhole() {
        String family = "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67";
        String accented = "e\u0301";

        assertThat(Shorten.toFit("ab" + family + "cd", bytes(18))).contains("ab…");
        assertThat(Shorten.toFit("ab" + family + "cdefg", bytes(23))).contains("ab" + family + "…");
        assertThat(Shorten.toFit(accented.repeat(3), bytes(7))).contains(accented + "…");
    }

    @Test
    void singleCharacterThatIsTooLongIsCutBetweenItsCodePoints() {
        String zalgo = "e" + "\u0301".repeat(1_000);

        assertThat(Shorten.toFit(zalgo, bytes(10))).contains("e" + "\u0301".repeat(3) + "…");
    }

    @Test
    void nothingIsReturnedWhenNotEvenTheEmptyTextFits() {
        assertThat(Shorten.toFit("hello", text -> false)).isEmpty();
        assertThat(Shorten.toFit("", text -> false)).isEmpty();
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.SECONDS)
    void hugeTextCostsFewTries() {
        AtomicInteger tries = new AtomicInteger();
        String text = "\u0301".repeat(500_000) + "x".repeat(500_000);

        assertThat(Shorten.toFit(text, candidate -> {
                    tries.incrementAndGet();
                    return candidate.length() <= 4_000;
                }))
                .hasValueSatisfying(cut -> assertThat(cut).hasSize(4_000));
        assertThat(tries).hasValueLessThanOrEqualTo(24);
    }

    private static Predicate<String> bytes(int limit) {
        return text -> text.getBytes(StandardCharsets.UTF_8).length <= limit;
    }
}
