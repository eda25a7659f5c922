package dev.nippush.fcm;

import dev.nippush.transport.PushResult;
import java.util.concurrent.CompletableFuture;

/** A way to FCM. Safe for use by any number of threads. */
interface Door {

    /**
     * Sends one message. Completes as {@code PushTransport.send} says; cancelling the future abandons the request. Without
     * a deadline of its own.
     */
    CompletableFuture<PushResult> send(FcmPayload payload);

    /** Gets ready for the first message; completes exceptionally if that fails, which is no obstacle to sending. */
    CompletableFuture<Void> warmUp();

    /** Releases what this door owns; nothing is sent through it any more. */
    void close();
}
