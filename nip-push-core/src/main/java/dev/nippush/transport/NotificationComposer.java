package dev.nippush.transport;

import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import java.util.List;
import java.util.Locale;

/**
 * Turns an event into what a device shows. Called on the engine's threads for every event that is pushed or held, so it
 * must neither block nor keep state; one that throws is logged, and the {@linkplain #generic() generic} text is used.
 */
public interface NotificationComposer {

    /**
     * What to show for one event. The thread is free text for grouping; providers see only a keyed hash of it.
     *
     * @param recipient the account whose device is notified
     */
    Notification compose(NostrEvent event, PublicKey recipient);

    /**
     * What to show in place of several notifications that were folded into one. By default their number, in English.
     *
     * @param count how many, at least 2
     */
    default Notification fold(int count, PublicKey recipient) {
        return GenericComposer.ENGLISH.fold(count, recipient);
    }

    /**
     * The default, in English: title and text name the sort of event and nothing else, so the provider learns no author,
     * text, id, relay, kind number or amount. Messages of a channel (NIP-28) or a group (NIP-29) share a thread; anything
     * else is grouped by its sort.
     */
    static NotificationComposer generic() {
        return GenericComposer.ENGLISH;
    }

    /**
     * The same in another language: the closest of {@link #languages} by the lookup of RFC 4647, so {@code de-AT} is
     * German; English where none is close. The language of the machine plays no part.
     */
    static NotificationComposer generic(Locale locale) {
        return GenericComposer.closestTo(locale);
    }

    /** The languages that {@link #generic(Locale)} has texts in, sorted by their tags. */
    static List<Locale> languages() {
        return GenericComposer.LANGUAGES;
    }
}
