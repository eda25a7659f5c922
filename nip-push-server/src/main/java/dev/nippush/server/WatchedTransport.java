package dev.nippush.server;

import dev.nippush.address.DeviceAddress;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushTransport;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * A transport whose answers tell {@link Health} when its settings are wrong in a way that no single answer shows: if the
 * first devices are all refused, none of them is to blame.
 */
final class WatchedTransport implements PushTransport {

    /** So many different devices refused and none accepted since the start: the wrong environment or app. */
    static final int SUSPICIOUS = 20;

    private final String name;
    private final PushTransport transport;
    private final Health health;
    private final Set<String> refused = new HashSet<>();
    private boolean accepted;

    WatchedTransport(String name, PushTransport transport, Health health) {
        this.name = name;
        this.transport = transport;
        this.health = health;
    }

    @Override
    public boolean serves(DeviceAddress address) {
        return transport.serves(address);
    }

    @Override
    public int maxInFlight() {
        return transport.maxInFlight();
    }

    @Override
    public CompletionStage<PushResult> send(PushMessage message) {
        return transport.send(message).whenComplete((result, silence) -> {
            if (result != null) {
                watch(message.address(), result);
            }
        });
    }

    private synchronized void watch(DeviceAddress address, PushResult result) {
        if (accepted) {
            return;
        }
        if (result instanceof PushResult.Accepted) {
            accepted = true;
            refused.clear();
            health.well(subject());
        } else if (result instanceof PushResult.Rejected rejected
                && rejected.fault() == PushResult.Fault.DEVICE
                && refused.size() < SUSPICIOUS
                && refused.add(address.key())
                && refused.size() == SUSPICIOUS) {
            health.trouble(
                    subject(),
                    "the first " + SUSPICIOUS + " devices were all refused (" + rejected.reason()
                            + "): wrong environment or app?");
        }
    }

    private String subject() {
        return name + " devices";
    }

    @Override
    public void close() {
        transport.close();
    }

    /** The name under which it is reported. */
    @Override
    public String toString() {
        return name;
    }
}
