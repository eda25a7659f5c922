package dev.nippush.server;

import java.util.Locale;
import java.util.Optional;

/**
 * One key of the configuration.
 *
 * @param name as it stands in the file
 * @param parser reads a value
 * @param list whether several values stand between commas, or none
 * @param defaultText what holds where nothing is said; empty for none
 * @param example a value for the documentation, where there is no default
 * @param description one sentence or two
 */
record ConfigKey<T>(
        String name,
        Values.Parser<T> parser,
        boolean list,
        Optional<String> defaultText,
        String example,
        String description) {

    /** Begins the name of every variable. */
    static final String VARIABLE_PREFIX = "NIP_PUSH_";

    /** The environment's spelling: {@code apns.key-id} is {@code NIP_PUSH_APNS_KEY_ID}. */
    String variable() {
        return VARIABLE_PREFIX + name.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    /** The first part of the name, up to the dot. */
    String group() {
        int dot = name.indexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }
}
