package dev.nippush.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.event.UnsignedEvent;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyPairTest {

    /** NIP-19's own examples. */
    private static final String SECRET = "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa";

    private static final String NSEC = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
    private static final String PUBLIC = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";

    @Test
    void hexAndNsecAreOneKey() {
        for (String text :
                List.of(SECRET, NSEC, NSEC.toUpperCase(Locale.ROOT), "\n" + SECRET.toUpperCase(Locale.ROOT) + " ")) {
            KeyPair key = KeyPair.parse(text);
            assertThat(key.secretHex()).isEqualTo(SECRET);
            assertThat(key.nsec()).isEqualTo(NSEC);
        }
        assertThat(KeyPair.ofHex(SECRET).publicKey()).isEqualTo(PublicKey.ofHex(PUBLIC));
    }

    @Test
    void everyNewKeyIsAnother() {
        KeyPair key = KeyPair.generate();
        assertThat(key.publicKey()).isNotEqualTo(KeyPair.generate().publicKey());
        assertThat(KeyPair.ofHex(key.secretHex()).publicKey()).isEqualTo(key.publicKey());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "nsec1",
                "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe6",
                "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg",
                "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ff",
                "67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffg",
                "0000000000000000000000000000000000000000000000000000000000000000",
                "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
            })
    void textThatIsNoSecretIsRefusedWithoutRepeatingIt(String text) {
        assertThatThrownBy(() -> KeyPair.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .doesNotContain(text.length() > 5 ? text.substring(0, 6) : "\u0000");
    }

    @Test
    void signsEvents() {
        KeyPair key = KeyPair.ofHex(SECRET);
        NostrEvent event = key.sign(1_700_000_000, Kind.TEXT_NOTE, List.of(Tag.of("t", "x")), "hello");
        assertThat(event.pubkey()).isEqualTo(key.publicKey());
        assertThat(event.hasValidId()).isTrue();
        assertThat(Secp256k1.bouncyCastle().verify(event)).isTrue();
        assertThat(key.sign(event.unsigned()).id()).isEqualTo(event.id());
        assertThat(key.sign(event.unsigned()).sig()).as("fresh randomness").isNotEqualTo(event.sig());
    }

    @Test
    void signsNothingOfOthers() {
        UnsignedEvent event = new UnsignedEvent(KeyPair.generate().publicKey(), 0, Kind.TEXT_NOTE, List.of(), "");
        assertThatThrownBy(() -> KeyPair.ofHex(SECRET).sign(event)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void anotherSourceOfRandomnessMakesItRepeatable() {
        KeyPair key = KeyPair.ofHex(SECRET).with(new Zeros());
        assertThat(key.sign(5, 1, List.of(), "").sig())
                .isEqualTo(key.sign(5, 1, List.of(), "").sig());
        assertThat(Nip04.encrypt(key, key.publicKey(), "x")).isEqualTo(Nip04.encrypt(key, key.publicKey(), "x"));
    }

    @Test
    void anotherCurveIsAsked() {
        Secp256k1 real = Secp256k1.bouncyCastle();
        byte[] canned = new byte[64];
        KeyPair key = KeyPair.ofHex(SECRET).with(new Secp256k1() {
            @Override
            public boolean verify(byte[] signature64, byte[] message, byte[] publicKeyX32) {
                return false;
            }

            @Override
            public byte[] sign(byte[] message, byte[] secretKey32, byte[] auxRand32) {
                return canned;
            }

            @Override
            public byte[] publicKey(byte[] secretKey32) {
                return real.publicKey(secretKey32);
            }

            @Override
            public byte[] sharedX(byte[] secretKey32, byte[] publicKeyX32) {
                return new byte[32];
            }
        });
        assertThat(key.sign(5, 1, List.of(), "").sig()).isEqualTo("0".repeat(128));
        assertThat(key.sharedX(key.publicKey())).isEqualTo(new byte[32]);
        assertThat(key.publicKey()).isEqualTo(PublicKey.ofHex(PUBLIC));
    }

    @Test
    void derivedSecretsDependOnKeyAndPurposeAlone() {
        KeyPair key = KeyPair.ofHex("0b".repeat(32));
        // Checked with: printf purpose | openssl dgst -sha256 -mac HMAC -macopt hexkey:0b0b…
        assertThat(HexFormat.of().formatHex(key.derive("purpose")))
                .isEqualTo("a06d67ad53e35cb5112b2fccea0608d754125d501b601772e55e6de4bdcaf982");
        assertThat(key.derive("other")).hasSize(32).isNotEqualTo(key.derive("purpose"));
        assertThat(KeyPair.generate().derive("purpose")).isNotEqualTo(key.derive("purpose"));
    }

    @Test
    void theTextFormShowsThePublicKeyOnly() {
        assertThat(KeyPair.ofHex(SECRET).toString())
                .contains(PUBLIC)
                .doesNotContain(SECRET)
                .doesNotContain("nsec");
    }

    private static final class Zeros extends SecureRandom {
        private static final long serialVersionUID = 1L;

        @Override
        public void nextBytes(byte[] bytes) {
            Arrays.fill(bytes, (byte) 0);
        }
    }
}
