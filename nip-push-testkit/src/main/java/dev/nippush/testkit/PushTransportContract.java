package dev.nippush.testkit;

import dev.nippush.transport.PushTransport;
import java.util.Optional;
import org.junit.jupiter.api.Timeout;

/**
 * The exam for a {@link PushTransport}. A subclass names its provider's {@link Gateway} and makes the transport against
 * it; each clause gets a new pair. The clauses are final: one is skipped only where the gateway declares that it lacks the
 * {@linkplain Gateway#abilities() ability}, or where no client is {@linkplain #lending lent}, and the report says so.
 *
 * <pre>{@code
 * class PigeonTransportTest extends PushTransportContract {
 *     @Override protected Gateway gateway() { return new PigeonLoft(); }
 *     @Override protected PushTransport transport(Gateway gateway) { return new PigeonTransport((PigeonLoft) gateway); }
 *     @Override protected List<DeviceAddress> foreignDevices() { return List.of(…); }
 * }
 * }</pre>
 *
 * <p>The transport should give up on an unanswered message after one to ten seconds here, as the exam waits for it twice.
 *
 * <p>What is logged while messages travel is searched for their content: by java.util.logging, and by slf4j where
 * logback-classic is on the class path. The loggers of {@code dev.nippush} and of the transport's own package are heard at
 * all levels, others at the level that is set. One exam at a time in a process: logs do not say whose they are.
 */
@Timeout(120)
public abstract class PushTransportContract extends SecretClauses {

    /** For subclasses. */
    protected PushTransportContract() {}

    /**
     * A client of the provider's that transports may borrow, for a transport that can be made over one. It must survive
     * them.
     *
     * @param gateway what {@link #gateway()} made
     * @return empty, unless overridden: the transport has a client of its own only
     */
    @Override
    protected Optional<Lending> lending(Gateway gateway) {
        return Optional.empty();
    }

    /** A client and the transports that borrow it. */
    public interface Lending extends AutoCloseable {

        /** Another transport over the same client; it knows that the client is not its own. */
        PushTransport borrow();

        /** Closes the client. */
        @Override
        void close();
    }
}
