package dev.nippush.account;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Privacy;
import java.time.Instant;
import java.util.Optional;

/**
 * A device of an account.
 *
 * @param address where it is
 * @param countsSince when it was first registered since it was last removed: it gets what arrives from then on
 * @param registeredAt when it was last registered: a provider's older news of its death is ignored
 * @param privacy how much the client lets its provider learn; empty where it leaves that to the operator
 */
public record Device(DeviceAddress address, Instant countsSince, Instant registeredAt, Optional<Privacy> privacy) {
    public Device {
        requireNonNull(address);
        requireNonNull(countsSince);
        requireNonNull(registeredAt);
        requireNonNull(privacy);
    }

    /** The same device, as far as its provider may learn no more than so much. */
    Device with(Privacy wanted) {
        return new Device(address, countsSince, registeredAt, Optional.of(wanted));
    }

    /** How much its provider learns where the operator allows so much. */
    public Privacy within(Privacy allowed) {
        return privacy.map(allowed::atMost).orElse(allowed);
    }
}
