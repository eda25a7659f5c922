package dev.nippush.event;

import java.util.OptionalLong;

/** Whole numbers in plain digits: no sign, no fraction, no exponent. */
final class Digits {

    private static final int MAX_DIGITS = 18;

    private Digits() {}

    /** Returns the number, or empty when the text is anything else or exceeds {@code max}. */
    static OptionalLong parse(String text, long max) {
        if (text.isEmpty() || text.length() > MAX_DIGITS) {
            return OptionalLong.empty();
        }
        long value = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return OptionalLong.empty();
            }
            value = 10 * value + c - '0';
        }
        return value <= max ? OptionalLong.of(value) : OptionalLong.empty();
    }
}
