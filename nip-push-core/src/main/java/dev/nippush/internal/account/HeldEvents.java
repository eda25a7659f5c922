package dev.nippush.internal.account;

import dev.nippush.address.DeviceAddress;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Change;
import dev.nippush.store.HeldEvent;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Predicate;

/** What is held for one account, oldest first. Belongs to the shard's lane. */
final class HeldEvents {

    private final PublicKey account;
    private final List<Held> events = new ArrayList<>();

    /** A held event, on the monotonic clock. */
    private static final class Held {
        private HeldEvent event;
        private final long receivedNanos;
        /** Whether its relay had stored it before we asked, and this process read it from there. */
        private final boolean stored;
        /** Whether the store has it for sure; before that it may still turn out to be decided already. */
        private boolean written;

        private Held(HeldEvent event, long receivedNanos, boolean stored, boolean written) {
            this.event = event;
            this.receivedNanos = receivedNanos;
            this.stored = stored;
            this.written = written;
        }

        /** Whether it is one of those of which few are pushed each by itself. */
        private boolean isStoredAlone() {
            return stored && event.count() == 1 && !isCall();
        }

        private boolean isCall() {
            return event.notification().urgency() == Urgency.HIGH;
        }
    }

    HeldEvents(PublicKey account) {
        this.account = account;
    }

    boolean isEmpty() {
        return events.isEmpty();
    }

    /** Takes what was read from the store. */
    void restore(HeldEvent event, long receivedNanos) {
        events.add(new Held(event, receivedNanos, false, true));
        events.sort((one, other) -> Long.compare(one.receivedNanos - other.receivedNanos, 0));
    }

    /**
     * Holds an event.
     *
     * @param stored whether its relay had it in store: of such fewer are kept apart
     * @param repeated whether the commit was tried before and may have landed then: what the store refuses to hold again
     *     may be held. If it is not, the store refuses to push it as well
     * @param fold makes the notification that stands for so many events
     * @param then hears whether it is held, or was decided on before
     */
    void hold(
            HeldEvent event,
            long receivedNanos,
            boolean stored,
            Work work,
            BooleanSupplier repeated,
            IntFunction<Notification> fold,
            Consumer<Boolean> then) {
        Held held = new Held(event, receivedNanos, stored, false);
        events.add(held);
        work.write(new Change.Hold(event), written -> {
            // Only what is held for sure is folded into another: what the store knows as decided would take that with
            // it.
            held.written = written.made();
            boolean maybe = held.written || repeated.getAsBoolean();
            if (!maybe) {
                events.remove(held);
            }
            then.accept(maybe);
        });
        foldDown(work, fold);
    }

    /**
     * Folds the two oldest as long as there are too many. Calls are not folded: they expire by themselves. What the store
     * has not confirmed yet waits until it has, because folding it into another would lose the other if it turned out to be
     * decided already.
     *
     * @return whether anything was folded
     */
    boolean foldDown(Work work, IntFunction<Notification> fold) {
        boolean stored = foldDown(held -> held.stored, Held::isStoredAlone, AccountRules.MAX_STORED, work, fold);
        return foldDown(any -> true, any -> true, AccountRules.MAX_HELD, work, fold) || stored;
    }

    /** Folds the two oldest of these as long as more than so many of them count. */
    private boolean foldDown(
            Predicate<Held> which, Predicate<Held> counts, int most, Work work, IntFunction<Notification> fold) {
        boolean folded = false;
        while (events.stream().filter(counts).count() > most) {
            List<Held> foldable = events.stream()
                    .filter(held -> which.test(held) && held.written && !held.isCall())
                    .limit(2)
                    .toList();
            if (foldable.size() < 2) {
                return folded;
            }
            HeldEvent older = foldable.get(0).event;
            HeldEvent newer = foldable.get(1).event;
            Set<DeviceAddress> devices = new LinkedHashSet<>(older.devices());
            devices.addAll(newer.devices());
            int count = older.count() + newer.count();
            HeldEvent both = new HeldEvent(
                    account,
                    newer.event(),
                    count,
                    newer.receivedAt(),
                    // Nothing in it may be lost because something else in it expires.
                    later(older.expiresAt(), newer.expiresAt()),
                    fold.apply(count),
                    List.copyOf(devices));
            work.write(new Change.Release(account, older.event()));
            work.write(new Change.Rehold(both));
            foldable.get(1).event = both;
            events.remove(foldable.get(0));
            folded = true;
        }
        return folded;
    }

    /** Drops what was received up to a moment; returns how many events that were. */
    int dropUpTo(long nanos, Work work) {
        int dropped = 0;
        for (Iterator<Held> each = events.iterator(); each.hasNext(); ) {
            Held held = each.next();
            if (held.receivedNanos - nanos <= 0) {
                work.write(new Change.Release(account, held.event.event()));
                dropped += held.event.count();
                each.remove();
            }
        }
        return dropped;
    }

    /** Hands all of them over; what becomes of them is the caller's to write. */
    List<HeldEvent> takeAll() {
        List<HeldEvent> taken = events.stream().map(held -> held.event).toList();
        events.clear();
        return taken;
    }

    /** Drops all of them. */
    void drop(Work work) {
        takeAll().forEach(event -> work.write(new Change.Release(account, event.event())));
    }

    /** A device is gone from the account: what is held for no other device is dropped. */
    void withdraw(DeviceAddress device, Work work) {
        for (Iterator<Held> each = events.iterator(); each.hasNext(); ) {
            Held held = each.next();
            if (!held.event.devices().contains(device)) {
                continue;
            }
            List<DeviceAddress> left = without(held.event.devices(), device);
            if (left.isEmpty()) {
                work.write(new Change.Release(account, held.event.event()));
                each.remove();
            } else {
                // The row keeps the device: at a restart it is compared with the registration, where it is missing.
                held.event = new HeldEvent(
                        account,
                        held.event.event(),
                        held.event.count(),
                        held.event.receivedAt(),
                        held.event.expiresAt(),
                        held.event.notification(),
                        left);
            }
        }
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }

    private static List<DeviceAddress> without(Collection<DeviceAddress> devices, DeviceAddress device) {
        return devices.stream().filter(each -> !each.equals(device)).toList();
    }
}
