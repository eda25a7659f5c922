package dev.nippush.address;

import java.io.IOException;

/** More bytes came in than {@link InboundBudget} allows without a whole message. */
public final class InboundLimitException extends IOException {
    private static final long serialVersionUID = 1L;

    InboundLimitException(long limit) {
        super("more than " + limit + " bytes without a whole message");
    }
}
