package dev.nippush;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.AddressRule;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.ControlLimits;
import dev.nippush.control.Outcome;
import dev.nippush.crypto.KeyPair;
import dev.nippush.crypto.Secp256k1;
import dev.nippush.event.Filter;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.store.InMemoryPushStore;
import dev.nippush.store.PushStore;
import dev.nippush.time.EngineTime;
import dev.nippush.transport.NotificationComposer;
import dev.nippush.transport.PushLimit;
import dev.nippush.transport.PushTransport;
import dev.nippush.transport.RetryPolicy;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A push server for Nostr, without a network of its own: hand it events and transports, and it pushes to the devices of
 * clients what they would have missed.
 *
 * <p>Clients register with encrypted events of kind 22456: a device, kinds of events, relays. While a client sends
 * heartbeats, what is for it is held, and dropped by the next one; once it says that it is offline, or falls silent, that
 * is pushed. What is pushed ends once per event and device, whatever is delivered twice, retried, or interrupted by a
 * crash, as far as the {@linkplain Builder#store store} survives it.
 *
 * <p>Make one with {@link #builder}, and hand it at least one transport. {@link #start} begins; before it there is no
 * thread. Then hand over every event that you see, from your own connections or from a {@link RelayGateway}: {@link
 * #accept} sorts out what is a control message, what somebody wants, and what is neither.
 *
 * <p>The engine works on a few threads of its own, or on an executor of yours. {@code accept} never blocks and never
 * throws for what a stranger sent. It answers {@link Outcome.Busy} when too much is inside; the same event may be handed
 * over again then.
 *
 * <p>{@link #close} takes no more events, finishes those it has, waits a few seconds for sends in flight, and ends its
 * threads; what is still owed stays in the store. It closes nothing that it was handed: transports, store and gateway
 * are the caller's.
 *
 * <p>Safe for use by any number of threads.
 */
public final class NipPush implements AutoCloseable {

    /** How long a heartbeat counts, unless another time is set: two and a half of the usual intervals. */
    public static final Duration DEFAULT_HEARTBEAT_TIMEOUT = Duration.ofSeconds(150);

    /** For how long a registration is kept without a sign of life. */
    public static final Duration DEFAULT_RETENTION = Duration.ofDays(60);

    /** How many devices an account may have; the least recently registered one goes first. */
    public static final int MAX_DEVICES_PER_ACCOUNT = 5;

    /** How long {@link #close} waits for what is under way. */
    public static final Duration CLOSE_PATIENCE = Duration.ofSeconds(6);

    private static final Duration SHORTEST_HEARTBEAT_TIMEOUT = Duration.ofSeconds(1);

    private static final Logger log = LoggerFactory.getLogger(NipPush.class);

    private final PublicKey publicKey;
    private final EngineThreads threads;
    private final EngineTime time;
    private final Engine engine;
    private @Nullable CompletableFuture<Void> started;
    private @Nullable CompletableFuture<Void> stopped;

    private NipPush(Builder builder) {
        this.publicKey = builder.keyPair.publicKey();
        this.threads = new EngineThreads();
        this.time = builder.time != null ? builder.time : EngineTime.system(threads.timers());
        Executor executor = builder.executor != null ? builder.executor : threads.workers();
        PushStore store = builder.store != null ? builder.store : new InMemoryPushStore();
        this.engine = new Engine(builder, time, executor, store);
    }

    /**
     * Begins a description of an engine.
     *
     * <p>With nothing else set it has no transport, and cannot be built; it keeps everything in memory, uses the generic
     * notification texts, takes heartbeats for 150 s, retries for 24 h, and gives a device to the account that registered
     * it last.
     *
     * @param keyPair the server's identity: clients encrypt to it. Whoever has it can read their registrations
     */
    public static Builder builder(KeyPair keyPair) {
        return new Builder(keyPair);
    }

    /**
     * Reads the store, resumes what is owed, and opens the door. Calling it again returns the same stage.
     *
     * @return completes when events are taken; exceptionally when the store cannot be read
     */
    public CompletionStage<Void> start() {
        synchronized (this) {
            if (stopped != null) {
                return CompletableFuture.failedStage(new IllegalStateException("the engine is closed"));
            }
            if (started != null) {
                return started.minimalCompletionStage();
            }
            started = new CompletableFuture<>();
        }
        CompletableFuture<Void> begun = started;
        // A store that throws instead of failing its stage must not leave the start without an end.
        CompletableFuture.completedFuture(null)
                .thenCompose(any -> engine.start())
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        begun.completeExceptionally(failure);
                    } else {
                        begun.complete(null);
                    }
                });
        return begun.minimalCompletionStage();
    }

    /**
     * Takes one event as JSON.
     *
     * @param json the event as NIP-01 writes it, without the message around it
     * @param source who delivered it: it decides whether control messages are read, and for whom an event counts
     * @return completes with what became of it, when whatever has to survive is on disk; on a thread of the engine, or on
     *     the caller's when there was nothing to wait for. Never exceptionally, but for a bug of the engine
     */
    public CompletionStage<Outcome> accept(String json, Source source) {
        return engine.accept(requireNonNull(json, "json"), requireNonNull(source, "source"));
    }

    /** Takes one event that was parsed already; otherwise as {@link #accept(String, Source)}. */
    public CompletionStage<Outcome> accept(NostrEvent event, Source source) {
        return engine.accept(requireNonNull(event, "event"), requireNonNull(source, "source"));
    }

    /** What to ask a relay for to get the control messages for this server. */
    public Filter controlFilter() {
        return engine.controlFilter();
    }

    /** Whom clients address their control messages to. */
    public PublicKey publicKey() {
        return publicKey;
    }

    /**
     * Says whether a relay streams its events in by the host. While one does, clients are heard, even if no home relay is
     * connected. Only of use with home relays; false until it is called.
     */
    public void feeding(boolean connected) {
        engine.feeding(connected);
    }

    /** How the engine is doing. */
    public EngineStatus status() {
        return engine.status();
    }

    /**
     * Ends, without waiting: takes no more events, finishes those it has, lets sends in flight land.
     *
     * @return completes when all of that is on disk, or after {@link #CLOSE_PATIENCE}; what is owed then stays in the
     *     store
     */
    public CompletionStage<Void> stop() {
        CompletableFuture<Void> ended;
        synchronized (this) {
            if (stopped != null) {
                return stopped.minimalCompletionStage();
            }
            ended = new CompletableFuture<>();
            stopped = ended;
        }
        EngineTime.Timer patience = time.schedule(CLOSE_PATIENCE, () -> {
            engine.halt();
            if (ended.complete(null)) {
                log.warn(
                        "Some work was not finished in {} s; what is owed stays in the store",
                        CLOSE_PATIENCE.toSeconds());
            }
        });
        CompletionStage<?> begun = started == null ? CompletableFuture.completedStage(null) : started;
        begun.handle((any, failure) -> failure)
                .thenCompose(failure -> failure == null && started != null
                        ? engine.stop()
                        : CompletableFuture.<Void>completedStage(null))
                .whenComplete((done, failure) -> {
                    patience.cancel();
                    if (failure != null) {
                        log.error("Closing failed", failure);
                    }
                    ended.complete(null);
                });
        return ended.whenComplete((done, never) -> threads.end()).minimalCompletionStage();
    }

    /** Ends, and waits for it: see {@link #stop}. Not to be called on a thread of the engine. */
    @Override
    public void close() {
        try {
            stop().toCompletableFuture().get(CLOSE_PATIENCE.toMillis() + 1_000, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            log.warn("The engine did not end in time");
        } catch (ExecutionException e) {
            log.error("The engine did not end well", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Describes an engine. Each setter checks its argument at once and returns the builder. Not safe for use by several
     * threads.
     */
    public static final class Builder {

        final KeyPair keyPair;
        final Map<PushTransport, Privacy> transports = new LinkedHashMap<>();
        List<RelayUrl> homeRelays = List.of();
        List<String> apnsTopics = List.of();

        @Nullable
        RelayGateway relays;

        @Nullable
        PushStore store;

        @Nullable
        EngineTime time;

        @Nullable
        Executor executor;

        @Nullable
        AddressRule addressRule;

        NotificationComposer composer = NotificationComposer.generic();
        PushListener listener = new PushListener() {};
        Secp256k1 secp256k1 = Secp256k1.bouncyCastle();
        RandomGenerator random = new Random();
        RetryPolicy retryPolicy = RetryPolicy.standard();
        PushLimit pushLimit = PushLimit.standard();
        ControlLimits controlLimits = ControlLimits.standard();
        Duration heartbeatTimeout = DEFAULT_HEARTBEAT_TIMEOUT;
        Duration retention = DEFAULT_RETENTION;
        int accountsPerDevice = 1;

        private Builder(KeyPair keyPair) {
            this.keyPair = requireNonNull(keyPair, "keyPair");
        }

        private Builder(Builder of) {
            this.keyPair = of.keyPair.with(of.secp256k1);
            this.transports.putAll(of.transports);
            this.homeRelays = of.homeRelays;
            this.apnsTopics = of.apnsTopics;
            this.relays = of.relays;
            this.store = of.store;
            this.time = of.time;
            this.executor = of.executor;
            this.addressRule = of.addressRule;
            this.composer = of.composer;
            this.listener = of.listener;
            this.secp256k1 = of.secp256k1;
            this.random = of.random;
            this.retryPolicy = of.retryPolicy;
            this.pushLimit = of.pushLimit;
            this.controlLimits = of.controlLimits;
            this.heartbeatTimeout = of.heartbeatTimeout;
            this.retention = of.retention;
            this.accountsPerDevice = of.accountsPerDevice;
        }

        /** Adds a transport. The first one that serves a device gets its pushes. At least one is needed. */
        public Builder transport(PushTransport transport) {
            return transport(transport, Privacy.MINIMAL);
        }

        /**
         * Adds a transport, and says how much its provider may learn at most; a client may ask for less. Without it:
         * {@link Privacy#MINIMAL}.
         */
        public Builder transport(PushTransport transport, Privacy atMost) {
            transports.put(requireNonNull(transport, "transport"), requireNonNull(atMost, "atMost"));
            return this;
        }

        /** Who brings events from relays; none by default: the host hands them over. */
        public Builder relays(RelayGateway gateway) {
            this.relays = requireNonNull(gateway, "gateway");
            return this;
        }

        /** Relays that control messages are read from, and whose events count for every account; none by default. */
        public Builder homeRelays(List<RelayUrl> urls) {
            this.homeRelays = List.copyOf(new LinkedHashSet<>(urls));
            return this;
        }

        /** Where registrations and pushes survive; an {@link InMemoryPushStore} by default. */
        public Builder store(PushStore store) {
            this.store = requireNonNull(store, "store");
            return this;
        }

        /** What devices are shown; the {@linkplain NotificationComposer#generic() generic} texts by default. */
        public Builder composer(NotificationComposer composer) {
            this.composer = requireNonNull(composer, "composer");
            return this;
        }

        /** Who watches; nobody by default. */
        public Builder listener(PushListener listener) {
            this.listener = requireNonNull(listener, "listener");
            return this;
        }

        /** The curve; BouncyCastle's by default. */
        public Builder secp256k1(Secp256k1 curve) {
            this.secp256k1 = requireNonNull(curve, "curve");
            return this;
        }

        /** The clocks and timers; the system's by default. */
        public Builder time(EngineTime time) {
            this.time = requireNonNull(time, "time");
            return this;
        }

        /** Where the engine works; by default on threads of its own, one per core and two at least. */
        public Builder executor(Executor executor) {
            this.executor = requireNonNull(executor, "executor");
            return this;
        }

        /** Spreads retries; safe for use by several threads, as {@link Random} is, which is the default. */
        public Builder random(RandomGenerator random) {
            this.random = requireNonNull(random, "random");
            return this;
        }

        /** How long a heartbeat counts, 1 s or more; {@link #DEFAULT_HEARTBEAT_TIMEOUT} by default. */
        public Builder heartbeatTimeout(Duration timeout) {
            if (timeout.compareTo(SHORTEST_HEARTBEAT_TIMEOUT) < 0) {
                throw new IllegalArgumentException("heartbeatTimeout must be 1 s or more: " + timeout);
            }
            this.heartbeatTimeout = timeout;
            return this;
        }

        /**
         * After how long without a sign of life an account's registration, with its devices, is forgotten. A sign of life is any
         * control message; a device that its provider reports as gone is forgotten at once. Default:
         * {@link #DEFAULT_RETENTION}; 1 day or more.
         */
        public Builder retention(Duration time) {
            if (time.compareTo(Duration.ofDays(1)) < 0) {
                throw new IllegalArgumentException("retention must be 1 day or more: " + time);
            }
            this.retention = time;
            return this;
        }

        /** When pushes are tried again, and for how long; {@link RetryPolicy#standard()} by default. */
        public Builder retryPolicy(RetryPolicy policy) {
            this.retryPolicy = requireNonNull(policy, "policy");
            return this;
        }

        /** How many pushes a device gets before they are folded; {@link PushLimit#standard()} by default. */
        public Builder pushLimit(PushLimit limit) {
            this.pushLimit = requireNonNull(limit, "limit");
            return this;
        }

        /**
         * The APNs topics (bundle ids) that device ids may begin with; the first is that of ids without one. None by
         * default: then any topic is taken.
         */
        public Builder apnsTopics(List<String> topics) {
            // Made for its checks: the engine makes its own.
            new DeviceAddressReader(topics);
            this.apnsTopics = List.copyOf(topics);
            return this;
        }

        /**
         * How many accounts may share a device, 1 or more. With 1, the default, it belongs to the account that registered
         * it last; with more, the next account is refused.
         */
        public Builder accountsPerDevice(int accounts) {
            if (accounts < 1) {
                throw new IllegalArgumentException("accountsPerDevice must be 1 or more: " + accounts);
            }
            this.accountsPerDevice = accounts;
            return this;
        }

        /** Which relays clients may name; by default public addresses and the home relays. */
        public Builder addressRule(AddressRule rule) {
            this.addressRule = requireNonNull(rule, "rule");
            return this;
        }

        /** How much of a control message is read; {@link ControlLimits#standard()} by default. */
        public Builder controlLimits(ControlLimits limits) {
            this.controlLimits = requireNonNull(limits, "limits");
            return this;
        }

        AddressRule addressRule() {
            return addressRule != null ? addressRule : AddressRule.of(List.of(), homeRelays, List.of());
        }

        /** Makes the engine; the builder may be used again. */
        public NipPush build() {
            if (transports.isEmpty()) {
                throw new IllegalStateException("no transport: hand the builder at least one, see transport(…)");
            }
            if (!homeRelays.isEmpty() && relays == null) {
                throw new IllegalStateException("home relays need a gateway that connects to them, see relays(…)");
            }
            return new NipPush(new Builder(this));
        }
    }
}
