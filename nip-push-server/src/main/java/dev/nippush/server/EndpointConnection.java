package dev.nippush.server;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.StrictJson;
import dev.nippush.wire.ClientMessage;
import dev.nippush.wire.RelayMessage;
import dev.nippush.wire.WireFormatException;
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
 * frame is asked for, and TCP makes the client wait. All connections together keep a bounded number of bytes; beyond it
 * whoever sends more is turned away, strangers before feeders. So neither clients that read no answers, nor halves of messages, nor a busy
 * engine cost more memory than that, or any event that was taken.
 *
 * <p>Public for Jetty alone, which calls it by reflection.
 */
public final class EndpointConnection implements Session.Listener {

    /** What a connection needs of the endpoint. */
    interface Host {

        /** Hands an event to the engine. */
        CompletionStage<Outcome> accept(NostrEvent event, Source source);

        /** Runs a task after a while, on a thread that it may keep for a moment only. */
        void schedule(Duration delay, Runnable task);

        /**
         * Counts bytes that are about to be kept. Feeders have more room than strangers.
         *
         * @return whether there is room for them; they are counted in any case
         */
        boolean reserve(int bytes, boolean feeder);

        /** Counts bytes no longer. */
        void giveBack(int bytes);

        void opened(EndpointConnection connection);

        void closed(EndpointConnection connection);
    }

    /** How many frames are worked on at once: enough to fill a group commit. */
    static final int SLOTS = 64;

    /** How many frames that are no messages a client may send. */
    static final int MAX_BAD_FRAMES = 16;

    private static final Duration GOODBYE = Duration.ofSeconds(2);
    private static final Duration BUSY_RETRY = Duration.ofMillis(25);
    private static final Logger LOG = LoggerFactory.getLogger(EndpointConnection.class);

    private final Host host;
    private final Source source;
    private final boolean feeder;
    private final InetAddress address;

    private final Object lock = new Object();
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private final StringBuilder partial = new StringBuilder();
    private int partialBytes;
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

    /** An event with what its message takes of the endpoint's memory. */
    private record Waiting(NostrEvent event, int bytes) {}

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
    public void onWebSocketPartialText(String part, boolean last) {
        int bytes = Math.toIntExact(StrictJson.utf8Length(part));
        boolean room = host.reserve(bytes, feeder);
        int size;
        boolean fits;
        boolean more;
        String whole;
        synchronized (lock) {
            lastHeard = System.nanoTime();
            partial.append(part);
            partialBytes += bytes;
            size = partialBytes;
            fits = size <= Endpoint.MAX_MESSAGE_BYTES;
            more = !last && fits && room && !over;
            whole = last && fits && room ? partial.toString() : "";
            if (last && fits && room) {
                // In one step: an answer that leaves in between would ask for a frame, and be forgotten to have asked.
                demanded = false;
                open++;
            }
            if (!more) {
                forgetPartial();
            }
        }
        if (more) {
            current().demand();
        } else if (!fits) {
            host.giveBack(size);
            close(StatusCode.MESSAGE_TOO_LARGE, "a message has at most " + Endpoint.MAX_MESSAGE_BYTES + " bytes");
        } else if (!room) {
            host.giveBack(size);
            close(StatusCode.TRY_AGAIN_LATER, "too much is being received");
        } else if (last) {
            handle(whole, size);
            demand();
        } else {
            host.giveBack(size);
        }
    }

    @Override
    public void onWebSocketPartialBinary(ByteBuffer part, boolean last, Callback callback) {
        callback.succeed();
        takeSlot();
        if (last) {
            bad(Optional.empty(), "binary frames are not read", 0);
            demand();
        } else {
            release(0);
        }
    }

    @Override
    public void onWebSocketPing(ByteBuffer payload) {
        takeSlot();
        write(session -> session.sendPong(payload, released(0)));
        demand();
    }

    @Override
    public void onWebSocketPong(ByteBuffer payload) {
        takeSlot();
        release(0);
    }

    @Override
    public void onWebSocketError(Throwable cause) {
        LOG.debug("connection of {} failed", source, cause);
    }

    @Override
    public void onWebSocketClose(int statusCode, String reason, Callback callback) {
        synchronized (lock) {
            over = true;
            waiting.forEach(event -> host.giveBack(event.bytes()));
            waiting.clear();
            host.giveBack(partialBytes);
            forgetPartial();
        }
        callback.succeed();
        host.closed(this);
    }

