package dev.nippush.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StrictJsonTest {

    @Test
    void stringsAreEscapedAsNip01HashesThem() {
        StringBuilder out = new StringBuilder();
        StrictJson.appendString(out, "\"\\/\b\t\n\f\r\u0000\u001f\u007f\u2028\u2029<>&='\u00e9\ud83d\ude00");
        assertThat(out)
                .hasToString("\"\\\"\\\\/\\b\\t\\n\\f\\r\\u0000\\u001f\u007f\u2028\u2029<>&='\u00e9\ud83d\ude00\"");
    }

    @Test
    void halvesOfSurrogatePairsAreFound() {
        assertThat(StrictJson.isWellFormed("")).isTrue();
        assertThat(StrictJson.isWellFormed("a\ud83d\ude00b")).isTrue();
        assertThat(StrictJson.isWellFormed("\ud83d")).isFalse();
        assertThat(StrictJson.isWellFormed("\ud83da")).isFalse();
        assertThat(StrictJson.isWellFormed("\ude00\ud83d")).isFalse();
        assertThat(StrictJson.isWellFormed("\ud83d\ud83d\ude00")).isFalse();
    }

    @Test
    void sizeIsThatOfTheBytes() {
        Random random = new Random(11);
        for (int round = 0; round < 2_000; round++) {
            String text = random.ints(random.nextInt(30), 0, 0x110000)
                    .filter(c -> c < 0xd800 || c > 0xdfff)
                    .map(c -> random.nextBoolean() ? c & 0x7f : c)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
            int bytes = text.getBytes(StandardCharsets.UTF_8).length;
            assertThat(StrictJson.fitsUtf8(text, bytes)).isTrue();
            assertThat(bytes > 0 && StrictJson.fitsUtf8(text, bytes - 1)).isFalse();
        }
    }

    @Test
    void wrongBytesAreNotReplaced() throws CharacterCodingException {
        assertThat(StrictJson.decodeUtf8("\u20ac".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("\u20ac");
        assertThatThrownBy(() -> StrictJson.decodeUtf8(new byte[] {(byte) 0xff}))
                .isInstanceOf(CharacterCodingException.class);
        assertThatThrownBy(() -> StrictJson.decodeUtf8(new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0x80}))
                .isInstanceOf(CharacterCodingException.class);
    }
}
