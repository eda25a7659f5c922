package dev.nippush.crypto;

/**
 * Bytes that are no key: a public key without a point on the curve, or a secret key that is zero or not below the curve's
 * order. Cheap, since strangers cause it: it has no stack trace. Its message holds nothing of the key.
 */
public final class BadKeyException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    /** Says what is wrong, without the key. */
    public BadKeyException(String message) {
        super(message);
    }

    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
