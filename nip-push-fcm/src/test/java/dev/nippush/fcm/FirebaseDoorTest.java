package dev.nippush.fcm;

import static dev.nippush.fcm.Transports.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.auth.oauth2.GoogleCredentials;
import com.google.firebase.FirebaseApp;
import com.google.firebase.FirebaseOptions;
import com.google.firebase.messaging.FirebaseMessaging;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeFcm.Reply;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Scope;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A host's Firebase client, with its one fixed address led to the fake. */
@Timeout(60)
class FirebaseDoorTest {

    private final FakeFcm fake = FakeFcm.start();
    private final DeviceAddress device = fake.device(0);
    private final FirebaseApp app;
    private final FcmTransport transport;

    FirebaseDoorTest() throws IOException, GeneralSecurityException {
        GoogleHttp http = new GoogleHttp(clientLedToTheFake());
        app = FirebaseApp.initializeApp(
                FirebaseOptions.builder()
                        .setCredentials(GoogleCredentials.fromStream(
                                new ByteArrayInputStream(
                                        fake.serviceAccountJson().getBytes(StandardCharsets.UTF_8)),
                                () -> http))
                        .setHttpTransport(http)
                        .build(),
                "firebase-door-test");
        transport = FcmTransport.using(FirebaseMessaging.getInstance(app));
    }

    private OkHttpClient clientLedToTheFake() throws IOException, GeneralSecurityException {
        KeyStore roots = KeyStore.getInstance("PKCS12");
        roots.load(null, null);
        roots.setCertificateEntry("fake", fake.authority());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(roots);
        HttpUrl endpoint = HttpUrl.get(fake.endpoint().toString());
        return new OkHttpClient.Builder()
                .sslSocketFactory(fake.certificates().clientContext().getSocketFactory(), (X509TrustManager)
                        trust.getTrustManagers()[0])
                .addInterceptor(chain -> chain.proceed(chain.request()
                        .newBuilder()
                        .url(chain.request()
                                .url()
                                .newBuilder()
                                .host(endpoint.host())
                                .port(endpoint.port())
                                .build())
                        .build()))
                .build();
    }

    @AfterEach
    void close() {
        transport.close();
        app.delete();
        fake.close();
    }

    @Test
    void bothDoorsSendTheSame() {
        Notification call = Notification.call("Incoming call", "Someone is calling you.");
        Notification silent = Notification.silent(Notification.Urgency.HIGH, Map.of("msgType", "1", "sealed", "YWJj"));
        List<PushMessage> messages = List.of(
                Transports.message(device),
                Transports.message(fake.embeddedDevice(1)),
                new PushMessage(device, call, Transports.KEY, Instant.now().plusSeconds(60)),
                new PushMessage(device, silent, Transports.KEY, Instant.now().plusSeconds(60)),
                new PushMessage(
                        fake.embeddedDevice(2),
                        silent,
                        Transports.KEY,
                        Instant.now().plusSeconds(60)));
        for (PushMessage message : messages) {
            fake.sent().clear();

            assertThat(transport.send(message).toCompletableFuture().join()).isEqualTo(PushResult.accepted());

            JsonObject sent = fake.sent().last().message();
            JsonObject android = sent.getAsJsonObject("android");
            android.addProperty(
                    "priority", android.get("priority").getAsString().toUpperCase(Locale.ROOT));
            JsonObject expected = JsonParser.parseString(
                            FcmPayload.of(message, Instant.now()).json())
                    .getAsJsonObject()
                    .getAsJsonObject("message");
            // Some moments lie between the two.
            android.remove("ttl");
            expected.getAsJsonObject("android").remove("ttl");
            assertThat(sent).isEqualTo(expected);
        }
    }

    @Test
    void answersMeanTheSame() {
        fake.reply(
                device,
                Reply.error(404, "NOT_FOUND", "UNREGISTERED"),
                Reply.error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
                Reply.error(400, "INVALID_ARGUMENT", ""),
                Reply.error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
                Reply.error(403, "PERMISSION_DENIED", ""),
                Reply.error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED").with("Retry-After", "9"),
                Reply.error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
                Reply.error(500, "INTERNAL", "INTERNAL"),
                Reply.of(502, "<html>bad gateway</html>"),
                Reply.of(404, "<html>not found</html>"));

        assertThat(result(device)).isEqualTo(PushResult.deviceGone());
        assertThat(result(device)).isEqualTo(PushResult.rejected(Fault.MESSAGE, "INVALID_ARGUMENT"));
        assertThat(result(device)).isEqualTo(PushResult.rejected(Fault.MESSAGE, "INVALID_ARGUMENT"));
        assertRefused(result(device), Fault.DEVICE, "SENDER_ID_MISMATCH", "Firebase project");
        assertRefused(result(device), Fault.DEVICE, "PERMISSION_DENIED", "this device alone");
        assertThat(result(device))
                .isEqualTo(PushResult.retryAfter(Scope.SENDER, Duration.ofSeconds(9), "QUOTA_EXCEEDED"));
        assertThat(result(device))
                .isEqualTo(PushResult.retryAfter(Scope.SENDER, Duration.ofSeconds(60), "QUOTA_EXCEEDED"));
        assertThat(result(device)).isEqualTo(PushResult.retryLater(Scope.SERVER, "INTERNAL"));
        assertThat(result(device)).isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP 502"));
        assertRefused(result(device), Fault.DEVICE, "HTTP 404", "this device alone");
    }

    @Test
    void refusalThatATrialMessageMeetsTooIsTheCredentialsFault() {
        fake.reply(device, Reply.error(403, "PERMISSION_DENIED", ""));
        fake.replyToTrials(Reply.error(403, "PERMISSION_DENIED", ""));

        assertRefused(result(device), Fault.CREDENTIALS, "PERMISSION_DENIED", "role");
        assertThat(fake.trials()).isEqualTo(1);
    }

    @Test
    void refusalOfTheTokenEndpointIsTheCredentialsFault() {
        fake.refuseTokens(Reply.of(400, "{\"error\":\"invalid_grant\"}"));

        assertRefused(result(device), Fault.CREDENTIALS, "token endpoint: invalid_grant", "clock");
    }

    @Test
    void unreachableProviderIsSilence() {
        fake.close();

        assertThatThrownBy(() -> transport
                        .send(Transports.message(device))
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class);
    }

    @Test
    void clientStaysTheHosts() {
        transport.close();

        try (FcmTransport next = FcmTransport.using(FirebaseMessaging.getInstance(app))) {
            assertThat(next.send(Transports.message(device))
                            .toCompletableFuture()
                            .join())
                    .isEqualTo(PushResult.accepted());
        }
    }

    private PushResult result(DeviceAddress to) {
        return transport.send(Transports.message(to)).toCompletableFuture().join();
    }
}
