package dev.nippush.tests.wholepath;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.control.ControlMessage;
import dev.nippush.control.Outcome;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.store.Ending;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeUnifiedPushServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A client that lives: it registers, comes, goes and dies, with the plaintexts of the reference client. */
@Timeout(120)
class LiveClientTest {

    private static final String MESSAGE = """
            {"notification":{"title":"New message","body":"You have a new private message."},"data":{"msgType":"0"}}""";

    private final KeyPair user = KeyPair.generate();
    private final KeyPair friend = KeyPair.generate();
    private final Tag toUser = Tag.of("p", user.publicKey().hex());
    private House house;

    @TempDir
    private Path folder;

    @AfterEach
    void close() {
        house.close();
    }

    private void build(Duration heartbeatTimeout) throws Exception {
        house = new House(folder, Instant.now(), heartbeatTimeout);
    }

    /** The recorded settings of an Android phone, with this user, device and relay in place of the recorded ones. */
    private void register(String deviceId) {
        JsonObject settings = new Recorded().plaintext("settings-unifiedpush");
        settings.addProperty("deviceId", deviceId);
        settings.remove("authors");
        settings.add("#p", JsonParser.parseString("[\"" + user.publicKey().hex() + "\"]"));
        settings.add("relays", JsonParser.parseString("[\"" + house.general.url() + "\"]"));
        house.control(house.control(user, settings.toString()));
        house.general.awaitRequest(request ->
                request.filters().toString().contains(user.publicKey().hex())
                        && request.filters().toString().contains("1059"));
    }

    private void say(String plaintext) {
        house.control(house.control(user, plaintext));
    }

    private NostrEvent directMessage() {
        return house.note(friend, Kind.ENCRYPTED_DIRECT_MESSAGE, toUser);
    }

    private NostrEvent giftWrap(Duration backdated, Tag... more) {
        Tag[] tags = new Tag[more.length + 1];
        tags[0] = toUser;
        System.arraycopy(more, 0, tags, 1, more.length);
        return KeyPair.generate()
                .sign(house.time.now().minus(backdated).getEpochSecond(), Kind.GIFT_WRAP, List.of(tags), "sealed");
    }

    private void awaitHeld(NostrEvent event) {
        house.awaitAnswers(event, 1);
        assertThat(house.answers.all()).anySatisfy(answer -> {
            assertThat(answer.event()).isEqualTo(event.id());
            assertThat(answer.outcome()).isEqualTo(new Outcome.Taken(1));
        });
    }

    @Test
    void whatComesWhileTheClientIsAliveIsDroppedAndWhatComesAfterItWentIsPushed() throws Exception {
        build(Duration.ofSeconds(150));
        String endpoint = house.unified.endpoint("phone");
        register(endpoint);
        say("{\"online\":1}");
        NostrEvent seen = directMessage();
        house.general.publish(seen);
        awaitHeld(seen);

        say("{\"online\":1}");
        house.dropped.await(1);
        say("{\"online\":0}");
        NostrEvent missed = house.note(friend, Kind.ENCRYPTED_DIRECT_MESSAGE, toUser, Tag.of("t", "second"));
        house.general.publish(missed);

        FakeUnifiedPushServer.Post post = house.unified.posts().await(1).get(0);
        assertThat(post.method()).isEqualTo("POST");
        assertThat(endpoint).endsWith(post.path());
        assertThat(JsonParser.parseString(post.text())).isEqualTo(JsonParser.parseString(MESSAGE));
        assertThat(post.headers())
                .containsEntry("urgency", "normal")
                .containsKey("ttl")
                .doesNotContainKey("topic");
        assertThat(Integer.parseInt(post.headers().get("ttl"))).isBetween(86_300, 86_400);
        house.settled.await(1);
        assertThat(house.unified.posts().all()).hasSize(1);
    }

    @Test
    void aClientThatDiesWithoutAWordGetsItsPushAfterTheTimeout() throws Exception {
        build(Duration.ofSeconds(2));
        register(house.unified.endpoint("phone"));
        say("{\"online\":1}");
        NostrEvent missed = directMessage();
        house.general.publish(missed);

        assertThat(JsonParser.parseString(house.unified.posts().await(1).get(0).text()))
                .isEqualTo(JsonParser.parseString(MESSAGE));
    }

    @Test
    void settingsThatComeAfterAYoungerHeartbeatRegister() throws Exception {
        build(Duration.ofSeconds(150));
        NostrEvent settings = house.control(
                user, "{\"kinds\":[4],\"deviceId\":\"" + house.unified.endpoint("phone") + "\",\"relays\":[]}");
        house.time.setWallClock(house.time.now().plusSeconds(30));
        say("{\"online\":1}");
        house.control(settings);
        house.home.publish(settings);
        house.awaitAnswers(settings, 2);
        house.home.awaitRequest(request ->
                request.filters().toString().contains(user.publicKey().hex()));
        NostrEvent message = directMessage();
        house.home.publish(message);
        awaitHeld(message);

        assertThat(house.applied.all()).hasSize(2);
        assertThat(house.applied.all().get(0)).isInstanceOf(ControlMessage.Heartbeat.class);
        assertThat(house.applied.all().get(1)).isInstanceOf(ControlMessage.Settings.class);
        assertThat(house.unified.posts().all()).isEmpty();
    }

