package dev.nippush.unifiedpush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.nippush.address.AddressRule;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.testkit.FakeUnifiedPushServer;
import dev.nippush.testkit.FakeUnifiedPushServer.Post;
import dev.nippush.testkit.Gateway.Received;
import dev.nippush.testkit.VapidToken;
import dev.nippush.testkit.WebPushReceiver;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a push service and an app get, header by header. */
@Timeout(120)
class WebPushTest {

    private static final String CONTACT = "mailto:push@example.com";
    private static final String KEY = "00112233445566778899aabbccddeeff0123456789abcdef" + "f".repeat(16);

    private final FakeUnifiedPushServer server = FakeUnifiedPushServer.start();
    private final DeviceAddress device = server.webPushDevice(0);
    private final VapidKey vapid = VapidKey.generate();
    private final UnifiedPushTransport transport =
            builder().vapid(vapid, CONTACT).build();

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
                .timeout(Duration.ofSeconds(29));
    }

    @Test
    void requestIsThatOfTheStandards() {
        assertThat(result(transport, message(device))).isEqualTo(PushResult.accepted());

        Post post = server.posts().last();
        assertThat(post.method()).isEqualTo("POST");
        assertThat(post.path()).isEqualTo(device.token().replaceFirst("https://[^/]+", ""));
        assertThat(post.headers())
                .containsEntry("content-type", "application/octet-stream")
                .containsEntry("content-encoding", "aes128gcm")
                .containsEntry("content-length", Integer.toString(post.body().length))
                .containsEntry("urgency", "normal")
                .containsEntry(
                        "topic",
                        Base64.getUrlEncoder()
                                .withoutPadding()
                                .encodeToString(HexFormat.of().parseHex(KEY.substring(0, 48))))
                .containsEntry("user-agent", "nip-push")
                .containsEntry("accept-encoding", "identity")
                .containsOnlyKeys(
                        "host",
                        "connection",
                        "authorization",
                        "content-type",
                        "content-encoding",
                        "content-length",
                        "ttl",
                        "urgency",
                        "topic",
                        "user-agent",
                        "accept-encoding");
        assertThat(post.headers().get("topic")).hasSize(32);
        assertThat(Long.parseLong(post.headers().get("ttl"))).isBetween(3_500L, 3_600L);
        assertThat(text(post))
                .isEqualTo("{\"notification\":{\"title\":\"title\",\"body\":\"body\"},\"data\":{\"msgType\":\"0\"}}");
        assertThat(post.text()).doesNotContain("title", "msgType");
    }

    @Test
    void senderSaysWhoHeIsToWebPushEndpointsAlone() {
        server.demandVapid(vapid.applicationServerKey());

        assertThat(result(transport, message(device))).isEqualTo(PushResult.accepted());
        VapidToken token = VapidToken.read(server.posts().last().headers().get("authorization"));
        assertThat(token.applicationServerKey()).isEqualTo(vapid.applicationServerKey());
        assertThat(token.audience())
                .isEqualTo("https://localhost:" + server.address().getPort());
        assertThat(token.expiresAt())
                .isCloseTo(Instant.now().plus(12, ChronoUnit.HOURS), within(2, ChronoUnit.MINUTES));
        assertThat(token.contact()).contains(CONTACT);

        assertThat(result(transport, message(server.device(0)))).isEqualTo(PushResult.accepted());
        assertThat(server.posts().last().headers())
                .doesNotContainKeys("authorization", "topic", "content-encoding")
                .containsEntry("content-type", "application/json");
    }

    @Test
    void tokenOfAnOriginIsMadeOnce() {
        for (int number = 0; number < 5; number++) {
            assertThat(result(transport, message(server.webPushDevice(number)))).isEqualTo(PushResult.accepted());
        }

        assertThat(server.posts().all().stream()
                        .map(post -> post.headers().get("authorization"))
                        .collect(Collectors.toSet()))
                .hasSize(1)
                .doesNotContainNull();
    }

    @Test
    void senderWithoutContactNamesNone() {
        UnifiedPushTransport quiet = builder().vapid(vapid).build();

        assertThat(result(quiet, message(device))).isEqualTo(PushResult.accepted());

        assertThat(VapidToken.read(server.posts().last().headers().get("authorization"))
                        .contact())
                .isEmpty();
        quiet.close();
    }

    @Test
    void senderWithoutKeySaysNothingOfHimself() {
        UnifiedPushTransport nobody = builder().build();

        assertThat(result(nobody, message(device))).isEqualTo(PushResult.accepted());

        assertThat(server.posts().last().headers()).doesNotContainKey("authorization");
        nobody.close();
    }

    @Test
    void contactThatIsNoneIsRefusedWhereItIsSet() {
        assertThatThrownBy(() -> builder().vapid(vapid, "push@example.com"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the contact must be a mailto: address or an https: URL");
    }

    @Test
    void callIsUrgentAndNeverLivesLongerThanItIsOfUse() {
        PushMessage call = new PushMessage(
                device,
                Notification.call("Incoming call", "Someone is calling you."),
                KEY,
                Instant.now().plusSeconds(59));

        assertThat(result(transport, call)).isEqualTo(PushResult.accepted());

        assertThat(server.posts().last().headers()).containsEntry("urgency", "high");
        assertThat(Integer.parseInt(server.posts().last().headers().get("ttl"))).isBetween(30, 59);
        assertThat(server.received().last().data()).containsEntry(Notification.MESSAGE_TYPE, Notification.CALL);
    }

    @Test
    void messageThatOnlyWakesIsEncryptedToo() {
        Notification wake = Notification.silent(Urgency.NORMAL, Map.of(Notification.MESSAGE_TYPE, "0"));

        assertThat(result(
                        transport,
                        new PushMessage(device, wake, KEY, Instant.now().plusSeconds(60))))
                .isEqualTo(PushResult.accepted());

        assertThat(text(server.posts().last())).isEqualTo("{\"data\":{\"msgType\":\"0\"}}");
        assertThat(server.received().last().shown()).isFalse();
    }

    @Test
    void lengthDoesNotTellWhichSortOfEventCame() {
        result(transport, message(device, "You have a new private message."));
        result(transport, message(device, "There is a new message in one of your groups."));
        result(transport, message(device, ""));

        assertThat(server.posts().all().stream().map(post -> post.body().length))
                .hasSize(3)
                .containsOnly(86 + 256 + 1 + 16);
    }

    @Test
    void sameMessageIsAnotherBodyUnderTheSameTopic() {
        result(transport, message(device));
        result(transport, message(device));

        List<Post> posts = server.posts().all();
        assertThat(posts.get(0).body()).isNotEqualTo(posts.get(1).body());
        assertThat(posts.get(0).headers())
                .containsEntry("topic", posts.get(1).headers().get("topic"));
    }

    @Test
    void keyThatIsNotOnTheCurveIsTheDevicesFaultAndNobodyIsDialled() {
        WebPushReceiver receiver = server.receiver(device);
        byte[] point = Base64.getUrlDecoder().decode(receiver.p256dh());
        point[64] ^= 1;
        String wrong = Base64.getUrlEncoder().withoutPadding().encodeToString(point);
        DeviceAddress broken = new DeviceAddressReader(List.of())
                .read(device.text().replace(receiver.p256dh(), wrong))
                .orElseThrow();

        assertThat(transport.serves(broken)).isTrue();
        assertThat(result(transport, message(broken)))
                .isEqualTo(PushResult.rejected(Fault.DEVICE, "not a key of P-256"));
        assertThat(server.posts().all()).isEmpty();
    }

    @Test
    void keysOfTheNewestRegistrationAreUsed() {
        WebPushReceiver other = WebPushReceiver.create();
        DeviceAddress again = new DeviceAddressReader(List.of())
                .read(other.subscription(device.token()))
                .orElseThrow();
        assertThat(again).isEqualTo(device);

        result(transport, message(again));

        assertThat(new String(other.decrypt(server.posts().last().body()), StandardCharsets.UTF_8))
                .contains("\"title\"");
    }

    @Test
    void thousandMessagesAtOnceAreEachEncryptedForTheirOwnDevice() throws Exception {
        int devices = 200;
        int each = 5;
        server.demandVapid(vapid.applicationServerKey());
        List<DeviceAddress> all =
                IntStream.range(0, devices).mapToObj(server::webPushDevice).toList();
        ExecutorService senders = Executors.newFixedThreadPool(8);
        try {
            List<CompletableFuture<PushResult>> results = IntStream.range(0, devices * each)
                    .mapToObj(i -> CompletableFuture.supplyAsync(
                                    () -> transport.send(message(all.get(i % devices), "body " + i)), senders)
                            .thenCompose(sent -> sent))
                    .toList();
            for (CompletableFuture<PushResult> result : results) {
                assertThat(result.get(60, TimeUnit.SECONDS)).isEqualTo(PushResult.accepted());
            }
        } finally {
            senders.shutdownNow();
        }

        Set<String> bodies = new HashSet<>();
        for (Received received : server.received().all()) {
            int i = Integer.parseInt(received.body().substring("body ".length()));
            assertThat(received.device()).isEqualTo(all.get(i % devices));
            bodies.add(received.body());
        }
        assertThat(bodies).hasSize(devices * each);
        assertThat(server.posts().size()).isEqualTo(devices * each);
    }

    @Test
    void warmingUpWithAKeyDialsNobody() {
        transport.warmUp().toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();

        assertThat(server.posts().all()).isEmpty();
        assertThat(result(transport, message(device))).isEqualTo(PushResult.accepted());
    }

    private String text(Post post) {
        return new String(server.receiver(device).decrypt(post.body()), StandardCharsets.UTF_8);
    }

    private static PushResult result(UnifiedPushTransport transport, PushMessage message) {
        return transport
                .send(message)
                .toCompletableFuture()
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
    }

    private static PushMessage message(DeviceAddress device) {
        return message(device, "body");
    }

    private static PushMessage message(DeviceAddress device, String body) {
        return new PushMessage(
                device,
                Notification.message("title", body, "thread"),
                KEY,
                Instant.now().plusSeconds(3_600));
    }
}
