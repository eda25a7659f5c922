package dev.nippush.crypto;

/**
 * A text that cannot be decrypted. It does not say why: whoever may send texts could learn plaintext from the difference.
 * Only a version of NIP-44 that is not supported is said, which anyone can read off the text. Cheap, since strangers cause
 * it: it has no stack trace.
 */
public final class DecryptionException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    DecryptionException() {
        this("cannot be decrypted");
    }

    private DecryptionException(String message) {
        super(message);
    }

    static DecryptionException ofVersion() {
        return new DecryptionException("the version of the encryption is not supported");
    }

    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
