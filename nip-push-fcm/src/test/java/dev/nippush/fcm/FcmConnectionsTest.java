package dev.nippush.fcm;

import static dev.nippush.fcm.Transports.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeFcm.Reply;
import dev.nippush.testkit.FakeFcm.Reply.Form;
import dev.nippush.testkit.FakeFcm.Sent;
import dev.nippush.testkit.Gateway.Answer;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Scope;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What connection, access token and token endpoint can do to a message; the next ones arrive in any case. */
@Tag("slow")
@Timeout(60)
class FcmConnectionsTest {

    private static final int WINDOW = FcmTransport.MAX_IN_FLIGHT;

    private final FakeFcm fake = FakeFcm.start();
    private final DeviceAddress device = fake.device(0);
    private Instant now = Instant.now();
    private final FcmTransport transport =
            Transports.to(fake).deadline(Duration.ofSeconds(4)).clock(() -> now).build();

    @AfterEach
    void stop() {
        fake.release();
        transport.close();
        fake.close();
    }

    /** What FCM does, and what the message ends with; empty for silence. */
    private record Strike(Reply reply, Optional<PushResult> ending) {}

    static Stream<Named<Strike>> strikes() {
        Optional<PushResult> accepted = Optional.of(PushResult.accepted());
        return Stream.of(
                Named.of("reset", new Strike(Reply.accept().as(Form.RESET), Optional.empty())),
                Named.of("half an answer", new Strike(Reply.accept().as(Form.HALF), Optional.empty())),
                Named.of("GOAWAY", new Strike(Reply.accept().as(Form.GO_AWAY), accepted)),
                Named.of("slow", new Strike(Reply.accept().after(Duration.ofMillis(500)), accepted)),
                Named.of("late", new Strike(Reply.accept().after(Duration.ofMillis(4_500)), Optional.empty())),
                Named.of(
                        "no body",
                        new Strike(Reply.of(503, ""), Optional.of(PushResult.retryLater(Scope.SERVER, "HTTP 503")))));
    }

    @ParameterizedTest
    @MethodSource("strikes")
    void strikeEndsInSilenceOrItsAnswerAndLeaksNoPlace(Strike strike) {
        for (int wave = 0; wave < 2; wave++) {
            IntStream.range(0, 30).forEach(number -> fake.reply(fake.device(number), strike.reply));
            List<CompletableFuture<PushResult>> struck =
                    IntStream.range(0, 30).mapToObj(this::begin).toList();
            assertThat(struck).allSatisfy(stage -> assertThat(ended(stage)).isIn(Optional.empty(), strike.ending));
            assertThat(struck.stream().map(FcmConnectionsTest::ended)).contains(strike.ending);
        }
        // As an engine would: what a dying connection still took with it is sent again.
        while (ended(begin(100)).isEmpty()) {
            assertThat(fake.connections()).isLessThan(20);
        }
        assertArrive(3 * WINDOW);
    }

    /** As an engine would send so many: never more than the window at once. */
    private void assertArrive(int messages) {
        fake.sent().clear();
        Semaphore window = new Semaphore(transport.maxInFlight());
        List<CompletableFuture<PushResult>> stages = IntStream.range(0, messages)
                .mapToObj(number -> {
                    window.acquireUninterruptibly();
                    CompletableFuture<PushResult> stage = begin(200 + number);
                    return stage.whenComplete((result, silence) -> window.release());
                })
                .toList();
        assertThat(stages).allSatisfy(stage -> assertThat(ended(stage)).contains(PushResult.accepted()));
        assertThat(fake.mostOpen()).isLessThanOrEqualTo(WINDOW);
    }

    @Test
    void thousandMessagesTakeOneConnectionAndTheWindow() {
        transport.warmUp().toCompletableFuture().join();
        for (int wave = 0; wave < 2; wave++) {
            assertArrive(700);
        }

        assertThat(fake.connections()).as("one for messages, one for tokens").isEqualTo(2);
        assertThat(fake.tokenRequests()).isEqualTo(1);
        assertThat(fake.sent().all()).extracting(Sent::protocol).containsOnly("HTTP/2.0");
    }

