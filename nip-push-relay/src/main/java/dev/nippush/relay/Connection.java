package dev.nippush.relay;

import dev.nippush.address.AddressRule;
import dev.nippush.address.GuardedSocketFactory;
import dev.nippush.address.InboundBudget;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.event.Filter;
import dev.nippush.event.NostrEvent;
import dev.nippush.time.EngineTime;
import dev.nippush.wire.ClientMessage;
import dev.nippush.wire.RelayMessage;
import dev.nippush.wire.WireDefect;
import dev.nippush.wire.WireFormatException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket to one relay, from the attempt to its end. Its {@code on…} methods run on OkHttp's reading thread, one at
 * a time; the others are for the pool's thread. Everything that it reads is a stranger's.
 */
final class Connection extends WebSocketListener {

    /** Room for frame heads, TLS records and what OkHttp reads ahead, over the longest message. */
    private static final long HEADROOM = 64 * 1024;

    /** So many more bad messages than good ones end a connection. */
    private static final int MAX_STRIKES = 100;

    private static final int MAX_CHALLENGE = 1024;
    private static final int MAX_CHALLENGES = 10;

    // Their events still count for a while: what the relay sent before it read our CLOSE may come nowhere else.
    private static final int MAX_RETIRED = 16;

    private static final int NORMAL_CLOSURE = 1000;

    // OkHttp closes a socket with more than 16 MiB of unsent text; many accounts make a plan larger than that.
    private static final long MAX_UNSENT = 1024 * 1024;

    /** Told of what came; called on the reading thread, and each call returns at once. */
    interface Owner {
        void opened(Connection connection);

        /** Called once, whatever ends it but {@link #leave}. */
        void ended(Connection connection, String reason);

        /**
         * The EOSE came. Called at most once for each subscription.
         *
         * @param rest the filters of the page to ask for next; none when all came
         */
        void answered(Connection connection, Subscription subscription, List<Filter> rest);

        /** Called at most once for each subscription. */
        void refused(Connection connection, Subscription subscription, String reason);

        void challenged(Connection connection);

        void authAnswered(Connection connection, boolean accepted, String reason);

        /** Called on the pool's thread: {@link #sendMore} is to be called after a moment. */
        void unsent(Connection connection);
    }

    final Coverage coverage = new Coverage();

    private final RelayUrl relay;
    private volatile Source source;
    private final FeedDoor door;
    private final Owner owner;
    private final LogLimit log;
    private final Intake intake;
    private final InboundBudget budget = new InboundBudget(ClientMessage.MAX_BYTES + HEADROOM);
    private final AtomicBoolean over = new AtomicBoolean();
    private final Map<String, Subscription> subscriptions = new ConcurrentHashMap<>();
    private final Deque<Subscription> retired = new ArrayDeque<>();
    private final Deque<Subscription> retiredPages = new ArrayDeque<>();
    private final Deque<ClientMessage> outbox = new ArrayDeque<>();
    private volatile @Nullable WebSocket socket;
    private volatile boolean isOpen;
    private volatile @Nullable String challenge;
    private volatile @Nullable String authId;
    private volatile @Nullable String lastNotice;
    private int strikes;
    private int challenges;

    Connection(RelayUrl relay, Source source, FeedDoor door, EngineTime time, Owner owner, LogLimit log) {
        this.relay = relay;
        this.source = source;
        this.door = door;
        this.owner = owner;
        this.log = log;
        this.intake = new Intake(door, time);
    }

    // ---- the pool's thread

    void open(OkHttpClient client, AddressRule rule) {
        try {
            Request request = new Request.Builder().url(relay.toString()).build();
            OkHttpClient guarded = client.newBuilder()
                    .socketFactory(new GuardedSocketFactory(rule.toward(relay), budget))
                    .build();
            socket = guarded.newWebSocket(request, this);
        } catch (IllegalArgumentException e) {
            end("OkHttp does not take its URL: " + e.getMessage());
        }
    }

    void ask(Subscription subscription) {
        subscriptions.put(subscription.id, subscription);
        send(new ClientMessage.Req(subscription.id, subscription.filters));
    }

    /** Ends a subscription. */
    void drop(Subscription subscription) {
        send(new ClientMessage.Close(subscription.id));
        Deque<Subscription> to = subscription.page > 0 ? retiredPages : retired;
        to.add(subscription);
        if (to.size() > MAX_RETIRED) {
            subscriptions.remove(to.remove().id);
        }
    }

    void authenticate(NostrEvent answer) {
        authId = answer.id().hex();
        // What a relay sends to one whom it knows, it may not send to everybody.
        source = source.asAuthenticated();
        send(new ClientMessage.Auth(answer));
    }

    private void send(ClientMessage message) {
        outbox.add(message);
        if (outbox.size() == 1) {
            sendMore();
        }
    }

    /** Sends what waits, as far as the relay takes it. */
    void sendMore() {
        WebSocket to = socket;
        while (to != null && !outbox.isEmpty()) {
            if (to.queueSize() > MAX_UNSENT) {
                owner.unsent(this);
                return;
            }
            if (!to.send(outbox.remove().toJson())) {
                // It is closing or has failed: the reading thread learns why, and ends it.
                to.cancel();
                return;
            }
        }
    }

