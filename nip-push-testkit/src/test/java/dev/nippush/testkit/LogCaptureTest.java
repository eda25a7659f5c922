package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LogCaptureTest {

    @Test
    void bothLoggingSystemsAreHeardWithStackTraces() {
        Exception failure = new IllegalStateException("cause of it");
        try (LogCapture capture = LogCapture.begin(Set.of("dev.nippush", "org.example.pigeon"))) {
            LoggerFactory.getLogger("dev.nippush.some.Room").trace("a finest line", failure);
            LoggerFactory.getLogger("com.example").warn("a vendor's line");
            java.util.logging.Logger.getLogger("com.example").info("a line for java.util.logging");
            java.util.logging.Logger.getLogger("org.example.pigeon.Loft").finest("a stranger's finest line");

            assertThat(capture.lines())
                    .anySatisfy(line -> assertThat(line).contains("a finest line", "cause of it", "LogCaptureTest"))
                    .anySatisfy(line -> assertThat(line).contains("a vendor's line"))
                    .anySatisfy(line -> assertThat(line).contains("a line for java.util.logging"))
                    .anySatisfy(line -> assertThat(line).contains("a stranger's finest line"));
        }
    }

    @Test
    void loggersAreLeftAsTheyWere() {
        Logger ours = (Logger) LoggerFactory.getLogger("dev.nippush");
        Level before = ours.getLevel();

        LogCapture capture = LogCapture.begin(Set.of("dev.nippush", "org.example.pigeon"));
        capture.close();
        LoggerFactory.getLogger("dev.nippush.some.Room").warn("a line that nobody captures");

        assertThat(capture.lines()).isEmpty();
        assertThat(ours.getLevel()).isEqualTo(before);
        assertThat(ours.isAdditive()).isTrue();
        assertThat(ours.iteratorForAppenders().hasNext()).isFalse();
        assertThat(java.util.logging.Logger.getLogger("org.example.pigeon").getLevel())
                .isNull();
    }
}
