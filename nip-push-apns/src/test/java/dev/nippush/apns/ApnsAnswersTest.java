package dev.nippush.apns;

import static dev.nippush.apns.Pushes.builder;
import static dev.nippush.apns.Pushes.message;
import static dev.nippush.apns.Pushes.send;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.eatthepath.pushy.apns.server.RejectionReason;
import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeApns.Reply;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Rejected;
import dev.nippush.transport.PushResult.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

@Timeout(60)
class ApnsAnswersTest {

    /** Apple's "Handling notification responses from APNs", and the one that its servers spell otherwise. */
    private static final Map<String, Expected> DOCUMENTED = Map.ofEntries(
            entry("BadCollapseId", message(400)),
            entry("BadDeviceToken", device(400, "sandbox", "production")),
            entry("BadExpirationDate", message(400)),
            entry("BadMessageId", message(400)),
            entry("BadPriority", message(400)),
            entry("BadTopic", device(400, "topics")),
            entry("DeviceTokenNotForTopic", device(400, "topics", "bundle ids")),
            entry("DuplicateHeaders", message(400)),
            entry("IdleTimeout", later(400, Scope.SERVER)),
            entry("InvalidPushType", message(400)),
            entry("MissingDeviceToken", message(400)),
            entry("MissingTopic", device(400, "bundle ids")),
            entry("PayloadEmpty", message(400)),
            entry("TopicDisallowed", device(400, "topics", "team")),
            entry("BadCertificate", credentials(403, "certificate")),
            entry("BadCertificateEnvironment", credentials(403, "certificate", "sandbox", "production")),
            entry("BadEnvironmentKeyIdInToken", credentials(403, "key", "sandbox", "production")),
            entry("BadEnvironmentKeyInToken", credentials(403, "key", "sandbox", "production")),
            entry("ExpiredProviderToken", later(403, Scope.DEVICE)),
            entry("Forbidden", credentials(403, "APNs", "team")),
            entry("InvalidProviderToken", credentials(403, "key file", "key id", "team id", "clock")),
            entry("MissingProviderToken", credentials(403, "key id", "team id", "certificate")),
            entry("UnrelatedKeyIdInToken", credentials(403, "key id", "team id")),
            entry("BadPath", message(404)),
            entry("MethodNotAllowed", message(405)),
            entry("ExpiredToken", gone(410)),
            entry("Unregistered", gone(410)),
            entry("PayloadTooLarge", message(413)),
            entry("TooManyProviderTokenUpdates", pause(429, Scope.SENDER, Duration.ofMinutes(20))),
            entry("TooManyRequests", pause(429, Scope.DEVICE, Duration.ofSeconds(60))),
            entry("InternalServerError", later(500, Scope.SERVER)),
            entry("ServiceUnavailable", later(503, Scope.SERVER)),
            entry("Shutdown", later(503, Scope.SERVER)));

    private static final FakeApns FAKE = FakeApns.start();

    private final DeviceAddress device = FAKE.device(0);
    private final ApnsTransport transport = builder(FAKE).build();

    /**
     * What an answer is to mean.
     *
     * @param status with which Apple gives the reason
     * @param result without advice
     * @param advised what the advice names
     */
    private record Expected(int status, Function<String, PushResult> result, List<String> advised) {

        void assertMeant(String reason, PushResult actual) {
            if (actual instanceof Rejected rejected) {
                assertThat(PushResult.rejected(rejected.fault(), rejected.reason()))
                        .isEqualTo(result.apply(reason));
                assertThat(advised)
                        .allSatisfy(named -> assertThat(rejected.advice()).contains(named));
                assertThat(rejected.advice().isEmpty())
                        .as(rejected.advice())
                        .isEqualTo(rejected.fault() == Fault.MESSAGE);
            } else {
                assertThat(actual).isEqualTo(result.apply(reason));
            }
        }
    }

    private static Expected message(int status) {
        return rejected(status, Fault.MESSAGE);
    }

    private static Expected device(int status, String... advised) {
        return rejected(status, Fault.DEVICE, advised);
    }

    private static Expected credentials(int status, String... advised) {
        return rejected(status, Fault.CREDENTIALS, advised);
    }

    private static Expected rejected(int status, Fault fault, String... advised) {
        return new Expected(status, reason -> PushResult.rejected(fault, reason), List.of(advised));
    }

    private static Expected later(int status, Scope scope) {
        return new Expected(status, reason -> PushResult.retryLater(scope, reason), List.of());
    }

    private static Expected pause(int status, Scope scope, Duration pause) {
        return new Expected(status, reason -> PushResult.retryAfter(scope, pause, reason), List.of());
    }

    private static Expected gone(int status) {
        return new Expected(status, reason -> PushResult.deviceGone(), List.of());
    }

    @AfterEach
    void closeTransport() {
        transport.close();
    }

    @AfterAll
    static void closeFake() {
        FAKE.close();
    }

