package dev.nippush.wire;

import dev.nippush.event.EventDefect;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A text or value that is no message. For a text it is cheap, since strangers cause it: it has no stack trace then. Its
 * message says what is wrong, holds nothing of the text, and may be sent back.
 */
public final class WireFormatException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final WireDefect defect;
    private final @Nullable String subscription;
    private final @Nullable String eventId;
    private final @Nullable EventDefect eventDefect;

    WireFormatException(
            WireDefect defect,
            String message,
            @Nullable String subscription,
            @Nullable String eventId,
            @Nullable EventDefect eventDefect) {
        super(message);
        this.defect = defect;
        this.subscription = subscription;
        this.eventId = eventId;
        this.eventDefect = eventDefect;
    }

    WireFormatException(WireDefect defect) {
        this(defect, defect.text(), null, null, null);
    }

    /** Returns a failure of the caller's own values: it has a stack trace. */
    static WireFormatException ofArgument(WireDefect defect) {
        WireFormatException failure = new WireFormatException(defect);
        failure.trace();
        return failure;
    }

    private void trace() {
        super.fillInStackTrace();
    }

    /** Returns what is wrong. */
    public WireDefect defect() {
        return defect;
    }

    /** Returns the subscription that the message is about, when it could be read. */
    public Optional<String> subscription() {
        return Optional.ofNullable(subscription);
    }

    /** Returns the id that a refused event claims, as 64 hex digits, when it could be read. */
    public Optional<String> eventId() {
        return Optional.ofNullable(eventId);
    }

    /** Returns what is wrong with the event, when {@link #defect} is {@link WireDefect#BAD_EVENT}. */
    public Optional<EventDefect> eventDefect() {
        return Optional.ofNullable(eventDefect);
    }

    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