    /** Closes without telling the owner. */
    void leave() {
        if (over.compareAndSet(false, true)) {
            intake.stop();
            WebSocket from = socket;
            // Before it is open there is nobody to say goodbye to.
            if (from != null && !(isOpen && from.close(NORMAL_CLOSURE, null))) {
                from.cancel();
            }
        }
    }

    /** Up to when all that the relay sent has its outcome. For any thread. */
    Instant readUpTo() {
        return intake.readUpTo();
    }

    @Nullable
    String challenge() {
        return challenge;
    }

    @Nullable
    String lastNotice() {
        return lastNotice;
    }

    // ---- the reading thread

    @Override
    public void onOpen(WebSocket webSocket, Response response) {
        socket = webSocket;
        isOpen = true;
        owner.opened(this);
    }

    @Override
    public void onMessage(WebSocket webSocket, String text) {
        budget.messageArrived();
        if (over.get()) {
            return;
        }
        RelayMessage message;
        try {
            message = RelayMessage.parse(text);
        } catch (WireFormatException e) {
            if (e.defect() == WireDefect.TOO_BIG) {
                end("a message of more than " + ClientMessage.MAX_BYTES + " bytes");
            } else {
                strike(e.getMessage()
                        + e.eventDefect().map(why -> ": " + why.text()).orElse(""));
            }
            return;
        }
        take(message, text.length());
    }

    @Override
    public void onMessage(WebSocket webSocket, ByteString bytes) {
        budget.messageArrived();
        strike("a binary message");
    }

    @Override
    public void onClosing(WebSocket webSocket, int code, String reason) {
        end("closed by the relay: " + code + " " + Excerpt.of(reason));
        webSocket.close(NORMAL_CLOSURE, null);
    }

    @Override
    public void onFailure(WebSocket webSocket, Throwable failure, @Nullable Response response) {
        String status = response == null ? "" : "HTTP " + response.code() + ", ";
        end(status + failure.getClass().getSimpleName() + ": " + Excerpt.of(String.valueOf(failure.getMessage())));
    }

    private void take(RelayMessage message, int chars) {
        if (message instanceof RelayMessage.Event event) {
            event(event, chars);
        } else if (message instanceof RelayMessage.Eose eose) {
            eose(eose);
        } else if (message instanceof RelayMessage.Closed closed) {
            closed(closed);
        } else if (message instanceof RelayMessage.Notice notice) {
            lastNotice = Excerpt.of(notice.text());
            log.say("says: " + lastNotice);
        } else if (message instanceof RelayMessage.Auth auth) {
            challenged(auth.challenge());
        } else if (message instanceof RelayMessage.Ok ok) {
            answered(ok);
        } else {
            throw new AssertionError(message);
        }
    }

    private void event(RelayMessage.Event message, int chars) {
        Subscription subscription = subscriptions.get(message.subscription());
        if (subscription == null) {
            strike("an event for a subscription that is not ours");
        } else if (!subscription.take(message.event())) {
            // A relay that does not know "until" sends what it sent before.
            if (subscription.page == 0 || !subscription.main().asksFor(message.event())) {
                strike("an event that was not asked for");
            }
        } else if (intake.hand(message.event(), subscription.live ? source : source.asStored(), chars)) {
            strikes = Math.max(0, strikes - 1);
        }
    }

    private void eose(RelayMessage.Eose message) {
        Subscription subscription = subscriptions.get(message.subscription());
        if (subscription == null) {
            strike("an EOSE for a subscription that is not ours");
            return;
        }
        // Not before every stored event has its outcome: one that is still on its way would pass for live.
        if (subscription.eoseCame || !intake.settle()) {
            return;
        }
        subscription.eoseCame = true;
        subscription.live = true;
        List<Filter> rest = subscription.rest();
        if (subscription.page == Subscription.MOST_PAGES
                && !subscription.answer.rest().isEmpty()) {
            log.say("stores more than is read after a pause: older events are left out");
        }
        Subscription main = subscription.main();
        if (!main.closed) {
            // On this thread, so that the next event comes after it.
            door.caughtUp(relay, rest.isEmpty() ? coverage.read(main) : coverage.readButForPages(main));
        }
        owner.answered(this, subscription, rest);
    }

    private void closed(RelayMessage.Closed message) {
        Subscription subscription = subscriptions.remove(message.subscription());
        if (subscription == null) {
            strike("a CLOSED for a subscription that is not ours");
        } else {
            subscription.closed = true;
            owner.refused(this, subscription, Excerpt.of(message.reason()));
        }
    }

    private void challenged(String text) {
        if (text.isEmpty() || text.length() > MAX_CHALLENGE || ++challenges > MAX_CHALLENGES) {
            strike("a challenge that is too long, or one too many");
            return;
        }
        challenge = text;
        owner.challenged(this);
    }

    private void answered(RelayMessage.Ok ok) {
        if (!ok.id().equals(authId)) {
            strike("an OK for an event that is not ours");
            return;
        }
        authId = null;
        owner.authAnswered(this, ok.accepted(), Excerpt.of(ok.reason()));
    }

    private void strike(String what) {
        log.say("sent " + what);
        if (++strikes > MAX_STRIKES) {
            end("too many bad messages, the last: " + what);
        }
    }

    private void end(String reason) {
        if (over.compareAndSet(false, true)) {
            intake.stop();
            owner.ended(this, reason);
            WebSocket from = socket;
            if (from != null) {
                from.cancel();
            }
        }
    }
}
