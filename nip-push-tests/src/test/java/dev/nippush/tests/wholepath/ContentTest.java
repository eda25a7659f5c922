package dev.nippush.tests.wholepath;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Privacy;
import dev.nippush.control.Outcome;
import dev.nippush.crypto.KeyPair;
import dev.nippush.crypto.Nip44;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.store.Ending;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeUnifiedPushServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What each provider learns, and what each phone gets, of a message, a group's message, a call and a crowd of messages, by
 * the operator's level and by the client's. Each user has a device of each sort.
 */
@Timeout(120)
class ContentTest {

    private static final String GROUP = "group-of-a-few-friends-";
    private static final String TEXT = "text that stays private";
    private static final String CIPHERTEXT = "AkZvciB0aGUgZXllcyBvZiBvbmU=";
    private static final int MOST_HELD = 32;
    private static final int CROWD = MOST_HELD + 2;
    private static final Pattern FOLDED = Pattern.compile("([0-9]+) new notifications");

    private final KeyPair friend = KeyPair.generate();
    private House house;

    @TempDir
    private Path folder;

    @AfterEach
    void close() {
        house.close();
    }

    /** A user with a device of each sort, and the least of what operator and client want told. */
    private final class Owner {
        private final KeyPair keys = KeyPair.generate();
        private final int number;
        private final Privacy level;
        private final String appleToken;
        private final String fcmToken;
        private final String embeddedToken;
        private final String endpoint;
        private final DeviceAddress browser;

        Owner(int number, Privacy operator, Optional<Privacy> asked) {
            this.number = number;
            this.level = asked.map(operator::atMost).orElse(operator);
            this.appleToken = "%08x".formatted(0xab00 + number).repeat(8);
            this.fcmToken = "plain" + number + ":APA91b3qbjbjVPQGx09ETY--y42Hn5tCte6afJ5";
            this.embeddedToken = "embedded" + number + ":APA91b3qbjbjVPQGx09ETY--y42Hn5tCte6afJ5";
            this.endpoint = house.unified.endpoint("owner-" + number);
            this.browser = house.unified.webPushDevice(number);
            List<String> devices = List.of(
                    appleToken,
                    fcmToken,
                    "Embedded-FCM/FCM?v2&instance=default&token=" + embeddedToken,
                    endpoint,
                    browser.text());
            for (String device : devices) {
                assertThat(house.register(keys, device, settings -> {
                            JsonArray groups = new JsonArray();
                            groups.add(GROUP + number);
                            settings.add("#e", groups);
                            asked.ifPresent(wanted -> settings.addProperty("privacy", wanted.text()));
                        }))
                        .isEqualTo(new Outcome.Applied());
            }
        }

        NostrEvent directMessage(int count) {
            return house.note(friend, Kind.ENCRYPTED_DIRECT_MESSAGE, toOwner(), Tag.of("t", Integer.toString(count)));
        }

        /** The owner is named too, or it would be for all members. */
        NostrEvent groupMessage() {
            return house.note(friend, Kind.GROUP_CHAT, Tag.of("h", GROUP + number), toOwner());
        }

        NostrEvent giftWrap(Tag... more) {
            List<Tag> tags = new ArrayList<>(List.of(toOwner()));
            tags.addAll(List.of(more));
            return KeyPair.generate().sign(house.time.now().getEpochSecond(), Kind.GIFT_WRAP, tags, CIPHERTEXT);
        }

        private Tag toOwner() {
            return Tag.of("p", keys.publicKey().hex());
        }

        List<FakeApns.Request> apple() {
            return house.apple.requests().all().stream()
                    .filter(request -> request.token().equals(appleToken))
                    .toList();
        }

        List<FakeFcm.Sent> google(String token) {
            return house.google.sent().all().stream()
                    .filter(sent -> sent.message().get("token").getAsString().equals(token))
                    .toList();
        }

        List<FakeUnifiedPushServer.Post> posts(String url) {
            return house.unified.posts().all().stream()
                    .filter(post -> url.endsWith(post.path()))
                    .toList();
        }

        Seen read(FakeUnifiedPushServer.Post post) {
            boolean encrypted = browser.token().endsWith(post.path());
            return Seen.of(
                    post,
                    encrypted
                            ? new String(house.unified.receiver(browser).decrypt(post.body()), StandardCharsets.UTF_8)
                            : post.text());
        }

        /** Publishes the event, waits until each device has got it, and returns what each got. */
        List<Seen> get(NostrEvent event) {
            house.home.publish(event);
            house.endings(event, 5);
            assertThat(endingsOf(event)).hasSize(5).containsOnly(Ending.ACCEPTED);
            return List.of(
                    Seen.of(last(apple())),
                    Seen.of(last(google(fcmToken))),
                    Seen.of(last(google(embeddedToken))),
                    read(last(posts(endpoint))),
                    read(last(posts(browser.token()))));
        }
    }

