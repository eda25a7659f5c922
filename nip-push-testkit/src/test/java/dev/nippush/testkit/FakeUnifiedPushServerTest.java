package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeUnifiedPushServer.HttpAnswer;
import dev.nippush.testkit.FakeUnifiedPushServer.Post;
import dev.nippush.testkit.Gateway.Answer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FakeUnifiedPushServerTest {

    private static final String MESSAGE =
            "{\"notification\":{\"title\":\"New message\",\"body\":\"Hello\"},\"data\":{\"msgType\":\"0\"}}";

    private final FakeUnifiedPushServer server = FakeUnifiedPushServer.start();
    private final HttpClient client = HttpClient.newBuilder()
            .sslContext(server.certificates().clientContext())
            .build();
    private final DeviceAddress device = server.device(1);

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void messageIsAcceptedAndRemembered() throws Exception {
        assertThat(post(device, MESSAGE).statusCode()).isEqualTo(201);

        Gateway.Received received = server.received().last();
        assertThat(received.device()).isEqualTo(device);
        assertThat(received.title()).isEqualTo("New message");
        assertThat(received.body()).isEqualTo("Hello");
        assertThat(received.data()).containsExactly(Map.entry("msgType", "0"));
        assertThat(received.collapseKey()).isEmpty();
        assertThat(received.expiresAt())
                .hasValueSatisfying(until ->
                        assertThat(until).isCloseTo(Instant.now().plusSeconds(60), within(10, ChronoUnit.SECONDS)));
        Post post = server.posts().last();
        assertThat(post.method()).isEqualTo("POST");
        assertThat(post.path()).isEqualTo(URI.create(device.token()).getPath());
        assertThat(post.headers()).containsEntry("ttl", "60").containsEntry("content-type", "application/json");
        assertThat(post.text()).isEqualTo(MESSAGE);
    }

    @Test
    void eachAnswerHasItsStatus() throws Exception {
        assertThat(statusOf(new Answer.TemporaryFailure(Optional.empty()))).isEqualTo(503);
        assertThat(statusOf(new Answer.Gone(Optional.empty()))).isEqualTo(404);
        assertThat(statusOf(new Answer.MessageRefused())).isEqualTo(400);
        assertThat(statusOf(new Answer.DeviceRefused())).isEqualTo(403);
        assertThat(statusOf(new Answer.Accept())).isEqualTo(201);
        server.answer(device, new Answer.TemporaryFailure(Optional.of(Duration.ofSeconds(7))));
        assertThat(post(device, MESSAGE).headers().firstValue("Retry-After")).contains("7");
        server.answer(device, new Answer.DeviceLimit(Optional.of(Duration.ofSeconds(9))));
        assertThat(post(device, MESSAGE).statusCode()).isEqualTo(429);
        assertThat(post(device, MESSAGE).headers().firstValue("Retry-After")).contains("9");
        assertThat(statusOf(new Answer.DeviceLimit(Optional.empty()))).isEqualTo(429);
        assertThat(post(server.device(2), MESSAGE).statusCode()).isEqualTo(201);
    }

    @Test
    void judgeDecidesOnEachMessageInItsOwnTime() throws Exception {
        CompletableFuture<Answer> verdict = new CompletableFuture<>();
        server.answerNext(device, HttpAnswer.of(507));
        server.answerWith(received -> received.body().equals("Hello")
                ? verdict
                : CompletableFuture.completedFuture(new Answer.TemporaryFailure(Optional.empty())));
        CompletableFuture<HttpResponse<String>> answer =
                client.sendAsync(request(device, MESSAGE), HttpResponse.BodyHandlers.ofString());
        server.received().await(1);

        assertThat(post(device, MESSAGE.replace("Hello", "Bye")).statusCode()).isEqualTo(503);
        assertThat(answer).isNotDone();
        verdict.complete(new Answer.Accept());
        assertThat(answer.join().statusCode()).isEqualTo(201);
    }

    @Test
    void stalledServerAnswersNobodyUntilItIsClosed() throws Exception {
        assertThat(post(device, MESSAGE).statusCode()).isEqualTo(201);
        server.stall();

        HttpClient newcomer = HttpClient.newBuilder()
                .sslContext(server.certificates().clientContext())
                .build();
        CompletableFuture<HttpResponse<String>> answer =
                newcomer.sendAsync(request(device, MESSAGE), HttpResponse.BodyHandlers.ofString());
        assertThatThrownBy(() -> answer.copy().get(300, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);

        server.close();
        assertThatThrownBy(() -> answer.get(10, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class);
        assertThat(server.posts().size()).isEqualTo(1);
    }

    @Test
    void scriptedAnswersComeFirstOneByOne() throws Exception {
        server.answerNext(device, HttpAnswer.of(429, "Retry-After", "3"), HttpAnswer.of(507));

        assertThat(post(device, MESSAGE).statusCode()).isEqualTo(429);
        assertThat(post(device, MESSAGE).statusCode()).isEqualTo(507);
        assertThat(post(device, MESSAGE).statusCode()).isEqualTo(201);
    }

    @Test
    void droppedConnectionGivesNoAnswerButTheMessageArrived() {
        server.answer(device, new Answer.Drop());

        assertThatThrownBy(() -> post(device, MESSAGE)).isInstanceOf(IOException.class);
        assertThat(server.received().all()).isNotEmpty();
    }

    @Test
    void hangingMessageIsAcceptedWhenItIsReleased() {
        server.answer(device, new Answer.Hang());
        CompletableFuture<HttpResponse<String>> answer =
                client.sendAsync(request(device, MESSAGE), HttpResponse.BodyHandlers.ofString());
        server.received().await(1);
        assertThat(answer).isNotDone();

        server.release();

        assertThat(answer.join().statusCode()).isEqualTo(201);
    }

    @Test
    void whatIsNoMessageIsRefused() throws Exception {
        assertThat(post(device, "{}").statusCode()).isEqualTo(400);
        assertThat(post(device, "[]").statusCode()).isEqualTo(400);
        assertThat(post(device, "{\"notification\":{\"title\":1},\"data\":{}}").statusCode())
                .isEqualTo(400);
        assertThat(post(device, "not json").statusCode()).isEqualTo(400);
        assertThat(post(device, MESSAGE.replace("Hello", "x".repeat(4_096))).statusCode())
                .isEqualTo(413);
        HttpRequest withoutLifetime = HttpRequest.newBuilder(URI.create(device.token()))
                .POST(HttpRequest.BodyPublishers.ofString(MESSAGE))
                .build();
        assertThat(client.send(withoutLifetime, HttpResponse.BodyHandlers.discarding())
                        .statusCode())
                .isEqualTo(400);
        HttpRequest get =
                HttpRequest.newBuilder(URI.create(device.token())).GET().build();
        assertThat(client.send(get, HttpResponse.BodyHandlers.discarding()).statusCode())
                .isEqualTo(405);
        assertThat(server.posts().all()).hasSize(7);
    }

    @Test
    void answersThatUnifiedPushDoesNotHaveCannotBeScripted() {
        assertThatThrownBy(() -> server.answer(device, new Answer.CredentialsRefused()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> server.answer(device, new Answer.SenderLimit(Optional.empty())))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> server.answer(device, new Answer.Gone(Optional.of(Instant.now()))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void plainServerRemembersWhatItGets() throws Exception {
        FakeUnifiedPushServer plain = FakeUnifiedPushServer.startPlain();
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create(plain.endpoint("x")))
                    .POST(HttpRequest.BodyPublishers.ofString("anything"))
                    .build();

            assertThat(HttpClient.newHttpClient()
                            .send(request, HttpResponse.BodyHandlers.discarding())
                            .statusCode())
                    .isEqualTo(201);
            assertThat(plain.posts().last().text()).isEqualTo("anything");
            assertThatThrownBy(() -> plain.device(1)).isInstanceOf(IllegalStateException.class);
        } finally {
            plain.close();
        }
    }

    private int statusOf(Answer answer) throws Exception {
        server.answer(device, answer);
        return post(device, MESSAGE).statusCode();
    }

    private HttpResponse<String> post(DeviceAddress to, String body) throws IOException, InterruptedException {
        return client.send(request(to, body), HttpResponse.BodyHandlers.ofString());
    }

    private static HttpRequest request(DeviceAddress to, String body) {
        return HttpRequest.newBuilder(URI.create(to.token()))
                .header("TTL", "60")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }
}
