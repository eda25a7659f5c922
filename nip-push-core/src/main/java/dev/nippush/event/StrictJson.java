package dev.nippush.event;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** JSON to the letter of RFC 8259, as strangers' text is read and ours is written. */
public final class StrictJson {

    private static final String HEX = "0123456789abcdef";

    private StrictJson() {}

    /**
     * Returns a reader that takes nothing lenient, nor half a surrogate pair. It does not check for text after the value
     * nor for duplicate keys: callers do. A byte order mark at the beginning is skipped.
     *
     * @param maxDepth open arrays and objects; one more fails with {@code MalformedJsonException}
     */
    public static JsonReader reader(String text, int maxDepth) {
        JsonReader reader = new JsonReader(new StringReader(text));
        reader.setStrictness(Strictness.STRICT);
        reader.setNestingLimit(maxDepth);
        return reader;
    }

    /** Decodes UTF-8; a wrong byte fails and is never replaced. */
    public static String decodeUtf8(byte[] utf8) throws CharacterCodingException {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    }

    /** Says whether the text can be written as UTF-8: every surrogate has its other half. */
    public static boolean isWellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                i++;
                if (Character.isLowSurrogate(c) || i == text.length() || !Character.isLowSurrogate(text.charAt(i))) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Says whether the text takes at most so many bytes as UTF-8. */
    public static boolean fitsUtf8(String text, int maxBytes) {
        // A char takes one to three bytes: most texts need no look.
        return text.length() <= maxBytes / 3 || text.length() <= maxBytes && utf8Length(text) <= maxBytes;
    }

    /** Returns how many bytes the text takes as UTF-8. */
    public static long utf8Length(String text) {
        long bytes = text.length();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 0x80) {
                // Each half of a surrogate pair counts two of the four bytes.
                bytes += c < 0x800 || Character.isSurrogate(c) ? 1 : 2;
            }
        }
        return bytes;
    }

    /**
     * Writes a string literal as NIP-01 hashes it: quote, backslash and five control characters have their two-letter
     * escapes, other control characters are {@code \}{@code u00xx} in lower case, all else is verbatim.
     */
    public static void appendString(StringBuilder out, String text) {
        out.append('"');
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= ' ' && c != '"' && c != '\\') {
                continue;
            }
            out.append(text, from, i);
            from = i + 1;
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\b' -> out.append("\\b");
                case '\t' -> out.append("\\t");
                case '\n' -> out.append("\\n");
                case '\f' -> out.append("\\f");
                case '\r' -> out.append("\\r");
                default -> out.append("\\u00").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 0xf));
            }
        }
        out.append(text, from, text.length()).append('"');
    }

    /**
     * Reads past one value.
     *
     * @param maxDepth open arrays and objects within the value
     * @return false when the value is deeper; the reader is of no use then
     * @throws IOException when the text is not JSON
     */
    public static boolean skipValue(JsonReader reader, int maxDepth) throws IOException {
        int depth = 0;
        do {
            JsonToken token = reader.peek();
            switch (token) {
                case BEGIN_ARRAY, BEGIN_OBJECT -> {
                    if (++depth > maxDepth) {
                        return false;
                    }
                    if (token == JsonToken.BEGIN_ARRAY) {
                        reader.beginArray();
                    } else {
                        reader.beginObject();
                    }
                }
                case END_ARRAY -> {
                    reader.endArray();
                    depth--;
                }
                case END_OBJECT -> {
                    reader.endObject();
                    depth--;
                }
                case NAME -> reader.nextName();
                // Read, not skipped: skipping lets control characters pass.
                case STRING, NUMBER -> reader.nextString();
                case BOOLEAN -> reader.nextBoolean();
                case NULL -> reader.nextNull();
                case END_DOCUMENT -> throw new AssertionError("a value was begun");
            }
        } while (depth > 0);
        return true;
    }
}
