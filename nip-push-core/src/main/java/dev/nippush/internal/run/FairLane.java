package dev.nippush.internal.run;

import static java.util.Objects.requireNonNull;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * A lane that serves several senders in turn: tasks of one sender run in order, and a sender with many waits for those
 * with few. Tasks run one at a time.
 */
public final class FairLane {

    private final Lane lane;
    private final Map<Object, ArrayDeque<Runnable>> waiting = new LinkedHashMap<>();

    public FairLane(Executor executor) {
        this.lane = new Lane(executor);
    }

    /**
     * Makes a task and adds it behind those of the same sender. The making and the adding are one step, so what is
     * stamped while it is made runs in the order of the stamps.
     *
     * @param sender any value with {@code equals}
     */
    public void execute(Object sender, Supplier<Runnable> maker) {
        synchronized (waiting) {
            Runnable task = requireNonNull(maker.get());
            waiting.computeIfAbsent(sender, any -> new ArrayDeque<>()).add(task);
        }
        lane.execute(this::runNext);
    }

    private void runNext() {
        Runnable task;
        synchronized (waiting) {
            Map.Entry<Object, ArrayDeque<Runnable>> turn =
                    waiting.entrySet().iterator().next();
            task = turn.getValue().remove();
            waiting.remove(turn.getKey());
            if (!turn.getValue().isEmpty()) {
                waiting.put(turn.getKey(), turn.getValue());
            }
        }
        task.run();
    }
}
