package dev.nippush.relay;

import static java.util.Objects.requireNonNull;

import dev.nippush.RelayFeed;
import dev.nippush.RelayGateway;
import dev.nippush.account.InterestChange;
import dev.nippush.address.AddressRule;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.TlsTrust;
import dev.nippush.crypto.KeyPair;
import dev.nippush.time.EngineTime;
import java.net.Proxy;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out the interests of the engine's accounts over WebSocket connections to relays.
 *
 * <p>It connects to every home relay, where it asks for control messages, and to every relay that an account names. Each
 * relay is asked for what all its accounts want together: the first change is sent at once, those of the next second
 * together. Direct messages are asked for in REQs of their own, so that a relay that refuses them still serves the rest.
 * A connection that breaks is made anew after 0.5 s at most, and up to a minute when it keeps failing. Each relay is
 * asked for what it stored since it was last read, by this start or an earlier one, less ten minutes, and for gift wraps less
 * two days more, by which they may be dated back. Where it cuts its answer, the rest is asked for in up to 20 pages.
 *
 * <p>Relays are strangers. Addresses are checked by the {@link AddressRule}; messages of more than 512 KiB, and more than
 * a hundred bad ones, cost a relay its connection; no redirect is followed, no proxy used, no compression taken. A relay
 * that sends faster than the engine takes is not read meanwhile. With a {@link Builder#keyPair} a challenge (NIP-42) is
 * answered, toward any relay, but only after that relay has refused a REQ for want of it: the answer tells the relay the
 * server's public key, which its users name in their control messages anyway, and nothing of its accounts.
 *
 * <p>It has one thread of its own from {@link #start} on, one for each connection, and OkHttp's. Safe for use by any
 * number of threads.
 */
public final class RelayPool implements RelayGateway {

    /** The default of {@link Builder#maxRelays}. */
    public static final int DEFAULT_MAX_RELAYS = 500;

    /** The default of {@link Builder#pingInterval}. */
    public static final Duration DEFAULT_PING_INTERVAL = Duration.ofSeconds(30);

    // Ten minutes are asked for twice after a connection: one that broke unnoticed has to be found sooner.
    private static final Duration MOST_PING_INTERVAL = Duration.ofMinutes(4);
    // Each has a thread.
    private static final int MOST_RELAYS = 10_000;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration GOODBYE = Duration.ofMillis(500);
    private static final Duration LAST_WAIT = Duration.ofSeconds(2);

    /** How often the engine is told how far relays were read. */
    static final Duration REPORTING = Duration.ofSeconds(50);

    private static final Logger LOG = LoggerFactory.getLogger(RelayPool.class);

    private final Builder settings;
    private final Map<RelayUrl, Link> links = new ConcurrentSkipListMap<>();
    private volatile @Nullable Running running;
    private boolean closed;

    private RelayPool(Builder settings) {
        this.settings = settings;
    }

    /** Returns a builder; untouched it makes a pool for public relays that does not answer challenges. */
    public static Builder builder() {
        return new Builder();
    }

    /** Describes a pool. For one thread. */
    public static final class Builder {
        private AddressRule addressRule = AddressRule.strict();
        private TlsTrust trust = TlsTrust.platform();
        private int maxRelays = DEFAULT_MAX_RELAYS;
        private Duration pingInterval = DEFAULT_PING_INTERVAL;
        private @Nullable KeyPair keyPair;
        private @Nullable EngineTime time;
        private RandomGenerator random = RandomGenerator.getDefault();

        private Builder() {}

        private Builder(Builder from) {
            addressRule = from.addressRule;
            trust = from.trust;
            maxRelays = from.maxRelays;
            pingInterval = from.pingInterval;
            keyPair = from.keyPair;
            time = from.time;
            random = from.random;
        }

        /**
         * Where connections may lead. Home relays elsewhere than on the public Internet must be known to the rule. Default
         * {@link AddressRule#strict()}.
         */
        public Builder addressRule(AddressRule addressRule) {
            this.addressRule = requireNonNull(addressRule);
            return this;
        }

        /** Trusts these certificates, and what they signed, and no others. Default: what the platform trusts. */
        public Builder trustedCertificates(Collection<X509Certificate> certificates) {
            trust = TlsTrust.only(certificates);
            return this;
        }

        /**
         * How many relays are connected at once, 1 to 10,000; further ones wait until one is left, or fails for long. Home
         * relays never wait. Default {@value RelayPool#DEFAULT_MAX_RELAYS}.
         */
        public Builder maxRelays(int maxRelays) {
            if (maxRelays < 1 || maxRelays > MOST_RELAYS) {
                throw new IllegalArgumentException("maxRelays must be 1 to " + MOST_RELAYS + ": " + maxRelays);
            }
            this.maxRelays = maxRelays;
            return this;
        }

        /**
         * How often a relay is pinged, 1 s to 4 min; one that has not answered by the next ping is given up. Default
         * {@link RelayPool#DEFAULT_PING_INTERVAL}.
         */
        public Builder pingInterval(Duration pingInterval) {
            if (pingInterval.compareTo(Duration.ofSeconds(1)) < 0 || pingInterval.compareTo(MOST_PING_INTERVAL) > 0) {
                throw new IllegalArgumentException("pingInterval must be 1 s to 4 min: " + pingInterval);
            }
            this.pingInterval = pingInterval;
            return this;
        }

        /** Whom to answer challenges as (NIP-42). Default: nobody, they are not answered. */
        public Builder keyPair(KeyPair keyPair) {
            this.keyPair = requireNonNull(keyPair);
            return this;
        }

        /** The clocks and timers for all pauses but pings. Default: the system's, on the pool's own thread. */
        public Builder time(EngineTime time) {
            this.time = requireNonNull(time);
            return this;
        }

        /** Where the jitter of pauses comes from; used by the pool's own thread only. Default: the platform's. */
        public Builder random(RandomGenerator random) {
            this.random = requireNonNull(random);
            return this;
        }

        /** Makes the pool. It does nothing before {@link RelayPool#start}. */
        public RelayPool build() {
            return new RelayPool(new Builder(this));
        }
    }

    @Override
    public synchronized void start(RelayFeed feed) {
        if (closed || running != null) {
            throw new IllegalStateException(closed ? "the pool is closed" : "the pool was started before");
        }
        Running starting = new Running(settings, feed, links);
        running = starting;
        starting.begin(feed.homeRelays());
    }

    @Override
    public void changed(InterestChange change) {
        requireNonNull(change);
        Running now = running;
        if (now == null) {
            throw new IllegalStateException("the pool was not started");
        }
        now.execute(() -> now.change(change));
    }

    /** Returns how each relay was doing a moment ago, in the order of their URLs. Empty before the start and after the end. */
    public List<RelayState> states() {
        return links.values().stream().map(Link::state).toList();
    }

    @Override
    public void close() {
        Running ending;
        synchronized (this) {
            closed = true;
            ending = running;
        }
        if (ending != null) {
            ending.end();
        }
    }

    private static ThreadFactory daemons(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    private static OkHttpClient client(Builder settings) {
        ExecutorService readers = new ThreadPoolExecutor(
                0, Integer.MAX_VALUE, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), daemons("nip-push-relay"));
        Dispatcher dispatcher = new Dispatcher(readers);
        // Twice, for connections that are being closed. A WebSocket counts for as long as it is open, and one too many
        // would wait without a word.
        dispatcher.setMaxRequests(2 * settings.maxRelays + 64);
        dispatcher.setMaxRequestsPerHost(dispatcher.getMaxRequests());
        return new OkHttpClient.Builder()
                .dispatcher(dispatcher)
                .connectionPool(new ConnectionPool(0, 1, TimeUnit.SECONDS))
                .proxy(Proxy.NO_PROXY)
                .followRedirects(false)
                .followSslRedirects(false)
                .connectTimeout(CONNECT_TIMEOUT)
                .callTimeout(HANDSHAKE_TIMEOUT)
                .pingInterval(settings.pingInterval)
                .addInterceptor(new PlainHandshake())
                .sslSocketFactory(settings.trust.sockets(), settings.trust.manager())
                .build();
    }

    /** The pool between start and end. Its state belongs to its thread. */
    private static final class Running implements Link.Pool {
        private final int maxRelays;
        private final Map<RelayUrl, Link> links;
        private final ScheduledThreadPoolExecutor thread;
        private final OkHttpClient client;
        private final FeedDoor door;
        private final Link.Shared shared;
        // In the order in which they came to wait.
        private final Set<Link> waiting = new LinkedHashSet<>();
        private final Set<Link> connecting = ConcurrentHashMap.newKeySet();
        private boolean hearing;
        private boolean knowsAccounts;

        Running(Builder settings, RelayFeed feed, Map<RelayUrl, Link> links) {
            this.maxRelays = settings.maxRelays;
            this.links = links;
            this.thread = new ScheduledThreadPoolExecutor(1, daemons("nip-push-relays"));
            thread.setRemoveOnCancelPolicy(true);
            thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
            this.client = client(settings);
            this.door = new FeedDoor(feed);
            this.shared = new Link.Shared(
                    door,
                    feed.controlFilter(),
                    settings.time == null ? EngineTime.system(thread) : settings.time,
                    settings.random,
                    this::execute,
                    client,
                    settings.addressRule,
                    Optional.ofNullable(settings.keyPair));
        }

        void execute(Runnable task) {
            try {
                thread.execute(() -> {
                    try {
                        task.run();
                    } catch (RuntimeException e) {
                        LOG.error("a task of the relay pool failed", e);
                    }
                });
            } catch (RejectedExecutionException e) {
                // Only after the end, when nothing is left to do.
                LOG.trace("the relay pool has ended", e);
            }
        }

        void begin(List<RelayUrl> homeRelays) {
            execute(() -> {
                for (RelayUrl relay : new LinkedHashSet<>(homeRelays)) {
                    Link link = new Link(relay, true, shared, this);
                    links.put(relay, link);
                    admit(link);
                }
            });
            reportLater();
        }

        private void reportLater() {
            shared.time()
                    .schedule(
                            REPORTING,
                            () -> execute(() -> {
                                knowsAccounts = true;
                                links.values().forEach(Link::report);
                                reportLater();
                            }));
        }

        @Override
        public boolean knowsAccounts() {
            return knowsAccounts;
        }

        void change(InterestChange change) {
            Link known = links.get(change.relay());
            if (known != null) {
                known.change(change);
                if (known.isWaiting() && known.isUnwanted()) {
                    waiting.remove(known);
                    links.remove(known.relay);
                }
            } else if (change.after().isPresent()) {
                Link link = new Link(change.relay(), false, shared, this);
                links.put(change.relay(), link);
                link.change(change);
                if (connecting.size() < maxRelays) {
                    admit(link);
                } else {
                    waiting.add(link);
                }
            }
        }

        private void admit(Link link) {
            connecting.add(link);
            link.start();
        }

        private void admitNext() {
            while (connecting.size() < maxRelays && !waiting.isEmpty()) {
                Link next = waiting.iterator().next();
                waiting.remove(next);
                admit(next);
            }
        }

        @Override
        public void hearingChanged() {
            boolean now = links.values().stream().anyMatch(Link::hears);
            if (now != hearing) {
                hearing = now;
                LOG.info(now ? "control messages are being read" : "no home relay is connected");
                door.hearing(now);
            }
        }

        @Override
        public void abandoned(Link link) {
            links.remove(link.relay);
            connecting.remove(link);
            admitNext();
        }

        @Override
        public void hopeless(Link link) {
            if (!waiting.isEmpty()) {
                link.stop();
                connecting.remove(link);
                waiting.add(link);
                admitNext();
            }
        }

        /** Tells how far relays were read, so that the next start asks for what came later. */
        private void reportNow() {
            CompletableFuture<Void> reported = new CompletableFuture<>();
            execute(() -> {
                links.values().forEach(Link::report);
                reported.complete(null);
            });
            try {
                reported.get(GOODBYE.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException | TimeoutException e) {
                // The next start asks for more than it need.
                LOG.debug("the pool ends without having told how far relays were read", e);
            }
        }

        void end() {
            reportNow();
            // Before all else, so that nothing is handed over from here on, whatever a thread is about to do.
            door.shut();
            execute(() -> {
                links.values().forEach(Link::stop);
                links.clear();
            });
            thread.shutdown();
            ExecutorService readers = client.dispatcher().executorService();
            try {
                if (!thread.awaitTermination(LAST_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                    thread.shutdownNow();
                }
                readers.shutdown();
                if (!readers.awaitTermination(GOODBYE.toMillis(), TimeUnit.MILLISECONDS)) {
                    client.dispatcher().cancelAll();
                    readers.awaitTermination(LAST_WAIT.toMillis(), TimeUnit.MILLISECONDS);
                }
            } catch (InterruptedException e) {
                thread.shutdownNow();
                client.dispatcher().cancelAll();
                Thread.currentThread().interrupt();
            }
        }
    }
}
