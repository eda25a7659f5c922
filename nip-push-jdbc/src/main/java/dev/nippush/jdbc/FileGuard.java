package dev.nippush.jdbc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.SQLException;
import java.sql.SQLNonTransientException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Looks whether the files that a connection writes are still those at their place. A file that was deleted, or that another
 * one was put in place of, is written as before, and what is in it is lost with the process. Belongs to one thread.
 */
final class FileGuard implements Session.Guard {

    private final Path file;
    private final Path log;
    private final @Nullable Object fileKey;

    /** The log is made with the first transaction. */
    private @Nullable Object logKey;

    private boolean hasLog;

    /** Begins with the files as they are now, right after they were opened. */
    FileGuard(Path file) throws SQLException {
        this.file = file;
        this.log = file.resolveSibling(file.getFileName() + "-wal");
        this.fileKey = key(file);
    }

    @Override
    public void check() throws SQLException {
        if (!Objects.equals(fileKey, key(file))) {
            throw new SQLException(file + " is another file than the one that was opened");
        }
        if (hasLog) {
            if (!Files.exists(log) || !Objects.equals(logKey, key(log))) {
                // Opened anew, the file would be as it was before the last commits.
                throw new SQLNonTransientException(log
                        + " was taken away while it was in use, with what was committed last: nothing more is written."
                        + " Stop the server and put the store back from a copy, or start with what is left");
            }
        } else if (Files.exists(log)) {
            logKey = key(log);
            hasLog = true;
        }
    }

    /** What tells one file from another, where the file system has such a thing. */
    private static @Nullable Object key(Path path) throws SQLException {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        } catch (IOException e) {
            throw new SQLException(path + " is gone", e);
        }
    }
}