    @Test
    void giftWrapsOfBeforeAreHistoryAndBackdatedNewOnesArePushed() throws Exception {
        build(Duration.ofSeconds(150));
        NostrEvent before = giftWrap(Duration.ofHours(1));
        house.general.publish(before);
        register(house.unified.endpoint("phone"));
        house.awaitAnswers(before, 1);
        NostrEvent backdated = giftWrap(Duration.ofHours(40));
        NostrEvent signal = giftWrap(Duration.ZERO, Tag.of("k", "25051"));
        NostrEvent call = giftWrap(Duration.ZERO, Tag.of("k", "25050"));
        house.general.publish(signal);
        house.general.publish(backdated);
        house.settled.await(1);
        house.general.publish(call);

        List<FakeUnifiedPushServer.Post> posts = house.unified.posts().await(2);
        house.settled.await(2);
        assertThat(house.settled.all())
                .extracting(House.Settled::ending)
                .containsExactly(Ending.ACCEPTED, Ending.ACCEPTED);
        assertThat(posts).hasSize(2);
        assertThat(JsonParser.parseString(posts.get(0).text())).isEqualTo(JsonParser.parseString(MESSAGE));
        assertThat(posts.get(1).text()).contains("Incoming call").contains("\"msgType\":\"1\"");
        assertThat(posts.get(1).headers()).containsEntry("urgency", "high");
        assertThat(Integer.parseInt(posts.get(1).headers().get("ttl"))).isBetween(1, 60);
    }

    @Test
    void anAppWithoutAFirebaseSdkGetsADataMessage() throws Exception {
        build(Duration.ofSeconds(150));
        String token = "dQ807da66e7fb53ca894:APA91b3qbjbjVPQGx09ETY--y42Hn5tCte6afJ5";
        register("Embedded-FCM/FCM?v2&instance=default&token=" + token);
        house.general.publish(directMessage());

        FakeFcm.Sent sent = house.google.sent().await(1).get(0);
        JsonObject message = sent.message();
        assertThat(message.get("token").getAsString()).isEqualTo(token);
        assertThat(message.keySet()).isEqualTo(Set.of("token", "data", "android"));
        JsonObject data = message.getAsJsonObject("data");
        assertThat(data.keySet()).isEqualTo(Set.of("b", "i"));
        assertThat(data.get("i").getAsString()).isEqualTo("default");
        String body = new String(Base64.getDecoder().decode(data.get("b").getAsString()), StandardCharsets.UTF_8);
        assertThat(JsonParser.parseString(body)).isEqualTo(JsonParser.parseString(MESSAGE));
        assertThat(message.getAsJsonObject("android").get("priority").getAsString())
                .isEqualToIgnoringCase("high");
        assertThat(message.getAsJsonObject("android").keySet()).doesNotContain("collapse_key", "notification");
    }

    @Test
    void noKindsMeansNoPushesAndLogoutEndsThem() throws Exception {
        build(Duration.ofSeconds(150));
        register(house.unified.endpoint("phone"));
        say("{\"kinds\":[]}");
        NostrEvent unwanted = directMessage();
        house.home.publish(unwanted);
        // What the relay stored before this is history, counted in whole seconds.
        house.time.setWallClock(house.time.now().plusSeconds(2));
        say("{\"kinds\":[4]}");
        NostrEvent wanted = house.note(friend, Kind.ENCRYPTED_DIRECT_MESSAGE, toUser, Tag.of("t", "wanted"));
        house.home.publish(wanted);
        house.settled.await(1);
        say("{\"online\":0,\"deviceId\":\"\"}");
        house.home.publish(house.note(friend, Kind.ENCRYPTED_DIRECT_MESSAGE, toUser, Tag.of("t", "after logout")));

        // A second user of the same relay: what is pushed to it comes after all that the first one could have got.
        KeyPair other = KeyPair.generate();
        String otherPhone = house.unified.endpoint("other");
        house.control(house.control(other, "{\"kinds\":[4],\"deviceId\":\"" + otherPhone + "\"}"));
        house.home.publish(house.note(
                friend,
                Kind.ENCRYPTED_DIRECT_MESSAGE,
                Tag.of("p", other.publicKey().hex())));
        house.settled.await(2);
        assertThat(house.unified.posts().all())
                .extracting(post -> post.path())
                .containsExactly("/up/phone", "/up/other");
    }

    @Test
    void aProviderThatFailsIsAskedAgainAndADeadDeviceIsForgotten() throws Exception {
        build(Duration.ofSeconds(150));
        String endpoint = house.unified.endpoint("phone");
        DeviceAddress phone = new DeviceAddressReader(List.of()).read(endpoint).orElseThrow();
        house.unified.answerNext(
                phone,
                FakeUnifiedPushServer.HttpAnswer.of(503, "Retry-After", "0"),
                FakeUnifiedPushServer.HttpAnswer.of(507),
                FakeUnifiedPushServer.HttpAnswer.of(201));
        register(endpoint);
        house.general.publish(directMessage());
        house.settled.await(1);
        assertThat(house.unified.posts().all()).hasSize(3);

        house.unified.answerNext(phone, FakeUnifiedPushServer.HttpAnswer.of(410));
        house.general.publish(house.note(friend, Kind.ENCRYPTED_DIRECT_MESSAGE, toUser, Tag.of("t", "2")));
        house.settled.await(2);
        NostrEvent tooLate = house.note(friend, Kind.ENCRYPTED_DIRECT_MESSAGE, toUser, Tag.of("t", "3"));
        house.home.publish(tooLate);
        assertThat(house.settled.all()).extracting(House.Settled::ending).containsExactly(Ending.ACCEPTED, Ending.GONE);
        assertThat(house.unified.posts().all()).hasSize(4);
    }
}
