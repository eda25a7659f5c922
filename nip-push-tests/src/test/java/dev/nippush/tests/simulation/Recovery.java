package dev.nippush.tests.simulation;

import dev.nippush.account.Account;
import dev.nippush.account.Device;
import dev.nippush.account.Registration;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.RelayUrl;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.OwedPush;
import dev.nippush.store.PushKey;
import dev.nippush.tests.simulation.Decision.State;
import dev.nippush.tests.simulation.Disk.Decided;
import dev.nippush.tests.simulation.Reg.Dev;
import dev.nippush.tests.simulation.User.Snapshot;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Goes back to what a crash has left. What was answered has to be on disk; of what was not, any may be there, in order. So
 * the disk says which of the states since the last answer it is, and it has to be one of them.
 */
final class Recovery {

    private final Model model;
    private final Disk disk;
    private final At now;
    private final List<String> lost = new ArrayList<>();

    Recovery(Model model, At now) {
        this.model = model;
        this.disk = model.disk;
        this.now = now;
    }

    List<String> run() {
        for (User user : model.users.values()) {
            revert(user);
        }
        for (User user : model.users.values()) {
            if (user.reg != null) {
                for (DeviceAddress device : List.copyOf(user.reg.devices.keySet())) {
                    settleOwnership(user, device);
                }
            }
        }
        Set<Decision> changed = new HashSet<>();
        for (Decision decision : model.decisions.values()) {
            holdToPromise(decision);
            if (decision.changed) {
                changed.add(decision);
            }
            if (disk.held.containsKey(decision.key())) {
                // From now on only the wall clock says when it came.
                decision.received =
                        now.monoAt(disk.held.get(decision.key()).receivedAt().toEpochMilli());
            }
        }
        model.claims.values().removeIf(changed::contains);
        for (Decision decision : List.copyOf(model.decisions.values())) {
            if (decision.changed) {
                revert(decision);
            }
        }
        return lost;
    }

    // ---- accounts

    private void revert(User user) {
        Account account = disk.accounts.get(user.key);
        Snapshot left = left(user, account);
        user.inLimbo &= account != null;
        if (left == null || !left.known || account == null) {
            boolean nothingAnswered = user.snapshots.stream().noneMatch(each -> each.answered);
            if (left == null && !user.snapshots.isEmpty() && !(account == null && nothingAnswered)) {
                lost.add("account " + user.key + " is on disk as it should not be: " + account);
            }
            user.reg = null;
            user.known = false;
            user.registrationMark = Mark.NONE;
            user.presenceMark = Mark.NONE;
            user.safePresenceMark = Mark.NONE;
            user.online = false;
            user.storedOnline = false;
            user.inLimbo = false;
            user.takenAway.clear();
            user.snapshots.clear();
            return;
        }
        left.restore(user);
        user.presenceMark = mark(account.marks().presence());
        user.safePresenceMark = user.presenceMark;
        user.storedOnline = account.lastSeen().online();
        user.online = user.storedOnline;
        user.storedAliveAt =
                account.lastSeen().aliveAt().map(alive -> alive.toEpochMilli()).orElse(0L);
        Registration onDisk = account.registration().orElse(null);
        if (user.reg != null && onDisk != null) {
            Reg before = user.reg;
            Reg after = new Reg(before);
            // What nobody said is written apart from any message, so no answer tells whether it was.
            for (DeviceAddress device : List.copyOf(after.devices.keySet())) {
                if (onDisk.device(device).isEmpty()) {
                    after.devices.remove(device);
                }
            }
            after.begin(before, model.homeRelays, now);
            for (RelayUrl relay : List.copyOf(after.askedSince.keySet())) {
                if (onDisk.caughtUp().contains(relay)) {
                    after.caughtUp.add(relay);
                } else {
                    after.caughtUp.remove(relay);
                }
            }
            user.reg = after;
        }
        user.inLimbo = false;
        user.takenAway.clear();
    }

    /** The newest state that the disk may be in and is in. */
    private @Nullable Snapshot left(User user, @Nullable Account account) {
        Snapshot found = null;
        for (int i = user.snapshots.size() - 1; i >= 0; i--) {
            Snapshot each = user.snapshots.get(i);
            if (found == null && isOnDisk(user, each, account)) {
                found = each;
            }
            if (each.answered) {
                return found;
            }
        }
        // Before its first answer nothing need be there.
        return found;
    }

