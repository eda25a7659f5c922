package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.NipPush;
import dev.nippush.PushListener;
import dev.nippush.RelayFeed;
import dev.nippush.RelayGateway;
import dev.nippush.account.InterestChange;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Source;
import dev.nippush.control.ControlMessage;
import dev.nippush.control.Outcome;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.EventId;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Change;
import dev.nippush.store.Ending;
import dev.nippush.store.InMemoryPushStore;
import dev.nippush.store.Lease;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushStore;
import dev.nippush.testkit.RecordingTransport;
import dev.nippush.testkit.VirtualTime;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.Notification;
import dev.nippush.transport.NotificationComposer;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushTransport;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a host hands in may throw; the engine goes on. */
@Timeout(60)
class FailingPartsTest {

    @Test
    void aComposerThatThrowsCostsTheTextAndNotThePush() {
        Rig rig = new Rig(builder -> builder.composer(new NotificationComposer() {
            @Override
            public Notification compose(NostrEvent event, PublicKey recipient) {
                throw new IllegalStateException("no words");
            }

            @Override
            public Notification fold(int count, PublicKey recipient) {
                throw new IllegalStateException("no numbers");
            }
        }));
        User user = rig.online();
        rig.pass(1);
        for (int i = 0; i < 33; i++) {
            rig.comesIn(user);
        }
        rig.pass(200);
        assertThat(rig.sent()).hasSize(32);
        assertThat(rig.sent().stream().map(message -> message.notification().title()))
                .contains("2 new notifications", "New mention");
    }

    @Test
    void aComposerThatReturnsNothingIsOneThatFails() {
        Rig rig = new Rig(builder -> builder.composer((event, recipient) -> null));
        rig.comesIn(rig.registered());
        assertThat(rig.sent().get(0).notification().title()).isEqualTo("New mention");
    }

    @Test
    void aListenerThatThrowsChangesNothing() {
        Rig rig = new Rig(builder -> builder.listener(new PushListener() {
            @Override
            public void answered(EventId event, int kind, Source source, Outcome outcome) {
                throw new IllegalStateException();
            }

            @Override
            public void controlApplied(PublicKey account, ControlMessage message) {
                throw new IllegalStateException();
            }

            @Override
            public void presenceChanged(PublicKey account, boolean online) {
                throw new IllegalStateException();
            }

            @Override
            public void held(PublicKey account, EventId event) {
                throw new IllegalStateException();
            }

            @Override
            public void dropped(PublicKey account, int events) {
                throw new IllegalStateException();
            }

            @Override
            public void owed(PublicKey account, DeviceAddress device, EventId event) {
                throw new IllegalStateException();
            }

            @Override
            public void attempted(PushMessage message, int attempt, Duration took, String result) {
                throw new IllegalStateException();
            }

            @Override
            public void settled(DeviceAddress device, EventId event, Ending ending) {
                throw new IllegalStateException();
            }
        }));
        User user = rig.registered();
        rig.comesIn(user);
        rig.pass(1);
        user.goesOnline();
        rig.pass(1);
        rig.comesIn(user);
        user.goesOnline();
        rig.pass(1);
        rig.comesIn(user);
        rig.pass(200);
        assertThat(rig.sent()).hasSize(2);
        rig.stop();
    }

    // ---- transports

    @Test
    void aTransportThatThrowsWhenAskedWhatItServesIsTakenForOneThatDoesNot() {
        boolean[] throwing = {true};
        Rig rig = Rig.with(new PushTransport() {
            @Override
            public boolean serves(DeviceAddress address) {
                if (throwing[0]) {
                    throw new IllegalStateException("thrown, as the test says");
                }
                return false;
            }

            @Override
            public CompletionStage<PushResult> send(PushMessage message) {
                throw new AssertionError();
            }
        });
        User user = rig.registered();
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(1);
        rig.stop();
    }

    @Test
    void aListenerThatFailsBadlyChangesNothing() {
        Rig rig = new Rig(builder -> builder.listener(new PushListener() {
            @Override
            public void owed(PublicKey account, DeviceAddress device, EventId event) {
                throw new AssertionError("thrown, as the test says");
            }

            @Override
            public void settled(DeviceAddress device, EventId event, Ending ending) {
                throw new NoClassDefFoundError("thrown, as the test says");
            }
        }));
        User user = rig.registered();
        rig.comesIn(user);
        rig.comesIn(user);
        assertThat(rig.sent()).hasSize(2);
        rig.stop();
    }

    // ---- stores

    @Test
    void aStoreThatCannotBeReadIsAskedOnceAtATime() {
        FlakyStore store = new FlakyStore();
        store.unreadable();
        Rig rig = new Rig(builder -> builder.store(store));
        User user = rig.registered();
        int timers = rig.time.timers();
        for (int i = 0; i < 20; i++) {
            rig.comesIn(user);
        }
        assertThat(rig.sent()).hasSize(20);
        assertThat(rig.time.timers()).isEqualTo(timers);
        rig.stop();
    }

