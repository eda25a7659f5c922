package dev.nippush.address;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Optional;

/** IP addresses as text, read strictly and without any name service. */
final class IpLiteral {
    private static final int V4_BYTES = 4;
    private static final int V6_BYTES = 16;
    private static final int V6_GROUPS = 8;

    private IpLiteral() {}

    /** Four decimal numbers, or an IPv6 address without brackets and zone. IPv4-mapped IPv6 is read as IPv4. */
    static Optional<InetAddress> parse(String text) {
        byte[] bytes = text.indexOf(':') < 0 ? v4(text) : v6(text);
        return bytes.length == 0 ? Optional.empty() : Optional.of(address(bytes));
    }

    /**
     * Whether resolvers may read the host as an IPv4 number: the last label is decimal, octal or hexadecimal. The rule
     * is the "ends in a number" check of the WHATWG URL standard; {@code 127.1}, {@code 0x7f000001} and
     * {@code 2130706433} are such hosts.
     */
    static boolean endsInNumber(String host) {
        String last = host.substring(host.lastIndexOf('.') + 1);
        if (last.isEmpty()) {
            return false;
        }
        if (Ascii.isDigits(last)) {
            return true;
        }
        return (last.startsWith("0x") || last.startsWith("0X")) && Ascii.isHex(last.substring(2));
    }

    /** The shortest usual text: dotted decimal, or RFC 5952 without brackets and zone. */
    static String text(InetAddress address) {
        return text(bytes(address));
    }

    static String text(byte[] bytes) {
        return bytes.length == V4_BYTES ? v4Text(bytes) : v6Text(bytes);
    }

    /** The bytes of the address; an IPv4-mapped IPv6 address counts as the IPv4 address that it is dialled as. */
    static byte[] bytes(InetAddress address) {
        byte[] bytes = address.getAddress();
        return isMapped(bytes) ? Arrays.copyOfRange(bytes, 12, V6_BYTES) : bytes;
    }

    private static boolean isMapped(byte[] bytes) {
        if (bytes.length != V6_BYTES || bytes[10] != -1 || bytes[11] != -1) {
            return false;
        }
        for (int i = 0; i < 10; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new AssertionError("an address has 4 or 16 bytes", e);
        }
    }

    private static byte[] v4(String text) {
        String[] parts = text.split("\\.", -1);
        byte[] none = {};
        if (parts.length != V4_BYTES) {
            return none;
        }
        byte[] bytes = new byte[V4_BYTES];
        for (int i = 0; i < V4_BYTES; i++) {
            String part = parts[i];
            // A leading zero means octal to some readers and decimal to others.
            boolean ambiguous = part.length() > 1 && part.charAt(0) == '0';
            if (part.length() > 3 || !Ascii.isDigits(part) || ambiguous || Integer.parseInt(part) > 255) {
                return none;
            }
            bytes[i] = (byte) Integer.parseInt(part);
        }
        return bytes;
    }

    private static byte[] v6(String text) {
        byte[] none = {};
        String groups = text;
        if (text.indexOf('.') >= 0) {
            int tail = text.lastIndexOf(':') + 1;
            byte[] v4 = v4(text.substring(tail));
            if (v4.length == 0) {
                return none;
            }
            groups = text.substring(0, tail) + hex(v4, 0) + ':' + hex(v4, 2);
        }
        int gap = groups.indexOf("::");
        if (gap >= 0 && groups.indexOf("::", gap + 1) >= 0) {
            return none;
        }
        String[] head = split(gap < 0 ? groups : groups.substring(0, gap));
        String[] tail = split(gap < 0 ? "" : groups.substring(gap + 2));
        int count = head.length + tail.length;
        if (gap < 0 ? count != V6_GROUPS : count >= V6_GROUPS) {
            return none;
        }
        byte[] bytes = new byte[V6_BYTES];
        boolean good = put(head, bytes, 0) && put(tail, bytes, V6_BYTES - 2 * tail.length);
        return good ? bytes : none;
    }

    private static String[] split(String groups) {
        return groups.isEmpty() ? new String[0] : groups.split(":", -1);
    }

    private static boolean put(String[] groups, byte[] bytes, int from) {
        for (int i = 0; i < groups.length; i++) {
            String group = groups[i];
            if (group.isEmpty() || group.length() > 4 || !Ascii.isHex(group)) {
                return false;
            }
            int value = Integer.parseInt(group, 16);
            bytes[from + 2 * i] = (byte) (value >> 8);
            bytes[from + 2 * i + 1] = (byte) value;
        }
        return true;
    }

    private static String hex(byte[] bytes, int at) {
        return Integer.toHexString((bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff);
    }

    private static String v4Text(byte[] bytes) {
        return (bytes[0] & 0xff) + "." + (bytes[1] & 0xff) + "." + (bytes[2] & 0xff) + "." + (bytes[3] & 0xff);
    }

    private static String v6Text(byte[] bytes) {
        int gap = -1;
        int gapLength = 1; // RFC 5952, section 4.2.2: one zero group alone is not shortened
        for (int i = 0; i < V6_GROUPS; i++) {
            int run = 0;
            while (i + run < V6_GROUPS && bytes[2 * (i + run)] == 0 && bytes[2 * (i + run) + 1] == 0) {
                run++;
            }
            if (run > gapLength) {
                gap = i;
                gapLength = run;
            }
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < V6_GROUPS; i++) {
            if (i == gap) {
                text.append("::");
                i += gapLength - 1;
                continue;
            }
            if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
                text.append(':');
            }
            text.append(hex(bytes, 2 * i));
        }
        return text.toString();
    }
}
