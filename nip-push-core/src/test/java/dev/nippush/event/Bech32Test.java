package dev.nippush.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Bech32Test {

    @Test
    void anyBytesSurviveARoundTripInEitherCase() {
        Random random = new Random(173);
        for (int round = 0; round < 500; round++) {
            byte[] bytes = new byte[32];
            random.nextBytes(bytes);
            String text = Bech32.encode("nsec", bytes);
            assertThat(Bech32.decode("nsec", text)).isEqualTo(bytes);
            assertThat(Bech32.decode("nsec", text.toUpperCase(Locale.ROOT))).isEqualTo(bytes);
        }
    }

    @Test
    void everyChangedLetterIsNoticed() {
        String text = Bech32.encode("npub", new byte[32]);
        for (int at = 5; at < text.length(); at++) {
            for (char letter = 'a'; letter <= 'z'; letter++) {
                String changed = text.substring(0, at) + letter + text.substring(at + 1);
                if (!changed.equals(text)) {
                    assertThatThrownBy(() -> Bech32.decode("npub", changed))
                            .isInstanceOf(IllegalArgumentException.class)
                            .message()
                            .doesNotContain(changed);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "npub1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqplkg8xt|bits to spare",
                "npub1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqhuv77m|wrong checksum",
                "npub1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq0ad0w9|wrong length",
                "npub1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnenctv|wrong length",
                "NPUB1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqzqujme|mixes cases",
                "nsec1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqzqujme|another prefix",
                "npub1bqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqzqujme|foreign letter",
                "NPUB1\u212aQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQZQUJME|foreign letter",
                "npub|another prefix",
                "npub1|wrong length",
                "''|another prefix"
            })
    void refusesWhatIsNotThirtyTwoBytesInThatAlphabet(String text, String why) {
        assertThatThrownBy(() -> Bech32.decode("npub", text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why);
    }

    @Test
    void onlyThirtyTwoBytesAreWritten() {
        assertThatThrownBy(() -> Bech32.encode("npub", new byte[31])).isInstanceOf(IllegalArgumentException.class);
    }
}
