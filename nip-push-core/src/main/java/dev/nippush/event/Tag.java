package dev.nippush.event;

import java.util.List;

/**
 * A tag of an event: a name and values. The empty tag is outside the letter of NIP-01 but is signed and sent, so it is
 * taken.
 *
 * @param values the name first; copied
 */
public record Tag(List<String> values) {

    /**
     * Checks that every value can be written as UTF-8.
     *
     * @throws EventFormatException {@link EventDefect#BAD_TAGS}
     */
    public Tag {
        values = List.copyOf(values);
        for (String value : values) {
            if (!StrictJson.isWellFormed(value)) {
                throw EventFormatException.ofArgument(EventDefect.BAD_TAGS);
            }
        }
    }

    /** Returns a tag of this name and these values. */
    public static Tag of(String... values) {
        return new Tag(List.of(values));
    }

    /** Returns the name, or {@code ""} when the tag is empty. */
    public String name() {
        return values.isEmpty() ? "" : values.get(0);
    }

    /** Returns the first value, or {@code ""} when there is none. */
    public String value() {
        return hasValue() ? values.get(1) : "";
    }

    /** Says whether there is a first value. NIP-01 filters see only tags that have one. */
    public boolean hasValue() {
        return values.size() > 1;
    }
}
