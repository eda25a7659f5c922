package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeUnifiedPushServer.HttpAnswer;
import dev.nippush.testkit.Gateway.Ability;
import dev.nippush.testkit.Gateway.Received;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class FakeUnifiedPushServerWebPushTest {

    private static final String TEXT =
            "{\"notification\":{\"title\":\"New message\",\"body\":\"Hello\"},\"data\":{\"msgType\":\"0\"}}";

    private final FakeUnifiedPushServer server = FakeUnifiedPushServer.start();
    private final WebPushSender sender = new WebPushSender();
    private final DeviceAddress device = server.webPushDevice(1);
    private final Map<String, String> headers =
            new HashMap<>(Map.of("TTL", "60", "Content-Encoding", "aes128gcm", "Topic", "abc-DEF_1"));
    private final HttpClient client = HttpClient.newBuilder()
            .sslContext(server.certificates().clientContext())
            .build();

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void pushIsDecryptedWithTheKeysOfItsDevice() throws Exception {
        assertThat(push(TEXT)).isEqualTo(201);

        Received received = server.received().last();
        assertThat(received.device()).isEqualTo(device);
        assertThat(received.title()).isEqualTo("New message");
        assertThat(received.body()).isEqualTo("Hello");
        assertThat(received.data()).containsExactly(Map.entry("msgType", "0"));
        assertThat(received.collapseKey()).contains("abc-DEF_1");
        assertThat(received.expiresAt())
                .hasValueSatisfying(until ->
                        assertThat(until).isCloseTo(Instant.now().plusSeconds(60), within(10, ChronoUnit.SECONDS)));
        assertThat(server.receiver(device).decrypt(server.posts().last().body()))
                .isEqualTo(TEXT.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void messageThatOnlyWakesShowsNothing() throws Exception {
        assertThat(push("{\"data\":{\"msgType\":\"0\"}}")).isEqualTo(201);

        assertThat(server.received().last().shown()).isFalse();
        assertThat(server.received().last().title()).isEmpty();
        assertThat(server.received().last().body()).isEmpty();

        assertThat(push("{\"notification\":{\"title\":\"\",\"body\":\"\"},\"data\":{\"msgType\":\"0\"}}"))
                .isEqualTo(201);
        assertThat(server.received().last().shown()).isTrue();
    }

    @Test
    void numberIsAlwaysTheSameDeviceWithKeysOfItsOwn() {
        assertThat(device.channel()).isEqualTo(Channel.WEB_PUSH);
        assertThat(server.webPushDevice(1).text()).isEqualTo(device.text());
        assertThat(server.webPushDevice(2).token()).isNotEqualTo(device.token());
        assertThat(server.webPushDevice(2).p256dh().orElseThrow())
                .isNotEqualTo(device.p256dh().orElseThrow());
        assertThat(server.device(1).channel()).isEqualTo(Channel.UNIFIED_PUSH);
        assertThat(server.abilities()).doesNotContain(Ability.COLLAPSE_KEY);
        assertThatThrownBy(() -> server.receiver(server.device(1))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void gatewayOfWebPushHasSuchDevicesOnly() {
        try (FakeUnifiedPushServer gateway = FakeUnifiedPushServer.startWebPush()) {
            assertThat(gateway.device(1)).isEqualTo(gateway.webPushDevice(1));
            assertThat(gateway.abilities()).contains(Ability.COLLAPSE_KEY);
        }
    }

    @Test
    void scriptedAnswersHoldForWebPushToo() throws Exception {
        server.answerNext(device, HttpAnswer.of(429, "Retry-After", "3"), HttpAnswer.of(410));

        assertThat(push(TEXT)).isEqualTo(429);
        assertThat(push(TEXT)).isEqualTo(410);
        assertThat(push(TEXT)).isEqualTo(201);
    }

    @Test
    void endpointThatNobodySubscribedIsUnknown() throws Exception {
        String url = device.token() + "0";

        assertThat(post(url, sender.encrypt(TEXT, key(device), auth(device)))).isEqualTo(404);
    }

    @Test
    void pushForAnotherDeviceIsRefused() throws Exception {
        DeviceAddress other = server.webPushDevice(2);

        assertThat(post(device.token(), sender.encrypt(TEXT, key(other), auth(other))))
                .isEqualTo(400);
        assertThat(post(device.token(), sender.encrypt(TEXT, key(device), auth(other))))
                .isEqualTo(400);
        assertThat(server.received().all()).isEmpty();
    }

    @Test
    void textThatIsNoMessageOrNotEncryptedIsRefused() throws Exception {
        assertThat(push("{}")).isEqualTo(400);
        assertThat(push("not json")).isEqualTo(400);
        assertThat(post(device.token(), TEXT.getBytes(StandardCharsets.UTF_8))).isEqualTo(400);
    }

    @Test
    void bodyOfMoreThanFourKilobytesIsTooLarge() throws Exception {
        String longest = TEXT.replace("Hello", "x".repeat(3_993 - TEXT.length() + "Hello".length()));

        assertThat(sender.encrypt(longest, key(device), auth(device))).hasSize(4_096);
        assertThat(push(longest)).isEqualTo(201);
        assertThat(push(longest.replace("xx", "xxx"))).isEqualTo(413);
    }

    @ParameterizedTest
    @CsvSource({
        "TTL, ''",
        "TTL, -1",
        "TTL, soon",
        "Content-Encoding, ''",
        "Content-Encoding, aesgcm",
        "Urgency, urgent",
        "Topic, a.b",
        "Topic, 123456789012345678901234567890123",
    })
    void headerThatTheStandardDoesNotAllowIsRefused(String name, String value) throws Exception {
        if (value.isEmpty()) {
            headers.remove(name);
        } else {
            headers.put(name, value);
        }

        assertThat(push(TEXT)).isEqualTo(400);
        assertThat(server.received().all()).isEmpty();
    }

    @Test
    void senderWhoSaysWhoHeIsIsTakenAtHisWord() throws Exception {
        server.demandVapid();
        assertThat(push(TEXT)).isEqualTo(401);

        headers.put("Authorization", sender.authorization(claims(origin(), 3_600, "mailto:push@example.com")));
        assertThat(push(TEXT)).isEqualTo(201);

        server.demandVapid(sender.applicationServerKey());
        assertThat(push(TEXT)).isEqualTo(201);

        server.demandVapid(new WebPushSender().applicationServerKey());
        assertThat(push(TEXT)).isEqualTo(403);
    }

    @Test
    void contactIsMissedOnlyWhereItIsDemanded() throws Exception {
        headers.put(
                "Authorization", sender.authorization("{\"aud\":\"" + origin() + "\",\"exp\":" + (now() + 60) + "}"));

        assertThat(push(TEXT)).isEqualTo(201);
        server.demandVapid();
        assertThat(push(TEXT)).isEqualTo(403);
    }

    @Test
    void claimsThatAreWrongAreRefusedEvenIfNothingIsDemanded() throws Exception {
        List<String> wrong = List.of(
                claims("https://localhost", 3_600, "mailto:push@example.com"),
                claims(origin() + "/", 3_600, "mailto:push@example.com"),
                claims(origin(), -1, "mailto:push@example.com"),
                claims(origin(), 90_000, "mailto:push@example.com"),
                claims(origin(), 3_600, "push@example.com"),
                "{}");
        for (String claims : wrong) {
            headers.put("Authorization", sender.authorization(claims));

            assertThat(push(TEXT)).as(claims).isEqualTo(403);
        }
        headers.put("Authorization", "Bearer abc");
        assertThat(push(TEXT)).isEqualTo(403);
        assertThat(server.received().all()).isEmpty();
    }

    private String origin() {
        return "https://localhost:" + server.address().getPort();
    }

    private static long now() {
        return Instant.now().getEpochSecond();
    }

    private static String claims(String audience, long seconds, String contact) {
        return "{\"aud\":\"" + audience + "\",\"exp\":" + (now() + seconds) + ",\"sub\":\"" + contact + "\"}";
    }

    private static byte[] key(DeviceAddress device) {
        return device.p256dh().orElseThrow();
    }

    private static byte[] auth(DeviceAddress device) {
        return device.auth().orElseThrow();
    }

    private int push(String text) throws Exception {
        return post(device.token(), sender.encrypt(text, key(device), auth(device)));
    }

    private int post(String url, byte[] body) throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url)).POST(HttpRequest.BodyPublishers.ofByteArray(body));
        headers.forEach(request::header);
        return client.send(request.build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }
}
