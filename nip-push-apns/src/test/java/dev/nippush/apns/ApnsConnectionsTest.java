package dev.nippush.apns;

import static dev.nippush.apns.Pushes.builder;
import static dev.nippush.apns.Pushes.message;
import static dev.nippush.apns.Pushes.send;
import static dev.nippush.apns.Pushes.silence;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeApns.Reply;
import dev.nippush.testkit.FakeApns.Request;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Scope;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a connection can do to a push: each ends as silence or as its answer, and none keeps a place in the window. */
@Tag("slow")
@Timeout(60)
class ApnsConnectionsTest {

    private static final int WINDOW = 20;

    private final FakeApns fake = FakeApns.start();
    private final DeviceAddress device = fake.device(0);
    private final ApnsTransport transport = builder(fake)
            .maxInFlight(WINDOW)
            .requestDeadline(Duration.ofSeconds(1))
            .build();

    @AfterEach
    void stop() {
        fake.release();
        transport.close();
        fake.close();
    }

    /** What the provider does, and what the push ends with; empty for silence. */
    private record Fault(Reply reply, Optional<PushResult> ending) {}

    static Stream<Named<Fault>> faults() {
        Optional<PushResult> silence = Optional.empty();
        return Stream.of(
                Named.of("cut", new Fault(Reply.drop(), silence)),
                Named.of("GOAWAY and cut", new Fault(Reply.goAway("Shutdown"), silence)),
                Named.of("GOAWAY before it", new Fault(Reply.goAwayBefore("Shutdown"), silence)),
                Named.of(
                        "GOAWAY after it",
                        new Fault(Reply.goAwayAfter("Shutdown"), Optional.of(PushResult.accepted()))),
                Named.of("reset", new Fault(Reply.reset(), silence)),
                Named.of("half an answer", new Fault(Reply.stall(200), silence)),
                Named.of("half a refusal", new Fault(Reply.stall(400), silence)),
                Named.of("no answer", new Fault(Reply.hang(), silence)),
                Named.of("late answer", new Fault(Reply.accept().after(Duration.ofMillis(1_500)), silence)),
                Named.of(
                        "slow answer",
                        new Fault(Reply.accept().after(Duration.ofMillis(300)), Optional.of(PushResult.accepted()))),
                Named.of(
                        "no body",
                        new Fault(Reply.bare(503), Optional.of(PushResult.retryLater(Scope.SERVER, "HTTP 503")))));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void faultEndsInSilenceOrItsAnswerAndLeaksNoPlace(Fault fault) {
        IntStream.range(0, WINDOW).forEach(i -> fake.answer(fake.device(i).token(), fault.reply));
        for (int wave = 0; wave < 2; wave++) {
            List<CompletableFuture<PushResult>> struck = beginAll();
            // Those that share a connection with the first may be struck by what befalls it.
            Optional<PushResult> first = ended(struck.get(0));
            assertThat(first).isEqualTo(fault.ending);
            struck.forEach(stage -> assertThat(ended(stage)).isIn(Optional.empty(), fault.ending));
        }

        IntStream.range(0, WINDOW).forEach(i -> fake.answer(fake.device(i).token(), Reply.accept()));
        awaitAccepted();
        for (int wave = 0; wave < 3; wave++) {
            assertThat(beginAll()).allSatisfy(stage -> assertThat(ended(stage)).contains(PushResult.accepted()));
        }
    }

    private List<CompletableFuture<PushResult>> beginAll() {
        return IntStream.range(0, WINDOW)
                .mapToObj(i -> transport.send(message(fake.device(i))).toCompletableFuture())
                .toList();
    }

    private static Optional<PushResult> ended(CompletableFuture<PushResult> stage) {
        return stage.handle((result, silence) -> Optional.ofNullable(result)).join();
    }

    /** As the engine would, until the transport has another connection. */
    private void awaitAccepted() {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (ended(transport.send(message(device)).toCompletableFuture()).isEmpty()) {
            assertThat(System.nanoTime()).isLessThan(end);
        }
    }

    @Test
    void goAwayLetsWhatIsUnderWayFinishWhileNewPushesGoByAnotherConnection() {
        DeviceAddress slow = fake.device(1);
        fake.answer(slow.token(), Reply.accept().after(Duration.ofMillis(700)));
        fake.answer(device.token(), Reply.goAwayAfter("Shutdown"), Reply.accept());
        CompletableFuture<PushResult> underWay = transport.send(message(slow)).toCompletableFuture();
        fake.requests().await(1);

        assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());
        assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());

