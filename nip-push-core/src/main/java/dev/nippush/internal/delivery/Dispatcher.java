package dev.nippush.internal.delivery;

import dev.nippush.address.DeviceAddress;
import dev.nippush.transport.PushTransport;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** What all device lanes share: the transports, and how much may be in flight. Safe for use by several threads. */
public final class Dispatcher {

    private static final int PER_HOST = 64;

    private final List<TransportLine> lines;
    private final Map<String, HostUse> hosts = new ConcurrentHashMap<>();
    private final List<Runnable> resumed = new CopyOnWriteArrayList<>();

    /** The window of a host, for as long as somebody uses it. */
    private static final class HostUse {
        private final Window window = new Window(PER_HOST);
        private int users;
    }

    /** The first transport that serves an address gets its pushes. */
    public Dispatcher(List<PushTransport> transports) {
        this.lines = transports.stream().map(TransportLine::new).toList();
    }

    /** Whether any transport serves the address. */
    public boolean serves(DeviceAddress address) {
        return lineOf(address).isPresent();
    }

    /** The transports whose provider refuses our credentials at the moment. */
    public List<PushTransport> parked() {
        return lines.stream()
                .filter(line -> line.circuit().isOpen())
                .map(TransportLine::transport)
                .toList();
    }

    Optional<TransportLine> lineOf(DeviceAddress address) {
        return lines.stream().filter(line -> line.serves(address)).findFirst();
    }

    /** Takes a place at the host of the address, if it has one, and then one of the transport. */
    void take(TransportLine line, DeviceAddress address, Runnable granted) {
        address.host()
                .ifPresentOrElse(
                        host -> hosts.compute(host, (any, known) -> {
                                    HostUse use = known == null ? new HostUse() : known;
                                    use.users++;
                                    return use;
                                })
                                .window
                                .take(() -> line.window().take(granted)),
                        () -> line.window().take(granted));
    }

    /** Gives back what {@link #take} took. */
    void giveBack(TransportLine line, DeviceAddress address) {
        line.window().giveBack();
        address.host().ifPresent(host -> {
            HostUse use = hosts.get(host);
            use.window.giveBack();
            hosts.computeIfPresent(host, (any, known) -> --known.users == 0 ? null : known);
        });
    }

    /** Hears when a transport works again. */
    void whenResumed(Runnable wake) {
        resumed.add(wake);
    }

    void resumed() {
        resumed.forEach(Runnable::run);
    }
}
