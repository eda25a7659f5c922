package dev.nippush.relay;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.RelayUrl;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * How one relay is doing. Texts of the relay are cut to 200 characters and hold no control characters.
 *
 * @param relay which one
 * @param home whether the operator configured it
 * @param phase how far its connection is
 * @param connectedSince when the connection opened; empty when there is none
 * @param accounts how many accounts want something from it
 * @param subscriptions how many REQs are open, those for pages of stored events aside
 * @param refused what it refuses, with its reasons, at most 20: {@code control}, {@code direct messages} or
 *     {@code events}, a colon, the reason
 * @param lastError why the last connection ended or did not come about
 * @param lastNotice the last NOTICE of this connection
 */
public record RelayState(
        RelayUrl relay,
        boolean home,
        Phase phase,
        Optional<Instant> connectedSince,
        int accounts,
        int subscriptions,
        List<String> refused,
        Optional<String> lastError,
        Optional<String> lastNotice) {

    /** How far a connection is. */
    public enum Phase {
        /** As many relays as allowed are connected already; this one is connected when another is left. */
        WAITING,
        /** The connection is being made. */
        CONNECTING,
        /** Connected. */
        CONNECTED,
        /** The last attempt failed, and the next one is due after a pause. */
        PAUSING
    }

    public RelayState {
        requireNonNull(relay);
        requireNonNull(phase);
        requireNonNull(connectedSince);
        refused = List.copyOf(refused);
        requireNonNull(lastError);
        requireNonNull(lastNotice);
    }

    RelayState withAccounts(int count) {
        return new RelayState(relay, home, phase, connectedSince, count, subscriptions, refused, lastError, lastNotice);
    }
}
