package dev.nippush.event;

import java.io.ByteArrayOutputStream;
import java.util.Locale;

/**
 * NIP-19's bare keys and ids: 32 bytes in Bech32 (BIP-173) behind a prefix such as {@code npub} or {@code nsec}. Failures
 * never repeat the text, which may be a secret key.
 */
public final class Bech32 {

    private static final String ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    private static final int[] GENERATOR = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    private static final int CHECKSUM_SYMBOLS = 6;
    private static final int BYTES = 32;
    /** 256 bits in groups of five. */
    private static final int DATA_SYMBOLS = 52;

    private Bech32() {}

    /** Writes 32 bytes in lower case. */
    public static String encode(String prefix, byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("32 bytes are needed, not " + bytes.length);
        }
        byte[] symbols = new byte[DATA_SYMBOLS + CHECKSUM_SYMBOLS];
        int bits = 0;
        int held = 0;
        int at = 0;
        for (byte b : bytes) {
            held = held << 8 | b & 0xff;
            for (bits += 8; bits >= 5; bits -= 5) {
                symbols[at++] = (byte) (held >> (bits - 5) & 31);
            }
        }
        symbols[at] = (byte) (held << (5 - bits) & 31);
        int checksum = polymod(prefix, symbols) ^ 1;
        for (int i = 0; i < CHECKSUM_SYMBOLS; i++) {
            symbols[DATA_SYMBOLS + i] = (byte) (checksum >>> 5 * (CHECKSUM_SYMBOLS - 1 - i) & 31);
        }
        StringBuilder out = new StringBuilder(prefix).append('1');
        for (byte symbol : symbols) {
            out.append(ALPHABET.charAt(symbol));
        }
        return out.toString();
    }

    /**
     * Reads 32 bytes.
     *
     * @throws IllegalArgumentException for another prefix, mixed case, a foreign letter, a wrong length or checksum
     */
    public static byte[] decode(String prefix, String text) {
        // Beyond ASCII there are letters whose lower case is one of the alphabet.
        require(text.chars().allMatch(c -> c < 0x80), prefix, "has a foreign letter");
        String lower = text.toLowerCase(Locale.ROOT);
        require(text.equals(lower) || text.equals(text.toUpperCase(Locale.ROOT)), prefix, "mixes cases");
        require(lower.startsWith(prefix + '1'), prefix, "has another prefix");
        int start = prefix.length() + 1;
        require(lower.length() == start + DATA_SYMBOLS + CHECKSUM_SYMBOLS, prefix, "has the wrong length");
        byte[] symbols = new byte[DATA_SYMBOLS + CHECKSUM_SYMBOLS];
        for (int i = 0; i < symbols.length; i++) {
            int symbol = ALPHABET.indexOf(lower.charAt(start + i));
            require(symbol >= 0, prefix, "has a foreign letter");
            symbols[i] = (byte) symbol;
        }
        require(polymod(prefix, symbols) == 1, prefix, "has a wrong checksum");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(BYTES);
        int bits = 0;
        int held = 0;
        for (int i = 0; i < DATA_SYMBOLS; i++) {
            held = held << 5 | symbols[i];
            bits += 5;
            if (bits >= 8) {
                bits -= 8;
                bytes.write(held >> bits);
            }
        }
        require((held & (1 << bits) - 1) == 0, prefix, "has bits to spare");
        return bytes.toByteArray();
    }

    private static void require(boolean condition, String prefix, String failure) {
        if (!condition) {
            throw new IllegalArgumentException("the " + prefix + " text " + failure);
        }
    }

    private static int polymod(String prefix, byte[] symbols) {
        int sum = 1;
        for (int i = 0; i < prefix.length(); i++) {
            sum = step(sum) ^ prefix.charAt(i) >> 5;
        }
        sum = step(sum);
        for (int i = 0; i < prefix.length(); i++) {
            sum = step(sum) ^ prefix.charAt(i) & 31;
        }
        for (byte symbol : symbols) {
            sum = step(sum) ^ symbol;
        }
        return sum;
    }

    private static int step(int sum) {
        int top = sum >>> 25;
        int next = (sum & 0x1ffffff) << 5;
        for (int i = 0; i < GENERATOR.length; i++) {
            if ((top >>> i & 1) != 0) {
                next ^= GENERATOR[i];
            }
        }
        return next;
    }
}
