package dev.nippush.internal.delivery;

import dev.nippush.transport.PushTransport;

/** A transport, how much of it is in use, and whether its provider takes our credentials. */
final class TransportLine {

    private final PushTransport transport;
    private final Window window;
    private final Circuit circuit = new Circuit();

    TransportLine(PushTransport transport) {
        this.transport = transport;
        this.window = new Window(transport.maxInFlight());
    }

    PushTransport transport() {
        return transport;
    }

    Window window() {
        return window;
    }

    Circuit circuit() {
        return circuit;
    }
}
