package dev.nippush.server;

/** The program cannot go on, for a reason that its user can understand and change. The message is all there is to say. */
final class Failure extends Exception {
    private static final long serialVersionUID = 1L;

    Failure(String message) {
        super(message);
    }

    Failure(String message, Throwable cause) {
        super(message + ": " + Reasons.of(cause), cause);
    }
}
