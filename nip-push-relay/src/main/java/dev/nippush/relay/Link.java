package dev.nippush.relay;

import dev.nippush.account.Interest;
import dev.nippush.account.InterestChange;
import dev.nippush.account.Registration;
import dev.nippush.address.AddressRule;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.Filter;
import dev.nippush.event.Kind;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.time.EngineTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * One relay for as long as somebody wants something from it: what it is to be asked, and the connections to it, one
 * after the other. All state belongs to the pool's thread; what connections report is handed to that thread first.
 */
final class Link implements Connection.Owner {

    /** How long changes are gathered after one was sent. */
    static final Duration GATHERING = Duration.ofSeconds(1);
    /** How long an EOSE is waited for. */
    static final Duration EOSE_PATIENCE = Duration.ofSeconds(30);
    /** How long a relay that nobody wants anything from stays connected. */
    static final Duration GRACE = Duration.ofSeconds(60);

    // Clocks of clients and relays differ, and an event may take its time to a relay.
    private static final Duration SLACK = Duration.ofMinutes(10);
    // NIP-59: gift wraps are dated back by up to two days.
    private static final Duration WRAP_BACKDATING = Duration.ofDays(2);
    // Control messages older than five minutes are refused.
    private static final Duration CONTROL_WINDOW = Duration.ofSeconds(300);
    // After so many failures a relay makes room for one that waits.
    private static final int HOPELESS = 5;
    // How long a relay is given to read a part of what there is to send.
    static final Duration SENDING_PAUSE = Duration.ofMillis(50);
    private static final int MAX_REFUSALS_SHOWN = 20;
    private static final String AUTH_REQUIRED = "auth-required:";
    private static final List<String> PASSING = List.of("rate-limited:", "error:");
    // The least and half of the longest pause before a REQ is sent again that was refused for a passing reason.
    private static final Duration RETRY = Duration.ofMinutes(1);

    /** What all links of a pool share. */
    record Shared(
            FeedDoor door,
            Filter control,
            EngineTime time,
            RandomGenerator random,
            Executor thread,
            OkHttpClient client,
            AddressRule rule,
            Optional<KeyPair> identity) {}

    /** Told of what concerns other links too; called on the pool's thread. */
    interface Pool {
        void hearingChanged();

        /** Nobody wants anything from it any more; it has closed its connection. */
        void abandoned(Link link);

        /** It cannot be reached. */
        void hopeless(Link link);

        /** Whether the engine had time enough to tell of all its accounts. */
        boolean knowsAccounts();
    }

    final RelayUrl relay;
    final boolean home;

    private final Shared shared;
    private final Pool pool;
    private final Source source;
    private final LogLimit log;
    private final Plan plan;
    private final Backoff backoff;
    private final Backoff controlBackoff;
    private final Members members;
    private final Map<PublicKey, Optional<Interest>> changed = new LinkedHashMap<>();
    private final Map<Plan.Part, Subscription> active = new LinkedHashMap<>();

    private RelayState.Phase phase = RelayState.Phase.WAITING;
    private @Nullable Connection connection;
    private @Nullable Pages pages;
    // What the engine was told of how far the relay was read.
    private Instant reported;
    private @Nullable Instant connectedSince;
    private @Nullable String lastError;
    private @Nullable Subscription control;
    private boolean authSent;
    private boolean authenticated;
    private long asked;
    private boolean gathering;
    private boolean flushQueued;
    private EngineTime.@Nullable Timer reconnect;
    private EngineTime.@Nullable Timer grace;
    private volatile RelayState state;
    // Apart from the state, which is too much to make anew for every change.
    private volatile int accounts;

    Link(RelayUrl relay, boolean home, Shared shared, Pool pool) {
        this.relay = relay;
        this.home = home;
        this.shared = shared;
        this.pool = pool;
        this.source = home ? Source.homeRelay(relay) : Source.relay(relay);
        this.log = new LogLimit(shared.time, relay, home);
        this.plan = new Plan(shared.random.nextLong());
        this.backoff = new Backoff(shared.random);
        this.controlBackoff = new Backoff(shared.random);
        // One that lies ahead was written by a clock that was wrong, and says nothing.
        Optional<Instant> readBefore = shared.door.readUpTo(relay).filter(upTo -> !upTo.isAfter(shared.time.now()));
        this.members = new Members(readBefore);
        this.reported = readBefore.orElse(Instant.MIN);
        this.state = snapshot();
    }

    // ---- for any thread

    /** How it was doing a moment ago. */
    RelayState state() {
        return state.withAccounts(accounts);
    }

