package dev.nippush.testkit;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.Gateway.Received;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushTransport;
import dev.nippush.transport.Shorten;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** A stranger's transport, which owes nothing to HTTP. */
class PigeonTransport implements PushTransport {

    private final PigeonLoft loft;
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
        if (closed.get()) {
            return CompletableFuture.failedFuture(new IllegalStateException("the transport is closed"));
        }
        return reply(letter(message)).thenApply(this::result);
    }

    CompletableFuture<PigeonLoft.Reply> reply(Received letter) {
        return loft.fly(letter).copy().orTimeout(1, TimeUnit.SECONDS);
    }

    Received letter(PushMessage message) {
        Notification notification = message.notification();
        int room = PigeonLoft.LIMIT - notification.title().getBytes(StandardCharsets.UTF_8).length;
        String body = Shorten.toFit(notification.body(), text -> text.getBytes(StandardCharsets.UTF_8).length <= room)
                .orElse("");
        return new Received(
                message.address(),
                notification.title(),
                body,
                notification.data(),
                Optional.of(message.collapseKey()),
                Optional.of(message.expiresAt()));
    }

    PushResult result(PigeonLoft.Reply reply) {
        return switch (reply.word()) {
            case "thanks" -> PushResult.accepted();
            case "storm" -> new PushResult.RetryAfter(PushResult.Scope.SERVER, reply.pause(), "storm");
            case "deserted" -> new PushResult.DeviceGone(reply.since());
            case "illegible", "heavy" -> PushResult.rejected(Fault.MESSAGE, reply.word());
            case "hawks" -> PushResult.rejected(Fault.DEVICE, "hawks");
            case "who are you" -> PushResult.rejected(Fault.CREDENTIALS, "who are you");
            default -> throw new IllegalStateException(reply.word());
        };
    }

    @Override
    public void close() {
        closed.set(true);
    }
}
