package dev.nippush.jdbc;

import dev.nippush.address.DeviceAddress;
import dev.nippush.store.Partition;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;

/** What rows are searched by, as the databases take it. */
final class Columns {

    private static final long NANOS = 1_000_000_000L;

    private Columns() {}

    /** A partition as one number: those of accounts, then those of devices. */
    static int part(Partition partition) {
        return partition.kind() == Partition.Kind.ACCOUNTS ? partition.index() : Partition.COUNT + partition.index();
    }

    /**
     * Nanoseconds since 1970. A moment before 1677 or after 2262 is as early or late as can be: its row is found by it, and
     * the exact moment is in the row's content.
     */
    static long nanos(Instant instant) {
        try {
            return Math.addExact(Math.multiplyExact(instant.getEpochSecond(), NANOS), instant.getNano());
        } catch (ArithmeticException tooFar) {
            return instant.getEpochSecond() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
        }
    }

    /** The same 32 bytes for equal devices and only for these; no token can be found from them. */
    static byte[] device(DeviceAddress address) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(address.key().getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has it", e);
        }
    }
}
