package dev.nippush.transport;

import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Cuts a text for a provider that limits its payload. For the authors of transports. */
public final class Shorten {

    /** Follows a text that was cut. */
    public static final String ELLIPSIS = "…";

    private static final Pattern CHARACTER = Pattern.compile("\\X");

    private Shorten() {}

    /**
     * The text itself if it fits; else its longest beginning that fits, with {@link #ELLIPSIS} behind it. A character as a
     * reader counts it (an emoji of several code points, a letter with its accents) is kept or dropped as a whole, unless
     * not even the first one fits; a surrogate pair is never torn. If nothing of the text fits, the empty text.
     *
     * @param fits whether a candidate fits, for instance by the size of the whole payload with it; a text that is longer
     *     by some characters must not fit where the shorter one does not. It is asked some twenty times at most
     * @return empty if not even the empty text fits
     */
    public static Optional<String> toFit(String text, Predicate<String> fits) {
        if (fits.test(text)) {
            return Optional.of(text);
        }
        int fitting = 0;
        int tooLong = text.length();
        while (tooLong - fitting > 1) {
            int middle = (fitting + tooLong) >>> 1;
            if (fits.test(cut(text, middle))) {
                fitting = middle;
            } else {
                tooLong = middle;
            }
        }
        int end = lastBoundary(text, fitting);
        if (end > 0) {
            return Optional.of(cut(text, end));
        }
        return fits.test("") ? Optional.of("") : Optional.empty();
    }

    private static String cut(String text, int end) {
        return text.substring(0, betweenCodePoints(text, end)) + ELLIPSIS;
    }

    private static int lastBoundary(String text, int end) {
        int last = 0;
        Matcher characters = CHARACTER.matcher(text);
        while (characters.find() && characters.end() <= end) {
            last = characters.end();
        }
        return last > 0 ? last : betweenCodePoints(text, end);
    }

    private static int betweenCodePoints(String text, int index) {
        boolean torn = index > 0
                && index < text.length()
                && Character.isHighSurrogate(text.charAt(index - 1))
                && Character.isLowSurrogate(text.charAt(index));
        return torn ? index - 1 : index;
    }
}
