package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.Gateway.Ability;
import dev.nippush.testkit.Gateway.Answer;
import dev.nippush.testkit.Gateway.Received;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Accepted;
import dev.nippush.transport.PushResult.DeviceGone;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Rejected;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a transport owes its callers: whom it serves, that it keeps nobody waiting, and that many may call at once. */
abstract class CallerClauses extends EndingClauses {

    private static final int ALL_DEVICES = 1_000;

    /** An engine has no more open to one host of endpoints. */
    private static final int AT_ONE_HOST = 64;

    CallerClauses() {}

    @Test
    @DisplayName("It serves the provider's devices, and leaves those of others alone")
    protected final void servesItsOwnDevicesOnly() {
        for (int number = 0; number < 3; number++) {
            assertThat(transport().serves(device(number))).isTrue();
        }
        assertThat(foreignDevices())
                .isNotEmpty()
                .allSatisfy(device ->
                        assertThat(transport().serves(device)).as("%s", device).isFalse());
    }

    @Test
    @DisplayName("It knows what it serves without asking the provider, and always says the same")
    protected final void servesWithoutTheProvider() {
        DeviceAddress device = device(0);
        List<DeviceAddress> foreign = foreignDevices();
        provider().close();

        CompletableFuture<Void> asking = CompletableFuture.runAsync(() -> {
            for (int i = 0; i < 1_000; i++) {
                assertThat(transport().serves(device)).isTrue();
                assertThat(foreign).noneMatch(transport()::serves);
            }
        });

        assertThat(asking).succeedsWithin(promptly());
        assertThat(provider().received().all()).isEmpty();
    }

    @Test
    @DisplayName("A message for somebody else's device goes nowhere")
    protected final void foreignMessageGoesNowhere() {
        for (DeviceAddress foreign : foreignDevices()) {
            // Throwing is as good as silence here.
            CompletableFuture<PushResult> result = CompletableFuture.completedFuture(message(foreign, "title", "body"))
                    .thenCompose(transport()::send);
            if (!isSilent(result)) {
                assertThat(result.join()).isNotInstanceOf(Accepted.class).isNotInstanceOf(DeviceGone.class);
                assertThat(result.join() instanceof Rejected rejected && rejected.fault() == Fault.CREDENTIALS)
                        .as("refused credentials would stop the transport")
                        .isFalse();
            }
        }
        assertThat(provider().received().all()).isEmpty();
    }

    @Test
    @DisplayName("Sending does not wait for the answer")
    protected final void sendDoesNotBlock() {
        needs(Ability.HANG);
        List<PushMessage> messages = messages(Math.min(transport().maxInFlight(), 100));
        messages.forEach(message -> provider().answer(message.address(), new Answer.Hang()));

        List<CompletableFuture<PushResult>> results = openPromptly(messages);

        provider().release();
        assertAcceptedOrSilent(results);
    }

    @Test
    @DisplayName("Sending does not wait for the connection")
    protected final void sendDoesNotBlockOnConnecting() {
        needs(Ability.STALL);
        List<PushMessage> messages = messages(Math.min(transport().maxInFlight(), 20));
        provider().stall();

        List<CompletableFuture<PushResult>> results = openPromptly(messages);

        // What waits to be connected now learns that there is nothing to connect to.
        provider().close();
        assertAllSilent(results);
    }

    @Test
    @DisplayName("A device whose provider says nothing does not hold up the others")
    protected final void hangingDeviceDoesNotHoldUpOthers() {
        needs(Ability.HANG);
        answer(0, new Answer.Hang());
        CompletableFuture<PushResult> hanging = open(messageTo(0));
        provider().received().await(1);

        assertThat(sendTo(1)).isEqualTo(PushResult.accepted());
        assertThat(hanging).as("the message that hangs").isNotDone();

        provider().release();
        assertAcceptedOrSilent(List.of(hanging));
    }

    @Test
    @DisplayName("A thousand messages from several threads are each answered for themselves, and each arrives once")
    protected final void concurrentSendsAreAnsweredEachForItself() {
        int threads = 8;
        Map<Integer, PushResult> results = new ConcurrentHashMap<>();
        IntStream.range(0, ALL_DEVICES).forEach(number -> answer(number, answerTo(number)));
        int atOnce = Math.min(transport().maxInFlight(), device(0).host().isPresent() ? AT_ONE_HOST : ALL_DEVICES);
        Semaphore window = new Semaphore(Math.max(1, atOnce));
        ExecutorService senders = Executors.newFixedThreadPool(threads);
        try {
            List<CompletableFuture<Void>> sends = IntStream.range(0, ALL_DEVICES)
                    .mapToObj(
                            number -> CompletableFuture.supplyAsync(() -> openWhenThereIsRoom(window, number), senders)
                                    .thenCompose(open -> open)
                                    .thenAccept(result -> results.put(number, result)))
                    .toList();
            assertThat(sends).allSatisfy(this::ended);
        } finally {
            senders.shutdownNow();
        }

        for (int number = 0; number < ALL_DEVICES; number++) {
            assertAnswered(results.get(number), answerTo(number));
        }
        List<Received> received = provider().received().all();
        assertThat(received).hasSize(ALL_DEVICES);
        assertThat(received.stream().collect(Collectors.toMap(Received::device, Received::title)))
                .isEqualTo(IntStream.range(0, ALL_DEVICES)
                        .boxed()
                        .collect(Collectors.toMap(this::device, number -> "title " + number)));
    }

