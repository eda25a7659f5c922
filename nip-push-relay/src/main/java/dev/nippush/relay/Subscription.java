package dev.nippush.relay;

import dev.nippush.event.Filter;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A REQ as it was sent on one connection. */
final class Subscription {

    /** How many pages follow the answer to a subscription at most. */
    static final int MOST_PAGES = 20;

    final String id;
    /** The part of the plan that it asks for; null for control messages and for pages. */
    final Plan.@Nullable Part part;

    final List<Filter> filters;
    final Set<PublicKey> accounts;

    /** Those accounts for whom the relay was not read up to now when it was sent. */
    final Set<PublicKey> behind;

    /** For the reading thread. */
    final Answer answer;

    /** 0 for a subscription that stays, else which page after the answer to one. */
    final int page;

    private final @Nullable Subscription pageOf;

    /** What comes now is live: its EOSE came, or is not waited for any longer. */
    volatile boolean live;

    /** Set by the reading thread. */
    volatile boolean eoseCame;

    /** The relay refused it, or ended it; for the reading thread. */
    boolean closed;

    /** Why the relay refused it; for the pool's thread. */
    @Nullable
    String refusal;

    private Subscription(
            String id,
            Plan.@Nullable Part part,
            List<Filter> filters,
            Set<PublicKey> accounts,
            Set<PublicKey> behind,
            Map<Filter, Filter> onward,
            int page,
            @Nullable Subscription pageOf) {
        this.id = id;
        this.part = part;
        this.filters = List.copyOf(filters);
        this.accounts = Set.copyOf(accounts);
        this.behind = Set.copyOf(behind);
        this.answer = new Answer(this.filters, onward);
        this.page = page;
        this.pageOf = pageOf;
    }

    /** One all of whose answer matters, for all accounts. */
    Subscription(String id, Plan.@Nullable Part part, List<Filter> filters, Set<PublicKey> accounts) {
        this(id, part, filters, accounts, accounts, same(filters), 0, null);
    }

    /** One for a part of the plan, whose whole answer matters to those who are behind. */
    static Subscription of(String id, Plan.Part part, List<Filter> filters, Set<PublicKey> behind) {
        Set<PublicKey> accounts = part.accounts();
        Map<Filter, Filter> onward = behind.size() == accounts.size() ? same(filters) : part.narrowed(filters, behind);
        return new Subscription(id, part, filters, accounts, behind, onward, 0, null);
    }

    /** The page after this one, or after the answer to this one. */
    Subscription nextPage(String id, List<Filter> rest) {
        return new Subscription(id, null, rest, Set.of(), Set.of(), same(rest), page + 1, main());
    }

    private static Map<Filter, Filter> same(List<Filter> filters) {
        return filters.stream().distinct().collect(Collectors.toMap(Function.identity(), Function.identity()));
    }

    /** The subscription whose answer a page completes; itself for one that is no page. */
    Subscription main() {
        return pageOf == null ? this : pageOf;
    }

    /** Whether gift wraps may come by it. */
    boolean bringsWraps() {
        return filters.stream()
                .anyMatch(filter -> filter.kinds()
                        .map(kinds -> kinds.contains(Kind.GIFT_WRAP) || kinds.contains(Kind.EPHEMERAL_GIFT_WRAP))
                        .orElse(true));
    }

    /** Takes an event that came by it; false for one that it does not ask for. */
    boolean take(NostrEvent event) {
        return eoseCame ? asksFor(event) : answer.take(event);
    }

    boolean asksFor(NostrEvent event) {
        for (Filter filter : filters) {
            if (filter.matches(event)) {
                return true;
            }
        }
        return false;
    }

    /** What to ask for after its EOSE; nothing when all came that is to be asked for. */
    List<Filter> rest() {
        return page < MOST_PAGES ? answer.rest() : List.of();
    }
}
