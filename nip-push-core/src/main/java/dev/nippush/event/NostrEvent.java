package dev.nippush.event;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A signed event (NIP-01). Immutable and well formed; that the id is the hash of the rest, and the signature the author's,
 * is for the reader to check.
 *
 * @param id as claimed; {@link #hasValidId} checks it
 * @param pubkey the author
 * @param createdAt seconds since 1970, 0 to {@link #MAX_CREATED_AT}
 * @param kind 0 to 65,535
 * @param tags copied
 * @param content any text that can be written as UTF-8
 * @param sig 128 lower-case hex digits
 */
public record NostrEvent(
        EventId id, PublicKey pubkey, long createdAt, int kind, List<Tag> tags, String content, String sig) {

    /** The longest text read, as UTF-8. Relays refuse events well below it. */
    public static final int MAX_BYTES = 512 * 1024;

    /** The deepest nesting read, the event's own braces not counted. An event needs two; unknown fields may have more. */
    public static final int MAX_DEPTH = 32;

    /** What a reader for {@link #read} has to allow from the event's own braces on, so that depth is told from bad JSON. */
    public static final int READER_DEPTH = MAX_DEPTH + 3;

    /** The most tags read: more than fit into {@link #MAX_BYTES} when each holds a key or an id. */
    public static final int MAX_TAGS = 10_000;

    /** The most tag values read, all tags and their names together. */
    public static final int MAX_TAG_VALUES = 50_000;

    /** The latest time: what every JSON reader holds exactly. */
    public static final long MAX_CREATED_AT = (1L << 53) - 1;

    private static final int SIG_DIGITS = 128;
    private static final String EXPIRATION = "expiration";

    /**
     * Checks ranges and text.
     *
     * @throws EventFormatException when a part is out of range
     */
    public NostrEvent {
        UnsignedEvent.requireParts(createdAt, kind, content);
        if (sig.length() != SIG_DIGITS || !Hex.isLowerCase(sig)) {
            throw EventFormatException.ofArgument(EventDefect.BAD_SIG);
        }
        tags = List.copyOf(tags);
    }

    /**
     * Reads one event and nothing after it. Unknown fields are skipped; a field that is there twice refuses.
     *
     * @throws EventFormatException for anything else
     */
    public static NostrEvent parse(String json) {
        if (!StrictJson.fitsUtf8(json, MAX_BYTES)) {
            throw new EventFormatException(EventDefect.TOO_BIG);
        }
        // JSON has no byte order mark (RFC 8259, section 8.1); the reader would skip one.
        if (json.startsWith("\uFEFF")) {
            throw new EventFormatException(EventDefect.BAD_JSON);
        }
        JsonReader reader = StrictJson.reader(json, READER_DEPTH);
        try {
            NostrEvent event = read(reader);
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw new EventFormatException(EventDefect.BAD_JSON);
            }
            return event;
        } catch (IOException e) {
            throw new EventFormatException(EventDefect.BAD_JSON);
        }
    }

    /**
     * Reads one event from UTF-8, as {@link #parse(String)}.
     *
     * @throws EventFormatException also for bytes that are not UTF-8
     */
    public static NostrEvent parse(byte[] utf8) {
        if (utf8.length > MAX_BYTES) {
            throw new EventFormatException(EventDefect.TOO_BIG);
        }
        try {
            return parse(StrictJson.decodeUtf8(utf8));
        } catch (CharacterCodingException e) {
            throw new EventFormatException(EventDefect.BAD_UTF8);
        }
    }

    /**
     * Reads the event that comes next, from a reader of {@link StrictJson} that allows {@link #READER_DEPTH} more levels
     * and whose text its owner has bounded. After a failure the reader is of no further use.
     *
     * @throws EventFormatException when what comes is not an event
     * @throws IOException when the text is not JSON
     */
    public static NostrEvent read(JsonReader reader) throws IOException {
        return new EventReader(reader).read();
    }

    /** Writes the event, without spaces. */
    public String toJson() {
        StringBuilder out = new StringBuilder(400 + content.length() + 80 * tags.size());
        appendJson(out);
        return out.toString();
    }

    /** Writes the event, without spaces, behind what is there. */
    public void appendJson(StringBuilder out) {
        out.append("{\"id\":\"").append(id.hex());
        out.append("\",\"pubkey\":\"").append(pubkey.hex());
        out.append("\",\"created_at\":").append(createdAt);
        out.append(",\"kind\":").append(kind);
        out.append(",\"tags\":");
        UnsignedEvent.appendTags(out, tags);
        out.append(",\"content\":");
        StrictJson.appendString(out, content);
        out.append(",\"sig\":\"").append(sig).append("\"}");
    }

    /** Returns the part that is hashed. */
    public UnsignedEvent unsigned() {
        return new UnsignedEvent(pubkey, createdAt, kind, tags, content);
    }

    /** Computes the id anew: SHA-256 of the canonical form. */
    public EventId computeId() {
        return UnsignedEvent.idOf(pubkey, createdAt, kind, tags, content);
    }

    /** Says whether the id is that of the rest. Costs a hash each time. */
    public boolean hasValidId() {
        return id.equals(computeId());
    }

    /** Returns the value of the first tag of this name that has one. */
    public Optional<String> firstValue(String tagName) {
        for (Tag tag : tags) {
            if (tag.hasValue() && tag.name().equals(tagName)) {
                return Optional.of(tag.value());
            }
        }
        return Optional.empty();
    }

    /** Returns the first value of every tag of this name that has one, in order, repetitions included. */
    public List<String> values(String tagName) {
        return tags.stream()
                .filter(tag -> tag.hasValue() && tag.name().equals(tagName))
                .map(Tag::value)
                .toList();
    }

    /** Returns when the event expires (NIP-40), in seconds since 1970; empty when it does not say so in plain digits. */
    public OptionalLong expiration() {
        return firstValue(EXPIRATION)
                .map(value -> Digits.parse(value, MAX_CREATED_AT))
                .filter(OptionalLong::isPresent)
                .orElse(OptionalLong.empty());
    }

    /** Names the event without its content, tags and signature. */
    @Override
    public String toString() {
        return "NostrEvent[id=" + id + ", kind=" + kind + ", pubkey=" + pubkey + ", createdAt=" + createdAt + "]";
    }
}
