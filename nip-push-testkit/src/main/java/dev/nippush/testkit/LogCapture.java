package dev.nippush.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Collects what is logged in this process: by java.util.logging at the levels that are set, and by slf4j if logback is
 * behind it, where the loggers of {@code dev.nippush} are opened to the last.
 */
final class LogCapture implements AutoCloseable {

    private final List<String> lines = new ArrayList<>();
    private final Logger root = Logger.getLogger("");
    private final Handler handler = new Handler() {
        private final SimpleFormatter formatter = new SimpleFormatter();

        @Override
        public void publish(LogRecord logged) {
            add(formatter.format(logged));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };
    private final @Nullable LogbackCapture logback;

    private LogCapture() {
        logback = LoggerFactory.getILoggerFactory().getClass().getName().startsWith("ch.qos.logback.")
                ? new LogbackCapture(this::add)
                : null;
    }

    static LogCapture begin() {
        LogCapture capture = new LogCapture();
        capture.root.addHandler(capture.handler);
        if (capture.logback != null) {
            capture.logback.begin();
        }
        return capture;
    }

    private void add(String line) {
        synchronized (lines) {
            lines.add(line);
        }
    }

    /** What was logged so far, with stack traces. */
    List<String> lines() {
        synchronized (lines) {
            return List.copyOf(lines);
        }
    }

    @Override
    public void close() {
        root.removeHandler(handler);
        if (logback != null) {
            logback.close();
        }
    }
}
