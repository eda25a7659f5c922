package dev.nippush.crypto;

/**
 * A text that cannot be decrypted. It never says why: whoever may send texts could learn plaintext from the difference.
 * Cheap, since strangers cause it: it has no stack trace.
 */
public final class DecryptionException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    DecryptionException() {
        super("cannot be decrypted");
    }

    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
