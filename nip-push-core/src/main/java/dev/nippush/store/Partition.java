package dev.nippush.store;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.PublicKey;

/**
 * A part of the store that has one writer at a time.
 *
 * @param kind what is in it
 * @param index 0 to {@value #COUNT} − 1
 */
public record Partition(Kind kind, int index) {

    /** How many partitions there are of each kind. Rows carry their partition, so this number is for good. */
    public static final int COUNT = 64;

    public Partition {
        requireNonNull(kind);
        if (index < 0 || index >= COUNT) {
            throw new IllegalArgumentException("no such partition: " + index);
        }
    }

    /** Where the account with this key is. */
    public static Partition of(PublicKey account) {
        return new Partition(Kind.ACCOUNTS, Byte.toUnsignedInt(account.bytes()[31]) % COUNT);
    }

    /** Where the pushes to this device are. */
    public static Partition of(DeviceAddress device) {
        return new Partition(Kind.DEVICES, spread(device.key()));
    }

    /** Where it is noted how far this relay was read. */
    public static Partition of(RelayUrl relay) {
        return new Partition(Kind.ACCOUNTS, spread(relay.toString()));
    }

    private static int spread(String text) {
        return Math.floorMod(text.hashCode() * 0x9E3779B9 >>> 8, COUNT);
    }

    /** What a partition holds. */
    public enum Kind {
        /** Accounts, what is held for them, which events were decided on, and how far relays were read. */
        ACCOUNTS,
        /** Owed pushes and the tombstones of settled ones. */
        DEVICES
    }
}
