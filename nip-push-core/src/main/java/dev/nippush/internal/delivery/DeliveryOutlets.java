package dev.nippush.internal.delivery;

import dev.nippush.address.DeviceAddress;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Ending;
import dev.nippush.store.OwedPush;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushTransport;
import java.time.Duration;
import java.time.Instant;

/** Where a lane's news go. Called in the lane; returns at once. */
public interface DeliveryOutlets {

    /**
     * A provider says that a device is gone.
     *
     * @param account one that has the device
     * @param registeredBefore a newer registration stands
     */
    void gone(PublicKey account, DeviceAddress device, Instant registeredBefore);

    /** A provider answered, or did not. */
    void attempted(PushMessage message, int attempt, Duration took, String result);

    /** A push ended, and that is on disk. */
    void settled(OwedPush push, Ending ending);

    /** A provider began to refuse our credentials. */
    void parked(PushTransport transport, String reason);

    /** A provider takes our credentials again. */
    void resumed(PushTransport transport);
}
