package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.apns.ApnsCredentials;
import dev.nippush.apns.ApnsTransport;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.Gateway;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushTransport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WatchedTransportTest {

    private final Health health = new Health();
    private final Answering inner = new Answering();
    private final WatchedTransport transport = new WatchedTransport("apns", inner, health, Transports::apnsSettings);

    @Test
    void isKnownByItsName() {
        assertThat(transport).hasToString("apns");
    }

    @Test
    void asksTheTransportBehindIt() {
        assertThat(transport.serves(device(1))).isTrue();
        assertThat(transport.maxInFlight()).isEqualTo(7);
        assertThat(transport.send(message(1)).toCompletableFuture().join()).isEqualTo(PushResult.accepted());
        transport.close();
        assertThat(inner.closed).isTrue();
    }

    @Test
    void manyDevicesRefusedAndNoneAcceptedIsATrouble() {
        inner.answer = PushResult.rejected(Fault.DEVICE, "BadDeviceToken", "sandbox or production?");
        refuse(1, WatchedTransport.SUSPICIOUS - 1);
        assertThat(health.reasons()).isEmpty();

        refuse(1, 5);
        assertThat(health.reasons())
                .as("the same devices again say nothing new")
                .isEmpty();

        refuse(WatchedTransport.SUSPICIOUS, 1);
        assertThat(health.reasons())
                .containsExactly(
                        "apns devices: the first 20 devices were all refused, none was accepted since the start;"
                                + " check apns.environment (BadDeviceToken: sandbox or production?)");
    }

    @Test
    void reasonOfMostDevicesIsNamed() {
        inner.answer = PushResult.rejected(Fault.DEVICE, "BadDeviceToken", "sandbox or production?");
        refuse(1, 9);
        inner.answer = PushResult.rejected(Fault.DEVICE, "DeviceTokenNotForTopic", "which app?");
        refuse(10, 10);
        inner.answer = PushResult.rejected(Fault.DEVICE, "BadTopic", "");
        refuse(20, 1);

        assertThat(health.reasons())
                .singleElement()
                .asString()
                .endsWith("check apns.topics and apns.environment (DeviceTokenNotForTopic: which app?)");
    }

    @Test
    void lineOfARealTransportIsEnoughToSetItRight(@TempDir Path folder) throws IOException {
        try (FakeApns apple = FakeApns.start();
                ApnsTransport apns = ApnsTransport.builder()
                        .credentials(ApnsCredentials.tokenKey(
                                apple.writeSigningKey(folder.resolve("key.p8")), FakeApns.KEY_ID, FakeApns.TEAM_ID))
                        .topics(List.of(FakeApns.TOPIC))
                        .server(apple.host(), apple.port())
                        .trustedCertificates(List.of(apple.certificates().authority()))
                        .build()) {
            WatchedTransport watched = new WatchedTransport("apns", apns, health, Transports::apnsSettings);
            for (int i = 0; i < WatchedTransport.SUSPICIOUS; i++) {
                apple.answer(apple.device(i), new Gateway.Answer.DeviceRefused());
                watched.send(message(apple.device(i))).toCompletableFuture().join();
            }

            assertThat(health.reasons())
                    .singleElement()
                    .asString()
                    .contains(
                            "apns.environment",
                            "BadDeviceToken",
                            "sandbox (Xcode)",
                            "production (TestFlight, App Store)");

            watched.send(message(apple.device(100))).toCompletableFuture().join();
            assertThat(health.reasons()).isEmpty();
        }
    }

    /** With the advice of the transports themselves, the line is enough to set it right. */
    @ParameterizedTest
    @CsvSource({
        "apns, BadDeviceToken, apns.environment",
        "apns, DeviceTokenNotForTopic, apns.topics",
        "apns, TopicDisallowed, apns.topics",
        "apns, BadTopic, apns.topics",
        "apns, InvalidProviderToken, apns.topics",
        "fcm, SENDER_ID_MISMATCH, fcm.service-account-file",
        "fcm, THIRD_PARTY_AUTH_ERROR, the APNs key of its project",
        "fcm, UNAUTHENTICATED, fcm.service-account-file",
    })
    void settingToCheckIsNamed(String name, String reason, String setting) {
        WatchedTransport watched = new WatchedTransport(
                name, inner, health, name.equals("apns") ? Transports::apnsSettings : Transports::fcmSettings);
        inner.answer = PushResult.rejected(Fault.DEVICE, reason, "advice");
        for (int i = 0; i < WatchedTransport.SUSPICIOUS; i++) {
            watched.send(message(i));
        }

        assertThat(health.reasons())
                .singleElement()
                .asString()
                .startsWith(name + " devices: ")
                .contains(setting, reason + ": advice");
    }

    @Test
    void oneAcceptedDeviceEndsTheSuspicion() {
        inner.answer = PushResult.rejected(Fault.DEVICE, "BadDeviceToken");
        refuse(1, WatchedTransport.SUSPICIOUS);
        inner.answer = PushResult.accepted();
        transport.send(message(1));
        assertThat(health.reasons()).isEmpty();

        inner.answer = PushResult.rejected(Fault.DEVICE, "BadDeviceToken");
        refuse(1, 2 * WatchedTransport.SUSPICIOUS);
        assertThat(health.reasons()).isEmpty();
    }

    @Test
    void otherAnswersAreNoReasonForSuspicion() {
        for (PushResult answer :
                List.of(PushResult.rejected(Fault.MESSAGE, "x"), PushResult.deviceGone(), PushResult.retryLater("x"))) {
            inner.answer = answer;
            refuse(1, 2 * WatchedTransport.SUSPICIOUS);
        }
        assertThat(health.reasons()).isEmpty();
    }

    private void refuse(int first, int count) {
        for (int i = first; i < first + count; i++) {
            transport.send(message(i));
        }
    }

    private static PushMessage message(int number) {
        return message(device(number));
    }

    private static PushMessage message(DeviceAddress device) {
        return new PushMessage(device, Notification.message("t", "b", ""), "0".repeat(64), Instant.now());
    }

    private static DeviceAddress device(int number) {
        return new DeviceAddressReader(List.of())
                .read("%064x".formatted(number))
                .orElseThrow();
    }

    /** Gives one answer to all. */
    private static final class Answering implements PushTransport {
        private PushResult answer = PushResult.accepted();
        private boolean closed;

        @Override
        public boolean serves(DeviceAddress address) {
            return true;
        }

        @Override
        public int maxInFlight() {
            return 7;
        }

        @Override
        public CompletionStage<PushResult> send(PushMessage message) {
            return CompletableFuture.completedFuture(answer);
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
