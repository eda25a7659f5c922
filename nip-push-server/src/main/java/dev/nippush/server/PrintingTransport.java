package dev.nippush.server;

import dev.nippush.address.DeviceAddress;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushTransport;
import java.io.PrintWriter;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Takes every device and sends nothing: it prints a line for each push, so that a server can be tried out. */
final class PrintingTransport implements PushTransport {

    private final PrintWriter out;

    PrintingTransport(PrintWriter out) {
        this.out = out;
    }

    @Override
    public boolean serves(DeviceAddress address) {
        return true;
    }

    @Override
    public CompletionStage<PushResult> send(PushMessage message) {
        out.println("push (printed, not sent) to " + message.address() + ": "
                + message.notification().title());
        return CompletableFuture.completedFuture(PushResult.accepted());
    }

    @Override
    public String toString() {
        return "printing";
    }
}
