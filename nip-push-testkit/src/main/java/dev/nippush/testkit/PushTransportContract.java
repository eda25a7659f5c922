package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.Gateway.Ability;
import dev.nippush.testkit.Gateway.Answer;
import dev.nippush.testkit.Gateway.Received;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Accepted;
import dev.nippush.transport.PushResult.DeviceGone;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Rejected;
import dev.nippush.transport.PushResult.RetryAfter;
import dev.nippush.transport.PushTransport;
import dev.nippush.transport.Shorten;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The exam for a {@link PushTransport}. A subclass names its provider's {@link Gateway} and makes the transport against
 * it; each case gets a new pair. A case is skipped only where the gateway declares that it lacks the
 * {@linkplain Gateway#abilities() ability}.
 *
 * <pre>{@code
 * class PigeonTransportContractTest extends PushTransportContract {
 *     @Override protected Gateway gateway() { return new PigeonLoft(); }
 *     @Override protected PushTransport transport(Gateway gateway) { return new PigeonTransport((PigeonLoft) gateway); }
 *     @Override protected List<DeviceAddress> foreignDevices() { return List.of(…); }
 * }
 * }</pre>
 *
 * <p>The transport should give up on an unanswered message after two to ten seconds here, as the exam waits for it.
 *
 * <p>What is logged while a message travels is searched for its content. That covers java.util.logging, and slf4j where
 * logback-classic is on the class path.
 */
@Timeout(120)
public abstract class PushTransportContract {

    /** After that long without an answer, the engine takes a send for silence. */
    private static final Duration LONGEST_SEND = Duration.ofSeconds(30);

    private static final Duration ENOUGH_TO_RETURN = Duration.ofSeconds(5);

    private Gateway gateway;
    private PushTransport transport;

    /** For subclasses. */
    protected PushTransportContract() {}

    /** Makes and starts the provider. */
    protected abstract Gateway gateway();

    /**
     * Makes a transport that talks to the provider.
     *
     * @param gateway what {@link #gateway()} made
     */
    protected abstract PushTransport transport(Gateway gateway);

    /** Addresses that the transport must leave to others, at least one. */
    protected abstract List<DeviceAddress> foreignDevices();

    @BeforeEach
    protected final void openGatewayAndTransport() {
        gateway = gateway();
        transport = transport(gateway);
    }

    @AfterEach
    protected final void closeTransportAndGateway() {
        if (gateway.abilities().contains(Ability.HANG)) {
            gateway.release();
        }
        transport.close();
        gateway.close();
    }

    @Test
    @DisplayName("It serves the provider's devices, and leaves those of others alone")
    protected void servesItsOwnDevicesOnly() {
        for (int number = 0; number < 3; number++) {
            assertThat(transport.serves(gateway.device(number))).isTrue();
        }
        assertThat(foreignDevices())
                .isNotEmpty()
                .allSatisfy(device ->
                        assertThat(transport.serves(device)).as("%s", device).isFalse());
    }

    @Test
    @DisplayName("It knows what it serves without asking the provider")
    protected void servesWithoutTheProvider() {
        DeviceAddress device = gateway.device(0);
        gateway.close();

        long begin = System.nanoTime();
        for (int i = 0; i < 1_000; i++) {
            assertThat(transport.serves(device)).isTrue();
        }

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(ENOUGH_TO_RETURN);
        assertThat(gateway.received().all()).isEmpty();
    }

    @Test
    @DisplayName("It takes at least one message at a time")
    protected void windowIsPositive() {
        assertThat(transport.maxInFlight()).isPositive();
    }

    @Test
    @DisplayName("A message is accepted, and arrives whole, once")
    protected void messageArrivesWhole() {
        DeviceAddress device = gateway.device(0);
        PushMessage message = message(device, "New reply", "Someone replied to you.", Notification.MESSAGE);

        assertThat(send(message)).isEqualTo(PushResult.accepted());

        assertThat(gateway.received().all()).hasSize(1);
        Received received = gateway.received().last();
        assertThat(received.device()).isEqualTo(device);
        assertThat(received.title()).isEqualTo("New reply");
        assertThat(received.body()).isEqualTo("Someone replied to you.");
        assertThat(received.data())
                .containsEntry(Notification.MESSAGE_TYPE, Notification.MESSAGE)
                .containsEntry("reference", "0123");
    }

    @Test
    @DisplayName("A call arrives as a call")
    protected void callArrivesAsCall() {
        DeviceAddress device = gateway.device(0);

        assertThat(send(message(device, Notification.call("Incoming call", "Someone is calling you."))))
                .isEqualTo(PushResult.accepted());

        assertThat(gateway.received().last().data()).containsEntry(Notification.MESSAGE_TYPE, Notification.CALL);
    }

    @Test
    @DisplayName("Text of any script and any sign arrives as it was")
    protected void anyTextArrivesUnchanged() {
        String title = "\"Ünïcödé\" \\ <b>&amp;</b> 'x' /";
        String body = "日本語 العربية 👨‍👩‍👧 line\nbreak\ttab \u2028 e\u0301 {\"a\":1} %s ${x}";

        assertThat(send(message(gateway.device(0), title, body, Notification.MESSAGE)))
                .isEqualTo(PushResult.accepted());

        assertThat(gateway.received().last().title()).isEqualTo(title);
        assertThat(gateway.received().last().body()).isEqualTo(body);
    }

    @Test
    @DisplayName("Each device gets its own messages")
    protected void eachDeviceGetsItsOwn() {
        assertThat(send(message(gateway.device(1), "one", "first", Notification.MESSAGE)))
                .isEqualTo(PushResult.accepted());
        assertThat(send(message(gateway.device(2), "two", "second", Notification.MESSAGE)))
                .isEqualTo(PushResult.accepted());

        assertThat(gateway.received().all())
                .extracting(Received::device, Received::title)
                .containsExactly(tuple(gateway.device(1), "one"), tuple(gateway.device(2), "two"));
    }

    @Test
    @DisplayName("The provider gets the collapse key, so that a repetition replaces the first one")
    protected void collapseKeyIsHandedOver() {
        needs(Ability.COLLAPSE_KEY);
        PushMessage message = message(gateway.device(0), "title", "body", Notification.MESSAGE);
        PushMessage other = message(gateway.device(0), "title", "body", Notification.MESSAGE);

        send(message);
        send(message);
        send(other);

        List<Received> received = gateway.received().all();
        assertThat(received)
                .hasSize(3)
                .allSatisfy(one -> assertThat(one.collapseKey()).isPresent());
        assertThat(received.get(1).collapseKey()).isEqualTo(received.get(0).collapseKey());
        assertThat(received.get(2).collapseKey()).isNotEqualTo(received.get(0).collapseKey());
    }

    @Test
    @DisplayName("The provider learns until when the message is of use")
    protected void expiryIsHandedOver() {
        needs(Ability.EXPIRY);
        Instant expiresAt = Instant.now().plus(90, ChronoUnit.MINUTES);

        send(new PushMessage(gateway.device(0), Notification.message("title", "body", "thread"), key(), expiresAt));

        assertThat(gateway.received().last().expiresAt())
                .hasValueSatisfying(until -> assertThat(until).isCloseTo(expiresAt, within(15, ChronoUnit.SECONDS)));
    }

    @Test
    @DisplayName("A temporary failure is left to the engine's backoff, and not tried again here")
    protected void temporaryFailureIsRetriedByTheEngine() {
        needs(Ability.TEMPORARY_FAILURE);
        gateway.answer(gateway.device(0), new Answer.TemporaryFailure(Optional.empty()));

        assertThat(sendTo(0))
                .isInstanceOfSatisfying(
                        RetryAfter.class, retry -> assertThat(retry.delay()).isEmpty());
        assertThat(gateway.received().size()).isEqualTo(1);
    }

    @Test
    @DisplayName("A delay that the provider names is passed on")
    protected void delayIsPassedOn() {
        needs(Ability.RETRY_AFTER);
        gateway.answer(gateway.device(0), new Answer.TemporaryFailure(Optional.of(Duration.ofSeconds(7))));

        assertThat(sendTo(0))
                .isInstanceOfSatisfying(
                        RetryAfter.class, retry -> assertThat(retry.delay()).contains(Duration.ofSeconds(7)));
        assertThat(gateway.received().size()).isEqualTo(1);
    }

    @Test
    @DisplayName("A device that the provider knows no more is gone")
    protected void unknownDeviceIsGone() {
        needs(Ability.GONE);
        gateway.answer(gateway.device(0), new Answer.Gone(Optional.empty()));

        assertThat(sendTo(0)).isInstanceOf(DeviceGone.class);
    }

    @Test
    @DisplayName("A device is gone since the provider's date")
    protected void deviceIsGoneSinceTheProvidersDate() {
        needs(Ability.GONE_SINCE);
        Instant since = Instant.now().minus(3, ChronoUnit.DAYS).truncatedTo(ChronoUnit.SECONDS);
        gateway.answer(gateway.device(0), new Answer.Gone(Optional.of(since)));

        assertThat(sendTo(0)).isEqualTo(PushResult.deviceGone(since));
    }

    @Test
    @DisplayName("A message that the provider refuses is the message's fault")
    protected void refusedMessageIsTheMessagesFault() {
        needs(Ability.MESSAGE_REFUSED);
        gateway.answer(gateway.device(0), new Answer.MessageRefused());

        assertRejected(sendTo(0), Fault.MESSAGE);
    }

    @Test
    @DisplayName("An address that the provider refuses is the device's fault, and does not make it gone")
    protected void refusedDeviceIsTheDevicesFault() {
        needs(Ability.DEVICE_REFUSED);
        gateway.answer(gateway.device(0), new Answer.DeviceRefused());

        assertRejected(sendTo(0), Fault.DEVICE);
    }

    @Test
    @DisplayName("Refused credentials are our fault, and make no device gone")
    protected void refusedCredentialsAreOurFault() {
        needs(Ability.CREDENTIALS_REFUSED);
        gateway.answer(gateway.device(0), new Answer.CredentialsRefused());

        assertRejected(sendTo(0), Fault.CREDENTIALS);
    }

    @Test
    @DisplayName("An answer about one device says nothing of the next")
    protected void answersAreAboutOneDevice() {
        needs(Ability.GONE);
        gateway.answer(gateway.device(0), new Answer.Gone(Optional.empty()));

        assertThat(sendTo(0)).isInstanceOf(DeviceGone.class);
        assertThat(sendTo(1)).isEqualTo(PushResult.accepted());
    }

    @Test
    @DisplayName("A connection that is cut before the answer is silence, not a result")
    protected void lostConnectionIsSilence() {
        needs(Ability.CONNECTION_LOSS);
        gateway.answer(gateway.device(0), new Answer.Drop());

        assertSilent(open(messageTo(0)));
    }

    @Test
    @DisplayName("After a lost connection the next message arrives")
    protected void recoversFromLostConnection() {
        needs(Ability.CONNECTION_LOSS);
        gateway.answer(gateway.device(0), new Answer.Drop());
        assertSilent(open(messageTo(0)));

        gateway.answer(gateway.device(0), new Answer.Accept());
        // A client that waits before it connects again may answer the first attempts with silence.
        long giveUp = System.nanoTime() + LONGEST_SEND.toNanos();
        CompletableFuture<PushResult> last = open(messageTo(0));
        while (isSilent(last) && System.nanoTime() < giveUp) {
            last = open(messageTo(0));
        }

        assertThat(last.join()).isEqualTo(PushResult.accepted());
    }

    @Test
    @DisplayName("A provider that cannot be reached is silence")
    protected void unreachableProviderIsSilence() {
        needs(Ability.CONNECTION_LOSS);
        PushMessage message = messageTo(0);
        gateway.close();

        assertSilent(open(message));
    }

    @Test
    @DisplayName("An answer that does not come within 30 s is silence")
    protected void missingAnswerIsSilence() {
        needs(Ability.HANG);
        gateway.answer(gateway.device(0), new Answer.Hang());

        assertSilent(open(messageTo(0)));
        gateway.received().await(1);
    }

    @Test
    @DisplayName("Sending never waits for the provider")
    protected void sendDoesNotBlock() {
        needs(Ability.HANG);
        List<PushMessage> messages = IntStream.range(0, 100)
                .mapToObj(number -> {
                    gateway.answer(gateway.device(number), new Answer.Hang());
                    return messageTo(number);
                })
                .toList();

        long begin = System.nanoTime();
        List<CompletableFuture<PushResult>> results = new ArrayList<>();
        for (PushMessage message : messages) {
            results.add(open(message));
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(ENOUGH_TO_RETURN);
        }

        gateway.release();
        assertThat(results)
                .allSatisfy(result -> assertThat(isSilent(result) || result.join() instanceof Accepted)
                        .isTrue());
    }

    @Test
    @DisplayName("A device whose provider says nothing does not hold up the others")
    protected void hangingDeviceDoesNotHoldUpOthers() {
        needs(Ability.HANG);
        gateway.answer(gateway.device(0), new Answer.Hang());
        CompletableFuture<PushResult> hanging = open(messageTo(0));
        gateway.received().await(1);

        assertThat(sendTo(1)).isEqualTo(PushResult.accepted());

        gateway.release();
        assertThat(isSilent(hanging) || hanging.join() instanceof Accepted).isTrue();
    }

    @Test
    @DisplayName("Messages that several threads send at once are all answered, and each arrives once")
    protected void concurrentSendsAllComplete() {
        int threads = 8;
        int waves = 3;
        // 64 in all: as many as an engine has open to one host.
        int atOnce = 8;
        ExecutorService senders = Executors.newFixedThreadPool(threads);
        try {
            List<CompletableFuture<Void>> sending = IntStream.range(0, threads)
                    .mapToObj(thread -> CompletableFuture.runAsync(() -> sendWaves(thread, waves, atOnce), senders))
                    .toList();
            assertThat(sending).allSatisfy(PushTransportContract::ended);
        } finally {
            senders.shutdownNow();
        }
        int all = threads * waves * atOnce;
        assertThat(gateway.received().all().stream().map(Received::title).collect(Collectors.toSet()))
                .hasSize(all);
        assertThat(gateway.received().size()).isEqualTo(all);
    }

    private void sendWaves(int thread, int waves, int atOnce) {
        for (int wave = 0; wave < waves; wave++) {
            String title = "title " + thread + "/" + wave + "/";
            int firstDevice = (thread * waves + wave) * atOnce;
            List<CompletableFuture<PushResult>> results = IntStream.range(0, atOnce)
                    .mapToObj(i ->
                            open(message(gateway.device(firstDevice + i), title + i, "body", Notification.MESSAGE)))
                    .toList();
            assertThat(results).allSatisfy(result -> assertThat(ended(result)).isEqualTo(PushResult.accepted()));
        }
    }

    @ParameterizedTest(name = "shifted by {0}")
    @ValueSource(ints = {0, 1, 2, 3})
    @DisplayName("A text that is too long is cut between two characters, and the app still learns what came")
    protected void longTextIsCut(int shift) {
        needs(Ability.SIZE_LIMIT);
        String body = "a".repeat(shift) + "é👍語".repeat(12_000);

        assertThat(send(message(gateway.device(0), "title", body, Notification.CALL)))
                .isEqualTo(PushResult.accepted());

        Received received = gateway.received().last();
        assertThat(received.title()).isEqualTo("title");
        assertThat(received.data()).containsEntry(Notification.MESSAGE_TYPE, Notification.CALL);
        String arrived = received.body().endsWith(Shorten.ELLIPSIS)
                ? received.body().substring(0, received.body().length() - Shorten.ELLIPSIS.length())
                : received.body();
        assertThat(arrived).hasSizeGreaterThan(100).hasSizeLessThan(body.length());
        assertThat(body).startsWith(arrived);
        assertThat(Character.isHighSurrogate(arrived.charAt(arrived.length() - 1)))
                .as("ends in half a character")
                .isFalse();
    }

    @Test
    @DisplayName("A long text of signs that have to be escaped fits too")
    protected void longTextOfEscapedSignsIsCut() {
        needs(Ability.SIZE_LIMIT);
        String body = "\"\\\n\u0001\u2028<".repeat(20_000);

        assertThat(send(message(gateway.device(0), "title", body, Notification.MESSAGE)))
                .isEqualTo(PushResult.accepted());

        assertThat(gateway.received().last().body()).hasSizeGreaterThan(50).startsWith("\"\\\n\u0001\u2028<");
    }

    @Test
    @DisplayName("Neither logs, nor reasons, nor exceptions, nor toString give away token or content")
    protected void keepsSecrets() {
        List<String> told = new ArrayList<>();
        List<String> secrets = new ArrayList<>(List.of("title-6f1d90ac", "body-31be77c2", "data-5ae2d0f4"));
        List<Optional<Answer>> answers = List.of(
                Optional.of(new Answer.Accept()),
                possible(Ability.TEMPORARY_FAILURE, new Answer.TemporaryFailure(Optional.empty())),
                possible(Ability.GONE, new Answer.Gone(Optional.empty())),
                possible(Ability.MESSAGE_REFUSED, new Answer.MessageRefused()),
                possible(Ability.DEVICE_REFUSED, new Answer.DeviceRefused()),
                possible(Ability.CONNECTION_LOSS, new Answer.Drop()),
                possible(Ability.CREDENTIALS_REFUSED, new Answer.CredentialsRefused()));

        try (LogCapture log = LogCapture.begin()) {
            for (int number = 0; number < answers.size(); number++) {
                if (answers.get(number).isEmpty()) {
                    continue;
                }
                DeviceAddress device = gateway.device(number);
                secrets.add(device.token());
                gateway.answer(device, answers.get(number).get());
                PushMessage message = message(
                        device,
                        new Notification(
                                "title-6f1d90ac",
                                "body-31be77c2",
                                "thread",
                                Notification.Urgency.NORMAL,
                                Map.of(Notification.MESSAGE_TYPE, Notification.MESSAGE, "reference", "data-5ae2d0f4")));
                secrets.add(message.collapseKey());
                told.add(transport.toString());
                told.add(
                        ended(open(message).handle((result, silence) -> String.valueOf(result) + stackTrace(silence))));
            }
            told.add(transport.toString());
            told.addAll(log.lines());
        }

        assertThat(told).allSatisfy(line -> assertThat(line).doesNotContain(secrets));
    }

    @Test
    @DisplayName("Closing twice is harmless")
    protected void closesTwice() {
        sendTo(0);

        transport.close();

        assertThatCode(() -> transport.close()).doesNotThrowAnyException();
    }

    @Test
    @DisplayName("What is in flight when the transport is closed still lands")
    protected void closeLetsInFlightLand() {
        needs(Ability.HANG);
        gateway.answer(gateway.device(0), new Answer.Hang());
        CompletableFuture<PushResult> inFlight = open(messageTo(0));
        gateway.received().await(1);

        CompletableFuture<Void> closing = CompletableFuture.runAsync(transport::close);
        gateway.release();

        assertThat(ended(inFlight)).isEqualTo(PushResult.accepted());
        closing.orTimeout(LONGEST_SEND.toSeconds(), TimeUnit.SECONDS).join();
    }

    @Test
    @DisplayName("A message that is sent after the close is not taken for sent")
    protected void sendAfterCloseIsSilence() {
        PushMessage message = messageTo(0);
        transport.close();

        try {
            assertSilent(open(message));
        } catch (IllegalStateException closed) {
            assertThat(closed).isNotNull();
        }
        assertThat(gateway.received().all()).isEmpty();
    }

    private void needs(Ability ability) {
        assumeTrue(
                gateway.abilities().contains(ability),
                () -> gateway.getClass().getSimpleName() + " declares that it lacks " + ability);
    }

    private Optional<Answer> possible(Ability ability, Answer answer) {
        return gateway.abilities().contains(ability) ? Optional.of(answer) : Optional.empty();
    }

    private PushMessage messageTo(int number) {
        return message(gateway.device(number), "title", "body", Notification.MESSAGE);
    }

    private static PushMessage message(DeviceAddress device, String title, String body, String type) {
        return message(
                device,
                new Notification(
                        title,
                        body,
                        "thread",
                        Notification.Urgency.NORMAL,
                        Map.of(Notification.MESSAGE_TYPE, type, "reference", "0123")));
    }

    private static PushMessage message(DeviceAddress device, Notification notification) {
        return new PushMessage(device, notification, key(), Instant.now().plus(1, ChronoUnit.HOURS));
    }

    private static String key() {
        return (UUID.randomUUID().toString() + UUID.randomUUID()).replace("-", "");
    }

    private PushResult sendTo(int number) {
        return send(messageTo(number));
    }

    private PushResult send(PushMessage message) {
        return ended(open(message));
    }

    private CompletableFuture<PushResult> open(PushMessage message) {
        CompletableFuture<PushResult> result = new CompletableFuture<>();
        transport.send(message).whenComplete((answer, silence) -> {
            if (silence != null) {
                result.completeExceptionally(silence);
            } else {
                result.complete(answer);
            }
        });
        return result;
    }

    /** Waits for the end of a send. */
    private static <T> T ended(CompletableFuture<T> open) {
        try {
            return open.copy()
                    .orTimeout(LONGEST_SEND.plusSeconds(5).toSeconds(), TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException silence) {
            throw new AssertionError("no answer came", silence.getCause());
        }
    }

    private static boolean isSilent(CompletableFuture<PushResult> open) {
        ended(open.handle((result, silence) -> Optional.ofNullable(result)));
        return open.isCompletedExceptionally();
    }

    private static void assertSilent(CompletableFuture<PushResult> open) {
        assertThat(isSilent(open)).as("ended without an answer: %s", open).isTrue();
    }

    private static void assertRejected(PushResult result, Fault fault) {
        assertThat(result)
                .isInstanceOfSatisfying(
                        Rejected.class, rejected -> assertThat(rejected.fault()).isEqualTo(fault));
    }

    private static String stackTrace(@Nullable Throwable silence) {
        StringWriter text = new StringWriter();
        if (silence != null) {
            silence.printStackTrace(new PrintWriter(text));
        }
        return text.toString();
    }
}