    private boolean isOnDisk(User user, Snapshot state, @Nullable Account account) {
        if (!state.known || account == null) {
            // The marks of who is not registered may be forgotten.
            return account == null && (!state.known || state.reg == null);
        }
        Registration onDisk = account.registration().orElse(null);
        return state.registrationMark.equals(mark(account.marks().registration()))
                && (!state.safePresenceMark.isNewerThan(mark(account.marks().presence()))
                        || isForgettable(state.safePresenceMark))
                && (state.reg == null) == (onDisk == null)
                && (state.reg == null || isOnDisk(user, state.reg, onDisk))
                && (state.storedOnline || !account.lastSeen().online())
                && (!state.online
                        || account.lastSeen().online()
                                && account.lastSeen().aliveAt().orElseThrow().toEpochMilli() >= state.storedAliveAt);
    }

    /** The marks of who was not registered for a time are forgotten when no message is accepted any more that is older. */
    private boolean isForgettable(Mark mark) {
        return mark.createdAt() < now.seconds() - 20 * 60;
    }

    private static boolean isOnDisk(User user, Reg reg, Registration onDisk) {
        for (Device device : onDisk.devices()) {
            Dev dev = reg.devices.get(device.address());
            if (dev == null
                    || dev.countsSince() != device.countsSince().toEpochMilli()
                    || dev.registeredAt() != device.registeredAt().toEpochMilli()) {
                return false;
            }
        }
        for (DeviceAddress device : reg.devices.keySet()) {
            if (onDisk.device(device).isEmpty() && !user.takenAway.contains(device)) {
                return false;
            }
        }
        return Objects.equals(reg.kinds, onDisk.kinds())
                && new HashSet<>(reg.relays).equals(new HashSet<>(onDisk.relays()))
                && reg.authors.equals(onDisk.authors())
                && reg.e.equals(onDisk.e())
                && reg.p.equals(onDisk.p())
                && reg.direct.createdAt() == onDisk.inboxes().directAt()
                && reg.general.createdAt() == onDisk.inboxes().generalAt();
    }

    private static Mark mark(dev.nippush.account.Mark of) {
        return of.equals(dev.nippush.account.Mark.NONE) ? Mark.NONE : new Mark(of.createdAt(), of.rank() > 0);
    }

    private void settleOwnership(User user, DeviceAddress device) {
        for (User other : model.users.values()) {
            if (other == user || user.reg == null || other.reg == null || !other.reg.devices.containsKey(device)) {
                continue;
            }
            Dev mine = user.reg.devices.get(device);
            if (mine != null && mine.last() < other.reg.devices.get(device).last()) {
                model.enterLimbo(user, device, now);
            }
        }
    }

    // ---- events

    private void holdToPromise(Decision decision) {
        if (decision.promised == null || decision.tainted) {
            return;
        }
        Decided key = decision.key();
        if (!disk.decided.contains(key)) {
            lost.add(decision.event + " for " + decision.user.key + " was answered, and is not on disk");
        } else if (decision.promised != State.HELD && disk.held.containsKey(key)) {
            boolean standsForAnother = disk.foldedHolds.containsValue(key);
            if (!standsForAnother) {
                lost.add(decision.event + " for " + decision.user.key + " is held again: it was answered as "
                        + decision.promised);
            }
        }
    }

    private void revert(Decision decision) {
        Decided key = decision.key();
        if (!disk.decided.contains(key)) {
            model.decisions.remove(key);
            decision.user.decisions.remove(decision);
            return;
        }
        Decided carrier = disk.standingFor(key);
        Set<DeviceAddress> owed = new LinkedHashSet<>();
        for (Map.Entry<PushKey, OwedPush> each : disk.owed.entrySet()) {
            if (each.getKey().event().equals(carrier.event())
                    && each.getValue().account().equals(decision.user.key)) {
                owed.add(each.getKey().device());
            }
        }
        HeldEvent held = disk.held.get(carrier);
        if (held != null) {
            decision.devices.clear();
            for (DeviceAddress device : held.devices()) {
                if (Endings.stillOwned(decision, device)) {
                    decision.devices.add(device);
                }
            }
            decision.state = decision.devices.isEmpty() ? State.CANCELLED : State.HELD;
        } else if (!owed.isEmpty()) {
            if (carrier.equals(key)) {
                decision.devices.addAll(owed);
            }
            decision.devices.retainAll(owed);
            decision.state = State.PUSHED;
            decision.devices.forEach(device -> model.claims.put(new PushKey(decision.event, device), decision));
        } else if (decision.state == State.HELD || decision.state == State.PUSHED) {
            decision.state = State.DROPPED;
        }
    }
}
