package dev.nippush.testkit;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.RelayUrl;
import dev.nippush.crypto.Secp256k1;
import dev.nippush.event.EventId;
import dev.nippush.event.Filter;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.wire.ClientMessage;
import dev.nippush.wire.RelayMessage;
import dev.nippush.wire.WireDefect;
import dev.nippush.wire.WireFormatException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.jspecify.annotations.Nullable;

/**
 * A Nostr relay in this process, on a free port of 127.0.0.1: NIP-01 with stored, replaced and ephemeral events, and
 * NIP-42 where it is asked for. It keeps what it was sent, and does wrong what the test tells it to.
 *
 * <pre>{@code
 * try (TestRelay relay = TestRelay.start()) {
 *     relay.publish(event);
 *     …
 *     TestRelay.Request request = relay.awaitRequest(asked -> asked.asksForKind(1059));
 * }
 * }</pre>
 *
 * <p>Methods named {@code await…} wait up to {@link Inbox#PATIENCE} and then throw an {@link AssertionError}. Safe for use
 * by any number of threads.
 */
public final class TestRelay implements AutoCloseable {

    private static final int MAX_MESSAGE = 1024 * 1024;
    private static final Duration AUTH_WINDOW = Duration.ofMinutes(10);

    /**
     * A subscription that a client asked for.
     *
     * @param connection the number of the connection, from 1
     * @param id as the client chose it
     * @param filters as the client wrote them
     */
    public record Request(int connection, String id, List<Filter> filters) {

        /** Says whether one of its filters names this kind. */
        public boolean asksForKind(int kind) {
            return filters.stream()
                    .anyMatch(filter ->
                            filter.kinds().map(kinds -> kinds.contains(kind)).orElse(false));
        }

        /** The values that its filters name under this letter, in order. */
        public Set<String> values(char tag) {
            Set<String> values = new LinkedHashSet<>();
            filters.forEach(filter -> values.addAll(filter.tags().getOrDefault(tag, Set.of())));
            return values;
        }
    }

