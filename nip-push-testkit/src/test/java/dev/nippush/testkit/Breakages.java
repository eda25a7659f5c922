package dev.nippush.testkit;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.Gateway.Received;
import dev.nippush.testkit.PigeonLoft.Reply;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.RetryAfter;
import dev.nippush.transport.PushResult.Scope;
import dev.nippush.transport.PushTransport;
import dev.nippush.transport.Shorten;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** Transports that are broken in one way each, and the clauses that find it out. */
final class Breakages {

    /**
     * One row.
     *
     * @param how in which way it is broken; no two rows say the same
     * @param clauses the methods of {@link PushTransportContract} that must fail, and no other may
     */
    record Breakage(String how, Set<String> clauses, Function<PigeonLoft, PushTransport> pigeon) {
        @Override
        public String toString() {
            return how;
        }
    }

    private final List<Breakage> rows = new ArrayList<>();

    private Breakages() {}

    static List<Breakage> all() {
        Breakages table = new Breakages();
        table.endings();
        table.silence();
        table.callers();
        table.crowds();
        table.payload();
        table.sizes();
        table.secrets();
        table.life();
        return List.copyOf(table.rows);
    }

    private void row(String how, Function<PigeonLoft, PushTransport> pigeon, String... clauses) {
        rows.add(new Breakage(how, Set.of(clauses), pigeon));
    }

    /** A row that gets the provider's words wrong. */
    private void translates(String how, Function<Reply, Optional<PushResult>> wrongly, String... clauses) {
        row(
                how,
                loft -> new PigeonTransport(loft) {
                    @Override
                    PushResult result(Reply reply) {
                        return wrongly.apply(reply).orElseGet(() -> super.result(reply));
                    }
                },
                clauses);
    }

    /** A row that takes one word of the provider for something else. */
    private void takes(String word, PushResult wrongly, String... clauses) {
        translates(
                "takes \"" + word + "\" for " + wrongly,
                reply -> reply.word().equals(word) ? Optional.of(wrongly) : Optional.empty(),
                clauses);
    }

    /** A row that writes another letter than the right one. */
    private void writes(String how, Function<Received, Received> wrongly, String... clauses) {
        row(
                how,
                loft -> new PigeonTransport(loft) {
                    @Override
                    Received letter(PushMessage message) {
                        return wrongly.apply(super.letter(message));
                    }
                },
                clauses);
    }

    /** A row that makes something else of a stage than the right one. */
    private void ends(
            String how,
            Function<CompletableFuture<PushResult>, CompletableFuture<PushResult>> wrongly,
            String... clauses) {
        row(
                how,
                loft -> new PigeonTransport(loft) {
                    @Override
                    public CompletionStage<PushResult> send(PushMessage message) {
                        return wrongly.apply(super.send(message).toCompletableFuture());
                    }
                },
                clauses);
    }

