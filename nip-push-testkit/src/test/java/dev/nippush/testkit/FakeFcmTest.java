package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.testkit.FakeFcm.Reply;
import dev.nippush.testkit.FakeFcm.Reply.Form;
import dev.nippush.testkit.Gateway.Answer;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class FakeFcmTest {

    private static final String SCOPE = "https://www.googleapis.com/auth/firebase.messaging";

    private final FakeFcm fake = FakeFcm.start();
    private final HttpClient client = HttpClient.newBuilder()
            .sslContext(fake.certificates().clientContext())
            .build();
    private final String token = fake.device(0).token();

    @AfterEach
    void close() {
        fake.close();
    }

    @Test
    void messageOfTheServiceAccountIsTakenOverHttp2() throws Exception {
        HttpResponse<String> answer = send(plain("\"android\":{\"ttl\":\"60s\",\"notification\":{\"tag\":\"key\"}}"));

        assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("{\"name\":\"projects/nip-push-fake/messages/0:1\"}");
        Gateway.Received received = fake.received().last();
        assertThat(received.device()).isEqualTo(fake.device(0));
        assertThat(received.title()).isEqualTo("t");
        assertThat(received.body()).isEqualTo("b");
        assertThat(received.data()).isEqualTo(Map.of("msgType", "0"));
        assertThat(received.collapseKey()).contains("key");
        assertThat(received.expiresAt())
                .hasValueSatisfying(at -> assertThat(at)
                        .isBetween(Instant.now().plusSeconds(30), Instant.now().plusSeconds(61)));
        assertThat(fake.sent().last().headers()).doesNotContainKey("authorization");
    }

    @Test
    void clientWithoutHttp2IsServedToo() throws Exception {
        HttpClient old = HttpClient.newBuilder()
                .sslContext(fake.certificates().clientContext())
                .version(HttpClient.Version.HTTP_1_1)
                .build();

        assertThat(send(old, accessToken(), plain("\"android\":{}")).statusCode())
                .isEqualTo(200);
        assertThat(fake.sent().last().protocol()).isEqualTo("HTTP/1.1");
    }

    @Test
    void messageWithoutAnAccessTokenIsRefusedAndNotKept() throws Exception {
        assertThat(send(client, "stolen", plain("\"android\":{}")).statusCode()).isEqualTo(401);
        String revoked = accessToken();
        fake.revokeTokens();
        assertThat(send(client, revoked, plain("\"android\":{}")).statusCode()).isEqualTo(401);

        assertThat(fake.sent().all()).isEmpty();
        assertThat(fake.received().all()).isEmpty();
    }

    @Test
    void messageForAnAppWithoutFirebaseIsUnderstood() throws Exception {
        String text = "{\"notification\":{\"title\":\"t\",\"body\":\"b\"},\"data\":{\"msgType\":\"1\"}}";
        String b = Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));

        send("\"data\":{\"b\":\"" + b + "\",\"i\":\"instance-0\"}");

        Gateway.Received received = fake.received().last();
        assertThat(received.device()).isEqualTo(fake.embeddedDevice(0)).isNotEqualTo(fake.device(0));
        assertThat(received.title()).isEqualTo("t");
        assertThat(received.data()).isEqualTo(Map.of("msgType", "1"));
        assertThat(received.collapseKey()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"data\":{\"msgType\":0}",
                "\"data\":{\"google.x\":\"0\"}",
                "\"data\":{\"from\":\"0\"}",
                "\"notification\":{\"titel\":\"t\"}",
                "\"android\":{\"ttl\":\"2419201s\"}",
                "\"android\":{\"ttl\":60}",
                "\"android\":{\"priority\":\"HIGHEST\"}",
                "\"apns\":{\"headers\":{\"apns-priority\":10}}",
                "\"apns\":{\"headers\":{\"apns-push-type\":\"background\",\"apns-priority\":\"10\"}}",
                "\"unknown\":{}",
            })
    void messageThatBreaksTheRulesIsRefusedWhateverTheScript(String part) throws Exception {
        fake.answer(fake.device(0), new Answer.Accept());

        HttpResponse<String> answer = send(part);

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("INVALID_ARGUMENT", "fieldViolations");
        assertThat(fake.received().all()).isEmpty();
        assertThat(fake.sent().size()).isEqualTo(1);
    }

    @Test
    void trialMessageIsCheckedAndGoesNowhere() throws Exception {
        String path = "/v1/projects/nip-push-fake/messages:send";
        String trial = "{\"validate_only\":true,\"message\":{\"topic\":\"news\"}}";

        assertThat(post(path, accessToken(), trial).body()).contains("fake_message_id");
        assertThat(post(path, accessToken(), trial.replace("topic", "unknown")).statusCode())
                .isEqualTo(400);
        assertThat(post(path, "stolen", trial).statusCode()).isEqualTo(401);
        fake.replyToTrials(FakeFcm.Reply.error(403, "PERMISSION_DENIED", ""));
        assertThat(post(path, accessToken(), trial).statusCode()).isEqualTo(403);
        assertThat(post(path, accessToken(), trial).statusCode()).isEqualTo(200);
        fake.answer(fake.device(7), new Answer.CredentialsRefused());
        assertThat(post(path, accessToken(), trial).statusCode()).isEqualTo(403);

        assertThat(fake.trials()).isEqualTo(4);
        assertThat(fake.sent().all()).isEmpty();
        assertThat(fake.received().all()).isEmpty();
    }

    @Test
    void replyMayBeSlowHalfResetOrTheLastOfItsConnection() throws Exception {
        String access = accessToken();
        String part = "\"android\":{}";
        Reply accept = Reply.accept();
        fake.reply(
                fake.device(0),
                accept.after(Duration.ofMillis(300)),
                accept.as(Form.RESET),
                accept.as(Form.HALF),
                accept.as(Form.GO_AWAY));

        long begin = System.nanoTime();
        assertThat(send(client, access, plain(part)).statusCode()).isEqualTo(200);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThan(Duration.ofMillis(299));
        assertThatThrownBy(() -> send(client, access, plain(part))).isInstanceOf(IOException.class);
        HttpRequest request = request("/v1/projects/nip-push-fake/messages:send", access, body(plain(part)));
        assertThat(client.send(request, BodyHandlers.ofInputStream()).statusCode())
                .isEqualTo(200);
        try {
            send(client, access, plain(part));
        } catch (IOException thisClientsWay) {
            // It ends all streams at a GOAWAY, the answered ones too.
            assertThat(thisClientsWay).hasMessageContaining("GOAWAY");
        }
        int before = fake.connections();
        assertThat(send(client, access, plain(part)).statusCode()).isEqualTo(200);
        assertThat(fake.connections()).isEqualTo(before + 1);
        assertThat(fake.mostOpen()).isEqualTo(1);
    }

    @Test
    void payloadOverTheLimitIsRefusedWithoutDetails() throws Exception {
        // title and body are nine bytes as keys
        int room = 4_096 - "titlebody".length() - "t".length();

        assertThat(send("\"notification\":{\"title\":\"t\",\"body\":\"" + "x".repeat(room) + "\"}")
                        .statusCode())
                .isEqualTo(200);
        HttpResponse<String> refused =
                send("\"notification\":{\"title\":\"t\",\"body\":\"" + "x".repeat(room + 1) + "\"}");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("INVALID_ARGUMENT").doesNotContain("details");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "{}", "{\"message\":[]}", "{\"message\":{}}", "{\"message\":{\"token\":\"x\"}}"})
    void whatIsNoMessageIsRefused(String body) throws Exception {
        assertThat(post("/v1/projects/nip-push-fake/messages:send", accessToken(), body)
                        .statusCode())
                .isEqualTo(400);
    }

    @Test
    void otherProjectAndOtherPathAreRefused() throws Exception {
        assertThat(post("/v1/projects/other/messages:send", accessToken(), "{}").statusCode())
                .isEqualTo(403);
        assertThat(post("/elsewhere", accessToken(), "{}").statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @CsvSource({
        "Gone, 404, UNREGISTERED",
        "MessageRefused, 400, INVALID_ARGUMENT",
        "DeviceRefused, 403, SENDER_ID_MISMATCH",
        "CredentialsRefused, 403, PERMISSION_DENIED",
        "TemporaryFailure, 503, UNAVAILABLE",
    })
    void scriptedAnswersAreThoseOfFcm(String name, int status, String code) throws Exception {
        fake.answer(
                fake.device(0),
                switch (name) {
                    case "Gone" -> new Answer.Gone(Optional.empty());
                    case "MessageRefused" -> new Answer.MessageRefused();
                    case "DeviceRefused" -> new Answer.DeviceRefused();
                    case "CredentialsRefused" -> new Answer.CredentialsRefused();
                    default -> new Answer.TemporaryFailure(Optional.empty());
                });

        HttpResponse<String> answer = send(plain("\"android\":{}"));

        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.body()).contains(code);
    }

    @Test
    void rawAnswersComeOnceAndInOrderBeforeTheStandingOne() throws Exception {
        fake.reply(fake.device(0), Reply.of(502, "<html>"), Reply.of(500, "{}").with("Retry-After", "3"));

        assertThat(send(plain("\"android\":{}")).statusCode()).isEqualTo(502);
        assertThat(send(plain("\"android\":{}")).headers().firstValue("retry-after"))
                .contains("3");
        assertThat(send(plain("\"android\":{}")).statusCode()).isEqualTo(200);
    }

    @Test
    void hangingMessageIsAcceptedWhenItIsReleased() throws Exception {
        fake.answer(fake.device(0), new Answer.Hang());
        CompletableFuture<HttpResponse<String>> answer = client.sendAsync(
                request("/v1/projects/nip-push-fake/messages:send", accessToken(), body(plain("\"android\":{}"))),
                BodyHandlers.ofString());
        fake.received().await(1);

        assertThat(answer).isNotDone();
        fake.release();

        assertThat(answer.join().statusCode()).isEqualTo(200);
        assertThat(send(plain("\"android\":{}")).statusCode()).isEqualTo(200);
    }

    @Test
    void judgeDecidesOnEachMessageInItsOwnTime() throws Exception {
        CompletableFuture<Answer> verdict = new CompletableFuture<>();
        fake.reply(fake.device(0), Reply.of(502, "<html>"));
        fake.answerWith(received -> fake.received().size() == 1
                ? verdict
                : CompletableFuture.completedFuture(new Answer.Gone(Optional.empty())));
        CompletableFuture<HttpResponse<String>> answer = client.sendAsync(
                request("/v1/projects/nip-push-fake/messages:send", accessToken(), body(plain("\"android\":{}"))),
                BodyHandlers.ofString());
        fake.received().await(1);

        assertThat(send(plain("\"data\":{\"a\":\"b\"}")).statusCode()).isEqualTo(404);
        assertThat(answer).isNotDone();
        verdict.complete(new Answer.Accept());
        assertThat(answer.join().statusCode()).isEqualTo(200);
    }

    @Test
    void droppedMessageEndsInTheConnection() throws Exception {
        String access = accessToken();
        fake.answer(fake.device(0), new Answer.Drop());

        assertThatThrownBy(() -> send(client, access, plain("\"android\":{}"))).isInstanceOf(IOException.class);
        assertThat(fake.received().size()).isEqualTo(1);
    }

    @Test
    void accessTokensAreForAssertionsOfTheAccountOnly() throws Exception {
        long now = Instant.now().getEpochSecond();
        String issuer = account().get("client_email").getAsString();
        String audience = "https://oauth2.googleapis.com/token";

        assertThat(ask(assertion(issuer, audience, SCOPE, now, now + 3_600)).statusCode())
                .isEqualTo(200);
        assertThat(ask(assertion(issuer, fake.endpoint() + "/token", SCOPE, now, now + 3_600))
                        .statusCode())
                .isEqualTo(200);
        assertRefused(assertion("somebody", audience, SCOPE, now, now + 3_600));
        assertRefused(assertion(issuer, "https://example.com", SCOPE, now, now + 3_600));
        assertRefused(assertion(issuer, audience, "email", now, now + 3_600));
        assertRefused(assertion(issuer, audience, SCOPE, now - 7_200, now - 3_600));
        assertRefused(assertion(issuer, audience, SCOPE, now, now + 7_200));
        assertRefused(assertion(issuer, audience, SCOPE, now, now + 3_600).replaceFirst("\\.[^.]*$", ".AAAA"));
        assertRefused("a.b.c");
        assertRefused("");
        assertThat(fake.tokenRequests()).isEqualTo(10);
    }

    @Test
    void tokenEndpointDoesAsItIsTold() throws Exception {
        fake.refuseTokens(Reply.of(503, ""));
        assertThat(ask(validAssertion()).statusCode()).isEqualTo(503);

        fake.giveTokens();
        fake.tokenLifetime(Duration.ofMinutes(5));
        assertThat(ask(validAssertion()).body()).contains("\"expires_in\": 300");
    }

    private void assertRefused(String assertion) throws Exception {
        HttpResponse<String> answer = ask(assertion);
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("invalid_grant");
    }

    private String plain(String more) {
        return "\"notification\":{\"title\":\"t\",\"body\":\"b\"},\"data\":{\"msgType\":\"0\"}," + more;
    }

    private String body(String parts) {
        return "{\"message\":{\"token\":\"" + token + "\"," + parts + "}}";
    }

    private HttpResponse<String> send(String parts) throws Exception {
        return send(client, accessToken(), parts);
    }

    private HttpResponse<String> send(HttpClient through, String access, String parts) throws Exception {
        return through.send(
                request("/v1/projects/nip-push-fake/messages:send", access, body(parts)), BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String path, String access, String body) throws Exception {
        return client.send(request(path, access, body), BodyHandlers.ofString());
    }

    private HttpRequest request(String path, String access, String body) {
        return HttpRequest.newBuilder(fake.endpoint().resolve(path))
                .header("Authorization", "Bearer " + access)
                .POST(BodyPublishers.ofString(body))
                .build();
    }

    private JsonObject account() {
        return JsonParser.parseString(fake.serviceAccountJson()).getAsJsonObject();
    }

    private String accessToken() throws Exception {
        return JsonParser.parseString(ask(validAssertion()).body())
                .getAsJsonObject()
                .get("access_token")
                .getAsString();
    }

    private String validAssertion() throws GeneralSecurityException {
        long now = Instant.now().getEpochSecond();
        return assertion(
                account().get("client_email").getAsString(),
                "https://oauth2.googleapis.com/token",
                SCOPE,
                now,
                now + 3_600);
    }

    private HttpResponse<String> ask(String assertion) throws Exception {
        String form =
                "grant_type=" + URLEncoder.encode("urn:ietf:params:oauth:grant-type:jwt-bearer", StandardCharsets.UTF_8)
                        + "&assertion=" + assertion;
        return client.send(
                HttpRequest.newBuilder(URI.create(account().get("token_uri").getAsString()))
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .POST(BodyPublishers.ofString(form))
                        .build(),
                BodyHandlers.ofString());
    }

    private String assertion(String issuer, String audience, String scope, long issued, long expires)
            throws GeneralSecurityException {
        JsonObject header = new JsonObject();
        header.addProperty("alg", "RS256");
        header.addProperty("kid", account().get("private_key_id").getAsString());
        JsonObject claims = new JsonObject();
        claims.addProperty("iss", issuer);
        claims.addProperty("aud", audience);
        claims.addProperty("scope", scope);
        claims.addProperty("iat", issued);
        claims.addProperty("exp", expires);
        String signed = base64(header.toString().getBytes(StandardCharsets.UTF_8)) + "."
                + base64(claims.toString().getBytes(StandardCharsets.UTF_8));
        String pem = account().get("private_key").getAsString().replaceAll("-----[A-Z ]+-----|\\s", "");
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(KeyFactory.getInstance("RSA")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem))));
        signature.update(signed.getBytes(StandardCharsets.US_ASCII));
        return signed + "." + base64(signature.sign());
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