    private List<Ending> endingsOf(NostrEvent event) {
        return house.settled.all().stream()
                .filter(end -> end.event().equals(event.id()))
                .map(House.Settled::ending)
                .toList();
    }

    private static <T> T last(List<T> list) {
        return list.get(list.size() - 1);
    }

    @ParameterizedTest
    @EnumSource
    void noProviderLearnsMoreThanOperatorAndClientAllow(Privacy operator) throws Exception {
        house = new House(folder, Instant.now(), Duration.ofSeconds(150), operator, builder -> builder, time -> time);
        List<Owner> owners = new ArrayList<>();
        owners.add(new Owner(0, operator, Optional.empty()));
        if (operator == Privacy.REFERENCE) {
            owners.add(new Owner(1, operator, Optional.of(Privacy.WAKE)));
            owners.add(new Owner(2, operator, Optional.of(Privacy.MINIMAL)));
            owners.add(new Owner(3, operator, Optional.of(Privacy.SEALED)));
        } else {
            owners.add(new Owner(1, operator, Optional.of(Privacy.REFERENCE)));
        }
        owners.forEach(owner -> house.awaitInterestIn(owner.keys));
        for (Owner owner : owners) {
            assertIsTold(owner, owner.directMessage(0), "New message", "0");
            assertWakes(owner, false);
            assertIsTold(owner, owner.groupMessage(), "New group message", "0");
            assertIsTold(owner, owner.giftWrap(), "New message", "0");
            assertIsTold(owner, owner.giftWrap(Tag.of("k", "25050")), "Incoming call", "1");
            assertIsACall(owner, 60);
            String soon = Long.toString(house.time.now().plusSeconds(25).getEpochSecond());
            assertIsTold(owner, owner.giftWrap(Tag.of("k", "25050"), Tag.of("expiration", soon)), "Incoming call", "1");
            assertIsACall(owner, 25);
        }
        assertTellsOfACrowdByItsNumber(owners.get(0));
    }

    private void assertIsTold(Owner owner, NostrEvent event, String title, String type) {
        for (Seen seen : owner.get(event)) {
            assertThat(seen.title()).isEqualTo(owner.level == Privacy.WAKE ? "" : title);
            assertThat(seen.body().isEmpty()).isEqualTo(owner.level == Privacy.WAKE);
            assertThat(seen.data()).containsEntry("msgType", type);
            switch (owner.level) {
                case WAKE, MINIMAL -> assertThat(seen.data()).containsOnlyKeys("msgType");
                case REFERENCE ->
                    assertThat(seen.data())
                            .isEqualTo(Map.of(
                                    "msgType",
                                    type,
                                    "id",
                                    event.id().hex(),
                                    "kind",
                                    Integer.toString(event.kind()),
                                    "relay",
                                    house.home.url().toString()));
                case SEALED -> {
                    assertThat(seen.data()).containsOnlyKeys("msgType", "sealed");
                    assertThat(opened(owner, seen)).isEqualTo(event);
                }
            }
            assertSaysNothingElse(owner, event, seen);
        }
    }

    private NostrEvent opened(Owner owner, Seen seen) {
        try {
            return NostrEvent.parse(Nip44.decrypt(
                    owner.keys, house.server.publicKey(), seen.data().get("sealed")));
        } catch (Exception cannot) {
            throw new AssertionError("not sealed for the user", cannot);
        }
    }

    /** Whatever the level: nobody is named, and no text. Of the event itself only a reference says anything in the clear. */
    private void assertSaysNothingElse(Owner owner, NostrEvent event, Seen seen) {
        assertThat(seen.whole())
                .doesNotContain(
                        TEXT,
                        CIPHERTEXT,
                        GROUP,
                        event.pubkey().hex(),
                        friend.publicKey().hex(),
                        owner.keys.publicKey().hex(),
                        house.server.publicKey().hex(),
                        event.sig());
        if (owner.level != Privacy.REFERENCE) {
            assertThat(seen.whole())
                    .doesNotContain(
                            event.id().hex(),
                            event.id().hex().substring(0, 16),
                            house.home.url().toString(),
                            house.home.url().toString().substring("ws://".length()));
            assertThat(Pattern.compile("(?<![0-9A-Za-z_+/-])" + event.kind() + "(?![0-9A-Za-z_+/-])")
                            .matcher(seen.whole().replaceAll("content-length=[0-9]+", ""))
                            .results())
                    .as("the kind as a word of its own")
                    .isEmpty();
        }
    }

