package dev.nippush.wire;

/** What is wrong with a text that should be a message. */
public enum WireDefect {
    /** Longer than {@link ClientMessage#MAX_BYTES}. */
    TOO_BIG("too big"),
    /** Not JSON, or text after the message. */
    BAD_JSON("not JSON"),
    /** Not an array that begins with text. */
    NO_MESSAGE("not a message"),
    /** A type of message that is not known here. */
    UNKNOWN_TYPE("unknown type of message"),
    /** An element is missing or of the wrong type. */
    BAD_ELEMENT("an element is missing or of the wrong type"),
    /** The subscription id is missing, or not text of 1 to 64 characters. */
    BAD_SUBSCRIPTION("the subscription id is not text of 1 to 64 characters"),
    /** The event is none; {@link WireFormatException#eventDefect} says why. */
    BAD_EVENT("not an event"),
    /** A filter is none, or there are no filters or too many. */
    BAD_FILTER("not a filter"),
    /** An element that nobody asked for is nested too deep. */
    DEPTH("nested too deep");

    private final String text;

    WireDefect(String text) {
        this.text = text;
    }

    /** Returns a short English text without anything of the message. */
    public String text() {
        return text;
    }
}
