package dev.nippush.internal.account;

import static java.util.Objects.requireNonNull;

import dev.nippush.account.Device;
import dev.nippush.account.Interest;
import dev.nippush.account.InterestChange;
import dev.nippush.account.Registration;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.PublicKey;
import dev.nippush.internal.match.DeviceOwners;
import dev.nippush.internal.match.MatchIndex;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What follows from a registration: who is asked for what, and who has which device. Belongs to the shard's lane. */
final class Registrations {

    private final AccountRules rules;
    private final MatchIndex index;
    private final DeviceOwners owners;
    private final ShardOutlets outlets;

    Registrations(AccountRules rules, MatchIndex index, DeviceOwners owners, ShardOutlets outlets) {
        this.rules = requireNonNull(rules);
        this.index = requireNonNull(index);
        this.owners = requireNonNull(owners);
        this.outlets = requireNonNull(outlets);
    }

    /** Takes a registration that was read from the store. */
    void restore(PublicKey account, Registration registration) {
        index.change(account, Optional.empty(), registration.interest());
        for (Device device : registration.devices()) {
            for (PublicKey loser : owners.restore(account, device)) {
                outlets.displaced(loser, device.address());
            }
        }
    }

    /** Tells the relays of a registration, after a start. */
    void ask(PublicKey account, Registration registration, Work work) {
        Optional<Interest> interest = registration.interest();
        for (RelayUrl relay : asked(registration)) {
            interestChanges(account, relay, Optional.empty(), interest, work);
        }
    }

    /** Puts a registration in place of the one before, with all that follows; saving it is the caller's. */
    void change(AccountState state, Optional<Registration> wanted, Work work) {
        PublicKey account = state.account.pubkey();
        Optional<Registration> before = state.registration();
        Set<RelayUrl> askedBefore = before.map(this::asked).orElse(Set.of());
        Set<RelayUrl> askedAfter = wanted.map(this::asked).orElse(Set.of());
        Optional<Registration> after = wanted.map(registration -> {
            Registration kept = registration;
            for (RelayUrl relay : registration.caughtUp()) {
                kept = askedAfter.contains(relay) ? kept : kept.leaving(relay);
            }
            return kept;
        });
        state.account = state.account.with(after);

        Optional<Interest> interestBefore = before.flatMap(Registration::interest);
        Optional<Interest> interestAfter = after.flatMap(Registration::interest);
        index.change(account, interestBefore, interestAfter);
        Set<RelayUrl> relays = new LinkedHashSet<>(askedBefore);
        relays.addAll(askedAfter);
        for (RelayUrl relay : relays) {
            interestChanges(
                    account,
                    relay,
                    askedBefore.contains(relay) ? interestBefore : Optional.empty(),
                    askedAfter.contains(relay) ? interestAfter : Optional.empty(),
                    work);
        }
        for (Device device : after.map(Registration::devices).orElse(List.of())) {
            owners.update(account, device);
        }
        for (Device device : before.map(Registration::devices).orElse(List.of())) {
            if (after.flatMap(of -> of.device(device.address())).isEmpty()) {
                owners.release(account, device.address());
                state.held.withdraw(device.address(), work);
                work.output(() -> outlets.withdrawn(account, device.address()));
            }
        }
    }

    /** The relays that are asked for a registration. */
    Set<RelayUrl> asked(Registration registration) {
        if (!registration.isActive()) {
            return Set.of();
        }
        Set<RelayUrl> relays = new LinkedHashSet<>(rules.homeRelays());
        relays.addAll(registration.sources());
        return relays;
    }

    private void interestChanges(
            PublicKey account, RelayUrl relay, Optional<Interest> before, Optional<Interest> after, Work work) {
        if (!before.equals(after)) {
            work.output(() -> outlets.interestChanged(new InterestChange(account, relay, before, after)));
        }
    }
}
