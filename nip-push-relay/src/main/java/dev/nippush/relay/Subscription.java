package dev.nippush.relay;

import dev.nippush.event.Filter;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A REQ as it was sent on one connection. */
final class Subscription {

    final String id;
    /** The part of the plan that it asks for; null for control messages. */
    final Plan.@Nullable Part part;

    final List<Filter> filters;
    final Set<PublicKey> accounts;

    /** What comes now is live: its EOSE came, or is not waited for any longer. */
    volatile boolean live;

    /** For the reading thread. */
    boolean eoseCame;

    /** Why the relay refused it; for the pool's thread. */
    @Nullable
    String refusal;

    Subscription(String id, Plan.@Nullable Part part, List<Filter> filters, Set<PublicKey> accounts) {
        this.id = id;
        this.part = part;
        this.filters = List.copyOf(filters);
        this.accounts = Set.copyOf(accounts);
    }

    /** Whether gift wraps may come by it. */
    boolean bringsWraps() {
        return filters.stream()
                .anyMatch(filter -> filter.kinds()
                        .map(kinds -> kinds.contains(Kind.GIFT_WRAP) || kinds.contains(Kind.EPHEMERAL_GIFT_WRAP))
                        .orElse(true));
    }

    boolean asksFor(NostrEvent event) {
        for (Filter filter : filters) {
            if (filter.matches(event)) {
                return true;
            }
        }
        return false;
    }
}
