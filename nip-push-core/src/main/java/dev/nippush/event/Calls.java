package dev.nippush.event;

/**
 * Calls, as gift wraps announce them: the {@code k} tag outside says what is inside. A call is worthless a
 * minute later; what follows one is for an app that runs already.
 */
public final class Calls {

    private static final String OFFER = Integer.toString(Kind.CALL);
    private static final String SIGNAL = Integer.toString(Kind.CALL_SIGNAL);

    private Calls() {}

    /** Whether the event is the beginning of a call. */
    public static boolean isOffer(NostrEvent event) {
        return isWrap(event) && event.values("k").contains(OFFER);
    }

    /** Whether the event is an answer, a candidate or a hang-up: never worth a notification. */
    public static boolean isSignal(NostrEvent event) {
        return isWrap(event) && !isOffer(event) && event.values("k").contains(SIGNAL);
    }

    private static boolean isWrap(NostrEvent event) {
        return event.kind() == Kind.GIFT_WRAP || event.kind() == Kind.EPHEMERAL_GIFT_WRAP;
    }
}
