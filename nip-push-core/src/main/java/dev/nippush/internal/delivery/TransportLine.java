package dev.nippush.internal.delivery;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Privacy;
import dev.nippush.transport.PushTransport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A transport, how much it may tell, how much of it is in use, and whether its provider takes our credentials. */
final class TransportLine {

    private static final Logger log = LoggerFactory.getLogger(TransportLine.class);

    private final PushTransport transport;
    private final Privacy privacy;
    private final Window window;
    private final Window doubtful;
    private final Circuit circuit = new Circuit();

    TransportLine(PushTransport transport, Privacy privacy) {
        this.transport = transport;
        this.privacy = privacy;
        this.window = new Window(transport.maxInFlight());
        this.doubtful = new Window(Math.max(1, transport.maxInFlight() / 2));
    }

    boolean serves(DeviceAddress address) {
        try {
            return transport.serves(address);
        } catch (RuntimeException e) {
            log.error(
                    "{} threw when asked whether it serves {}; taken for a no",
                    transport.getClass().getName(),
                    address,
                    e);
            return false;
        }
    }

    PushTransport transport() {
        return transport;
    }

    Privacy privacy() {
        return privacy;
    }

    Window window() {
        return window;
    }

    /** The places that hosts may have which have not answered often: not all, as anybody can make up hosts that hang. */
    Window doubtful() {
        return doubtful;
    }

    Circuit circuit() {
        return circuit;
    }
}
