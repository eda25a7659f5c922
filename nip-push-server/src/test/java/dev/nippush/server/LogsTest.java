package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import dev.nippush.server.ServerConfig.LogLevel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

class LogsTest {

    private final LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();

    @AfterEach
    void asUsual() {
        Logs.configure(LogLevel.INFO);
    }

    @ParameterizedTest
    @EnumSource
    void oursAreAsToldAndLibrariesNeverBelowWarnings(LogLevel level) {
        Logs.configure(level);

        assertThat(context.getLogger("dev.nippush.relay").getEffectiveLevel()).isEqualTo(Level.valueOf(level.name()));
        assertThat(context.getLogger("com.eatthepath.pushy").getEffectiveLevel().isGreaterOrEqual(Level.WARN))
                .isTrue();
    }

    @Test
    void anExceptionIsOneLineUnlessDebugging() {
        Exception failure = new IllegalStateException("outer", new IllegalArgumentException("in\nner"));

        assertThat(rendered(failure)).isEqualTo(": IllegalStateException (outer): IllegalArgumentException (in ner)");

        Logs.configure(LogLevel.DEBUG);
        assertThat(rendered(failure)).contains("\tat " + LogsTest.class.getName());
    }

    @Test
    void aLineWithoutAnExceptionStaysAsItIs() {
        assertThat(rendered(null)).isEmpty();
    }

    private String rendered(Throwable failure) {
        CauseConverter converter = new CauseConverter();
        converter.setContext(context);
        converter.start();
        Logger logger = context.getLogger("test");
        return converter.convert(new LoggingEvent("test", logger, Level.WARN, "message", failure, null));
    }
}
