package dev.nippush.transport;

import dev.nippush.address.DeviceAddress;
import java.util.concurrent.CompletionStage;

/**
 * A way to push to devices: a provider such as APNs, or a host's own channel. The engine decides what to send, when,
 * how often to try, and how much the provider may learn; a transport sends one message and says what the provider answered.
 * {@code PushTransportContract} of nip-push-testkit examines one.
 *
 * <p>A transport makes the message fit its provider's limit (see {@link Shorten}), wakes the app without showing anything
 * where the notification {@linkplain Notification#isSilent() shows nothing}, and gives the
 * {@linkplain PushMessage#collapseKey() collapse key} and {@linkplain PushMessage#expiresAt() expiry} to a provider that
 * knows such things.
 *
 * <p>Implementations are called by several threads at once; logs name them by {@code toString}. They are made and closed by
 * the host: the engine never closes a transport that was handed to it.
 */
public interface PushTransport extends AutoCloseable {

    /** The window of a transport that does not name another one. */
    int DEFAULT_MAX_IN_FLIGHT = 1_000;

    /** Whether this transport can send to the address. Does no I/O and never blocks. */
    boolean serves(DeviceAddress address);

    /**
     * Sends one message to {@code message.address()} and returns at once. The stage ends in one of three ways:
     *
     * <ul>
     *   <li>with {@link PushResult.Accepted}: the provider took the message;
     *   <li>with another {@link PushResult}: the provider refused it, and says what that means;
     *   <li>exceptionally: no answer came, so the message may or may not have arrived. The engine tries again under the
     *       same {@linkplain PushMessage#collapseKey() collapse key}.
     * </ul>
     *
     * A stage that is open after 30 s counts as the third; a method that throws counts as that too, and is logged. The
     * stage may be completed on any thread.
     */
    CompletionStage<PushResult> send(PushMessage message);

    /** How many sends the engine may have open at once, at least 1. Read once, when the engine is built. */
    default int maxInFlight() {
        return DEFAULT_MAX_IN_FLIGHT;
    }

    /** Releases what the transport holds, after the sends in flight have ended. Calling it again does nothing. */
    @Override
    default void close() {}
}
