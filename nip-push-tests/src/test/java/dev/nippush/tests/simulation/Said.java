package dev.nippush.tests.simulation;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.PublicKey;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client meant by a control message, before it was written, encrypted and signed. What is null was not said.
 *
 * @param device to be added by settings, or the only one that a logout is about
 */
record Said(
        Sort sort,
        @Nullable Boolean online,
        @Nullable DeviceAddress device,
        @Nullable List<Integer> kinds,
        @Nullable List<RelayUrl> relays,
        @Nullable List<PublicKey> authors,
        @Nullable List<String> e,
        @Nullable List<PublicKey> p) {

    enum Sort {
        SETTINGS,
        HEARTBEAT,
        OFFLINE,
        LOGOUT
    }

    static Said plain(Sort sort) {
        return new Said(sort, null, null, null, null, null, null, null);
    }

    static Said logout(DeviceAddress device) {
        return new Said(Sort.LOGOUT, null, device, null, null, null, null, null);
    }
}
