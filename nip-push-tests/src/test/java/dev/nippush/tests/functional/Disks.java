package dev.nippush.tests.functional;

import java.nio.file.Path;

/** The stores whose rows can outlive a process. */
enum Disks {
    IN_MEMORY;

    /** A new one. */
    Disk in(Path folder) {
        return Disk.inMemory();
    }
}