    private PushResult answered(Reply... replies) {
        FAKE.answer(device.token(), replies);
        return send(transport, Pushes.message(device));
    }

    /** What the constant is called on the wire: pushy keeps its text to itself. */
    private static String wireName(RejectionReason reason) {
        return Arrays.stream(reason.name().split("_"))
                .map(word -> word.charAt(0) + word.substring(1).toLowerCase())
                .collect(Collectors.joining());
    }

    @ParameterizedTest
    @EnumSource
    void everyReasonThatTheClientKnowsIsUnderstood(RejectionReason reason) {
        String name = wireName(reason);
        assertThat(DOCUMENTED).containsKey(name);
        Expected expected = DOCUMENTED.get(name);

        expected.assertMeant(name, answered(Reply.refuse(expected.status, name)));
    }

    static Set<String> documentedReasons() {
        return DOCUMENTED.keySet();
    }

    @ParameterizedTest
    @MethodSource("documentedReasons")
    void everyDocumentedReasonIsUnderstood(String reason) {
        Expected expected = DOCUMENTED.get(reason);

        expected.assertMeant(reason, answered(Reply.refuse(expected.status, reason)));
    }

    @ParameterizedTest
    @MethodSource("documentedReasons")
    void reasonDecidesWhateverTheStatus(String reason) {
        DOCUMENTED.get(reason).assertMeant(reason, answered(Reply.refuse(418, reason)));
    }

    @ParameterizedTest
    @CsvSource({"410, Unregistered", "410, ExpiredToken", "400, ExpiredToken"})
    void deviceIsGoneSinceTheTimestamp(int status, String reason) {
        Instant since = Instant.ofEpochMilli(1_600_000_000_123L);

        assertThat(answered(Reply.refuse(status, reason).timestamp(since))).isEqualTo(PushResult.deviceGone(since));
    }

    @Test
    void reasonInABodyOfSeveralFramesIsUnderstood() {
        Instant since = Instant.ofEpochMilli(1_600_000_000_123L);

        assertThat(answered(Reply.refuse(410, "Unregistered").timestamp(since).split()))
                .isEqualTo(PushResult.deviceGone(since));
        DOCUMENTED
                .get("BadDeviceToken")
                .assertMeant(
                        "BadDeviceToken",
                        answered(Reply.refuse(400, "BadDeviceToken").split()));
    }

    static Stream<Map.Entry<Integer, PushResult>> bareStatuses() {
        return Stream.of(
                entry(400, PushResult.rejected(Fault.MESSAGE, "HTTP 400")),
                entry(403, PushResult.retryLater("HTTP 403")),
                entry(404, PushResult.rejected(Fault.MESSAGE, "HTTP 404")),
                entry(410, PushResult.deviceGone()),
                entry(413, PushResult.rejected(Fault.MESSAGE, "HTTP 413")),
                entry(429, PushResult.retryAfter(Duration.ofSeconds(60), "HTTP 429")),
                entry(500, PushResult.retryLater(Scope.SERVER, "HTTP 500")),
                entry(502, PushResult.retryLater(Scope.SERVER, "HTTP 502")),
                entry(503, PushResult.retryLater(Scope.SERVER, "HTTP 503")));
    }

    @ParameterizedTest
    @MethodSource("bareStatuses")
    void statusDecidesWhereThereIsNoBody(Map.Entry<Integer, PushResult> row) {
        assertThat(answered(Reply.bare(row.getKey()))).isEqualTo(row.getValue());
    }

    @Test
    void statusDecidesForAReasonThatIsNew() {
        assertThat(answered(Reply.refuse(400, "BadWeather")))
                .isEqualTo(PushResult.rejected(Fault.MESSAGE, "BadWeather"));
        assertThat(answered(Reply.refuse(403, "BadWeather")))
                .as("nobody knows whether a stranger's device can bring this about")
                .isEqualTo(PushResult.retryLater("BadWeather"));
        assertThat(answered(Reply.refuse(429, "BadWeather")))
                .isEqualTo(PushResult.retryAfter(Duration.ofSeconds(60), "BadWeather"));
        assertThat(answered(Reply.refuse(500, "BadWeather")))
                .isEqualTo(PushResult.retryLater(Scope.SERVER, "BadWeather"));
    }

    @Test
    void reasonIsCutToWhatALogCanBear() {
        assertThat(answered(Reply.refuse(400, "a\nb " + "x".repeat(500))))
                .isEqualTo(PushResult.rejected(Fault.MESSAGE, "a?b?" + "x".repeat(60)));
    }

    @Test
    void delayThatAppleNamesIsTaken() {
        Duration delay = Duration.ofSeconds(7);

        assertThat(answered(Reply.refuse(429, "TooManyRequests").retryAfter(delay)))
                .isEqualTo(PushResult.retryAfter(delay, "TooManyRequests"));
        assertThat(answered(Reply.refuse(503, "ServiceUnavailable").retryAfter(delay)))
                .isEqualTo(PushResult.retryAfter(Scope.SERVER, delay, "ServiceUnavailable"));
        assertThat(answered(Reply.bare(503).retryAfter(delay)))
                .isEqualTo(PushResult.retryAfter(Scope.SERVER, delay, "HTTP 503"));
    }

