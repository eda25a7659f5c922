package dev.nippush.address;

import java.io.IOException;

/** A connection that {@link AddressRule} does not permit; nothing was sent. */
public final class ForbiddenAddressException extends IOException {
    private static final long serialVersionUID = 1L;

    ForbiddenAddressException(String message) {
        super(message);
    }
}
