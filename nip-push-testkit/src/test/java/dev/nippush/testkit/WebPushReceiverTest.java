package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class WebPushReceiverTest {

    static Stream<JsonObject> made() {
        return Vectors.made("webpush/rfc8291.jsonl").stream();
    }

    static Stream<JsonObject> invalid() {
        return Vectors.made("webpush/rfc8291_invalid.jsonl").stream();
    }

    @ParameterizedTest
    @MethodSource("made")
    void textComesOutAsItWentIn(JsonObject vector) {
        assertThat(receiver(vector).decrypt(bytes(vector, "body"))).isEqualTo(bytes(vector, "plaintext"));
    }

    @Test
    void exampleOfTheStandardIsDecrypted() throws Exception {
        for (JsonObject vector : Vectors.published("webpush/rfc8291.jsonl")) {
            assertThat(receiver(vector).decrypt(bytes(vector, "body"))).isEqualTo(bytes(vector, "plaintext"));
        }
    }

    @ParameterizedTest
    @MethodSource("invalid")
    void whatIsNoPushForThisReceiverIsRefused(JsonObject vector) {
        byte[] body = bytes(vector, "body");

        assertThatThrownBy(() -> receiver(vector).decrypt(body)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void bodyThatWasChangedAnywhereOrCutIsRefused() {
        JsonObject vector = made().findFirst().orElseThrow();
        WebPushReceiver receiver = receiver(vector);
        byte[] body = bytes(vector, "body");
        for (int i = 0; i < body.length; i++) {
            byte[] changed = body.clone();
            changed[i] ^= 1;
            // The record size is 4,096 and may be another, as long as one record holds all.
            if (i < 16 || i >= 20) {
                assertThatThrownBy(() -> receiver.decrypt(changed)).isInstanceOf(IllegalArgumentException.class);
            }
            byte[] cut = Arrays.copyOf(body, i);
            assertThatThrownBy(() -> receiver.decrypt(cut)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void pushForAnotherReceiverIsRefused() {
        JsonObject vector = made().findFirst().orElseThrow();

        assertThatThrownBy(() -> WebPushReceiver.create().decrypt(bytes(vector, "body")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void senderWhosePointIsNotOnTheCurveIsRefused() {
        byte[] body = bytes(made().findFirst().orElseThrow(), "body");
        body[21 + 64] ^= 1;

        assertThatThrownBy(() -> WebPushReceiver.create().decrypt(body)).hasMessageEndingWith("not a point of P-256");
    }

    @Test
    void subscriptionIsADeviceIdWithItsKeys() {
        WebPushReceiver receiver = WebPushReceiver.create();

        DeviceAddress device = new DeviceAddressReader(List.of())
                .read(receiver.subscription("https://push.example.com/wp/1"))
                .orElseThrow();

        assertThat(device.channel()).isEqualTo(Channel.WEB_PUSH);
        assertThat(device.token()).isEqualTo("https://push.example.com/wp/1");
        assertThat(device.p256dh()).contains(Base64.getUrlDecoder().decode(receiver.p256dh()));
        assertThat(device.auth()).contains(Base64.getUrlDecoder().decode(receiver.auth()));
        assertThat(receiver.toString()).doesNotContain(receiver.auth(), receiver.p256dh());
    }

    @Test
    void eachReceiverHasKeysOfItsOwn() {
        assertThat(WebPushReceiver.create().p256dh())
                .isNotEqualTo(WebPushReceiver.create().p256dh());
        assertThat(WebPushReceiver.create().auth())
                .isNotEqualTo(WebPushReceiver.create().auth());
    }

    @Test
    void keysThatAreNoneAreRefused() {
        WebPushReceiver good = WebPushReceiver.create();

        assertThatThrownBy(() -> WebPushReceiver.of("AQ", good.p256dh(), "AQ"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> WebPushReceiver.of("AQ", "AQ", good.auth()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static WebPushReceiver receiver(JsonObject vector) {
        return WebPushReceiver.of(
                vector.get("uaPrivate").getAsString(),
                vector.get("uaPublic").getAsString(),
                vector.get("authSecret").getAsString());
    }

    private static byte[] bytes(JsonObject vector, String name) {
        return Base64.getUrlDecoder().decode(vector.get(name).getAsString());
    }
}
