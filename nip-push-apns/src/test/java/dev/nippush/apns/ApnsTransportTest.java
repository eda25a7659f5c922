package dev.nippush.apns;

import static dev.nippush.apns.Pushes.builder;
import static dev.nippush.apns.Pushes.message;
import static dev.nippush.apns.Pushes.send;
import static dev.nippush.apns.Pushes.silence;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.eatthepath.pushy.apns.ApnsClient;
import com.eatthepath.pushy.apns.ApnsClientBuilder;
import com.eatthepath.pushy.apns.auth.ApnsSigningKey;
import com.google.gson.JsonParser;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeApns.Reply;
import dev.nippush.testkit.FakeApns.Request;
import dev.nippush.testkit.TestCertificates;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ApnsTransportTest {

    private static final String OTHER_TOPIC = "com.example.other";
    private static final DeviceAddressReader ANY = new DeviceAddressReader(List.of());

    private final FakeApns fake = FakeApns.start(List.of(FakeApns.TOPIC, OTHER_TOPIC));
    private final DeviceAddress device = fake.device(0);

    @AfterEach
    void stop() {
        fake.close();
    }

    private CompletableFuture<PushResult> begin(ApnsTransport transport) {
        return transport.send(message(device)).toCompletableFuture();
    }

    @Test
    void pushIsAnAlertWithAllThatAppleWantsToKnow() {
        Instant expiresAt = Instant.now().plusSeconds(600);
        try (ApnsTransport transport = builder(fake).build()) {
            PushMessage message = new PushMessage(
                    device,
                    Notification.message("New message", "You have a new private message.", "message"),
                    Pushes.COLLAPSE_KEY,
                    expiresAt);

            assertThat(send(transport, message)).isEqualTo(PushResult.accepted());
        }

        Request request = fake.requests().last();
        assertThat(request.token()).isEqualTo(device.token());
        assertThat(request.headers())
                .containsEntry("apns-topic", FakeApns.TOPIC)
                .containsEntry("apns-push-type", "alert")
                .containsEntry("apns-priority", "10")
                .containsEntry("apns-expiration", Long.toString(expiresAt.getEpochSecond()))
                .containsEntry("apns-collapse-id", Pushes.COLLAPSE_KEY)
                .containsKey("apns-id");
        assertThat(request.providerToken()).hasValueSatisfying(token -> {
            assertThat(token.keyId()).isEqualTo(FakeApns.KEY_ID);
            assertThat(token.teamId()).isEqualTo(FakeApns.TEAM_ID);
            assertThat(token.issuedAt())
                    .isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(1));
        });
        assertThat(request.json()).isEqualTo(JsonParser.parseString("""
                        {"aps":{"alert":{"title":"New message","body":"You have a new private message."},
                        "sound":"default","mutable-content":1,"thread-id":"message"},"msgType":"0"}"""));
    }

    @Test
    void silentPushIsABackgroundPush() {
        Notification silent =
                Notification.silent(Notification.Urgency.HIGH, Map.of("msgType", "1", "sealed", "YWJj", "aps", "x"));
        try (ApnsTransport transport = builder(fake).build()) {
            assertThat(send(transport, message(device, silent))).isEqualTo(PushResult.accepted());
        }

        Request request = fake.requests().last();
        assertThat(request.headers())
                .containsEntry("apns-push-type", "background")
                .containsEntry("apns-priority", "5")
                .containsEntry("apns-topic", FakeApns.TOPIC)
                .containsEntry("apns-collapse-id", Pushes.COLLAPSE_KEY);
        assertThat(request.json()).isEqualTo(JsonParser.parseString("""
                        {"aps":{"content-available":1},"msgType":"1","sealed":"YWJj"}"""));
    }

    @Test
    void tokensOfAnyLengthAndAllTopicsAreServed() {
        try (ApnsTransport transport =
                builder(fake).topics(List.of(FakeApns.TOPIC, OTHER_TOPIC)).build()) {
            DeviceAddress plain = ANY.read("cd".repeat(80)).orElseThrow();
            DeviceAddress other = new DeviceAddressReader(List.of(FakeApns.TOPIC, OTHER_TOPIC))
                    .read(OTHER_TOPIC + "ef".repeat(32))
                    .orElseThrow();

            assertThat(send(transport, message(plain))).isEqualTo(PushResult.accepted());
            assertThat(send(transport, message(other))).isEqualTo(PushResult.accepted());
        }

        assertThat(fake.requests().all())
                .extracting(request -> request.headers().get("apns-topic") + " " + request.token())
                .containsExactly(FakeApns.TOPIC + " " + "cd".repeat(80), OTHER_TOPIC + " " + "ef".repeat(32));
    }

    @Test
    void addressesOfOtherTopicsAndChannelsAreLeftAlone() {
        try (ApnsTransport transport = builder(fake).build()) {
            DeviceAddress foreign =
                    ANY.read("org.example.foreign" + "ab".repeat(32)).orElseThrow();

            assertThat(transport.serves(device)).isTrue();
            assertThat(transport.serves(foreign)).isFalse();
            assertThat(transport.serves(ANY.read("https://push.example.com/up").orElseThrow()))
                    .isFalse();
            assertThatThrownBy(() -> transport.send(message(foreign))).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void certificateServesInPlaceOfAToken(@TempDir Path folder) throws Exception {
        TestCertificates.Identity identity = fake.certificates().client("Apple Push Services: " + FakeApns.TOPIC);
        Path pem = Files.writeString(folder.resolve("push.pem"), identity.chainPem() + identity.keyPem());
        try (ApnsTransport transport =
                builder(fake).credentials(ApnsCredentials.certificate(pem, "")).build()) {
            assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());
        }
        assertThat(fake.requests().last().providerToken()).isEmpty();
    }

    @Test
    void keyThatAppleDoesNotKnowIsTheFaultOfOurCredentials() {
        try (FakeApns stranger = FakeApns.start();
                ApnsTransport transport =
                        builder(fake).credentials(Pushes.tokenKey(stranger)).build()) {
            assertThat(send(transport, message(device))).isInstanceOfSatisfying(PushResult.Rejected.class, refused -> {
                assertThat(refused.fault()).isEqualTo(Fault.CREDENTIALS);
                assertThat(refused.explained()).startsWith("InvalidProviderToken: ");
            });
        }
    }

    @Test
    void serverWithAnotherCertificateAuthorityIsSilence() {
        try (ApnsTransport transport = builder(fake)
                .trustedCertificates(List.of(TestCertificates.create().authority()))
                .build()) {
            assertThat(silence(begin(transport))).isInstanceOf(IOException.class);
        }
        assertThat(fake.requests().all()).isEmpty();
    }

    @Test
    void warmUpConnectsAndAsksForNothing() {
        try (ApnsTransport transport = builder(fake).build()) {
            assertThat(transport.warmUp().toCompletableFuture().join()).isTrue();
            assertThat(fake.connectionCount()).isEqualTo(1);
            assertThat(fake.requests().all()).isEmpty();

            assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());
            assertThat(fake.connectionCount()).isEqualTo(1);
            assertThat(fake.requests().all()).hasSize(1);
        }
    }

    @Test
    void warmUpWithoutAServerFailsNothing() {
        fake.stop();
        try (ApnsTransport transport = builder(fake).build()) {
            assertThat(transport.warmUp().toCompletableFuture().join()).isFalse();
        }
    }

    @Test
    void unreachableServerIsSilenceForAllThatIsQueued() {
        fake.stop();
        try (ApnsTransport transport = builder(fake).build()) {
            List<CompletableFuture<PushResult>> stages =
                    IntStream.range(0, 50).mapToObj(i -> begin(transport)).toList();

            assertThat(stages).allSatisfy(stage -> assertThat(silence(stage)).isInstanceOf(IOException.class));
        }
    }

    @Test
    void pushesArriveSoonAfterAnOutageAndNothingOfTheOutageDoes() {
        try (ApnsTransport transport =
                builder(fake).requestDeadline(Duration.ofSeconds(2)).build()) {
            assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());
            fake.stop();
            for (int i = 0; i < 20; i++) {
                silence(begin(transport));
            }
            fake.requests().clear();
            fake.resume();

            Instant up = Instant.now();
            CompletableFuture<PushResult> last = begin(transport);
            while (last.handle((result, silence) -> silence != null).join()) {
                last = begin(transport);
            }

            assertThat(last.join()).isEqualTo(PushResult.accepted());
            assertThat(Duration.between(up, Instant.now())).isLessThan(Duration.ofSeconds(20));
            assertThat(fake.requests().all()).hasSize(1);
        }
    }

    @Test
    void serverThatTakesConnectionsAndSaysNothingIsSilenceWithinTheDeadline() throws Exception {
        try (ServerSocket mute = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                ApnsTransport transport = builder(fake)
                        .server("localhost", mute.getLocalPort())
                        .requestDeadline(Duration.ofMillis(500))
                        .build()) {
            assertThat(silence(begin(transport))).hasMessageContaining("no answer from APNs within 500 ms");
        }
    }

    @Test
    void goAwayIsSilenceAndTheNextPushArrives() {
        fake.answer(device.token(), Reply.goAway("Shutdown"), Reply.accept());
        try (ApnsTransport transport = builder(fake).build()) {
            assertThat(silence(begin(transport))).isInstanceOf(IOException.class);
            assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());
        }
        assertThat(fake.connectionCount()).isEqualTo(2);
    }

    @Test
    void lostConnectionIsSilenceAndTheNextPushArrives() {
        fake.answer(device.token(), Reply.drop(), Reply.accept());
        try (ApnsTransport transport = builder(fake).build()) {
            assertThat(silence(begin(transport))).isInstanceOf(IOException.class);
            assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());
        }
    }

    @Test
    void answerThatDoesNotComeIsSilenceAndHoldsUpNobody() {
        fake.answer(device.token(), Reply.hang());
        try (ApnsTransport transport =
                builder(fake).requestDeadline(Duration.ofSeconds(1)).build()) {
            CompletableFuture<PushResult> hanging = begin(transport);

            assertThat(send(transport, message(fake.device(1)))).isEqualTo(PushResult.accepted());
            assertThat(silence(hanging)).hasMessageContaining("no answer");
        }
    }

    @Test
    void connectionThatLeavesManyUnansweredIsReplaced() {
        fake.answer(device.token(), Reply.hang());
        try (ApnsTransport transport = builder(fake)
                .maxInFlight(10)
                .requestDeadline(Duration.ofMillis(500))
                .build()) {
            silence(begin(transport));
            assertThat(send(transport, message(fake.device(1)))).isEqualTo(PushResult.accepted());
        }
        assertThat(fake.connectionCount()).isEqualTo(2);
    }

    @Test
    void moreThanTheWindowIsSilenceAtOnce() {
        fake.answer(device.token(), Reply.hang());
        try (ApnsTransport transport = builder(fake).maxInFlight(2).build()) {
            CompletableFuture<PushResult> first = begin(transport);
            CompletableFuture<PushResult> second = begin(transport);
            fake.requests().await(2);

            assertThat(transport.maxInFlight()).isEqualTo(2);
            assertThat(begin(transport)).isCompletedExceptionally();
            assertThat(first).isNotDone();
            assertThat(second).isNotDone();
            fake.release();
            assertThat(first.join()).isEqualTo(PushResult.accepted());
            assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());
        }
    }

    @Test
    void fullWindowArrivesWhole() {
        int window = ApnsTransport.DEFAULT_MAX_IN_FLIGHT;
        try (ApnsTransport transport = builder(fake).build()) {
            List<CompletableFuture<PushResult>> stages = IntStream.range(0, window)
                    .mapToObj(i -> transport.send(message(fake.device(i))).toCompletableFuture())
                    .toList();

            assertThat(stages).allSatisfy(stage -> assertThat(stage.join()).isEqualTo(PushResult.accepted()));
        }
        assertThat(fake.requests().all().stream().map(Request::token).distinct())
                .hasSize(window);
        assertThat(fake.connectionCount()).isEqualTo(1);
    }

    @Test
    void payloadThatAppleFindsTooLargeIsSentOnceMoreInHalfTheSpace() {
        fake.answer(device.token(), Reply.refuse(413, "PayloadTooLarge"), Reply.accept());
        PushMessage large = message(device, Notification.message("title", "x".repeat(9_000), "thread"));
        try (ApnsTransport transport = builder(fake).build()) {
            assertThat(send(transport, large)).isEqualTo(PushResult.accepted());
        }

        List<Request> requests = fake.requests().all();
        assertThat(requests).hasSize(2);
        assertThat(bytes(requests.get(0))).isBetween(4_090, 4_096);
        assertThat(bytes(requests.get(1))).isBetween(2_040, 2_048);
    }

    @Test
    void payloadThatIsTooLargeTwiceIsTheFaultOfTheMessage() {
        fake.answer(device.token(), Reply.refuse(413, "PayloadTooLarge"));
        PushMessage large = message(device, Notification.message("title", "x".repeat(9_000), "thread"));
        PushResult refused = PushResult.rejected(Fault.MESSAGE, "PayloadTooLarge");
        try (ApnsTransport transport = builder(fake).build()) {
            assertThat(send(transport, large)).isEqualTo(refused);
            assertThat(fake.requests().all()).hasSize(2);

            assertThat(send(transport, message(device))).isEqualTo(refused);
            assertThat(fake.requests().all()).hasSize(3);
        }
    }

    @Test
    void payloadThatCannotBeMadeToFitIsNotSent() {
        Notification endless = new Notification(
                "", "", "", Notification.Urgency.NORMAL, Map.of(Notification.MESSAGE_TYPE, "0".repeat(5_000)));
        try (ApnsTransport transport = builder(fake).build()) {
            assertThat(send(transport, message(device, endless)))
                    .isEqualTo(PushResult.rejected(Fault.MESSAGE, "PayloadTooLarge"));
        }
        assertThat(fake.requests().all()).isEmpty();
    }

    @Test
    void expirationBeyondWhatTheClientCanWriteIsCut() {
        try (ApnsTransport transport = builder(fake).build()) {
            send(
                    transport,
                    new PushMessage(device, Notification.message("t", "b", ""), Pushes.COLLAPSE_KEY, Instant.MAX));
        }
        assertThat(fake.requests().last().header("apns-expiration")).contains("2147483647");
    }

    @Test
    void closeLetsWhatIsInFlightLand() {
        fake.answer(device.token(), Reply.accept().after(Duration.ofMillis(300)));
        ApnsTransport transport = builder(fake).build();
        CompletableFuture<PushResult> inFlight = begin(transport);
        fake.requests().await(1);

        transport.close();
        transport.close();

        assertThat(inFlight).isCompletedWithValue(PushResult.accepted());
        assertThat(silence(begin(transport))).hasMessageContaining("closed");
    }

    @Test
    void closeGivesUpWhatDoesNotLand() {
        fake.answer(device.token(), Reply.hang());
        ApnsTransport transport = builder(fake).build();
        CompletableFuture<PushResult> hanging = begin(transport);
        fake.requests().await(1);
        Instant begin = Instant.now();

        transport.close();

        assertThat(Duration.between(begin, Instant.now())).isLessThan(Duration.ofSeconds(8));
        assertThat(hanging).isCompletedExceptionally();
    }

    @Test
    void borrowedClientStaysOpen() throws Exception {
        ApnsClient client = new ApnsClientBuilder()
                .setApnsServer(fake.host(), fake.port())
                .setTrustedServerCertificateChain(fake.certificates().authority())
                .setSigningKey(ApnsSigningKey.loadFromInputStream(
                        new ByteArrayInputStream(fake.signingKeyPem().getBytes(StandardCharsets.US_ASCII)),
                        FakeApns.TEAM_ID,
                        FakeApns.KEY_ID))
                .build();
        try {
            try (ApnsTransport transport = ApnsTransport.using(client, List.of(FakeApns.TOPIC))) {
                assertThat(transport.warmUp().toCompletableFuture().join()).isTrue();
                assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());
                fake.answer(device.token(), Reply.refuse(410, "Unregistered").timestamp(Instant.ofEpochMilli(1_234)));
                assertThat(send(transport, message(device)))
                        .isEqualTo(PushResult.deviceGone(Instant.ofEpochMilli(1_234)));
            }
            try (ApnsTransport next = ApnsTransport.using(client, List.of(FakeApns.TOPIC))) {
                assertThat(send(next, message(fake.device(1)))).isEqualTo(PushResult.accepted());
            }
        } finally {
            client.close().join();
        }
    }

    @Test
    void builderRefusesWhatCannotWork() {
        ApnsTransport.Builder builder = ApnsTransport.builder();

        assertThatThrownBy(builder::build).hasMessageContaining("no credentials");
        assertThatThrownBy(() -> builder.credentials(Pushes.tokenKey(fake)).build())
                .hasMessageContaining("no topics");
        assertThatThrownBy(() -> builder.topics(List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.topics(List.of(" "))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.server("", 443)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.server("localhost", 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.server("localhost", 65_536)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.trustedCertificates(List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.requestDeadline(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.requestDeadline(Duration.ofSeconds(30)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.maxInFlight(0)).isInstanceOf(IllegalArgumentException.class);
    }

    private static int bytes(Request request) {
        return request.body().getBytes(StandardCharsets.UTF_8).length;
    }
}
