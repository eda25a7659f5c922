package dev.nippush.internal.account;

import static java.util.Objects.requireNonNull;

import dev.nippush.account.Device;
import dev.nippush.account.Registration;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Privacy;
import dev.nippush.address.Source;
import dev.nippush.event.Calls;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.internal.commit.Committer;
import dev.nippush.store.Change;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.OwedPush;
import dev.nippush.store.PushKey;
import dev.nippush.time.Stamp;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/** Makes pushes of events, and owes them. Belongs to the shard's lane. */
final class Pushing {

    private final AccountRules rules;
    private final Committer committer;
    private final AccountShard.Composing composing;
    private final ShardOutlets outlets;

    Pushing(AccountRules rules, Committer committer, AccountShard.Composing composing, ShardOutlets outlets) {
        this.rules = requireNonNull(rules);
        this.committer = requireNonNull(committer);
        this.composing = requireNonNull(composing);
        this.outlets = requireNonNull(outlets);
    }

    /**
     * What would be pushed for an event.
     *
     * @param devices to which; not empty
     * @param levels how much their providers may learn
     */
    HeldEvent news(
            Registration registration,
            NostrEvent event,
            Source source,
            List<DeviceAddress> devices,
            Set<Privacy> levels,
            Stamp at) {
        PublicKey account = registration.account();
        return new HeldEvent(
                account,
                event.id(),
                1,
                receipt(registration, at),
                expiry(event, at),
                composing.compose(event, account, source, levels),
                devices);
    }

    /** What stands for several events. */
    Notification fold(PublicKey account, int count) {
        return composing.fold(count, account);
    }

    /** When it came, by a clock that was not set back: its devices counted already. */
    private static Instant receipt(Registration registration, Stamp at) {
        return registration.devices().stream()
                .map(Device::countsSince)
                .filter(since -> since.isAfter(at.instant()))
                .max(Instant::compareTo)
                .orElse(at.instant());
    }

    private Instant expiry(NostrEvent event, Stamp at) {
        Instant latest = at.instant().plus(rules.lifetime());
        OptionalLong expiration = event.expiration();
        if (expiration.isPresent()) {
            Instant own = Instant.ofEpochSecond(expiration.getAsLong());
            return own.isBefore(latest) ? own : latest;
        }
        return Calls.isOffer(event) ? at.instant().plus(AccountRules.CALL_LIFETIME) : latest;
    }

    /** Pushes all that is held for an account. */
    void pushHeld(AccountState state, Stamp at, Work work) {
        for (HeldEvent event : state.held.takeAll()) {
            if (event.expiresAt().isAfter(at.instant())) {
                owe(event, false, at, work, () -> {});
            } else {
                work.write(new Change.Release(event.account(), event.event()));
            }
        }
    }

    /**
     * Owes an event to its devices.
     *
     * @param stored whether a relay had it in store
     * @param taken runs if it is owed to any of them
     */
    void owe(HeldEvent event, boolean stored, Stamp at, Work work, Runnable taken) {
        List<OwedPush> pushes =
                event.devices().stream().map(device -> owed(event, device, at)).toList();
        work.write(new Change.Owe(pushes), written -> {
            if (pushes.stream().anyMatch(push -> written.made(push.key()))) {
                taken.run();
            }
            for (OwedPush push : pushes) {
                if (written.made(push.key())) {
                    outlets.owed(push, stored);
                } else if (committer.repeated()) {
                    // An earlier attempt may have written it.
                    outlets.maybeOwed(push.message().address());
                }
            }
        });
    }

    private OwedPush owed(HeldEvent event, DeviceAddress device, Stamp at) {
        PushMessage message = new PushMessage(
                device,
                event.notification(),
                composing.collapseKey(new PushKey(event.event(), device)),
                event.expiresAt());
        return new OwedPush(
                event.account(), event.event(), event.count(), event.receivedAt(), message, 0, at.instant());
    }
}
