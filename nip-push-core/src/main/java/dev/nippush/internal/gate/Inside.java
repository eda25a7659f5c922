package dev.nippush.internal.gate;

import dev.nippush.address.Source;
import dev.nippush.control.ControlMessage;
import dev.nippush.control.Outcome;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.time.Stamp;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;

/**
 * Where the gate hands over what it has proved. Called on the engine's threads; returns at once. Each outcome is completed
 * when what must survive is on disk; exceptionally for a bug of ours, for without an answer it would keep its credit.
 */
public interface Inside {

    /** Whether no message of that time could change anything for this sender, as far as is known without waiting. */
    boolean isOutdated(PublicKey sender, long createdAt);

    /** A control message that is the sender's. */
    void control(
            PublicKey sender, long createdAt, ControlMessage message, Stamp at, CompletableFuture<Outcome> outcome);

    /** An event that is its author's. */
    void event(
            NostrEvent event,
            Source source,
            Collection<PublicKey> candidates,
            Stamp at,
            CompletableFuture<Outcome> outcome);
}
