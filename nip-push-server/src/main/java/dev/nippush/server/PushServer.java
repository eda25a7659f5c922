package dev.nippush.server;

import dev.nippush.EngineStatus;
import dev.nippush.NipPush;
import dev.nippush.PushListener;
import dev.nippush.address.AddressRule;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.PublicKey;
import dev.nippush.jdbc.JdbcPushStore;
import dev.nippush.relay.RelayPool;
import dev.nippush.transport.NotificationComposer;
import dev.nippush.unifiedpush.VapidKey;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A whole server: endpoint, relay connections, engine and transports, wired, and ended in the right order. */
final class PushServer {

    /** How often a start that takes long says so. */
    private static final Duration START_NEWS = Duration.ofSeconds(10);

    private static final Duration LAST_ANSWERS = Duration.ofSeconds(1);
    private static final Logger LOG = LoggerFactory.getLogger(PushServer.class);

    private final InetSocketAddress address;
    private final Optional<VapidKey> vapid;
    private final Health health;
    private final Endpoint endpoint;
    private final RelayPool relays;
    private final NipPush engine;
    private final Transports transports;
    private final JdbcPushStore store;

    private PushServer(
            InetSocketAddress address,
            Optional<VapidKey> vapid,
            Health health,
            Endpoint endpoint,
            RelayPool relays,
            NipPush engine,
            Transports transports,
            JdbcPushStore store) {
        this.address = address;
        this.vapid = vapid;
        this.health = health;
        this.endpoint = endpoint;
        this.relays = relays;
        this.engine = engine;
        this.transports = transports;
        this.store = store;
    }

    /**
     * Starts a server. Events are taken when it returns.
     *
     * @param out where pushes are printed, in the absence of transports
     * @param listener watches the engine
     * @throws ConfigException when a file that the configuration names does not hold what it should
     * @throws Failure when the port or the store cannot be used
     */
    static PushServer start(ServerConfig config, KeyPair identity, PrintWriter out, PushListener listener)
            throws ConfigException, Failure {
        Optional<VapidKey> vapid = Keys.vapid(config);
        Health health = new Health();
        Endpoint endpoint = new Endpoint(
                config.listen(),
                identity.publicKey(),
                vapid.map(VapidKey::applicationServerKey),
                Version.text(),
                health);
        try {
            InetSocketAddress address = bind(config, endpoint);
            JdbcPushStore store = Stores.open(config);
            try {
                return start(config, identity, vapid, out, listener, health, endpoint, address, store);
            } catch (ConfigException | Failure | RuntimeException e) {
                store.close();
                throw e;
            }
        } catch (ConfigException | Failure | RuntimeException e) {
            endpoint.close();
            throw e;
        }
    }

    private static PushServer start(
            ServerConfig config,
            KeyPair identity,
            Optional<VapidKey> vapid,
            PrintWriter out,
            PushListener listener,
            Health health,
            Endpoint endpoint,
            InetSocketAddress address,
            JdbcPushStore store)
            throws ConfigException, Failure {
        Transports transports = Transports.of(config, vapid, health, List.of(address), out);
        AddressRule rule =
                AddressRule.of(config.relays().allow(), config.relays().home(), List.of(address));
        RelayPool relays =
                RelayPool.builder().addressRule(rule).keyPair(identity).build();
        NipPush.Builder builder = NipPush.builder(identity)
                .relays(relays)
                .homeRelays(config.relays().home())
                .addressRule(rule)
                .listener(listener)
                .store(store)
                .retention(config.retention())
                .heartbeatTimeout(config.heartbeatTimeout())
                .retryPolicy(config.retryPolicy())
                .pushLimit(config.pushLimit())
                .composer(NotificationComposer.generic(config.language()))
                .apnsTopics(config.apns().map(ServerConfig.Apns::topics).orElse(List.of()))
                .accountsPerDevice(config.accountsPerDevice());
        transports.all().forEach(builder::transport);
        NipPush engine = builder.build();
        PushServer server = new PushServer(address, vapid, health, endpoint, relays, engine, transports, store);
        health.watch(() -> reasons(engine.status()));
        try {
            await(engine.start().toCompletableFuture());
            endpoint.start(engine::accept, feeders -> engine.feeding(feeders > 0));
        } catch (IOException e) {
            server.stop(LAST_ANSWERS);
            throw new Failure("cannot listen on " + config.listen().address(), e);
        } catch (Failure e) {
            server.stop(LAST_ANSWERS);
            throw e;
        }
        transports.warmUp();
        return server;
    }

