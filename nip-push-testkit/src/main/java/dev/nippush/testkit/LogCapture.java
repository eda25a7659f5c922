package dev.nippush.testkit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Collects what is logged in this process, by java.util.logging, and by slf4j if logback is behind it. The loggers below
 * the names that are given are opened to their finest level; others are heard at the levels that are set.
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

    private final Map<Logger, Optional<Level>> opened = new LinkedHashMap<>();

    private LogCapture(Set<String> names) {
        names.forEach(name -> {
            Logger logger = Logger.getLogger(name);
            opened.put(logger, Optional.ofNullable(logger.getLevel()));
        });
        logback = LoggerFactory.getILoggerFactory().getClass().getName().startsWith("ch.qos.logback.")
                ? new LogbackCapture(names, this::add)
                : null;
    }

    static LogCapture begin(Set<String> names) {
        LogCapture capture = new LogCapture(names);
        capture.root.addHandler(capture.handler);
        capture.opened.keySet().forEach(logger -> logger.setLevel(Level.ALL));
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
        opened.forEach((logger, level) -> logger.setLevel(level.orElse(null)));
        if (logback != null) {
            logback.close();
        }
    }
}