    /** How the newest request of each provider says that it only wakes the app, or that it shows something. */
    private void assertWakes(Owner owner, boolean call) {
        boolean silent = owner.level == Privacy.WAKE;
        FakeApns.Request apple = last(owner.apple());
        JsonObject aps = apple.json().getAsJsonObject("aps");
        assertThat(apple.headers())
                .containsEntry("apns-push-type", silent ? "background" : "alert")
                .containsEntry("apns-priority", silent ? "5" : "10");
        JsonObject plain = last(owner.google(owner.fcmToken)).message();
        JsonObject android = plain.getAsJsonObject("android");
        JsonObject apns = plain.getAsJsonObject("apns");
        assertThat(android.get("priority").getAsString()).isEqualTo("HIGH");
        assertThat(apns.getAsJsonObject("headers").get("apns-priority").getAsString())
                .isEqualTo(silent ? "5" : "10");
        assertThat(plain.has("notification")).isEqualTo(!silent);
        assertThat(android.has("notification")).isEqualTo(!silent);
        JsonObject handedOn = apns.getAsJsonObject("payload").getAsJsonObject("aps");
        if (silent) {
            JsonObject wakes =
                    JsonParser.parseString("{\"content-available\":1}").getAsJsonObject();
            assertThat(aps).isEqualTo(wakes);
            assertThat(handedOn).isEqualTo(wakes);
            assertThat(apns.getAsJsonObject("headers").get("apns-push-type").getAsString())
                    .isEqualTo("background");
        } else {
            assertThat(aps.has("content-available")).isFalse();
            assertThat(handedOn.has("content-available")).isFalse();
            for (JsonObject each : List.of(aps, handedOn)) {
                assertThat(each.has("interruption-level")).isEqualTo(call);
                assertThat(!call || each.get("interruption-level").getAsString().equals("time-sensitive"))
                        .isTrue();
            }
        }
        JsonObject embedded = last(owner.google(owner.embeddedToken)).message();
        assertThat(embedded.keySet()).containsExactlyInAnyOrder("token", "data", "android");
        for (String url : List.of(owner.endpoint, owner.browser.token())) {
            assertThat(last(owner.posts(url)).headers()).containsEntry("urgency", call ? "high" : "normal");
        }
        assertThat(last(owner.posts(owner.endpoint)).text().contains("\"notification\""))
                .isEqualTo(!silent);
    }

    private void assertIsACall(Owner owner, int seconds) {
        assertWakes(owner, true);
        long expiration =
                Long.parseLong(last(owner.apple()).header("apns-expiration").orElseThrow());
        long now = Instant.now().getEpochSecond();
        assertThat(expiration).isBetween(now, now + seconds + 1);
        for (String token : List.of(owner.fcmToken, owner.embeddedToken)) {
            String ttl = last(owner.google(token))
                    .message()
                    .getAsJsonObject("android")
                    .get("ttl")
                    .getAsString();
            assertThat(Integer.parseInt(ttl.replace("s", ""))).isBetween(1, seconds);
        }
        for (String url : List.of(owner.endpoint, owner.browser.token())) {
            assertThat(Integer.parseInt(last(owner.posts(url)).headers().get("ttl")))
                    .isBetween(1, seconds);
        }
    }

    /** What came while the app was in front is pushed when it has gone, and not one by one. */
    private void assertTellsOfACrowdByItsNumber(Owner owner) {
        int before = owner.apple().size();
        house.control(
                house.control(owner.keys, "{\"online\":1}", house.time.now().minusSeconds(20)));
        List<NostrEvent> crowd = new ArrayList<>();
        for (int i = 1; i <= CROWD; i++) {
            crowd.add(owner.directMessage(i));
            house.home.publish(last(crowd));
        }
        crowd.forEach(house::outcomeOf);
        assertThat(owner.apple()).hasSize(before);
        house.control(
                house.control(owner.keys, "{\"online\":0}", house.time.now().minusSeconds(10)));
        int folded = CROWD - MOST_HELD;
        List<NostrEvent> alone = crowd.subList(folded, CROWD);
        alone.forEach(event -> house.endings(event, 5));
        assertThat(alone)
                .allSatisfy(event -> assertThat(endingsOf(event)).hasSize(5).containsOnly(Ending.ACCEPTED));
        assertThat(crowd.subList(0, folded)).flatMap(this::endingsOf).isEmpty();

        for (List<Seen> device : List.of(
                owner.apple().stream().map(Seen::of).toList(),
                owner.google(owner.fcmToken).stream().map(Seen::of).toList(),
                owner.google(owner.embeddedToken).stream().map(Seen::of).toList(),
                owner.posts(owner.endpoint).stream().map(owner::read).toList(),
                owner.posts(owner.browser.token()).stream().map(owner::read).toList())) {
            List<Seen> since = device.subList(before, device.size());
            assertThat(since).hasSize(MOST_HELD);
            List<Seen> numbered = since.stream()
                    .filter(seen -> FOLDED.matcher(seen.title()).matches())
                    .toList();
            assertThat(numbered).hasSize(owner.level == Privacy.WAKE ? 0 : 1);
            for (Seen seen : numbered) {
                Matcher number = FOLDED.matcher(seen.title());
                assertThat(number.matches()).isTrue();
                assertThat(Integer.parseInt(number.group(1))).isEqualTo(folded + 1);
                assertThat(seen.data()).as("which stand for several events").isEqualTo(Map.of("msgType", "0"));
                assertSaysNothingElse(owner, crowd.get(folded), seen);
            }
        }
    }
}
