package dev.nippush.tests.wholepath;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeFcm;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the reference client has sent, to the letter, ends as requests to the providers. */
@Timeout(120)
class RecordedClientTest {

    private static final String USER = "efa76ac5b3171b79a5c9b5254e55ac595ac878ae9e5002d0e5e82da160f08c68";
    private static final String IOS_TOKEN = "7605add03db93cd335160b9e438328397f2cd0887c137c49a1dada5ba8e03b7b";

    /** A little before the first recorded message. */
    private static final Instant RECORDED = Instant.ofEpochSecond(1_720_000_000);

    private final Recorded recorded = new Recorded();
    private House house;

    @TempDir
    private Path folder;

    @BeforeEach
    void build() throws Exception {
        house = new House(folder, RECORDED, Duration.ofSeconds(150));
    }

    @AfterEach
    void close() {
        house.close();
    }

    private void replay(String name) {
        NostrEvent message = recorded.event(name);
        house.time.setWallClock(Instant.ofEpochSecond(message.createdAt()).plusMillis(1_500));
        house.control(message);
    }

    @Test
    void settingsWithoutOnlineRegisterAnIphoneThatIsOffline() {
        replay("settings-no-relays");
        NostrEvent mention = house.note(Recorded.CONTACT, Kind.TEXT_NOTE, Tag.of("p", USER));

        house.home.publish(mention);
        house.secondHome.publish(mention);
        house.awaitAnswers(mention, 2);
        NostrEvent reaction = house.note(
                Recorded.CONTACT, Kind.REACTION, Tag.of("e", mention.id().hex()), Tag.of("p", USER));
        house.home.publish(reaction);

        List<FakeApns.Request> requests = house.apple.requests().await(2);
        FakeApns.Request request = requests.get(0);
        assertThat(request.token()).isEqualTo(IOS_TOKEN);
        assertThat(request.providerToken()).hasValueSatisfying(token -> {
            assertThat(token.keyId()).isEqualTo(FakeApns.KEY_ID);
            assertThat(token.teamId()).isEqualTo(FakeApns.TEAM_ID);
        });
        assertThat(request.headers())
                .containsEntry("apns-topic", House.TOPIC)
                .containsEntry("apns-push-type", "alert")
                .containsEntry("apns-priority", "10");
        assertThat(request.header("apns-collapse-id").orElseThrow()).matches("[0-9a-f]{64}");
        long expiration = Long.parseLong(request.header("apns-expiration").orElseThrow());
        long dayLater = house.time.now().plus(Duration.ofHours(24)).getEpochSecond();
        assertThat(expiration).isBetween(dayLater - 60, dayLater);
        JsonObject payload = request.json();
        assertThat(payload.keySet()).isEqualTo(Set.of("aps", "msgType"));
        assertThat(payload.get("msgType").getAsString()).isEqualTo("0");
        JsonObject aps = payload.getAsJsonObject("aps");
        assertThat(aps.get("mutable-content").getAsInt()).isOne();
        assertThat(aps.get("thread-id").getAsString()).as("a pseudonym").matches("[0-9a-f]{32}");
        assertThat(aps.getAsJsonObject("alert").get("title").getAsString()).isEqualTo("New mention");
        assertThat(request.body()).doesNotContain("private", mention.id().hex(), USER);
        // The second relay's copy made no second push: the next request is the next event's.
        assertThat(requests.get(1)
                        .json()
                        .getAsJsonObject("aps")
                        .getAsJsonObject("alert")
                        .get("title")
                        .getAsString())
                .isEqualTo("New reaction");
        assertThat(requests.get(1).header("apns-collapse-id")).isNotEqualTo(request.header("apns-collapse-id"));
    }

    @Test
    void aSecondDeviceOfTheSameUserGetsItsOwnPush() {
        replay("settings-no-relays");
        replay("draft-settings-offline");
        NostrEvent mention = house.note(Recorded.CONTACT, Kind.TEXT_NOTE, Tag.of("p", USER));
        house.secondHome.publish(mention);

        assertThat(house.apple.requests().await(1).get(0).token()).isEqualTo(IOS_TOKEN);
        FakeFcm.Sent sent = house.google.sent().await(1).get(0);
        JsonObject message = sent.message();
        assertThat(message.get("token").getAsString()).startsWith("dQ807da66e7fb53ca894:APA91b");
        assertThat(message.getAsJsonObject("notification").get("title").getAsString())
                .isEqualTo("New mention");
        assertThat(message.getAsJsonObject("data").get("msgType").getAsString()).isEqualTo("0");
        JsonObject android = message.getAsJsonObject("android");
        assertThat(android.get("priority").getAsString()).isEqualToIgnoringCase("high");
        assertThat(android.getAsJsonObject("notification").get("tag").getAsString())
                .matches("[0-9a-f]{64}");
        assertThat(message.getAsJsonObject("apns")
                        .getAsJsonObject("headers")
                        .get("apns-collapse-id")
                        .getAsString())
                .matches("[0-9a-f]{64}");
    }

    @Test
    void eventsOfStrangersAreNotForTheUser() {
        replay("settings-no-relays");
        NostrEvent stranger = house.note(KeyPair.generate(), Kind.TEXT_NOTE, Tag.of("p", USER));
        house.home.publish(stranger);
        house.awaitAnswers(stranger, 1);
        NostrEvent contact = house.note(Recorded.CONTACT, Kind.TEXT_NOTE, Tag.of("p", USER));
        house.home.publish(contact);
        house.settled.await(1);
        assertThat(house.apple.requests().all()).hasSize(1);
    }

    @Test
    void groupIdsAreAskedForWhereRelaysTakeThem() {
        replay("settings-relay-groups");
        house.home.awaitRequest(request -> request.filters().toString().contains("groupid"));
        assertThat(house.home.openRequests())
                .flatMap(request -> request.filters())
                .allSatisfy(filter -> assertThat(filter.toJson()).doesNotContainPattern("\"#e\":\\[[^\\]]*groupid"));
        NostrEvent message = house.note(KeyPair.generate(), Kind.GROUP_CHAT, Tag.of("h", "groupid"));
        house.home.publish(message);

        FakeApns.Request request = house.apple.requests().await(1).get(0);
        assertThat(request.json()
                        .getAsJsonObject("aps")
                        .getAsJsonObject("alert")
                        .get("title")
                        .getAsString())
                .isEqualTo("New group message");
    }
}
