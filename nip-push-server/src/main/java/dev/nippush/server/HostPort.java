package dev.nippush.server;

import dev.nippush.address.Cidr;

/**
 * A host and a port as the operator writes them: {@code name:443}, {@code 127.0.0.1:7447}, {@code [::1]:7447}.
 *
 * @param host a name, or an IP literal without brackets
 * @param port 0 to 65,535
 */
record HostPort(String host, int port) {

    private static final int MAX_PORT = 65_535;

    HostPort {
        if (host.isEmpty() || port < 0 || port > MAX_PORT) {
            throw new IllegalArgumentException("a host, and a port from 0 to " + MAX_PORT);
        }
    }

    /**
     * Reads one.
     *
     * @param lowestPort 0 where the system may choose, else 1
     * @throws IllegalArgumentException when it is none; the message says what one looks like, and repeats nothing
     */
    static HostPort parse(String text, int lowestPort) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        String port = colon < 0 ? "" : text.substring(colon + 1);
        if (host.startsWith("[") && host.endsWith("]") && isIpV6(host.substring(1, host.length() - 1))) {
            host = host.substring(1, host.length() - 1);
        } else if (!host.matches("[A-Za-z0-9._-]+")) {
            throw new IllegalArgumentException(
                    "must be host:port, as 127.0.0.1:7447; an IPv6 address stands in brackets, as [::1]:7447");
        }
        if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > MAX_PORT || Integer.parseInt(port) < lowestPort) {
            throw new IllegalArgumentException("the port must be a number from " + lowestPort + " to " + MAX_PORT);
        }
        return new HostPort(host, Integer.parseInt(port));
    }

    private static boolean isIpV6(String literal) {
        try {
            return literal.indexOf(':') >= 0
                    && literal.indexOf('/') < 0
                    && !Cidr.of(literal).toString().isEmpty();
        } catch (IllegalArgumentException notAnAddress) {
            return false;
        }
    }

    /** As it is written in URLs: IPv6 in brackets. */
    @Override
    public String toString() {
        return (host.indexOf(':') < 0 ? host : '[' + host + ']') + ':' + port;
    }
}
