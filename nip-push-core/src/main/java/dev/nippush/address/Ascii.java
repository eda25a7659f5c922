package dev.nippush.address;

/** Character classes of US-ASCII; the JDK's own also take digits and letters of other scripts. */
final class Ascii {
    private Ascii() {}

    static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    static boolean isLetter(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
    }

    static boolean isLetterOrDigit(char c) {
        return isLetter(c) || isDigit(c);
    }

    static boolean isHex(char c) {
        return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F';
    }

    /** True for an empty text. */
    static boolean isHex(String text) {
        return text.chars().allMatch(c -> isHex((char) c));
    }

    /** At least one digit, and nothing else. */
    static boolean isDigits(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> isDigit((char) c));
    }

    static boolean isAscii(String text) {
        return text.chars().allMatch(c -> c < 0x80);
    }

    /** A URL scheme by RFC 3986: a letter, then letters, digits, plus, dot and hyphen. */
    static boolean isScheme(String text) {
        return !text.isEmpty()
                && isLetter(text.charAt(0))
                && text.chars().allMatch(c -> isLetterOrDigit((char) c) || c == '+' || c == '.' || c == '-');
    }
}
