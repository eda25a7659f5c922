package dev.nippush.address;

/** Checks on text from strangers. */
final class Text {
    private Text() {}

    /** Whether the text cannot be written as UTF-8. */
    static boolean hasLoneSurrogate(String text) {
        return text.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
    }

    static boolean hasControlCharacter(String text) {
        return text.chars().anyMatch(Character::isISOControl);
    }
}
