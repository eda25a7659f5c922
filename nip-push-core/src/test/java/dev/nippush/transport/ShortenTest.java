package dev.nippush.transport;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

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

    @Test
    void bodyComesBackWhenWhatGaveWayAfterItMadeRoom() {
        Notification heavyData = notification(Map.of("msgType", "0", "large", "x".repeat(100)));
        assertThat(toFit(heavyData, 40)).isEqualTo(notification(Map.of("msgType", "0")));

        Notification heavyThread = new Notification(
                "the title", "the body text", "t".repeat(100), Notification.Urgency.NORMAL, Map.of("msgType", "0"));
        assertThat(toFit(heavyThread, 40)).satisfies(it -> {
            assertThat(it.thread()).isEmpty();
            assertThat(it.body()).isEqualTo("the body text");
        });
    }

    @Test
    void dataIsMeasuredInBytes() {
        Notification notification = notification(Map.of("msgType", "0", "a", "日本語", "b", "xxxxx"));

        assertThat(toFit(notification, 38).data()).containsOnlyKeys("msgType", "b");
    }

    @Test
    void bodyWithoutATitleStaysToBeShown() {
        Notification bodyOnly = new Notification(
                "", "the body text", "thread", Notification.Urgency.NORMAL, Map.of("msgType", "0", "id", "1234567"));

        assertThat(toFit(bodyOnly, 27)).satisfies(it -> {
            assertThat(it.body()).isEqualTo("t…");
            assertThat(it.data()).containsOnlyKeys("msgType", "id");
        });
        assertThat(toFit(bodyOnly, 26)).satisfies(it -> {
            assertThat(it.body()).isEqualTo("the body …");
            assertThat(it.data()).containsOnlyKeys("msgType");
        });
        assertThat(toFit(bodyOnly, 11).isSilent()).isTrue();
    }

    @Test
    void silentNotificationGivesItsDataAway() {
        Notification silent =
                Notification.silent(Notification.Urgency.HIGH, Map.of("msgType", "1", "event", "x".repeat(100)));

        assertThat(toFit(silent, 113)).isEqualTo(silent);
        assertThat(toFit(silent, 112))
                .isEqualTo(Notification.silent(Notification.Urgency.HIGH, Map.of("msgType", "1")));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void randomTextIsCutBehindTheLastCharacterThatFits(ToIntFunction<String> size) {
        Random random = new Random(4_096);
        for (int i = 0; i < 1_500; i++) {
            List<String> characters = characters(random, 1 + random.nextInt(25));
            String text = String.join("", characters);
            int limit = random.nextInt(size.applyAsInt(text) + 10);
            int empty = size.applyAsInt("");

            Optional<String> cut = Shorten.toFit(text, it -> size.applyAsInt(it) <= limit);

            if (limit < empty) {
                assertThat(cut).isEmpty();
            } else {
                assertThat(cut).as("%s in %d", text, limit).contains(longest(characters, size, limit));
            }
        }
    }

    static Stream<ToIntFunction<String>> sizes() {
        Gson gson = new GsonBuilder().disableHtmlEscaping().create();
        return Stream.of(
                ShortenTest::utf8,
                text -> utf8(gson.toJson(text)),
                text -> (utf8(gson.toJson(text)) + 2) / 3 * 4,
                String::length);
    }

    /** The answer by trying every cut. */
    private static String longest(List<String> characters, ToIntFunction<String> size, int limit) {
        String text = String.join("", characters);
        if (size.applyAsInt(text) <= limit) {
            return text;
        }
        for (int kept = characters.size() - 1; kept > 0; kept--) {
            String candidate = String.join("", characters.subList(0, kept)) + "…";
            if (size.applyAsInt(candidate) <= limit) {
                return candidate;
            }
        }
        String first = characters.get(0);
        for (int kept = first.codePointCount(0, first.length()) - 1; kept > 0; kept--) {
            String candidate = first.substring(0, first.offsetByCodePoints(0, kept)) + "…";
            if (size.applyAsInt(candidate) <= limit) {
                return candidate;
            }
        }
        return "";
    }

    /** Characters as a reader counts them, which stay apart when they are put together. */
    private static List<String> characters(Random random, int count) {
        List<String> kinds = List.of(
                "a",
                " ",
                "\"",
                "\\",
                "\n",
                "\r\n",
                "\u0007",
                "\u2028",
                "é",
                "e\u0301",
                "z" + "\u0335".repeat(40),
                "日",
                "\u1112\u1161\u11ab",
                "ש\u05b8",
                "😀",
                "👍🏽",
                "1\ufe0f\u20e3",
                "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67",
                "🏴\uDB40\uDC67\uDB40\uDC62\uDB40\uDC73\uDB40\uDC63\uDB40\uDC74\uDB40\uDC7F",
                "🇩🇪",
                // Halves of surrogate pairs. The first half comes with a neighbour that cannot make it whole.
                "\ude00",
                "\ud83d");
        List<String> characters = new ArrayList<>();
        while (characters.size() < count) {
            String next = kinds.get(random.nextInt(kinds.size()));
            characters.add(next);
            if (next.equals("\ud83d") || next.equals("\r\n")) {
                characters.add("x");
            }
        }
        return characters;
    }

    @Test
    void randomCodeUnitsAreCutToABeginningThatFits() {
        Random random = new Random(1_024);
        int[] units = {'a', '\u0301', '\u200d', '\ud83d', '\ude00', '\ud83c', '\udde9', '\r', '\n', '\ufe0f', '日', '"'};
        for (int i = 0; i < 5_000; i++) {
            StringBuilder text = new StringBuilder();
            random.ints(random.nextInt(60), 0, units.length).forEach(at -> text.append((char) units[at]));
            int limit = random.nextInt(utf8(text.toString()) + 1);

            String cut = Shorten.toFit(text.toString(), bytes(limit)).orElseThrow();

            assertThat(utf8(cut)).isLessThanOrEqualTo(limit);
            if (!cut.isEmpty() && !cut.contentEquals(text)) {
                assertThat(cut).endsWith("…");
                int end = cut.length() - 1;
                assertThat(cut.substring(0, end)).isEqualTo(text.substring(0, end));
                assertThat(Character.isSurrogatePair(text.charAt(end - 1), text.charAt(end)))
                        .as("a torn pair in %s", cut)
                        .isFalse();
            }
        }
    }

    @Test
    void whatGaveWayIsTheLeastOfEveryRandomNotification() {
        Random random = new Random(2_048);
        for (int i = 0; i < 3_000; i++) {
            Notification whole = random(random);
            int limit = random.nextInt(size(whole) + 10);

            Optional<Notification> cut = Shorten.toFit(whole, it -> size(it) <= limit);

            Notification bare = Notification.silent(whole.urgency(), Map.of("msgType", "1"));
            assertThat(cut.isPresent()).isEqualTo(size(bare) <= limit);
            cut.ifPresent(it -> checkLeastGaveWay(whole, it, limit));
        }
    }

    private static void checkLeastGaveWay(Notification whole, Notification cut, int limit) {
        assertThat(size(cut)).isLessThanOrEqualTo(limit);
        assertThat(cut.urgency()).isEqualTo(whole.urgency());
        assertThat(cut.data()).containsEntry("msgType", "1");
        assertThat(whole.data()).containsAllEntriesOf(cut.data());
        Map<String, String> dropped = new HashMap<>(whole.data());
        dropped.keySet().removeAll(cut.data().keySet());
        boolean threadDropped = !cut.thread().equals(whole.thread());
        boolean titleCut = !cut.title().equals(whole.title());
        if (titleCut) {
            assertThat(cut.body()).isEmpty();
            assertThat(cut.thread()).isEmpty();
        }
        if (titleCut || threadDropped) {
            assertThat(cut.data()).containsOnlyKeys("msgType");
        }
        // One step back does not fit: not with the least body that still shows something.
        String least = whole.title().isEmpty() && !whole.body().isEmpty() ? leastOf(whole.body()) : "";
        if (titleCut) {
            assertThat(size(with(whole, whole.title(), least, "", cut.data()))).isGreaterThan(limit);
        } else if (threadDropped) {
            assertThat(cut.thread()).isEmpty();
            assertThat(size(with(whole, whole.title(), least, whole.thread(), cut.data())))
                    .isGreaterThan(limit);
        } else if (!dropped.isEmpty()) {
            String last = dropped.keySet().stream()
                    .min(Comparator.comparingInt((String key) -> weight(key, whole))
                            .thenComparing(Comparator.naturalOrder()))
                    .orElseThrow();
            assertThat(cut.data().keySet())
                    .filteredOn(key -> !key.equals("msgType"))
                    .allSatisfy(key -> assertThat(weight(key, whole)).isLessThanOrEqualTo(weight(last, whole)));
            Map<String, String> before = new HashMap<>(cut.data());
            before.put(last, dropped.get(last));
            assertThat(size(with(whole, whole.title(), least, whole.thread(), before)))
                    .isGreaterThan(limit);
        }
        if (whole.isSilent()) {
            assertThat(cut.isSilent()).isTrue();
        } else if (cut.isSilent()) {
            String shown = whole.title().isEmpty() ? whole.body() : whole.title();
            assertThat(size(with(whole, leastOf(shown), "", "", cut.data()))).isGreaterThan(limit);
        }
    }

    /** The shortest text that a cut may leave: an only code point, or the first with an ellipsis. */
    private static String leastOf(String text) {
        int first = Character.charCount(text.codePointAt(0));
        return first == text.length() ? text : text.substring(0, first) + "…";
    }

    private static int weight(String key, Notification whole) {
        return utf8(key) + utf8(Objects.requireNonNull(whole.data().get(key)));
    }

    private static Notification random(Random random) {
        Map<String, String> data = new HashMap<>(Map.of("msgType", "1"));
        for (int i = random.nextInt(4); i > 0; i--) {
            data.put("key" + random.nextInt(20), wellFormed(random, 30));
        }
        return new Notification(
                wellFormed(random, 12),
                wellFormed(random, 40),
                "t".repeat(random.nextInt(20)),
                Notification.Urgency.values()[random.nextInt(2)],
                data);
    }

    private static String wellFormed(Random random, int most) {
        return random.ints(random.nextInt(3) * random.nextInt(most), 0, 4)
                .mapToObj(List.of("a", "é", "日", "😀")::get)
                .collect(Collectors.joining());
    }

    private static Notification with(
            Notification like, String title, String body, String thread, Map<String, String> data) {
        return new Notification(title, body, thread, like.urgency(), data);
    }

    private static Notification notification(Map<String, String> data) {
        return new Notification("the title", "the body text", "thread", Notification.Urgency.HIGH, data);
    }

    private static Notification toFit(Notification notification, int limit) {
        return Shorten.toFit(notification, it -> size(it) <= limit).orElseThrow();
    }

    private static int size(Notification notification) {
        int data = notification.data().entrySet().stream()
                .mapToInt(entry -> utf8(entry.getKey()) + utf8(entry.getValue()))
                .sum();
        return utf8(notification.title() + notification.body() + notification.thread()) + data;
    }

    private static Predicate<String> bytes(int limit) {
        return text -> utf8(text) <= limit;
    }

    private static int utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
