package dev.nippush.tests.wholepath;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.nippush.NipPush;
import dev.nippush.PushListener;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Source;
import dev.nippush.apns.ApnsCredentials;
import dev.nippush.apns.ApnsTransport;
import dev.nippush.control.ControlWriter;
import dev.nippush.control.Outcome;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.EventId;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.fcm.FcmCredentials;
import dev.nippush.fcm.FcmTransport;
import dev.nippush.store.Ending;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeFcm.Reply.Form;
import dev.nippush.testkit.Inbox;
import dev.nippush.transport.RetryPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The engine over the real transports: what a provider's faults cost is another attempt, under the same collapse key. */
@org.junit.jupiter.api.Tag("slow")
@Timeout(120)
class ProviderFaultsTest {

    private static final Duration DEADLINE = Duration.ofSeconds(2);

    private final KeyPair server = KeyPair.generate();
    private final KeyPair user = KeyPair.generate();
    private final KeyPair friend = KeyPair.generate();
    private final FakeApns apple = FakeApns.start();
    private final FakeFcm google = FakeFcm.start();
    private final Inbox<Ending> settled = new Inbox<>();
    private int said;
    private ApnsTransport apns;
    private FcmTransport fcm;
    private NipPush engine;

    @TempDir
    private Path folder;

    @BeforeEach
    void start() throws Exception {
        apns = ApnsTransport.builder()
                .credentials(ApnsCredentials.tokenKey(
                        apple.writeSigningKey(folder.resolve("key.p8")), FakeApns.KEY_ID, FakeApns.TEAM_ID))
                .topics(List.of(FakeApns.TOPIC))
                .server(apple.host(), apple.port())
                .trustedCertificates(List.of(apple.certificates().authority()))
                .requestDeadline(DEADLINE)
                .build();
        fcm = FcmTransport.builder()
                .credentials(FcmCredentials.serviceAccount(google.serviceAccountJson()))
                .endpoint(google.endpoint())
                .trustedCertificates(List.of(google.authority()))
                .deadline(DEADLINE)
                .build();
        engine = NipPush.builder(server)
                .transport(apns)
                .transport(fcm)
                .apnsTopics(List.of(FakeApns.TOPIC))
                .retryPolicy(new RetryPolicy(Duration.ofMillis(10), Duration.ofMillis(100), Duration.ofHours(1)))
                .listener(new PushListener() {
                    @Override
                    public void settled(DeviceAddress device, EventId event, Ending ending) {
                        settled.add(ending);
                    }
                })
                .build();
        engine.start().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    @AfterEach
    void close() {
        apple.release();
        google.release();
        engine.close();
        apns.close();
        fcm.close();
        apple.close();
        google.close();
    }

    private void registers(String deviceId) {
        ControlWriter writer = new ControlWriter(user, server.publicKey());
        assertThat(accept(writer.settings(SettingsDraft.forDevice(deviceId), Instant.now())))
                .isEqualTo(new Outcome.Applied());
    }

    private void comesIn() {
        NostrEvent mention = friend.sign(
                Instant.now().getEpochSecond(),
                1,
                List.of(Tag.of("p", user.publicKey().hex())),
                "No. " + ++said);
        assertThat(accept(mention)).isEqualTo(new Outcome.Taken(1));
    }

    private Outcome accept(NostrEvent event) {
        return engine.accept(event, Source.host()).toCompletableFuture().join();
    }

    static Stream<Named<FakeApns.Reply>> faultsOfApple() {
        return Stream.of(
                Named.of("cut", FakeApns.Reply.drop()),
                Named.of("GOAWAY and cut", FakeApns.Reply.goAway("Shutdown")),
                Named.of("GOAWAY before it", FakeApns.Reply.goAwayBefore("Shutdown")),
                Named.of("reset", FakeApns.Reply.reset()),
                Named.of("half an answer", FakeApns.Reply.stall(200)),
                Named.of("no answer", FakeApns.Reply.hang()),
                Named.of("late answer", FakeApns.Reply.accept().after(DEADLINE.plusMillis(500))),
                Named.of("no body", FakeApns.Reply.bare(503)),
                Named.of("expired provider token", FakeApns.Reply.refuse(403, "ExpiredProviderToken")),
                Named.of(
                        "too many requests",
                        FakeApns.Reply.refuse(429, "TooManyRequests").retryAfter(Duration.ZERO)),
                Named.of("an unknown 403", FakeApns.Reply.refuse(403, "BadWeather")));
    }

    @ParameterizedTest
    @MethodSource("faultsOfApple")
    void pushArrivesAfterAFaultOfAppleUnderTheSameCollapseKey(FakeApns.Reply fault) {
        DeviceAddress phone = apple.device(0);
        apple.answer(phone.token(), fault, FakeApns.Reply.accept());
        registers(phone.token());

        comesIn();

        assertThat(settled.await(1)).containsExactly(Ending.ACCEPTED);
        assertThat(apple.requests().size()).isEqualTo(2);
        assertThat(apple.requests().all())
                .extracting(request -> request.header("apns-collapse-id").orElseThrow())
                .containsOnly(apple.requests().last().header("apns-collapse-id").orElseThrow());
        assertThat(apple.providerTokenCount()).isEqualTo(1);
    }

    static Stream<Named<FakeFcm.Reply>> faultsOfGoogle() {
        FakeFcm.Reply accept = FakeFcm.Reply.accept();
        return Stream.of(
                Named.of("reset", accept.as(Form.RESET)),
                Named.of("half an answer", accept.as(Form.HALF)),
                Named.of("late answer", accept.after(DEADLINE.plusMillis(500))),
                Named.of("a page of a proxy", FakeFcm.Reply.of(502, "<html>bad gateway</html>")),
                Named.of(
                        "unavailable",
                        FakeFcm.Reply.error(503, "UNAVAILABLE", "UNAVAILABLE").with("Retry-After", "0")),
                Named.of("internal", FakeFcm.Reply.error(500, "INTERNAL", "INTERNAL")),
                Named.of(
                        "quota",
                        FakeFcm.Reply.error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")
                                .with("Retry-After", "0")));
    }

    @ParameterizedTest
    @MethodSource("faultsOfGoogle")
    void pushArrivesAfterAFaultOfGoogleUnderTheSameCollapseKey(FakeFcm.Reply fault) {
        DeviceAddress phone = google.device(0);
        google.reply(phone, fault);
        registers(phone.token());

        comesIn();

        assertThat(settled.await(1)).containsExactly(Ending.ACCEPTED);
        assertThat(google.sent().size()).isEqualTo(2);
        assertThat(google.sent().all())
                .extracting(sent -> tag(sent.message()))
                .containsOnly(tag(google.sent().last().message()));
    }

    private static String tag(JsonObject message) {
        return message.getAsJsonObject("android")
                .getAsJsonObject("notification")
                .get("tag")
                .getAsString();
    }

    @Test
    void pushArrivesAfterAnOutageOfGooglesTokenEndpoint() {
        google.refuseTokens(FakeFcm.Reply.of(503, ""));
        registers(google.device(0).token());
        comesIn();
        while (google.tokenRequests() < 2) {
            Thread.onSpinWait();
        }
        assertThat(google.sent().all()).isEmpty();

        google.giveTokens();

        assertThat(settled.await(1)).containsExactly(Ending.ACCEPTED);
        assertThat(google.sent().size()).isEqualTo(1);
    }

    @Test
    void strangersWhoseDevicesAreRefusedStopNobody() {
        DeviceAddress phone = apple.device(0);
        registers(phone.token());
        comesIn();
        settled.await(1);
        for (int number = 1; number <= 25; number++) {
            DeviceAddress theirs = google.device(number);
            google.reply(theirs, FakeFcm.Reply.error(401, "UNAUTHENTICATED", ""));
            ControlWriter stranger = new ControlWriter(KeyPair.generate(), server.publicKey());
            NostrEvent settings = stranger.settings(SettingsDraft.forDevice(theirs.token()), Instant.now());
            assertThat(accept(settings)).isEqualTo(new Outcome.Applied());
            NostrEvent mention = friend.sign(
                    Instant.now().getEpochSecond(),
                    1,
                    List.of(Tag.of("p", settings.pubkey().hex())),
                    "");
            assertThat(accept(mention)).isEqualTo(new Outcome.Taken(1));
        }
        assertThat(settled.await(26)).hasSize(26).endsWith(Ending.REJECTED);
        assertThat(engine.status().parked()).isEmpty();

        registers(google.device(0).token());
        comesIn();

        assertThat(settled.await(28)).endsWith(Ending.ACCEPTED, Ending.ACCEPTED);
    }
}
