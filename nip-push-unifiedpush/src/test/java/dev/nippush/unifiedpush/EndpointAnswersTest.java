package dev.nippush.unifiedpush;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.AddressRule;
import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeUnifiedPushServer;
import dev.nippush.testkit.FakeUnifiedPushServer.HttpAnswer;
import dev.nippush.testkit.FakeUnifiedPushServer.Post;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Scope;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What each answer of an endpoint means, for both sorts of endpoint. */
@Timeout(120)
class EndpointAnswersTest {

    enum Sort {
        PLAIN,
        WEB_PUSH
    }

    private final FakeUnifiedPushServer server = FakeUnifiedPushServer.start();
    private final UnifiedPushTransport transport = builder()
            .addressRule(AddressRule.of(List.of("localhost"), List.of(), List.of()))
            .build();

    @AfterEach
    void close() {
        transport.close();
        server.close();
    }

    private UnifiedPushTransport.Builder builder() {
        return UnifiedPushTransport.builder()
                .trustedCertificates(List.of(server.certificates().authority()))
                .vapid(VapidKey.generate(), "mailto:push@example.com");
    }

    static Stream<Arguments> answers() {
        List<Arguments> answers = new ArrayList<>();
        for (Sort sort : Sort.values()) {
            add(answers, sort, HttpAnswer.of(200), PushResult.accepted());
            add(answers, sort, HttpAnswer.of(201, "Location", "https://localhost/m/1"), PushResult.accepted());
            add(answers, sort, HttpAnswer.of(202), PushResult.accepted());
            add(answers, sort, HttpAnswer.of(204), PushResult.accepted());
            for (int status : new int[] {301, 302, 303, 307, 308}) {
                add(
                        answers,
                        sort,
                        HttpAnswer.of(status, "Location", "https://localhost/"),
                        PushResult.rejected(Fault.DEVICE, "HTTP " + status));
            }
            String advice = sort == Sort.PLAIN ? "" : UnifiedPushAnswers.OTHER_KEY;
            add(answers, sort, HttpAnswer.of(401), PushResult.rejected(Fault.DEVICE, "HTTP 401", advice));
            add(answers, sort, HttpAnswer.of(403), PushResult.rejected(Fault.DEVICE, "HTTP 403", advice));
            add(answers, sort, HttpAnswer.of(404), PushResult.deviceGone());
            add(answers, sort, HttpAnswer.of(410), PushResult.deviceGone());
            add(answers, sort, HttpAnswer.of(400), PushResult.rejected(Fault.MESSAGE, "HTTP 400"));
            add(answers, sort, HttpAnswer.of(413), PushResult.rejected(Fault.MESSAGE, "HTTP 413"));
            add(answers, sort, HttpAnswer.of(408), PushResult.retryLater(Scope.SERVER, "HTTP 408"));
            add(
                    answers,
                    sort,
                    HttpAnswer.of(429),
                    PushResult.retryAfter(Scope.DEVICE, Duration.ofSeconds(60), "HTTP 429"));
            add(
                    answers,
                    sort,
                    HttpAnswer.of(429, "Retry-After", "7"),
                    PushResult.retryAfter(Scope.DEVICE, Duration.ofSeconds(7), "HTTP 429"));
            add(answers, sort, HttpAnswer.of(507), PushResult.retryLater(Scope.DEVICE, "HTTP 507"));
            add(
                    answers,
                    sort,
                    HttpAnswer.of(507, "Retry-After", "300"),
                    PushResult.retryAfter(Scope.DEVICE, Duration.ofSeconds(300), "HTTP 507"));
            for (int status : new int[] {500, 502, 503, 504}) {
                add(answers, sort, HttpAnswer.of(status), PushResult.retryLater(Scope.SERVER, "HTTP " + status));
                add(
                        answers,
                        sort,
                        HttpAnswer.of(status, "Retry-After", "30"),
                        PushResult.retryAfter(Scope.SERVER, Duration.ofSeconds(30), "HTTP " + status));
            }
        }
        return answers.stream();
    }

