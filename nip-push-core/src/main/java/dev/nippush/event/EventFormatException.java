package dev.nippush.event;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A text or value that is no event. For a text it is cheap, since strangers cause it: it has no stack trace then. Its
 * message holds nothing of the text.
 */
public final class EventFormatException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final EventDefect defect;
    private final transient @Nullable EventId id;

    EventFormatException(EventDefect defect) {
        this(defect, null);
    }

    EventFormatException(EventDefect defect, @Nullable EventId id) {
        super(defect.text());
        this.defect = defect;
        this.id = id;
    }

    /** Returns a failure of the caller's own values: it has a stack trace. */
    static EventFormatException ofArgument(EventDefect defect) {
        EventFormatException failure = new EventFormatException(defect);
        failure.trace();
        return failure;
    }

    private void trace() {
        super.fillInStackTrace();
    }

    /** Returns the first defect found. */
    public EventDefect defect() {
        return defect;
    }

    /** Returns the id that the text claims, when that could be read. */
    public Optional<EventId> id() {
        return Optional.ofNullable(id);
    }

    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
