package dev.nippush.store;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.DeviceAddress;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.transport.Notification;
import java.time.Instant;
import java.util.List;

/**
 * An event that waits for the account to go offline or to show that it was alive.
 *
 * @param account for whom
 * @param event its id; of several that were folded into one, that of the newest
 * @param count how many events it stands for, at least 1
 * @param receivedAt when the door saw it; of several, the newest
 * @param expiresAt from when on it is not pushed any more
 * @param notification what would be shown
 * @param devices those that counted when it arrived, not empty
 */
public record HeldEvent(
        PublicKey account,
        EventId event,
        int count,
        Instant receivedAt,
        Instant expiresAt,
        Notification notification,
        List<DeviceAddress> devices) {
    public HeldEvent {
        requireNonNull(account);
        requireNonNull(event);
        requireNonNull(receivedAt);
        requireNonNull(expiresAt);
        requireNonNull(notification);
        devices = List.copyOf(devices);
        if (count < 1 || devices.isEmpty()) {
            throw new IllegalArgumentException("held for nothing or nobody");
        }
    }
}