    private void endings() {
        row(
                "sends again what was taken",
                loft -> new PigeonTransport(loft) {
                    @Override
                    CompletableFuture<Reply> reply(Received letter) {
                        return super.reply(letter)
                                .thenCompose(reply -> reply.word().equals("thanks")
                                        ? super.reply(letter)
                                        : CompletableFuture.completedFuture(reply));
                    }
                },
                "takenMessageIsAccepted",
                "concurrentSendsAreAnsweredEachForItself",
                "eachDeviceGetsItsOwn",
                "collapseKeyIsHandedOver");
        row(
                "tries again after a temporary failure",
                loft -> new PigeonTransport(loft) {
                    @Override
                    CompletableFuture<Reply> reply(Received letter) {
                        return super.reply(letter)
                                .thenCompose(reply -> reply.word().equals("storm")
                                        ? super.reply(letter)
                                        : CompletableFuture.completedFuture(reply));
                    }
                },
                "temporaryFailureIsRetriedByTheEngine",
                "delayIsPassedOn",
                "concurrentSendsAreAnsweredEachForItself");
        translates(
                "makes up a delay",
                reply -> reply.word().equals("storm") && reply.pause().isEmpty()
                        ? Optional.of(PushResult.retryAfter(Scope.SERVER, Duration.ofSeconds(60), "storm"))
                        : Optional.empty(),
                "temporaryFailureIsRetriedByTheEngine");
        translates(
                "blames the device for the trouble of its server",
                reply -> reply.word().equals("storm")
                        ? Optional.of(new RetryAfter(Scope.DEVICE, reply.pause(), "storm"))
                        : Optional.empty(),
                "temporaryFailureIsTheServers");
        translates(
                "forgets the delay of a temporary failure",
                reply -> reply.word().equals("storm")
                        ? Optional.of(PushResult.retryLater(Scope.SERVER, "storm"))
                        : Optional.empty(),
                "delayIsPassedOn",
                "concurrentSendsAreAnsweredEachForItself");
        translates(
                "holds up all for the limit of one device",
                reply -> reply.word().equals("no perch")
                        ? Optional.of(new RetryAfter(Scope.SENDER, reply.pause(), "no perch"))
                        : Optional.empty(),
                "deviceLimitHoldsUpTheDevice");
        takes("no perch", PushResult.retryLater("forgets the delay"), "deviceLimitHoldsUpTheDevice");
        translates(
                "takes our own limit for that of one device",
                reply -> reply.word().equals("tired")
                        ? Optional.of(new RetryAfter(Scope.DEVICE, reply.pause(), "tired"))
                        : Optional.empty(),
                "senderLimitHoldsUpTheSender");
        translates(
                "makes up a date of death",
                reply -> reply.word().equals("deserted") && reply.since().isEmpty()
                        ? Optional.of(PushResult.deviceGone(Instant.now()))
                        : Optional.empty(),
                "unknownDeviceIsGone");
        takes("deserted", PushResult.deviceGone(), "deviceIsGoneSinceTheProvidersDate");
        takes("illegible", PushResult.rejected(Fault.DEVICE, "illegible"), "refusedMessageIsTheMessagesFault");
        takes("hawks", PushResult.deviceGone(), "refusedDeviceIsTheDevicesFault");
        takes("hawks", PushResult.rejected(Fault.CREDENTIALS, "hawks"), "refusedDeviceIsTheDevicesFault");
        takes("who are you", PushResult.deviceGone(), "refusedCredentialsAreOurFault");
        row(
                "gives up all devices when one is gone",
                loft -> new PigeonTransport(loft) {
                    private volatile boolean gone;

                    @Override
                    PushResult result(Reply reply) {
                        PushResult result = gone ? PushResult.deviceGone() : super.result(reply);
                        gone = result instanceof PushResult.DeviceGone;
                        return result;
                    }
                },
                "answersAreAboutOneDevice",
                "concurrentSendsAreAnsweredEachForItself");
        row(
                "says nothing of what is too late",
                loft -> new PigeonTransport(loft) {
                    @Override
                    public CompletionStage<PushResult> send(PushMessage message) {
                        return message.expiresAt().isBefore(Instant.now())
                                ? CompletableFuture.failedFuture(new IOException("too late"))
                                : super.send(message);
                    }
                },
                "expiredMessageEnds");
        row(
                "prolongs what is too late",
                loft -> new PigeonTransport(loft) {
                    @Override
                    Instant expiresAt(PushMessage message) {
                        Instant atLeast = Instant.now().plus(Duration.ofMinutes(1));
                        return message.expiresAt().isBefore(atLeast) ? atLeast : message.expiresAt();
                    }
                },
                "expiredMessageEnds");
    }

