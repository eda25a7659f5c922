package dev.nippush.jdbc;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Ending;
import java.io.IOException;
import java.io.StringReader;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;

/**
 * The lines of an export. The first names the format and its version, the last says how many rows there were; each of the
 * others is a row: its key, and its content as the store has it, in base64.
 */
final class ArchiveLines {

    private static final String FORMAT = "nip-push-store";
    private static final int VERSION = 1;

    private final Contents contents = new Contents();

    static String header() {
        JsonObject line = new JsonObject();
        line.addProperty("format", FORMAT);
        line.addProperty("version", VERSION);
        return line.toString();
    }

    static String end(long rows) {
        JsonObject line = typed("end");
        line.addProperty("rows", rows);
        return line.toString();
    }

    static String of(StoredRow row) {
        if (row instanceof StoredRow.OfAccount of) {
            JsonObject line = typed("account");
            line.addProperty("pubkey", of.account().pubkey().hex());
            return with(line, "content", Contents.of(of.account()));
        }
        if (row instanceof StoredRow.OfDecision of) {
            JsonObject line = typed("decision");
            line.addProperty("account", of.account().hex());
            line.addProperty("event", of.event().hex());
            line.addProperty("receivedAt", of.receivedAt());
            return of.held().isPresent()
                    ? with(line, "held", Contents.of(of.held().get()))
                    : line.toString();
        }
        if (row instanceof StoredRow.OfOwed of) {
            JsonObject line = typed("owed");
            line.addProperty("event", of.push().event().hex());
            line.addProperty("receivedAt", of.receivedAt());
            return with(line, "content", Contents.of(of.push()));
        }
        if (row instanceof StoredRow.OfSettled of) {
            JsonObject line = typed("settled");
            line.addProperty("event", of.event().hex());
            line.addProperty("device", HexFormat.of().formatHex(of.device()));
            line.addProperty("part", of.part());
            line.addProperty("receivedAt", of.receivedAt());
            line.addProperty("ending", of.ending().name());
            line.addProperty("endedAt", of.endedAt());
            return line.toString();
        }
        if (row instanceof StoredRow.OfCursor of) {
            JsonObject line = typed("cursor");
            line.addProperty("relay", of.relay().toString());
            return with(line, "content", Contents.of(of.upTo()));
        }
        throw new AssertionError(row);
    }

    private static JsonObject typed(String type) {
        JsonObject line = new JsonObject();
        line.addProperty("type", type);
        return line;
    }

    private static String with(JsonObject line, String name, byte[] content) {
        line.addProperty(name, Base64.getEncoder().encodeToString(content));
        return line.toString();
    }

    // ---- and back

    /**
     * Reads the first line.
     *
     * @throws DamagedRowException when it is not that of an export, or of one that a newer program wrote
     */
    static void readHeader(String text) {
        JsonObject line = object(text);
        if (!line.has("format") || !text(line, "format").equals(FORMAT)) {
            throw new DamagedRowException("no export of a nip-push store");
        }
        long version = number(line, "version");
        if (version != VERSION) {
            throw new DamagedRowException("format " + version + ", this program reads " + VERSION);
        }
    }

    /** Reads a line as the last one: how many rows came before; empty when it is a row. */
    static Optional<Long> readEnd(JsonObject line) {
        return text(line, "type").equals("end") ? Optional.of(number(line, "rows")) : Optional.empty();
    }

    /**
     * Reads a row.
     *
     * @throws DamagedRowException when it is none
     */
    StoredRow readRow(JsonObject line) {
        try {
            return row(line);
        } catch (IllegalArgumentException e) {
            // Hex, base64, or the name of an ending.
            throw new DamagedRowException("a value that cannot be");
        }
    }

    private StoredRow row(JsonObject line) {
        return switch (text(line, "type")) {
            case "account" ->
                new StoredRow.OfAccount(
                        contents.account(PublicKey.ofHex(text(line, "pubkey")), bytes(line, "content")));
            case "decision" -> {
                PublicKey account = PublicKey.ofHex(text(line, "account"));
                EventId event = EventId.ofHex(text(line, "event"));
                yield new StoredRow.OfDecision(
                        account,
                        event,
                        number(line, "receivedAt"),
                        line.has("held")
                                ? Optional.of(contents.held(account, event, bytes(line, "held")))
                                : Optional.empty());
            }
            case "owed" ->
                new StoredRow.OfOwed(
                        contents.push(EventId.ofHex(text(line, "event")), bytes(line, "content")),
                        number(line, "receivedAt"));
            case "settled" ->
                new StoredRow.OfSettled(
                        EventId.ofHex(text(line, "event")),
                        HexFormat.of().parseHex(text(line, "device")),
                        (int) number(line, "part"),
                        number(line, "receivedAt"),
                        Ending.valueOf(text(line, "ending")),
                        number(line, "endedAt"));
            case "cursor" ->
                new StoredRow.OfCursor(
                        contents.relayUrl(text(line, "relay")), Contents.instant(bytes(line, "content")));
            default -> throw new DamagedRowException("an unknown type");
        };
    }

    /** Reads a line as the JSON object that it has to be. */
    static JsonObject object(String text) {
        JsonReader reader = new JsonReader(new StringReader(text));
        reader.setStrictness(Strictness.STRICT);
        try {
            JsonElement element = JsonParser.parseReader(reader);
            if (element.isJsonObject() && reader.peek() == JsonToken.END_DOCUMENT) {
                return element.getAsJsonObject();
            }
        } catch (JsonParseException | IOException | StackOverflowError notJson) {
            throw new DamagedRowException("no JSON object");
        }
        throw new DamagedRowException("no JSON object");
    }

    private static String text(JsonObject line, String name) {
        JsonElement value = line.get(name);
        if (value == null
                || !value.isJsonPrimitive()
                || !value.getAsJsonPrimitive().isString()) {
            throw new DamagedRowException("no text \"" + name + "\"");
        }
        return value.getAsString();
    }

    private static long number(JsonObject line, String name) {
        JsonElement value = line.get(name);
        if (value != null
                && value.isJsonPrimitive()
                && value.getAsJsonPrimitive().isNumber()) {
            try {
                return Long.parseLong(value.getAsString());
            } catch (NumberFormatException noLong) {
                throw new DamagedRowException("no whole number \"" + name + "\"");
            }
        }
        throw new DamagedRowException("no whole number \"" + name + "\"");
    }

    private static byte[] bytes(JsonObject line, String name) {
        return Base64.getDecoder().decode(text(line, name));
    }
}
