package dev.nippush.fcm;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.firebase.messaging.MessagingErrorCode;
import dev.nippush.fcm.FcmAnswers.Answer;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FcmAnswersTest {

    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

    private final FcmAnswers answers = new FcmAnswers();

    @Test
    void anySuccessIsAccepted() {
        assertThat(read(200, "{\"name\":\"projects/p/messages/0:1\"}")).isEqualTo(PushResult.accepted());
    }

    @ParameterizedTest
    @EnumSource(MessagingErrorCode.class)
    void everyCodeOfTheVendorHasAMeaning(MessagingErrorCode code) {
        // The status is not one that FCM uses, so that nothing but the code can decide.
        PushResult result = read(418, error("ABORTED", code.name()));

        assertThat(result)
                .isEqualTo(
                        switch (code) {
                            case UNREGISTERED -> PushResult.deviceGone();
                            case INVALID_ARGUMENT -> PushResult.rejected(Fault.MESSAGE, "INVALID_ARGUMENT");
                            case SENDER_ID_MISMATCH -> PushResult.rejected(Fault.DEVICE, "SENDER_ID_MISMATCH");
                            case THIRD_PARTY_AUTH_ERROR -> PushResult.rejected(Fault.DEVICE, "THIRD_PARTY_AUTH_ERROR");
                            case QUOTA_EXCEEDED ->
                                PushResult.retryAfter(Scope.SENDER, Duration.ofSeconds(60), "QUOTA_EXCEEDED");
                            case INTERNAL -> PushResult.retryLater(Scope.SERVER, "INTERNAL");
                            case UNAVAILABLE -> PushResult.retryLater(Scope.SERVER, "UNAVAILABLE");
                        });
    }

    @Test
    void formerNameOfTheAppleErrorIsKnown() {
        assertThat(read(401, error("UNAUTHENTICATED", "APNS_AUTH_ERROR")))
                .isEqualTo(PushResult.rejected(Fault.DEVICE, "APNS_AUTH_ERROR"));
    }

    @ParameterizedTest
    @CsvSource({
        "400, INVALID_ARGUMENT, MESSAGE",
        "401, UNAUTHENTICATED, CREDENTIALS",
        "403, PERMISSION_DENIED, CREDENTIALS",
        "404, NOT_FOUND, CREDENTIALS",
        "405, METHOD_NOT_ALLOWED, CREDENTIALS",
        "409, ABORTED, MESSAGE",
        "413, TOO_LARGE, MESSAGE",
        "418, TEAPOT, MESSAGE",
    })
    void refusalWithoutDetailsGoesByItsStatus(int status, String canonical, Fault fault) {
        String body = "{\"error\":{\"code\":" + status + ",\"message\":\"no\",\"status\":\"" + canonical + "\"}}";

        assertThat(read(status, body)).isEqualTo(PushResult.rejected(fault, canonical));
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 408, 500, 502, 503, 504, 507, 599})
    void temporaryStatusWithoutDetailsIsRetried(int status) {
        assertThat(read(status, "")).isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP " + status));
    }

    @ParameterizedTest
    @CsvSource({"500, INTERNAL", "503, UNAVAILABLE"})
    void temporaryFailureWaitsAsLongAsItSays(int status, String code) {
        Answer answer = new Answer(status, Optional.of("7"), error(code, code));

        assertThat(answers.read(answer, NOW))
                .isEqualTo(PushResult.retryAfter(Scope.SERVER, Duration.ofSeconds(7), code));
    }

    @Test
    void quotaWaitsAsLongAsItSaysElseAMinute() {
        String body = error("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED");

        assertThat(answers.read(new Answer(429, Optional.of("5"), body), NOW))
                .isEqualTo(PushResult.retryAfter(Scope.SENDER, Duration.ofSeconds(5), "QUOTA_EXCEEDED"));
        assertThat(read(429, body))
                .isEqualTo(PushResult.retryAfter(Scope.SENDER, Duration.ofMinutes(1), "QUOTA_EXCEEDED"));
        assertThat(read(429, "")).isEqualTo(PushResult.retryAfter(Scope.SENDER, Duration.ofMinutes(1), "HTTP 429"));
    }

    @Test
    void wrongTokenAmongTheFieldsMakesTheDeviceGone() {
        assertThat(read(400, violation("message.token"))).isEqualTo(PushResult.deviceGone());
        assertThat(read(400, violation("message.data[0].value")))
                .isEqualTo(PushResult.rejected(Fault.MESSAGE, "INVALID_ARGUMENT"));
    }

    @Test
    void notFoundWithoutUnregisteredMakesNoDeviceGone() {
        assertThat(read(404, "<html>Error 404 (Not Found)!!1</html>"))
                .isEqualTo(PushResult.rejected(Fault.CREDENTIALS, "HTTP 404"));
        assertThat(read(404, error("NOT_FOUND", "UNSPECIFIED_ERROR")))
                .isEqualTo(PushResult.rejected(Fault.CREDENTIALS, "NOT_FOUND"));
    }

    @Test
    void unknownCodeGoesByTheStatus() {
        assertThat(read(400, error("INVALID_ARGUMENT", "NEW_CODE")))
                .isEqualTo(PushResult.rejected(Fault.MESSAGE, "INVALID_ARGUMENT"));
        assertThat(read(503, error("UNAVAILABLE", "NEW_CODE")))
                .isEqualTo(PushResult.retryLater(Scope.SERVER, "UNAVAILABLE"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "\"text\"",
                "{",
                "<html><title>502</title></html>",
                "{\"error\":\"invalid_grant\"}",
                "{\"error\":{\"details\":{}}}",
                "{\"error\":{\"details\":[null,1,[],{\"@type\":5},{\"@type\":[]}]}}",
                "{\"error\":{\"status\":{},\"details\":[{\"@type\":"
                        + "\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":[]}]}}",
                "{\"error\":{\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\","
                        + "\"fieldViolations\":[{\"field\":{}},7]}]}}",
            })
    void oddBodyGoesByItsStatus(String body) {
        assertThat(read(502, body)).isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP 502"));
        assertThat(read(400, body)).isEqualTo(PushResult.rejected(Fault.MESSAGE, "INVALID_ARGUMENT"));
    }

    @Test
    void deepBodyIsNoTrouble() {
        assertThat(read(502, "[".repeat(30_000))).isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP 502"));
        assertThat(read(502, "{\"error\":".repeat(6_000))).isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP 502"));
    }

    @Test
    void reasonIsAWordAndNothingThatCouldForgeALogLine() {
        assertThat(read(503, "{\"error\":{\"status\":\"X\\n12:00 ERROR forged\"}}"))
                .isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP 503"));
    }

    @Test
    void onlyRefusedAccessTokenIsWorthANewOne() {
        assertThat(new Answer(401, Optional.empty(), error("UNAUTHENTICATED", "")).refusesAccessToken())
                .isTrue();
        assertThat(new Answer(401, Optional.empty(), "").refusesAccessToken()).isTrue();
        assertThat(new Answer(401, Optional.empty(), error("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"))
                        .refusesAccessToken())
                .isFalse();
        assertThat(new Answer(403, Optional.empty(), "").refusesAccessToken()).isFalse();
    }

    @Test
    void answerDoesNotShowItsText() {
        assertThat(new Answer(400, Optional.empty(), "secret")).hasToString("Answer[400]");
    }

    private PushResult read(int status, String body) {
        return answers.read(new Answer(status, Optional.empty(), body), NOW);
    }

    private static String error(String canonical, String errorCode) {
        String detail = errorCode.isEmpty()
                ? ""
                : "{\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":\"" + errorCode
                        + "\"}";
        return "{\"error\":{\"code\":0,\"message\":\"no\",\"status\":\"" + canonical + "\",\"details\":[" + detail
                + "]}}";
    }

    private static String violation(String field) {
        return "{\"error\":{\"code\":400,\"status\":\"INVALID_ARGUMENT\",\"details\":["
                + "{\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\","
                + "\"errorCode\":\"INVALID_ARGUMENT\"},"
                + "{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":\"" + field
                + "\",\"description\":\"Invalid registration token\"}]}]}}";
    }
}