        assertThat(underWay).as("still open").isNotDone();
        assertThat(underWay.join()).isEqualTo(PushResult.accepted());
        assertThat(fake.requests().all()).extracting(Request::connection).containsExactly(1, 1, 2);
    }

    @Test
    void goAwayBeforeAPushIsSilenceForItAloneAndAtOnce() {
        DeviceAddress slow = fake.device(1);
        fake.answer(slow.token(), Reply.accept().after(Duration.ofMillis(700)));
        fake.answer(device.token(), Reply.goAwayBefore("Shutdown"), Reply.accept());
        CompletableFuture<PushResult> underWay = transport.send(message(slow)).toCompletableFuture();
        fake.requests().await(1);

        assertThat(silence(transport.send(message(device)).toCompletableFuture()))
                .isInstanceOf(IOException.class);
        assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());

        assertThat(underWay).as("still open").isNotDone();
        assertThat(underWay.join()).isEqualTo(PushResult.accepted());
        assertThat(fake.connectionCount()).isEqualTo(2);
    }

    @Test
    void unansweredPushesTakeNoRoomAndCostNoConnectionWhileOthersAreAnswered() {
        fake.answer(device.token(), Reply.hang());
        try (ApnsTransport wide = builder(fake)
                .maxInFlight(1_000)
                .requestDeadline(Duration.ofSeconds(3))
                .build()) {
            // Servers close a connection on which hundreds of streams are reset within half a minute, as an attack.
            for (int wave = 0; wave < 2; wave++) {
                List<CompletableFuture<PushResult>> hanging = IntStream.range(0, 90)
                        .mapToObj(i -> wide.send(message(device)).toCompletableFuture())
                        .toList();
                hanging.forEach(stage -> assertThat(ended(stage)).isEmpty());
                List<CompletableFuture<PushResult>> others = IntStream.range(0, 1_000)
                        .mapToObj(i ->
                                wide.send(message(fake.device(1 + i % 999))).toCompletableFuture())
                        .toList();
                assertThat(others).allSatisfy(stage -> assertThat(ended(stage)).contains(PushResult.accepted()));
            }
        }
        assertThat(fake.connectionCount()).isEqualTo(1);
    }

    /** Who calls send is held up neither by a provider that is slow, nor by one that is mute, nor by one that is gone. */
    static Stream<Named<Supplier<ServerSocket>>> deadProviders() {
        return Stream.of(
                Named.of("mute", () -> listening(100)), Named.of("not taking connections", () -> listening(1)));
    }

    private static ServerSocket listening(int backlog) {
        try {
            return new ServerSocket(0, backlog, InetAddress.getLoopbackAddress());
        } catch (IOException unexpected) {
            throw new AssertionError(unexpected);
        }
    }

    @ParameterizedTest
    @MethodSource("deadProviders")
    void deadProviderHoldsNoCallerUp(Supplier<ServerSocket> provider) throws IOException {
        try (ServerSocket dead = provider.get();
                ApnsTransport stuck = builder(fake)
                        .server("localhost", dead.getLocalPort())
                        .requestDeadline(Duration.ofSeconds(1))
                        .build()) {
            long begin = System.nanoTime();
            List<CompletableFuture<PushResult>> stages = IntStream.range(0, 1_000)
                    .mapToObj(i -> stuck.send(message(fake.device(i))).toCompletableFuture())
                    .toList();
            Duration calls = Duration.ofNanos(System.nanoTime() - begin);

            assertThat(calls).as("1,000 calls").isLessThan(Duration.ofMillis(900));
            assertThat(stages).allSatisfy(stage -> assertThat(ended(stage)).isEmpty());
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(5));
        }
    }

    @Test
    void slowProviderHoldsNoCallerUp() {
        fake.answer(device.token(), Reply.hang());
        send(transport, message(fake.device(1)));

        long longest = 0;
        for (int i = 0; i < WINDOW; i++) {
            long begin = System.nanoTime();
            transport.send(message(device));
            longest = Math.max(longest, System.nanoTime() - begin);
        }

        assertThat(Duration.ofNanos(longest)).isLessThan(Duration.ofMillis(200));
    }
}
