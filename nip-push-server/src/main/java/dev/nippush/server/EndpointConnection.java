package dev.nippush.server;

import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.event.EventId;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.StatusCode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client of the endpoint. Each frame takes a slot, from its arrival until its answer has left; without a free slot no
 * frame is asked for, and TCP makes the client wait. So a client that reads no answers, and an engine that is busy, cost
 * a bounded amount of memory and no event.
 */
public final class EndpointConnection implements Session.Listener {

    /** What a connection needs of the endpoint. */
    interface Host {

        /** Hands an event to the engine. */
        CompletionStage<Outcome> accept(NostrEvent event, Source source);

        /** Runs a task after a while, on a thread that it may keep for a moment only. */
        void schedule(Duration delay, Runnable task);

        void opened(EndpointConnection connection);

        void closed(EndpointConnection connection);
    }

    /** How many frames are worked on at once: enough to fill a group commit. */
    static final int SLOTS = 64;

    /** How many frames that are no messages a client may send. */
    static final int MAX_BAD_FRAMES = 16;

    private static final Duration BUSY_RETRY = Duration.ofMillis(25);
    private static final Logger LOG = LoggerFactory.getLogger(EndpointConnection.class);

    private final Host host;
    private final Source source;
    private final boolean feeder;
    private final InetAddress address;

    private final Object lock = new Object();
    private final Deque<NostrEvent> waiting = new ArrayDeque<>();
    private int open;
    private int writes;
    private int badFrames;
    private boolean demanded;
    private boolean retryPlanned;
    private boolean paused;
    private boolean over;
    private long lastHeard = System.nanoTime();
    private long lastWritten = System.nanoTime();
    private @Nullable Session session;

    EndpointConnection(Host host, Source source, boolean feeder, InetAddress address) {
        this.host = host;
        this.source = source;
        this.feeder = feeder;
        this.address = address;
    }

    InetAddress address() {
        return address;
    }

    boolean feeder() {
        return feeder;
    }

    @Override
    public void onWebSocketOpen(Session opened) {
        synchronized (lock) {
            session = opened;
            lastHeard = System.nanoTime();
        }
        host.opened(this);
        demand();
    }

    @Override
    public void onWebSocketText(String text) {
        takeSlot();
        handle(ClientMessage.parse(text));
        demand();
    }

