package dev.nippush.testkit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** The part of {@link LogCapture} that can only be loaded where logback is. */
final class LogbackCapture extends AppenderBase<ILoggingEvent> implements AutoCloseable {

    private final Consumer<String> lines;
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final Logger ours = (Logger) LoggerFactory.getLogger("dev.nippush");
    private final @Nullable Level level = ours.getLevel();
    private final boolean additive = ours.isAdditive();

    LogbackCapture(Consumer<String> lines) {
        this.lines = lines;
    }

    void begin() {
        setContext(root.getLoggerContext());
        start();
        root.addAppender(this);
        // Else the finest levels would flood the appenders of the root.
        ours.addAppender(this);
        ours.setAdditive(false);
        ours.setLevel(Level.TRACE);
    }

    @Override
    protected void append(ILoggingEvent event) {
        String trace = event.getThrowableProxy() == null ? "" : ThrowableProxyUtil.asString(event.getThrowableProxy());
        lines.accept(event.getLoggerName() + " " + event.getFormattedMessage() + " " + trace);
    }

    @Override
    public void close() {
        ours.setLevel(level);
        ours.setAdditive(additive);
        ours.detachAppender(this);
        root.detachAppender(this);
        stop();
    }
}
