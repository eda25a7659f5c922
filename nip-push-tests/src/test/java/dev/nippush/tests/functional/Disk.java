package dev.nippush.tests.functional;

import dev.nippush.jdbc.JdbcPushStore;
import dev.nippush.store.InMemoryPushStore;
import dev.nippush.store.PushStore;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What outlives a process. */
interface Disk extends AutoCloseable {

    /** Opens it for a process; the one that had it before has ended. */
    PushStore open();

    @Override
    void close();

    /** The kinds there are. */
    enum Kind {
        IN_MEMORY {
            @Override
            Disk in(Path folder) {
                return inMemory();
            }
        },
        SQLITE {
            @Override
            Disk in(Path folder) {
                return new Sqlite(folder.resolve("store.db"));
            }
        };

        /**
         * A new one.
         *
         * @param folder where it may put its files
         */
        abstract Disk in(Path folder);
    }

    /** A disk that is gone with the test. */
    static Disk inMemory() {
        InMemoryPushStore rows = new InMemoryPushStore();
        return new Disk() {
            @Override
            public PushStore open() {
                return rows;
            }

            @Override
            public void close() {
                rows.close();
            }
        };
    }

    /** A file, which is closed and read anew for each process. */
    final class Sqlite implements Disk {

        private final Path file;
        private @Nullable PushStore open;

        Sqlite(Path file) {
            this.file = file;
        }

        @Override
        public PushStore open() {
            close();
            open = JdbcPushStore.open("jdbc:sqlite:" + file);
            return open;
        }

        @Override
        public void close() {
            if (open != null) {
                open.close();
                open = null;
            }
        }
    }
}
