package dev.nippush.testkit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** The part of {@link LogCapture} that can only be loaded where logback is. */
final class LogbackCapture extends AppenderBase<ILoggingEvent> implements AutoCloseable {

    private final Consumer<String> lines;
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final List<Opened> opened;

    LogbackCapture(Set<String> names, Consumer<String> lines) {
        this.lines = lines;
        this.opened = names.stream()
                .map(name -> (Logger) LoggerFactory.getLogger(name))
                .map(logger -> new Opened(logger, logger.getLevel(), logger.isAdditive()))
                .toList();
    }

    void begin() {
        setContext(root.getLoggerContext());
        start();
        root.addAppender(this);
        opened.forEach(one -> {
            // Else the finest levels would flood the appenders of the root.
            one.logger.addAppender(this);
            one.logger.setAdditive(false);
            one.logger.setLevel(Level.TRACE);
        });
    }

    @Override
    protected void append(ILoggingEvent event) {
        String trace = event.getThrowableProxy() == null ? "" : ThrowableProxyUtil.asString(event.getThrowableProxy());
        lines.accept(event.getLoggerName() + " " + event.getFormattedMessage() + " " + trace);
    }

    @Override
    public void close() {
        opened.forEach(one -> {
            one.logger.setLevel(one.level);
            one.logger.setAdditive(one.additive);
            one.logger.detachAppender(this);
        });
        root.detachAppender(this);
        stop();
    }

    private record Opened(Logger logger, @Nullable Level level, boolean additive) {}
}
