package dev.nippush;

import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushTransport;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How an engine is doing, for health checks.
 *
 * @param open whether it takes events
 * @param hearing whether control messages can reach it; false while a gateway with home relays has lost all of them and no
 *     relay streams in, and while its door has been shut for long
 * @param storeWorks whether the store takes what is written and says what is owed
 * @param replaced whether another engine has taken the store over: this one does nothing any more
 * @param parked the transports whose provider refuses our credentials, and what each said
 */
public record EngineStatus(
        boolean open,
        boolean hearing,
        boolean storeWorks,
        boolean replaced,
        Map<PushTransport, PushResult.Rejected> parked) {
    public EngineStatus {
        parked = Collections.unmodifiableMap(new LinkedHashMap<>(parked));
    }
}
