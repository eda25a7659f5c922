package dev.nippush.fcm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** What the tests of this package send, and through what. */
final class Transports {

    static final String KEY = "0123456789abcdef".repeat(4);

    private static final DeviceAddressReader READER = new DeviceAddressReader(List.of("com.example.app"));

    /** Devices that are not FCM's. */
    static final List<DeviceAddress> FOREIGN =
            List.of(address("ab".repeat(32)), address("https://push.example.com/up"), address("pigeon://loft"));

    private Transports() {}

    /** A transport that talks to the fake, and gives up after two seconds. */
    static FcmTransport.Builder to(FakeFcm fake) {
        return FcmTransport.builder()
                .credentials(FcmCredentials.serviceAccount(fake.serviceAccountJson()))
                .endpoint(fake.endpoint())
                .trustedCertificates(List.of(fake.authority()))
                .deadline(Duration.ofSeconds(2));
    }

    /**
     * Checks a refusal.
     *
     * @param advised what the advice names; a refusal of the message has no advice
     */
    static void assertRefused(PushResult result, Fault fault, String reason, String... advised) {
        assertThat(result).isInstanceOfSatisfying(PushResult.Rejected.class, refused -> {
            assertThat(refused.fault()).isEqualTo(fault);
            assertThat(refused.reason()).isEqualTo(reason);
            assertThat(refused.advice().isEmpty()).as(refused.advice()).isEqualTo(fault == Fault.MESSAGE);
            assertThat(advised).allSatisfy(named -> assertThat(refused.advice()).contains(named));
        });
    }

    static DeviceAddress address(String deviceId) {
        return READER.read(deviceId).orElseThrow();
    }

    /** A message that expires in an hour. */
    static PushMessage message(DeviceAddress device) {
        return new PushMessage(
                device,
                Notification.message("New message", "You have a new private message.", "message"),
                KEY,
                Instant.now().plusSeconds(3_600));
    }
}
