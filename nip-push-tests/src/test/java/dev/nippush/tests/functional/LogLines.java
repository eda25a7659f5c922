package dev.nippush.tests.functional;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.LoggerFactory;

/** Collects what the engine logs, but for what only its developers want to know. */
final class LogLines extends AppenderBase<ILoggingEvent> implements AutoCloseable {

    private final Logger ours = (Logger) LoggerFactory.getLogger("dev.nippush");
    private final Level level = ours.getLevel();
    private final List<String> lines = new ArrayList<>();

    static LogLines begin() {
        LogLines log = new LogLines();
        log.start();
        log.ours.setLevel(Level.INFO);
        log.ours.addAppender(log);
        return log;
    }

    @Override
    protected void append(ILoggingEvent event) {
        lines.add(event.getLevel() + " " + event.getFormattedMessage());
    }

    /** Level and message of each, in order. */
    List<String> lines() {
        return List.copyOf(lines);
    }

    @Override
    public void close() {
        ours.detachAppender(this);
        ours.setLevel(level);
    }
}
