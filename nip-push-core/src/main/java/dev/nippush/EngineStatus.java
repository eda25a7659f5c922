package dev.nippush;

import dev.nippush.transport.PushTransport;
import java.util.List;

/**
 * How an engine is doing, for health checks.
 *
 * @param open whether it takes events
 * @param hearing whether control messages can reach it; false while a gateway with home relays has lost all of them and no
 *     relay streams in, and while its door has been shut for long
 * @param storeWorks whether what it writes gets to the store
 * @param parked the transports whose provider refuses our credentials
 */
public record EngineStatus(boolean open, boolean hearing, boolean storeWorks, List<PushTransport> parked) {
    public EngineStatus {
        parked = List.copyOf(parked);
    }
}