    private void silence() {
        ends(
                "takes a lost connection for an answer",
                stage -> stage.exceptionally(silence -> {
                    if (text(silence).contains("did not return")) {
                        return PushResult.retryLater("lost");
                    }
                    throw new IllegalStateException(silence);
                }),
                "lostConnectionIsSilence");
        ends(
                "ends with null when the connection is lost",
                stage -> stage.handle((result, silence) -> {
                    if (silence != null && !text(silence).contains("did not return")) {
                        throw new IllegalStateException(silence);
                    }
                    return result;
                }),
                // Whatever waits for an ending in silence trips over it.
                "lostConnectionIsSilence",
                "recoversFromLostConnection");
        row(
                "never connects again",
                loft -> new PigeonTransport(loft) {
                    private volatile boolean lost;

                    @Override
                    CompletableFuture<Reply> reply(Received letter) {
                        if (lost) {
                            return CompletableFuture.failedFuture(new IOException("lost for ever"));
                        }
                        return super.reply(letter)
                                .whenComplete((reply, silence) ->
                                        lost = silence != null && text(silence).contains("did not return"));
                    }
                },
                "recoversFromLostConnection");
        ends(
                "takes an unreachable provider for an answer",
                stage -> stage.exceptionally(silence -> {
                    if (text(silence).contains("is closed")) {
                        return PushResult.retryLater("closed");
                    }
                    throw new IllegalStateException(silence);
                }),
                "unreachableProviderIsSilence",
                "sendAfterCloseIsSilence");
        row(
                "throws what the network did",
                loft -> new PigeonTransport(loft) {
                    @Override
                    CompletableFuture<Reply> reply(Received letter) {
                        if (loft.closed()) {
                            throw new IllegalStateException("no loft");
                        }
                        return super.reply(letter);
                    }
                },
                "unreachableProviderIsSilence");
        row(
                "takes a missing answer for a refusal",
                loft -> new PigeonTransport(loft) {
                    @Override
                    CompletableFuture<Reply> reply(Received letter) {
                        return super.reply(letter)
                                .exceptionallyCompose(silence -> text(silence).contains("TimeoutException")
                                        ? CompletableFuture.completedFuture(Reply.of("illegible"))
                                        : CompletableFuture.failedFuture(silence));
                    }
                },
                "missingAnswerIsSilence",
                "closeEndsDespiteSilence");
        row(
                "waits for an answer for ever",
                loft -> new PigeonTransport(loft) {
                    @Override
                    CompletableFuture<Reply> reply(Received letter) {
                        return loft.fly(letter).copy();
                    }
                },
                "missingAnswerIsSilence",
                "closeEndsDespiteSilence");
    }

    private void callers() {
        row(
                "serves everybody",
                loft -> new PigeonTransport(loft) {
                    @Override
                    public boolean serves(DeviceAddress address) {
                        return true;
                    }
                },
                "servesItsOwnDevicesOnly",
                "servesWithoutTheProvider",
                "foreignMessageGoesNowhere");
        row(
                "asks the provider whom it serves",
                loft -> new PigeonTransport(loft) {
                    @Override
                    public boolean serves(DeviceAddress address) {
                        return super.serves(address) && !loft.closed();
                    }

                    @Override
                    public CompletionStage<PushResult> send(PushMessage message) {
                        return loft.closed()
                                ? CompletableFuture.failedFuture(new IOException("no loft"))
                                : super.send(message);
                    }
                },
                "servesWithoutTheProvider");
        row(
                "takes messages for anybody",
                loft -> new PigeonTransport(loft) {
                    @Override
                    public CompletionStage<PushResult> send(PushMessage message) {
                        return serves(message.address()) ? super.send(message) : accepted();
                    }
                },
                "foreignMessageGoesNowhere");
        row(
                "waits for the answer",
                loft -> new PigeonTransport(loft) {
                    @Override
                    CompletableFuture<Reply> reply(Received letter) {
                        return waited(super.reply(letter));
                    }
                },
                "sendDoesNotBlock",
                "sendDoesNotBlockOnConnecting",
                "hangingDeviceDoesNotHoldUpOthers",
                "overfullWindowEmpties",
                "stagesAreTheCallersOwn",
                "closeLetsInFlightLand");
        row(
                "waits for the connection",
                loft -> new PigeonTransport(loft) {
                    @Override
                    CompletableFuture<Reply> reply(Received letter) {
                        return loft.stalled() ? waited(super.reply(letter)) : super.reply(letter);
                    }
                },
                "sendDoesNotBlockOnConnecting");
        row(
                "begins with one when it is done with the one before",
                loft -> new PigeonTransport(loft) {
                    private CompletableFuture<?> before = CompletableFuture.completedFuture(null);

                    @Override
                    synchronized CompletableFuture<Reply> reply(Received letter) {
                        CompletableFuture<Reply> reply =
                                before.handle((done, silence) -> true).thenCompose(turn -> super.reply(letter));
                        before = reply;
                        return reply.copy();
                    }
                },
                "hangingDeviceDoesNotHoldUpOthers",
                "stagesAreTheCallersOwn");
    }

