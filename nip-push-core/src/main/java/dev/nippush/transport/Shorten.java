package dev.nippush.transport;

import dev.nippush.event.StrictJson;
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
     * from its end; data other than {@value Notification#MESSAGE_TYPE}, that of the most bytes first; the thread; the
     * title, from its end. What is to be shown becomes {@linkplain Notification#isSilent() silent} only when not a letter
     * of it fits with nothing but its {@value Notification#MESSAGE_TYPE}.
     *
     * @param fits whether a candidate fits, for instance by the size of the whole payload with it; less text or data must
     *     not fit worse
     * @return empty if not even a notification of nothing but its {@value Notification#MESSAGE_TYPE} fits
     */
    public static Optional<Notification> toFit(Notification notification, Predicate<Notification> fits) {
        // A body that is all there is to show gives way to data before its last letter does.
        Predicate<Notification> fitsAndShows = it -> it.isSilent() == notification.isSilent() && fits.test(it);
        Map<String, String> data = new HashMap<>(notification.data());
        Notification lighter = notification;
        while (true) {
            Optional<Notification> cut = toFitByBody(lighter, fitsAndShows);
            if (cut.isPresent()) {
                return cut;
            }
            Optional<String> largest = largestOptional(data);
            if (largest.isPresent()) {
                data.remove(largest.get());
                lighter = with(lighter, lighter.title(), lighter.body(), lighter.thread(), data);
            } else if (!lighter.thread().isEmpty()) {
                lighter = with(lighter, lighter.title(), lighter.body(), "", data);
            } else {
                return toFitByTitle(lighter, fitsAndShows)
                        .or(() -> Optional.of(with(notification, "", "", "", data))
                                .filter(fits));
            }
        }
    }

    private static Optional<Notification> toFitByBody(Notification whole, Predicate<Notification> fits) {
        return toFit(whole.body(), body -> fits.test(with(whole, whole.title(), body, whole.thread(), whole.data())))
                .map(body -> with(whole, whole.title(), body, whole.thread(), whole.data()));
    }

    private static Optional<Notification> toFitByTitle(Notification whole, Predicate<Notification> fits) {
        return toFit(whole.title(), title -> fits.test(with(whole, title, "", whole.thread(), whole.data())))
                .map(title -> with(whole, title, "", whole.thread(), whole.data()));
    }

    private static Optional<String> largestOptional(Map<String, String> data) {
        return data.entrySet().stream()
                .filter(entry -> !entry.getKey().equals(Notification.MESSAGE_TYPE))
                .max(Comparator.comparingLong((Map.Entry<String, String> entry) ->
                                StrictJson.utf8Length(entry.getKey()) + StrictJson.utf8Length(entry.getValue()))
                        .thenComparing(Map.Entry.comparingByKey()))
                .map(Map.Entry::getKey);
    }

    private static Notification with(
            Notification like, String title, String body, String thread, Map<String, String> data) {
        return new Notification(title, body, thread, like.urgency(), data);
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