    @Override
    public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
        takeSlot();
        callback.succeed();
        bad(Optional.empty(), "binary frames are not read");
        demand();
    }

    @Override
    public void onWebSocketPing(ByteBuffer payload) {
        takeSlot();
        write(session -> session.sendPong(payload, released()));
        demand();
    }

    @Override
    public void onWebSocketPong(ByteBuffer payload) {
        takeSlot();
        release();
    }

    @Override
    public void onWebSocketError(Throwable cause) {
        LOG.debug("connection of {} failed", source, cause);
    }

    @Override
    public void onWebSocketClose(int statusCode, String reason, Callback callback) {
        synchronized (lock) {
            over = true;
            waiting.clear();
        }
        callback.succeed();
        host.closed(this);
    }

    private void handle(ClientMessage message) {
        if (message instanceof ClientMessage.Event event) {
            handOver(event.event());
        } else if (message instanceof ClientMessage.Query query) {
            answer(
                    query.verb().equals("REQ")
                            ? ServerMessages.eose(query.subscription())
                            : ServerMessages.closed(query.subscription(), "unsupported: this server keeps no events"));
        } else if (message instanceof ClientMessage.Auth auth) {
            answer(ServerMessages.ok(auth.event().id(), false, "invalid: no challenge was sent, and none is needed"));
        } else if (message instanceof ClientMessage.Close) {
            release();
        } else if (message instanceof ClientMessage.Bad bad) {
            bad(bad.id(), bad.why());
        } else {
            throw new AssertionError(message);
        }
    }

    private void handOver(NostrEvent event) {
        if (!feeder && event.kind() != Kind.PUSH_CONTROL) {
            answer(ServerMessages.ok(event.id(), false, "blocked: only control messages are taken from here"));
            return;
        }
        host.accept(event, source).whenComplete((outcome, failure) -> {
            if (failure != null) {
                LOG.error("an event of {} was not answered", source, failure);
                answer(ServerMessages.ok(event.id(), false, "error: internal"));
            } else if (outcome instanceof Outcome.Busy) {
                keepForLater(event);
            } else {
                answer(ServerMessages.ok(event.id(), outcome));
            }
        });
    }

    /** The engine is full: the event keeps its slot and is handed over again; meanwhile no frame is asked for. */
    private void keepForLater(NostrEvent event) {
        synchronized (lock) {
            if (over) {
                return;
            }
            waiting.add(event);
            if (retryPlanned) {
                return;
            }
            retryPlanned = true;
        }
        host.schedule(BUSY_RETRY, this::retry);
    }

    private void retry() {
        Deque<NostrEvent> again;
        synchronized (lock) {
            retryPlanned = false;
            again = new ArrayDeque<>(waiting);
            waiting.clear();
        }
        again.forEach(this::handOver);
        demand();
    }

    private void bad(Optional<EventId> id, String why) {
        boolean enough;
        synchronized (lock) {
            badFrames++;
            enough = badFrames >= MAX_BAD_FRAMES;
        }
        answer(id.map(known -> ServerMessages.ok(known, false, "invalid: " + why))
                .orElseGet(() -> ServerMessages.notice("invalid: " + why)));
        if (enough) {
            LOG.info("closing the connection of {}: {} frames were no messages", source, MAX_BAD_FRAMES);
            close(StatusCode.POLICY_VIOLATION, "too many frames that are no messages");
        }
    }

    private void answer(String text) {
        write(session -> session.sendText(text, released()));
    }

    private void write(Consumer<Session> writing) {
        Session current;
        synchronized (lock) {
            current = session;
            if (writes++ == 0) {
                lastWritten = System.nanoTime();
            }
        }
        if (current != null) {
            writing.accept(current);
        }
    }

    /** Gives the slot back when the answer has left, or never will. */
    private Callback released() {
        return Callback.from(this::written, failure -> written());
    }

    private void written() {
        synchronized (lock) {
            writes--;
            lastWritten = System.nanoTime();
        }
        release();
    }

    private void takeSlot() {
        synchronized (lock) {
            demanded = false;
            open++;
            lastHeard = System.nanoTime();
        }
    }

    private void release() {
        synchronized (lock) {
            open--;
        }
        demand();
    }

    private void demand() {
        Session current;
        synchronized (lock) {
            current = session;
            if (current == null || demanded || over || paused || open >= SLOTS || !waiting.isEmpty()) {
                return;
            }
            demanded = true;
            // A client is silent only while it is listened to.
            lastHeard = System.nanoTime();
        }
        current.demand();
    }

    /** No further frame is read; what was read is answered. */
    void pause() {
        synchronized (lock) {
            paused = true;
        }
    }

    /** Whether frames are still worked on or answers still have to leave. */
    boolean isBusy() {
        synchronized (lock) {
            return !over && open > 0;
        }
    }

    /**
     * Pings a silent client, and drops one that answers nothing, or reads nothing of what it is told.
     *
     * @param pingAfter of silence
     * @param dropAfter of silence; above {@code pingAfter}
     */
    void check(Duration pingAfter, Duration dropAfter) {
        long silence;
        long stuck;
        Session current;
        synchronized (lock) {
            current = session;
            long now = System.nanoTime();
            silence = demanded ? now - lastHeard : 0;
            stuck = writes > 0 ? now - lastWritten : 0;
        }
        if (current == null) {
            return;
        }
        if (stuck > dropAfter.toNanos()) {
            current.disconnect();
        } else if (silence > dropAfter.toNanos()) {
            close(StatusCode.SHUTDOWN, "idle");
        } else if (silence > pingAfter.toNanos()) {
            current.sendPing(ByteBuffer.allocate(0), Callback.NOOP);
        }
    }

    void close(int status, String reason) {
        Session current;
        synchronized (lock) {
            current = session;
        }
        if (current != null) {
            current.close(status, reason, Callback.from(() -> {}, failure -> current.disconnect()));
        }
    }
}
