package dev.nippush.server;

import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.api.StatusCode;
import org.eclipse.jetty.websocket.server.ServerUpgradeRequest;
import org.eclipse.jetty.websocket.server.ServerUpgradeResponse;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.jspecify.annotations.Nullable;

/**
 * The one port of the server: a WebSocket endpoint that takes events and serves none, NIP-11, and health. Owns its
 * threads.
 */
final class Endpoint implements AutoCloseable {

    /** A longer frame, or message of several frames, costs the connection (close code 1009). */
    static final int MAX_MESSAGE_BYTES = NostrEvent.MAX_BYTES;

    /** Sockets of all sorts together. */
    static final int MAX_CONNECTIONS = 4_096;

    /** WebSockets from one address. Local ones are exempt: behind a proxy on this machine are many clients. */
    static final int MAX_CONNECTIONS_PER_ADDRESS = 64;

    /** The part of the heap that messages of strangers may take, as bytes on the wire: in memory they take several times that. */
    private static final int MEMORY_SHARE = 10;

    /** How much more those of feeders may take: room for their backlog, and still an end to what they leave unfinished. */
    private static final int FEEDERS_FACTOR = 2;

    private static final Duration PING_AFTER = Duration.ofSeconds(30);
    private static final Duration DROP_AFTER = Duration.ofSeconds(90);
    private static final Duration CHECK_EVERY = Duration.ofSeconds(10);
    private static final Duration HTTP_IDLE = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(5);
    private static final int MAX_HEADER_BYTES = 8 * 1024;
    private static final int MAX_THREADS = 24;
    private static final int IPV6_SUBSCRIBER_BYTES = 8;
    private static final int INPUT_BUFFER_BYTES = 8 * 1024;

    private final Admission admission;
    private final HostPort listen;
    private final ScheduledExecutorService timer;
    private final Server server;
    private final ServerConnector connector;
    private final Set<EndpointConnection> connections = ConcurrentHashMap.newKeySet();
    private final Map<String, Integer> perAddress = new ConcurrentHashMap<>();
    private final AtomicLong number = new AtomicLong();
    private final AtomicLong kept = new AtomicLong();
    private final long memory = Math.max(MAX_MESSAGE_BYTES, Runtime.getRuntime().maxMemory() / MEMORY_SHARE);
    private final Connections host = new Connections();
    private volatile BiFunction<NostrEvent, Source, CompletionStage<Outcome>> door =
            (event, source) -> CompletableFuture.completedFuture(new Outcome.Closed());
    private volatile IntConsumer feedersChanged = count -> {};
    private volatile boolean paused;

