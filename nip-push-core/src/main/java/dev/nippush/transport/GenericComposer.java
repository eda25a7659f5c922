package dev.nippush.transport;

import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import java.text.MessageFormat;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Locale.LanguageRange;
import java.util.Map;
import java.util.ResourceBundle;

/** Says which sort of event came, and nothing that is only true of this one. */
final class GenericComposer implements NotificationComposer {

    /** Those with a bundle of their own, by the alphabet. The root bundle is English. */
    static final List<Locale> LANGUAGES = List.of(Locale.GERMAN, Locale.ENGLISH, Locale.forLanguageTag("es"));

    static final GenericComposer ENGLISH = new GenericComposer(Locale.ENGLISH);

    private static final String BUNDLE = "dev.nippush.transport.notifications";

    private final Locale language;
    private final Map<Sort, Text> texts = new EnumMap<>(Sort.class);
    private final String foldedTitle;
    private final String foldedBody;

    private record Text(String title, String body) {}

    /** In one of {@link #LANGUAGES}. */
    GenericComposer(Locale language) {
        this.language = language;
        // A bundle that is there is found as it is. For one that is not, the language of the machine would step in.
        ResourceBundle bundle =
                ResourceBundle.getBundle(BUNDLE, language.equals(Locale.ENGLISH) ? Locale.ROOT : language);
        for (Sort sort : Sort.values()) {
            texts.put(sort, new Text(bundle.getString(sort.key() + ".title"), bundle.getString(sort.key() + ".body")));
        }
        foldedTitle = bundle.getString("folded.title");
        foldedBody = bundle.getString("folded.body");
    }

    /** In the closest language by the lookup of RFC 4647, section 3.4; English where there is none. */
    static GenericComposer closestTo(Locale locale) {
        Locale language = Locale.lookup(List.of(new LanguageRange(locale.toLanguageTag())), LANGUAGES);
        return language == null || language.equals(Locale.ENGLISH) ? ENGLISH : new GenericComposer(language);
    }

    @Override
    public Notification compose(NostrEvent event, PublicKey recipient) {
        Sort sort = Sort.of(event, recipient);
        Text text = texts.get(sort);
        return sort == Sort.CALL
                ? Notification.call(text.title(), text.body())
                : Notification.message(text.title(), text.body(), sort.thread(event));
    }

    @Override
    public Notification fold(int count, PublicKey recipient) {
        String title = new MessageFormat(foldedTitle, language).format(new Object[] {count});
        return Notification.message(title, foldedBody, Sort.OTHER.key());
    }

    @Override
    public String toString() {
        return "GenericComposer[" + language.toLanguageTag() + "]";
    }
}
