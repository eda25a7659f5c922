package dev.nippush.internal.run;

import java.util.concurrent.CompletionException;

/** What stages fail with. */
public final class Failures {

    private Failures() {}

    /** Why a stage failed, also where it only passes on what another one failed with. */
    public static Throwable cause(Throwable failure) {
        Throwable inner = failure.getCause();
        return failure instanceof CompletionException && inner != null ? inner : failure;
    }
}