    private void crowds() {
        row(
                "answers for another when there are many",
                loft -> new PigeonTransport(loft) {
                    private final AtomicInteger sends = new AtomicInteger();

                    @Override
                    PushResult result(Reply reply) {
                        return sends.incrementAndGet() > 900 ? PushResult.deviceGone() : super.result(reply);
                    }
                },
                "concurrentSendsAreAnsweredEachForItself",
                "overfullWindowEmpties");
        row(
                "loses some when there are many",
                loft -> new PigeonTransport(loft) {
                    private final AtomicInteger sends = new AtomicInteger();

                    @Override
                    CompletableFuture<Reply> reply(Received letter) {
                        return sends.incrementAndGet() % 900 == 0
                                ? CompletableFuture.completedFuture(Reply.of("thanks"))
                                : super.reply(letter);
                    }
                },
                "concurrentSendsAreAnsweredEachForItself");
        row("takes none at a time", loft -> window(loft, () -> 0), "windowIsPositive");
        row(
                "takes fewer and fewer at a time",
                loft -> {
                    AtomicInteger window = new AtomicInteger(1_000);
                    return window(loft, window::getAndDecrement);
                },
                "windowIsPositive");
        row(
                "loses what its window has no room for",
                loft -> full(loft, CompletableFuture::new),
                "overfullWindowEmpties");
        row(
                "throws when its window is full",
                loft -> full(loft, () -> {
                    throw new IllegalStateException("full");
                }),
                "overfullWindowEmpties");
        row(
                "gives one stage to all",
                loft -> new PigeonTransport(loft) {
                    private final CompletableFuture<PushResult> accepted =
                            CompletableFuture.completedFuture(PushResult.accepted());

                    @Override
                    public CompletionStage<PushResult> send(PushMessage message) {
                        CompletableFuture<PushResult> own = super.send(message).toCompletableFuture();
                        boolean taken = own.isDone()
                                && !own.isCompletedExceptionally()
                                && own.join().equals(PushResult.accepted());
                        return taken ? accepted : own;
                    }
                },
                "stagesAreTheCallersOwn");
        row(
                "ends all when a caller cancels one",
                loft -> new PigeonTransport(loft) {
                    private final Queue<CompletableFuture<PushResult>> open = new ConcurrentLinkedQueue<>();

                    @Override
                    public CompletionStage<PushResult> send(PushMessage message) {
                        CompletableFuture<PushResult> given =
                                super.send(message).toCompletableFuture();
                        open.add(given);
                        given.whenComplete((result, silence) -> {
                            if (given.isCancelled()) {
                                open.forEach(other -> other.cancel(true));
                            }
                        });
                        return given;
                    }
                },
                "stagesAreTheCallersOwn");
    }

    private void payload() {
        row("shows nothing", loft -> shows(loft, false), "messageArrivesWhole");
        row("shows a silent message", loft -> shows(loft, true), "silentMessageShowsNothing");
        writes(
                "takes calls for messages",
                letter -> with(letter, letter.body(), Map.of("msgType", "0", "reference", "0123")),
                "callArrivesAsCall",
                "longTextIsCut",
                "largeDataGivesWay");
        writes(
                "forgets the data",
                letter -> with(
                        letter, letter.body(), Map.of("msgType", letter.data().get("msgType"))),
                "messageArrivesWhole",
                "silentMessageShowsNothing",
                "longTextIsCut",
                "largeDataGivesWay");
        writes(
                "strips the marks of direction",
                letter -> with(letter, letter.body().replaceAll("[\u202c\u202e]", ""), letter.data()),
                "anyTextArrivesUnchanged");
        row(
                "throws at half a character",
                loft -> new PigeonTransport(loft) {
                    @Override
                    Received letter(PushMessage message) {
                        try {
                            StandardCharsets.UTF_8
                                    .newEncoder()
                                    .encode(CharBuffer.wrap(
                                            message.notification().body()));
                        } catch (CharacterCodingException half) {
                            throw new IllegalArgumentException(half);
                        }
                        return super.letter(message);
                    }
                },
                "oddCharactersDoNoHarm");
        writes(
                "ends the text at a NUL",
                letter -> with(letter, letter.body().split("\u0000", 2)[0], letter.data()),
                "oddCharactersDoNoHarm");
        writes(
                "mixes up two devices",
                letter -> letter.device().equals(PigeonLoft.loft("tower/of/the/old mill-1002"))
                        ? new Received(
                                PigeonLoft.loft("tower/of/the/old mill-1001"),
                                letter.title(),
                                letter.body(),
                                letter.data(),
                                letter.collapseKey(),
                                letter.expiresAt(),
                                letter.shown())
                        : letter,
                "eachDeviceGetsItsOwn",
                "concurrentSendsAreAnsweredEachForItself");
        row(
                "makes up collapse keys",
                loft -> new PigeonTransport(loft) {
                    @Override
                    String collapseKey(PushMessage message) {
                        return TransportExam.key();
                    }
                },
                "collapseKeyIsHandedOver");
        row(
                "gives all messages one collapse key",
                loft -> new PigeonTransport(loft) {
                    @Override
                    String collapseKey(PushMessage message) {
                        return message.notification().thread();
                    }
                },
                "collapseKeyIsHandedOver");
        row(
                "lets messages expire early",
                loft -> new PigeonTransport(loft) {
                    @Override
                    Instant expiresAt(PushMessage message) {
                        return message.expiresAt().minus(Duration.ofMinutes(30));
                    }
                },
                "expiryIsHandedOver");
    }

