package dev.nippush.event;

/** What is wrong with a text that should be an event, or with a part of an event that is being made. */
public enum EventDefect {
    /** Not JSON, not one object, text after it, or text with half a surrogate pair. */
    BAD_JSON("not one JSON object"),
    /** The bytes are not UTF-8. */
    BAD_UTF8("not UTF-8"),
    /** A field of the event is there twice. */
    DUPLICATE_KEY("a field is there twice"),
    /** Nested deeper than {@link NostrEvent#MAX_DEPTH}. */
    DEPTH("nested too deep"),
    /** Longer than {@link NostrEvent#MAX_BYTES}, or with too many tags or tag values. */
    TOO_BIG("too big"),
    /** A field is absent; a null id, public key or signature counts as absent. */
    MISSING_FIELD("a field is missing"),
    /** The id, the public key or the signature is text, but not lower-case hex of the right length. */
    BAD_HEX("not lower-case hex of the right length"),
    /** The id is not text. */
    BAD_ID("the id is not text"),
    /** The public key is not text. */
    BAD_PUBKEY("the public key is not text"),
    /** The kind is not an integer from 0 to 65,535, written in plain digits. */
    BAD_KIND("the kind is not an integer from 0 to 65535"),
    /** The time is not an integer from 0 to 2^53 - 1, written in plain digits. */
    BAD_CREATED_AT("the time is not an integer from 0 to 2^53 - 1"),
    /** The tags are not an array of arrays of text; in an event that is made, the text has half a surrogate pair. */
    BAD_TAGS("the tags are not an array of arrays of text"),
    /** The content is not text; in an event that is made, it has half a surrogate pair. */
    BAD_CONTENT("the content is not text"),
    /** The signature is not text, or is hex of whole bytes, but not of 64. */
    BAD_SIG("the signature is not 64 bytes");

    private final String text;

    EventDefect(String text) {
        this.text = text;
    }

    /** Returns a short English text without anything of the event. */
    public String text() {
        return text;
    }
}
