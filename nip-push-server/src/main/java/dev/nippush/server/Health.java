package dev.nippush.server;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** What keeps the server from doing its work, in words for an operator. Safe for any thread. */
final class Health {

    private final Map<String, String> troubles = new ConcurrentSkipListMap<>();

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

    /** All troubles, one line each; empty when the server is ready. */
    List<String> reasons() {
        return troubles.entrySet().stream()
                .map(trouble -> trouble.getKey() + ": " + trouble.getValue())
                .toList();
    }
}