    private void sizes() {
        writes(
                "cuts what would fit",
                letter -> with(
                        letter,
                        Shorten.toFit(letter.body(), text -> text.length() <= 300)
                                .orElseThrow(),
                        letter.data()),
                "textThatFitsIsNotCut");
        row(
                "cuts characters in two",
                loft -> new PigeonTransport(loft) {
                    @Override
                    Received letter(PushMessage message) {
                        Notification whole = message.notification();
                        return fits(whole) || whole.body().length() < 302
                                ? super.letter(message)
                                : letter(message, with(whole, whole.body().substring(0, 302), whole.data()));
                    }
                },
                "longTextIsCut");
        row(
                "counts characters",
                loft -> new PigeonTransport(loft) {
                    @Override
                    boolean fits(Notification text) {
                        return text.title().length()
                                        + text.body().length()
                                        + text.data().toString().length()
                                <= PigeonLoft.LIMIT;
                    }
                },
                "longTextIsCut",
                "longTextOfEscapedSignsIsCut");
        row(
                "counts bytes before it escapes",
                loft -> new PigeonTransport(loft) {
                    @Override
                    boolean fits(Notification text) {
                        String all = text.title() + text.body() + text.data() + "[\"\",\"\",{\"\":\"\",\"\":\"\"}]";
                        return all.getBytes(StandardCharsets.UTF_8).length <= PigeonLoft.LIMIT;
                    }
                },
                "longTextOfEscapedSignsIsCut");
        row(
                "cuts data",
                loft -> new PigeonTransport(loft) {
                    @Override
                    Received letter(PushMessage message) {
                        Notification whole = message.notification();
                        Map<String, String> data = new HashMap<>(whole.data());
                        data.computeIfPresent(
                                "event", (key, event) -> event.substring(0, Math.min(event.length(), 100)));
                        return letter(message, with(whole, shortened(whole.body()), data));
                    }

                    private String shortened(String body) {
                        return Shorten.toFit(body, text -> PigeonLoft.weight("title", text, Map.of()) < 1_500)
                                .orElseThrow();
                    }
                },
                "largeDataGivesWay");
        row(
                "refuses what is too large",
                loft -> new PigeonTransport(loft) {
                    @Override
                    Received letter(PushMessage message) {
                        return letter(message, message.notification());
                    }
                },
                "longTextIsCut",
                "longTextOfEscapedSignsIsCut",
                "largeDataGivesWay");
    }

