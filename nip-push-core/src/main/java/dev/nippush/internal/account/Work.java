package dev.nippush.internal.account;

import dev.nippush.internal.commit.Committer;
import dev.nippush.store.Change;
import dev.nippush.store.PushKey;
import dev.nippush.store.PushStore.Committed;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** What one step of a shard writes, and what is let out when that is on disk. */
final class Work {

    private final List<Change> changes = new ArrayList<>();
    private final List<Consumer<Written>> written = new ArrayList<>();
    private final List<Runnable> outputs = new ArrayList<>();

    /** What became of a change. */
    record Written(Committed committed, int index) {

        /** Whether it was made, or refused because the store knew better. */
        boolean made() {
            return committed.made(index);
        }

        /** Whether this push of it was made. */
        boolean made(PushKey push) {
            return committed.made(index, push);
        }
    }

    /** Writes a change. */
    void write(Change change) {
        write(change, written -> {});
    }

    /**
     * Writes a change.
     *
     * @param then hears what became of it
     */
    void write(Change change, Consumer<Written> then) {
        changes.add(change);
        written.add(then);
    }

    /** Lets something out when all is written. */
    void output(Runnable output) {
        outputs.add(output);
    }

    /** Hands it to the committer, if there is anything. */
    void commit(Committer committer) {
        if (changes.isEmpty() && outputs.isEmpty()) {
            return;
        }
        committer.add(changes, committed -> {
            for (int i = 0; i < changes.size(); i++) {
                written.get(i).accept(new Written(committed, i));
            }
            outputs.forEach(Runnable::run);
        });
    }
}
