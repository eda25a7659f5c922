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
     * @param scope who has to wait besides this message
     * @param delay how long, zero or more; empty leaves it to the engine's backoff
     * @param reason the provider's word, for logs
     */
    record RetryAfter(Scope scope, Optional<Duration> delay, String reason) implements PushResult {
        public RetryAfter {
            requireNonNull(scope);
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
     * @param advice what an operator can do about it, one sentence for logs and health reports; empty where the transport
     *     knows of nothing
     */
    record Rejected(Fault fault, String reason, String advice) implements PushResult {
        public Rejected {
            requireNonNull(fault);
            requireNonNull(reason);
            requireNonNull(advice);
        }

        /** The reason, and the advice behind it if there is any. */
        public String explained() {
            return advice.isEmpty() ? reason : reason + ": " + advice;
        }
    }

    /** Who has to wait when a provider says "not now". */
    enum Scope {
        /** This device: the provider may take messages for others, and gets no more for this one before the delay is over. */
        DEVICE,
        /**
         * The server that answered is in trouble. Where devices have servers of their own (Web Push, UnifiedPush), one that
         * stays so is asked less and less; the devices of other servers are not held up.
         */
        SERVER,
        /** All that goes through this transport: a quota of ours is spent. */
        SENDER
    }

    /** Whose fault a refusal is, which decides what the engine stops sending. */
    enum Fault {
        /** This message: it is not sent again. */
        MESSAGE,
        /** This device's address: nothing more is sent to it until it registers again or the engine is started anew. */
        DEVICE,
        /** Our credentials: nothing is sent through this transport until a probe is accepted; nothing is lost. */
        CREDENTIALS
    }

    /** The provider took the message. */
    static PushResult accepted() {
        return new Accepted();
    }

    /** Not before the delay has passed; only this device waits. */
    static PushResult retryAfter(Duration delay, String reason) {
        return retryAfter(Scope.DEVICE, delay, reason);
    }

    /** Not before the delay has passed. */
    static PushResult retryAfter(Scope scope, Duration delay, String reason) {
        return new RetryAfter(scope, Optional.of(delay), reason);
    }

    /** Not now; the engine's backoff says when. Only this device waits. */
    static PushResult retryLater(String reason) {
        return retryLater(Scope.DEVICE, reason);
    }

    /** Not now; the engine's backoff says when. */
    static PushResult retryLater(Scope scope, String reason) {
        return new RetryAfter(scope, Optional.empty(), reason);
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
        return rejected(fault, reason, "");
    }

    /** Refused for good, with what an operator can do about it. */
    static PushResult rejected(Fault fault, String reason, String advice) {
        return new Rejected(fault, reason, advice);
    }
}
