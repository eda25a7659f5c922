package dev.nippush.jdbc;

/** A row does not hold what this program writes there. The message repeats nothing of the row. */
final class DamagedRowException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    DamagedRowException(String message) {
        super(message);
    }
}
