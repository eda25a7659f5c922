package dev.nippush.control;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.PublicKey;
import java.util.List;
import java.util.Optional;

/** What a control message means, once it was decrypted and read. */
public sealed interface ControlMessage {

    /**
     * Register: push events like these to this device. A list that is absent leaves what is registered as it is; an
     * empty one clears it.
     *
     * @param online whether the message says that the app is in the foreground, or that it is not; empty says neither
     * @param device the device to add; empty adds none
     * @param privacy how much the provider of that device may learn at most, of all devices where none is named; empty
     *     leaves it as it is
     * @param kinds of distinct values
     * @param relays of distinct values
     * @param authors of distinct values
     * @param e event ids and NIP-29 group ids, of distinct values
     * @param p of distinct values
     */
    record Settings(
            Optional<Boolean> online,
            Optional<DeviceAddress> device,
            Optional<Privacy> privacy,
            Optional<List<Integer>> kinds,
            Optional<List<RelayUrl>> relays,
            Optional<List<PublicKey>> authors,
            Optional<List<String>> e,
            Optional<List<PublicKey>> p)
            implements ControlMessage {
        public Settings {
            requireNonNull(online);
            requireNonNull(device);
            requireNonNull(privacy);
            kinds = kinds.map(List::copyOf);
            relays = relays.map(List::copyOf);
            authors = authors.map(List::copyOf);
            e = e.map(List::copyOf);
            p = p.map(List::copyOf);
        }

        /** Says which lists are named, and nothing of what is in them. */
        @Override
        public String toString() {
            return "Settings[device " + device.map(DeviceAddress::toString).orElse("none") + "]";
        }
    }

    /** The app is in the foreground. */
    record Heartbeat() implements ControlMessage {}

    /** The app has left the foreground: push from now on. */
    record Offline() implements ControlMessage {}

    /**
     * Stop pushing.
     *
     * @param device the one device to forget; empty forgets all of the account
     */
    record Logout(Optional<DeviceAddress> device) implements ControlMessage {
        public Logout {
            requireNonNull(device);
        }
    }
}
