package dev.nippush.relay;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExcerptTest {

    @Test
    void nothingOfAStrangersTextDisfiguresALogLine() {
        assertThat(Excerpt.of("a\nb\r\u001b[31mc\u0000\u2028\u202ed\ud800")).isEqualTo("a b  [31mc   d ");
        assertThat(Excerpt.of("rate-limited: zu schnell für uns")).isEqualTo("rate-limited: zu schnell für uns");
        assertThat(Excerpt.of("x".repeat(100_000))).isEqualTo("x".repeat(200) + "…");
    }
}
