package dev.nippush.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
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

    @Test
    void notificationThatFitsIsLeftAlone() {
        Notification notification = notification(Map.of("msgType", "0", "a", "b"));

        assertThat(Shorten.toFit(notification, it -> size(it) <= size(notification)))
                .contains(notification);
    }

    @Test
    void bodyGivesWayFirstThenTheLargestDataThenTheThreadThenTheTitle() {
        Notification notification = notification(Map.of("msgType", "0", "small", "x", "large", "xxxxxxxxxx"));

        assertThat(toFit(notification, 60)).isEqualTo(notification);
        assertThat(toFit(notification, 50)).satisfies(it -> {
            assertThat(it.body()).isEqualTo("the…");
            assertThat(it.data()).isEqualTo(notification.data());
        });
        assertThat(toFit(notification, 30)).satisfies(it -> {
            assertThat(it.body()).isEmpty();
            assertThat(it.data()).containsOnlyKeys("msgType", "small");
            assertThat(it.thread()).isEqualTo("thread");
        });
        assertThat(toFit(notification, 24)).satisfies(it -> {
            assertThat(it.data()).containsOnlyKeys("msgType");
            assertThat(it.body()).isEqualTo("");
            assertThat(it.thread()).isEqualTo("thread");
        });
        assertThat(toFit(notification, 17)).satisfies(it -> {
            assertThat(it.thread()).isEmpty();
            assertThat(it.title()).isEqualTo("the title");
        });
        assertThat(toFit(notification, 15))
                .satisfies(it -> assertThat(it.title()).isEqualTo("the …"));
        assertThat(toFit(notification, 8).title()).isEmpty();
        assertThat(Shorten.toFit(notification, it -> size(it) <= 7)).isEmpty();
    }

    private static Notification notification(Map<String, String> data) {
        return new Notification("the title", "the body text", "thread", Notification.Urgency.HIGH, data);
    }

    private static Notification toFit(Notification notification, int limit) {
        return Shorten.toFit(notification, it -> size(it) <= limit).orElseThrow();
    }

    private static int size(Notification notification) {
        int data = notification.data().entrySet().stream()
                .mapToInt(entry -> entry.getKey().length() + entry.getValue().length())
                .sum();
        String text = notification.title() + notification.body() + notification.thread();
        return text.getBytes(StandardCharsets.UTF_8).length + data;
    }

    private static Predicate<String> bytes(int limit) {
        return text -> text.getBytes(StandardCharsets.UTF_8).length <= limit;
    }
}
