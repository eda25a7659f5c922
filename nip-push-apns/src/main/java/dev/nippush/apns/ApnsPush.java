package dev.nippush.apns;

import com.eatthepath.pushy.apns.ApnsPushNotification;
import com.eatthepath.pushy.apns.DeliveryPriority;
import com.eatthepath.pushy.apns.PushType;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * One request as pushy sees it. pushy keeps what it cannot send yet, without a bound in time, and offers no way to take it
 * back; this one refuses to be written when it has been given up meanwhile. So a message whose sender already counts it
 * as unanswered does not leave later, and a connection can be opened by a request that is never made.
 */
final class ApnsPush implements ApnsPushNotification {

    /** The largest expiration that pushy can write: it casts to an int. */
    private static final Instant LATEST = Instant.ofEpochSecond(Integer.MAX_VALUE);

    private final UUID id = UUID.randomUUID();
    private final String token;
    private final String topic;
    private final boolean silent;
    private final String collapseId;
    private final Instant expiration;
    private final String payload;
    private final BooleanSupplier givenUp;
    private volatile boolean written;

    ApnsPush(
            String token,
            String topic,
            boolean silent,
            String collapseId,
            Instant expiration,
            String payload,
            BooleanSupplier givenUp) {
        this.token = token;
        this.topic = topic;
        this.silent = silent;
        this.collapseId = collapseId;
        this.expiration =
                expiration.isAfter(LATEST) ? LATEST : expiration.isBefore(Instant.EPOCH) ? Instant.EPOCH : expiration;
        this.payload = payload;
        this.givenUp = givenUp;
    }

    /** Asked when the request is written, and again if the server refuses its stream and pushy repeats it. */
    @Override
    public String getToken() {
        if (!written && givenUp.getAsBoolean()) {
            throw new NotWritten();
        }
        written = true;
        return token;
    }

    @Override
    public String getPayload() {
        return payload;
    }

    @Override
    public Instant getExpiration() {
        return expiration;
    }

    @Override
    public DeliveryPriority getPriority() {
        // Apple refuses a background push of another priority.
        return silent ? DeliveryPriority.CONSERVE_POWER : DeliveryPriority.IMMEDIATE;
    }

    @Override
    public PushType getPushType() {
        return silent ? PushType.BACKGROUND : PushType.ALERT;
    }

    @Override
    public String getTopic() {
        return topic;
    }

    @Override
    public String getCollapseId() {
        return collapseId;
    }

    @Override
    public UUID getApnsId() {
        return id;
    }

    /** Names the request, and neither the device nor the content. */
    @Override
    public String toString() {
        return "ApnsPush[" + id + "]";
    }

    /** A connection was there, and nothing was written to it. */
    static final class NotWritten extends CancellationException {
        private static final long serialVersionUID = 1L;

        NotWritten() {
            super("given up before it was sent");
        }
    }
}
