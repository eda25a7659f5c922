package dev.nippush.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetryAfterHeaderTest {

    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "120, 120",
        "' 5 ', 5",
        "'Sun, 01 Mar 2026 12:01:00 GMT', 60",
        "'Sun, 01 Mar 2026 11:00:00 GMT', 0",
        "999999999, 999999999",
    })
    void secondsAndDatesAreRead(String header, long seconds) {
        assertThat(RetryAfterHeader.delay(header, NOW)).contains(Duration.ofSeconds(seconds));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "soon", "1.5", "99999999999", "٣", "Sun, 99 Mar 2026 12:01:00 GMT"})
    void anythingElseIsNone(String header) {
        assertThat(RetryAfterHeader.delay(header, NOW)).isEmpty();
    }
}