    /** As many as an engine would have open here, all devices being at one host if they are at any. */
    private int atOnce() {
        int most = device(0).host().isPresent() ? AT_ONE_HOST : ALL_DEVICES;
        return Math.max(1, Math.min(transport().maxInFlight(), most));
    }

    private CompletableFuture<PushResult> openWhenThereIsRoom(Semaphore window, int number) {
        try {
            if (!window.tryAcquire(longestSend().toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("the window stays full");
            }
        } catch (InterruptedException failedElsewhere) {
            throw new AssertionError(failedElsewhere);
        }
        CompletableFuture<PushResult> open = open(message(device(number), "title " + number, "body"));
        open.whenComplete((result, silence) -> window.release());
        return open;
    }

    /** Another one for each message where the provider names delays. */
    private Answer answerTo(int number) {
        if (number % 10 == 3 && can(Ability.RETRY_AFTER)) {
            return new Answer.TemporaryFailure(Optional.of(Duration.ofSeconds(1_000 + number)));
        }
        if (number % 10 == 5 && can(Ability.GONE)) {
            return new Answer.Gone(Optional.empty());
        }
        if (number % 10 == 7 && can(Ability.MESSAGE_REFUSED)) {
            return new Answer.MessageRefused();
        }
        return new Answer.Accept();
    }

    private static void assertAnswered(PushResult result, Answer answer) {
        if (answer instanceof Answer.TemporaryFailure failure) {
            assertThat(result)
                    .isInstanceOfSatisfying(
                            PushResult.RetryAfter.class,
                            retry -> assertThat(retry.delay()).isEqualTo(failure.retryAfter()));
        } else if (answer instanceof Answer.Gone) {
            assertThat(result).isInstanceOf(DeviceGone.class);
        } else if (answer instanceof Answer.MessageRefused) {
            assertThat(result).isInstanceOf(Rejected.class);
        } else {
            assertThat(result).isEqualTo(PushResult.accepted());
        }
    }

    @Test
    @DisplayName("It takes at least one message at a time, and always says how many")
    protected final void windowIsPositive() {
        int window = transport().maxInFlight();

        assertThat(window).isPositive();
        sendTo(0);
        assertThat(transport().maxInFlight()).isEqualTo(window);
    }

    @Test
    @DisplayName("More messages at once than it takes all end, and later ones are taken again")
    protected final void overfullWindowEmpties() {
        int more = atOnce() + 10;
        if (can(Ability.HANG)) {
            IntStream.range(0, Math.min(more, ALL_DEVICES)).forEach(number -> answer(number, new Answer.Hang()));
        }
        List<CompletableFuture<PushResult>> results = openWithin(
                longestSend(),
                IntStream.range(0, more)
                        .mapToObj(number -> messageTo(number % ALL_DEVICES))
                        .toList());

        if (can(Ability.HANG)) {
            provider().release();
        }
        assertAcceptedOrSilent(results);
        assertAcceptedInTheEnd(0);
    }

    @Test
    @DisplayName("What a caller does to the stage that it got harms nobody else")
    protected final void stagesAreTheCallersOwn() {
        CompletionStage<PushResult> first = stage(transport(), messageTo(0));
        ended(first.thenAccept(result -> {}).toCompletableFuture());
        spoil(first);
        assertThat(sendTo(0)).isEqualTo(PushResult.accepted());

        if (can(Ability.HANG)) {
            answer(1, new Answer.Hang());
            answer(2, new Answer.Hang());
            CompletionStage<PushResult> given = stage(transport(), messageTo(1));
            CompletableFuture<PushResult> other = open(messageTo(2));
            provider().received().await(4);
            spoil(given);
            assertThat(sendTo(3)).isEqualTo(PushResult.accepted());
            provider().release();
            assertAccepted(other);
        }
    }

    private static void spoil(CompletionStage<PushResult> stage) {
        try {
            CompletableFuture<PushResult> future = stage.toCompletableFuture();
            future.cancel(true);
            future.obtrudeException(new IllegalStateException("obtruded by the caller"));
        } catch (UnsupportedOperationException outOfReach) {
            // As good: nobody can do what this clause is about.
            assertThat(outOfReach).isNotNull();
        }
    }
}
