package dev.nippush.fcm;

import static dev.nippush.fcm.Transports.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeFcm.Reply;
import dev.nippush.testkit.FakeFcm.Sent;
import dev.nippush.testkit.Gateway.Answer;
import dev.nippush.testkit.TestCertificates;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Rejected;
import dev.nippush.transport.PushResult.Scope;
import java.io.IOException;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class FcmTransportTest {

    private static final Reply UNAUTHENTICATED = Reply.error(401, "UNAUTHENTICATED", "");

    private final FakeFcm fake = FakeFcm.start();
    private final DeviceAddress device = fake.device(0);
    private final FcmTransport transport = Transports.to(fake).build();

    @AfterEach
    void close() {
        fake.release();
        transport.close();
        fake.close();
    }

    @Test
    void messagesOfAColdTransportShareOneHttp2ConnectionAndOneAccessToken() {
        List<CompletableFuture<PushResult>> results = IntStream.range(0, FcmTransport.MAX_IN_FLIGHT)
                .mapToObj(number -> send(transport, fake.device(number)))
                .toList();

        assertThat(results).allSatisfy(result -> assertThat(result.join()).isEqualTo(PushResult.accepted()));
        assertThat(fake.sent().all())
                .extracting(Sent::connection)
                .hasSize(100)
                .containsOnly(fake.sent().last().connection());
        assertThat(fake.sent().all()).extracting(Sent::protocol).containsOnly("HTTP/2.0");
        assertThat(fake.tokenRequests()).isEqualTo(1);
        assertThat(fake.connections()).as("one for messages, one for tokens").isEqualTo(2);
    }

    @Test
    void hundredMessagesAreInFlightAtOnceAndTheNextWaits() {
        for (int number = 0; number <= FcmTransport.MAX_IN_FLIGHT; number++) {
            fake.answer(fake.device(number), new Answer.Hang());
        }
        List<CompletableFuture<PushResult>> results = IntStream.rangeClosed(0, FcmTransport.MAX_IN_FLIGHT)
                .mapToObj(number -> send(transport, fake.device(number)))
                .toList();
        fake.sent().await(FcmTransport.MAX_IN_FLIGHT);

        assertThat(fake.sent().size()).isEqualTo(FcmTransport.MAX_IN_FLIGHT);
        assertThat(transport.maxInFlight()).isEqualTo(FcmTransport.MAX_IN_FLIGHT);
        fake.release();

        assertThat(results).allSatisfy(result -> assertThat(result.join()).isEqualTo(PushResult.accepted()));
    }

    @Test
    void warmUpFetchesTheTokenAndOpensTheConnectionButSendsNothing() {
        transport.warmUp().toCompletableFuture().join();

        assertThat(fake.tokenRequests()).isEqualTo(1);
        assertThat(fake.connections()).as("one for messages, one for tokens").isEqualTo(2);
        assertThat(fake.sent().all()).isEmpty();

        assertThat(result(device)).isEqualTo(PushResult.accepted());
        assertThat(fake.tokenRequests()).isEqualTo(1);
        assertThat(fake.connections()).isEqualTo(2);
    }

    @Test
    void warmUpThatFailsIsNoFailure() {
        fake.close();

        assertThatCode(() -> transport.warmUp().toCompletableFuture().join()).doesNotThrowAnyException();
    }

    @Test
    void expiredAccessTokenIsReplacedOnce() {
        assertThat(result(device)).isEqualTo(PushResult.accepted());
        fake.revokeTokens();

        List<CompletableFuture<PushResult>> results = IntStream.range(0, 50)
                .mapToObj(number -> send(transport, fake.device(number)))
                .toList();

        assertThat(results).allSatisfy(result -> assertThat(result.join()).isEqualTo(PushResult.accepted()));
        assertThat(fake.tokenRequests()).isEqualTo(2);
    }

    @Test
    void accessTokenThatIsRefusedWhenNewIsTheCredentialsFault() {
        fake.reply(device, UNAUTHENTICATED);
        fake.replyToTrials(UNAUTHENTICATED, UNAUTHENTICATED);

        assertRefused(result(device), Fault.CREDENTIALS, "UNAUTHENTICATED", "service account", "clock");
        assertThat(fake.trials()).isEqualTo(2);
        assertThat(fake.tokenRequests()).isEqualTo(2);

        assertThat(result(device)).isEqualTo(PushResult.accepted());
    }

    /** What FCM says of our credentials, and what it says of some registration tokens in the same words. */
    @ParameterizedTest
    @CsvSource({"401, UNAUTHENTICATED", "403, PERMISSION_DENIED", "404, NOT_FOUND", "405, METHOD_NOT_ALLOWED"})
    void refusalThatATrialMessageDoesNotMeetIsTheDevicesFault(int status, String canonical) {
        for (int number = 0; number < 30; number++) {
            fake.reply(fake.device(number), Reply.error(status, canonical, ""), Reply.error(status, canonical, ""));
        }
        List<CompletableFuture<PushResult>> refused = IntStream.range(0, 30)
                .mapToObj(number -> send(transport, fake.device(number)))
                .toList();

        assertThat(refused)
                .allSatisfy(result -> assertRefused(result.join(), Fault.DEVICE, canonical, "this device alone"));
        assertThat(fake.sent().size()).isEqualTo(30);
        assertThat(fake.tokenRequests())
                .as("strangers make us fetch no access tokens")
                .isEqualTo(1);
        assertThat(fake.trials()).isBetween(1, 30);
        assertThat(result(fake.device(30))).isEqualTo(PushResult.accepted());
    }

    @ParameterizedTest
    @CsvSource({"403, PERMISSION_DENIED, role", "404, NOT_FOUND, project_id", "405, METHOD_NOT_ALLOWED, endpoint"})
    void refusalThatATrialMessageMeetsTooIsTheCredentialsFault(int status, String canonical, String advised) {
        fake.reply(device, Reply.error(status, canonical, ""));
        fake.replyToTrials(Reply.error(status, canonical, ""));

        assertRefused(result(device), Fault.CREDENTIALS, canonical, advised);
        assertThat(fake.sent().size()).isEqualTo(1);
    }

    @Test
    void refusalStaysOpenWhileATrialMessageBringsNoVerdict() {
        fake.reply(device, Reply.error(403, "PERMISSION_DENIED", ""), Reply.error(403, "PERMISSION_DENIED", ""));
        fake.replyToTrials(Reply.of(502, "<html>"), Reply.error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"));

        assertThat(result(device)).isEqualTo(PushResult.retryLater("PERMISSION_DENIED"));
        assertThat(result(device)).isEqualTo(PushResult.retryLater("PERMISSION_DENIED"));
    }

    @Test
    void missingAppleKeyIsNotMistakenForAnExpiredAccessToken() {
        fake.reply(device, Reply.error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"));

        assertRefused(result(device), Fault.DEVICE, "THIRD_PARTY_AUTH_ERROR", "APNs key");
        assertThat(fake.sent().size()).isEqualTo(1);
        assertThat(fake.tokenRequests()).isEqualTo(1);
        assertThat(fake.trials()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 403})
    void refusalOfTheTokenEndpointIsTheCredentialsFault(int status) {
        fake.refuseTokens(Reply.of(status, "{\"error\":\"invalid_grant\",\"error_description\":\"no\"}"));

        assertRefused(
                result(device),
                Fault.CREDENTIALS,
                "token endpoint: invalid_grant",
                "clock",
                "Firebase console",
                "file");
        assertThat(fake.sent().all()).isEmpty();

        fake.giveTokens();
        assertThat(result(device)).isEqualTo(PushResult.accepted());
    }

    @Test
    void refusalWithoutAReasonNamesItsStatus() {
        fake.refuseTokens(Reply.of(403, "<html>forbidden</html>"));

        assertRefused(result(device), Fault.CREDENTIALS, "token endpoint: HTTP 403", "token_uri");
    }

    @ParameterizedTest
    @ValueSource(ints = {302, 408, 429, 500, 503})
    void tokenEndpointInTroubleIsSilenceAndAskedOnce(int status) {
        fake.refuseTokens(Reply.of(status, "").with("Location", fake.endpoint() + "/token"));

        assertSilent(send(transport, device));
        assertThat(fake.tokenRequests()).isEqualTo(1);

        fake.giveTokens();
        assertThat(result(device)).isEqualTo(PushResult.accepted());
    }

    @ParameterizedTest
    @ValueSource(strings = {"<html>hello</html>", "{}", "{\"access_token\":7}", "{\"access_token\":\"a\"}"})
    void unreadableAccessTokenIsSilence(String body) {
        fake.refuseTokens(Reply.of(200, body));

        assertSilent(send(transport, device));
    }

    @Test
    void foreignKeyIsTheCredentialsFault() {
        try (FakeFcm other = FakeFcm.start(fake.certificates())) {
            String account = other.serviceAccountJson()
                    .replace(other.endpoint().toString(), fake.endpoint().toString());
            FcmTransport stranger = Transports.to(fake)
                    .credentials(FcmCredentials.serviceAccount(account))
                    .build();

            assertRefused(send(stranger, device).join(), Fault.CREDENTIALS, "token endpoint: invalid_grant");
            stranger.close();
        }
    }

    @Test
    void wrongProjectAndWrongPathMakeNoDeviceGone() {
        FcmTransport wrongProject = Transports.to(fake)
                .credentials(FcmCredentials.serviceAccount(
                        fake.serviceAccountJson().replace("\"" + FakeFcm.PROJECT_ID + "\"", "\"other-project\"")))
                .build();
        FcmTransport wrongPath = Transports.to(fake)
                .endpoint(fake.endpoint().resolve("/elsewhere"))
                .build();

        assertRefused(send(wrongProject, device).join(), Fault.CREDENTIALS, "PERMISSION_DENIED", "role");
        assertRefused(send(wrongPath, device).join(), Fault.CREDENTIALS, "HTTP 404", "endpoint");
        wrongProject.close();
        wrongPath.close();
    }

    @Test
    void hugePageOfAProxyIsReadInPartOnly() {
        fake.reply(device, Reply.of(502, "<html>" + "x".repeat(4 << 20)));

        assertThat(result(device)).isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP 502"));
        // What is left unread is reset, for which the server may drop the connection under the next message: silence,
        // and
        // the engine sends it again.
        assertThat(send(transport, device)
                        .handle((result, silence) -> silence == null ? result : result(device))
                        .join())
                .isEqualTo(PushResult.accepted());
    }

    @Test
    void redirectIsNotFollowed() {
        fake.reply(device, Reply.of(307, "").with("Location", fake.endpoint() + "/elsewhere"));

        assertThat(result(device)).isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP 307"));
        assertThat(fake.sent().size()).isEqualTo(1);
    }

    @Test
    void immediateRetryIsLeftToTheEngine() {
        fake.reply(device, Reply.error(503, "UNAVAILABLE", "UNAVAILABLE").with("Retry-After", "0"));

        assertThat(result(device)).isEqualTo(PushResult.retryAfter(Scope.SERVER, Duration.ZERO, "UNAVAILABLE"));
        assertThat(fake.sent().size()).isEqualTo(1);
    }

    @Test
    void serverOfAnUnknownAuthorityIsNotBelieved() {
        FcmTransport wary = Transports.to(fake)
                .trustedCertificates(List.of(TestCertificates.create().authority()))
                .build();

        assertSilent(send(wary, device));
        assertThat(fake.tokenRequests()).isZero();
        wary.close();
    }

    @Test
    void proxyOfTheEnvironmentIsNotUsed() {
        ProxySelector before = ProxySelector.getDefault();
        List<URI> asked = Collections.synchronizedList(new ArrayList<>());
        ProxySelector.setDefault(new ProxySelector() {
            @Override
            public List<Proxy> select(URI uri) {
                asked.add(uri);
                return List.of(Proxy.NO_PROXY);
            }

            @Override
            public void connectFailed(URI uri, SocketAddress address, IOException failure) {
                asked.add(uri);
            }
        });
        try (FcmTransport direct = Transports.to(fake).build()) {
            assertThat(send(direct, device).join()).isEqualTo(PushResult.accepted());
        } finally {
            ProxySelector.setDefault(before);
        }
        assertThat(asked).isEmpty();
    }

    @Test
    void plainHttpServesWhereItIsAskedFor() {
        try (FakeFcm plain = FakeFcm.startWithoutTls();
                FcmTransport unencrypted = FcmTransport.builder()
                        .credentials(FcmCredentials.serviceAccount(plain.serviceAccountJson()))
                        .endpoint(plain.endpoint())
                        .build()) {
            assertThat(send(unencrypted, plain.device(0)).join()).isEqualTo(PushResult.accepted());
            assertThat(plain.sent().last().protocol()).isEqualTo("HTTP/1.1");
        }
    }

    @Test
    void messageIsJsonAndCarriesNothingElse() {
        assertThat(result(device)).isEqualTo(PushResult.accepted());

        Sent sent = fake.sent().last();
        assertThat(sent.headers()).containsEntry("content-type", "application/json; charset=utf-8");
        assertThat(sent.message().keySet()).containsExactly("token", "notification", "data", "android", "apns");
    }

    @Test
    void embeddedDeviceGetsOneDataMessage() {
        assertThat(result(fake.embeddedDevice(7))).isEqualTo(PushResult.accepted());

        Sent sent = fake.sent().last();
        assertThat(sent.message().keySet()).containsExactly("token", "data", "android");
        assertThat(sent.message().getAsJsonObject("data").keySet()).containsExactly("b", "i");
        assertThat(fake.received().last().device()).isEqualTo(fake.embeddedDevice(7));
        assertThat(fake.received().last().title()).isEqualTo("New message");
    }

    @Test
    void silentMessageIsDataAndABackgroundPush() {
        Notification silent = Notification.silent(Notification.Urgency.NORMAL, Map.of("msgType", "0", "id", "ab"));
        PushMessage message =
                new PushMessage(device, silent, Transports.KEY, Instant.now().plusSeconds(60));

        assertThat(transport.send(message).toCompletableFuture().join()).isEqualTo(PushResult.accepted());

        Sent sent = fake.sent().last();
        assertThat(sent.message().keySet()).containsExactly("token", "data", "android", "apns");
        assertThat(fake.received().last().data()).isEqualTo(Map.of("msgType", "0", "id", "ab"));
        assertThat(fake.received().last().title()).isEmpty();
    }

    @Test
    void addressOfAnotherChannelIsTheCallersMistake() {
        assertThatThrownBy(() -> transport.send(Transports.message(Transports.FOREIGN.get(0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("not an FCM address: apns:…");
    }

    @Test
    void cancelledStageAbandonsNothing() {
        fake.answer(device, new Answer.Hang());
        CompletableFuture<PushResult> abandoned = send(transport, device);
        fake.received().await(1);

        assertThat(abandoned.cancel(true)).isTrue();
        fake.release();

        assertThat(result(fake.device(1))).isEqualTo(PushResult.accepted());
    }

    @Test
    void builderRefusesWhatCannotWork() {
        FcmTransport.Builder builder = FcmTransport.builder();

        assertThatThrownBy(builder::build).isInstanceOf(IllegalStateException.class);
        for (Duration deadline : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofSeconds(30))) {
            assertThatThrownBy(() -> builder.deadline(deadline)).isInstanceOf(IllegalArgumentException.class);
        }
        for (String endpoint : List.of("ftp://example.com", "mailto:a@b", "https://example.com/?a", "/v1")) {
            assertThatThrownBy(() -> builder.endpoint(URI.create(endpoint)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> builder.trustedCertificates(List.of())).isInstanceOf(IllegalArgumentException.class);
    }

    private PushResult result(DeviceAddress to) {
        return send(transport, to).join();
    }

    private static CompletableFuture<PushResult> send(FcmTransport through, DeviceAddress to) {
        return through.send(Transports.message(to)).toCompletableFuture();
    }

    private static void assertSilent(CompletableFuture<PushResult> stage) {
        assertThatThrownBy(() -> stage.get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .satisfies(failure -> assertThat(failure.getCause()).isNotInstanceOf(Rejected.class));
    }
}
