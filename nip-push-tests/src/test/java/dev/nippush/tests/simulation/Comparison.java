package dev.nippush.tests.simulation;

import dev.nippush.account.Account;
import dev.nippush.account.Device;
import dev.nippush.account.Registration;
import dev.nippush.address.DeviceAddress;
import dev.nippush.store.OwedPush;
import dev.nippush.store.PushKey;
import dev.nippush.tests.simulation.Decision.State;
import dev.nippush.tests.simulation.Disk.Decided;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Says where the disk and the model differ, when everything is on disk. */
final class Comparison {

    private final Model model;
    private final Disk disk;
    private final List<String> differences = new ArrayList<>();

    Comparison(Model model) {
        this.model = model;
        this.disk = model.disk;
    }

    List<String> run() {
        model.users.values().forEach(this::compare);
        model.decisions.values().stream().filter(decision -> !decision.tainted).forEach(this::compare);
        for (Decided held : disk.held.keySet()) {
            if (!model.decisions.containsKey(held)) {
                differences.add("held, but nobody wants it: " + held.event());
            }
        }
        disk.owed.forEach(this::compare);
        return differences;
    }

    private void compare(User user) {
        Account account = disk.accounts.get(user.key);
        String who = "account " + user.key;
        Reg reg = user.reg;
        if (account == null) {
            // The marks of who is not registered may be forgotten once they are old.
            if (reg != null) {
                differences.add(who + " is not on disk");
            }
            return;
        }
        Registration onDisk = account.registration().orElse(null);
        if (reg == null || onDisk == null) {
            if ((reg == null) != (onDisk == null)) {
                differences.add(who + (reg == null ? " should not be registered" : " should be registered"));
            }
            return;
        }
        differ(who + " kinds", reg.kinds, onDisk.kinds());
        differ(who + " relays", new HashSet<>(reg.relays), new HashSet<>(onDisk.relays()));
        differ(who + " authors", reg.authors, onDisk.authors());
        differ(who + " #e", reg.e, onDisk.e());
        differ(who + " #p", reg.p, onDisk.p());
        differ(
                who + " direct relays",
                new HashSet<>(reg.direct.relays()),
                new HashSet<>(onDisk.inboxes().direct()));
        differ(
                who + " general relays",
                new HashSet<>(reg.general.relays()),
                new HashSet<>(onDisk.inboxes().general()));
        if (reg.wantsAnything()) {
            differ(who + " caught up", reg.caughtUp, onDisk.caughtUp());
            differ(who + " began", reg.began, onDisk.began().toEpochMilli());
        }
        Map<DeviceAddress, Long> counting = new LinkedHashMap<>();
        Map<DeviceAddress, Long> registered = new LinkedHashMap<>();
        reg.devices.forEach((address, device) -> {
            counting.put(address, device.countsSince());
            registered.put(address, device.registeredAt());
        });
        Map<DeviceAddress, Long> countingOnDisk = new LinkedHashMap<>();
        Map<DeviceAddress, Long> registeredOnDisk = new LinkedHashMap<>();
        for (Device device : onDisk.devices()) {
            countingOnDisk.put(device.address(), device.countsSince().toEpochMilli());
            registeredOnDisk.put(device.address(), device.registeredAt().toEpochMilli());
        }
        differ(who + " devices", counting, countingOnDisk);
        differ(who + " devices, registered", registered, registeredOnDisk);
    }

    private void differ(String what, Object model, Object engine) {
        if (!model.equals(engine)) {
            differences.add(what + ": should be " + model + ", is " + engine);
        }
    }

    private void compare(Decision decision) {
        Decided key = decision.key();
        if (decision.state == State.HELD) {
            if (!disk.held.containsKey(disk.standingFor(key))) {
                differences.add(decision.event + " for " + decision.user.key + " should be held");
            }
        } else if (disk.held.containsKey(key)) {
            differences.add(
                    decision.event + " for " + decision.user.key + " should not be held, but " + decision.state);
        }
        if (decision.state == State.PUSHED) {
            Decided carrier = disk.standingFor(key);
            for (DeviceAddress device : decision.devices) {
                if (!disk.owed.containsKey(new PushKey(carrier.event(), device))) {
                    differences.add(decision.event + " for " + decision.user.key + " should be owed to " + device);
                }
            }
        }
    }

    private void compare(PushKey push, OwedPush row) {
        Decision decision = model.decisions.get(new Decided(row.account(), push.event()));
        boolean tainted = decision != null && decision.tainted;
        if (tainted || model.endings.standsForAnother(push)) {
            return;
        }
        if (!model.claims.containsKey(push)) {
            differences.add("owed, but nobody wants it: " + push.event() + " to " + push.device());
        } else if (decision != null && decision.state != State.PUSHED) {
            differences.add(push.event() + " for " + row.account() + " should not be owed to " + push.device()
                    + ", but " + decision.state);
        }
    }

    /** Nobody waits for anything any more: says what was forgotten. */
    static List<String> unfinished(Model model) {
        List<String> forgotten = new ArrayList<>();
        for (Decision decision : model.decisions.values()) {
            if (decision.tainted) {
                continue;
            }
            if (decision.state == State.HELD) {
                forgotten.add(decision.event + " is held for ever");
            }
            if (decision.state == State.PUSHED) {
                Decided carrier = model.disk.standingFor(decision.key());
                for (DeviceAddress device : decision.devices) {
                    PushKey push = model.disk.standingFor(new PushKey(carrier.event(), device));
                    if (!model.disk.settled.containsKey(push)) {
                        forgotten.add(decision.event + " to " + device + " never ended");
                    }
                }
            }
        }
        return forgotten;
    }
}
