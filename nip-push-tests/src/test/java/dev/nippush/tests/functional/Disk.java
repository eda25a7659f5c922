package dev.nippush.tests.functional;

import dev.nippush.store.InMemoryPushStore;
import dev.nippush.store.PushStore;

/** What outlives a process. */
interface Disk {

    /** Opens it for a process; the one that had it before has ended. */
    PushStore open();

    /** A disk that is gone with the test. */
    static Disk inMemory() {
        InMemoryPushStore rows = new InMemoryPushStore();
        return () -> rows;
    }
}
