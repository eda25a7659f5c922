package dev.nippush.tests.simulation;

import dev.nippush.NipPush;
import dev.nippush.store.PushKey;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** One process of the server, from its start until it is killed. */
final class Process {

    /** One more event open of a source, and the engine is busy. */
    private static final int OPEN_PER_SOURCE = 256;

    final NipPush engine;
    final Life life;
    final SlowStore store;
    boolean doorOpen;
    /** Pushes that a provider has accepted from it. */
    final Set<PushKey> accepted = new HashSet<>();
    /** When another process took over: what was owed then, and may be in flight here. */
    Set<PushKey> inFlight = Set.of();

    private int open;
    private final Map<String, Integer> openOf = new HashMap<>();

    Process(NipPush engine, Life life, SlowStore store) {
        this.engine = engine;
        this.life = life;
        this.store = store;
    }

    boolean hasRoom(String source) {
        return openOf.getOrDefault(source, 0) < OPEN_PER_SOURCE;
    }

    void begins(String source) {
        open++;
        openOf.merge(source, 1, Integer::sum);
    }

    void ends(String source) {
        open--;
        openOf.merge(source, -1, Integer::sum);
    }

    /** How many events have no outcome. */
    int open() {
        return open;
    }
}
