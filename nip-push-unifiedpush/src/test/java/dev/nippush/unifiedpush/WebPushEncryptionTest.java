package dev.nippush.unifiedpush;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.testkit.WebPushReceiver;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.KeyPair;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class WebPushEncryptionTest {

    private static final String ENDPOINT = "https://push.example.com/wp/1";
    private static final int HEADER_BYTES = 86;

    private final WebPushReceiver receiver = WebPushReceiver.create();
    private final WebPushEncryption encryption =
            WebPushEncryption.to(device(receiver.subscription(ENDPOINT))).orElseThrow();

    static Stream<JsonObject> made() {
        return Vectors.made("webpush/rfc8291.jsonl").stream();
    }

    @ParameterizedTest
    @MethodSource("made")
    void bodyIsThatOfAnotherImplementationToTheByte(JsonObject vector) {
        check(vector);
    }

    @Test
    void bodyIsThatOfTheStandardToTheByte() throws Exception {
        Vectors.published("webpush/rfc8291.jsonl").forEach(WebPushEncryptionTest::check);
    }

    private static void check(JsonObject vector) {
        WebPushReceiver of = WebPushReceiver.of(
                vector.get("uaPrivate").getAsString(),
                vector.get("uaPublic").getAsString(),
                vector.get("authSecret").getAsString());
        KeyPair sender = new KeyPair(
                P256.publicKey(bytes(vector, "asPublic")).orElseThrow(),
                P256.privateKey(new BigInteger(1, bytes(vector, "asPrivate"))).orElseThrow());

        byte[] body = WebPushEncryption.to(device(of.subscription(ENDPOINT)))
                .orElseThrow()
                .encrypt(
                        bytes(vector, "plaintext"),
                        vector.get("pad").getAsInt(),
                        sender,
                        bytes(vector, "salt"),
                        vector.get("rs").getAsInt());

        assertThat(body).isEqualTo(bytes(vector, "body"));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 256",
        "1, 256",
        "255, 256",
        "256, 256",
        "257, 512",
        "3840, 3840",
        "3841, 3993",
        "3992, 3993",
        "3993, 3993",
    })
    void textIsReadAsItWasAndItsLengthIsHidden(int length, int padded) {
        byte[] text = new byte[length];
        Arrays.fill(text, (byte) 'x');

        byte[] body = encryption.encrypt(text);

        assertThat(receiver.decrypt(body)).isEqualTo(text);
        assertThat(body).hasSize(HEADER_BYTES + padded + 1 + 16).hasSizeLessThanOrEqualTo(4_096);
        assertThat(WebPushEncryption.bodyBytes(text)).isEqualTo(body.length);
    }

    @Test
    void textThatEndsInZerosAndDelimitersKeepsThem() {
        byte[] text = {0, 1, 2, 2, 1, 0, 0};

        assertThat(receiver.decrypt(encryption.encrypt(text))).isEqualTo(text);
    }

    @Test
    void headerSaysOneRecordOfFourKilobytesAndTheSendersPoint() {
        ByteBuffer body = ByteBuffer.wrap(encryption.encrypt(new byte[10]));

        assertThat(body.getInt(16)).isEqualTo(4_096);
        assertThat(body.get(20)).isEqualTo((byte) 65);
        assertThat(P256.publicKey(Arrays.copyOfRange(body.array(), 21, HEADER_BYTES)))
                .isPresent();
    }

    @Test
    void keyAndSaltAreUsedOnce() {
        Set<String> salts = new HashSet<>();
        Set<String> points = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            byte[] body = encryption.encrypt(new byte[10]);
            salts.add(Arrays.toString(Arrays.copyOf(body, 16)));
            points.add(Arrays.toString(Arrays.copyOfRange(body, 21, HEADER_BYTES)));
        }

        assertThat(salts).hasSize(100);
        assertThat(points).hasSize(100);
    }

    @Test
    void pointThatIsNotOnTheCurveIsNoReceiver() {
        byte[] point = Base64.getUrlDecoder().decode(receiver.p256dh());
        for (int i = 1; i < point.length; i++) {
            byte[] wrong = point.clone();
            wrong[i] ^= 1;

            assertThat(to(wrong)).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0x00, 0xff})
    void numbersOutsideTheFieldAreNoPoint(int filling) {
        byte[] point = new byte[65];
        Arrays.fill(point, (byte) filling);
        point[0] = 4;

        assertThat(to(point)).isEmpty();
    }

    @Test
    void sameNumberPlusThePrimeIsNoPoint() {
        BigInteger prime = new BigInteger("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16);
        // The only point whose first coordinate is small enough for that to fit into 32 bytes, with a root of b behind
        // it.
        byte[] point = point(BigInteger.ZERO, rootOfB(prime));
        assertThat(to(point)).isPresent();

        assertThat(to(point(prime, rootOfB(prime)))).isEmpty();
    }

    @Test
    void deviceWithoutKeysIsNoReceiver() {
        assertThat(WebPushEncryption.to(device(ENDPOINT))).isEmpty();
    }

    private static BigInteger rootOfB(BigInteger prime) {
        BigInteger b = new BigInteger("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", 16);
        return b.modPow(prime.add(BigInteger.ONE).shiftRight(2), prime);
    }

    private static byte[] point(BigInteger x, BigInteger y) {
        return ByteBuffer.allocate(65)
                .put((byte) 4)
                .put(P256.bytes(x))
                .put(P256.bytes(y))
                .array();
    }

    private Optional<WebPushEncryption> to(byte[] point) {
        String p256dh = Base64.getUrlEncoder().withoutPadding().encodeToString(point);
        return WebPushEncryption.to(device("{\"endpoint\":\"" + ENDPOINT + "\",\"p256dh\":\"" + p256dh
                + "\",\"auth\":\"" + receiver.auth() + "\"}"));
    }

    private static DeviceAddress device(String deviceId) {
        return new DeviceAddressReader(List.of()).read(deviceId).orElseThrow();
    }

    private static byte[] bytes(JsonObject vector, String name) {
        return Base64.getUrlDecoder().decode(vector.get(name).getAsString());
    }
}
