package dev.nippush.internal.delivery;

import dev.nippush.address.DeviceAddress;
import dev.nippush.store.OwedPush;
import dev.nippush.transport.Notification.Urgency;
import java.time.Instant;
import java.util.Comparator;

/** An owed push in memory. Belongs to its lane. */
final class Waiting {

    /** Earliest first; among equals, those that came first. */
    static final Comparator<Waiting> ORDER = (one, other) -> {
        int byTime = Long.compare(one.nextNanos - other.nextNanos, 0);
        return byTime != 0 ? byTime : Long.compare(one.sequence, other.sequence);
    };

    /** A call rings for a minute at most, and a device gets one push after the other. */
    static final Comparator<Waiting> CALLS_FIRST =
            Comparator.<Waiting>comparingInt(each -> each.isCall() ? 0 : 1).thenComparing(ORDER);

    /** Oldest event first. */
    static final Comparator<Waiting> BY_RECEIPT = Comparator.<Waiting, Instant>comparing(each -> each.push.receivedAt())
            .thenComparing(each -> each.sequence);

    final long sequence;
    /** Whether its account has offered it; what was read from the store may still be offered. */
    final boolean offered;

    OwedPush push;
    long nextNanos;
    /** Whether it was counted among what its device gets: once, however often it is tried. */
    boolean counted;
    /** How many changes to it are on their way to the store: until they land, the store would give an older one. */
    int unwritten;
    /** What it waits for, besides its own time. */
    Reason reason = Reason.NONE;

    /** Why a push whose time had come was put off. */
    enum Reason {
        /** It was not. */
        NONE,
        /** Its device gets too much: more that comes for the device is folded into it. */
        TOO_MANY,
        /** Its provider wants nothing for its device for a while, unless the device registers again. */
        DEVICE,
        /**
         * Nothing goes to its provider: until that takes our credentials, our quota is filled again, or the host is out of
         * trouble.
         */
        PROVIDER
    }

    Waiting(OwedPush push, long nextNanos, long sequence, boolean offered) {
        this.push = push;
        this.nextNanos = nextNanos;
        this.sequence = sequence;
        this.offered = offered;
        this.counted = push.failures() > 0;
    }

    DeviceAddress device() {
        return push.message().address();
    }

    boolean isCall() {
        return push.message().notification().urgency() == Urgency.HIGH;
    }
}
