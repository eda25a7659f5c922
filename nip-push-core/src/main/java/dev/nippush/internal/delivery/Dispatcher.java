package dev.nippush.internal.delivery;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Privacy;
import dev.nippush.internal.run.RecentMap;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushTransport;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * What all device lanes share: the transports, the hosts of endpoints, and how much of each may be in use. Safe for use by
 * several threads.
 */
public final class Dispatcher {

    private static final int HOSTS_REMEMBERED = 8_192;

    private final List<TransportLine> lines;
    private final Map<String, HostUse> hosts = new HashMap<>();
    private final RecentMap<String, HostHealth> health = new RecentMap<>(HOSTS_REMEMBERED);
    private final List<Runnable> resumed = new CopyOnWriteArrayList<>();

    /** The window of a host, for as long as somebody uses it. */
    private static final class HostUse {
        private final Window window;
        private final HostHealth health;
        private int users;

        HostUse(HostHealth health) {
            this.health = health;
            this.window = new Window(health.places());
        }
    }

    /** The first transport that serves an address gets its pushes, and tells its provider no more than its level. */
    public Dispatcher(Map<PushTransport, Privacy> transports) {
        List<TransportLine> made = new ArrayList<>();
        transports.forEach((transport, privacy) -> made.add(new TransportLine(transport, privacy)));
        this.lines = List.copyOf(made);
    }

    /** Whether any transport serves the address. */
    public boolean serves(DeviceAddress address) {
        return lineOf(address).isPresent();
    }

    /** How much the provider of the address may learn; empty when no transport serves it. */
    public Optional<Privacy> allowed(DeviceAddress address) {
        return lineOf(address).map(TransportLine::privacy);
    }

    /** The transports whose provider refuses our credentials at the moment, and what it said. */
    public Map<PushTransport, PushResult.Rejected> parked() {
        Map<PushTransport, PushResult.Rejected> parked = new LinkedHashMap<>();
        for (TransportLine line : lines) {
            line.circuit().refusal().ifPresent(refusal -> parked.put(line.transport(), refusal));
        }
        return parked;
    }

    Optional<TransportLine> lineOf(DeviceAddress address) {
        return lines.stream().filter(line -> line.serves(address)).findFirst();
    }

    /** How the host of an address does; empty where an address names none. */
    Optional<HostHealth> healthOf(DeviceAddress address) {
        return address.host().map(this::healthOf);
    }

    private HostHealth healthOf(String host) {
        synchronized (hosts) {
            HostUse use = hosts.get(host);
            return use != null ? use.health : remembered(host);
        }
    }

    /** Whether a host gets no request for the moment. */
    boolean isPaused(String host, long now) {
        return healthOf(host).notBefore(now).isPresent();
    }

    private HostHealth remembered(String host) {
        return health.computeIfAbsent(host, any -> new HostHealth());
    }

    /**
     * Takes a place at the host of the address, if it has one, and then one of the transport.
     *
     * @param granted gets what gives the places back, once they are there
     */
    void take(TransportLine line, DeviceAddress address, Consumer<Runnable> granted) {
        if (address.host().isEmpty()) {
            line.window().take(() -> granted.accept(line.window()::giveBack));
            return;
        }
        String host = address.host().get();
        HostUse use = use(host);
        boolean trusted = use.health.isTrusted();
        Runnable giveBack = () -> {
            line.window().giveBack();
            if (!trusted) {
                line.doubtful().giveBack();
            }
            leave(host, use);
        };
        Runnable last = () -> line.window().take(() -> granted.accept(giveBack));
        use.window.take(trusted ? last : () -> line.doubtful().take(last));
    }

    private HostUse use(String host) {
        synchronized (hosts) {
            HostUse use = hosts.computeIfAbsent(host, any -> new HostUse(remembered(host)));
            use.users++;
            return use;
        }
    }

    private void leave(String host, HostUse use) {
        synchronized (hosts) {
            if (--use.users == 0) {
                hosts.remove(host);
            }
        }
        use.window.giveBack();
    }

    /** The host of the address, where a request of ours is still open, has answered. */
    void answered(DeviceAddress address) {
        address.host().ifPresent(host -> {
            HostUse use;
            synchronized (hosts) {
                use = hosts.get(host);
            }
            HostHealth.Change change = use.health.answered();
            if (change.earned()) {
                // One more than there were.
                use.window.giveBack();
            }
            if (change.recovered()) {
                resumed();
            }
        });
    }

    /** Hears when a transport or a host works again. */
    void whenResumed(Runnable wake) {
        resumed.add(wake);
    }

    void resumed() {
        resumed.forEach(Runnable::run);
    }
}
