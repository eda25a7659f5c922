package dev.nippush.jdbc;

import org.jspecify.annotations.Nullable;

/**
 * The database cannot be used as a store, or not now. The message says why and what to do; it names the database without
 * user, password and parameters.
 */
public final class StoreException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    StoreException(String message) {
        super(message);
    }

    StoreException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
