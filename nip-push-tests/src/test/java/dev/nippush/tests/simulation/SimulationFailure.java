package dev.nippush.tests.simulation;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Says which seed failed, how, and what had happened. */
final class SimulationFailure extends AssertionError {

    private static final long serialVersionUID = 1L;

    private final long seed;
    private final String summary;

    SimulationFailure(long seed, List<String> failures, String trace, @Nullable Throwable cause) {
        super(
                "seed " + seed + " (run it alone with -Dnip-push.seed=" + seed + "):\n  "
                        + String.join("\n  ", failures) + "\n\n" + trace,
                cause);
        this.seed = seed;
        this.summary = failures.get(0);
    }

    long seed() {
        return seed;
    }

    String summary() {
        return "seed " + seed + ": " + summary;
    }
}
