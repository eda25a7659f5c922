package dev.nippush.transport;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.DeviceAddress;
import java.time.Instant;

/**
 * One notification for one device.
 *
 * @param address where to
 * @param notification what to show
 * @param collapseKey 64 hex digits; a second message with the same key replaces the first one on the device, where the
 *     provider can do that ({@code apns-collapse-id}, FCM's Android {@code tag}, Web Push {@code Topic})
 * @param expiresAt from when on the message is of no use; the provider is asked to drop it then
 */
public record PushMessage(DeviceAddress address, Notification notification, String collapseKey, Instant expiresAt) {

    public PushMessage {
        requireNonNull(address);
        requireNonNull(notification);
        requireNonNull(collapseKey);
        requireNonNull(expiresAt);
        if (!collapseKey.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("the collapse key must be 64 lower-case hex digits");
        }
    }

    /** Names the device in its redacted form, and nothing of the content. */
    @Override
    public String toString() {
        return "PushMessage[" + address + ", expires " + expiresAt + "]";
    }
}
