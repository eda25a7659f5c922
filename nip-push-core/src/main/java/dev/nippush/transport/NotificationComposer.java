package dev.nippush.transport;

import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;

/**
 * Turns an event into what a device shows. Called on the engine's threads for every event that is pushed or held, so it
 * must neither block nor keep state; one that throws is logged, and the {@linkplain #generic() generic} text is used.
 */
public interface NotificationComposer {

    /**
     * What to show for one event.
     *
     * @param recipient the account whose device is notified
     */
    Notification compose(NostrEvent event, PublicKey recipient);

    /**
     * What to show in place of several notifications that were folded into one.
     *
     * @param count how many, at least 2
     */
    default Notification fold(int count, PublicKey recipient) {
        return GenericComposer.folded(count);
    }

    /**
     * The default: title and text name the sort of event and nothing else, so the provider learns no author, text, id,
     * relay or kind number.
     */
    static NotificationComposer generic() {
        return new GenericComposer();
    }
}