    @Override
    public void opened(Connection of) {
        later(of, this::onOpened);
    }

    @Override
    public void ended(Connection of, String reason) {
        later(of, () -> onEnded(reason));
    }

    @Override
    public void answered(Connection of, Subscription subscription, List<Filter> rest) {
        later(of, () -> onAnswered(subscription, rest));
    }

    @Override
    public void refused(Connection of, Subscription subscription, String reason) {
        later(of, () -> onRefused(subscription, reason));
    }

    @Override
    public void challenged(Connection of) {
        later(of, this::authenticateIfAsked);
    }

    @Override
    public void authAnswered(Connection of, boolean accepted, String reason) {
        later(of, () -> onAuthAnswered(accepted, reason));
    }

    private void later(Connection of, Runnable task) {
        shared.thread.execute(() -> {
            if (connection == of) {
                task.run();
                state = snapshot();
            }
        });
    }

    @Override
    public void unsent(Connection of) {
        after(SENDING_PAUSE, () -> {
            if (connection == of) {
                of.sendMore();
            }
        });
    }

    private EngineTime.Timer after(Duration delay, Runnable task) {
        return shared.time.schedule(
                delay,
                () -> shared.thread.execute(() -> {
                    task.run();
                    state = snapshot();
                }));
    }

    // ---- for the pool's thread, as all below

    boolean isWaiting() {
        return phase == RelayState.Phase.WAITING;
    }

    boolean isUnwanted() {
        return !home && members.isEmpty();
    }

    /** Whether control messages that are sent now arrive here. */
    boolean hears() {
        return control != null && control.live && control.refusal == null;
    }

    /** Connects for the first time, or again after {@link #stop}. */
    void start() {
        connect();
        state = snapshot();
    }

    /** Closes the connection, if any, and tries no more. */
    void stop() {
        if (connection != null) {
            connection.leave();
            report();
        }
        disconnected(RelayState.Phase.WAITING);
        cancel(reconnect);
        cancel(grace);
        reconnect = null;
        grace = null;
        state = snapshot();
    }

    void change(InterestChange change) {
        PublicKey account = change.account();
        Interest wanted = change.after().orElse(null);
        plan.put(account, wanted);
        changed.put(account, change.after());
        members.put(account, wanted, connection);
        accounts = members.size();
        if (!isUnwanted()) {
            cancel(grace);
            grace = null;
        } else if (grace == null && !isWaiting()) {
            grace = after(GRACE, this::abandon);
        }
        if (!gathering && !flushQueued) {
            flushQueued = true;
            // Behind what is queued already: a burst of changes makes one REQ.
            shared.thread.execute(this::flush);
        }
    }

    private void abandon() {
        if (isUnwanted()) {
            stop();
            pool.abandoned(this);
        }
    }

    private void flush() {
        flushQueued = false;
        if (connection == null || phase != RelayState.Phase.CONNECTED) {
            // All is asked for when it opens.
            plan.takeChanged();
            changed.clear();
        } else if (!changed.isEmpty()) {
            Map<PublicKey, Optional<Interest>> interests = Map.copyOf(changed);
            changed.clear();
            ask(connection, plan.takeChanged(), interests);
            gather();
        }
        state = snapshot();
    }

    private void gather() {
        gathering = true;
        after(GATHERING, () -> {
            gathering = false;
            flush();
        });
    }

    private void connect() {
        reconnect = null;
        phase = RelayState.Phase.CONNECTING;
        Connection opening = new Connection(relay, source, shared.door, shared.time, this, log);
        connection = opening;
        pages = new Pages(opening, task -> after(EOSE_PATIENCE, task), (page, why) -> onWithheld(opening, page, why));
        opening.open(shared.client, shared.rule);
    }

    private void onOpened() {
        phase = RelayState.Phase.CONNECTED;
        connectedSince = shared.time.now();
        lastError = null;
        if (home) {
            askControl();
        }
        changed.clear();
        if (connection != null) {
            ask(connection, plan.parts(), members.interests());
        }
        gather();
    }

    private void onEnded(String reason) {
        report();
        disconnected(RelayState.Phase.PAUSING);
        lastError = reason;
        log.say(reason);
        if (isUnwanted()) {
            abandon();
            return;
        }
        cancel(reconnect);
        reconnect = after(backoff.next(), this::connect);
        if (!home && backoff.failures() >= HOPELESS) {
            pool.hopeless(this);
        }
    }

