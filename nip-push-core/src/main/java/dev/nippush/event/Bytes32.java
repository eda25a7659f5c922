package dev.nippush.event;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Thirty-two bytes in four words: half the memory of an array behind an object, and equal by value. */
abstract sealed class Bytes32 permits EventId, PublicKey {

    private static final int BYTES = 32;
    private static final int DIGITS = 2 * BYTES;
    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final long a;
    private final long b;
    private final long c;
    private final long d;

    Bytes32(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("32 bytes are needed, not " + bytes.length);
        }
        a = (long) WORDS.get(bytes, 0);
        b = (long) WORDS.get(bytes, 8);
        c = (long) WORDS.get(bytes, 16);
        d = (long) WORDS.get(bytes, 24);
    }

    Bytes32(String hex) {
        if (!isHex(hex)) {
            throw new IllegalArgumentException("64 lower-case hex digits are needed");
        }
        a = Long.parseUnsignedLong(hex, 0, 16, 16);
        b = Long.parseUnsignedLong(hex, 16, 32, 16);
        c = Long.parseUnsignedLong(hex, 32, 48, 16);
        d = Long.parseUnsignedLong(hex, 48, 64, 16);
    }

    static boolean isHex(String text) {
        return text.length() == DIGITS && Hex.isLowerCase(text);
    }

    /** Returns 64 lower-case hex digits. */
    public final String hex() {
        StringBuilder out = new StringBuilder(DIGITS);
        Hex.append(out, a);
        Hex.append(out, b);
        Hex.append(out, c);
        Hex.append(out, d);
        return out.toString();
    }

    /** Returns the 32 bytes, in an array that is the caller's. */
    public final byte[] bytes() {
        byte[] bytes = new byte[BYTES];
        WORDS.set(bytes, 0, a);
        WORDS.set(bytes, 8, b);
        WORDS.set(bytes, 16, c);
        WORDS.set(bytes, 24, d);
        return bytes;
    }

    final boolean sameBytes(Bytes32 other) {
        return a == other.a && b == other.b && c == other.c && d == other.d;
    }

    final int compareBytes(Bytes32 other) {
        int order = Long.compareUnsigned(a, other.a);
        if (order == 0) {
            order = Long.compareUnsigned(b, other.b);
        }
        if (order == 0) {
            order = Long.compareUnsigned(c, other.c);
        }
        return order != 0 ? order : Long.compareUnsigned(d, other.d);
    }

    @Override
    public final int hashCode() {
        return Long.hashCode(a ^ Long.rotateLeft(b, 17) ^ Long.rotateLeft(c, 31) ^ Long.rotateLeft(d, 47));
    }

    @Override
    public abstract boolean equals(Object other);

    /** Returns {@link #hex()}: ids and public keys are public. */
    @Override
    public final String toString() {
        return hex();
    }
}
