package dev.nippush.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.crypto.KeyPair;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.ResourceBundle;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GenericComposerTest {

    private static final KeyPair AUTHOR = KeyPair.ofHex("1".repeat(64));
    private static final PublicKey RECIPIENT = KeyPair.ofHex("2".repeat(64)).publicKey();
    private static final String CHANNEL = "c".repeat(64);
    private static final String MESSAGE = "d".repeat(64);

    static List<Locale> languages() {
        return NotificationComposer.languages();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1     | New mention              | note",
                "4     | New message              | message",
                "6     | New repost               | note",
                "7     | New reaction             | reaction",
                "8     | Badge received           | badge",
                "9     | New group message        | group",
                "10    | New group message        | group",
                "11    | New thread               | thread",
                "12    | New reply in a thread    | thread",
                "16    | New repost               | note",
                "20    | New picture              | media",
                "21    | New video                | media",
                "22    | New video                | media",
                "24    | New public message       | message",
                "42    | New channel message      | channel",
                "44    | New message              | message",
                "445   | New group message        | group",
                "1018  | New vote                 | poll",
                "1059  | New message              | message",
                "1060  | New message              | message",
                "1068  | New poll                 | poll",
                "1111  | New comment              | note",
                "1222  | New voice message        | media",
                "1244  | New comment              | note",
                "1311  | New live chat message    | live",
                "1617  | Repository news          | repository",
                "1618  | Repository news          | repository",
                "1619  | Repository news          | repository",
                "1621  | Repository news          | repository",
                "1622  | Repository news          | repository",
                "1629  | New notification         | other",
                "1630  | Repository news          | repository",
                "1633  | Repository news          | repository",
                "1634  | New notification         | other",
                "2004  | New comment              | note",
                "8999  | New notification         | other",
                "9000  | Group news               | group",
                "9030  | Group news               | group",
                "9031  | New notification         | other",
                "9321  | Zap received             | zap",
                "9735  | Zap received             | zap",
                "9802  | New highlight            | note",
                "21059 | New message              | message",
                "30023 | New article              | article",
                "30311 | Live event               | live",
                "30312 | Live event               | live",
                "30313 | Live event               | live",
                "30402 | New listing              | listing",
                "31922 | New calendar entry       | calendar",
                "31923 | New calendar entry       | calendar",
                "31925 | Answer to an invitation  | calendar",
                "34235 | New video                | media",
                "34236 | New video                | media",
                "0     | New notification         | other",
                "65535 | New notification         | other",
            })
    void kindHasItsTextInEveryLanguage(int kind, String title, String thread) {
        NostrEvent event = event(kind);
        Notification english = NotificationComposer.generic().compose(event, RECIPIENT);

        assertThat(english.title()).isEqualTo(title);
        assertThat(english.body()).endsWith(".");
        assertThat(english.thread()).isEqualTo(thread);
        assertThat(english.urgency()).isEqualTo(Notification.Urgency.NORMAL);
        assertThat(english.data()).isEqualTo(Map.of("msgType", "0"));
        for (Locale language : languages()) {
            Notification translated = NotificationComposer.generic(language).compose(event, RECIPIENT);
            if (language.equals(Locale.ENGLISH)) {
                assertThat(translated).isEqualTo(english);
            } else {
                assertThat(translated.title()).isNotBlank().isNotEqualTo(english.title());
                assertThat(translated.body()).isNotBlank().isNotEqualTo(english.body());
            }
            assertThat(translated.thread()).isEqualTo(thread);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Kind.GIFT_WRAP, Kind.EPHEMERAL_GIFT_WRAP})
    void giftWrapThatNamesACallRings(int kind) {
        NostrEvent call = event(kind, Tag.of("p", RECIPIENT.hex()), Tag.of("k", "25050"), Tag.of("h", "group"));

        assertThat(NotificationComposer.generic().compose(call, RECIPIENT))
                .isEqualTo(Notification.call("Incoming call", "Someone is calling you."));
        assertThat(NotificationComposer.generic(Locale.GERMAN).compose(call, RECIPIENT))
                .isEqualTo(Notification.call("Eingehender Anruf", "Jemand ruft dich an."));
    }

    static Stream<Object[]> notes() {
        String someone = "e".repeat(64);
        return Stream.of(
                new Object[] {"New mention", List.of(Tag.of("p", RECIPIENT.hex()))},
                new Object[] {"New reply", List.of(Tag.of("e", MESSAGE))},
                new Object[] {"New reply", List.of(Tag.of("e", MESSAGE, "", "root"))},
                new Object[] {"New reply", List.of(Tag.of("e", MESSAGE, "wss://r.example", "reply", someone))},
                new Object[] {"New mention", List.of(Tag.of("e"))},
                new Object[] {"New mention", List.of(Tag.of("e", MESSAGE, "", "mention"))},
                new Object[] {"New reply", List.of(Tag.of("e", MESSAGE, "", "mention"), Tag.of("e", CHANNEL))},
                new Object[] {"New quote", List.of(Tag.of("q", MESSAGE, "", RECIPIENT.hex()))},
                new Object[] {"New mention", List.of(Tag.of("q", MESSAGE, "", someone))},
                new Object[] {"New mention", List.of(Tag.of("q", MESSAGE))},
                new Object[] {"New reply", List.of(Tag.of("q", MESSAGE, "", RECIPIENT.hex()), Tag.of("e", MESSAGE))},
                new Object[] {"New mention", List.of(new Tag(List.of()))});
    }

    @ParameterizedTest
    @MethodSource("notes")
    void noteIsAReplyAQuoteOrAMention(String title, List<Tag> tags) {
        NostrEvent note = AUTHOR.sign(1_700_000_000, Kind.TEXT_NOTE, tags, "");

        assertThat(NotificationComposer.generic().compose(note, RECIPIENT).title())
                .isEqualTo(title);
    }

    static Stream<Object[]> threads() {
        return Stream.of(
                new Object[] {"channel:" + CHANNEL, 42, List.of(Tag.of("e", CHANNEL, "", "root"))},
                new Object[] {
                    "channel:" + CHANNEL,
                    42,
                    List.of(Tag.of("e", MESSAGE, "", "reply"), Tag.of("e", CHANNEL, "", "root"))
                },
                new Object[] {"channel:" + CHANNEL, 42, List.of(Tag.of("e", CHANNEL), Tag.of("e", MESSAGE))},
                new Object[] {
                    "channel:" + CHANNEL, 42, List.of(Tag.of("h", "group"), Tag.of("e", CHANNEL, "wss://r.example"))
                },
                new Object[] {"channel", 42, List.of()},
                new Object[] {"channel", 42, List.of(Tag.of("e", "no id", "", "root"), Tag.of("e", CHANNEL))},
                new Object[] {"group:pizza", 9, List.of(Tag.of("h", "pizza"))},
                new Object[] {"group:pizza", 11, List.of(Tag.of("h", "pizza"), Tag.of("h", "pasta"))},
                new Object[] {"group:pizza", 7, List.of(Tag.of("e", MESSAGE), Tag.of("h", "pizza"))},
                new Object[] {"group:pizza", 39_000, List.of(Tag.of("h", "pizza"))},
                new Object[] {"group:" + "x".repeat(255), 9, List.of(Tag.of("h", "x".repeat(255)))},
                new Object[] {"group", 9, List.of(Tag.of("h", "x".repeat(256)))},
                new Object[] {"group", 9, List.of(Tag.of("h", ""))},
                new Object[] {"group", 9, List.of(Tag.of("h"))},
                new Object[] {"note", 1, List.of(Tag.of("e", MESSAGE, "", "root"))},
                new Object[] {"message", 1059, List.of(Tag.of("h", "pizza"))},
                new Object[] {"message", 4, List.of(Tag.of("e", MESSAGE, "", "root"))});
    }

    @ParameterizedTest
    @MethodSource("threads")
    void whatBelongsTogetherSharesAThread(String thread, int kind, List<Tag> tags) {
        NostrEvent event = AUTHOR.sign(1_700_000_000, kind, tags, "");

        assertThat(NotificationComposer.generic().compose(event, RECIPIENT).thread())
                .isEqualTo(thread);
    }

    @ParameterizedTest
    @EnumSource(Sort.class)
    void textSaysTheSortAndNothingOfTheEvent(Sort sort) {
        for (Locale language : languages()) {
            Properties texts = texts(language);
            for (String part : List.of(".title", ".body")) {
                assertThat(texts.getProperty(sort.key() + part))
                        .isNotBlank()
                        .doesNotContainPattern("[0-9{}]")
                        .hasSizeLessThan(80);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("languages")
    void everyLanguageHasTheSameKeys(Locale language) {
        TreeSet<String> keys = new TreeSet<>();
        for (Sort sort : Sort.values()) {
            keys.add(sort.key() + ".title");
            keys.add(sort.key() + ".body");
        }
        keys.add("folded.title");
        keys.add("folded.body");

        assertThat(texts(language).stringPropertyNames()).containsExactlyInAnyOrderElementsOf(keys);
    }

    @ParameterizedTest
    @CsvSource({
        "en, 1, 1 new notification, Open the app to see what is new.",
        "en, 2, 2 new notifications, Open the app to see what is new.",
        "en, 1000, '1,000 new notifications', Open the app to see what is new.",
        "de, 1, 1 neue Benachrichtigung, 'Öffne die App, um zu sehen, was es Neues gibt.'",
        "de, 5, 5 neue Benachrichtigungen, 'Öffne die App, um zu sehen, was es Neues gibt.'",
        "de, 1000, 1.000 neue Benachrichtigungen, 'Öffne die App, um zu sehen, was es Neues gibt.'",
        "es, 1, 1 notificación nueva, Abre la aplicación para ver las novedades.",
        "es, 5, 5 notificaciones nuevas, Abre la aplicación para ver las novedades.",
    })
    void foldedNotificationsAreCounted(String language, int count, String title, String body) {
        assertThat(NotificationComposer.generic(Locale.forLanguageTag(language)).fold(count, RECIPIENT))
                .isEqualTo(Notification.message(title, body, "other"));
    }

    @Test
    void composerWithoutAFoldOfItsOwnCountsInEnglish() {
        NotificationComposer silent = (event, recipient) -> Notification.message("", "", "");

        assertThat(silent.fold(5, RECIPIENT).title()).isEqualTo("5 new notifications");
    }

    @ParameterizedTest
    @CsvSource({
        "en, New message",
        "en-GB, New message",
        "de, Neue Nachricht",
        "de-AT, Neue Nachricht",
        "de-Latn-CH-1996, Neue Nachricht",
        "de-DE-u-co-phonebk, Neue Nachricht",
        "es, Nuevo mensaje",
        "es-419, Nuevo mensaje",
        "fr, New message",
        "zh-Hant-TW, New message",
        "ja-JP-u-ca-japanese-x-lvariant-JP, New message",
        "x-private, New message",
        "und, New message",
        "'', New message",
    })
    void closestLanguageIsTaken(String tag, String title) {
        assertThat(NotificationComposer.generic(Locale.forLanguageTag(tag))
                        .compose(event(Kind.ENCRYPTED_DIRECT_MESSAGE), RECIPIENT)
                        .title())
                .isEqualTo(title);
    }

    @ParameterizedTest
    @ValueSource(strings = {"de", "es", "fr", "en"})
    void languageOfTheMachinePlaysNoPart(String machine) {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag(machine));
            ResourceBundle.clearCache();
            NostrEvent event = event(Kind.ENCRYPTED_DIRECT_MESSAGE);

            assertThat(new GenericComposer(Locale.ENGLISH)
                            .compose(event, RECIPIENT)
                            .title())
                    .isEqualTo("New message");
            assertThat(NotificationComposer.generic(Locale.FRENCH)
                            .compose(event, RECIPIENT)
                            .title())
                    .isEqualTo("New message");
            assertThat(NotificationComposer.generic(Locale.GERMAN)
                            .fold(1_000, RECIPIENT)
                            .title())
                    .isEqualTo("1.000 neue Benachrichtigungen");
        } finally {
            Locale.setDefault(before);
        }
    }

    private static NostrEvent event(int kind, Tag... tags) {
        return AUTHOR.sign(1_700_000_000, kind, List.of(tags), "the content 42");
    }

    /** Reads the file of one language alone, as UTF-8 and nothing else. */
    private static Properties texts(Locale language) {
        String file = language.equals(Locale.ENGLISH)
                ? "notifications.properties"
                : "notifications_" + language.getLanguage() + ".properties";
        Properties texts = new Properties();
        try (InputStream in = Objects.requireNonNull(GenericComposer.class.getResourceAsStream(file), file);
                Reader reader = new InputStreamReader(
                        in, StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT))) {
            texts.load(reader);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return texts;
    }
}
