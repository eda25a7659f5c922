package dev.nippush.store;

import static java.util.Objects.requireNonNull;

import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.transport.PushMessage;
import java.time.Instant;

/**
 * A push that has to end.
 *
 * @param account whose device it is for
 * @param event the event; of several that were folded into one, the newest
 * @param count how many events it stands for, at least 1
 * @param receivedAt when the door saw the event
 * @param message what is sent
 * @param failures how many attempts have failed
 * @param nextAt not before this moment
 */
public record OwedPush(
        PublicKey account,
        EventId event,
        int count,
        Instant receivedAt,
        PushMessage message,
        int failures,
        Instant nextAt) {
    public OwedPush {
        requireNonNull(account);
        requireNonNull(event);
        requireNonNull(receivedAt);
        requireNonNull(message);
        requireNonNull(nextAt);
        if (count < 1 || failures < 0) {
            throw new IllegalArgumentException("count " + count + ", failures " + failures);
        }
    }

    /** What makes it unique. */
    public PushKey key() {
        return new PushKey(event, message.address());
    }

    /** The same push after another failed attempt. */
    public OwedPush failed(Instant next) {
        return new OwedPush(account, event, count, receivedAt, message, failures + 1, next);
    }
}
