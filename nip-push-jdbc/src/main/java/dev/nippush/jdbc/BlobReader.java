package dev.nippush.jdbc;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Reads what {@link BlobWriter} wrote. What was not written so is a {@link DamagedRowException}. Belongs to one thread. */
final class BlobReader {

    private final byte[] bytes;
    private int at;

    BlobReader(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Reads a whole content. */
    static <T> T read(byte[] bytes, Function<BlobReader, T> how) {
        BlobReader in = new BlobReader(bytes);
        T value;
        try {
            value = how.apply(in);
        } catch (IllegalArgumentException | DateTimeException | ArithmeticException e) {
            throw new DamagedRowException("a value that cannot be");
        }
        if (in.at != bytes.length) {
            throw new DamagedRowException("more than belongs there");
        }
        return value;
    }

    int b() {
        need(1);
        return bytes[at++];
    }

    /** Reads the version that a content begins with, of which only one is known. */
    void version(int known) {
        int version = b();
        if (version != known) {
            throw new DamagedRowException("version " + version);
        }
    }

    long number() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            int next = b();
            value |= (next & 0x7fL) << shift;
            if (next >= 0) {
                return value >>> 1 ^ -(value & 1);
            }
        }
        throw new DamagedRowException("an endless number");
    }

    int smallNumber() {
        return Math.toIntExact(number());
    }

    boolean flag() {
        int value = b();
        if (value != 0 && value != 1) {
            throw new DamagedRowException("neither yes nor no");
        }
        return value == 1;
    }

    byte[] raw(int count) {
        need(count);
        at += count;
        return Arrays.copyOfRange(bytes, at - count, at);
    }

    String text() {
        int count = smallNumber();
        need(count);
        at += count;
        return new String(bytes, at - count, count, StandardCharsets.UTF_8);
    }

    Instant instant() {
        long second = number();
        return Instant.ofEpochSecond(second, smallNumber());
    }

    <T> Optional<T> optional(Function<BlobReader, T> how) {
        return flag() ? Optional.of(how.apply(this)) : Optional.empty();
    }

    <T> List<T> list(Function<BlobReader, T> how) {
        int count = smallNumber();
        // Each value has one byte at least.
        need(count);
        List<T> values = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            values.add(how.apply(this));
        }
        return values;
    }

    private void need(int count) {
        if (count < 0 || count > bytes.length - at) {
            throw new DamagedRowException("less than belongs there");
        }
    }
}
