package dev.nippush.address;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Optional;

/**
 * A block of IP addresses. An IPv4-mapped IPv6 address counts as its IPv4 address. Equal by value, immutable.
 */
public final class Cidr {
    private final byte[] network;
    private final int prefix;

    private Cidr(byte[] network, int prefix) {
        this.network = network;
        this.prefix = prefix;
    }

    /**
     * Reads {@code address/bits}, or one address alone; IPv6 without brackets and zone. Bits after the prefix are
     * ignored.
     *
     * @throws IllegalArgumentException when it is neither
     */
    public static Cidr of(String text) {
        int slash = text.indexOf('/');
        Optional<InetAddress> address = IpLiteral.parse(slash < 0 ? text : text.substring(0, slash));
        if (address.isEmpty()) {
            throw notABlock(text);
        }
        byte[] bytes = IpLiteral.bytes(address.get());
        int bits = 8 * bytes.length;
        if (slash < 0) {
            return of(bytes, bits);
        }
        String length = text.substring(slash + 1);
        if (length.length() > 3 || !Ascii.isDigits(length) || Integer.parseInt(length) > bits) {
            throw notABlock(text);
        }
        return of(bytes, Integer.parseInt(length));
    }

    private static IllegalArgumentException notABlock(String text) {
        return new IllegalArgumentException("not an IP address or address/bits: " + text);
    }

    private static Cidr of(byte[] bytes, int prefix) {
        byte[] network = new byte[bytes.length];
        for (int i = 0; i < network.length; i++) {
            network[i] = (byte) (bytes[i] & mask(prefix, i));
        }
        return new Cidr(network, prefix);
    }

    /** Whether the address lies in this block; never for an address of the other family. */
    public boolean contains(InetAddress address) {
        return contains(IpLiteral.bytes(address));
    }

    boolean contains(byte[] address) {
        if (address.length != network.length) {
            return false;
        }
        for (int i = 0; i < network.length; i++) {
            if ((address[i] & mask(prefix, i)) != (network[i] & 0xff)) {
                return false;
            }
        }
        return true;
    }

    private static int mask(int prefix, int byteIndex) {
        int bits = Math.max(0, Math.min(8, prefix - 8 * byteIndex));
        return 0xff << (8 - bits) & 0xff;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Cidr block && prefix == block.prefix && Arrays.equals(network, block.network);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(network) + prefix;
    }

    /** {@code address/bits}. */
    @Override
    public String toString() {
        return IpLiteral.text(network) + '/' + prefix;
    }
}
