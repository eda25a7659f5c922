package dev.nippush.unifiedpush;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Scope;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import okhttp3.Headers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnifiedPushAnswersTest {

    private static final Headers NONE = Headers.of();

    private final UnifiedPushAnswers answers =
            new UnifiedPushAnswers(Clock.fixed(Instant.parse("2026-11-22T12:00:00Z"), ZoneOffset.UTC));

    @ParameterizedTest
    @ValueSource(ints = {200, 201, 202, 204, 299})
    void anySuccessIsAcceptance(int status) {
        assertThat(result(status, NONE)).isEqualTo(PushResult.accepted());
    }

    @ParameterizedTest
    @ValueSource(ints = {300, 301, 302, 303, 307, 308, 399})
    void redirectIsTheDevicesFault(int status) {
        assertThat(result(status, Headers.of("Location", "https://other.example.com/")))
                .isEqualTo(PushResult.rejected(Fault.DEVICE, "HTTP " + status));
    }

    @ParameterizedTest
    @ValueSource(ints = {404, 410})
    void unknownEndpointIsGone(int status) {
        assertThat(result(status, NONE)).isEqualTo(PushResult.deviceGone());
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403})
    void endpointThatWantsAuthenticationIsTheDevicesFault(int status) {
        assertThat(result(status, NONE)).isEqualTo(PushResult.rejected(Fault.DEVICE, "HTTP " + status, "a hint"));
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 402, 405, 406, 409, 411, 413, 414, 415, 418, 422, 431, 451, 499})
    void otherClientErrorIsTheMessagesFault(int status) {
        assertThat(result(status, NONE)).isEqualTo(PushResult.rejected(Fault.MESSAGE, "HTTP " + status));
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 501, 502, 503, 504, 520, 599})
    void serverErrorIsTemporary(int status) {
        assertThat(result(status, NONE)).isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP " + status));
        assertThat(result(status, Headers.of("Retry-After", "120")))
                .isEqualTo(PushResult.retryAfter(Scope.SERVER, Duration.ofSeconds(120), "HTTP " + status));
    }

    @Test
    void topicWithoutSubscriberSaysNothingOfItsServer() {
        assertThat(result(507, NONE)).isEqualTo(PushResult.retryLater("HTTP 507"));
    }

    @Test
    void requestTimeoutIsTemporary() {
        assertThat(result(408, NONE)).isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP 408"));
    }

    @Test
    void tooManyRequestsWaitAMinuteUnlessToldOtherwise() {
        assertThat(result(429, NONE)).isEqualTo(PushResult.retryAfter(Duration.ofSeconds(60), "HTTP 429"));
        assertThat(result(429, Headers.of("Retry-After", "5")))
                .isEqualTo(PushResult.retryAfter(Duration.ofSeconds(5), "HTTP 429"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1 | 1",
                " 30 | 30",
                "86400 | 86400",
                "0 | 1",
                "86401 | 86400",
                "Sun, 22 Nov 2026 12:05:00 GMT | 300",
                "Sun, 22 Nov 2026 11:00:00 GMT | 1",
                "Tue, 22 Nov 2033 12:00:00 GMT | 86400",
            })
    void retryAfterIsSecondsOrADateWithinADay(String value, long seconds) {
        assertThat(result(503, Headers.of("Retry-After", value)))
                .isEqualTo(PushResult.retryAfter(Scope.SERVER, Duration.ofSeconds(seconds), "HTTP 503"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"soon", "99999999999999999999999", "-5", "1.5", "1e9", "0x10", "Sun, 99 Nov 2026", ""})
    void retryAfterThatIsNeitherIsNotThere(String value) {
        assertThat(result(503, Headers.of("Retry-After", value)))
                .isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP 503"));
    }

    private PushResult result(int status, Headers headers) {
        return answers.result(status, headers, "a hint");
    }
}
