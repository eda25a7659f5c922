package dev.nippush.address;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * How much the providers on the way to a device may learn of an event. In the order of exposure, least first: an operator
 * sets the most that a transport may tell, and a client may ask for less.
 */
public enum Privacy {
    /** That something came. Nothing is shown: the app wakes and looks by itself. */
    WAKE,
    /** Which sort of event came, by a text that is the same for all events of that sort. The default. */
    MINIMAL,
    /**
     * As {@link #MINIMAL}, and the whole event, encrypted to the account (NIP-44): the provider learns how long it is, and
     * the app shows the content without asking a relay.
     */
    SEALED,
    /** As {@link #MINIMAL}, and the id, kind and relay of the event: the app fetches it, and so may the provider. */
    REFERENCE;

    /** The level of that name, as in a settings message and in a configuration; empty when there is none. */
    public static Optional<Privacy> named(String name) {
        return Arrays.stream(values())
                .filter(level -> level.text().equals(name))
                .findFirst();
    }

    /** The name in a settings message and in a configuration: lower case. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The one that tells less. */
    public Privacy atMost(Privacy other) {
        return compareTo(other) <= 0 ? this : other;
    }
}
