package dev.nippush.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.IThrowableProxy;

/**
 * How a log line shows an exception: its causes on the same line, and the trace only at {@code log.level=debug} and below.
 * Operators read lines; a stranger's garbage must not fill the log with traces.
 */
public final class CauseConverter extends ThrowableProxyConverter {

    private static final int MAX_CAUSES = 4;

    /** Made by logback. */
    public CauseConverter() {}

    @Override
    protected String throwableProxyToString(IThrowableProxy thrown) {
        if (getContext() instanceof LoggerContext context
                && Level.DEBUG.isGreaterOrEqual(context.getLogger(Logs.OURS).getEffectiveLevel())) {
            return System.lineSeparator() + super.throwableProxyToString(thrown).stripTrailing();
        }
        StringBuilder line = new StringBuilder();
        IThrowableProxy cause = thrown;
        for (int i = 0; i < MAX_CAUSES && cause != null; i++) {
            String name = cause.getClassName();
            line.append(": ").append(name.substring(name.lastIndexOf('.') + 1));
            if (cause.getMessage() != null) {
                line.append(" (")
                        .append(cause.getMessage().replaceAll("\\p{Cntrl}+", " "))
                        .append(')');
            }
            cause = cause.getCause();
        }
        return line.toString();
    }
}
