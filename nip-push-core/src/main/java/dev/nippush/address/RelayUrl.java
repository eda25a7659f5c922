package dev.nippush.address;

import java.util.Optional;

/**
 * The address of a relay in its one spelling, so that two texts for the same relay are equal. Scheme and host are in
 * lower case; the default port, trailing slashes of the path and an empty query are left out; path and query keep
 * their case. With a query the path is kept as it is, and an empty one is written as a slash.
 *
 * <p>Refused are: other schemes than {@code ws} and {@code wss}, user info, a fragment, no host, dot segments, broken
 * percent escapes, backslashes and spaces, and IPv4 numbers in any form but four decimal numbers. Host names of other
 * scripts become ASCII; an IPv4-mapped IPv6 literal becomes the IPv4 literal. Whether the host may be dialled is for
 * {@link AddressRule} to say. Immutable.
 */
public final class RelayUrl implements Comparable<RelayUrl> {
    /** The longest text that is read or kept, in characters. */
    public static final int MAX_LENGTH = 1_024;

    private static final int WS_PORT = 80;
    private static final int WSS_PORT = 443;

    private final String text;
    private final String host;
    private final int port;
    private final boolean secure;

    private RelayUrl(String text, String host, int port, boolean secure) {
        this.text = text;
        this.host = host;
        this.port = port;
        this.secure = secure;
    }

    /** Reads what a stranger sent, with space around it trimmed; empty when it is refused. */
    public static Optional<RelayUrl> parse(String text) {
        String trimmed = text.strip();
        if (trimmed.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        return UrlParts.parse(trimmed).flatMap(RelayUrl::of);
    }

    /**
     * Reads what an operator wrote.
     *
     * @throws IllegalArgumentException when it is no relay URL
     */
    public static RelayUrl of(String text) {
        return parse(text).orElseThrow(() -> new IllegalArgumentException("not a ws:// or wss:// relay URL: " + text));
    }

    private static Optional<RelayUrl> of(UrlParts parts) {
        boolean secure = parts.scheme().equals("wss");
        if (!secure && !parts.scheme().equals("ws") || parts.hasFragment() || parts.hasOddIpLiteral()) {
            return Optional.empty();
        }
        int defaultPort = secure ? WSS_PORT : WS_PORT;
        String text = parts.scheme() + "://" + parts.authority(defaultPort) + target(parts);
        if (text.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        int port = parts.port() == 0 ? defaultPort : parts.port();
        return Optional.of(new RelayUrl(text, parts.host(), port, secure));
    }

    private static String target(UrlParts parts) {
        String path = parts.path();
        if (!parts.query().isEmpty()) {
            return (path.isEmpty() ? "/" : path) + '?' + parts.query();
        }
        int end = path.length();
        while (end > 0 && path.charAt(end - 1) == '/') {
            end--;
        }
        return path.substring(0, end);
    }

    /** Host name in lower case, or an IP literal; IPv6 without brackets. */
    public String host() {
        return host;
    }

    /** The port that is dialled: 1 to 65,535, the scheme's own when the URL names none. */
    public int port() {
        return port;
    }

    /** Whether the connection is TLS. */
    public boolean secure() {
        return secure;
    }

    @Override
    public int compareTo(RelayUrl other) {
        return text.compareTo(other.text);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RelayUrl url && text.equals(url.text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /** The URL. */
    @Override
    public String toString() {
        return text;
    }
}
