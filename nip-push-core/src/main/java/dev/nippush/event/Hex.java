package dev.nippush.event;

/** Lower-case hex, the only case that NIP-01 knows. */
final class Hex {

    private static final String DIGITS = "0123456789abcdef";

    private Hex() {}

    static boolean isLowerCase(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!(c >= '0' && c <= '9' || c >= 'a' && c <= 'f')) {
                return false;
            }
        }
        return true;
    }

    static void append(StringBuilder out, long word) {
        for (int shift = Long.SIZE - 4; shift >= 0; shift -= 4) {
            out.append(DIGITS.charAt((int) (word >>> shift) & 0xf));
        }
    }
}
