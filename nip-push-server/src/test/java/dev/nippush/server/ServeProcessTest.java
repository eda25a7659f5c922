package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import dev.nippush.control.ControlWriter;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeUnifiedPushServer;
import dev.nippush.testkit.FakeUnifiedPushServer.Post;
import dev.nippush.testkit.Gateway;
import dev.nippush.testkit.TestRelay;
import dev.nippush.testkit.VapidToken;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ServeProcessTest {

    private static final String DEVICE = "ab".repeat(32);
    private static final Map<String, String> FREE_PORT = Map.of("NIP_PUSH_LISTEN", "127.0.0.1:0");

    private final KeyPair alice = KeyPair.generate();
    private final KeyPair bob = KeyPair.generate();
    private final Instant now = Instant.now();

    @TempDir
    private Path directory;

    @Test
    void withoutAConfigurationItStartsPrintsPushesAndEndsWhenTold() throws Exception {
        try (ServerProcess program = ServerProcess.start(directory, FREE_PORT, "serve")) {
            PublicKey server = PublicKey.ofHex(program.await("public key").replaceFirst("public key +", ""));
            assertThat(program.await("npub1").strip()).isEqualTo(server.npub());
            URI uri = program.awaitAddress();
            String needed = program.await("APNs") + program.await("FCM") + program.await("UnifiedPush");
            assertThat(needed).contains("apns.key-file", "fcm.service-account-file", "unifiedpush.enabled");

            Path key = directory.resolve("nip-push-data/identity.key");
            assertThat(KeyFile.IDENTITY.read(key).publicKey()).isEqualTo(server);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(key)))
                    .isEqualTo("rw-------");

            ControlWriter app = new ControlWriter(alice, server);
            try (WebSocketClient client = WebSocketClient.connect(uri)) {
                assertThat(client.send("garbage").next()).startsWith("[\"NOTICE\"");
                send(client, app.settings(SettingsDraft.forDevice(DEVICE), now));
                send(client, message(now));
                assertThat(program.await("push (printed, not sent)"))
                        .contains("apns:…abab", "New message")
                        .doesNotContain(DEVICE);

                send(client, app.logout(now.plusSeconds(1)));
                send(client, message(now.plusSeconds(1)));
            }

            program.terminate();
            assertThat(program.ended(10)).as("ended within 10 s").isTrue();
            assertThat(program.exitCode()).isZero();
            assertThat(program.out()).noneMatch(line -> line.startsWith("push"));
            assertThat(program.err()).noneMatch(ServeProcessTest::isTrace).noneMatch(line -> line.contains(DEVICE));
        }
    }

    @Test
    void phonesAreToldInTheLanguageOfTheConfiguration() throws Exception {
        Map<String, String> german = Map.of("NIP_PUSH_LISTEN", "127.0.0.1:0", "NIP_PUSH_NOTIFICATION_LANGUAGE", "de");
        try (ServerProcess program = ServerProcess.start(directory, german, "serve")) {
            PublicKey server = PublicKey.ofHex(program.await("public key").replaceFirst("public key +", ""));
            try (WebSocketClient client = WebSocketClient.connect(program.awaitAddress())) {
                send(client, new ControlWriter(alice, server).settings(SettingsDraft.forDevice(DEVICE), now));
                send(client, message(now));
                assertThat(program.await("push (printed, not sent)")).contains("Neue Nachricht");
            }
        }
    }

    @Test
    void theKeyPairOfTheFirstStartStays() throws Exception {
        String key;
        try (ServerProcess first = ServerProcess.start(directory, FREE_PORT, "serve")) {
            key = first.await("public key");
            first.awaitAddress();
            first.terminate();
            assertThat(first.ended(10)).isTrue();
        }
        try (ServerProcess second = ServerProcess.start(directory, FREE_PORT, "serve")) {
            assertThat(second.await("public key")).isEqualTo(key);
        }
    }

    @Test
    void aWrongConfigurationEndsTheProgramWithoutATrace() throws Exception {
        Path file = Files.writeString(directory.resolve("nip-push.properties"), "\nlisten=nowhere\n");

        try (ServerProcess program = ServerProcess.start(directory, Map.of(), "serve", "--config", file.toString())) {
            assertThat(program.exitCode()).isEqualTo(2);
            assertThat(program.err())
                    .singleElement()
                    .satisfies(error ->
                            assertThat(error).startsWith("nip-push: " + file + ":2: listen: must be host:port"));
        }
    }

    @Test
    void aStoreThatIsInUseIsAFailure() throws Exception {
        try (ServerProcess first = ServerProcess.start(directory, FREE_PORT, "serve")) {
            first.awaitAddress();
            try (ServerProcess second = ServerProcess.start(directory, FREE_PORT, "serve")) {
                assertThat(second.exitCode()).isEqualTo(1);
                assertThat(second.err())
                        .anyMatch(error -> error.startsWith("nip-push: jdbc:sqlite:")
                                && error.contains("is used by a nip-push that runs already"))
                        .noneMatch(ServeProcessTest::isTrace);
            }
        }
    }

    @Test
    void aTakenPortIsAFailure() throws Exception {
        try (ServerProcess first = ServerProcess.start(directory, FREE_PORT, "serve")) {
            String taken = first.awaitAddress().getAuthority();
            try (ServerProcess second = ServerProcess.start(directory, Map.of("NIP_PUSH_LISTEN", taken), "serve")) {
                assertThat(second.exitCode()).isEqualTo(1);
                assertThat(second.err())
                        .anyMatch(error -> error.startsWith("nip-push: cannot listen on " + taken))
                        .noneMatch(ServeProcessTest::isTrace);
            }
        }
    }

    @Test
    void garbageOnThePortNeitherEndsItNorLeavesATrace() throws Exception {
        try (ServerProcess program = ServerProcess.start(directory, FREE_PORT, "serve")) {
            URI uri = program.awaitAddress();
            Random random = new Random(1);
            for (int i = 0; i < 200; i++) {
                byte[] garbage = new byte[1 + random.nextInt(2_000)];
                random.nextBytes(garbage);
                try (Socket socket = new Socket(uri.getHost(), uri.getPort())) {
                    if (i % 2 == 0) {
                        socket.getOutputStream()
                                .write(("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                                + "Sec-WebSocket-Version: 13\r\n"
                                                + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
                                        .getBytes(StandardCharsets.US_ASCII));
                    }
                    socket.getOutputStream().write(garbage);
                    socket.shutdownOutput();
                    socket.getInputStream().readAllBytes();
                } catch (IOException reset) {
                    // It may hang up on garbage at any moment.
                }
            }
            awaitReady(uri, status -> status == 200);
            program.terminate();
            assertThat(program.exitCode()).isZero();
            assertThat(program.err()).noneMatch(ServeProcessTest::isTrace);
        }
    }

    @Test
    void halvesOfMessagesDoNotFillItsMemory() throws Exception {
        String half = "[\"REQ\",\"s\",{\"search\":\"" + "\u00e9".repeat(250_000);
        List<WebSocketClient> strangers = new ArrayList<>();
        CompletableFuture<Integer> refused = new CompletableFuture<>();
        try (ServerProcess program = ServerProcess.start(directory, FREE_PORT, "serve")) {
            URI uri = program.awaitAddress();
            for (int i = 0; i < 200; i++) {
                WebSocketClient stranger = WebSocketClient.connect(uri, Map.of("X-Forwarded-For", "198.51.100.7"));
                strangers.add(stranger);
                stranger.sendHalf(half, refused);
            }
            assertThat(refused.get(20, TimeUnit.SECONDS)).isEqualTo(1013);
            awaitReady(uri, status -> status == 200);
            program.terminate();
            assertThat(program.exitCode()).isZero();
            assertThat(program.err()).noneMatch(ServeProcessTest::isTrace).noneMatch(line -> line.contains("Error"));
        } finally {
            strangers.forEach(WebSocketClient::close);
        }
    }

    @Test
    void withAConfigurationItPushesWhatEitherHomeRelayBrings() throws Exception {
        try (TestRelay one = TestRelay.start();
                TestRelay two = TestRelay.start();
                FakeApns apns = FakeApns.start();
                FakeFcm fcm = FakeFcm.startWithoutTls();
                FakeUnifiedPushServer unifiedPush = FakeUnifiedPushServer.start()) {
            KeyPair identity = KeyPair.generate();
            Path file = configuration(identity, List.of(one, two), apns, fcm, unifiedPush);
            try (ServerProcess program =
                    ServerProcess.start(directory, Map.of(), "serve", "--config", file.toString())) {
                URI uri = program.awaitAddress();
                awaitReady(uri, status -> status == 200);
                one.awaitRequest(request -> request.asksForKind(Kind.PUSH_CONTROL));
                two.awaitRequest(request -> request.asksForKind(Kind.PUSH_CONTROL));

                ControlWriter app = new ControlWriter(alice, identity.publicKey());
                one.publish(app.settings(SettingsDraft.forDevice(apns.device(1).text()), now));
                two.awaitRequest(request -> request.asksForKind(Kind.GIFT_WRAP));
                two.publish(app.settings(SettingsDraft.forDevice(fcm.device(1).text()), now.plusSeconds(1)));
                try (WebSocketClient straight = WebSocketClient.connect(uri)) {
                    NostrEvent settings = app.settings(
                            SettingsDraft.forDevice(unifiedPush.device(1).text()), now.plusSeconds(2));
                    send(straight, settings);
                    // Answers on this connection come after those of the relays were applied, or say so themselves.
                    send(straight, app.offline(now.plusSeconds(3)));
                }
                one.stop();
                // What was written before the registration would be history.
                two.publish(message(Instant.now().plusSeconds(1)));

                for (Gateway gateway : List.<Gateway>of(apns, unifiedPush)) {
                    gateway.received().await(1);
                    assertThat(gateway.received().last().title()).isEqualTo("New message");
                }
                assertThat(apns.received().last().device()).isEqualTo(apns.device(1));

                two.stop();
                awaitReady(uri, status -> status == 503);
                two.restart();
                awaitReady(uri, status -> status == 200);
                assertThat(program.err()).noneMatch(ServeProcessTest::isTrace);
            }
        }
    }

    @Test
    @org.junit.jupiter.api.Tag("slow")
    void aProviderThatDoesNotAnswerNeitherHoldsUpTheEndNorCostsAPush() throws Exception {
        try (TestRelay relay = TestRelay.start();
                FakeApns apns = FakeApns.start();
                FakeFcm fcm = FakeFcm.startWithoutTls();
                FakeUnifiedPushServer unifiedPush = FakeUnifiedPushServer.start()) {
            KeyPair identity = KeyPair.generate();
            Path file = configuration(identity, List.of(relay), apns, fcm, unifiedPush);
            apns.answer(apns.device(1), new Gateway.Answer.Hang());
            try (ServerProcess program =
                    ServerProcess.start(directory, Map.of(), "serve", "--config", file.toString())) {
                ControlWriter app = new ControlWriter(alice, identity.publicKey());
                try (WebSocketClient client = WebSocketClient.connect(program.awaitAddress())) {
                    send(
                            client,
                            app.settings(SettingsDraft.forDevice(apns.device(1).text()), now));
                    send(client, message(now));
                }
                apns.received().await(1);
                program.terminate();
                assertThat(program.exitCode()).isZero();
            }
            try (ServerProcess program =
                    ServerProcess.start(directory, Map.of(), "serve", "--config", file.toString())) {
                program.awaitAddress();
                apns.received().await(2);
                assertThat(apns.received().last().collapseKey())
                        .isEqualTo(apns.received().all().get(0).collapseKey());
            }
        }
    }

    @Test
    void aBrowserSubscribesWithTheKeyThatTheServerPublishesAndGetsItsPushEncrypted() throws Exception {
        try (TestRelay relay = TestRelay.start();
                FakeApns apns = FakeApns.start();
                FakeFcm fcm = FakeFcm.startWithoutTls();
                FakeUnifiedPushServer pushService = FakeUnifiedPushServer.start()) {
            KeyPair identity = KeyPair.generate();
            Path file = configuration(identity, List.of(relay), apns, fcm, pushService);
            Files.writeString(file, "unifiedpush.vapid-contact=mailto:push@example.com\n", StandardOpenOption.APPEND);
            String vapidKey;
            try (ServerProcess program =
                    ServerProcess.start(directory, Map.of(), "serve", "--config", file.toString())) {
                URI uri = program.awaitAddress();
                vapidKey = publishedVapidKey(uri);
                assertThat(program.await("Web Push")).endsWith(" " + vapidKey);
                pushService.demandVapid(vapidKey);

                ControlWriter app = new ControlWriter(alice, identity.publicKey());
                try (WebSocketClient client = WebSocketClient.connect(uri)) {
                    String subscription = pushService.webPushDevice(1).text();
                    assertThat(subscription)
                            .startsWith("{\"endpoint\":\"https://localhost:")
                            .contains("\"p256dh\"");
                    send(client, app.settings(SettingsDraft.forDevice(subscription), now));
                    send(client, message(now));
                    pushService.received().await(1);
                }
                Gateway.Received received = pushService.received().last();
                assertThat(received.device()).isEqualTo(pushService.webPushDevice(1));
                assertThat(received.title()).isEqualTo("New message");
                assertThat(received.collapseKey()).isPresent();
                Post post = pushService.posts().last();
                assertThat(post.headers()).containsEntry("content-encoding", "aes128gcm");
                assertThat(VapidToken.read(post.headers().get("authorization")).contact())
                        .contains("mailto:push@example.com");
                program.terminate();
                assertThat(program.exitCode()).isZero();
            }
            try (ServerProcess again = ServerProcess.start(directory, Map.of(), "serve", "--config", file.toString())) {
                assertThat(publishedVapidKey(again.awaitAddress())).isEqualTo(vapidKey);
            }
        }
    }

    private static String publishedVapidKey(URI uri) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + uri.getAuthority() + "/"))
                .header("Accept", "application/nostr+json")
                .build();
        String document = HttpClient.newHttpClient()
                .send(request, HttpResponse.BodyHandlers.ofString())
                .body();
        return JsonParser.parseString(document)
                .getAsJsonObject()
                .get("vapid_public_key")
                .getAsString();
    }

    @Test
    void whatIsInFlightLandsBeforeItEnds() throws Exception {
        try (TestRelay relay = TestRelay.start();
                FakeApns apns = FakeApns.start();
                FakeFcm fcm = FakeFcm.startWithoutTls();
                FakeUnifiedPushServer unifiedPush = FakeUnifiedPushServer.start()) {
            KeyPair identity = KeyPair.generate();
            Path file = configuration(identity, List.of(relay), apns, fcm, unifiedPush);
            unifiedPush.answer(unifiedPush.device(1), new Gateway.Answer.Hang());
            try (ServerProcess program =
                    ServerProcess.start(directory, Map.of(), "serve", "--config", file.toString())) {
                ControlWriter app = new ControlWriter(alice, identity.publicKey());
                try (WebSocketClient client = WebSocketClient.connect(program.awaitAddress())) {
                    send(
                            client,
                            app.settings(
                                    SettingsDraft.forDevice(
                                            unifiedPush.device(1).text()),
                                    now));
                    send(client, message(now));
                    unifiedPush.received().await(1);

                    program.terminate();
                    program.awaitError("ending");
                    unifiedPush.release();
                    assertThat(client.closeCode()).isEqualTo(1001);
                }
                assertThat(program.ended(10)).isTrue();
                assertThat(program.exitCode()).as("all was finished").isZero();
                assertThat(unifiedPush.received().size()).isEqualTo(1);
            }
        }
    }

    @Test
    void aProviderThatSaysNothingDoesNotKeepItAlive() throws Exception {
        try (TestRelay relay = TestRelay.start();
                FakeApns apns = FakeApns.start();
                FakeFcm fcm = FakeFcm.startWithoutTls();
                FakeUnifiedPushServer unifiedPush = FakeUnifiedPushServer.start()) {
            KeyPair identity = KeyPair.generate();
            Path file = configuration(identity, List.of(relay), apns, fcm, unifiedPush);
            apns.answer(apns.device(1), new Gateway.Answer.Hang());
            try (ServerProcess program =
                    ServerProcess.start(directory, Map.of(), "serve", "--config", file.toString())) {
                ControlWriter app = new ControlWriter(alice, identity.publicKey());
                try (WebSocketClient client = WebSocketClient.connect(program.awaitAddress())) {
                    send(
                            client,
                            app.settings(SettingsDraft.forDevice(apns.device(1).text()), now));
                    send(client, message(now));
                    apns.received().await(1);

                    program.terminate();
                    assertThat(program.ended(10)).isTrue();
                }
            } finally {
                apns.release();
            }
        }
    }

    private Path configuration(
            KeyPair identity, List<TestRelay> relays, FakeApns apns, FakeFcm fcm, FakeUnifiedPushServer unifiedPush)
            throws IOException {
        KeyFile.IDENTITY.create(directory.resolve("key"), identity);
        apns.writeSigningKey(directory.resolve("apns.p8"));
        apns.certificates().writeAuthority(directory.resolve("apns.pem"));
        fcm.writeServiceAccount(directory.resolve("fcm.json"));
        unifiedPush.certificates().writeAuthority(directory.resolve("unifiedpush.pem"));
        String homes = String.join(
                ", ", relays.stream().map(relay -> relay.url().toString()).toList());
        return Files.writeString(directory.resolve("nip-push.properties"), """
                identity.key-file=key
                data-dir=data
                listen=127.0.0.1:0
                relays.home=%s
                apns.key-file=apns.p8
                apns.key-id=%s
                apns.team-id=%s
                apns.topics=%s
                apns.server=%s:%d
                apns.trusted-certificates=apns.pem
                fcm.service-account-file=fcm.json
                fcm.endpoint=%s
                unifiedpush.allow=localhost
                unifiedpush.trusted-certificates=unifiedpush.pem
                """.formatted(
                homes, FakeApns.KEY_ID, FakeApns.TEAM_ID, FakeApns.TOPIC, apns.host(), apns.port(), fcm.endpoint()));
    }

    private static boolean isTrace(String line) {
        return line.startsWith("\tat ") || line.startsWith("Caused by") || line.startsWith("Exception in");
    }

    private NostrEvent message(Instant at) {
        return bob.sign(
                at.getEpochSecond(),
                Kind.ENCRYPTED_DIRECT_MESSAGE,
                List.of(Tag.of("p", alice.publicKey().hex())),
                "?iv=");
    }

    private static void send(WebSocketClient client, NostrEvent event) throws InterruptedException {
        client.send("[\"EVENT\"," + event.toJson() + "]");
        assertThat(client.next()).startsWith("[\"OK\",\"" + event.id().hex() + "\",true");
    }

    private static void awaitReady(URI uri, Predicate<Integer> expected) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + uri.getAuthority() + "/health/ready"))
                .build();
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        for (int i = 0; !expected.test(response.statusCode()) && i < 600; i++) {
            LockSupport.parkNanos(50_000_000);
            response = client.send(request, HttpResponse.BodyHandlers.ofString());
        }
        assertThat(response.statusCode()).as(response.body()).matches(expected);
    }
}