    /** Notes up to when the relay was read, for the next connection and the next start. */
    void report() {
        if (connection == null || phase != RelayState.Phase.CONNECTED) {
            return;
        }
        Instant upTo = members.readUpTo(connection);
        if (pool.knowsAccounts() && upTo.isAfter(reported)) {
            reported = upTo;
            shared.door.read(relay, upTo);
        }
    }

    private void disconnected(RelayState.Phase next) {
        boolean heard = hears();
        if (pages != null) {
            pages.end();
        }
        pages = null;
        connection = null;
        connectedSince = null;
        control = null;
        authSent = false;
        authenticated = false;
        active.clear();
        phase = next;
        if (heard) {
            pool.hearingChanged();
        }
    }

    // ---- asking

    private void askControl() {
        if (connection == null) {
            return;
        }
        long since = shared.time.now().minus(CONTROL_WINDOW).getEpochSecond();
        Filter filter = shared.control.toBuilder().since(Math.max(0, since)).build();
        Subscription asking = new Subscription("c" + ++asked, null, List.of(filter), Set.of());
        control = asking;
        connection.ask(asking);
        await(connection, List.of(asking));
    }

    private void ask(Connection on, List<Plan.Part> parts, Map<PublicKey, Optional<Interest>> interests) {
        List<Subscription> added = new ArrayList<>();
        Map<Subscription, Optional<Subscription>> instead = new LinkedHashMap<>();
        List<Subscription> removed = new ArrayList<>();
        List<Subscription> ending = new ArrayList<>();
        for (Plan.Part part : parts) {
            Optional<Subscription> former = Optional.ofNullable(active.remove(part));
            former.ifPresent(removed::add);
            if (part.isEmpty()) {
                former.ifPresent(ending::add);
                continue;
            }
            Subscription asking = subscription(on, part);
            active.put(part, asking);
            added.add(asking);
            instead.put(asking, former);
        }
        Map<PublicKey, Interest> ready = on.coverage.change(interests, added, removed);
        members.asked(interests.keySet());
        removed.forEach(this::stopPages);
        // The new one first: what comes in between is asked for twice rather than never.
        instead.forEach((asking, former) -> {
            on.ask(asking);
            former.ifPresent(of -> drop(on, of));
        });
        ending.forEach(of -> drop(on, of));
        shared.door.caughtUp(relay, ready);
        await(on, added);
    }

    private static void drop(Connection on, Subscription former) {
        if (former.refusal == null) {
            on.drop(former);
        }
    }

    private Subscription subscription(Connection on, Plan.Part part) {
        Instant now = shared.time.now();
        Instant readUpTo = members.readUpTo(part.accounts(), on);
        // An account may have begun by a clock that was ahead.
        Instant from = (readUpTo.isBefore(now) ? readUpTo : now).minus(SLACK);
        Instant since = latest(from, now.minus(Registration.MAX_AGE));
        Instant wrapsSince = latest(from.minus(WRAP_BACKDATING), now.minus(Registration.MAX_WRAP_AGE));
        String id = (part.isDirect() ? "d" : "e") + ++asked;
        return Subscription.of(id, part, part.filters(since, wrapsSince), members.behind(part.accounts(), on));
    }

    private static Instant latest(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }

    private void await(Connection on, List<Subscription> subscriptions) {
        if (subscriptions.isEmpty()) {
            return;
        }
        after(EOSE_PATIENCE, () -> {
            if (connection != on) {
                return;
            }
            for (Subscription subscription : subscriptions) {
                if (!subscription.eoseCame) {
                    subscription.live = true;
                    shared.door.caughtUp(relay, on.coverage.late(subscription));
                }
            }
            pool.hearingChanged();
        });
    }

    private void onAnswered(Subscription subscription, List<Filter> rest) {
        if (subscription == control) {
            controlBackoff.reset();
            pool.hearingChanged();
        }
        Subscription main = subscription.main();
        if (subscription == main) {
            backoff.reset();
        } else if (pages == null || !pages.answered(subscription)) {
            return;
        }
        if (pages != null && !rest.isEmpty() && isServed(main)) {
            pages.add(subscription.nextPage("p" + ++asked, rest));
        }
    }

    private boolean isCurrent(Subscription main) {
        return main == control || main.part != null && active.get(main.part) == main;
    }

    private boolean isServed(Subscription main) {
        return isCurrent(main) && main.refusal == null;
    }

    /** The next connection asks for it again. */
    private void onWithheld(Connection on, Subscription page, String why) {
        log.say("does not send all that it stored, page " + page.page + " of " + name(page.main()) + ": " + why);
        shared.door.caughtUp(relay, on.coverage.late(page.main()));
    }

