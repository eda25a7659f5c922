package dev.nippush.server;

import dev.nippush.address.DeviceAddress;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushTransport;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * A transport whose answers tell {@link Health} when its settings are wrong in a way that no single answer shows: if the
 * first devices are all refused, none of them is to blame. Only for a provider that all devices share: where each device
 * names its own, strangers could bring this about.
 */
final class WatchedTransport implements PushTransport {

    /** So many different devices refused and none accepted since the start: the wrong environment or app. */
    static final int SUSPICIOUS = 20;

    private final String name;
    private final PushTransport transport;
    private final Health health;
    private final UnaryOperator<String> settings;
    private final Map<String, PushResult.Rejected> refused = new LinkedHashMap<>();
    private boolean accepted;

    /**
     * Watches a transport.
     *
     * @param settings which keys of the configuration to check, by the provider's reason
     */
    WatchedTransport(String name, PushTransport transport, Health health, UnaryOperator<String> settings) {
        this.name = name;
        this.transport = transport;
        this.health = health;
        this.settings = settings;
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
                && refused.putIfAbsent(address.key(), rejected) == null
                && refused.size() == SUSPICIOUS) {
            health.trouble(subject(), trouble());
        }
    }

    /** Names the reason that most devices were given. */
    private String trouble() {
        Map<PushResult.Rejected, Long> counts =
                refused.values().stream().collect(Collectors.groupingBy(it -> it, Collectors.counting()));
        PushResult.Rejected most = counts.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElseThrow();
        return "the first " + SUSPICIOUS + " devices were all refused, none was accepted since the start; check "
                + settings.apply(most.reason()) + " (" + most.explained() + ")";
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