    /** With the lock. */
    private void forgetPartial() {
        partial.setLength(0);
        partial.trimToSize();
        partialBytes = 0;
    }

    private void handle(String text, int bytes) {
        ClientMessage message;
        try {
            message = ClientMessage.parse(text);
        } catch (WireFormatException e) {
            bad(e.eventId(), e.getMessage(), bytes);
            return;
        }
        if (message instanceof ClientMessage.Event event) {
            handOver(new Waiting(event.event(), bytes));
        } else if (message instanceof ClientMessage.Req req) {
            answer(new RelayMessage.Eose(req.subscription()), bytes);
        } else if (message instanceof ClientMessage.Count count) {
            answer(new RelayMessage.Closed(count.subscription(), "unsupported: this server keeps no events"), bytes);
        } else if (message instanceof ClientMessage.Auth auth) {
            answer(
                    new RelayMessage.Ok(auth.event().id(), false, "invalid: no challenge was sent, and none is needed"),
                    bytes);
        } else if (message instanceof ClientMessage.Close) {
            release(bytes);
        } else {
            throw new AssertionError(message);
        }
    }

    private void handOver(Waiting handed) {
        NostrEvent event = handed.event();
        if (!feeder && event.kind() != Kind.PUSH_CONTROL) {
            answer(
                    new RelayMessage.Ok(event.id(), false, "blocked: only control messages are taken from here"),
                    handed.bytes());
            return;
        }
        host.accept(event, source).whenComplete((outcome, failure) -> {
            if (failure != null) {
                LOG.error("an event of {} was not answered", source, failure);
                answer(new RelayMessage.Ok(event.id(), false, "error: internal"), handed.bytes());
            } else if (outcome instanceof Outcome.Busy) {
                keepForLater(handed);
            } else {
                answer(Answers.of(event.id(), outcome), handed.bytes());
            }
        });
    }

    /** The engine is full: the event keeps its slot and is handed over again; meanwhile no frame is asked for. */
    private void keepForLater(Waiting handed) {
        synchronized (lock) {
            if (over) {
                host.giveBack(handed.bytes());
                return;
            }
            waiting.add(handed);
            if (retryPlanned) {
                return;
            }
            retryPlanned = true;
        }
        host.schedule(BUSY_RETRY, this::retry);
    }

    private void retry() {
        Deque<Waiting> again;
        synchronized (lock) {
            retryPlanned = false;
            again = new ArrayDeque<>(waiting);
            waiting.clear();
        }
        again.forEach(this::handOver);
        demand();
    }

    private void bad(Optional<String> id, String why, int bytes) {
        boolean enough;
        synchronized (lock) {
            badFrames++;
            enough = badFrames >= MAX_BAD_FRAMES;
        }
        answer(
                id.<RelayMessage>map(known -> new RelayMessage.Ok(known, false, "invalid: " + why))
                        .orElseGet(() -> new RelayMessage.Notice("invalid: " + why)),
                bytes);
        if (enough) {
            LOG.info("closing the connection of {}: {} frames were no messages", source, MAX_BAD_FRAMES);
            close(StatusCode.POLICY_VIOLATION, "too many frames that are no messages");
        }
    }

    private void answer(RelayMessage message, int bytes) {
        write(session -> session.sendText(message.toJson(), released(bytes)));
    }

    private void write(Consumer<Session> writing) {
        synchronized (lock) {
            if (writes++ == 0) {
                lastWritten = System.nanoTime();
            }
        }
        writing.accept(current());
    }

    /** Gives the slot back when the answer has left, or never will. */
    private Callback released(int bytes) {
        return Callback.from(() -> written(bytes), failure -> written(bytes));
    }

    private void written(int bytes) {
        synchronized (lock) {
            writes--;
            lastWritten = System.nanoTime();
        }
        release(bytes);
    }

    private void takeSlot() {
        synchronized (lock) {
            demanded = false;
            open++;
            lastHeard = System.nanoTime();
        }
    }

    private void release(int bytes) {
        host.giveBack(bytes);
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
        Session current = current();
        // A client that does not say goodbye is not waited for.
        current.close(
                status,
                reason,
                Callback.from(() -> host.schedule(GOODBYE, current::disconnect), failure -> current.disconnect()));
    }

    /** The connection; there is one from its first event on. */
    private Session current() {
        synchronized (lock) {
            return requireNonNull(session);
        }
    }
}
