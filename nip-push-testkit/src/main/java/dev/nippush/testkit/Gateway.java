package dev.nippush.testkit;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.DeviceAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A provider that does as it is told, so that a transport can be examined against it: the other half of
 * {@link PushTransportContract}. It may be a real server on a socket or a few lines in memory; nothing here asks for
 * HTTP.
 *
 * <p>A gateway accepts what it gets, from as many devices and threads as there are, until {@link #answer} says otherwise.
 * It keeps the rules of the provider that it stands for: what that one would refuse, such as a payload over its limit, is
 * refused here too, whatever the script says.
 */
public interface Gateway extends AutoCloseable {

    /** What this gateway can do. The exam skips a case for one reason only: that an ability is missing here. */
    Set<Ability> abilities();

    /**
     * The address of one of its devices.
     *
     * @param number which one, 0 to 999; the same number is always the same device, another number another one
     */
    DeviceAddress device(int number);

    /** How the device's messages are answered from now on, until another answer is set. */
    void answer(DeviceAddress device, Answer answer);

    /**
     * All messages that reached the gateway, in the order of arrival, whatever was answered. A message is in here before
     * it is answered, and even if it is not answered at all.
     */
    Inbox<Received> received();

    /** Accepts every message that {@link Answer.Hang} left open, and lets none hang from now on. */
    void release();

    /**
     * From now on nothing is answered, not even the attempt to connect, until {@link #close()} cuts everything off. A
     * server stops, and leaves an open port behind that nobody accepts from.
     *
     * @throws UnsupportedOperationException if it lacks {@link Ability#STALL}
     */
    default void stall() {
        throw new UnsupportedOperationException(getClass().getSimpleName() + " cannot stall");
    }

    /** Stops it: nobody can reach it any more. */
    @Override
    void close();

    /** What a gateway can do, and a transport be asked for. */
    enum Ability {
        /** Answers {@link Answer.TemporaryFailure} without a delay. */
        TEMPORARY_FAILURE,
        /** Names a delay with {@link Answer.TemporaryFailure}, and with the two limits if it knows them. */
        RETRY_AFTER,
        /** Answers {@link Answer.DeviceLimit}. */
        DEVICE_LIMIT,
        /** Answers {@link Answer.SenderLimit}. */
        SENDER_LIMIT,
        /** Answers {@link Answer.Gone} without a date. */
        GONE,
        /** Answers {@link Answer.Gone} with a date. */
        GONE_SINCE,
        /** Answers {@link Answer.MessageRefused}. */
        MESSAGE_REFUSED,
        /** Answers {@link Answer.DeviceRefused}. */
        DEVICE_REFUSED,
        /** Answers {@link Answer.CredentialsRefused}. */
        CREDENTIALS_REFUSED,
        /** Can be unreachable: knows {@link Answer.Drop}, and {@link #close()} makes every send end in silence. */
        CONNECTION_LOSS,
        /** Knows {@link Answer.Hang} and {@link #release()}. */
        HANG,
        /** Knows {@link #stall()}. */
        STALL,
        /** Tells a message that shows nothing from one that shows an empty text, in {@link Received#shown}. */
        SILENT,
        /** Sees the collapse key of a message. */
        COLLAPSE_KEY,
        /** Sees until when a message is of use. */
        EXPIRY,
        /** Refuses a payload over the provider's limit, which lies between 1,000 and 100,000 bytes. */
        SIZE_LIMIT
    }

    /** What the provider does with a message. */
    sealed interface Answer {

        /** Takes it. */
        record Accept() implements Answer {}

        /**
         * Cannot take it now; over HTTP a 503.
         *
         * @param retryAfter the delay that it asks for, in whole seconds; empty if it names none
         */
        record TemporaryFailure(Optional<Duration> retryAfter) implements Answer {
            public TemporaryFailure {
                requireNonNull(retryAfter);
            }
        }

        /**
         * Has had too many messages for this device, and would take one for another; over HTTP a 429.
         *
         * @param retryAfter the delay that it asks for, in whole seconds; empty if it names none
         */
        record DeviceLimit(Optional<Duration> retryAfter) implements Answer {
            public DeviceLimit {
                requireNonNull(retryAfter);
            }
        }

        /**
         * Has had too many messages from this sender, whatever the device.
         *
         * @param retryAfter the delay that it asks for, in whole seconds; empty if it names none
         */
        record SenderLimit(Optional<Duration> retryAfter) implements Answer {
            public SenderLimit {
                requireNonNull(retryAfter);
            }
        }

        /**
         * Knows the device no more.
         *
         * @param since since when, in whole seconds; empty if it does not say
         */
        record Gone(Optional<Instant> since) implements Answer {
            public Gone {
                requireNonNull(since);
            }
        }

        /** Refuses this message, and would take another one for the same device. */
        record MessageRefused() implements Answer {}

        /** Refuses the device's address, which it does not call gone. */
        record DeviceRefused() implements Answer {}

        /** Refuses the sender. */
        record CredentialsRefused() implements Answer {}

        /** Cuts the connection without an answer. */
        record Drop() implements Answer {}

        /** Says nothing and keeps the connection, until {@link Gateway#release()}. */
        record Hang() implements Answer {}
    }

    /**
     * A message as the provider understood it.
     *
     * @param device whom it is for: equal to the {@link Gateway#device} that it was sent to
     * @param title the title that the device would show
     * @param body the text that the device would show
     * @param data what the app gets
     * @param collapseKey what identifies a message that replaces this one; empty if the provider was told none
     * @param expiresAt until when the provider would keep it; empty if it was not told
     * @param shown whether the device would show anything, if only an empty text, or make a sound
     */
    record Received(
            DeviceAddress device,
            String title,
            String body,
            Map<String, String> data,
            Optional<String> collapseKey,
            Optional<Instant> expiresAt,
            boolean shown) {
        public Received {
            requireNonNull(device);
            requireNonNull(title);
            requireNonNull(body);
            data = Map.copyOf(data);
            requireNonNull(collapseKey);
            requireNonNull(expiresAt);
        }

        /** For a gateway without {@link Ability#SILENT}: a message is shown if it has a text. */
        public Received(
                DeviceAddress device,
                String title,
                String body,
                Map<String, String> data,
                Optional<String> collapseKey,
                Optional<Instant> expiresAt) {
            this(device, title, body, data, collapseKey, expiresAt, !title.isEmpty() || !body.isEmpty());
        }
    }
}
