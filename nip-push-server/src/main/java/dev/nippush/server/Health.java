package dev.nippush.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/** What keeps the server from doing its work, in words for an operator. Safe for any thread. */
final class Health {

    private final Map<String, String> troubles = new ConcurrentSkipListMap<>();
    private final List<Supplier<List<String>>> watched = new CopyOnWriteArrayList<>();

    /**
     * Something does not work.
     *
     * @param subject what; a second trouble of the same subject takes the place of the first
     * @param reason without secrets: anyone may read it
     */
    void trouble(String subject, String reason) {
        troubles.put(subject, reason);
    }

    /** It works again, or always did. */
    void well(String subject) {
        troubles.remove(subject);
    }

    /** Somebody who is asked each time. */
    void watch(Supplier<List<String>> reasons) {
        watched.add(reasons);
    }

    /** All troubles, one line each; empty when the server is ready. */
    List<String> reasons() {
        List<String> reasons = new ArrayList<>();
        troubles.forEach((subject, reason) -> reasons.add(subject + ": " + reason));
        watched.forEach(watching -> reasons.addAll(watching.get()));
        return reasons;
    }
}