    private void stopPages(Subscription main) {
        if (pages != null) {
            pages.stop(main);
        }
    }

    // ---- refusals and NIP-42

    private void onRefused(Subscription subscription, String reason) {
        if (subscription.page > 0 && pages != null) {
            pages.refused(subscription, reason);
        }
        if (connection == null || !isCurrent(subscription)) {
            return;
        }
        subscription.refusal = reason;
        stopPages(subscription);
        log.say("refuses " + name(subscription) + ": " + reason);
        pool.hearingChanged();
        members.readUpTo(subscription.accounts, connection);
        connection.coverage.lost(subscription);
        if (subscription.eoseCame) {
            // No page will follow that accounts could wait for.
            shared.door.caughtUp(relay, connection.coverage.late(subscription));
        }
        if (awaitsAuth(subscription)) {
            authenticateIfAsked();
        } else {
            retry(subscription);
        }
    }

    private boolean awaitsAuth(Subscription subscription) {
        return subscription.refusal != null
                && subscription.refusal.startsWith(AUTH_REQUIRED)
                && shared.identity.isPresent()
                && !authenticated;
    }

    /**
     * Asks again later for what was refused. Without control messages a home relay is of no use: for them it is asked
     * whatever its reason was. Other REQs stay refused until they change, unless the reason is a passing one (NIP-01).
     */
    private void retry(Subscription subscription) {
        Connection on = connection;
        if (subscription == control) {
            after(controlBackoff.next(), () -> {
                if (connection == on && control == subscription) {
                    askControl();
                }
            });
            return;
        }
        Plan.Part part = subscription.part;
        String reason = subscription.refusal;
        if (part == null || reason == null || on == null) {
            return;
        }
        if (PASSING.stream().noneMatch(reason::startsWith)) {
            if (!subscription.eoseCame) {
                on.coverage.refused(subscription);
            }
            return;
        }
        Duration jitter = Duration.ofNanos(shared.random.nextLong(RETRY.toNanos()));
        after(RETRY.plus(jitter), () -> {
            if (connection == on && active.get(part) == subscription) {
                ask(on, List.of(part), Map.of());
            }
        });
    }

    private List<Subscription> all() {
        List<Subscription> all = new ArrayList<>(active.values());
        if (control != null) {
            all.add(control);
        }
        return all;
    }

    private void authenticateIfAsked() {
        String challenge = connection == null ? null : connection.challenge();
        if (challenge == null || authSent || all().stream().noneMatch(this::awaitsAuth)) {
            return;
        }
        authSent = true;
        KeyPair identity = shared.identity.orElseThrow();
        connection.authenticate(identity.sign(
                shared.time.now().getEpochSecond(),
                Kind.CLIENT_AUTH,
                List.of(Tag.of("relay", relay.toString()), Tag.of("challenge", challenge)),
                ""));
    }

    private void onAuthAnswered(boolean accepted, String reason) {
        if (!accepted) {
            log.say("does not believe who we are: " + reason);
            all().stream().filter(this::awaitsAuth).forEach(this::retry);
            return;
        }
        List<Subscription> again = all().stream().filter(this::awaitsAuth).toList();
        authenticated = true;
        List<Plan.Part> parts = new ArrayList<>();
        for (Subscription subscription : again) {
            if (subscription.part != null) {
                parts.add(subscription.part);
            } else {
                askControl();
            }
        }
        if (connection != null) {
            ask(connection, parts, Map.of());
        }
    }

    // ---- for whoever looks

    private static String name(Subscription subscription) {
        if (subscription.part == null) {
            return "control";
        }
        return subscription.part.isDirect() ? "direct messages" : "events";
    }

    private RelayState snapshot() {
        List<Subscription> all = all();
        List<String> refused = all.stream()
                .filter(of -> of.refusal != null)
                .map(of -> name(of) + ": " + of.refusal)
                .distinct()
                .limit(MAX_REFUSALS_SHOWN)
                .toList();
        int open = (int) all.stream().filter(of -> of.refusal == null).count();
        return new RelayState(
                relay,
                home,
                phase,
                Optional.ofNullable(connectedSince),
                accounts,
                open,
                refused,
                Optional.ofNullable(lastError),
                Optional.ofNullable(connection).map(Connection::lastNotice));
    }

    private static void cancel(EngineTime.@Nullable Timer timer) {
        if (timer != null) {
            timer.cancel();
        }
    }
}