    private void secrets() {
        logs("logs the token", message -> message.address().token());
        logs("logs the end of the token", message -> {
            String token = message.address().token();
            return "…" + token.substring(token.length() - 12);
        });
        logs("logs the text", message -> message.notification().body());
        logs("logs the data", message -> message.notification().data().toString());
        logs("logs the collapse key", PushMessage::collapseKey);
        row(
                "logs the title to java.util.logging",
                loft -> saying(
                        loft,
                        message -> java.util.logging.Logger.getLogger("dev.nippush.testkit.Pigeon")
                                .finest(message.notification().title())),
                "logsKeepSecrets");
        row(
                "logs an exception that tells",
                loft -> saying(
                        loft,
                        message -> LoggerFactory.getLogger("dev.nippush.pigeon")
                                .debug("lost", new IOException(new IOException(url(message))))),
                "logsKeepSecrets");
        tells(
                "gives reasons that tell",
                (message, result) -> result instanceof PushResult.Rejected rejected
                        ? PushResult.rejected(
                                rejected.fault(), message.notification().body())
                        : result);
        tells(
                "gives advice that tells",
                (message, result) -> result instanceof PushResult.Rejected rejected
                        ? PushResult.rejected(
                                rejected.fault(),
                                "no",
                                "look at " + message.address().token())
                        : result);
        tells(
                "asks for patience in words that tell",
                (message, result) -> result instanceof RetryAfter retry
                        ? new RetryAfter(
                                retry.scope(),
                                retry.delay(),
                                message.notification().title())
                        : result);
        row(
                "fails for a cause that tells",
                loft -> new PigeonTransport(loft) {
                    @Override
                    public CompletionStage<PushResult> send(PushMessage message) {
                        return super.send(message)
                                .exceptionallyCompose(silence -> CompletableFuture.failedFuture(new IOException(
                                        "no answer", new IOException("from " + url(message), silence))));
                    }
                },
                "wordsKeepSecrets");
        row(
                "throws what tells",
                loft -> new PigeonTransport(loft) {
                    @Override
                    public CompletionStage<PushResult> send(PushMessage message) {
                        if (!serves(message.address())) {
                            throw new IllegalArgumentException(message.address().text());
                        }
                        return super.send(message);
                    }
                },
                "wordsKeepSecrets");
        row(
                "has a name that tells",
                loft -> new PigeonTransport(loft) {
                    private volatile String last = "";

                    @Override
                    public CompletionStage<PushResult> send(PushMessage message) {
                        if (message.notification().title().length() > 20) {
                            last = message.address().token();
                        }
                        return super.send(message);
                    }

                    @Override
                    public String toString() {
                        return "PigeonTransport" + last;
                    }
                },
                "wordsKeepSecrets");
    }

    private void life() {
        row(
                "has a name that is another one each time",
                loft -> named(
                        loft, pigeon -> "PigeonTransport@" + Integer.toHexString(System.identityHashCode(pigeon))),
                "nameIsShortAndStable");
        row("has a name of many lines", loft -> named(loft, pigeon -> "Pigeon\nTransport"), "nameIsShortAndStable");
        row("has no name", loft -> named(loft, pigeon -> " "), "nameIsShortAndStable");
        row(
                "cannot be closed unused",
                loft -> new PigeonTransport(loft) {
                    private volatile boolean used;

                    @Override
                    CompletableFuture<Reply> reply(Received letter) {
                        used = true;
                        return super.reply(letter);
                    }

                    @Override
                    public void close() {
                        super.close();
                        if (!used) {
                            throw new IllegalStateException("not open");
                        }
                    }
                },
                "closesUnused",
                "nameIsShortAndStable",
                "sendAfterCloseIsSilence");
        row(
                "cannot be closed twice",
                loft -> new PigeonTransport(loft) {
                    private final AtomicInteger closes = new AtomicInteger();

                    @Override
                    public void close() {
                        super.close();
                        if (closes.incrementAndGet() == 2) {
                            throw new IllegalStateException("closed already");
                        }
                    }
                },
                "closesTwice");
        row(
                "abandons what is in flight",
                loft -> new PigeonTransport(loft) {
                    private final CompletableFuture<Reply> abandoned = new CompletableFuture<>();

                    @Override
                    CompletableFuture<Reply> reply(Received letter) {
                        return super.reply(letter).applyToEither(abandoned, reply -> reply);
                    }

                    @Override
                    public void close() {
                        super.close();
                        abandoned.completeExceptionally(new IllegalStateException("closed"));
                    }
                },
                "closeLetsInFlightLand");
        row(
                "waits for the provider when it is closed",
                loft -> new PigeonTransport(loft) {
                    private final Queue<CompletableFuture<Reply>> flights = new ConcurrentLinkedQueue<>();

                    @Override
                    CompletableFuture<Reply> reply(Received letter) {
                        CompletableFuture<Reply> flight = loft.fly(letter);
                        flights.add(flight);
                        return flight.copy().orTimeout(DEADLINE_MILLIS, TimeUnit.MILLISECONDS);
                    }

                    @Override
                    public void close() {
                        super.close();
                        flights.forEach(flight ->
                                flight.handle((reply, silence) -> true).join());
                    }
                },
                "closeEndsDespiteSilence");
        row(
                "sends although it is closed",
                loft -> new PigeonTransport(loft) {
                    @Override
                    public void close() {}
                },
                "sendAfterCloseIsSilence");
        row(
                "takes messages although it is closed",
                loft -> new PigeonTransport(loft) {
                    private volatile boolean closed;

                    @Override
                    public CompletionStage<PushResult> send(PushMessage message) {
                        return closed && serves(message.address()) ? accepted() : super.send(message);
                    }

                    @Override
                    public void close() {
                        super.close();
                        closed = true;
                    }
                },
                "sendAfterCloseIsSilence");
        row(
                "closes what it borrowed",
                loft -> new PigeonTransport(loft) {
                    @Override
                    public void close() {
                        super.close();
                        loft.close();
                    }
                },
                "borrowedClientSurvives");
    }

