package dev.nippush.internal.delivery;

import dev.nippush.address.DeviceAddress;
import dev.nippush.internal.run.RecentMap;
import dev.nippush.transport.PushLimit;
import java.util.HashSet;
import java.util.Set;

/** What a lane remembers of its devices besides their pushes. Belongs to its lane. */
final class Devices {

    private static final int ALLOWANCES = 8_192;

    private final PushLimit limit;
    private final RecentMap<DeviceAddress, Allowance> allowances = new RecentMap<>(ALLOWANCES);
    private final Set<DeviceAddress> parked = new HashSet<>();

    Devices(PushLimit limit) {
        this.limit = limit;
    }

    /** How much the device may get. */
    Allowance allowance(DeviceAddress device, long now) {
        return allowances.computeIfAbsent(device, any -> new Allowance(limit, now));
    }

    /** Its provider refuses the address. */
    void park(DeviceAddress device) {
        parked.add(device);
    }

    boolean isParked(DeviceAddress device) {
        return parked.contains(device);
    }

    /** It was registered again, or nobody has it any more: whatever its provider said of it may be wrong now. */
    void startOver(DeviceAddress device) {
        parked.remove(device);
        Allowance known = allowances.get(device);
        if (known != null) {
            known.resume();
        }
    }
}
