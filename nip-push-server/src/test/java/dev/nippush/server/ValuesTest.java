package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ValuesTest {

    @ParameterizedTest
    @CsvSource({"10ms,PT0.01S", "1s,PT1S", "150s,PT150S", "10m,PT10M", "1h,PT1H", "24h,PT24H", "2d,PT48H", "90m,PT90M"})
    void durationsAreReadAndWrittenAlike(String text, Duration duration) {
        assertThat(Values.duration(Duration.ZERO).parse(text, Path.of("/"))).isEqualTo(duration);
        assertThat(Values.text(duration)).isEqualTo(text);
    }
}
