package dev.nippush.relay;

import dev.nippush.event.Filter;
import dev.nippush.event.NostrEvent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What a relay sent up to the EOSE of a REQ, and what to ask for next. Relays cut an answer at limits that they keep to
 * themselves, for each filter or for all together, and send the newest events first (NIP-01): what is missing is older
 * than what came. Holds no events. For one thread at a time.
 */
final class Answer {

    /** An answer with fewer events was not cut: relays that publish their limit (NIP-11) have one in the hundreds. */
    static final int SMALLEST_LIMIT = 10;

    private static final long NEVER = Long.MAX_VALUE;

    private final List<Filter> filters;
    private final Map<Filter, Filter> onward;
    // For each filter the created_at of the oldest event that came.
    private final long[] oldest;
    private int events;

    /**
     * Begins with nothing.
     *
     * @param filters of the REQ
     * @param onward what to ask on with, for those filters of which it matters whether all came
     */
    Answer(List<Filter> filters, Map<Filter, Filter> onward) {
        this.filters = filters;
        this.onward = onward;
        this.oldest = new long[filters.size()];
        Arrays.fill(oldest, NEVER);
    }

    /** Takes an event; false for one that was not asked for. */
    boolean take(NostrEvent event) {
        boolean asked = false;
        for (int i = 0; i < oldest.length; i++) {
            if (filters.get(i).matches(event)) {
                oldest[i] = Math.min(oldest[i], event.createdAt());
                asked = true;
            }
        }
        if (asked) {
            events++;
        }
        return asked;
    }

    /**
     * Returns the filters of the next page; none when nothing can be missing. Each page ends where the one before it
     * began, as many events may share that second. Where a page brought nothing but that second it is not asked for again:
     * the answer would be the same.
     */
    List<Filter> rest() {
        List<Filter> rest = new ArrayList<>();
        if (events < SMALLEST_LIMIT) {
            return rest;
        }
        boolean older = false;
        for (int i = 0; i < oldest.length; i++) {
            older |= oldest[i] < until(i);
        }
        for (int i = 0; i < oldest.length; i++) {
            Filter next = onward.get(filters.get(i));
            // A filter that brought nothing stays: the limit may have been used up by the others.
            long until = Math.min(oldest[i], until(i));
            if (!older && oldest[i] != NEVER) {
                until--;
            }
            if (next != null && until >= next.since().orElse(0)) {
                rest.add(until == NEVER ? next : next.toBuilder().until(until).build());
            }
        }
        return rest;
    }

    private long until(int filter) {
        return filters.get(filter).until().orElse(NEVER);
    }
}
