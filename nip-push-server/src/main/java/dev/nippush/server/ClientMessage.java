package dev.nippush.server;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import dev.nippush.event.EventFormatException;
import dev.nippush.event.EventId;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.StrictJson;
import java.io.IOException;
import java.util.Optional;

/** What a client says to a relay (NIP-01), as far as a server that serves no events needs to know it. */
sealed interface ClientMessage {

    /** {@code ["EVENT", …]}. */
    record Event(NostrEvent event) implements ClientMessage {}

    /** {@code ["REQ", id, …]} or {@code ["COUNT", id, …]}; the filters are not looked at. */
    record Query(String verb, String subscription) implements ClientMessage {}

    /** {@code ["CLOSE", id]}. */
    record Close() implements ClientMessage {}

    /** {@code ["AUTH", event]} (NIP-42). */
    record Auth(NostrEvent event) implements ClientMessage {}

    /**
     * Anything else.
     *
     * @param id of the event that it claims to be about, where it has one
     * @param why without anything of the text
     */
    record Bad(Optional<EventId> id, String why) implements ClientMessage {}

    /** The longest subscription id (NIP-01). */
    int MAX_SUBSCRIPTION_LENGTH = 64;

    /** Reads a text of bounded size. Never throws for what it says. */
    static ClientMessage parse(String text) {
        JsonReader reader = StrictJson.reader(text, NostrEvent.READER_DEPTH + 1);
        try {
            if (reader.peek() != JsonToken.BEGIN_ARRAY) {
                return bad("a message is a JSON array");
            }
            reader.beginArray();
            if (reader.peek() != JsonToken.STRING) {
                return bad("a message begins with its type");
            }
            ClientMessage message = body(reader.nextString(), reader);
            if (message instanceof Bad) {
                return message;
            }
            while (reader.peek() != JsonToken.END_ARRAY) {
                if (message instanceof Event || !StrictJson.skipValue(reader, NostrEvent.MAX_DEPTH)) {
                    return bad("a message of this type has fewer parts");
                }
            }
            reader.endArray();
            return reader.peek() == JsonToken.END_DOCUMENT ? message : bad("text after the message");
        } catch (EventFormatException e) {
            return new Bad(e.id(), e.getMessage());
        } catch (MalformedJsonException e) {
            return bad("not JSON");
        } catch (IOException | IllegalStateException e) {
            return bad("not a whole message");
        }
    }

    private static ClientMessage body(String verb, JsonReader reader) throws IOException {
        return switch (verb) {
            case "EVENT" -> new Event(NostrEvent.read(reader));
            case "AUTH" -> new Auth(NostrEvent.read(reader));
            case "REQ", "COUNT" -> {
                String subscription = reader.peek() == JsonToken.STRING ? reader.nextString() : "";
                yield subscription.isEmpty()
                                || subscription.length() > MAX_SUBSCRIPTION_LENGTH
                                || !StrictJson.isWellFormed(subscription)
                        ? bad("a subscription id is text of 1 to " + MAX_SUBSCRIPTION_LENGTH + " characters")
                        : new Query(verb, subscription);
            }
            case "CLOSE" -> new Close();
            default -> bad("no such type of message here: EVENT, REQ, COUNT, CLOSE and AUTH are understood");
        };
    }

    private static Bad bad(String why) {
        return new Bad(Optional.empty(), why);
    }
}