    private static InetSocketAddress bind(ServerConfig config, Endpoint endpoint) throws Failure {
        try {
            return endpoint.bind();
        } catch (IOException e) {
            throw new Failure("cannot listen on " + config.listen().address(), e);
        }
    }

    private static List<String> reasons(EngineStatus status) {
        if (status.replaced()) {
            return List.of("store: another server has taken it over, and does the work now");
        }
        List<String> reasons = new ArrayList<>();
        if (!status.open()) {
            reasons.add("engine: closing");
        }
        if (!status.hearing()) {
            reasons.add("relays: no home relay is connected, and no feeder");
        }
        if (!status.storeWorks()) {
            reasons.add("store: it cannot be written or read");
        }
        status.parked()
                .forEach((transport, refusal) ->
                        reasons.add(transport + ": the provider refuses our credentials. " + refusal.explained()));
        return reasons;
    }

    /** Where it listens, with the port that the system chose. */
    InetSocketAddress address() {
        return address;
    }

    PublicKey publicKey() {
        return engine.publicKey();
    }

    /** Where registrations and pushes are kept, without anything secret. */
    String store() {
        return store.location();
    }

    /** What web apps subscribe with, base64url; empty when nothing is pushed to them. */
    Optional<String> vapidKey() {
        return vapid.map(VapidKey::applicationServerKey);
    }

    /** Whether nothing keeps it from its work. */
    boolean isReady() {
        return health.reasons().isEmpty();
    }

    /**
     * Ends the server: reads nothing more, finishes what it has, lets sends in flight land, answers what it can.
     *
     * @param patience how long all of that may take
     * @return whether all was finished
     */
    boolean stop(Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        endpoint.pause();
        CompletableFuture<Void> disconnected = CompletableFuture.runAsync(relays::close);
        CompletableFuture<Void> finished = engine.stop().toCompletableFuture();
        boolean clean = ended(finished, deadline, "the engine");
        endpoint.close(LAST_ANSWERS);
        clean &= ended(disconnected, deadline, "the relay connections");
        // Requests without an answer may keep them; what these were for is owed, which is no failure.
        CompletableFuture<Void> silent = CompletableFuture.runAsync(transports::close);
        // What the others had still to say is in it.
        clean &= ended(CompletableFuture.runAsync(store::close), deadline, "the store");
        silent.completeOnTimeout(null, LAST_ANSWERS.toMillis(), TimeUnit.MILLISECONDS);
        return clean & ended(silent, deadline, "the transports");
    }

    private static boolean ended(CompletableFuture<Void> ending, long deadline, String what) {
        try {
            ending.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            LOG.warn("{} did not end in time", what);
        } catch (ExecutionException e) {
            LOG.warn("{} did not end well", what, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    /** Waits for as long as it takes: a store may be large. */
    private static void await(CompletableFuture<Void> started) throws Failure {
        try {
            while (true) {
                try {
                    started.get(START_NEWS.toMillis(), TimeUnit.MILLISECONDS);
                    return;
                } catch (TimeoutException e) {
                    LOG.info("still reading the store");
                }
            }
        } catch (ExecutionException e) {
            throw new Failure("the store cannot be used", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure("interrupted while starting");
        }
    }
}
