package dev.nippush.unifiedpush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import java.math.BigInteger;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class VapidKeyTest {

    static Stream<JsonObject> made() {
        return Vectors.made("webpush/vapid.jsonl").stream();
    }

    @ParameterizedTest
    @MethodSource("made")
    void publicKeyIsThatOfAnotherImplementation(JsonObject vector) {
        VapidKey key = VapidKey.parse(vector.get("privateKey").getAsString());

        assertThat(key.applicationServerKey()).isEqualTo(vector.get("k").getAsString());
        assertThat(key.secret()).isEqualTo(vector.get("privateKey").getAsString());
    }

    @Test
    void newKeyIsReadBackFromWhatIsStored() {
        for (int i = 0; i < 20; i++) {
            VapidKey key = VapidKey.generate();

            VapidKey again = VapidKey.parse(" " + key.secret() + "\r\n");

            assertThat(again.applicationServerKey()).isEqualTo(key.applicationServerKey());
            assertThat(again.secret()).isEqualTo(key.secret()).hasSize(43);
        }
        assertThat(VapidKey.generate().secret())
                .isNotEqualTo(VapidKey.generate().secret());
    }

    @Test
    void keyInPemFormIsTheSameKey() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        byte[] encoded = generator.generateKeyPair().getPrivate().getEncoded();

        VapidKey key = VapidKey.parse(pem(encoded));

        assertThat(VapidKey.parse(key.secret()).applicationServerKey()).isEqualTo(key.applicationServerKey());
    }

    @Test
    void keyOfAnotherCurveIsRefused() throws Exception {
        for (String curve : new String[] {"secp384r1", "secp521r1"}) {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec(curve));

            assertRefused(pem(generator.generateKeyPair().getPrivate().getEncoded()));
        }
        KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
        rsa.initialize(2_048);
        assertRefused(pem(rsa.generateKeyPair().getPrivate().getEncoded()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0",
                "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
                "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
            })
    void numberThatIsNoSecretKeyIsRefused(String hex) {
        assertRefused(base64(new BigInteger(hex, 16)));
    }

    @Test
    void firstAndLastSecretKeyHaveTheGeneratorAsTheirPublicKeyOrItsOpposite() {
        byte[] generator = HexFormat.of()
                .parseHex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                        + "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
        VapidKey first = VapidKey.parse(base64(BigInteger.ONE));
        VapidKey last = VapidKey.parse(
                base64(new BigInteger("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", 16)));

        assertThat(Base64.getUrlDecoder().decode(first.applicationServerKey())).isEqualTo(generator);
        assertThat(last.applicationServerKey())
                .startsWith(first.applicationServerKey().substring(0, 43));
        assertThat(last.applicationServerKey()).isNotEqualTo(first.applicationServerKey());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "AQ",
                "AxCrM-3vSuxuefiUFkiibakkHYZnvZbA2Y2Brw-eHR",
                "AxCrM-3vSuxuefiUFkiibakkHYZnvZbA2Y2Brw-eHR0A",
                "AxCrM+3vSuxuefiUFkiibakkHYZnvZbA2Y2Brw+eHR0",
                "-----BEGIN PRIVATE KEY-----\nAQ==\n-----END PRIVATE KEY-----",
                "-----BEGIN PRIVATE KEY-----\n====\n-----END PRIVATE KEY-----",
                "-----BEGIN PRIVATE KEY-----",
                "-----BEGIN EC PRIVATE KEY-----\nAQ==\n-----END EC PRIVATE KEY-----"
            })
    void whatIsNoKeyIsRefusedAndNotRepeated(String text) {
        assertRefused(text);
    }

    @Test
    void secretIsNotShown() {
        VapidKey key = VapidKey.generate();

        assertThat(key.toString()).contains(key.applicationServerKey()).doesNotContain(key.secret());
    }

    private static void assertRefused(String text) {
        assertThatThrownBy(() -> VapidKey.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a VAPID key is a private key of P-256: base64url of 32 bytes, or PKCS#8 in PEM form");
    }

    private static String pem(byte[] encoded) {
        return "-----BEGIN PRIVATE KEY-----\n" + Base64.getMimeEncoder().encodeToString(encoded)
                + "\n-----END PRIVATE KEY-----\n";
    }

    private static String base64(BigInteger number) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(P256.bytes(number));
    }
}
