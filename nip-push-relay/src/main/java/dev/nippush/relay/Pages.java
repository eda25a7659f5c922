package dev.nippush.relay;

import dev.nippush.time.EngineTime;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * The pages that one connection is asked for, where the answer to a subscription was not all. A few are open at a time, the
 * others wait: relays limit how many subscriptions they keep. For the pool's thread.
 */
final class Pages {

    /** How many are open at once. */
    static final int AT_ONCE = 3;

    /** Told of pages that do not come. */
    interface Owner {
        /** The relay was asked for a page, and did not send it. */
        void withheld(Subscription page, String why);
    }

    private final Connection on;
    private final Function<Runnable, EngineTime.Timer> patience;
    private final Owner owner;
    private final Deque<Subscription> waiting = new ArrayDeque<>();
    private final Map<Subscription, EngineTime.Timer> open = new LinkedHashMap<>();

    /**
     * Begins with none.
     *
     * @param patience schedules what is to be done when a page was waited for long enough
     */
    Pages(Connection on, Function<Runnable, EngineTime.Timer> patience, Owner owner) {
        this.on = on;
        this.patience = patience;
        this.owner = owner;
    }

    /** Asks for a page, now or when it is its turn. */
    void add(Subscription page) {
        waiting.add(page);
        askNext();
    }

    private void askNext() {
        while (open.size() < AT_ONCE && !waiting.isEmpty()) {
            Subscription next = waiting.remove();
            on.ask(next);
            open.put(next, patience.apply(() -> silent(next)));
        }
    }

    private void silent(Subscription page) {
        if (close(page)) {
            owner.withheld(page, "no answer");
        }
    }

    /** A page had its EOSE; false when it was not waited for any longer. */
    boolean answered(Subscription page) {
        return close(page);
    }

    /** The relay refuses a page. */
    void refused(Subscription page, String why) {
        if (forget(page)) {
            owner.withheld(page, why);
            askNext();
        }
    }

    /** What a subscription asked for is not wanted any more, or is asked for anew. */
    void stop(Subscription main) {
        waiting.removeIf(page -> page.main() == main);
        List.copyOf(open.keySet()).stream().filter(page -> page.main() == main).forEach(this::close);
    }

    /** The connection is over. */
    void end() {
        waiting.clear();
        List.copyOf(open.keySet()).forEach(this::forget);
    }

    private boolean close(Subscription page) {
        if (!forget(page)) {
            return false;
        }
        on.drop(page);
        askNext();
        return true;
    }

    private boolean forget(Subscription page) {
        EngineTime.Timer timer = open.remove(page);
        if (timer == null) {
            return false;
        }
        timer.cancel();
        return true;
    }
}
