package dev.nippush.wire;

import dev.nippush.event.EventId;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.StrictJson;
import java.io.IOException;

/** What a relay sends to a client (NIP-01, NIP-42). */
public sealed interface RelayMessage
        permits RelayMessage.Event,
                RelayMessage.Eose,
                RelayMessage.Closed,
                RelayMessage.Notice,
                RelayMessage.Ok,
                RelayMessage.Auth {

    /**
     * Reads one message and nothing after it. Elements that its type does not have are skipped; a reason that is left out
     * is empty.
     *
     * @throws WireFormatException for anything else
     */
    static RelayMessage parse(String json) {
        return Frame.parse(json, RelayMessage::read);
    }

    private static RelayMessage read(String type, Frame frame) throws IOException {
        return switch (type) {
            case "EVENT" -> new Event(frame.subscription(), frame.event());
            case "EOSE" -> new Eose(frame.subscription());
            case "CLOSED" -> new Closed(frame.subscription(), frame.textOrEmpty());
            case "NOTICE" -> new Notice(frame.text());
            case "OK" -> new Ok(frame.text(), frame.flag(), frame.textOrEmpty());
            case "AUTH" -> new Auth(frame.text());
            default -> throw frame.failure(WireDefect.UNKNOWN_TYPE);
        };
    }

    /** Writes the message, without spaces. */
    String toJson();

    /**
     * An event that a subscription asks for.
     *
     * @param subscription 1 to 64 characters
     * @param event checked for form only
     */
    record Event(String subscription, NostrEvent event) implements RelayMessage {

        /**
         * Checks the id of the subscription.
         *
         * @throws WireFormatException when it is out of range
         */
        public Event {
            Frame.requireSubscription(subscription);
        }

        @Override
        public String toJson() {
            StringBuilder out = new StringBuilder("[\"EVENT\",");
            StrictJson.appendString(out, subscription);
            event.appendJson(out.append(','));
            return out.append(']').toString();
        }
    }

    /**
     * The end of what was stored; what follows is live.
     *
     * @param subscription 1 to 64 characters
     */
    record Eose(String subscription) implements RelayMessage {

        /**
         * Checks the id of the subscription.
         *
         * @throws WireFormatException when it is out of range
         */
        public Eose {
            Frame.requireSubscription(subscription);
        }

        @Override
        public String toJson() {
            StringBuilder out = new StringBuilder("[\"EOSE\",");
            StrictJson.appendString(out, subscription);
            return out.append(']').toString();
        }
    }

    /**
     * A subscription that the relay refused or ended.
     *
     * @param subscription 1 to 64 characters
     * @param reason a machine-readable word, a colon and a text, as {@code auth-required: …}; may be empty
     */
    record Closed(String subscription, String reason) implements RelayMessage {

        /**
         * Checks the id of the subscription.
         *
         * @throws WireFormatException when it is out of range
         */
        public Closed {
            Frame.requireSubscription(subscription);
        }

        @Override
        public String toJson() {
            StringBuilder out = new StringBuilder("[\"CLOSED\",");
            StrictJson.appendString(out, subscription);
            StrictJson.appendString(out.append(','), reason);
            return out.append(']').toString();
        }
    }

    /**
     * A text for people.
     *
     * @param text a stranger's
     */
    record Notice(String text) implements RelayMessage {

        @Override
        public String toJson() {
            StringBuilder out = new StringBuilder("[\"NOTICE\",");
            StrictJson.appendString(out, text);
            return out.append(']').toString();
        }
    }

    /**
     * The answer to an event.
     *
     * @param id of the event, as the relay writes it; empty when it could not read one
     * @param accepted whether the event was taken, now or before
     * @param reason a machine-readable word, a colon and a text, as {@code duplicate: …}; may be empty
     */
    record Ok(String id, boolean accepted, String reason) implements RelayMessage {

        /** Answers an event that could be read. */
        public Ok(EventId id, boolean accepted, String reason) {
            this(id.hex(), accepted, reason);
        }

        @Override
        public String toJson() {
            StringBuilder out = new StringBuilder("[\"OK\",");
            StrictJson.appendString(out, id);
            StrictJson.appendString(out.append(',').append(accepted).append(','), reason);
            return out.append(']').toString();
        }
    }

    /**
     * A challenge to say who one is (NIP-42).
     *
     * @param challenge to be repeated in the answer; lasts for the connection
     */
    record Auth(String challenge) implements RelayMessage {

        @Override
        public String toJson() {
            StringBuilder out = new StringBuilder("[\"AUTH\",");
            StrictJson.appendString(out, challenge);
            return out.append(']').toString();
        }
    }
}