    @Test
    void expiredProviderTokenBringsANewConnectionWithANewToken() {
        assertThat(answered(Reply.accept())).isEqualTo(PushResult.accepted());
        int before = FAKE.connectionCount();

        assertThat(answered(Reply.refuse(403, "ExpiredProviderToken")))
                .isEqualTo(PushResult.retryLater("ExpiredProviderToken"));
        assertThat(answered(Reply.accept())).isEqualTo(PushResult.accepted());

        assertThat(FAKE.connectionCount()).isEqualTo(before + 1);
        assertThat(FAKE.requests().last().providerToken()).isPresent();
    }

    @Test
    void providerTokenThatIsExpiredWhenNewIsTheFaultOfOurCredentials() {
        Reply expired = Reply.refuse(403, "ExpiredProviderToken");

        assertThat(answered(expired)).isEqualTo(PushResult.retryLater("ExpiredProviderToken"));
        credentials(403, "clock").assertMeant("ExpiredProviderToken", answered(expired));
        assertThat(answered(Reply.accept())).isEqualTo(PushResult.accepted());
        assertThat(answered(expired)).isEqualTo(PushResult.retryLater("ExpiredProviderToken"));
    }

    @Test
    void unknownReasonsAreWarnedOfOnceAndNotWithoutEnd() {
        Logger logger = (Logger) LoggerFactory.getLogger(ApnsAnswers.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.setAdditive(false);
        logger.addAppender(log);
        try {
            ApnsAnswers answers = new ApnsAnswers();
            answers.read(unknown("BadWeather"));
            answers.read(unknown("BadWeather"));
            assertThat(log.list)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .containsExactly("APNs answered 400 with an unknown reason, BadWeather");

            IntStream.range(0, 1_000).forEach(i -> answers.read(unknown("Bad" + i)));
            assertThat(log.list).hasSizeLessThan(100);
        } finally {
            logger.detachAppender(log);
            logger.setAdditive(true);
        }
    }

    private static ApnsAnswers.Answer unknown(String reason) {
        return answer(400, reason, FakeApns.TOPIC);
    }

    private static ApnsAnswers.Answer answer(int status, String reason, String topic) {
        Optional<String> word = Optional.of(reason).filter(it -> !it.isEmpty());
        return new ApnsAnswers.Answer(status, word, Optional.empty(), Optional.empty(), topic, 0);
    }

    @Test
    void appThatNeverWorkedDoesNotStopTheOthers() {
        ApnsAnswers answers = new ApnsAnswers();
        assertThat(answers.read(answer(200, "", "com.example.app"))).isEqualTo(PushResult.accepted());

        PushResult foreign = answers.read(answer(403, "InvalidProviderToken", "com.example.foreign"));

        device(403, "com.example.foreign", "topics", "team").assertMeant("InvalidProviderToken", foreign);
        credentials(403)
                .assertMeant(
                        "InvalidProviderToken", answers.read(answer(403, "InvalidProviderToken", "com.example.app")));
        credentials(403)
                .assertMeant(
                        "InvalidProviderToken",
                        answers.read(answer(403, "InvalidProviderToken", "com.example.foreign")));
    }

    @Test
    void appThatWorkedOnceIsRefusedForOurCredentials() {
        ApnsAnswers answers = new ApnsAnswers();
        answers.read(answer(200, "", "com.example.app"));
        answers.read(answer(200, "", "com.example.other"));

        credentials(403)
                .assertMeant(
                        "InvalidProviderToken", answers.read(answer(403, "InvalidProviderToken", "com.example.other")));
    }

    /** Which reasons a stranger could bring about by what he registers: a token, and one of our topics. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "BadDeviceToken",
                "DeviceTokenNotForTopic",
                "TopicDisallowed",
                "BadTopic",
                "MissingTopic",
                "MissingDeviceToken",
                "BadPath",
                "TooManyRequests"
            })
    void whatAStrangerCanBringAboutStopsHisDeviceOnly(String reason) {
        ApnsAnswers answers = new ApnsAnswers();

        for (int i = 0; i < 1_000; i++) {
            PushResult result = answers.read(answer(DOCUMENTED.get(reason).status, reason, FakeApns.TOPIC));
            assertThat(result instanceof Rejected rejected && rejected.fault() == Fault.CREDENTIALS)
                    .isFalse();
            assertThat(result instanceof PushResult.RetryAfter later && later.scope() != Scope.DEVICE)
                    .isFalse();
        }
    }

    @Test
    void wholeTableIsDocumented() {
        DOCUMENTED.forEach((reason, expected) ->
                expected.assertMeant(reason, new ApnsAnswers().read(answer(expected.status, reason, FakeApns.TOPIC))));
    }
}
