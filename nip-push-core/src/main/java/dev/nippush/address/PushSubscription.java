package dev.nippush.address;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The JSON of a browser's {@code PushSubscription} (W3C Push API): {@code endpoint}, and {@code p256dh} and
 * {@code auth} in an object {@code keys} or beside the endpoint. Other members are ignored.
 */
record PushSubscription(String endpoint, byte[] p256dh, byte[] auth) {
    private static final int POINT_LENGTH = 65;
    private static final int UNCOMPRESSED_POINT = 4;
    private static final int AUTH_LENGTH = 16;

    /** Empty when the text is not strict JSON, a member is missing, or a key has the wrong length. */
    static Optional<PushSubscription> parse(String json) {
        Map<String, String> members = new HashMap<>();
        try (JsonReader reader = new JsonReader(new StringReader(json))) {
            reader.setStrictness(Strictness.STRICT);
            readStrings(reader, members, true);
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                return Optional.empty();
            }
        } catch (IOException | IllegalStateException notJson) {
            return Optional.empty();
        }
        byte[] point = decoded(members.getOrDefault("p256dh", ""));
        byte[] secret = decoded(members.getOrDefault("auth", ""));
        boolean good = point.length == POINT_LENGTH && point[0] == UNCOMPRESSED_POINT && secret.length == AUTH_LENGTH;
        return good
                ? Optional.of(new PushSubscription(members.getOrDefault("endpoint", ""), point, secret))
                : Optional.empty();
    }

    private static void readStrings(JsonReader reader, Map<String, String> into, boolean outer) throws IOException {
        reader.beginObject();
        while (reader.hasNext()) {
            String name = reader.nextName();
            JsonToken next = reader.peek();
            if (outer && name.equals("keys") && next == JsonToken.BEGIN_OBJECT) {
                readStrings(reader, into, false);
            } else if (next == JsonToken.STRING) {
                into.put(name, reader.nextString());
            } else {
                reader.skipValue();
            }
        }
        reader.endObject();
    }

    /** Base64url as browsers write it, or the ordinary alphabet, padded or not; no bytes when it is neither. */
    private static byte[] decoded(String base64) {
        try {
            return Base64.getUrlDecoder().decode(base64.replace('+', '-').replace('/', '_'));
        } catch (IllegalArgumentException notBase64) {
            return new byte[0];
        }
    }
}
