package dev.nippush.fcm;

import static java.util.Objects.requireNonNull;

import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Rejected;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells a refusal of our credentials from one of a device. FCM answers some registration tokens as it answers a wrong
 * access token, and anyone can register a token; so a message that nobody gets, and in which nothing is a stranger's, is
 * tried ({@code validate_only} to a topic). Only if that is refused too are our credentials to blame. Safe for use by any
 * number of threads.
 */
final class CredentialCheck {

    /** The topic of the trial message. */
    static final String TOPIC = "nip-push-check";

    private final Supplier<CompletableFuture<PushResult>> trial;

    private @Nullable CompletableFuture<PushResult> running;

    /**
     * Makes a check that has not begun.
     *
     * @param trial sends the trial message
     */
    CredentialCheck(Supplier<CompletableFuture<PushResult>> trial) {
        this.trial = requireNonNull(trial);
    }

    /** Whether the answer to a message needs a check. */
    static boolean isSuspicion(PushResult result) {
        return result instanceof Rejected refused && refused.fault() == Fault.CREDENTIALS;
    }

    /** What became of the trial message; who asks while one is under way gets the same. */
    CompletableFuture<PushResult> run() {
        CompletableFuture<PushResult> begun;
        synchronized (this) {
            if (running != null) {
                return running.copy();
            }
            begun = new CompletableFuture<>();
            running = begun;
        }
        trial.get().whenComplete((result, silence) -> {
            synchronized (this) {
                running = null;
            }
            if (silence != null) {
                begun.completeExceptionally(silence);
            } else {
                begun.complete(result);
            }
        });
        return begun.copy();
    }

    /** What the suspicion comes to, after a trial message met with this answer. */
    static PushResult verdict(PushResult suspicion, PushResult trial) {
        Rejected refused = (Rejected) suspicion;
        if (trial instanceof PushResult.Accepted) {
            return PushResult.rejected(Fault.DEVICE, refused.reason(), Advice.DEVICE_ALONE);
        }
        // Any other answer leaves it open, so nobody is blamed.
        return isSuspicion(trial) ? trial : PushResult.retryLater(refused.reason());
    }
}