    @Test
    void anEngineThatCouldNotFinishSendsNoMoreAfterItsPatience() {
        FlakyStore store = new FlakyStore();
        Rig rig = new Rig(builder -> builder.store(store));
        User user = rig.registered();
        for (int i = 0; i < 100; i++) {
            rig.transport.script().answer(PushResult.retryLater("busy"));
        }
        rig.comesIn(user);
        store.slow();
        rig.offer(rig.mention(user), Source.host());
        CompletableFuture<Void> stopped = rig.engine.stop().toCompletableFuture();
        rig.pass(8);
        assertThat(stopped).isCompleted();
        int sent = rig.sent().size();
        rig.pass(3_600);
        assertThat(rig.sent()).hasSize(sent);
    }

    @Test
    void aStoreThatThrowsAtTheStartFailsTheStart() {
        InMemoryPushStore store = new InMemoryPushStore();
        VirtualTime time = new VirtualTime();
        NipPush engine = NipPush.builder(KeyPair.generate())
                .transport(new RecordingTransport())
                .time(time)
                .executor(time.executor())
                .store(new ThrowingStore(store))
                .build();
        assertThat(engine.start().toCompletableFuture()).isCompletedExceptionally();
        assertThat(engine.start().toCompletableFuture()).isCompletedExceptionally();
        assertThat(engine.stop().toCompletableFuture()).isCompleted();
    }

    private record ThrowingStore(PushStore store) implements PushStore {

        @Override
        public CompletionStage<Lease> acquire(Partition partition) {
            throw new IllegalStateException("thrown, as the test says");
        }

        @Override
        public CompletionStage<Void> load(Lease lease, Sink sink) {
            return store.load(lease, sink);
        }

        @Override
        public CompletionStage<Committed> commit(Lease lease, List<Change> changes) {
            return store.commit(lease, changes);
        }

        @Override
        public CompletionStage<List<OwedPush>> due(Lease lease, Instant until, Except except, int limit) {
            return store.due(lease, until, except, limit);
        }

        @Override
        public CompletionStage<Integer> sweep(Lease lease, Instant before, int limit) {
            return store.sweep(lease, before, limit);
        }

        @Override
        public void close() {
            store.close();
        }
    }

    // ---- gateways

    /** Does something at the start, and nothing else. */
    private record Starting(Consumer<RelayFeed> task) implements RelayGateway {

        @Override
        public void start(RelayFeed feed) {
            task.accept(feed);
        }

        @Override
        public void changed(InterestChange change) {}

        @Override
        public void close() {}
    }

    private static NipPush startedWith(VirtualTime time, RelayGateway gateway) {
        return NipPush.builder(KeyPair.generate())
                .transport(new RecordingTransport())
                .time(time)
                .executor(time.executor())
                .relays(gateway)
                .build();
    }

    @Test
    void aGatewayThatCannotStartLeavesTheDoorShut() {
        VirtualTime time = new VirtualTime();
        NipPush engine = startedWith(time, new Starting(feed -> {
            throw new IllegalStateException("thrown, as the test says");
        }));
        CompletableFuture<Void> started = engine.start().toCompletableFuture();
        time.runAll();
        assertThat(started).isCompletedExceptionally();
        NostrEvent event = KeyPair.generate().sign(time.now().getEpochSecond(), 1, List.of(), "");
        assertThat(engine.accept(event, Source.host()).toCompletableFuture())
                .isCompletedWithValue(new Outcome.Closed());
        assertThat(engine.status().open()).isFalse();
        CompletableFuture<Void> stopped = engine.stop().toCompletableFuture();
        time.runAll();
        assertThat(stopped).isCompleted();
    }

    @Test
    void theDoorOpensWhenTheGatewayHasBegun() {
        VirtualTime time = new VirtualTime();
        NostrEvent event = KeyPair.generate().sign(time.now().getEpochSecond(), 1, List.of(), "");
        List<Outcome> outcomes = new ArrayList<>();
        NipPush[] engine = new NipPush[1];
        engine[0] = startedWith(time, new Starting(feed -> {
            feed.accept(event, Source.host()).thenAccept(outcomes::add);
            engine[0].accept(event, Source.host()).thenAccept(outcomes::add);
        }));
        engine[0].start();
        time.runAll();
        assertThat(outcomes).containsExactly(new Outcome.Busy(), new Outcome.Closed());
        assertThat(engine[0].accept(event, Source.host()).toCompletableFuture())
                .isCompletedWithValue(new Outcome.Unwanted());
    }
}
