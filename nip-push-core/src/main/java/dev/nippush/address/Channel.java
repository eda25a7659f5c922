package dev.nippush.address;

/**
 * How a device is reached. Any name besides the constants is the scheme of a transport that the host brings.
 *
 * @param name syntax of a URL scheme (RFC 3986, section 3.1), lower case, at most 64 characters
 */
public record Channel(String name) {
    /** The longest name, in characters. */
    public static final int MAX_LENGTH = 64;

    /** Apple Push Notification service. */
    public static final Channel APNS = new Channel("apns");

    /** Firebase Cloud Messaging. */
    public static final Channel FCM = new Channel("fcm");

    /** A UnifiedPush endpoint that takes the message in the clear. */
    public static final Channel UNIFIED_PUSH = new Channel("unifiedpush");

    /** A Web Push endpoint that takes the message encrypted (RFC 8291). */
    public static final Channel WEB_PUSH = new Channel("webpush");

    /**
     * Checks the name.
     *
     * @throws IllegalArgumentException when it is not such a scheme
     */
    public Channel {
        boolean lowerCase = name.chars().noneMatch(c -> c >= 'A' && c <= 'Z');
        if (name.length() > MAX_LENGTH || !lowerCase || !Ascii.isScheme(name)) {
            throw new IllegalArgumentException(
                    "a channel is a lower-case URL scheme of at most " + MAX_LENGTH + " characters: " + name);
        }
    }

    /** Whether this is one of the constants. */
    public boolean isBuiltIn() {
        return equals(APNS) || equals(FCM) || equals(UNIFIED_PUSH) || equals(WEB_PUSH);
    }

    /** The name. */
    @Override
    public String toString() {
        return name;
    }
}
