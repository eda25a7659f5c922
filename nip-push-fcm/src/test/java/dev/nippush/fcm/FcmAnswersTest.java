package dev.nippush.fcm;

import static dev.nippush.fcm.Transports.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.firebase.ErrorCode;
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

        switch (code) {
            case UNREGISTERED -> assertThat(result).isEqualTo(PushResult.deviceGone());
            case INVALID_ARGUMENT -> assertRefused(result, Fault.MESSAGE, "INVALID_ARGUMENT");
            case SENDER_ID_MISMATCH ->
                assertRefused(result, Fault.DEVICE, "SENDER_ID_MISMATCH", "Firebase project", "service account");
            case THIRD_PARTY_AUTH_ERROR ->
                assertRefused(result, Fault.DEVICE, "THIRD_PARTY_AUTH_ERROR", "APNs key", "Firebase console");
            case QUOTA_EXCEEDED ->
                assertThat(result)
                        .isEqualTo(PushResult.retryAfter(Scope.SENDER, Duration.ofSeconds(60), "QUOTA_EXCEEDED"));
            case INTERNAL -> assertThat(result).isEqualTo(PushResult.retryLater(Scope.SERVER, "INTERNAL"));
            case UNAVAILABLE -> assertThat(result).isEqualTo(PushResult.retryLater(Scope.SERVER, "UNAVAILABLE"));
        }
    }

    /** Google's canonical codes, with the HTTP status that each of them has (google.rpc.Code), and without details. */
    @ParameterizedTest
    @EnumSource(ErrorCode.class)
    void everyCanonicalCodeOfTheVendorHasAMeaning(ErrorCode code) {
        String name = code.name();
        switch (code) {
            case INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE ->
                assertRefused(bare(400, name), Fault.MESSAGE, name);
            case UNAUTHENTICATED -> assertRefused(bare(401, name), Fault.CREDENTIALS, name, "service account", "clock");
            case PERMISSION_DENIED ->
                assertRefused(
                        bare(403, name),
                        Fault.CREDENTIALS,
                        name,
                        "Firebase Cloud Messaging API",
                        "enable",
                        "service account",
                        "role");
            case NOT_FOUND -> assertRefused(bare(404, name), Fault.CREDENTIALS, name, "project_id", "endpoint");
            case CONFLICT, ALREADY_EXISTS -> assertRefused(bare(409, name), Fault.MESSAGE, name);
            case ABORTED -> assertThat(bare(409, name)).isEqualTo(PushResult.retryLater(name));
            case CANCELLED -> assertThat(bare(499, name)).isEqualTo(PushResult.retryLater(name));
            case RESOURCE_EXHAUSTED ->
                assertThat(bare(429, name))
                        .isEqualTo(PushResult.retryAfter(Scope.SENDER, Duration.ofSeconds(60), name));
            case DATA_LOSS, UNKNOWN, INTERNAL ->
                assertThat(bare(500, name)).isEqualTo(PushResult.retryLater(Scope.SERVER, name));
            case UNAVAILABLE -> assertThat(bare(503, name)).isEqualTo(PushResult.retryLater(Scope.SERVER, name));
            case DEADLINE_EXCEEDED -> assertThat(bare(504, name)).isEqualTo(PushResult.retryLater(Scope.SERVER, name));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "SERVICE_DISABLED, enable the Firebase Cloud Messaging API",
        "IAM_PERMISSION_DENIED, cloudmessaging.messages.create",
        "SOMETHING_NEW, enable the Firebase Cloud Messaging API",
        "SOMETHING_NEW, cloudmessaging.messages.create",
    })
    void adviceFollowsTheReasonThatGoogleGives(String info, String advised) {
        String body = "{\"error\":{\"code\":403,\"status\":\"PERMISSION_DENIED\",\"details\":["
                + "{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"" + info
                + "\",\"domain\":\"googleapis.com\"}]}}";

        assertRefused(read(403, body), Fault.CREDENTIALS, "PERMISSION_DENIED", advised);
    }

    @ParameterizedTest
    @CsvSource({
        "device:abc, Quota exceeded, DEVICE",
        "'', Device message rate exceeded, DEVICE",
        "token:abc, too many, DEVICE",
        "project:nip-push-fake, Message rate exceeded, SENDER",
        "project:nip-push-fake, Messages to devices per minute and project, SENDER",
        "topic:news, Topic message rate exceeded, SENDER",
        "'', '', SENDER",
    })
    void quotaOfADeviceKeepsNobodyElseWaiting(String subject, String description, Scope scope) {
        String body = quota(violation(subject, description));

        assertThat(answers.read(new Answer(429, Optional.of("7"), body), NOW))
                .isEqualTo(PushResult.retryAfter(scope, Duration.ofSeconds(7), "QUOTA_EXCEEDED"));
        assertThat(read(429, body)).isEqualTo(PushResult.retryAfter(scope, Duration.ofMinutes(1), "QUOTA_EXCEEDED"));
    }

    @Test
    void quotaOfAllCountsBeforeThatOfADevice() {
        String both = quota(violation("device:abc", "Device message rate exceeded") + ","
                + violation("project:p", "Message rate exceeded"));

        assertThat(read(429, both))
                .isEqualTo(PushResult.retryAfter(Scope.SENDER, Duration.ofMinutes(1), "QUOTA_EXCEEDED"));
    }

    @Test
    void formerNameOfTheAppleErrorIsKnown() {
        assertRefused(
                read(401, error("UNAUTHENTICATED", "APNS_AUTH_ERROR")), Fault.DEVICE, "APNS_AUTH_ERROR", "APNs key");
    }

    @ParameterizedTest
    @CsvSource({
        "400, INVALID_ARGUMENT, MESSAGE",
        "401, UNAUTHENTICATED, CREDENTIALS",
        "403, PERMISSION_DENIED, CREDENTIALS",
        "404, NOT_FOUND, CREDENTIALS",
        "405, METHOD_NOT_ALLOWED, CREDENTIALS",
        "413, TOO_LARGE, MESSAGE",
        "418, TEAPOT, MESSAGE",
    })
    void refusalWithoutDetailsGoesByItsStatus(int status, String canonical, Fault fault) {
        assertRefused(bare(status, canonical), fault, canonical);
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
        assertRefused(read(404, "<html>Error 404 (Not Found)!!1</html>"), Fault.CREDENTIALS, "HTTP 404", "endpoint");
        assertRefused(read(404, error("NOT_FOUND", "UNSPECIFIED_ERROR")), Fault.CREDENTIALS, "NOT_FOUND", "project_id");
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
                "{\"error\":{\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\","
                        + "\"violations\":[7,{\"subject\":[]}]},"
                        + "{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":{}}]}}",
                "{\"error\":{\"status\":{},\"details\":[{\"@type\":"
                        + "\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":[]}]}}",
                "{\"error\":{\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\","
                        + "\"fieldViolations\":[{\"field\":{}},7]}]}}",
            })
    void oddBodyGoesByItsStatus(String body) {
        assertThat(read(502, body)).isEqualTo(PushResult.retryLater(Scope.SERVER, "HTTP 502"));
        assertThat(read(400, body)).isEqualTo(PushResult.rejected(Fault.MESSAGE, "HTTP 400"));
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
        assertThat(new Answer(401, Optional.empty(), error("UNAUTHENTICATED", "")).mayRefuseAccessToken())
                .isTrue();
        assertThat(new Answer(401, Optional.empty(), "").mayRefuseAccessToken()).isTrue();
        assertThat(new Answer(401, Optional.empty(), error("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"))
                        .mayRefuseAccessToken())
                .isFalse();
        assertThat(new Answer(403, Optional.empty(), "").mayRefuseAccessToken()).isFalse();
    }

    @Test
    void answerDoesNotShowItsText() {
        assertThat(new Answer(400, Optional.empty(), "secret")).hasToString("Answer[400]");
    }

    private PushResult read(int status, String body) {
        return answers.read(new Answer(status, Optional.empty(), body), NOW);
    }

    private PushResult bare(int status, String canonical) {
        return read(
                status, "{\"error\":{\"code\":" + status + ",\"message\":\"no\",\"status\":\"" + canonical + "\"}}");
    }

    private static String quota(String violations) {
        return "{\"error\":{\"code\":429,\"status\":\"RESOURCE_EXHAUSTED\",\"details\":["
                + "{\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\","
                + "\"errorCode\":\"QUOTA_EXCEEDED\"},"
                + "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[" + violations
                + "]}]}}";
    }

    private static String violation(String subject, String description) {
        return "{\"subject\":\"" + subject + "\",\"description\":\"" + description + "\"}";
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