    private void logs(String how, Function<PushMessage, String> line) {
        row(
                how,
                loft -> saying(
                        loft,
                        message -> LoggerFactory.getLogger("dev.nippush.pigeon")
                                .trace("off with {}", line.apply(message))),
                "logsKeepSecrets");
    }

    private interface Telling {
        PushResult of(PushMessage message, PushResult result);
    }

    private void tells(String how, Telling telling) {
        row(
                how,
                loft -> new PigeonTransport(loft) {
                    @Override
                    public CompletionStage<PushResult> send(PushMessage message) {
                        return super.send(message).thenApply(result -> telling.of(message, result));
                    }
                },
                "wordsKeepSecrets");
    }

    private static PushTransport saying(PigeonLoft loft, Consumer<PushMessage> word) {
        return new PigeonTransport(loft) {
            @Override
            public CompletionStage<PushResult> send(PushMessage message) {
                word.accept(message);
                return super.send(message);
            }
        };
    }

    private static PushTransport named(PigeonLoft loft, Function<Object, String> name) {
        return new PigeonTransport(loft) {
            @Override
            public String toString() {
                return name.apply(this);
            }
        };
    }

    private static PushTransport shows(PigeonLoft loft, boolean shown) {
        return new PigeonTransport(loft) {
            @Override
            boolean shown(PushMessage message) {
                return shown;
            }
        };
    }

    private static PushTransport window(PigeonLoft loft, IntSupplier size) {
        return new PigeonTransport(loft) {
            @Override
            public int maxInFlight() {
                return size.getAsInt();
            }
        };
    }

    /** Takes five at a time. */
    private static PushTransport full(PigeonLoft loft, Supplier<CompletableFuture<Reply>> whatHasNoRoom) {
        return new PigeonTransport(loft) {
            private final AtomicInteger open = new AtomicInteger();

            @Override
            public int maxInFlight() {
                return 5;
            }

            @Override
            CompletableFuture<Reply> reply(Received letter) {
                if (open.incrementAndGet() > maxInFlight()) {
                    open.decrementAndGet();
                    return whatHasNoRoom.get();
                }
                return super.reply(letter).whenComplete((reply, silence) -> open.decrementAndGet());
            }
        };
    }

    private static CompletableFuture<PushResult> accepted() {
        return CompletableFuture.completedFuture(PushResult.accepted());
    }

    private static <T> CompletableFuture<T> waited(CompletableFuture<T> future) {
        future.handle((result, silence) -> true).join();
        return future;
    }

    private static String text(@Nullable Throwable silence) {
        return String.valueOf(silence);
    }

    private static String url(PushMessage message) {
        return "http://loft/" + URLEncoder.encode(message.address().token(), StandardCharsets.UTF_8);
    }

    private static Notification with(Notification like, String body, Map<String, String> data) {
        return new Notification(like.title(), body, like.thread(), like.urgency(), data);
    }

    private static Received with(Received like, String body, Map<String, String> data) {
        return new Received(
                like.device(), like.title(), body, data, like.collapseKey(), like.expiresAt(), like.shown());
    }
}
