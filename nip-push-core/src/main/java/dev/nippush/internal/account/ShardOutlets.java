package dev.nippush.internal.account;

import dev.nippush.account.InterestChange;
import dev.nippush.address.DeviceAddress;
import dev.nippush.control.ControlMessage;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.store.OwedPush;

/**
 * Where a shard's work goes. Everything here is called in the shard's lane, when what it follows from is on disk, and
 * returns at once.
 */
public interface ShardOutlets {

    /**
     * A push is claimed: its device lane takes it from here.
     *
     * @param stored whether a relay had the event in store: of such a device gets few, each by itself
     */
    void owed(OwedPush push, boolean stored);

    /** A push to this device may be claimed: nobody can tell but the store. */
    void maybeOwed(DeviceAddress device);

    /** The account has lost the device: what waits there for it is withdrawn. */
    void withdrawn(PublicKey account, DeviceAddress device);

    /** A device was registered, or registered again. */
    void registered(DeviceAddress device);

    /** The device is another account's now: this one has to give it up. */
    void displaced(PublicKey account, DeviceAddress device);

    /** The account wants something else of a relay. */
    void interestChanged(InterestChange change);

    /** A control message was carried out. */
    void controlApplied(PublicKey account, ControlMessage message);

    /** The account gave no sign of life for so long that its registration was forgotten. */
    void forgotten(PublicKey account);

    /** The account turned ONLINE or OFFLINE. */
    void presenceChanged(PublicKey account, boolean online);

    /** An event is held. */
    void held(PublicKey account, EventId event);

    /** Held events were dropped. */
    void dropped(PublicKey account, int events);
}
