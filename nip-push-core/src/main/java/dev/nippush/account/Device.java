package dev.nippush.account;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.DeviceAddress;
import java.time.Instant;

/**
 * A device of an account.
 *
 * @param address where it is
 * @param countsSince when it was first registered since it was last removed: it gets what arrives from then on
 * @param registeredAt when it was last registered: a provider's older news of its death is ignored
 */
public record Device(DeviceAddress address, Instant countsSince, Instant registeredAt) {
    public Device {
        requireNonNull(address);
        requireNonNull(countsSince);
        requireNonNull(registeredAt);
    }
}
