package dev.nippush.tests.wholepath;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.NostrEvent;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Control messages as the reference client writes them, by name; addressed to {@link #server()}. */
final class Recorded {

    /** Two of the contacts that the recorded settings name. */
    static final KeyPair CONTACT = KeyPair.ofHex("378f13531a04aea46e5028b27dd6c26a7fc166a50fef0b0c6f11a05a95f275ef");

    private static final String FOLDER = "/vectors/control/";

    private final Map<String, JsonObject> lines;

    Recorded() {
        this.lines = read("control.jsonl")
                .lines()
                .map(line -> JsonParser.parseString(line).getAsJsonObject())
                .collect(Collectors.toMap(line -> line.get("name").getAsString(), Function.identity()));
    }

    static KeyPair server() {
        return KeyPair.ofHex(JsonParser.parseString(read("server.json"))
                .getAsJsonObject()
                .get("serverSecretKey")
                .getAsString());
    }

    NostrEvent event(String name) {
        return NostrEvent.parse(line(name).get("event").getAsString());
    }

    JsonObject plaintext(String name) {
        return JsonParser.parseString(line(name).get("plaintext").getAsString()).getAsJsonObject();
    }

    private JsonObject line(String name) {
        JsonObject line = lines.get(name);
        if (line == null) {
            throw new IllegalArgumentException("no recorded message " + name);
        }
        return line;
    }

    private static String read(String file) {
        try (InputStream in = Recorded.class.getResourceAsStream(FOLDER + file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
