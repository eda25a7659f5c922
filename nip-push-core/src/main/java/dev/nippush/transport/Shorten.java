package dev.nippush.transport;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
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

    /**
     * The notification itself if it fits; else what is left after as little as possible gave way, in this order: the body,
     * from its end; data other than {@value Notification#MESSAGE_TYPE}, the largest first; the thread; the title, from its
     * end.
     *
     * @param fits whether a candidate fits, for instance by the size of the whole payload with it; less text or data must
     *     not fit worse
     * @return empty if not even a notification of nothing but its {@value Notification#MESSAGE_TYPE} fits
     */
    public static Optional<Notification> toFit(Notification notification, Predicate<Notification> fits) {
        Map<String, String> data = new HashMap<>(notification.data());
        while (true) {
            Notification whole = with(notification, notification.title(), notification.thread(), data);
            Optional<String> body = toFit(notification.body(), text -> fits.test(withBody(whole, text)));
            if (body.isPresent()) {
                return Optional.of(withBody(whole, body.get()));
            }
            Optional<String> largest = largestOptional(data);
            if (largest.isEmpty()) {
                break;
            }
            data.remove(largest.get());
        }
        return toFit(notification.title(), text -> fits.test(bare(notification, text, data)))
                .map(text -> bare(notification, text, data));
    }

    private static Optional<String> largestOptional(Map<String, String> data) {
        return data.entrySet().stream()
                .filter(entry -> !entry.getKey().equals(Notification.MESSAGE_TYPE))
                .max(Comparator.comparingInt((Map.Entry<String, String> entry) ->
                                entry.getKey().length() + entry.getValue().length())
                        .thenComparing(Map.Entry.comparingByKey()))
                .map(Map.Entry::getKey);
    }

    private static Notification bare(Notification like, String title, Map<String, String> data) {
        return withBody(with(like, title, "", data), "");
    }

    private static Notification with(Notification like, String title, String thread, Map<String, String> data) {
        return new Notification(title, like.body(), thread, like.urgency(), data);
    }

    private static Notification withBody(Notification like, String body) {
        return new Notification(like.title(), body, like.thread(), like.urgency(), like.data());
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
