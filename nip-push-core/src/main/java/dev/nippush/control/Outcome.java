package dev.nippush.control;

import static java.util.Objects.requireNonNull;

/** What became of an event that was handed to the engine. Whatever it says is on disk already. */
public sealed interface Outcome {

    /** A control message that was carried out. */
    record Applied() implements Outcome {}

    /**
     * An event that is now pushed, held, or settled as history for some accounts, or that says which relays one reads.
     *
     * @param accounts for how many, at least 1
     */
    record Taken(int accounts) implements Outcome {
        public Taken {
            if (accounts < 1) {
                throw new IllegalArgumentException("accounts must be 1 or more: " + accounts);
            }
        }
    }

    /** An event that was decided on before, for every account that wants it. */
    record Duplicate() implements Outcome {}

    /** An event that no account wants. */
    record Unwanted() implements Outcome {}

    /** An event that broke a rule. */
    record Refused(Refusal code) implements Outcome {
        public Refused {
            requireNonNull(code);
        }
    }

    /** The engine has too much on its hands; nothing was looked at, and the same event may be handed over again. */
    record Busy() implements Outcome {}

    /** The engine has not been started, or is closing. */
    record Closed() implements Outcome {}
}
