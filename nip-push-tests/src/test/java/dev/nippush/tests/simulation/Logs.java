package dev.nippush.tests.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.LoggerFactory;

/** Collects the errors that the engine logs, apart for each thread, because each thread is a world of its own. */
final class Logs extends AppenderBase<ILoggingEvent> implements AutoCloseable {

    /** Logged at the level of errors because an operator has to act, not because something failed in here. */
    private static final List<String> EXPECTED =
            List.of("its provider refuses our credentials", "Another server has taken over");

    private static final Map<Thread, List<String>> ERRORS = new ConcurrentHashMap<>();

    private final Logger ours = (Logger) LoggerFactory.getLogger("dev.nippush");
    private final Level level = ours.getLevel();
    private final boolean additive = ours.isAdditive();

    static Logs begin() {
        Logs logs = new Logs();
        logs.start();
        logs.ours.setLevel(Level.ERROR);
        logs.ours.setAdditive(false);
        logs.ours.addAppender(logs);
        return logs;
    }

    static List<String> takeErrors() {
        List<String> taken = ERRORS.remove(Thread.currentThread());
        return taken == null ? List.of() : taken;
    }

    @Override
    protected void append(ILoggingEvent event) {
        String message = event.getFormattedMessage();
        if (EXPECTED.stream().anyMatch(message::contains)) {
            return;
        }
        if (event.getThrowableProxy() != null) {
            message += "\n" + ThrowableProxyUtil.asString(event.getThrowableProxy());
        }
        ERRORS.computeIfAbsent(Thread.currentThread(), any -> new ArrayList<>()).add(message);
    }

    @Override
    public void close() {
        ours.detachAppender(this);
        ours.setLevel(level);
        ours.setAdditive(additive);
    }
}
