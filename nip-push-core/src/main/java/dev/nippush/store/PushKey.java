package dev.nippush.store;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.DeviceAddress;
import dev.nippush.event.EventId;

/** One event for one device: what is pushed at most once. */
public record PushKey(EventId event, DeviceAddress device) {
    public PushKey {
        requireNonNull(event);
        requireNonNull(device);
    }
}
