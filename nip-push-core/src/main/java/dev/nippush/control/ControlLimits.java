package dev.nippush.control;

/**
 * How much of a control message is read. Of a list that is accepted the first values are used, up to the first number of
 * its kind; a list with more values than the second number refuses the message.
 *
 * @param maxBytes the longest content of a control event, in bytes
 * @param relays how many relays are used
 * @param relaysRead how many relays may be named
 * @param kinds how many kinds are used
 * @param values how many values of {@code authors}, {@code #e} and {@code #p} are used, of each
 * @param valuesRead how many kinds, authors, {@code #e} or {@code #p} values may be named, of each
 */
public record ControlLimits(int maxBytes, int relays, int relaysRead, int kinds, int values, int valuesRead) {

    public ControlLimits {
        if (maxBytes < 1 || relays < 1 || kinds < 1 || values < 1 || relaysRead < relays || valuesRead < values) {
            throw new IllegalArgumentException("limits must be positive, and what is read at least what is used");
        }
    }

    /** 256 KiB; 20 of 1,000 relays, 64 kinds, 2,000 of 10,000 other values. */
    public static ControlLimits standard() {
        return new ControlLimits(256 * 1024, 20, 1_000, 64, 2_000, 10_000);
    }
}
