package dev.nippush.tests.wholepath;

import static dev.nippush.tests.wholepath.AnswersTest.Consequence.ACCEPTED;
import static dev.nippush.tests.wholepath.AnswersTest.Consequence.ALL_WAIT;
import static dev.nippush.tests.wholepath.AnswersTest.Consequence.DEVICE_GONE;
import static dev.nippush.tests.wholepath.AnswersTest.Consequence.DEVICE_PARKED;
import static dev.nippush.tests.wholepath.AnswersTest.Consequence.MESSAGE_ENDS;
import static dev.nippush.tests.wholepath.AnswersTest.Consequence.TRANSPORT_PARKED;
import static dev.nippush.tests.wholepath.AnswersTest.Consequence.TRIED_AGAIN;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonPrimitive;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Privacy;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.store.Ending;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeUnifiedPushServer.HttpAnswer;
import dev.nippush.testkit.VirtualTime;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.RetryPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What follows from each answer that a provider documents: for the message, its device, other devices and the transport.
 * The engine's clocks are the test's, so that nobody waits for a provider's delay.
 */
@Timeout(180)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AnswersTest {

    /** The longest pause after a first failure without a delay by the provider. */
    private static final Duration BACKOFF = Duration.ofSeconds(1);

    private static final Duration TICK = Duration.ofMillis(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);
    /** The pause of a transport whose credentials were refused. */
    private static final Duration PROBE = Duration.ofSeconds(30);

    private static final Duration SEVEN = Duration.ofSeconds(7);

    private final VirtualTime time =
            new VirtualTime(Instant.ofEpochSecond(Instant.now().getEpochSecond()));
    private final ExecutorService engineThread = Executors.newSingleThreadExecutor();
    private final KeyPair friend = KeyPair.generate();
    private int users;
    private int messages;
    private House house;

    /** What an answer leads to. */
    enum Consequence {
        ACCEPTED,
        /** The same push goes out again, under the same collapse key; others do not wait. */
        TRIED_AGAIN,
        /** As {@link #TRIED_AGAIN}, and all that goes through the transport waits as long. */
        ALL_WAIT,
        MESSAGE_ENDS,
        /** Nothing more is sent to the device before it registers again. */
        DEVICE_PARKED,
        DEVICE_GONE,
        /** Nothing more goes out but a probe; nothing is lost. */
        TRANSPORT_PARKED
    }

    /** The four sorts of device whose gateways answer for themselves. */
    enum Sort {
        APPLE(
                "ApnsTransport",
                (house, number) -> house.apple.device(number),
                house -> device -> house.apple.requests().all().stream()
                        .filter(request -> request.token().equals(device.token()))
                        .map(request -> request.header("apns-collapse-id").orElseThrow())
                        .toList()),
        GOOGLE(
                "FcmTransport",
                (house, number) -> house.google.device(number),
                house -> device -> house.google.sent().all().stream()
                        .map(FakeFcm.Sent::message)
                        .filter(message -> message.get("token").getAsString().equals(device.token()))
                        .map(message -> message.getAsJsonObject("android")
                                        .getAsJsonObject("notification")
                                        .get("tag")
                                        .getAsString()
                                + message.getAsJsonObject("apns")
                                        .getAsJsonObject("headers")
                                        .get("apns-collapse-id")
                                        .getAsString())
                        .toList()),
        ENDPOINT(
                "UnifiedPushTransport",
                (house, number) -> house.unified.device(number),
                house -> device -> topics(house, device)),
        BROWSER(
                "UnifiedPushTransport",
                (house, number) -> house.unified.webPushDevice(number),
                house -> device -> topics(house, device));

        private final String transport;
        private final DeviceAt devices;
        private final Function<House, Function<DeviceAddress, List<String>>> keys;

        Sort(String transport, DeviceAt devices, Function<House, Function<DeviceAddress, List<String>>> keys) {
            this.transport = transport;
            this.devices = devices;
            this.keys = keys;
        }

        private static List<String> topics(House house, DeviceAddress device) {
            return house.unified.posts().all().stream()
                    .filter(post -> device.token().endsWith(post.path()))
                    .map(post -> post.headers().getOrDefault("topic", "none"))
                    .toList();
        }
    }

    interface DeviceAt {
        DeviceAddress of(House house, int number);
    }

    /**
     * An answer, and what follows.
     *
     * @param script makes the gateway give it once to a device, and accept what comes next
     * @param delay after which a push is tried again
     * @param exact whether not a tick sooner
     * @param reason the word that readiness gives for a transport that is parked
     */
    record Row(
            String name,
            Sort sort,
            BiConsumer<House, DeviceAddress> script,
            Consequence consequence,
            Duration delay,
            boolean exact,
            String reason) {

        Row after(Duration exactly) {
            return new Row(name, sort, script, consequence, exactly, true, reason);
        }

        Row because(String word) {
            return new Row(name, sort, script, consequence, delay, exact, word);
        }

        @Override
        public String toString() {
            return sort + " " + name + ": " + consequence;
        }
    }

    private static Row row(Sort sort, String name, Consequence consequence, BiConsumer<House, DeviceAddress> script) {
        return new Row(name, sort, script, consequence, BACKOFF, false, "");
    }

    // ---- Apple

    private static Row apple(int status, String reason, Consequence consequence) {
        return apple(status + " " + reason, FakeApns.Reply.refuse(status, reason), consequence)
                .because(reason);
    }

    private static Row apple(String name, FakeApns.Reply reply, Consequence consequence) {
        return row(
                Sort.APPLE,
                name,
                consequence,
                (house, device) -> house.apple.answer(device.token(), reply, FakeApns.Reply.accept()));
    }

    private static Stream<Row> apple() {
        FakeApns.Reply unregistered = FakeApns.Reply.refuse(410, "Unregistered");
        FakeApns.Reply busy = FakeApns.Reply.refuse(503, "ServiceUnavailable");
        FakeApns.Reply tooMany = FakeApns.Reply.refuse(429, "TooManyRequests");
        return Stream.of(
                apple("200", FakeApns.Reply.accept(), ACCEPTED),
                apple(400, "BadDeviceToken", DEVICE_PARKED),
                apple(400, "DeviceTokenNotForTopic", DEVICE_PARKED),
                apple(400, "TopicDisallowed", DEVICE_PARKED),
                apple(400, "BadTopic", DEVICE_PARKED),
                apple(400, "MissingTopic", DEVICE_PARKED),
                apple(400, "BadCollapseId", MESSAGE_ENDS),
                apple(400, "BadExpirationDate", MESSAGE_ENDS),
                apple(400, "BadMessageId", MESSAGE_ENDS),
                apple(400, "BadPriority", MESSAGE_ENDS),
                apple(400, "InvalidPushType", MESSAGE_ENDS),
                apple(400, "DuplicateHeaders", MESSAGE_ENDS),
                apple(400, "PayloadEmpty", MESSAGE_ENDS),
                apple(400, "MissingDeviceToken", MESSAGE_ENDS),
                apple(400, "IdleTimeout", TRIED_AGAIN),
                apple(403, "ExpiredProviderToken", TRIED_AGAIN),
                apple(403, "InvalidProviderToken", TRANSPORT_PARKED),
                apple(403, "MissingProviderToken", TRANSPORT_PARKED),
                apple(403, "Forbidden", TRANSPORT_PARKED),
                apple(403, "BadCertificate", TRANSPORT_PARKED),
                apple(403, "BadCertificateEnvironment", TRANSPORT_PARKED),
                apple(403, "UnrelatedKeyIdInToken", TRANSPORT_PARKED),
                apple(403, "BadEnvironmentKeyIdInToken", TRANSPORT_PARKED),
                apple(403, "BadEnvironmentKeyInToken", TRANSPORT_PARKED),
                apple(404, "BadPath", MESSAGE_ENDS),
                apple(405, "MethodNotAllowed", MESSAGE_ENDS),
                apple("410 without a date", unregistered, DEVICE_GONE),
                apple(
                        "410 with a date ahead",
                        unregistered.timestamp(Instant.now().plus(Duration.ofDays(3_650))),
                        DEVICE_GONE),
                apple(
                        "410 of before the registration",
                        unregistered.timestamp(Instant.now().minus(Duration.ofHours(1))),
                        TRIED_AGAIN),
                apple(410, "ExpiredToken", DEVICE_GONE),
                apple(413, "PayloadTooLarge", MESSAGE_ENDS),
                apple("429 TooManyRequests", tooMany, TRIED_AGAIN).after(MINUTE),
                apple("429 TooManyRequests, Retry-After", tooMany.retryAfter(SEVEN), TRIED_AGAIN)
                        .after(SEVEN),
                apple(429, "TooManyProviderTokenUpdates", ALL_WAIT).after(Duration.ofMinutes(20)),
                apple(500, "InternalServerError", TRIED_AGAIN),
                apple("503 ServiceUnavailable", busy, TRIED_AGAIN),
                apple("503 ServiceUnavailable, Retry-After", busy.retryAfter(SEVEN), TRIED_AGAIN)
                        .after(SEVEN),
                apple(503, "Shutdown", TRIED_AGAIN),
                apple("no answer, GOAWAY", FakeApns.Reply.goAway("Shutdown"), TRIED_AGAIN),
                apple("no answer, cut", FakeApns.Reply.drop(), TRIED_AGAIN));
    }

    // ---- Google

    private static Row google(String name, FakeFcm.Reply reply, Consequence consequence) {
        return row(Sort.GOOGLE, name, consequence, (house, device) -> house.google.reply(device, reply));
    }

    private static Row google(int status, String canonical, String code, Consequence consequence) {
        return google(status + " " + code, FakeFcm.Reply.error(status, canonical, code), consequence);
    }

    /** As FCM answers everything that we send, so that its trial message tells it from one device's trouble. */
    private static Row googleRefusesAll(int status, String canonical) {
        FakeFcm.Reply reply = FakeFcm.Reply.error(status, canonical, "");
        return row(Sort.GOOGLE, status + " " + canonical + ", trials too", TRANSPORT_PARKED, (house, device) -> {
                    house.google.reply(device, reply);
                    house.google.replyToTrials(reply);
                    if (status == 401) {
                        // Once more, with a new access token.
                        house.google.replyToTrials(reply);
                    }
                })
                .because(canonical);
    }

    private static Stream<Row> google() {
        FakeFcm.Reply quota = FakeFcm.Reply.error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED");
        FakeFcm.Reply unavailable = FakeFcm.Reply.error(503, "UNAVAILABLE", "UNAVAILABLE");
        String badToken = FakeFcm.Reply.error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT")
                .body()
                .replace(
                        "\"details\":[",
                        "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\","
                                + "\"fieldViolations\":[{\"field\":\"message.token\"}]},");
        String deviceQuota = quota.body()
                .replace(
                        "\"details\":[",
                        "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\","
                                + "\"violations\":[{\"subject\":\"device:x\",\"description\":\"device message rate\"}]},");
        return Stream.of(
                google("200", FakeFcm.Reply.of(200, "{\"name\":\"projects/x/messages/1\"}"), ACCEPTED),
                google(404, "NOT_FOUND", "UNREGISTERED", DEVICE_GONE),
                google("400 INVALID_ARGUMENT for the token", FakeFcm.Reply.of(400, badToken), DEVICE_GONE),
                google(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", MESSAGE_ENDS),
                google(400, "INVALID_ARGUMENT", "", MESSAGE_ENDS),
                google(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", DEVICE_PARKED),
                google(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR", DEVICE_PARKED),
                google(401, "UNAUTHENTICATED", "APNS_AUTH_ERROR", DEVICE_PARKED),
                google(401, "UNAUTHENTICATED", "", DEVICE_PARKED),
                row(
                        Sort.GOOGLE,
                        "401, as the access token is no longer good",
                        ACCEPTED,
                        (house, device) -> house.google.revokeTokens()),
                google(403, "PERMISSION_DENIED", "", DEVICE_PARKED),
                google(404, "NOT_FOUND", "", DEVICE_PARKED),
                googleRefusesAll(401, "UNAUTHENTICATED"),
                googleRefusesAll(403, "PERMISSION_DENIED"),
                googleRefusesAll(404, "NOT_FOUND"),
                google("429 QUOTA_EXCEEDED", quota, ALL_WAIT).after(MINUTE),
                google("429 QUOTA_EXCEEDED, Retry-After", quota.with("Retry-After", "7"), ALL_WAIT)
                        .after(SEVEN),
                google("429 of the device", FakeFcm.Reply.of(429, deviceQuota), TRIED_AGAIN)
                        .after(MINUTE),
                google(500, "INTERNAL", "INTERNAL", TRIED_AGAIN),
                google(500, "INTERNAL", "UNSPECIFIED_ERROR", TRIED_AGAIN),
                google("502 of a proxy", FakeFcm.Reply.of(502, "<html>Bad Gateway</html>"), TRIED_AGAIN),
                google("503 UNAVAILABLE", unavailable, TRIED_AGAIN),
                google("503 UNAVAILABLE, Retry-After", unavailable.with("Retry-After", "7"), TRIED_AGAIN)
                        .after(SEVEN));
    }

    // ---- UnifiedPush and Web Push

    private static Stream<Row> endpoints() {
        return Stream.of(Sort.ENDPOINT, Sort.BROWSER)
                .flatMap(sort -> Stream.of(
                                IntStream.of(200, 201, 202, 204).mapToObj(status -> endpoint(sort, status, ACCEPTED)),
                                IntStream.of(301, 302, 307, 308, 401, 403)
                                        .mapToObj(status -> endpoint(sort, status, DEVICE_PARKED)),
                                IntStream.of(404, 410).mapToObj(status -> endpoint(sort, status, DEVICE_GONE)),
                                IntStream.of(400, 402, 405, 413, 415)
                                        .mapToObj(status -> endpoint(sort, status, MESSAGE_ENDS)),
                                IntStream.of(408, 500, 502, 503, 504, 507)
                                        .mapToObj(status -> endpoint(sort, status, TRIED_AGAIN)),
                                Stream.of(endpoint(sort, 429, TRIED_AGAIN).after(MINUTE)),
                                IntStream.of(429, 500, 503, 507)
                                        .mapToObj(status -> row(
                                                        sort,
                                                        status + ", Retry-After",
                                                        TRIED_AGAIN,
                                                        (house, device) -> house.unified.answerNext(
                                                                device, HttpAnswer.of(status, "Retry-After", "7")))
                                                .after(SEVEN)))
                        .flatMap(rows -> rows));
    }

    private static Row endpoint(Sort sort, int status, Consequence consequence) {
        HttpAnswer answer = status / 100 == 3
                ? HttpAnswer.of(status, "Location", "https://localhost/up/elsewhere")
                : HttpAnswer.of(status);
        return row(
                sort,
                Integer.toString(status),
                consequence,
                (house, device) -> house.unified.answerNext(device, answer));
    }

    // ---- the house

    @BeforeAll
    void build(@TempDir Path folder) throws Exception {
        house = new House(
                folder,
                Instant.now(),
                Duration.ofSeconds(150),
                Privacy.MINIMAL,
                builder -> builder.executor(engineThread)
                        .retryPolicy(new RetryPolicy(BACKOFF, BACKOFF, Duration.ofHours(24))),
                steppedTime -> time);
        // Who was never accepted is judged more harshly.
        for (Sort sort : Sort.values()) {
            Owner first = new Owner(sort);
            assertThat(ending(first.getsOne())).isEqualTo(Ending.ACCEPTED);
        }
    }

    @AfterAll
    void close() {
        house.close();
        engineThread.shutdown();
    }

    /** A user with one device. */
    private final class Owner {
        private final KeyPair keys = KeyPair.generate();
        private final Sort sort;
        private final DeviceAddress device;

        Owner(Sort sort) {
            this.sort = sort;
            this.device = sort.devices.of(house, users++);
            registers();
        }

        void registers() {
            time.advance(Duration.ofSeconds(1));
            NostrEvent settings =
                    house.control(keys, "{\"kinds\":[4],\"deviceId\":" + quoted(device.text()) + "}", time.now());
            assertThat(outcome(settings)).isEqualTo(new Outcome.Applied());
        }

        private static String quoted(String text) {
            return new JsonPrimitive(text).toString();
        }

        NostrEvent getsOne() {
            NostrEvent message = message();
            assertThat(outcome(message)).isEqualTo(new Outcome.Taken(1));
            return message;
        }

        NostrEvent message() {
            return friend.sign(
                    time.now().getEpochSecond(),
                    Kind.ENCRYPTED_DIRECT_MESSAGE,
                    List.of(Tag.of("p", keys.publicKey().hex())),
                    "No. " + ++messages);
        }

        List<House.Attempt> attempts() {
            return house.attempts.all().stream().filter(this::isMine).toList();
        }

        List<House.Attempt> attempts(int count) {
            return House.await(house.attempts, count, this::isMine);
        }

        private boolean isMine(House.Attempt attempt) {
            return attempt.message().address().equals(device);
        }

        List<String> collapseKeys() {
            return sort.keys.apply(house).apply(device);
        }
    }

    private Outcome outcome(NostrEvent event) {
        return house.engine
                .accept(event, Source.host())
                .toCompletableFuture()
                .orTimeout(15, TimeUnit.SECONDS)
                .join();
    }

    private Ending ending(NostrEvent event) {
        return house.endings(event, 1).get(0).ending();
    }

    /** Lets the clocks go on, and then the engine do what that makes it do, but for what providers have to answer. */
    private void advance(Duration duration) throws Exception {
        time.advance(duration);
        // A timer brings a task, which may bring another, and that one a request.
        for (int i = 0; i < 10; i++) {
            engineThread.submit(() -> {}).get(15, TimeUnit.SECONDS);
        }
    }

    // ---- the table

    private static Stream<Row> rows() {
        return Stream.of(apple(), google(), endpoints()).flatMap(rows -> rows);
    }

    @ParameterizedTest
    @MethodSource("rows")
    void anAnswerHasItsConsequence(Row row) throws Exception {
        Owner owner = new Owner(row.sort());
        Owner other = new Owner(row.sort());
        row.script().accept(house, owner.device);
        int gone = house.gone.size();
        NostrEvent first = owner.getsOne();
        House.Attempt attempt = owner.attempts(1).get(0);
        switch (row.consequence()) {
            case ACCEPTED -> assertThat(ending(first)).isEqualTo(Ending.ACCEPTED);
            case MESSAGE_ENDS -> {
                assertThat(ending(first)).isEqualTo(Ending.REJECTED);
                assertThat(ending(owner.getsOne())).isEqualTo(Ending.ACCEPTED);
                assertThat(owner.attempts()).hasSize(2);
            }
            case DEVICE_PARKED -> {
                assertThat(ending(first)).isEqualTo(Ending.REJECTED);
                assertThat(ending(owner.getsOne())).isEqualTo(Ending.REJECTED);
                assertThat(owner.attempts()).hasSize(1);
                owner.registers();
                assertThat(ending(owner.getsOne())).isEqualTo(Ending.ACCEPTED);
            }
            case DEVICE_GONE -> {
                assertThat(ending(first)).isEqualTo(Ending.GONE);
                assertThat(house.gone.await(gone + 1)).endsWith(owner.device);
                assertThat(outcome(owner.message())).isEqualTo(new Outcome.Unwanted());
                owner.registers();
                assertThat(ending(owner.getsOne())).isEqualTo(Ending.ACCEPTED);
            }
            case TRIED_AGAIN -> {
                assertThat(ending(other.getsOne())).isEqualTo(Ending.ACCEPTED);
                assertIsTriedAgain(owner, first, attempt, row);
            }
            case ALL_WAIT -> {
                NostrEvent waits = other.getsOne();
                assertIsTriedAgain(owner, first, attempt, row);
                assertThat(ending(waits)).isEqualTo(Ending.ACCEPTED);
                assertThat(other.attempts(1).get(0).sentAt())
                        .isAfterOrEqualTo(attempt.sentAt().plus(row.delay()));
            }
            case TRANSPORT_PARKED -> {
                assertIsParked(row);
                NostrEvent waits = other.getsOne();
                assertIsTriedAgain(owner, first, attempt, row.after(PROBE));
                assertThat(ending(waits)).isEqualTo(Ending.ACCEPTED);
                assertThat(other.attempts()).hasSize(1);
                assertThat(other.attempts().get(0).sentAt())
                        .isAfterOrEqualTo(attempt.sentAt().plus(PROBE));
            }
        }
        if (row.consequence() != DEVICE_GONE) {
            assertThat(house.gone.size()).isEqualTo(gone);
        }
        // Whatever it was, others are served.
        assertThat(house.engine.status().parked()).isEmpty();
        assertThat(ending(other.getsOne())).isEqualTo(Ending.ACCEPTED);
    }

    private void assertIsTriedAgain(Owner owner, NostrEvent event, House.Attempt first, Row row) throws Exception {
        // A timer that is set while the clock moves would count from the wrong moment.
        advance(Duration.ZERO);
        advance(row.delay().minus(TICK));
        if (row.exact()) {
            assertThat(endingsOf(event)).isEmpty();
        }
        advance(TICK.multipliedBy(2));
        List<House.Attempt> attempts = owner.attempts(2);
        assertThat(ending(event)).isEqualTo(Ending.ACCEPTED);
        // The message is not to blame for our credentials, so that attempt does not count.
        assertThat(attempts)
                .extracting(House.Attempt::number)
                .containsExactly(1, row.consequence() == TRANSPORT_PARKED ? 1 : 2);
        assertThat(attempts.get(1).result()).isEqualTo("accepted");
        assertThat(Duration.between(first.sentAt(), attempts.get(1).sentAt()))
                .isBetween(
                        row.exact() ? row.delay() : Duration.ZERO, row.delay().plus(TICK));
        List<String> keys = owner.collapseKeys();
        assertThat(keys).hasSizeGreaterThanOrEqualTo(2).containsOnly(keys.get(0));
        assertThat(keys.get(0).equals("none")).isEqualTo(owner.sort == Sort.ENDPOINT);
    }

    private List<Ending> endingsOf(NostrEvent event) {
        return house.settled.all().stream()
                .filter(end -> end.event().equals(event.id()))
                .map(House.Settled::ending)
                .toList();
    }

    private void assertIsParked(Row row) throws Exception {
        advance(Duration.ZERO);
        Map<String, PushResult.Rejected> parked = new TreeMap<>();
        house.engine.status().parked().forEach((transport, why) -> parked.put(transport.toString(), why));
        assertThat(parked).containsOnlyKeys(row.sort().transport);
        PushResult.Rejected why = parked.values().iterator().next();
        assertThat(why.fault()).isEqualTo(PushResult.Fault.CREDENTIALS);
        assertThat(why.reason()).isEqualTo(row.reason());
        assertThat(why.advice()).as("what the operator can do").isNotBlank();
    }

    @Test
    void badTokensOfStrangersDoNotStopTheNextDevice() {
        List<NostrEvent> refused = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            Owner stranger = new Owner(Sort.APPLE);
            house.apple.answer(stranger.device.token(), FakeApns.Reply.refuse(400, "BadDeviceToken"));
            refused.add(stranger.getsOne());
        }
        assertThat(refused).extracting(this::ending).containsOnly(Ending.REJECTED);
        Owner honest = new Owner(Sort.APPLE);
        assertThat(ending(honest.getsOne())).isEqualTo(Ending.ACCEPTED);
        assertThat(house.engine.status().parked()).isEmpty();
    }
}