    @Test
    void messagesAfterAGoAwayShareOneNewConnection() {
        DeviceAddress slow = fake.device(1);
        fake.reply(slow, Reply.accept().after(Duration.ofSeconds(1)));
        fake.reply(device, Reply.accept().as(Form.GO_AWAY));
        CompletableFuture<PushResult> underWay = begin(1);
        fake.sent().await(1);
        assertThat(ended(begin(0))).contains(PushResult.accepted());

        List<CompletableFuture<PushResult>> next =
                IntStream.range(2, 2 + WINDOW - 1).mapToObj(this::begin).toList();

        assertThat(next).allSatisfy(stage -> assertThat(ended(stage)).contains(PushResult.accepted()));
        assertThat(ended(underWay)).contains(PushResult.accepted());
        assertThat(fake.sent().all())
                .extracting(Sent::connection)
                .containsOnly(
                        fake.sent().all().get(0).connection(),
                        fake.sent().last().connection());
        assertThat(fake.connections()).as("two for messages, one for tokens").isEqualTo(3);
    }

    @Test
    void accessTokenIsReplacedBeforeItsEnd() {
        for (int minute = 0; minute < 180; minute++) {
            // The lifetime of a token is counted by the real clock.
            fake.tokenLifetime(Duration.between(Instant.now(), now).plusHours(1));
            assertThat(ended(begin(0))).contains(PushResult.accepted());
            now = now.plus(Duration.ofMinutes(1));
        }

        assertThat(fake.tokenRequests()).as("about every 55 minutes").isEqualTo(4);
        assertThat(fake.trials()).as("none was ever refused").isZero();
    }

    @Test
    void tokenEndpointThatIsSlowHoldsUpNoCallerAndNothingIsLost() {
        fake.refuseTokens(Reply.of(503, "").after(Duration.ofSeconds(1)));
        long begin = System.nanoTime();
        List<CompletableFuture<PushResult>> waiting =
                IntStream.range(0, WINDOW).mapToObj(this::begin).toList();

        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofMillis(900));
        assertThat(waiting).allSatisfy(stage -> assertThat(ended(stage)).isEmpty());
        assertThat(fake.tokenRequests()).as("all wait for one").isEqualTo(1);
        assertThat(fake.sent().all()).isEmpty();

        fake.giveTokens();
        assertArrive(WINDOW);
    }

    @Test
    void tokenEndpointThatFailsDoesNotStopMessagesWhileTheTokenIsGood() {
        assertThat(ended(begin(0))).contains(PushResult.accepted());
        now = now.plus(Duration.ofMinutes(57));
        for (Reply down :
                List.of(Reply.of(503, ""), Reply.of(400, "{\"error\":\"invalid_grant\"}"), Reply.of(200, "<html>"))) {
            fake.refuseTokens(down);
            assertThat(ended(begin(0))).contains(PushResult.accepted());
            now = now.plusSeconds(15);
        }
        assertThat(fake.tokenRequests()).isGreaterThan(1);

        fake.refuseTokens(Reply.of(400, "{\"error\":\"invalid_grant\"}"));
        now = now.plus(Duration.ofMinutes(3));
        Optional<PushResult> refused = ended(begin(0));
        while (refused.isEmpty()) {
            // It waited for the last attempt to refresh, which was still under way.
            refused = ended(begin(0));
        }
        assertRefused(refused.get(), Fault.CREDENTIALS, "token endpoint: invalid_grant", "clock");
        fake.giveTokens();
        assertThat(ended(begin(0))).contains(PushResult.accepted());
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 1})
    void deadProviderHoldsNoCallerUp(int backlog) throws IOException {
        try (ServerSocket dead = new ServerSocket(0, backlog, InetAddress.getLoopbackAddress());
                FcmTransport stuck = Transports.to(fake)
                        .endpoint(URI.create("https://localhost:" + dead.getLocalPort()))
                        .build()) {
            long begin = System.nanoTime();
            List<CompletableFuture<PushResult>> stages = IntStream.range(0, WINDOW)
                    .mapToObj(number ->
                            stuck.send(Transports.message(fake.device(number))).toCompletableFuture())
                    .toList();

            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(1));
            assertThat(stages).allSatisfy(stage -> assertThat(ended(stage)).isEmpty());
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(6));
        }
    }

    @Test
    void hangingMessagesHoldUpNoCaller() {
        fake.answer(device, new Answer.Hang());
        assertThat(ended(begin(1))).contains(PushResult.accepted());

        long longest = 0;
        for (int i = 0; i < WINDOW; i++) {
            long begin = System.nanoTime();
            begin(0);
            longest = Math.max(longest, System.nanoTime() - begin);
        }

        assertThat(Duration.ofNanos(longest)).isLessThan(Duration.ofMillis(300));
    }

    private CompletableFuture<PushResult> begin(int number) {
        return transport.send(Transports.message(fake.device(number))).toCompletableFuture();
    }

    private static Optional<PushResult> ended(CompletableFuture<PushResult> stage) {
        return stage.handle((result, silence) -> Optional.ofNullable(result)).join();
    }
}
