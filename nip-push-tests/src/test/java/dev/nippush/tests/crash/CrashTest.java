package dev.nippush.tests.crash;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills the server under load and audits what it did. {@code -Dnip-push.kills=…} says how often; {@code -Dnip-push.seed=…}
 * makes the people, faults and kinds of kill of a former run again.
 */
@Tag("crash")
@Timeout(3_600)
class CrashTest {

    /** In {@code verify}. */
    private static final int KILLS = 10;

    @TempDir
    private Path directory;

    @Test
    void nothingIsLostAndNothingIsShownTwice() throws Exception {
        long seed = Long.getLong("nip-push.seed", System.nanoTime());
        try (CrashRun run = new CrashRun(seed, Integer.getInteger("nip-push.kills", KILLS), directory)) {
            System.out.println("seed " + seed + ": " + run.run());
        }
    }
}
