package dev.nippush.tests.wholepath;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.Privacy;
import dev.nippush.control.Outcome;
import dev.nippush.crypto.KeyPair;
import dev.nippush.crypto.Nip44;
import dev.nippush.event.EventId;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.store.Ending;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeUnifiedPushServer;
import dev.nippush.testkit.FakeUnifiedPushServer.HttpAnswer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
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
    private static final int DEVICES = 5;
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

    /** A user with a device of each sort, and for each the least of what operator and client want told. */
    private final class Owner {
        private final KeyPair keys = KeyPair.generate();
        private final int number;
        private final List<Privacy> levels;
        private final String appleToken;
        private final String fcmToken;
        private final String embeddedToken;
        private final String endpoint;
        private final DeviceAddress browser;

        Owner(int number, Privacy operator, List<Optional<Privacy>> asked) {
            this.number = number;
            this.levels = asked.stream()
                    .map(wanted -> wanted.map(operator::atMost).orElse(operator))
                    .toList();
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
            for (int i = 0; i < devices.size(); i++) {
                Optional<Privacy> wanted = asked.get(i);
                assertThat(house.register(keys, devices.get(i), settings -> {
                            JsonArray groups = new JsonArray();
                            groups.add(GROUP + number);
                            settings.add("#e", groups);
                            wanted.ifPresent(level -> settings.addProperty("privacy", level.text()));
                        }))
                        .isEqualTo(new Outcome.Applied());
            }
        }

        Privacy level(int device) {
            return levels.get(device);
        }

        NostrEvent directMessage(String tag) {
            return house.note(friend, Kind.ENCRYPTED_DIRECT_MESSAGE, toOwner(), Tag.of("t", tag));
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
            house.endings(event, DEVICES);
            assertThat(endingsOf(event)).hasSize(DEVICES).containsOnly(Ending.ACCEPTED);
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
        owners.add(new Owner(0, operator, Collections.nCopies(DEVICES, Optional.empty())));
        // Each device for itself: what one of them may be told, the next one may not.
        List<Optional<Privacy>> asked = new ArrayList<>();
        for (int i = 0; i < DEVICES; i++) {
            asked.add(Optional.of(Privacy.values()[i % Privacy.values().length]));
        }
        for (int number = 1; number <= (operator == Privacy.REFERENCE ? 4 : 1); number++) {
            owners.add(new Owner(number, operator, asked));
            Collections.rotate(asked, 1);
        }
        owners.forEach(owner -> house.awaitInterestIn(owner.keys));
        for (Owner owner : owners) {
            assertIsTold(owner, owner.directMessage("first"), "New message", "0");
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
        if (operator == Privacy.SEALED) {
            assertGivesTheContentAwayBeforeTheText(owners.get(0));
        }
    }

    private void assertIsTold(Owner owner, NostrEvent event, String title, String type) {
        List<Seen> got = owner.get(event);
        for (int i = 0; i < DEVICES; i++) {
            Seen seen = got.get(i);
            Privacy level = owner.level(i);
            assertThat(seen.title()).isEqualTo(level == Privacy.WAKE ? "" : title);
            assertThat(seen.body().isEmpty()).isEqualTo(level == Privacy.WAKE);
            assertThat(seen.data()).containsEntry("msgType", type);
            switch (level) {
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
            assertSaysNothingElse(owner, level, event, seen);
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
    private void assertSaysNothingElse(Owner owner, Privacy level, NostrEvent event, Seen seen) {
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
        if (level != Privacy.REFERENCE) {
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
        boolean silent = owner.level(0) == Privacy.WAKE;
        FakeApns.Request apple = last(owner.apple());
        JsonObject aps = apple.json().getAsJsonObject("aps");
        assertThat(apple.headers())
                .containsEntry("apns-push-type", silent ? "background" : "alert")
                .containsEntry("apns-priority", silent ? "5" : "10");
        assertIsFor(silent, call, aps);

        boolean plainSilent = owner.level(1) == Privacy.WAKE;
        JsonObject plain = last(owner.google(owner.fcmToken)).message();
        JsonObject android = plain.getAsJsonObject("android");
        JsonObject apns = plain.getAsJsonObject("apns");
        JsonObject headers = apns.getAsJsonObject("headers");
        assertThat(android.get("priority").getAsString()).isEqualTo("HIGH");
        assertThat(headers.get("apns-priority").getAsString()).isEqualTo(plainSilent ? "5" : "10");
        assertThat(headers.has("apns-push-type")).isEqualTo(plainSilent);
        assertThat(!plainSilent || headers.get("apns-push-type").getAsString().equals("background"))
                .isTrue();
        assertThat(plain.has("notification")).isEqualTo(!plainSilent);
        assertThat(android.has("notification")).isEqualTo(!plainSilent);
        assertIsFor(plainSilent, call, apns.getAsJsonObject("payload").getAsJsonObject("aps"));

        JsonObject embedded = last(owner.google(owner.embeddedToken)).message();
        assertThat(embedded.keySet()).containsExactlyInAnyOrder("token", "data", "android");
        for (String url : List.of(owner.endpoint, owner.browser.token())) {
            assertThat(last(owner.posts(url)).headers()).containsEntry("urgency", call ? "high" : "normal");
        }
        assertThat(last(owner.posts(owner.endpoint)).text().contains("\"notification\""))
                .isEqualTo(owner.level(3) != Privacy.WAKE);
    }

    private static void assertIsFor(boolean silent, boolean call, JsonObject aps) {
        if (silent) {
            assertThat(aps)
                    .isEqualTo(
                            JsonParser.parseString("{\"content-available\":1}").getAsJsonObject());
            return;
        }
        assertThat(aps.has("content-available")).isFalse();
        assertThat(aps.has("interruption-level")).isEqualTo(call);
        assertThat(!call || aps.get("interruption-level").getAsString().equals("time-sensitive"))
                .isTrue();
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
            crowd.add(owner.directMessage("No. " + i));
            house.home.publish(last(crowd));
            if (i >= MOST_HELD) {
                // Only what is on disk is folded into what comes after it.
                crowd.forEach(house::outcomeOf);
            }
        }
        assertThat(owner.apple()).hasSize(before);
        house.control(
                house.control(owner.keys, "{\"online\":0}", house.time.now().minusSeconds(10)));
        int folded = CROWD - MOST_HELD;
        // Which ones are the oldest is the engine's to say, as it checks them side by side.
        Set<EventId> ids = crowd.stream().map(NostrEvent::id).collect(Collectors.toSet());
        House.await(house.settled, MOST_HELD * DEVICES, end -> ids.contains(end.event()));
        List<List<Ending>> endings = crowd.stream().map(this::endingsOf).toList();
        assertThat(endings).filteredOn(List::isEmpty).hasSize(folded);
        assertThat(endings)
                .filteredOn(each -> !each.isEmpty())
                .allSatisfy(each -> assertThat(each).hasSize(DEVICES).containsOnly(Ending.ACCEPTED));

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
            assertThat(numbered).hasSize(owner.level(0) == Privacy.WAKE ? 0 : 1);
            for (Seen seen : numbered) {
                Matcher number = FOLDED.matcher(seen.title());
                assertThat(number.matches()).isTrue();
                assertThat(Integer.parseInt(number.group(1))).isEqualTo(folded + 1);
                assertThat(seen.data()).as("which stand for several events").isEqualTo(Map.of("msgType", "0"));
                crowd.forEach(event -> assertSaysNothingElse(owner, owner.level(0), event, seen));
            }
        }
    }

    /** What a provider finds too large goes out once more, and what is larger than all of them allow goes out at once. */
    private void assertGivesTheContentAwayBeforeTheText(Owner owner) {
        int before = owner.apple().size();
        house.apple.answer(owner.appleToken, FakeApns.Reply.refuse(413, "PayloadTooLarge"), FakeApns.Reply.accept());
        for (String device : List.of(owner.endpoint, owner.browser.text())) {
            house.unified.answerNext(
                    new DeviceAddressReader(List.of()).read(device).orElseThrow(), HttpAnswer.of(413));
        }
        NostrEvent large = owner.directMessage("l".repeat(1_000));
        List<Seen> got = owner.get(large);
        for (int refusing : List.of(0, 3, 4)) {
            assertThat(got.get(refusing).title()).isEqualTo("New message");
            assertThat(got.get(refusing).data()).isEqualTo(Map.of("msgType", "0"));
        }
        for (int taking : List.of(1, 2)) {
            assertThat(opened(owner, got.get(taking))).isEqualTo(large);
        }
        List<FakeApns.Request> requests = owner.apple();
        assertThat(requests).hasSize(before + 2);
        assertThat(opened(owner, Seen.of(requests.get(before)))).isEqualTo(large);
        assertThat(requests.get(before).header("apns-collapse-id"))
                .isEqualTo(requests.get(before + 1).header("apns-collapse-id"));
        for (String url : List.of(owner.endpoint, owner.browser.token())) {
            List<FakeUnifiedPushServer.Post> posts = owner.posts(url);
            assertThat(posts).hasSize(before + 2);
            assertThat(opened(owner, owner.read(posts.get(before)))).isEqualTo(large);
            assertThat(Optional.ofNullable(posts.get(before).headers().get("topic")))
                    .isEqualTo(
                            Optional.ofNullable(posts.get(before + 1).headers().get("topic")));
        }

        for (Seen seen : owner.get(owner.directMessage("x".repeat(3_000)))) {
            assertThat(seen.title()).isEqualTo("New message");
            assertThat(seen.data()).isEqualTo(Map.of("msgType", "0"));
        }
    }
}
