package dev.nippush.event;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Reads one event, once. It goes on after a defect as long as the JSON is sound, so that the id can be named in the
 * answer; the first defect is the one reported.
 */
final class EventReader {

    private static final int ID = 1;
    private static final int PUBKEY = 1 << 1;
    private static final int CREATED_AT = 1 << 2;
    private static final int KIND = 1 << 3;
    private static final int TAGS = 1 << 4;
    private static final int CONTENT = 1 << 5;
    private static final int SIG = 1 << 6;

    private static final int SIG_DIGITS = 128;

    private final JsonReader in;
    private int seen;
    private @Nullable EventDefect defect;
    private @Nullable EventId id;
    private @Nullable PublicKey pubkey;
    private long createdAt;
    private int kind;
    private List<Tag> tags = List.of();
    private @Nullable String content;
    private @Nullable String sig;

    EventReader(JsonReader in) {
        this.in = in;
    }

    NostrEvent read() throws IOException {
        if (in.peek() != JsonToken.BEGIN_OBJECT) {
            refuse(EventDefect.BAD_JSON);
            throw failure();
        }
        in.beginObject();
        while (in.hasNext()) {
            field(in.nextName());
        }
        in.endObject();
        if (defect == null && id != null && pubkey != null && content != null && sig != null && isComplete()) {
            return new NostrEvent(id, pubkey, createdAt, kind, tags, content, sig);
        }
        // Nothing noted so far, and yet not all there.
        note(EventDefect.MISSING_FIELD);
        throw failure();
    }

    private boolean isComplete() {
        return seen == (ID | PUBKEY | CREATED_AT | KIND | TAGS | CONTENT | SIG);
    }

    private void field(String name) throws IOException {
        int field = switch (name) {
            case "id" -> ID;
            case "pubkey" -> PUBKEY;
            case "created_at" -> CREATED_AT;
            case "kind" -> KIND;
            case "tags" -> TAGS;
            case "content" -> CONTENT;
            case "sig" -> SIG;
            default -> 0;
        };
        if ((seen & field) != 0) {
            refuse(EventDefect.DUPLICATE_KEY);
            return;
        }
        seen |= field;
        switch (field) {
            case ID -> id = readId();
            case PUBKEY -> pubkey = readPubkey();
            case CREATED_AT -> createdAt = number(NostrEvent.MAX_CREATED_AT, EventDefect.BAD_CREATED_AT);
            case KIND -> kind = (int) number(Kind.MAX, EventDefect.BAD_KIND);
            case TAGS -> tags = readTags();
            case CONTENT -> content = text(EventDefect.BAD_CONTENT);
            case SIG -> sig = readSig();
            default -> skip();
        }
    }

    private @Nullable EventId readId() throws IOException {
        String hex = textOrMissing(EventDefect.BAD_ID);
        if (hex == null) {
            return null;
        }
        if (!EventId.isValid(hex)) {
            note(EventDefect.BAD_HEX);
            return null;
        }
        return EventId.ofHex(hex);
    }

    private @Nullable PublicKey readPubkey() throws IOException {
        String hex = textOrMissing(EventDefect.BAD_PUBKEY);
        if (hex == null) {
            return null;
        }
        if (!PublicKey.isValid(hex)) {
            note(EventDefect.BAD_HEX);
            return null;
        }
        return PublicKey.ofHex(hex);
    }

    private @Nullable String readSig() throws IOException {
        String hex = textOrMissing(EventDefect.BAD_SIG);
        if (hex == null) {
            return null;
        }
        if (!Hex.isLowerCase(hex) || hex.length() % 2 != 0) {
            note(EventDefect.BAD_HEX);
            return null;
        }
        if (hex.length() != SIG_DIGITS) {
            note(EventDefect.BAD_SIG);
            return null;
        }
        return hex;
    }

    private List<Tag> readTags() throws IOException {
        if (in.peek() != JsonToken.BEGIN_ARRAY) {
            refuse(EventDefect.BAD_TAGS);
            return List.of();
        }
        List<Tag> read = new ArrayList<>();
        int count = 0;
        int valueCount = 0;
        List<String> values = new ArrayList<>();
        in.beginArray();
        while (in.hasNext()) {
            if (in.peek() != JsonToken.BEGIN_ARRAY) {
                refuse(EventDefect.BAD_TAGS);
                continue;
            }
            in.beginArray();
            values.clear();
            while (in.hasNext()) {
                String value = text(EventDefect.BAD_TAGS);
                if (++valueCount > NostrEvent.MAX_TAG_VALUES) {
                    note(EventDefect.TOO_BIG);
                }
                if (value != null && defect == null) {
                    values.add(value);
                }
            }
            in.endArray();
            if (++count > NostrEvent.MAX_TAGS) {
                note(EventDefect.TOO_BIG);
            }
            if (defect == null) {
                read.add(new Tag(values));
            }
        }
        in.endArray();
        return read;
    }

    private @Nullable String textOrMissing(EventDefect otherwise) throws IOException {
        if (in.peek() == JsonToken.NULL) {
            in.nextNull();
            note(EventDefect.MISSING_FIELD);
            return null;
        }
        return text(otherwise);
    }

    private @Nullable String text(EventDefect otherwise) throws IOException {
        if (in.peek() != JsonToken.STRING) {
            refuse(otherwise);
            return null;
        }
        return in.nextString();
    }

    private long number(long max, EventDefect otherwise) throws IOException {
        if (in.peek() != JsonToken.NUMBER) {
            refuse(otherwise);
            return 0;
        }
        OptionalLong number = Digits.parse(in.nextString(), max);
        if (number.isEmpty()) {
            note(otherwise);
        }
        return number.orElse(0);
    }

    /** Skips a value that may not be there, and remembers why; one that is too deep says so instead. */
    private void refuse(EventDefect why) throws IOException {
        skip();
        note(why);
    }

    private void skip() throws IOException {
        if (!StrictJson.skipValue(in, NostrEvent.MAX_DEPTH)) {
            note(EventDefect.DEPTH);
            throw failure();
        }
    }

    private void note(EventDefect found) {
        if (defect == null) {
            defect = found;
        }
    }

    private EventFormatException failure() {
        return new EventFormatException(defect == null ? EventDefect.BAD_JSON : defect, id);
    }
}
