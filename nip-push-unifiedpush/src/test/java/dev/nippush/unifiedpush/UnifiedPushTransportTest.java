package dev.nippush.unifiedpush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.address.AddressRule;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.testkit.FakeUnifiedPushServer;
import dev.nippush.testkit.FakeUnifiedPushServer.HttpAnswer;
import dev.nippush.testkit.FakeUnifiedPushServer.Post;
import dev.nippush.testkit.Gateway.Answer;
import dev.nippush.testkit.TestCertificates;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Scope;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class UnifiedPushTransportTest {

    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

    private final FakeUnifiedPushServer server = FakeUnifiedPushServer.start();
    private final DeviceAddress device = server.device(0);
    private final UnifiedPushTransport transport = builder().build();

    @AfterEach
    void close() {
        server.release();
        transport.close();
        server.close();
    }

    private UnifiedPushTransport.Builder builder() {
        return UnifiedPushTransport.builder()
                .addressRule(AddressRule.of(List.of("localhost"), List.of(), List.of()))
                .trustedCertificates(List.of(server.certificates().authority()))
                .clock(Clock.fixed(NOW, ZoneOffset.UTC))
                .timeout(Duration.ofSeconds(25));
    }

    @Test
    void requestIsAPlainPostWithTheHeadersOfWebPush() {
        assertThat(result(transport, message(device))).isEqualTo(PushResult.accepted());

        Post post = server.posts().last();
        assertThat(post.method()).isEqualTo("POST");
        assertThat(post.path()).isEqualTo(device.token().replaceFirst("https://[^/]+", ""));
        assertThat(post.text())
                .isEqualTo("{\"notification\":{\"title\":\"title\",\"body\":\"body\"},\"data\":{\"msgType\":\"0\"}}");
        assertThat(post.headers())
                .containsEntry("content-type", "application/json")
                .containsEntry("content-length", Integer.toString(post.body().length))
                .containsEntry("ttl", "3600")
                .containsEntry("urgency", "normal")
                .containsEntry("user-agent", "nip-push")
                .containsEntry("accept-encoding", "identity")
                .containsOnlyKeys(
                        "host",
                        "connection",
                        "content-type",
                        "content-length",
                        "ttl",
                        "urgency",
                        "user-agent",
                        "accept-encoding");
    }

    @Test
    void queryOfTheEndpointIsKept() {
        DeviceAddress withQuery = address(device.token() + "?up=1&x=%2F");

        result(transport, message(withQuery));

        assertThat(server.posts().last().path()).endsWith("?up=1&x=%2F");
    }

    @Test
    void callIsUrgentAndNeverLivesLongerThanItIsOfUse() {
        PushMessage call = new PushMessage(
                device, Notification.call("Incoming call", "Someone is calling you."), key(), NOW.plusSeconds(59));

        assertThat(result(transport, call)).isEqualTo(PushResult.accepted());

        assertThat(server.posts().last().headers())
                .containsEntry("urgency", "high")
                .containsEntry("ttl", "59");
        assertThat(server.posts().last().text()).endsWith("\"data\":{\"msgType\":\"1\"}}");
    }

    @Test
    void payloadThatIsTooLargeForThisServerIsSentOnceMoreAndSmaller() {
        server.answerNext(device, HttpAnswer.of(413));

        assertThat(result(transport, message(device, "x".repeat(3_000)))).isEqualTo(PushResult.accepted());

        List<Post> posts = server.posts().all();
        assertThat(posts).hasSize(2);
        assertThat(posts.get(0).body().length).isBetween(3_000, 4_096);
        assertThat(posts.get(1).body().length).isBetween(1_000, 1_024);
        assertThat(posts.get(1).text()).endsWith("x…\"},\"data\":{\"msgType\":\"0\"}}");
    }

    @Test
    void payloadThatIsTooLargeEvenThenIsTheMessagesFault() {
        server.answerNext(device, HttpAnswer.of(413), HttpAnswer.of(413), HttpAnswer.of(413));

        assertThat(result(transport, message(device, "x".repeat(3_000))))
                .isEqualTo(PushResult.rejected(Fault.MESSAGE, "HTTP 413"));
        assertThat(server.posts().size()).isEqualTo(2);
    }

    @Test
    void smallPayloadIsNotSentAgain() {
        server.answerNext(device, HttpAnswer.of(413));

        assertThat(result(transport, message(device))).isEqualTo(PushResult.rejected(Fault.MESSAGE, "HTTP 413"));
        assertThat(server.posts().size()).isEqualTo(1);
    }

    @Test
    void messageThatCannotBeMadeToFitIsNotSent() {
        Notification huge = new Notification(
                "title", "body", "", Urgency.NORMAL, Map.of(Notification.MESSAGE_TYPE, "1".repeat(5_000)));

        assertThat(result(transport, new PushMessage(device, huge, key(), NOW.plusSeconds(60))))
                .isEqualTo(PushResult.rejected(Fault.MESSAGE, "too large"));
        assertThat(server.posts().all()).isEmpty();
    }

    @Test
    void redirectIsNotFollowed() {
        server.answerNext(device, HttpAnswer.of(307, "Location", server.endpoint("elsewhere")));

        assertThat(result(transport, message(device))).isEqualTo(PushResult.rejected(Fault.DEVICE, "HTTP 307"));
        assertThat(server.posts().size()).isEqualTo(1);
    }

    @Test
    void serviceThatAsksForAPauseIsAskedOnce() {
        server.answerNext(device, HttpAnswer.of(503, "Retry-After", "0"), HttpAnswer.of(408));

        assertThat(result(transport, message(device)))
                .isEqualTo(PushResult.retryAfter(Scope.SERVER, Duration.ofSeconds(1), "HTTP 503"));
        assertThat(result(transport, message(device))).isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP 408"));
        assertThat(server.posts().size()).isEqualTo(2);
    }

    @Test
    void endpointOnAForbiddenAddressIsTheDevicesFaultAndNotConnectedTo() throws Exception {
        UnifiedPushTransport strict =
                builder().addressRule(AddressRule.strict()).build();
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            for (String host : List.of("localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1")) {
                PushMessage message = message(address("https://" + host + ":" + listening.getLocalPort() + "/up"));

                assertThat(result(strict, message))
                        .as(host)
                        .isEqualTo(PushResult.rejected(Fault.DEVICE, "forbidden address"));
            }
            listening.setSoTimeout(1);
            assertThatThrownBy(listening::accept).isInstanceOf(IOException.class);
        } finally {
            strict.close();
        }
    }

    @Test
    void ourOwnAddressIsForbiddenToo() {
        AddressRule own = AddressRule.of(
                List.of("localhost"),
                List.of(),
                List.of(new InetSocketAddress(server.address().getPort())));
        UnifiedPushTransport careful = builder().addressRule(own).build();

        assertThat(result(careful, message(device))).isEqualTo(PushResult.rejected(Fault.DEVICE, "forbidden address"));
        careful.close();
    }

    @Test
    void proxyOfTheEnvironmentIsNotUsed() throws Exception {
        try (ServerSocket proxy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Map<String, String> settings = Map.of(
                    "https.proxyHost", "127.0.0.1",
                    "https.proxyPort", Integer.toString(proxy.getLocalPort()),
                    "http.nonProxyHosts", "",
                    "socksProxyHost", "127.0.0.1",
                    "socksProxyPort", Integer.toString(proxy.getLocalPort()));
            settings.forEach(System::setProperty);
            try {
                assertThat(result(transport, message(device))).isEqualTo(PushResult.accepted());
            } finally {
                settings.keySet().forEach(System::clearProperty);
            }
        }
    }

    @Test
    void serverWithAnUntrustedCertificateIsSilence() {
        UnifiedPushTransport trusting = builder().trustedCertificates(List.of()).build();

        assertThat(causes(silence(trusting, message(device)))).hasAtLeastOneElementOfType(SSLException.class);
        assertThat(server.posts().all()).isEmpty();
        trusting.close();
    }

    @Test
    void serverWithTheCertificateOfAnotherHostIsSilence() throws Exception {
        TestCertificates certificates = server.certificates();
        try (HostileServer other = new HostileServer(certificates.server("push.example.com"), socket -> {})) {
            assertThat(causes(silence(transport, message(address(other.url())))))
                    .hasAtLeastOneElementOfType(SSLException.class);
        }
    }

    @Test
    void answerWithoutEndIsReadNoFurtherThanTheLimit() throws Exception {
        AtomicLong written = new AtomicLong();
        try (HostileServer endless = new HostileServer(server.certificates().server(), socket -> {
            OutputStream out = answer(socket, "HTTP/1.1 201 Created\r\n\r\n");
            writeForever(out, written);
        })) {
            assertThat(result(transport, message(address(endless.url())))).isEqualTo(PushResult.accepted());
            endless.awaitEnd();
        }
        // What was sent and not read lies in the buffers of both kernels.
        assertThat(written).hasValueLessThan(16L << 20);
    }

    @Test
    void headersWithoutEndAreSilence() throws Exception {
        try (HostileServer endless = new HostileServer(server.certificates().server(), socket -> {
            OutputStream out = answer(socket, "HTTP/1.1 201 Created\r\nX: ");
            writeForever(out, new AtomicLong());
        })) {
            assertThat(silence(transport, message(address(endless.url())))).isInstanceOf(IOException.class);
            endless.awaitEnd();
        }
    }

    @Test
    void answerThatIsNoHttpIsSilence() throws Exception {
        try (HostileServer odd = new HostileServer(
                server.certificates().server(),
                socket -> answer(socket, "220 mail.example.com ESMTP\r\n").close())) {
            assertThat(silence(transport, message(address(odd.url())))).isInstanceOf(IOException.class);
        }
    }

    @Test
    void answerWhoseBodyBreaksOffCountsByItsStatus() throws Exception {
        try (HostileServer rude = new HostileServer(
                server.certificates().server(),
                socket -> answer(socket, "HTTP/1.1 410 Gone\r\nContent-Length: 1000\r\n\r\n{")
                        .close())) {
            assertThat(result(transport, message(address(rude.url())))).isEqualTo(PushResult.deviceGone());
        }
    }

    @Test
    void serverThatNeverFinishesTheHandshakeIsSilenceAfterTheTimeout() throws Exception {
        UnifiedPushTransport hasty = builder().timeout(Duration.ofMillis(500)).build();
        try (ServerSocket mute = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            long begin = System.nanoTime();

            assertThat(silence(hasty, message(address("https://localhost:" + mute.getLocalPort() + "/up"))))
                    .isInstanceOf(IOException.class);

            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .isBetween(Duration.ofMillis(450), Duration.ofSeconds(8));
        } finally {
            hasty.close();
        }
    }

    @Test
    void bodyThatTricklesEndsAtTheTimeoutAndCountsByItsStatus() throws Exception {
        UnifiedPushTransport hasty = builder().timeout(Duration.ofSeconds(4)).build();
        CompletableFuture<Void> ended = new CompletableFuture<>();
        try (HostileServer slow = new HostileServer(server.certificates().server(), socket -> {
            answer(socket, "HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n{")
                    .flush();
            ended.join();
        })) {
            assertThat(result(hasty, message(address(slow.url())))).isEqualTo(PushResult.accepted());
        } finally {
            ended.complete(null);
            hasty.close();
        }
    }

    @Test
    void hostThatSaysNothingDoesNotHoldUpAnother() {
        List<CompletableFuture<PushResult>> hanging = IntStream.range(1, 101)
                .mapToObj(number -> {
                    server.answer(server.device(number), new Answer.Hang());
                    return send(transport, message(server.device(number)));
                })
                .toList();
        server.received().await(100);

        assertThat(result(transport, message(device))).isEqualTo(PushResult.accepted());

        server.release();
        assertThat(hanging).allSatisfy(result -> assertThat(result.join()).isEqualTo(PushResult.accepted()));
    }

    @Test
    void connectionIsUsedAgain() throws Exception {
        List<String> paths = new ArrayList<>();
        try (HostileServer counting = new HostileServer(server.certificates().server(), socket -> {
            for (int i = 0; i < 3; i++) {
                paths.add(readRequest(socket));
                socket.getOutputStream()
                        .write(("HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + "x".repeat(65_536))
                                .getBytes(StandardCharsets.US_ASCII));
            }
        })) {
            for (int i = 0; i < 3; i++) {
                assertThat(result(transport, message(address(counting.url() + i))))
                        .isEqualTo(PushResult.accepted());
            }
            counting.awaitEnd();
            assertThat(counting.connections()).isEqualTo(1);
        }
        assertThat(paths).containsExactly("POST /up0 HTTP/1.1", "POST /up1 HTTP/1.1", "POST /up2 HTTP/1.1");
    }

    @Test
    void idleConnectionIsClosedBeforeCommonServersCloseIt() throws Exception {
        CompletableFuture<Integer> afterTheAnswer = new CompletableFuture<>();
        try (HostileServer patient = new HostileServer(server.certificates().server(), socket -> {
            readRequest(socket);
            socket.getOutputStream()
                    .write("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            // Apache's httpd, actix and Node.js close after 5 s, and a request that crosses the close is lost.
            socket.setSoTimeout(5_000);
            try {
                afterTheAnswer.complete(socket.getInputStream().read());
            } catch (SocketTimeoutException stillOpen) {
                afterTheAnswer.completeExceptionally(stillOpen);
            }
        })) {
            assertThat(result(transport, message(address(patient.url())))).isEqualTo(PushResult.accepted());

            assertThat(afterTheAnswer).succeedsWithin(Duration.ofSeconds(30)).isEqualTo(-1);
        }
    }

    @Test
    void closedTransportLeavesNoThread() throws Exception {
        UnifiedPushTransport other = builder().build();
        result(other, message(device));

        other.close();

        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        long left = threads();
        // One reading decides: a thread of an earlier test's transport may still come and go.
        while (left > 0 && System.nanoTime() < deadline) {
            Thread.onSpinWait();
            left = threads();
        }
        assertThat(left).isZero();
        assertThatThrownBy(
                        () -> other.send(message(device)).toCompletableFuture().get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class);
    }

    @Test
    void failureNamesTheHostAndNotThePathWhichIsTheSecret() throws Exception {
        try (HostileServer odd = new HostileServer(server.certificates().server(), socket -> {
            readRequest(socket);
        })) {
            Throwable silence = silence(transport, message(address(odd.url() + "/4f7a9c")));

            StringWriter trace = new StringWriter();
            silence.printStackTrace(new PrintWriter(trace));
            assertThat(trace.toString()).contains("localhost").doesNotContain("4f7a9c");
        }
        assertThat(transport.toString()).isEqualTo("UnifiedPushTransport");
    }

    @Test
    void warmingUpDialsNobodyAndLeavesTheTransportAsItWas() {
        UnifiedPushTransport warm = builder().build();

        warm.warmUp().toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();

        assertThat(server.posts().all()).isEmpty();
        assertThat(result(warm, message(device))).isEqualTo(PushResult.accepted());
        warm.close();
        warm.warmUp().toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
    }

    @Test
    void settingsThatMakeNoSenseAreRefusedWhereTheyAreMade() {
        UnifiedPushTransport.Builder builder = UnifiedPushTransport.builder();

        assertThatThrownBy(() -> builder.timeout(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.timeout(Duration.ofSeconds(30))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.timeout(Duration.ofSeconds(Long.MAX_VALUE)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("nip-push-unifiedpush"))
                .count();
    }

    private static CompletableFuture<PushResult> send(UnifiedPushTransport transport, PushMessage message) {
        return transport.send(message).toCompletableFuture();
    }

    private static PushResult result(UnifiedPushTransport transport, PushMessage message) {
        return send(transport, message).orTimeout(30, TimeUnit.SECONDS).join();
    }

    private static Throwable silence(UnifiedPushTransport transport, PushMessage message) {
        CompletableFuture<PushResult> sent = send(transport, message).orTimeout(30, TimeUnit.SECONDS);
        assertThatThrownBy(sent::join).isInstanceOf(CompletionException.class);
        return sent.handle((result, silence) -> silence).join();
    }

    /** All failures of one send: localhost has an address on which nothing listens, and either may come first. */
    private static List<Throwable> causes(Throwable silence) {
        List<Throwable> causes = new ArrayList<>(List.of(silence));
        causes.addAll(Arrays.asList(silence.getSuppressed()));
        return causes;
    }

    private static PushMessage message(DeviceAddress device) {
        return message(device, "body");
    }

    private static PushMessage message(DeviceAddress device, String body) {
        return new PushMessage(device, Notification.message("title", body, "thread"), key(), NOW.plusSeconds(3_600));
    }

    private static String key() {
        return "ab".repeat(32);
    }

    private static DeviceAddress address(String endpoint) {
        return new DeviceAddressReader(List.of()).read(endpoint).orElseThrow();
    }

    private static OutputStream answer(Socket socket, String text) throws IOException {
        readRequest(socket);
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        return socket.getOutputStream();
    }

    /** Reads one request, and returns its first line. */
    private static String readRequest(Socket socket) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) socket.getInputStream().read());
        }
        String length = head.toString().replaceFirst("(?is).*content-length: (\\d+).*", "$1");
        socket.getInputStream().readNBytes(Integer.parseInt(length));
        return head.substring(0, head.indexOf("\r\n"));
    }

    private static void writeForever(OutputStream out, AtomicLong written) throws IOException {
        byte[] chunk = new byte[8_192];
        Arrays.fill(chunk, (byte) 'x');
        while (true) {
            out.write(chunk);
            written.addAndGet(chunk.length);
        }
    }

    private interface Behaviour {
        void serve(Socket socket) throws IOException;
    }

    /** A TLS server that does what no HTTP server would, one connection after the other. */
    private static final class HostileServer implements AutoCloseable {

        private final SSLServerSocket listening;
        private final CompletableFuture<Void> firstEnded = new CompletableFuture<>();
        private volatile int connections;

        HostileServer(TestCertificates.Identity identity, Behaviour behaviour) throws IOException {
            listening = (SSLServerSocket) identity.context()
                    .getServerSocketFactory()
                    .createServerSocket(0, 10, InetAddress.getLoopbackAddress());
            Thread thread = new Thread(() -> run(behaviour), "hostile-server");
            thread.setDaemon(true);
            thread.start();
        }

        private void run(Behaviour behaviour) {
            while (!listening.isClosed()) {
                try (Socket socket = listening.accept()) {
                    connections++;
                    behaviour.serve(socket);
                } catch (IOException hungUp) {
                    assertThat(hungUp).isNotNull();
                } finally {
                    firstEnded.complete(null);
                }
            }
        }

        String url() {
            return "https://localhost:" + listening.getLocalPort() + "/up";
        }

        int connections() {
            return connections;
        }

        void awaitEnd() {
            firstEnded.orTimeout(30, TimeUnit.SECONDS).join();
        }

        @Override
        public void close() throws IOException {
            listening.close();
        }
    }
}