    private final Settings settings;
    private final Secp256k1 curve = Secp256k1.bouncyCastle();
    private final ScheduledExecutorService outbox = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "test-relay-outbox");
        thread.setDaemon(true);
        return thread;
    });

    // All below is guarded by this; whoever waits is told of every change.
    private @Nullable Server server;
    private int port;
    private int connectionsSoFar;
    private boolean eoseWithheld;
    private Duration delay = Duration.ZERO;
    private int mostPerFilter = Integer.MAX_VALUE;
    private int mostPerRequest = Integer.MAX_VALUE;
    private Function<Request, Optional<String>> refusal = request -> Optional.empty();
    private final Set<Peer> peers = new LinkedHashSet<>();
    private final Map<EventId, NostrEvent> stored = new LinkedHashMap<>();
    private final List<Request> requests = new ArrayList<>();
    private final List<NostrEvent> received = new ArrayList<>();
    private final List<NostrEvent> authentications = new ArrayList<>();

    private TestRelay(Builder builder) {
        settings = new Settings(builder);
    }

    /** Starts a relay that lets everyone read and write, without TLS. */
    public static TestRelay start() {
        return builder().start();
    }

    /** Returns a builder; untouched it makes the relay of {@link #start()}. */
    public static Builder builder() {
        return new Builder();
    }

    private static final class Settings {
        final @Nullable SSLContext tls;
        final boolean demandsAuth;
        final boolean strict;
        final Set<Integer> hidden;
        final Set<PublicKey> exempt;

        Settings(Builder builder) {
            tls = builder.tls;
            demandsAuth = builder.demandsAuth;
            strict = builder.strict;
            hidden = Set.copyOf(builder.hidden);
            exempt = Set.copyOf(builder.exempt);
        }
    }

    /** Describes a relay. For one thread. */
    public static final class Builder {
        private @Nullable SSLContext tls;
        private boolean demandsAuth;
        private boolean strict;
        private Set<Integer> hidden = Set.of();
        private Set<PublicKey> exempt = Set.of();

        private Builder() {}

        /** Speaks {@code wss} with this identity; without it {@code ws}. */
        public Builder tls(SSLContext tls) {
            this.tls = requireNonNull(tls);
            return this;
        }

        /** Challenges every client, and answers no REQ and takes no event before it has said who it is; default false. */
        public Builder demandsAuth() {
            this.demandsAuth = true;
            return this;
        }

        /** Refuses a REQ whose {@code #e} or {@code #p} has a value that is not 64 hex digits; default false. */
        public Builder strict() {
            this.strict = true;
            return this;
        }

        /**
         * Shows events of these kinds only to their author and to whom they tag. A REQ that asks for nothing else is
         * refused until the client has said who it is; from others they are left out without a word. Default none.
         */
        public Builder hides(Collection<Integer> kinds) {
            this.hidden = Set.copyOf(kinds);
            return this;
        }

        /** Shows everything to these clients, once they have said who they are; default none. */
        public Builder exempts(Collection<PublicKey> clients) {
            this.exempt = Set.copyOf(clients);
            return this;
        }

        /** Starts the relay. */
        public TestRelay start() {
            TestRelay relay = new TestRelay(this);
            relay.listen();
            return relay;
        }
    }

    /** Where it listens. It stays the same through {@link #stop} and {@link #restart}. */
    public synchronized RelayUrl url() {
        return RelayUrl.of((settings.tls == null ? "ws" : "wss") + "://127.0.0.1:" + port);
    }

    // --- what the test makes it do

    /** Takes an event as if a client had sent it: keeps it, unless it is ephemeral, and sends it to who asks for it. */
    public synchronized void publish(NostrEvent event) {
        take(event);
    }

    /** Forgets the stored events of which this is true, as relays do. */
    public synchronized void forget(java.util.function.Predicate<NostrEvent> which) {
        stored.values().removeIf(which);
    }

    /** Ends all connections as a broken network does, without a close frame. It goes on listening. */
    public void dropConnections() {
        for (Peer peer : peers()) {
            peer.session.disconnect();
        }
    }

    /** Ends all connections and listens no more. What is stored stays. */
    public void stop() {
        Server running;
        synchronized (this) {
            running = server;
            server = null;
        }
        if (running == null) {
            return;
        }
        dropConnections();
        try {
            running.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the relay does not stop", e);
        }
    }

    /** Listens again, on the same port; ends all connections first. */
    public void restart() {
        stop();
        listen();
    }

    /** Sends every message so much later from now on; zero sends at once. */
    public synchronized void delay(Duration delay) {
        this.delay = requireNonNull(delay);
    }

    /**
     * Sends at most so many stored events for each filter from now on, the newest ones, as if the client had set that
     * limit.
     *
     * @param most 1 or more
     */
    public synchronized void limitPerFilter(int most) {
        mostPerFilter = requirePositive(most);
    }

    /**
     * Sends at most so many stored events for a whole REQ from now on, the newest of all its filters.
     *
     * @param most 1 or more
     */
    public synchronized void limitPerRequest(int most) {
        mostPerRequest = requirePositive(most);
    }

    private static int requirePositive(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("a limit is 1 or more: " + most);
        }
        return most;
    }

    /** Sends no EOSE from now on. */
    public synchronized void withholdEose() {
        eoseWithheld = true;
    }

    /** Sends an EOSE for every open subscription that has had none, and for new ones from now on. */
    public synchronized void releaseEose() {
        eoseWithheld = false;
        for (Peer peer : peers) {
            for (Open open : peer.open.values()) {
                peer.eose(open);
            }
        }
    }

    /** Refuses subscriptions: whenever the function answers with a reason, that is sent in a CLOSED. */
    public synchronized void refuse(Function<Request, Optional<String>> reasons) {
        refusal = requireNonNull(reasons);
    }

    /** Ends a subscription with this reason, on every connection that has one of this id. */
    public synchronized void endSubscription(String id, String reason) {
        for (Peer peer : peers) {
            if (peer.open.remove(id) != null) {
                peer.send(new RelayMessage.Closed(id, reason));
            }
        }
        notifyAll();
    }

    /** Sends a NOTICE to all. */
    public void notice(String text) {
        sendText(new RelayMessage.Notice(text).toJson());
    }

    /** Sends this text to all, whatever it is. */
    public synchronized void sendText(String raw) {
        peers.forEach(peer -> peer.send(raw));
    }

    /** Sends these bytes to all, as one binary message. */
    public void sendBinary(byte[] raw) {
        for (Peer peer : peers()) {
            peer.session.sendBinary(ByteBuffer.wrap(raw.clone()), Callback.NOOP);
        }
    }

    // --- what it saw

    /** All subscriptions that were ever asked for, in order; those that it refused too. */
    public synchronized List<Request> requests() {
        return List.copyOf(requests);
    }

    /** The subscriptions that are open now. */
    public synchronized List<Request> openRequests() {
        return peers.stream()
                .flatMap(peer -> peer.open.values().stream())
                .map(open -> open.request)
                .toList();
    }

    /** The events that clients sent and that were taken, and those of {@link #publish}, in order, copies included. */
    public synchronized List<NostrEvent> received() {
        return List.copyOf(received);
    }

    /** The answers to challenges that were accepted, in order. */
    public synchronized List<NostrEvent> authentications() {
        return List.copyOf(authentications);
    }

    /** How many connections there were since the start. */
    public synchronized int connectionsSoFar() {
        return connectionsSoFar;
    }

    /** How many clients are connected. */
    public synchronized int connections() {
        return peers.size();
    }

    /** Waits for an open subscription of which this is true, and returns the newest. */
    public Request awaitRequest(java.util.function.Predicate<Request> condition) {
        return await("request", () -> {
            List<Request> open = openRequests();
            for (int i = open.size() - 1; i >= 0; i--) {
                if (condition.test(open.get(i))) {
                    return Optional.of(open.get(i));
                }
            }
            return Optional.empty();
        });
    }

    /** Waits until so many subscriptions were asked for since the start, and returns all of them. */
    public List<Request> awaitRequests(int count) {
        return await(count + " requests", () -> Optional.of(requests()).filter(all -> all.size() >= count));
    }

    /** Waits until the subscriptions that are open now are as wanted, and returns them. */
    public List<Request> awaitOpenRequests(java.util.function.Predicate<List<Request>> condition) {
        return await("open requests", () -> Optional.of(openRequests()).filter(condition));
    }

    /** Waits for an event that a client sent, or that was published. */
    public NostrEvent awaitEvent(java.util.function.Predicate<NostrEvent> condition) {
        return await("event", () -> received().stream().filter(condition).findFirst());
    }

    /** Waits until so many clients are connected. */
    public void awaitConnections(int count) {
        await(count + " connections", () -> Optional.of(connections()).filter(open -> open == count));
    }

    /** Waits until there were so many connections since the start. */
    public void awaitConnectionsSoFar(int count) {
        await("connection " + count, () -> Optional.of(connectionsSoFar()).filter(so -> so >= count));
    }

    private synchronized <T> T await(String what, Supplier<Optional<T>> look) {
        long deadline = System.nanoTime() + Inbox.PATIENCE.toNanos();
        while (true) {
            Optional<T> found = look.get();
            if (found.isPresent()) {
                return found.get();
            }
            long left = (deadline - System.nanoTime() + 999_999) / 1_000_000;
            if (left <= 0) {
                throw new AssertionError("no such " + what + " within " + Inbox.PATIENCE + ": " + connections()
                        + " connected, asked so far: " + requests);
            }
            try {
                wait(left);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting for " + what, interrupted);
            }
        }
    }

    /** Ends all connections and listens no more. */
    @Override
    public void close() {
        stop();
        outbox.shutdownNow();
    }

    // --- the relay itself

    private void listen() {
        QueuedThreadPool threads = new QueuedThreadPool(50, 4);
        threads.setName("test-relay");
        threads.setDaemon(true);
        Server starting = new Server(threads);
        ServerConnector connector = connector(starting);
        connector.setHost("127.0.0.1");
        synchronized (this) {
            connector.setPort(port);
        }
        starting.addConnector(connector);
        starting.setStopTimeout(0);
        starting.setHandler(WebSocketUpgradeHandler.from(starting, container -> {
            container.setMaxTextMessageSize(MAX_MESSAGE);
            container.setIdleTimeout(Duration.ZERO);
            container.addMapping("/*", (request, response, callback) -> new Peer());
        }));
        try {
            starting.start();
        } catch (Exception e) {
            throw new IllegalStateException("the relay does not start", e);
        }
        synchronized (this) {
            port = connector.getLocalPort();
            server = starting;
        }
    }

    private ServerConnector connector(Server of) {
        if (settings.tls == null) {
            return new ServerConnector(of, 1, 1);
        }
        SslContextFactory.Server identity = new SslContextFactory.Server();
        identity.setSslContext(settings.tls);
        HttpConfiguration http = new HttpConfiguration();
        http.addCustomizer(new SecureRequestCustomizer(false));
        return new ServerConnector(
                of, 1, 1, new SslConnectionFactory(identity, "http/1.1"), new HttpConnectionFactory(http));
    }

    private synchronized List<Peer> peers() {
        return List.copyOf(peers);
    }

    private void take(NostrEvent event) {
        received.add(event);
        if (!Kind.isEphemeral(event.kind())) {
            if (stored.containsKey(event.id()) || !replaceOlder(event)) {
                notifyAll();
                return;
            }
            stored.put(event.id(), event);
        }
        for (Peer peer : peers) {
            for (Open open : peer.open.values()) {
                if (matches(open.request, event) && peer.mayRead(event)) {
                    peer.send(new RelayMessage.Event(open.request.id, event));
                }
            }
        }
        notifyAll();
    }

    /** Removes what the event replaces; false when a newer one is there. */
    private boolean replaceOlder(NostrEvent event) {
        boolean addressable = Kind.isAddressable(event.kind());
        if (!addressable && !Kind.isReplaceable(event.kind())) {
            return true;
        }
        Optional<NostrEvent> former = stored.values().stream()
                .filter(other -> other.kind() == event.kind() && other.pubkey().equals(event.pubkey()))
                .filter(other -> !addressable || other.firstValue("d").equals(event.firstValue("d")))
                .findFirst();
        if (former.isPresent() && former.get().createdAt() > event.createdAt()) {
            return false;
        }
        former.ifPresent(older -> stored.remove(older.id()));
        return true;
    }

    private static boolean matches(Request request, NostrEvent event) {
        return request.filters.stream().anyMatch(filter -> filter.matches(event));
    }

    private static final Comparator<NostrEvent> NEWEST_FIRST =
            Comparator.comparingLong(NostrEvent::createdAt).reversed().thenComparing(NostrEvent::id);

    private List<NostrEvent> storedFor(Peer peer, Request request) {
        Set<NostrEvent> found = new LinkedHashSet<>();
        for (Filter filter : request.filters) {
            stored.values().stream()
                    .filter(event -> filter.matches(event) && peer.mayRead(event))
                    .sorted(NEWEST_FIRST)
                    .limit(Math.min(mostPerFilter, filter.limit().orElse(Integer.MAX_VALUE)))
                    .forEach(found::add);
        }
        return found.stream().sorted(NEWEST_FIRST).limit(mostPerRequest).toList();
    }

    private static final class Open {
        final Request request;
        boolean eoseSent;

        Open(Request request) {
            this.request = request;
        }
    }

    /** A client's connection. Public for Jetty alone, which looks its methods up. */
    public final class Peer extends Session.Listener.AbstractAutoDemanding {
        // All is guarded by the relay.
        private final Map<String, Open> open = new LinkedHashMap<>();
        private final Set<PublicKey> keys = new HashSet<>();
        private String challenge = "";
        private int number;
        // Set before the peer is in any list.
        private Session session;

        private Peer() {}

        @Override
        public void onWebSocketOpen(Session opened) {
            super.onWebSocketOpen(opened);
            session = opened;
            synchronized (TestRelay.this) {
                number = ++connectionsSoFar;
                challenge = "challenge-" + number;
                peers.add(this);
                if (settings.demandsAuth || !settings.hidden.isEmpty()) {
                    send(new RelayMessage.Auth(challenge));
                }
                TestRelay.this.notifyAll();
            }
        }

        @Override
        public void onWebSocketText(String text) {
            synchronized (TestRelay.this) {
                try {
                    answer(ClientMessage.parse(text));
                } catch (WireFormatException e) {
                    complain(e);
                }
                TestRelay.this.notifyAll();
            }
        }

        @Override
        public void onWebSocketClose(int status, @Nullable String reason, Callback callback) {
            leave();
            callback.succeed();
        }

        @Override
        public void onWebSocketError(Throwable cause) {
            leave();
        }

        private void leave() {
            synchronized (TestRelay.this) {
                peers.remove(this);
                TestRelay.this.notifyAll();
            }
        }

        private void answer(ClientMessage message) {
            if (message instanceof ClientMessage.Req req) {
                subscribe(new Request(number, req.subscription(), req.filters()));
            } else if (message instanceof ClientMessage.Count count) {
                send(new RelayMessage.Closed(count.subscription(), "unsupported: this relay does not count"));
            } else if (message instanceof ClientMessage.Close close) {
                open.remove(close.subscription());
            } else if (message instanceof ClientMessage.Event event) {
                publish(event.event());
            } else if (message instanceof ClientMessage.Auth auth) {
                authenticate(auth.event());
            } else {
                throw new AssertionError(message);
            }
        }

        private void complain(WireFormatException e) {
            String reason = "error: bad message: " + e.getMessage();
            if (e.defect() == WireDefect.BAD_FILTER && e.subscription().isPresent()) {
                send(new RelayMessage.Closed(e.subscription().get(), reason));
            } else if (e.defect() == WireDefect.BAD_EVENT && e.eventId().isPresent()) {
                send(new RelayMessage.Ok(e.eventId().get(), false, "invalid: " + e.getMessage()));
            } else {
                send(new RelayMessage.Notice(reason));
            }
        }

        private void subscribe(Request request) {
            requests.add(request);
            open.remove(request.id);
            Optional<String> refused = refusalOf(request);
            if (refused.isPresent()) {
                send(new RelayMessage.Closed(request.id, refused.get()));
                return;
            }
            Open subscription = new Open(request);
            open.put(request.id, subscription);
            storedFor(this, request).forEach(event -> send(new RelayMessage.Event(request.id, event)));
            if (!eoseWithheld) {
                eose(subscription);
            }
        }

        private Optional<String> refusalOf(Request request) {
            Optional<String> scripted = refusal.apply(request);
            if (scripted.isPresent()) {
                return scripted;
            }
            if (settings.strict
                    && !(request.values('e').stream().allMatch(EventId::isValid)
                            && request.values('p').stream().allMatch(PublicKey::isValid))) {
                return Optional.of("error: bad req: uneven size input to from_hex");
            }
            if (settings.demandsAuth && keys.isEmpty()) {
                return Optional.of("auth-required: say who you are");
            }
            boolean onlyHidden = request.filters.stream()
                    .allMatch(filter ->
                            filter.kinds().map(settings.hidden::containsAll).orElse(false));
            if (!settings.hidden.isEmpty() && onlyHidden && keys.isEmpty()) {
                return Optional.of("auth-required: only for those involved");
            }
            return Optional.empty();
        }

        private void eose(Open subscription) {
            if (!subscription.eoseSent) {
                subscription.eoseSent = true;
                send(new RelayMessage.Eose(subscription.request.id));
            }
        }

        private boolean mayRead(NostrEvent event) {
            return !settings.hidden.contains(event.kind())
                    || keys.contains(event.pubkey())
                    || keys.stream().anyMatch(settings.exempt::contains)
                    || keys.stream().anyMatch(key -> event.values("p").contains(key.hex()));
        }

        private void publish(NostrEvent event) {
            if (settings.demandsAuth && keys.isEmpty()) {
                send(new RelayMessage.Ok(event.id(), false, "auth-required: say who you are"));
            } else if (!event.hasValidId() || !curve.verify(event)) {
                send(new RelayMessage.Ok(event.id(), false, "invalid: id or signature"));
            } else {
                boolean known = stored.containsKey(event.id());
                take(event);
                send(new RelayMessage.Ok(event.id(), true, known ? "duplicate: seen before" : ""));
            }
        }

        private void authenticate(NostrEvent event) {
            boolean here = event.firstValue("relay")
                    .flatMap(RelayUrl::parse)
                    .filter(url()::equals)
                    .isPresent();
            boolean fresh = Duration.between(Instant.ofEpochSecond(event.createdAt()), Instant.now())
                            .abs()
                            .compareTo(AUTH_WINDOW)
                    <= 0;
            boolean good = event.kind() == Kind.CLIENT_AUTH
                    && here
                    && fresh
                    && event.firstValue("challenge").filter(challenge::equals).isPresent()
                    && event.hasValidId()
                    && curve.verify(event);
            if (good) {
                keys.add(event.pubkey());
                authentications.add(event);
            }
            send(new RelayMessage.Ok(event.id(), good, good ? "" : "invalid: not an answer to the challenge"));
        }

        private void send(RelayMessage message) {
            send(message.toJson());
        }

        private void send(String text) {
            // One thread sends, so that the order stays when the delay changes.
            outbox.schedule(() -> session.sendText(text, Callback.NOOP), delay.toNanos(), TimeUnit.NANOSECONDS);
        }
    }
}
