package dev.nippush.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import java.util.logging.Handler;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import org.slf4j.ILoggerFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where logs go: to stderr, all of them, those of libraries that use the platform's logging included. */
final class Logs {

    /** Our own loggers. */
    static final String OURS = "dev.nippush";

    private static final String PUSHY_ANSWERS = "com.eatthepath.pushy.apns.ApnsClientHandler";

    private Logs() {}

    /** Sets how much is logged: ours as told, libraries at warnings or above. */
    static void configure(ServerConfig.LogLevel level) {
        ILoggerFactory factory = LoggerFactory.getILoggerFactory();
        if (factory instanceof LoggerContext context) {
            Level ours = Level.valueOf(level.name());
            // Below this libraries log what they send, device tokens included.
            Level theirs = ours.isGreaterOrEqual(Level.WARN) ? ours : Level.WARN;
            context.getLogger(OURS).setLevel(ours);
            context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(theirs);
            // An error for each answer without a body, which our table reads by its status.
            context.getLogger(PUSHY_ANSWERS).setLevel(Level.OFF);
        }
        LogManager.getLogManager().reset();
        java.util.logging.Logger root = java.util.logging.Logger.getLogger("");
        root.setLevel(java.util.logging.Level.WARNING);
        root.addHandler(new ToSlf4j());
    }

    /** Passes on what libraries give to the platform's logging. */
    private static final class ToSlf4j extends Handler {

        @Override
        public void publish(LogRecord entry) {
            String name = entry.getLoggerName() == null ? "library" : entry.getLoggerName();
            boolean severe = entry.getLevel().intValue() >= java.util.logging.Level.SEVERE.intValue();
            LoggerFactory.getLogger(name)
                    .atLevel(severe ? org.slf4j.event.Level.ERROR : org.slf4j.event.Level.WARN)
                    .setCause(entry.getThrown())
                    .log(String.valueOf(entry.getMessage()));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
