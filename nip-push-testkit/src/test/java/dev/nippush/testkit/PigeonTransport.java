package dev.nippush.testkit;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.Gateway.Received;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.RetryAfter;
import dev.nippush.transport.PushResult.Scope;
import dev.nippush.transport.PushTransport;
import dev.nippush.transport.Shorten;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** A stranger's transport, which owes nothing to HTTP. Its steps can be broken one by one. */
class PigeonTransport implements PushTransport {

    static final int DEADLINE_MILLIS = 600;

    final PigeonLoft loft;
    private final AtomicBoolean closed = new AtomicBoolean();

    PigeonTransport(PigeonLoft loft) {
        this.loft = loft;
    }

    @Override
    public boolean serves(DeviceAddress address) {
        return address.channel().name().equals("pigeon");
    }

    @Override
    public CompletionStage<PushResult> send(PushMessage message) {
        if (!serves(message.address())) {
            throw new IllegalArgumentException("no pigeon flies to " + message.address());
        }
        if (closed.get()) {
            return CompletableFuture.failedFuture(new IllegalStateException("the transport is closed"));
        }
        return reply(letter(message)).thenApply(this::result);
    }

    CompletableFuture<PigeonLoft.Reply> reply(Received letter) {
        return loft.fly(letter).copy().orTimeout(DEADLINE_MILLIS, TimeUnit.MILLISECONDS);
    }

    Received letter(PushMessage message) {
        return Shorten.toFit(message.notification(), this::fits)
                .map(text -> letter(message, text))
                .orElseThrow();
    }

    boolean fits(Notification notification) {
        return PigeonLoft.weight(notification.title(), notification.body(), notification.data()) <= PigeonLoft.LIMIT;
    }

    Received letter(PushMessage message, Notification text) {
        return new Received(
                message.address(),
                text.title(),
                text.body(),
                text.data(),
                Optional.of(collapseKey(message)),
                Optional.of(expiresAt(message)),
                shown(message));
    }

    String collapseKey(PushMessage message) {
        return message.collapseKey();
    }

    Instant expiresAt(PushMessage message) {
        return message.expiresAt();
    }

    boolean shown(PushMessage message) {
        return !message.notification().isSilent();
    }

    PushResult result(PigeonLoft.Reply reply) {
        return switch (reply.word()) {
            case "thanks" -> PushResult.accepted();
            case "storm" -> new RetryAfter(Scope.SERVER, reply.pause(), "storm");
            case "no perch" -> new RetryAfter(Scope.DEVICE, reply.pause(), "no perch");
            case "tired" -> new RetryAfter(Scope.SENDER, reply.pause(), "tired");
            case "deserted" -> new PushResult.DeviceGone(reply.since());
            case "illegible", "heavy" -> PushResult.rejected(Fault.MESSAGE, reply.word());
            case "hawks" -> PushResult.rejected(Fault.DEVICE, "hawks");
            case "who are you" -> PushResult.rejected(Fault.CREDENTIALS, "who are you", "show them your ring");
            default -> throw new IllegalStateException(reply.word());
        };
    }

    @Override
    public void close() {
        closed.set(true);
    }

    @Override
    public String toString() {
        return "PigeonTransport";
    }
}
