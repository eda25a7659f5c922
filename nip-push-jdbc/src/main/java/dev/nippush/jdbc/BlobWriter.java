package dev.nippush.jdbc;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * Writes the content of a row: whole numbers of one to ten bytes, small ones short; texts and lists with their length
 * before them. Belongs to one thread.
 */
final class BlobWriter {

    private byte[] bytes = new byte[256];
    private int length;

    byte[] toBytes() {
        return Arrays.copyOf(bytes, length);
    }

    BlobWriter b(int value) {
        room(1);
        bytes[length++] = (byte) value;
        return this;
    }

    /** A number that is seldom negative or large. */
    BlobWriter number(long value) {
        room(10);
        // The sign goes to the lowest bit, so that small negative numbers are short too.
        long left = value << 1 ^ value >> 63;
        while ((left & ~0x7fL) != 0) {
            bytes[length++] = (byte) (left & 0x7f | 0x80);
            left >>>= 7;
        }
        bytes[length++] = (byte) left;
        return this;
    }

    BlobWriter flag(boolean value) {
        return b(value ? 1 : 0);
    }

    /** Bytes whose number the reader knows. */
    BlobWriter raw(byte[] value) {
        room(value.length);
        System.arraycopy(value, 0, bytes, length, value.length);
        length += value.length;
        return this;
    }

    BlobWriter text(String value) {
        byte[] encoded = value.getBytes(StandardCharsets.UTF_8);
        return number(encoded.length).raw(encoded);
    }

    BlobWriter instant(Instant value) {
        return number(value.getEpochSecond()).number(value.getNano());
    }

    <T> BlobWriter optional(Optional<T> value, BiConsumer<BlobWriter, T> how) {
        flag(value.isPresent());
        value.ifPresent(present -> how.accept(this, present));
        return this;
    }

    <T> BlobWriter list(Collection<T> values, BiConsumer<BlobWriter, T> how) {
        number(values.size());
        values.forEach(value -> how.accept(this, value));
        return this;
    }

    private void room(int more) {
        if (length + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
        }
    }
}