    /** Makes an endpoint, which {@link #bind} and {@link #start} open. */
    Endpoint(ServerConfig.Listen listen, PublicKey self, Optional<String> vapidKey, String version, Health health) {
        this.admission = new Admission(listen);
        this.listen = listen.address();
        this.timer = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "nip-push-endpoint-timer");
            thread.setDaemon(true);
            return thread;
        });
        QueuedThreadPool threads = new QueuedThreadPool(MAX_THREADS, 2);
        threads.setName("nip-push-endpoint");
        threads.setDaemon(true);
        this.server = new Server(threads);
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setRequestHeaderSize(MAX_HEADER_BYTES);
        this.connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
        connector.setHost(listen.address().host());
        connector.setPort(listen.address().port());
        connector.setIdleTimeout(HTTP_IDLE.toMillis());
        server.addConnector(connector);
        server.addBean(new NetworkConnectionLimit(MAX_CONNECTIONS, connector));
        server.setStopTimeout(0);
        WebSocketUpgradeHandler upgrades = WebSocketUpgradeHandler.from(server, this::configure);
        upgrades.setHandler(new HttpPages(self, vapidKey, version, health));
        server.setHandler(upgrades);
    }

    private void configure(ServerWebSocketContainer container) {
        // Connections get parts of messages, and judge the size of the whole themselves.
        container.setMaxFrameSize(INPUT_BUFFER_BYTES);
        container.setInputBufferSize(INPUT_BUFFER_BYTES);
        container.setAutoFragment(true);
        // Silence is judged by check(): a connection that we do not read from is not silent.
        container.setIdleTimeout(Duration.ZERO);
        container.addMapping("/*", this::connect);
    }

    /**
     * Takes the port, and answers nobody yet.
     *
     * @return where it is, with the port that the system chose
     * @throws IOException when the port is taken, or is not ours to take
     */
    InetSocketAddress bind() throws IOException {
        if (new InetSocketAddress(listen.host(), listen.port()).isUnresolved()) {
            throw new IOException("there is no host of this name");
        }
        connector.open();
        return address();
    }

    /**
     * Begins to answer.
     *
     * @param door where events go
     * @param feedersChanged is told how many feeders are connected, whenever that changes
     */
    void start(BiFunction<NostrEvent, Source, CompletionStage<Outcome>> door, IntConsumer feedersChanged)
            throws IOException {
        this.door = door;
        this.feedersChanged = feedersChanged;
        try {
            server.start();
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(Reasons.of(e), e);
        }
        timer.scheduleWithFixedDelay(
                () -> check(PING_AFTER, DROP_AFTER),
                CHECK_EVERY.toMillis(),
                CHECK_EVERY.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    /** Where it listens, with the port that the system chose. */
    InetSocketAddress address() {
        return new InetSocketAddress(listen.host(), connector.getLocalPort());
    }

    private @Nullable Object connect(ServerUpgradeRequest request, ServerUpgradeResponse response, Callback callback) {
        // No compression: a frame's size on the wire is its size in memory.
        response.setExtensions(List.of());
        if (paused) {
            Response.writeError(request, response, callback, HttpStatus.SERVICE_UNAVAILABLE_503);
            return null;
        }
        Admission.Client client = admission.judge(peer(request), headers(request));
        if (isCrowded(client.address())) {
            Response.writeError(request, response, callback, HttpStatus.TOO_MANY_REQUESTS_429);
            return null;
        }
        String name = client.address().getHostAddress() + '#' + number.incrementAndGet();
        Source source = client.feeder() ? Source.feeder(name) : Source.endpoint(name);
        return new EndpointConnection(host, source, client.feeder(), client.address());
    }

    private static InetAddress peer(Request request) {
        if (request.getConnectionMetaData().getRemoteSocketAddress() instanceof InetSocketAddress address) {
            return address.getAddress();
        }
        throw new AssertionError("the endpoint listens on TCP alone");
    }

    private static Map<String, List<String>> headers(Request request) {
        return request.getHeaders().stream()
                .collect(Collectors.groupingBy(
                        HttpField::getLowerCaseName,
                        Collectors.mapping(field -> String.valueOf(field.getValue()), Collectors.toList())));
    }

    private boolean isCrowded(InetAddress address) {
        return perAddress.getOrDefault(neighbourhood(address), 0) >= MAX_CONNECTIONS_PER_ADDRESS
                && !address.isLoopbackAddress();
    }

    /** One subscriber of a network: an IPv4 address, or the /64 that IPv6 gives to everyone. */
    private static String neighbourhood(InetAddress address) {
        byte[] bytes = address.getAddress();
        return HexFormat.of().formatHex(bytes, 0, Math.min(bytes.length, IPV6_SUBSCRIBER_BYTES));
    }

    /** Looks after silent connections; see {@link EndpointConnection#check}. */
    void check(Duration pingAfter, Duration dropAfter) {
        connections.forEach(connection -> connection.check(pingAfter, dropAfter));
    }

    private void tellFeeders() {
        feedersChanged.accept(
                (int) connections.stream().filter(EndpointConnection::feeder).count());
    }

    /** Takes no further connection and reads no further frame; what was read is still answered. */
    void pause() {
        paused = true;
        connections.forEach(EndpointConnection::pause);
    }

    /**
     * Closes what is open, after the answers that are due have left or the time is over.
     *
     * @param patience how long to wait for clients to take them
     */
    void close(Duration patience) {
        pause();
        long deadline = System.nanoTime() + patience.toNanos();
        await(deadline, () -> connections.stream().noneMatch(EndpointConnection::isBusy));
        connections.forEach(connection -> connection.close(StatusCode.SHUTDOWN, "the server is closing"));
        await(Math.min(deadline, System.nanoTime() + Duration.ofMillis(500).toNanos()), connections::isEmpty);
        timer.shutdownNow();
        connector.close();
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the endpoint did not stop: " + Reasons.of(e), e);
        }
    }

    @Override
    public void close() {
        close(Duration.ZERO);
    }

    private static void await(long deadline, BooleanSupplier condition) {
        while (!condition.getAsBoolean() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(POLL.toNanos());
        }
    }

    /** What connections may ask for. */
    private final class Connections implements EndpointConnection.Host {

        @Override
        public CompletionStage<Outcome> accept(NostrEvent event, Source source) {
            return door.apply(event, source);
        }

        @Override
        public void schedule(Duration delay, Runnable task) {
            try {
                timer.schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException closing) {
                // Close waited for this connection as long as it may; its client gets no answer and sends again.
            }
        }

        @Override
        public boolean reserve(int bytes, boolean feeder) {
            return kept.addAndGet(bytes) <= (feeder ? FEEDERS_FACTOR * memory : memory);
        }

        @Override
        public void giveBack(int bytes) {
            kept.addAndGet(-bytes);
        }

        @Override
        public void opened(EndpointConnection connection) {
            connections.add(connection);
            perAddress.merge(neighbourhood(connection.address()), 1, Integer::sum);
            if (paused) {
                connection.pause();
            }
            if (connection.feeder()) {
                tellFeeders();
            }
        }

        @Override
        public void closed(EndpointConnection connection) {
            if (connections.remove(connection)) {
                perAddress.computeIfPresent(
                        neighbourhood(connection.address()), (any, count) -> count == 1 ? null : count - 1);
                if (connection.feeder()) {
                    tellFeeders();
                }
            }
        }
    }
}