    private static void add(List<Arguments> answers, Sort sort, HttpAnswer answer, PushResult result) {
        String name = sort + " " + answer.status() + (answer.headers().containsKey("Retry-After") ? " with pause" : "");
        answers.add(Arguments.of(Named.of(name, sort), answer, result));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("answers")
    void answerHasItsMeaningAndIsAskedForOnce(Sort sort, HttpAnswer answer, PushResult expected) {
        DeviceAddress device = device(sort);
        server.answerNext(device, answer);

        assertThat(send(transport, device, "body")).isEqualTo(expected);

        assertThat(server.posts().size()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource
    void bodyOfAnAnswerIsNotWhatCounts(Sort sort) {
        DeviceAddress device = device(sort);
        byte[] page = "<html>".repeat(30_000).getBytes(StandardCharsets.US_ASCII);
        server.answerNext(device, new HttpAnswer(502, Map.of(), page), new HttpAnswer(201, Map.of(), page));

        assertThat(send(transport, device, "body")).isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP 502"));
        assertThat(send(transport, device, "body")).isEqualTo(PushResult.accepted());
    }

    @ParameterizedTest
    @EnumSource
    void messageThatIsTooLargeIsSentOnceMoreAndSmaller(Sort sort) {
        DeviceAddress device = device(sort);
        server.answerNext(device, HttpAnswer.of(413));

        assertThat(send(transport, device, "x".repeat(3_000))).isEqualTo(PushResult.accepted());

        List<Post> posts = server.posts().all();
        assertThat(posts).hasSize(2);
        assertThat(posts.get(0).body().length).isBetween(3_000, 4_096);
        assertThat(posts.get(1).body().length).isBetween(800, 1_024);
        assertThat(server.received().last().body()).startsWith("xxx").endsWith("x…");
        assertThat(server.received().last().title()).isEqualTo("title");
    }

    @ParameterizedTest
    @EnumSource
    void messageThatIsTooLargeEvenThenIsTheMessagesFault(Sort sort) {
        DeviceAddress device = device(sort);
        server.answerNext(device, HttpAnswer.of(413), HttpAnswer.of(413), HttpAnswer.of(413));

        assertThat(send(transport, device, "x".repeat(3_000)))
                .isEqualTo(PushResult.rejected(Fault.MESSAGE, "HTTP 413"));

        assertThat(server.posts().size()).isEqualTo(2);
    }

    @ParameterizedTest
    @EnumSource
    void longestMessageFillsFourKilobytes(Sort sort) {
        assertThat(send(transport, device(sort), "x".repeat(10_000))).isEqualTo(PushResult.accepted());

        assertThat(server.posts().last().body()).hasSize(4_096);
    }

    @ParameterizedTest
    @EnumSource
    void forbiddenAddressIsTheDevicesFaultUnlessItIsAllowed(Sort sort) {
        UnifiedPushTransport strict = builder().build();

        assertThat(send(strict, device(sort), "body"))
                .isEqualTo(PushResult.rejected(Fault.DEVICE, "forbidden address"));
        assertThat(server.posts().all()).isEmpty();

        assertThat(send(transport, device(sort), "body")).isEqualTo(PushResult.accepted());
        strict.close();
    }

    @Test
    void serviceThatWantsVapidAndGetsNoneIsTheDevicesFault() {
        server.demandVapid();
        UnifiedPushTransport nobody = UnifiedPushTransport.builder()
                .addressRule(AddressRule.of(List.of("localhost"), List.of(), List.of()))
                .trustedCertificates(List.of(server.certificates().authority()))
                .build();

        assertThat(send(nobody, device(Sort.WEB_PUSH), "body"))
                .isEqualTo(PushResult.rejected(Fault.DEVICE, "HTTP 401", UnifiedPushAnswers.NO_KEY));
        nobody.close();
    }

    @Test
    void subscriptionToAnotherKeyIsTheDevicesFault() {
        server.demandVapid(VapidKey.generate().applicationServerKey());

        assertThat(send(transport, device(Sort.WEB_PUSH), "body"))
                .isEqualTo(PushResult.rejected(Fault.DEVICE, "HTTP 403", UnifiedPushAnswers.OTHER_KEY));
    }

    private DeviceAddress device(Sort sort) {
        return sort == Sort.PLAIN ? server.device(0) : server.webPushDevice(0);
    }

    private static PushResult send(UnifiedPushTransport transport, DeviceAddress device, String body) {
        PushMessage message = new PushMessage(
                device,
                Notification.message("title", body, "thread"),
                "ab".repeat(32),
                Instant.now().plusSeconds(3_600));
        return transport
                .send(message)
                .toCompletableFuture()
                .orTimeout(30, TimeUnit.SECONDS)
                .join();
    }
}
