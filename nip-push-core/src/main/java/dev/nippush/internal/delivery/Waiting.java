package dev.nippush.internal.delivery;

import dev.nippush.store.OwedPush;
import dev.nippush.transport.Notification.Urgency;
import java.util.Comparator;

/** An owed push in memory. Belongs to its lane. */
final class Waiting {

    /** Earliest first; among equals, those that came first. */
    static final Comparator<Waiting> ORDER = (one, other) -> {
        int byTime = Long.compare(one.nextNanos - other.nextNanos, 0);
        return byTime != 0 ? byTime : Long.compare(one.sequence, other.sequence);
    };

    /** Oldest event first. */
    static final Comparator<Waiting> BY_RECEIPT = Comparator.<Waiting, java.time.Instant>comparing(
                    each -> each.push.receivedAt())
            .thenComparing(each -> each.sequence);

    final long sequence;
    OwedPush push;
    long nextNanos;

    Waiting(OwedPush push, long nextNanos, long sequence) {
        this.push = push;
        this.nextNanos = nextNanos;
        this.sequence = sequence;
    }

    boolean isCall() {
        return push.message().notification().urgency() == Urgency.HIGH;
    }
}
