package dev.nippush.event;

/**
 * A text that is no NIP-01 filter. Cheap, since strangers cause it: it has no stack trace. Its message says what is wrong
 * and holds nothing of the text.
 */
public final class FilterFormatException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    FilterFormatException(String message) {
        super(message);
    }

    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
