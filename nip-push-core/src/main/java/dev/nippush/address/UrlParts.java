package dev.nippush.address;

import java.net.IDN;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * A URL with a host, taken apart and normalised. It takes only what every URL reader takes apart alike, so that the
 * host that is checked is the host that is dialled.
 *
 * @param scheme lower case
 * @param host lower case, ASCII, without a final dot; an IP literal in its shortest form, IPv6 without brackets
 * @param port 1 to 65,535, or 0 when the URL names none
 * @param path empty, or begins with a slash; other than ASCII is percent-encoded
 * @param query without the question mark; empty when there is none
 * @param hasFragment whether the URL had a fragment, which is left out
 */
record UrlParts(String scheme, String host, int port, String path, String query, boolean hasFragment) {
    private static final int MAX_HOST_LENGTH = 253;
    private static final int MAX_LABEL_LENGTH = 63;
    private static final int MAX_PORT = 65_535;

    /** Letters that IDNA 2003 and 2008 map to different domains: sharp s, final sigma, both zero-width joiners. */
    private static final String IDNA_DEVIATIONS = "\u00df\u1e9e\u03c2\u200c\u200d";

    /** Empty for everything that is not such a URL: no host, user info, spaces, backslashes, dot segments. */
    static Optional<UrlParts> parse(String text) {
        int colon = text.indexOf("://");
        if (colon < 0 || !Ascii.isScheme(text.substring(0, colon)) || hasForbiddenCharacter(text)) {
            return Optional.empty();
        }
        String rest = text.substring(colon + 3);
        int end = firstOf(rest, "/?#");
        String authority = rest.substring(0, end);
        int portColon = portColon(authority);
        String portText = portColon < 0 ? "" : authority.substring(portColon + 1);
        Optional<String> host = hostOfAuthority(portColon < 0 ? authority : authority.substring(0, portColon));
        int port = portText.isEmpty() ? 0 : port(portText);
        int fragment = rest.indexOf('#', end);
        String target = percentEncoded(rest.substring(end, fragment < 0 ? rest.length() : fragment));
        int question = target.indexOf('?');
        String path = question < 0 ? target : target.substring(0, question);
        String query = question < 0 ? "" : target.substring(question + 1);
        if (host.isEmpty() || port < 0 || hasBadEscape(target) || hasDotSegment(path)) {
            return Optional.empty();
        }
        String scheme = text.substring(0, colon).toLowerCase(Locale.ROOT);
        return Optional.of(new UrlParts(scheme, host.get(), port, path, query, fragment >= 0));
    }

    /**
     * A host name or IP literal (IPv6 without brackets) in its one spelling. Names of other scripts become ASCII by
     * IDNA; those on which IDNA 2003 and 2008 differ, or that turn into a number, are refused.
     */
    static Optional<String> host(String text) {
        if (text.indexOf(':') >= 0) {
            return IpLiteral.parse(text).map(IpLiteral::text);
        }
        String host = text;
        if (!Ascii.isAscii(text)) {
            if (text.chars().anyMatch(c -> IDNA_DEVIATIONS.indexOf(c) >= 0)) {
                return Optional.empty();
            }
            try {
                host = IDN.toASCII(text);
            } catch (IllegalArgumentException notAName) {
                return Optional.empty();
            }
            if (IpLiteral.endsInNumber(host.endsWith(".") ? host.substring(0, host.length() - 1) : host)) {
                return Optional.empty();
            }
        }
        if (host.endsWith(".")) {
            host = host.substring(0, host.length() - 1);
        }
        return isName(host) ? Optional.of(host.toLowerCase(Locale.ROOT)) : Optional.empty();
    }

    /** The host as a URL has it: IPv6 in brackets. */
    String bracketedHost() {
        return host.indexOf(':') < 0 ? host : '[' + host + ']';
    }

    /** Host, and the port unless it is the given default. */
    String authority(int defaultPort) {
        return port == 0 || port == defaultPort ? bracketedHost() : bracketedHost() + ':' + port;
    }

    /** Whether the host is an IPv4 number in another form than four decimal numbers. */
    boolean hasOddIpLiteral() {
        Optional<InetAddress> literal = IpLiteral.parse(host);
        return literal.isEmpty() && IpLiteral.endsInNumber(host);
    }

    /** A port of one to five digits, or -1. */
    static int port(String text) {
        if (text.length() > 5 || !Ascii.isDigits(text)) {
            return -1;
        }
        int port = Integer.parseInt(text);
        return port >= 1 && port <= MAX_PORT ? port : -1;
    }

    private static Optional<String> hostOfAuthority(String text) {
        if (text.startsWith("[")) {
            boolean closed = text.endsWith("]") && text.indexOf(':') >= 0;
            return closed ? host(text.substring(1, text.length() - 1)) : Optional.empty();
        }
        return text.indexOf(':') >= 0 ? Optional.empty() : host(text);
    }

    private static int portColon(String authority) {
        int colon = authority.lastIndexOf(':');
        return colon > authority.lastIndexOf(']') ? colon : -1;
    }

    private static boolean isName(String host) {
        return !host.isEmpty()
                && host.length() <= MAX_HOST_LENGTH
                && Arrays.stream(host.split("\\.", -1)).allMatch(UrlParts::isLabel);
    }

    private static boolean isLabel(String label) {
        boolean good = !label.isEmpty()
                && label.length() <= MAX_LABEL_LENGTH
                && label.chars().allMatch(c -> Ascii.isLetterOrDigit((char) c) || c == '-' || c == '_');
        // Some readers decode an encoded label, and one that encodes nothing then becomes another host.
        boolean encoded = label.regionMatches(true, 0, "xn--", 0, 4);
        return good && !(encoded && (label.endsWith("-") || label.indexOf('_') >= 0));
    }

    private static boolean hasForbiddenCharacter(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c >= 0x7f && c <= 0x9f || "\\\"<>`".indexOf(c) >= 0) {
                return true;
            }
        }
        return Text.hasLoneSurrogate(text);
    }

    private static int firstOf(String text, String delimiters) {
        for (int i = 0; i < text.length(); i++) {
            if (delimiters.indexOf(text.charAt(i)) >= 0) {
                return i;
            }
        }
        return text.length();
    }

    private static String percentEncoded(String text) {
        if (Ascii.isAscii(text)) {
            return text;
        }
        StringBuilder encoded = new StringBuilder(text.length() + 16);
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (b >= 0) {
                encoded.append((char) b);
            } else {
                encoded.append(String.format(Locale.ROOT, "%%%02X", b & 0xff));
            }
        }
        return encoded.toString();
    }

    private static boolean hasBadEscape(String text) {
        for (int i = text.indexOf('%'); i >= 0; i = text.indexOf('%', i + 1)) {
            if (i + 2 >= text.length() || !Ascii.isHex(text.charAt(i + 1)) || !Ascii.isHex(text.charAt(i + 2))) {
                return true;
            }
        }
        return false;
    }

    private static boolean hasDotSegment(String path) {
        for (String segment : path.split("/", -1)) {
            String dots = segment.replace("%2e", ".").replace("%2E", ".");
            if (dots.equals(".") || dots.equals("..")) {
                return true;
            }
        }
        return false;
    }
}
