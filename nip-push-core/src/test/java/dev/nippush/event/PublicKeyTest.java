package dev.nippush.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PublicKeyTest {

    /** NIP-19's own example. */
    private static final String HEX = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";

    private static final String NPUB = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";

    @Test
    void hexBytesAndNpubAreOneKey() {
        PublicKey key = PublicKey.ofHex(HEX);
        assertThat(PublicKey.parse(NPUB)).isEqualTo(key);
        assertThat(PublicKey.parse(NPUB.toUpperCase(Locale.ROOT))).isEqualTo(key);
        assertThat(PublicKey.parse(" " + HEX.toUpperCase(Locale.ROOT) + "\n")).isEqualTo(key);
        assertThat(PublicKey.ofBytes(HexFormat.of().parseHex(HEX)))
                .isEqualTo(key)
                .hasSameHashCodeAs(key);
        assertThat(key.npub()).isEqualTo(NPUB);
        assertThat(key.hex()).isEqualTo(HEX);
        assertThat(key).hasToString(HEX);
        assertThat(key.bytes()).isEqualTo(HexFormat.of().parseHex(HEX));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "7e",
                "7E7E9C42A91BFEF19FA929E5FDA1B72E0EBC1A4C1141673E2794234D86ADDF4E",
                "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4g",
                "+e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e",
                "\u0667e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4",
                "007e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e",
            })
    void onlyLowerCaseHexOfTheRightLengthIsTaken(String text) {
        assertThat(PublicKey.isValid(text)).isFalse();
        assertThatThrownBy(() -> PublicKey.ofHex(text)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> EventId.ofHex(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "npub1",
                "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptq",
                "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptgg",
                "Npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg",
                "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjpt\u0131",
                "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5",
                "z",
            })
    void textThatIsNoKeyIsRefusedWithoutRepeatingIt(String text) {
        assertThatThrownBy(() -> PublicKey.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .doesNotContain(text.length() > 5 ? text : "\u0000");
    }

    @Test
    void bytesOfAnotherLengthAreRefused() {
        assertThatThrownBy(() -> PublicKey.ofBytes(new byte[31])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> EventId.ofBytes(new byte[33])).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void theCallersArraysStayApart() {
        byte[] bytes = new byte[32];
        PublicKey key = PublicKey.ofBytes(bytes);
        bytes[0] = 1;
        key.bytes()[1] = 1;
        assertThat(key).isEqualTo(PublicKey.ofHex("0".repeat(64)));
    }

    @Test
    void aKeyIsNoId() {
        assertThat(PublicKey.ofHex(HEX)).isNotEqualTo((Object) EventId.ofHex(HEX));
    }

    @Test
    void orderAndEqualityAreThoseOfTheBytes() {
        Random random = new Random(3);
        for (int round = 0; round < 2_000; round++) {
            byte[] one = new byte[32];
            random.nextBytes(one);
            byte[] two = one.clone();
            two[random.nextInt(32)] ^= (byte) random.nextInt(256);
            EventId a = EventId.ofBytes(one);
            EventId b = EventId.ofBytes(two);
            assertThat(Integer.signum(a.compareTo(b))).isEqualTo(Integer.signum(Arrays.compareUnsigned(one, two)));
            assertThat(Integer.signum(PublicKey.ofBytes(one).compareTo(PublicKey.ofBytes(two))))
                    .isEqualTo(Integer.signum(Arrays.compareUnsigned(one, two)));
            assertThat(a.equals(b)).isEqualTo(Arrays.equals(one, two));
            assertThat(EventId.ofHex(a.hex())).isEqualTo(a);
            assertThat(a.bytes()).isEqualTo(one);
            assertThat(PublicKey.parse(PublicKey.ofBytes(one).npub()).bytes()).isEqualTo(one);
        }
    }
}
