package dev.nippush.internal.account;

import dev.nippush.internal.commit.Committer;
import dev.nippush.store.Change;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** What one step of a shard writes, and what is let out when that is on disk. */
final class Work {

    private final List<Change> changes = new ArrayList<>();
    private final List<Consumer<Boolean>> written = new ArrayList<>();
    private final List<Runnable> outputs = new ArrayList<>();

    /** Writes a change. */
    void write(Change change) {
        write(change, made -> {});
    }

    /**
     * Writes a change.
     *
     * @param then hears whether it was made, or refused because the store knew better
     */
    void write(Change change, Consumer<Boolean> then) {
        changes.add(change);
        written.add(then);
    }

    /** Lets something out when all is written. */
    void output(Runnable output) {
        outputs.add(output);
    }

    /** Hands it to the committer. */
    void commit(Committer committer) {
        committer.add(changes, committed -> {
            for (int i = 0; i < changes.size(); i++) {
                written.get(i).accept(committed.made(i));
            }
            outputs.forEach(Runnable::run);
        });
    }
}
