package dev.nippush.internal.delivery;

import dev.nippush.event.PublicKey;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The pushes of one device that are in memory, one of which may be in flight. Belongs to its lane. */
final class DeviceQueue {

    private final Set<Waiting> all = new HashSet<>();
    private final TreeSet<Waiting> ready = new TreeSet<>(Waiting.CALLS_FIRST);
    private @Nullable Waiting current;

    void add(Waiting waiting) {
        all.add(waiting);
    }

    void remove(Waiting waiting) {
        all.remove(waiting);
        ready.remove(waiting);
    }

    int size() {
        return all.size();
    }

    /** Whether nothing is left to remember of the device. */
    boolean isIdle() {
        return all.isEmpty() && current == null;
    }

    /** The time of the push has come. */
    void makeReady(Waiting waiting) {
        ready.add(waiting);
    }

    /** Takes the next push whose time has come, if none is in flight. */
    Optional<Waiting> pollReady() {
        return current == null ? Optional.ofNullable(ready.pollFirst()) : Optional.empty();
    }

    void begin(Waiting waiting) {
        current = waiting;
    }

    void end() {
        current = null;
    }

    /** Those that are not in flight, oldest event first. */
    List<Waiting> waiting() {
        List<Waiting> waiting = new ArrayList<>(all);
        waiting.remove(current);
        waiting.sort(Waiting.BY_RECEIPT);
        return waiting;
    }

    /** Those that may stand in one notification: not in flight, no calls, of one account; oldest event first. */
    List<Waiting> foldable(PublicKey account, Predicate<Waiting> which) {
        return waiting().stream()
                .filter(each -> !each.isCall() && each.push.account().equals(account) && which.test(each))
                .toList();
    }
}
