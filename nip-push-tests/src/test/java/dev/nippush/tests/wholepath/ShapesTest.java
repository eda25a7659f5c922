package dev.nippush.tests.wholepath;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Privacy;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.store.Ending;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeUnifiedPushServer;
import dev.nippush.testkit.Inbox;
import dev.nippush.testkit.RecordingTransport;
import dev.nippush.testkit.VapidToken;
import dev.nippush.testkit.WebPushReceiver;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each shape that a device id has: who registers it gets a direct message at the gateway that it stands for, and every
 * field of the request is as it should be.
 */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ShapesTest {

    private static final String HEX = "7605ADD03DB93CD335160B9E438328397F2CD0887C137C49A1DADA5BA8E03B";
    private static final String FCM_TOKEN = "dQ807da66e7fb53ca894:APA91b3qbjbjVPQGx09ETY--y42Hn5tCte6afJ5_%";
    private static final List<String> EMBEDDED = List.of("default", "b4f1c2d3-9e8a", "two%20words%20%26%20%C3%BC");
    private static final List<String> FORBIDDEN = List.of(
            "https://10.1.2.3/up/phone",
            "https://127.0.0.2:8443/up/phone",
            "https://169.254.169.254/latest/meta-data",
            "https://[fd00::1]/up/phone",
            "https://[::ffff:10.0.0.1]/up/phone",
            "https://93.184.216.34:22/up/phone");
    private static final List<String> PIGEONS = List.of("pigeon://loft/7", "PIGEON://Loft/8?x=1#y");
    private static final Instant BEFORE = Instant.now().minusSeconds(1);

    private static final String TITLE = "New message";
    private static final String BODY = "You have a new private message.";
    private static final String TEXT = """
            {"notification":{"title":"New message","body":"You have a new private message."},"data":{"msgType":"0"}}""";

    private final RecordingTransport pigeons =
            new RecordingTransport(address -> address.channel().name().equals("pigeon"));
    /** By device id. They are registered first, because the engine asks relays for what is new once in a while only. */
    private final Map<String, KeyPair> owners = new LinkedHashMap<>();

    private final KeyPair friend = KeyPair.generate();
    private House house;

    @BeforeAll
    void build(@TempDir Path folder) throws Exception {
        house = new House(
                folder,
                Instant.now(),
                Duration.ofSeconds(150),
                Privacy.MINIMAL,
                builder -> builder.transport(pigeons),
                time -> time);
        appleShapes().forEach(shape -> register((String) shape.get()[1]));
        subscriptions().forEach(shape -> register((String) shape.get()[1]));
        EMBEDDED.forEach(instance -> register(embedded(instance)));
        FORBIDDEN.forEach(this::register);
        PIGEONS.forEach(this::register);
        register(FCM_TOKEN);
        register(endpoint());
        owners.values().forEach(house::awaitInterestIn);
    }

    private void register(String deviceId) {
        KeyPair owner = KeyPair.generate();
        assertThat(house.register(owner, deviceId, settings -> {})).isEqualTo(new Outcome.Applied());
        owners.put(deviceId, owner);
    }

    @AfterAll
    void close() {
        house.close();
    }

    private NostrEvent messageTo(KeyPair recipient) {
        return house.note(
                friend,
                Kind.ENCRYPTED_DIRECT_MESSAGE,
                Tag.of("p", recipient.publicKey().hex()));
    }

    /** The owner of the device gets a direct message. */
    private House.Attempt pushedTo(String deviceId) {
        NostrEvent message = messageTo(owners.get(deviceId));
        house.home.publish(message);
        House.Settled end = house.endings(message, 1).get(0);
        assertThat(end.device().text()).as("the id as it was sent").isEqualTo(deviceId.strip());
        assertThat(end.ending()).isEqualTo(Ending.ACCEPTED);
        List<House.Attempt> attempts = House.await(
                house.attempts, 1, attempt -> attempt.message().address().equals(end.device()));
        House.Attempt last = attempts.get(attempts.size() - 1);
        assertThat(last.result()).isEqualTo("accepted");
        assertThat(last.number()).isOne();
        return last;
    }

    // ---- APNs

    private static Stream<Arguments> appleShapes() {
        String lower = HEX.toLowerCase();
        return Stream.of(
                Arguments.of("64 digits, lower case", lower + "01", House.TOPIC, lower + "01"),
                Arguments.of("64 digits, upper case", HEX + "0A", House.TOPIC, lower + "0a"),
                Arguments.of(
                        "80 digits",
                        HEX + "02" + HEX.substring(0, 16),
                        House.TOPIC,
                        lower + "02" + lower.substring(0, 16)),
                Arguments.of("200 digits", "0f".repeat(100), House.TOPIC, "0f".repeat(100)),
                Arguments.of("with space around it", "  " + lower + "03 ", House.TOPIC, lower + "03"),
                Arguments.of("the default topic", House.TOPIC + lower + "04", House.TOPIC, lower + "04"),
                Arguments.of("another topic", House.OTHER_TOPIC + HEX + "05", House.OTHER_TOPIC, lower + "05"),
                Arguments.of(
                        "another topic and 80 digits",
                        House.OTHER_TOPIC + HEX + "06" + HEX.substring(0, 16),
                        House.OTHER_TOPIC,
                        lower + "06" + lower.substring(0, 16)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("appleShapes")
    void anAppleTokenGetsAnAlert(String shape, String deviceId, String topic, String token) {
        House.Attempt attempt = pushedTo(deviceId);

        FakeApns.Request request = House.await(
                        house.apple.requests(), 1, each -> each.token().equals(token))
                .get(0);
        assertThat(request.headers())
                .containsEntry("apns-topic", topic)
                .containsEntry("apns-push-type", "alert")
                .containsEntry("apns-priority", "10")
                .containsEntry("apns-collapse-id", attempt.message().collapseKey());
        assertThat(request.headers().keySet())
                .filteredOn(name -> name.startsWith("apns-"))
                .containsExactlyInAnyOrder(
                        "apns-topic",
                        "apns-push-type",
                        "apns-priority",
                        "apns-collapse-id",
                        "apns-expiration",
                        "apns-id");
        assertThat(attempt.message().collapseKey()).matches("[0-9a-f]{64}");
        assertThat(request.header("apns-id").orElseThrow())
                .matches("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
        assertIsADayAhead(Long.parseLong(request.header("apns-expiration").orElseThrow()));
        // There is one only if it was signed with the public key of that id, by ES256.
        FakeApns.ProviderToken provider = request.providerToken().orElseThrow();
        assertThat(provider.keyId()).isEqualTo(FakeApns.KEY_ID);
        assertThat(provider.teamId()).isEqualTo(FakeApns.TEAM_ID);
        assertThat(provider.issuedAt()).isBetween(BEFORE, Instant.now().plusSeconds(1));

        JsonObject payload = request.json();
        JsonObject aps = payload.getAsJsonObject("aps");
        assertIsAPseudonym(aps.remove("thread-id").getAsString());
        assertThat(payload)
                .isEqualTo(json("{'aps':{'alert':{'title':'" + TITLE + "','body':'" + BODY
                        + "'},'mutable-content':1,'sound':'default'},'msgType':'0'}"));
    }

    // ---- FCM

    @Test
    void aPlainTokenGetsANotificationWithBlocksForBothSystems() {
        House.Attempt attempt = pushedTo(FCM_TOKEN);

        FakeFcm.Sent sent = sentTo(FCM_TOKEN);
        assertIsAGoodRequest(sent);
        JsonObject message = sent.message().deepCopy();
        assertIsADayLong(message.getAsJsonObject("android").remove("ttl").getAsString());
        JsonObject apns = message.getAsJsonObject("apns");
        assertIsADayAhead(
                apns.getAsJsonObject("headers").remove("apns-expiration").getAsLong());
        assertIsAPseudonym(apns.getAsJsonObject("payload")
                .getAsJsonObject("aps")
                .remove("thread-id")
                .getAsString());
        String collapseKey = attempt.message().collapseKey();
        assertThat(message)
                .isEqualTo(json("{'token':'" + FCM_TOKEN + "','notification':{'title':'" + TITLE + "','body':'" + BODY
                        + "'},'data':{'msgType':'0'},'android':{'priority':'HIGH','notification':{'tag':'" + collapseKey
                        + "'}},'apns':{'headers':{'apns-priority':'10','apns-collapse-id':'" + collapseKey
                        + "'},'payload':{'aps':{'mutable-content':1,'sound':'default'}}}}"));
    }

    private static String embedded(String instance) {
        return "Embedded-FCM/FCM?v2&instance=" + instance + "&token=" + embeddedToken(instance);
    }

    private static String embeddedToken(String instance) {
        return "embedded" + instance.length() + ":APA91b3qbjbjVPQGx09ETY--y42Hn5tCte6afJ5";
    }

    @ParameterizedTest
    @FieldSource("EMBEDDED")
    void anAppWithoutAFirebaseSdkGetsData(String instance) {
        String token = embeddedToken(instance);
        pushedTo(embedded(instance));

        FakeFcm.Sent sent = sentTo(token);
        assertIsAGoodRequest(sent);
        JsonObject message = sent.message().deepCopy();
        assertIsADayLong(message.getAsJsonObject("android").remove("ttl").getAsString());
        JsonObject data = message.getAsJsonObject("data");
        byte[] body = Base64.getDecoder().decode(data.remove("b").getAsString());
        assertThat(new String(body, StandardCharsets.UTF_8)).isEqualTo(TEXT);
        assertThat(data.remove("i").getAsString()).isEqualTo(instance.startsWith("two") ? "two words & ü" : instance);
        // No notification, and nothing by which one message could replace another.
        assertThat(message).isEqualTo(json("{'token':'" + token + "','data':{},'android':{'priority':'HIGH'}}"));
    }

    private FakeFcm.Sent sentTo(String token) {
        return House.await(
                        house.google.sent(),
                        1,
                        each -> each.message().get("token").getAsString().equals(token))
                .get(0);
    }

    /** That it is here says that it came with an access token, by POST and to the path of the project. */
    private void assertIsAGoodRequest(FakeFcm.Sent sent) {
        assertThat(sent.protocol()).isEqualTo("HTTP/2.0");
        assertThat(sent.headers().get("content-type")).startsWith("application/json");
        JsonObject account = json(house.google.serviceAccountJson());
        List<FakeFcm.Grant> grants = house.google.grants().all();
        assertThat(grants).as("one access token serves all").hasSize(1);
        FakeFcm.Grant grant = grants.get(0);
        assertThat(grant.keyId()).isEqualTo(account.get("private_key_id").getAsString());
        assertThat(grant.issuer()).isEqualTo(account.get("client_email").getAsString());
        assertThat(grant.scope()).isEqualTo("https://www.googleapis.com/auth/firebase.messaging");
        assertThat(grant.audience())
                .isIn(account.get("token_uri").getAsString(), "https://oauth2.googleapis.com/token");
        assertThat(grant.issuedAt()).isBetween(BEFORE, Instant.now().plusSeconds(1));
        assertThat(grant.expiresAt())
                .isAfter(grant.issuedAt())
                .isBeforeOrEqualTo(grant.issuedAt().plus(Duration.ofHours(1)));
    }

    // ---- UnifiedPush and Web Push

    private String endpoint() {
        return house.unified.endpoint("plain?up=1&token=AbC");
    }

    @Test
    void anEndpointGetsPlainJson() {
        String endpoint = endpoint();
        pushedTo(endpoint);

        FakeUnifiedPushServer.Post post = postTo(endpoint);
        assertThat(post.method()).isEqualTo("POST");
        assertThat(post.text()).isEqualTo(TEXT);
        assertThat(post.headers())
                .containsEntry("content-type", "application/json")
                .containsEntry("content-length", Integer.toString(TEXT.length()))
                .containsEntry("urgency", "normal")
                .doesNotContainKeys("content-encoding", "topic", "authorization", "cookie", "referer");
        assertIsADayLong(post.headers().get("ttl") + "s");
    }

    private Stream<Arguments> subscriptions() {
        String nested = house.unified.webPushDevice(1).text();
        DeviceAddress second = house.unified.webPushDevice(2);
        WebPushReceiver keys = house.unified.receiver(second);
        String flat =
                "{'endpoint':'" + second.token() + "','p256dh':'" + keys.p256dh() + "','auth':'" + keys.auth() + "'}";
        DeviceAddress third = house.unified.webPushDevice(3);
        JsonObject browser = json(third.text());
        browser.add("expirationTime", JsonNull.INSTANCE);
        return Stream.of(
                Arguments.of("keys in an object", nested),
                Arguments.of("keys beside the endpoint", flat.replace('\'', '"')),
                Arguments.of("as a browser writes it", browser.toString()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("subscriptions")
    void aPushSubscriptionGetsWhatOnlyItsKeysOpen(String shape, String subscription) {
        House.Attempt attempt = pushedTo(subscription);

        DeviceAddress device = attempt.message().address();
        assertThat(device.channel()).isEqualTo(Channel.WEB_PUSH);
        FakeUnifiedPushServer.Post post = postTo(device.token());
        assertThat(post.method()).isEqualTo("POST");
        byte[] text = house.unified.receiver(device).decrypt(post.body());
        assertThat(new String(text, StandardCharsets.UTF_8)).isEqualTo(TEXT);
        byte[] collapseKey = HexFormat.of().parseHex(attempt.message().collapseKey());
        assertThat(post.headers())
                .containsEntry("content-encoding", "aes128gcm")
                .containsEntry("content-type", "application/octet-stream")
                .containsEntry("content-length", Integer.toString(post.body().length))
                .containsEntry("urgency", "normal")
                .containsEntry("topic", base64Url(Arrays.copyOf(collapseKey, 24)))
                .doesNotContainKeys("crypto-key", "encryption", "cookie", "referer");
        assertIsADayLong(post.headers().get("ttl") + "s");
        // Reading it verifies its signature with the key that it names.
        VapidToken token = VapidToken.read(post.headers().get("authorization"));
        assertThat(token.applicationServerKey()).isEqualTo(house.vapid.applicationServerKey());
        URI endpoint = URI.create(device.token());
        assertThat(token.audience()).isEqualTo("https://" + endpoint.getAuthority());
        assertThat(token.expiresAt()).isBetween(Instant.now(), Instant.now().plus(Duration.ofHours(24)));
        assertThat(token.contact()).contains(House.CONTACT);
    }

    private FakeUnifiedPushServer.Post postTo(String endpoint) {
        return House.await(house.unified.posts(), 1, post -> endpoint.endsWith(post.path()))
                .get(0);
    }

    @ParameterizedTest
    @FieldSource("FORBIDDEN")
    void aForbiddenAddressIsRegisteredAndRefusedAtTheConnect(String endpoint) {
        KeyPair owner = owners.get(endpoint);
        NostrEvent first = messageTo(owner);
        house.home.publish(first);
        House.Settled end = house.endings(first, 1).get(0);
        assertThat(end.ending()).isEqualTo(Ending.REJECTED);
        DeviceAddress device = end.device();
        assertThat(attemptsFor(device))
                .extracting(House.Attempt::result)
                .containsExactly("rejected: forbidden address");

        // It is still there: what comes for it is taken, and ends without a request.
        NostrEvent second = house.note(
                friend,
                Kind.ENCRYPTED_DIRECT_MESSAGE,
                Tag.of("p", owner.publicKey().hex()),
                Tag.of("t", "second"));
        house.home.publish(second);
        assertThat(house.outcomeOf(second)).isEqualTo(new Outcome.Taken(1));
        assertThat(house.endings(second, 1).get(0).ending()).isEqualTo(Ending.REJECTED);
        assertThat(attemptsFor(device)).hasSize(1);
        assertThat(house.gone.all()).doesNotContain(device);
    }

    private List<House.Attempt> attemptsFor(DeviceAddress device) {
        return house.attempts.all().stream()
                .filter(attempt -> attempt.message().address().equals(device))
                .toList();
    }

    // ---- own schemes

    @ParameterizedTest
    @FieldSource("PIGEONS")
    void anOwnSchemeGetsItsPushByTheTransportOfItsChannel(String deviceId) {
        House.Attempt attempt = pushedTo(deviceId);

        PushMessage message = pigeons.sent().get(pigeons.sent().size() - 1);
        assertThat(message.address().text()).isEqualTo(deviceId);
        assertThat(message.address().channel()).isEqualTo(new Channel("pigeon"));
        assertThat(message.address().token()).isEqualTo(deviceId);
        assertThat(message.notification().title()).isEqualTo(TITLE);
        assertThat(message.notification().body()).isEqualTo(BODY);
        assertIsAPseudonym(message.notification().thread());
        assertThat(message.notification().urgency()).isEqualTo(Notification.Urgency.NORMAL);
        assertThat(message.notification().data()).isEqualTo(Map.of("msgType", "0"));
        assertThat(message.collapseKey()).isEqualTo(attempt.message().collapseKey());
        assertIsADayAhead(message.expiresAt().getEpochSecond());
    }

    // ---- what is none

    private static Stream<String> garbage() {
        String lower = HEX.toLowerCase() + "ff";
        return Stream.of(
                // A bundle id that is not ours, and one that only begins like ours
                "com.stranger.app" + lower,
                House.TOPIC + ".evil" + lower,
                // Schemes that nobody serves, or that are no device's
                "carrier://loft/7",
                "http://push.example.com/up/phone",
                "ws://relay.example.com",
                "wss://relay.example.com",
                "://push.example.com",
                "https://",
                "https://user:secret@push.example.com/up",
                // Nearly a subscription
                "{}",
                "{\"endpoint\":\"https://push.example.com/wp/1\"}",
                "{\"endpoint\":\"https://push.example.com/wp/1\",\"p256dh\":\"BA\",\"auth\":\"AA\"}",
                "{\"endpoint\":\"https://push.example.com/wp/1\"",
                // Nearly Embedded-FCM
                "Embedded-FCM/FCM?v2&instance=default",
                "Embedded-FCM/FCM?v2&token=" + FCM_TOKEN.replace("%", ""),
                "Embedded-FCM/FCM?instance=default&token=" + FCM_TOKEN.replace("%", ""),
                // Too short, too long, or of other characters
                "nineteen.characters",
                "a token with spaces in it",
                "dQ807da66e7fb53ca894:APA91b/3qbjbj",
                "dQ807da66e7fb53ca894:APA91b\u00073qbjbj",
                "a".repeat(4_097));
    }

    @ParameterizedTest
    @MethodSource("garbage")
    void anythingElseIsRefusedAndRegistersNobody(String deviceId) {
        KeyPair stranger = KeyPair.generate();
        assertThat(house.register(stranger, deviceId, settings -> {}))
                .isEqualTo(new Outcome.Refused(Refusal.BAD_DEVICE));
        assertThat(house.engine.accept(messageTo(stranger), Source.host()).toCompletableFuture())
                .succeedsWithin(Inbox.PATIENCE)
                .isEqualTo(new Outcome.Unwanted());
    }

    // ---- what fields have in common

    private static void assertIsADayAhead(long epochSecond) {
        Instant dayAhead = Instant.now().plus(Duration.ofHours(24));
        assertThat(Instant.ofEpochSecond(epochSecond)).isBetween(dayAhead.minusSeconds(100), dayAhead);
    }

    private static void assertIsADayLong(String seconds) {
        assertThat(seconds).matches("[0-9]+s");
        assertThat(Long.parseLong(seconds.substring(0, seconds.length() - 1))).isBetween(86_300L, 86_400L);
    }

    private static void assertIsAPseudonym(String thread) {
        assertThat(thread).matches("[0-9a-f]{32}");
    }

    private static JsonObject json(String text) {
        return JsonParser.parseString(text.replace('\'', '"')).getAsJsonObject();
    }

    private static String base64Url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
