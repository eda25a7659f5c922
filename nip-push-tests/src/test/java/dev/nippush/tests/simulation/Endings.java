package dev.nippush.tests.simulation;

import dev.nippush.address.DeviceAddress;
import dev.nippush.store.Ending;
import dev.nippush.store.OwedPush;
import dev.nippush.store.PushKey;
import dev.nippush.tests.simulation.Decision.State;
import dev.nippush.tests.simulation.Disk.Decided;
import dev.nippush.tests.simulation.Reg.Dev;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What may be sent, and how a push may end: DESIGN's first promise, and what the answers of providers mean. */
final class Endings {

    private final Model model;
    private final Disk disk;
    private final Set<DeviceAddress> parked = new HashSet<>();
    private final Set<DeviceAddress> unparked = new HashSet<>();
    /** Which devices are gone, since when in the order of things. */
    private final Map<DeviceAddress, Long> gone = new HashMap<>();

    private final Set<PushKey> asked = new HashSet<>();
    private final Set<PushKey> accepted = new HashSet<>();
    private final Set<PushKey> rejected = new HashSet<>();

    Endings(Model model) {
        this.model = model;
        this.disk = model.disk;
    }

    // ---- what the accounts do

    void registered(DeviceAddress device) {
        if (parked.remove(device)) {
            unparked.add(device);
        }
    }

    void hasNoOwner(DeviceAddress device) {
        parked.remove(device);
    }

    void crashed() {
        parked.clear();
        unparked.clear();
    }

    void atRest() {
        unparked.clear();
    }

    // ---- what is sent

    /** The decision that a push follows from. */
    private @Nullable Decision claim(PushKey push) {
        Decision decision = model.claims.get(push);
        OwedPush row = disk.owed.get(push);
        if (decision == null && row != null) {
            Decided key = new Decided(row.account(), push.event());
            return model.isTainted(key) ? model.decisions.get(key) : null;
        }
        return decision;
    }

    /** Whether the account of a push still has the device, without a break since the event came. */
    static boolean stillOwned(Decision decision, DeviceAddress device) {
        Reg reg = decision.user.reg;
        Dev dev = reg == null ? null : reg.devices.get(device);
        return dev != null && dev.first() <= decision.number;
    }

    /** It goes out; returns why it must not, null when it may. */
    @Nullable
    String asked(PushKey push) {
        asked.add(push);
        Decision decision = claim(push);
        if (decision == null) {
            return standsForAnother(push) ? null : "nothing was to be pushed for this event and device";
        }
        if (decision.tainted || decision.user.inLimbo) {
            return null;
        }
        // The push that stands for several lives as long as one of them.
        if (decision.state != State.PUSHED) {
            return "it is " + decision.state;
        }
        if (!stillOwned(decision, push.device())) {
            return "the account does not have the device any more";
        }
        if (parked.contains(push.device())) {
            return "the device is parked";
        }
        return null;
    }

    /** Whether it is an event that needs no push any more, but into which one was folded that does. */
    boolean standsForAnother(PushKey push) {
        for (Decided each : disk.foldedHolds.keySet()) {
            Decision decision = model.decisions.get(each);
            if (decision != null
                    && decision.state == State.PUSHED
                    && !each.event().equals(push.event())
                    && disk.standingFor(each).event().equals(push.event())) {
                return true;
            }
        }
        return false;
    }

    // ---- what is answered

    void accepted(PushKey push) {
        accepted.add(push);
    }

    void messageRejected(PushKey push) {
        rejected.add(push);
    }

    /** Whether an answer about the device of this push is taken note of. */
    boolean isLive(PushKey push) {
        Decision decision = claim(push);
        return decision != null && stillOwned(decision, push.device()) && !disk.settled.containsKey(push);
    }

    /**
     * A provider says that it is the device's fault.
     *
     * @param sentAt on the wall clock
     */
    void deviceRejected(PushKey push, long sentAt) {
        rejected.add(push);
        User owner = model.owner(push.device());
        if (!isLive(push)) {
            return;
        }
        if (owner != null && owner.reg.devices.get(push.device()).registeredAt() > sentAt) {
            // The provider spoke of what was registered before.
            return;
        }
        boolean registers = model.users.values().stream()
                .flatMap(user -> user.snapshots.stream())
                .anyMatch(each -> !each.answered && push.device().equals(each.registered));
        // A registration that is on its way to the disk ends it at once.
        (registers ? unparked : parked).add(push.device());
    }

    /** A provider says that the device has been gone since then, by the wall clock. */
    void deviceGone(PushKey push, long since, At now) {
        User owner = model.owner(push.device());
        if (!isLive(push) || owner == null) {
            return;
        }
        if (owner.reg.devices.get(push.device()).registeredAt() <= Math.min(since, now.wall())) {
            gone.put(push.device(), model.number);
            model.enterLimbo(owner, push.device(), now);
        }
    }

    // ---- how it ends

    /**
     * Returns why a push must not end like that; null when it may.
     *
     * @param latest the latest wall clock by which its end may have been decided on
     */
    @Nullable
    String objectionTo(OwedPush push, Ending ending, long latest) {
        Decision decision = claim(push.key());
        if (decision == null) {
            return standsForAnother(push.key()) ? null : "there was no such push";
        }
        DeviceAddress device = push.message().address();
        long expires = push.message().expiresAt().toEpochMilli();
        boolean allowed = switch (ending) {
            case ACCEPTED -> accepted.contains(push.key());
            // A device that gets little gets all of it: 60 at once, 10 of what lay at a relay.
            case FOLDED -> claimsOn(device, false) > 60 || claimsOn(device, true) > 10;
            case WITHDRAWN -> decision.tainted || !stillOwned(decision, device);
            case GONE -> gone.getOrDefault(device, -1L) >= decision.number || !stillOwned(decision, device);
            case REJECTED ->
                !stillOwned(decision, device)
                        || rejected.contains(push.key())
                        || parked.contains(device)
                        || unparked.contains(device);
            case EXPIRED -> expires <= latest || asked.contains(push.key()) && expires <= latest + 20 * 60_000;
        };
        return allowed ? null : "it ends as " + ending + ", and nothing says so";
    }

    private long claimsOn(DeviceAddress device, boolean stored) {
        return model.claims.entrySet().stream()
                .filter(each -> each.getKey().device().equals(device) && (each.getValue().stored || !stored))
                .count();
    }
}
