package dev.nippush.internal.match;

import dev.nippush.account.Device;
import dev.nippush.address.DeviceAddress;
import dev.nippush.event.PublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * From a device to the accounts that it is registered with. A phone that changes hands, or a user who changes accounts,
 * must not get the pushes of both. Safe for use by several threads.
 */
public final class DeviceOwners {

    private final int accountsPerDevice;
    private final ConcurrentMap<DeviceAddress, List<Owner>> owners = new ConcurrentHashMap<>();

    /** An account, and what it knows of the device. */
    private record Owner(PublicKey account, Device device) {}

    /** What became of a claim. */
    public sealed interface Claim {

        /**
         * The device is the account's.
         *
         * @param displaced whose it was before and is no longer
         */
        record Granted(List<PublicKey> displaced) implements Claim {}

        /** As many accounts as may share the device have it. */
        record Refused() implements Claim {}
    }

    /**
     * Makes an empty index.
     *
     * @param accountsPerDevice 1: the newest account has the device; more: so many accounts share it, and the next one is
     *     refused
     */
    public DeviceOwners(int accountsPerDevice) {
        this.accountsPerDevice = accountsPerDevice;
    }

    /** Registers a device with an account, or registers it again. */
    public Claim claim(PublicKey account, Device device) {
        List<PublicKey> displaced = new ArrayList<>();
        boolean[] refused = new boolean[1];
        owners.compute(device.address(), (address, before) -> {
            List<Owner> after = new ArrayList<>(before == null ? List.of() : before);
            after.removeIf(owner -> owner.account().equals(account));
            if (after.size() >= accountsPerDevice) {
                if (accountsPerDevice > 1) {
                    refused[0] = true;
                    return before;
                }
                after.forEach(owner -> displaced.add(owner.account()));
                after.clear();
            }
            after.add(new Owner(account, device));
            return List.copyOf(after);
        });
        return refused[0] ? new Claim.Refused() : new Claim.Granted(displaced);
    }

    /**
     * Registers a device that was read from the store, where two accounts may have it after a crash: the newest
     * registrations stay.
     *
     * @return the accounts that do not have the device after all
     */
    public List<PublicKey> restore(PublicKey account, Device device) {
        List<PublicKey> displaced = new ArrayList<>();
        owners.compute(device.address(), (address, before) -> {
            List<Owner> after = new ArrayList<>(before == null ? List.of() : before);
            after.add(new Owner(account, device));
            while (after.size() > accountsPerDevice) {
                Owner oldest = after.get(0);
                for (Owner each : after) {
                    if (each.device().registeredAt().isBefore(oldest.device().registeredAt())) {
                        oldest = each;
                    }
                }
                after.remove(oldest);
                displaced.add(oldest.account());
            }
            return List.copyOf(after);
        });
        return displaced;
    }

    /** The account has changed what it says of a device, if it still has it. */
    public void update(PublicKey account, Device device) {
        owners.computeIfPresent(
                device.address(),
                (any, before) -> before.stream()
                        .map(owner -> owner.account().equals(account) ? new Owner(account, device) : owner)
                        .toList());
    }

    /** The account does not have the device any more. */
    public void release(PublicKey account, DeviceAddress address) {
        owners.computeIfPresent(address, (any, before) -> {
            List<Owner> after = new ArrayList<>(before);
            after.removeIf(owner -> owner.account().equals(account));
            return after.isEmpty() ? null : List.copyOf(after);
        });
    }

    /** The accounts that have the device. */
    public List<PublicKey> accounts(DeviceAddress address) {
        return owners.getOrDefault(address, List.of()).stream()
                .map(Owner::account)
                .toList();
    }

    /** Whether the account has the device. */
    public boolean owns(PublicKey account, DeviceAddress address) {
        return owner(account, address).isPresent();
    }

    /** The device as the account registered it last, if it had it already when something arrived. */
    public Optional<Device> device(PublicKey account, DeviceAddress address, Instant arrivedAt) {
        return owner(account, address)
                .map(Owner::device)
                .filter(device -> !device.countsSince().isAfter(arrivedAt));
    }

    /** Whether the account has the device, and had it already when something arrived. */
    public boolean owned(PublicKey account, DeviceAddress address, Instant arrivedAt) {
        return device(account, address, arrivedAt).isPresent();
    }

    /** When the device was last registered with any account; empty when no account has it. */
    public Optional<Instant> registeredAt(DeviceAddress address) {
        return owners.getOrDefault(address, List.of()).stream()
                .map(owner -> owner.device().registeredAt())
                .max(Instant::compareTo);
    }

    private Optional<Owner> owner(PublicKey account, DeviceAddress address) {
        return owners.getOrDefault(address, List.of()).stream()
                .filter(owner -> owner.account().equals(account))
                .findFirst();
    }
}
