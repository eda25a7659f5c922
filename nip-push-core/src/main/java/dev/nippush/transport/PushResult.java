package dev.nippush.transport;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** What a provider answered. No answer at all is not a result: see {@link PushTransport#send}. */
public sealed interface PushResult {

    /** The provider took the message. It says nothing of the device. */
    record Accepted() implements PushResult {}

    /**
     * Not now.
     *
     * @param delay how long the provider wants to be left alone with this message, zero or more; empty leaves it to the
     *     engine's backoff
     * @param reason the provider's word, for logs
     */
    record RetryAfter(Optional<Duration> delay, String reason) implements PushResult {
        public RetryAfter {
            requireNonNull(reason);
            if (delay.isPresent() && delay.get().isNegative()) {
                throw new IllegalArgumentException("delay must not be negative: " + delay.get());
            }
        }
    }

    /**
     * The device is no longer there; it is forgotten, unless it registered again later than the provider's date.
     *
     * @param since when the provider last knew it to be gone; empty means now
     */
    record DeviceGone(Optional<Instant> since) implements PushResult {
        public DeviceGone {
            requireNonNull(since);
        }
    }

    /**
     * Refused for good.
     *
     * @param fault what has to change before the provider would take it
     * @param reason the provider's word, for logs
     */
    record Rejected(Fault fault, String reason) implements PushResult {
        public Rejected {
            requireNonNull(fault);
            requireNonNull(reason);
        }
    }

    /** Whose fault a refusal is, which decides what the engine stops sending. */
    enum Fault {
        /** This message: it is not sent again. */
        MESSAGE,
        /** This device's address: nothing more is sent to it until it registers again. */
        DEVICE,
        /** Our credentials: nothing is sent through this transport until a probe is accepted; nothing is lost. */
        CREDENTIALS
    }

    /** The provider took the message. */
    static PushResult accepted() {
        return new Accepted();
    }

    /** Not before the delay has passed. */
    static PushResult retryAfter(Duration delay, String reason) {
        return new RetryAfter(Optional.of(delay), reason);
    }

    /** Not now; the engine's backoff says when. */
    static PushResult retryLater(String reason) {
        return new RetryAfter(Optional.empty(), reason);
    }

    /** The device is gone as of now. */
    static PushResult deviceGone() {
        return new DeviceGone(Optional.empty());
    }

    /** The device has been gone since the given moment. */
    static PushResult deviceGone(Instant since) {
        return new DeviceGone(Optional.of(since));
    }

    /** Refused for good. */
    static PushResult rejected(Fault fault, String reason) {
        return new Rejected(fault, reason);
    }
}
