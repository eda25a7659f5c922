package dev.nippush.tests.simulation;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.EventId;
import dev.nippush.tests.simulation.Disk.Decided;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What became of an event for one account. */
final class Decision {

    enum State {
        HISTORY,
        HELD,
        DROPPED,
        PUSHED,
        CANCELLED,
        EXPIRED
    }

    final User user;
    final EventId event;
    /** Its place in the order of things. */
    final long number;
    /** On the monotonic clock; after a restart as well as the wall clock can tell. */
    long received;
    /** On the wall clock. */
    final long expires;

    final Set<DeviceAddress> devices;
    State state;
    /** The disk may not know it yet. */
    boolean changed = true;
    /** Which relay it came from; null when a host or feeder handed it over. */
    @Nullable
    RelayUrl from;
    /** Whether that had it in store. */
    boolean stored;
    /** Made or changed in limbo: anything but a second push is right. */
    boolean tainted;
    /** What somebody who got an answer may rely on. */
    @Nullable
    State promised;

    Decision(User user, EventId event, long number, long received, long expires, Set<DeviceAddress> devices) {
        this.user = user;
        this.event = event;
        this.number = number;
        this.received = received;
        this.expires = expires;
        this.devices = devices;
        this.state = State.HISTORY;
    }

    Decided key() {
        return new Decided(user.key, event);
    }

    void become(State next) {
        state = next;
        changed = true;
    }
}
