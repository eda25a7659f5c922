package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.testkit.FakeApns.Reply;
import dev.nippush.testkit.Gateway.Answer;
import dev.nippush.testkit.Gateway.Received;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The fake as seen by a client that is not pushy: the JDK's, with ALPN. */
@Timeout(60)
class FakeApnsTest {

    private static final String PAYLOAD =
            "{\"aps\":{\"alert\":{\"title\":\"Hello\",\"body\":\"World\"}},\"msgType\":\"0\"}";

    private final FakeApns fake = FakeApns.start();
    private final String token = fake.device(0).token();
    private final HttpClient client = HttpClient.newBuilder()
            .sslContext(fake.certificates().clientContext())
            .build();

    @AfterEach
    void stop() {
        fake.close();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("https://localhost:" + fake.port() + path))
                .timeout(Duration.ofSeconds(20))
                .POST(BodyPublishers.ofString(PAYLOAD));
    }

    private HttpRequest.Builder push() {
        return request("/3/device/" + token)
                .header("authorization", "bearer " + jwt("SHA256withECDSAinP1363Format", Instant.now()))
                .header("apns-topic", FakeApns.TOPIC);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return client.send(request.build(), BodyHandlers.ofString());
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }

    private void assertRefused(HttpRequest.Builder request, int status, String reason) {
        HttpResponse<String> response = send(request);
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(JsonParser.parseString(response.body())
                        .getAsJsonObject()
                        .get("reason")
                        .getAsString())
                .isEqualTo(reason);
    }

    private String jwt(String algorithm, Instant issuedAt) {
        String text = base64("{\"alg\":\"ES256\",\"kid\":\"" + FakeApns.KEY_ID + "\"}") + "."
                + base64("{\"iss\":\"" + FakeApns.TEAM_ID + "\",\"iat\":" + issuedAt.getEpochSecond() + "}");
        try {
            String base64 = fake.signingKeyPem().replaceAll("-----[A-Z ]+-----|\\s", "");
            PrivateKey key = KeyFactory.getInstance("EC")
                    .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(text.getBytes(StandardCharsets.US_ASCII));
            return text + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(signature.sign());
        } catch (GeneralSecurityException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static String base64(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void pushIsAcceptedAndRemembered() {
        HttpResponse<String> response = send(push().header("apns-collapse-id", "abc")
                .header("apns-expiration", "1900000000")
                .header("apns-id", "11111111-2222-3333-4444-555555555555"));

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(response.body()).isEmpty();
        assertThat(response.headers().firstValue("apns-id")).contains("11111111-2222-3333-4444-555555555555");
        assertThat(fake.received().all())
                .containsExactly(new Received(
                        fake.device(0),
                        "Hello",
                        "World",
                        Map.of("msgType", "0"),
                        Optional.of("abc"),
                        Optional.of(Instant.ofEpochSecond(1_900_000_000))));
        assertThat(fake.requests().last().token()).isEqualTo(token);
        assertThat(fake.requests().last().header("apns-topic")).contains(FakeApns.TOPIC);
        assertThat(fake.requests().last().headers()).doesNotContainKey("authorization");
    }

    @Test
    void judgeDecidesOnEachMessageInItsOwnTime() throws Exception {
        CompletableFuture<Answer> verdict = new CompletableFuture<>();
        fake.answer(token, Reply.refuse(400, "BadDeviceToken"));
        fake.answerWith(received -> received.collapseKey().isPresent()
                ? CompletableFuture.completedFuture(new Answer.DeviceLimit(Optional.empty()))
                : verdict);
        CompletableFuture<HttpResponse<String>> answer = client.sendAsync(push().build(), BodyHandlers.ofString());
        fake.received().await(1);

        assertRefused(push().header("apns-collapse-id", "abc"), 429, "TooManyRequests");
        assertThat(answer).isNotDone();
        verdict.complete(new Answer.Accept());
        assertThat(answer.join().statusCode()).isEqualTo(200);
    }

    @Test
    void providerTokenIsSignedInEitherForm() {
        for (String algorithm : new String[] {"SHA256withECDSA", "SHA256withECDSAinP1363Format"}) {
            HttpRequest.Builder request = request("/3/device/" + token)
                    .header("authorization", "bearer " + jwt(algorithm, Instant.now()))
                    .header("apns-topic", FakeApns.TOPIC);

            assertThat(send(request).statusCode()).as(algorithm).isEqualTo(200);
            assertThat(fake.requests().last().providerToken()).isPresent();
        }
        assertThat(fake.providerTokenCount()).isEqualTo(2);
    }

    @Test
    void wrongProviderTokensAreRefused() {
        String good = jwt("SHA256withECDSA", Instant.now());
        String old = jwt("SHA256withECDSA", Instant.now().minus(Duration.ofMinutes(61)));
        HttpRequest.Builder bare = request("/3/device/" + token).header("apns-topic", FakeApns.TOPIC);

        assertRefused(bare.copy(), 403, "MissingProviderToken");
        assertRefused(bare.copy().header("authorization", "bearer x.y.z"), 403, "InvalidProviderToken");
        assertRefused(
                bare.copy().header("authorization", "bearer " + good.replaceFirst("\\.", ".A")),
                403,
                "InvalidProviderToken");
        assertRefused(bare.copy().header("authorization", "bearer " + old), 403, "ExpiredProviderToken");
        assertThat(fake.requests().all().get(1).providerToken()).isEmpty();
    }

    @Test
    void whatAppleDocumentsAsWrongIsRefused() {
        HttpRequest.Builder bare = request("/3/device/" + token)
                .header("authorization", "bearer " + jwt("SHA256withECDSA", Instant.now()));
        HttpRequest.Builder push = push();

        assertRefused(push.copy().GET(), 405, "MethodNotAllowed");
        assertRefused(push.copy().uri(URI.create("https://localhost:" + fake.port() + "/4/x")), 404, "BadPath");
        assertRefused(
                push.copy().uri(URI.create("https://localhost:" + fake.port() + "/3/device/")),
                400,
                "MissingDeviceToken");
        assertRefused(
                push.copy().uri(URI.create("https://localhost:" + fake.port() + "/3/device/abcd")),
                400,
                "BadDeviceToken");
        assertRefused(bare.copy(), 400, "MissingTopic");
        assertRefused(bare.copy().header("apns-topic", "org.example.foreign"), 400, "TopicDisallowed");
        assertRefused(push.copy().header("apns-push-type", "loud"), 400, "InvalidPushType");
        assertRefused(push.copy().header("apns-priority", "11"), 400, "BadPriority");
        assertRefused(
                push.copy().setHeader("apns-push-type", "background").setHeader("apns-priority", "10"),
                400,
                "BadPriority");
        assertRefused(push.copy().header("apns-expiration", "-1"), 400, "BadExpirationDate");
        assertRefused(push.copy().header("apns-collapse-id", "x".repeat(65)), 400, "BadCollapseId");
        assertRefused(push.copy().POST(BodyPublishers.ofString("{}")), 400, "PayloadEmpty");
        assertRefused(push.copy().POST(BodyPublishers.ofString("[")), 400, "PayloadEmpty");
        JsonObject large = JsonParser.parseString(PAYLOAD).getAsJsonObject();
        large.addProperty("large", "x".repeat(4_096));
        assertRefused(push.copy().POST(BodyPublishers.ofString(large.toString())), 413, "PayloadTooLarge");
    }

    @Test
    void certificateOfItsAuthorityServesInPlaceOfAToken() throws Exception {
        HttpClient shown = HttpClient.newBuilder()
                .sslContext(fake.certificates()
                        .client("Apple Push Services: com.example.app")
                        .context())
                .build();

        HttpResponse<String> response = shown.send(
                request("/3/device/" + token)
                        .header("apns-topic", FakeApns.TOPIC)
                        .build(),
                BodyHandlers.ofString());

        assertThat(response.statusCode()).isEqualTo(200);
    }

    @Test
    void repliesComeInTurnAndTheLastOneStays() {
        fake.answer(
                token,
                Reply.refuse(410, "Unregistered")
                        .timestamp(Instant.ofEpochMilli(5))
                        .split(),
                Reply.bare(503).retryAfter(Duration.ofSeconds(7)),
                Reply.accept().after(Duration.ofMillis(50)));

        HttpResponse<String> gone = send(push());
        HttpResponse<String> busy = send(push());

        assertThat(gone.statusCode()).isEqualTo(410);
        assertThat(gone.body()).isEqualTo("{\"reason\":\"Unregistered\",\"timestamp\":5}");
        assertThat(busy.statusCode()).isEqualTo(503);
        assertThat(busy.body()).isEmpty();
        assertThat(busy.headers().firstValue("retry-after")).contains("7");
        assertThat(send(push()).statusCode()).isEqualTo(200);
        assertThat(send(push()).statusCode()).isEqualTo(200);
    }

    @Test
    void hangingRequestIsAcceptedWhenReleased() {
        fake.answer(fake.device(0), new Answer.Hang());
        CompletableFuture<HttpResponse<String>> hanging = client.sendAsync(push().build(), BodyHandlers.ofString());
        fake.received().await(1);
        assertThat(hanging).isNotDone();

        fake.release();

        assertThat(hanging.join().statusCode()).isEqualTo(200);
        assertThat(send(push()).statusCode()).isEqualTo(200);
    }

    @Test
    void answerThatIsResetOrDoesNotEndIsNone() {
        fake.answer(token, Reply.reset(), Reply.stall(200), Reply.accept());

        assertThatThrownBy(() -> client.send(push().build(), BodyHandlers.ofString()))
                .isInstanceOf(IOException.class)
                .isNotInstanceOf(HttpTimeoutException.class);
        CompletableFuture<HttpResponse<InputStream>> endless =
                client.sendAsync(push().build(), BodyHandlers.ofInputStream());
        assertThat(endless.join().statusCode()).isEqualTo(200);
        assertThat(send(push()).statusCode()).isEqualTo(200);
    }

    @Test
    void connectionThatGoesAwayIsNotCut() {
        fake.answer(token, Reply.goAwayBefore("Shutdown"), Reply.goAwayAfter("Shutdown"), Reply.accept());
        if (Runtime.version().feature() >= 24) {
            // This client sends once more what was not looked at, and reads what is answered.
            assertThat(send(push()).statusCode()).isEqualTo(200);
        } else {
            for (int i = 0; i < 2; i++) {
                // This one ends all streams then, the answered ones too.
                assertThatThrownBy(() -> client.send(push().build(), BodyHandlers.ofString()))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("GOAWAY");
            }
        }
        assertThat(fake.received().all()).hasSize(2);
        assertThat(send(push()).statusCode()).isEqualTo(200);
    }

    @Test
    void connectionIsCutBySilenceGoAwayAndOutage() {
        fake.answer(token, Reply.drop(), Reply.goAway("Shutdown"), Reply.accept());
        assertThatThrownBy(() -> client.send(push().build(), BodyHandlers.ofString()))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> client.send(push().build(), BodyHandlers.ofString()))
                .isInstanceOf(IOException.class);
        fake.stop();
        assertThatThrownBy(() -> client.send(push().build(), BodyHandlers.ofString()))
                .isInstanceOf(IOException.class);

        int port = fake.port();
        fake.resume();

        assertThat(fake.port()).isEqualTo(port);
        assertThat(send(push()).statusCode()).isEqualTo(200);
    }

    @Test
    void stoppingTwiceIsStopping() {
        fake.stop();
        fake.stop();
        assertThatThrownBy(() -> client.send(push().build(), BodyHandlers.ofString()))
                .isInstanceOf(IOException.class);
    }

    @Test
    void portIsFreeAsSoonAsItHasStopped() throws Exception {
        for (int i = 0; i < 200; i++) {
            fake.stop();
            try (ServerSocket other = new ServerSocket(fake.port(), 1, InetAddress.getLoopbackAddress())) {
                assertThat(other.isBound()).isTrue();
            }
            fake.resume();
        }
    }
}
