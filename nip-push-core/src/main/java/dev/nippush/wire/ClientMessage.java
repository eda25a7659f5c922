package dev.nippush.wire;

import dev.nippush.event.Filter;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.StrictJson;
import java.io.IOException;
import java.util.List;

/** What a client sends to a relay (NIP-01, NIP-42, NIP-45). */
public sealed interface ClientMessage
        permits ClientMessage.Event, ClientMessage.Req, ClientMessage.Count, ClientMessage.Close, ClientMessage.Auth {

    /** The longest message read in either direction, as UTF-8. */
    int MAX_BYTES = NostrEvent.MAX_BYTES;

    /** The longest subscription id, in characters (NIP-01). */
    int MAX_SUBSCRIPTION = 64;

    /** The most filters of one subscription. */
    int MAX_FILTERS = 500;

    /**
     * Reads one message and nothing after it. Elements that its type does not have are skipped.
     *
     * @throws WireFormatException for anything else
     */
    static ClientMessage parse(String json) {
        return Frame.parse(json, ClientMessage::read);
    }

    private static ClientMessage read(String type, Frame frame) throws IOException {
        return switch (type) {
            case "EVENT" -> new Event(frame.event());
            case "REQ" -> new Req(frame.subscription(), frame.filters());
            case "COUNT" -> new Count(frame.subscription(), frame.filters());
            case "CLOSE" -> new Close(frame.subscription());
            case "AUTH" -> new Auth(frame.event());
            default -> throw frame.failure(WireDefect.UNKNOWN_TYPE);
        };
    }

    /** Writes the message, without spaces. */
    String toJson();

    /**
     * An event to be published.
     *
     * @param event checked for form only
     */
    record Event(NostrEvent event) implements ClientMessage {

        @Override
        public String toJson() {
            StringBuilder out = new StringBuilder("[\"EVENT\",");
            event.appendJson(out);
            return out.append(']').toString();
        }
    }

    /**
     * A subscription, new or in place of the one of that id.
     *
     * @param subscription 1 to 64 characters
     * @param filters at least one, at most {@link #MAX_FILTERS}; copied
     */
    record Req(String subscription, List<Filter> filters) implements ClientMessage {

        /**
         * Checks both.
         *
         * @throws WireFormatException when one is out of range
         */
        public Req {
            Frame.requireSubscription(subscription);
            filters = checked(filters);
        }

        @Override
        public String toJson() {
            return query("REQ", subscription, filters);
        }
    }

    /**
     * A question for how many events there are (NIP-45).
     *
     * @param subscription 1 to 64 characters
     * @param filters at least one, at most {@link #MAX_FILTERS}; copied
     */
    record Count(String subscription, List<Filter> filters) implements ClientMessage {

        /**
         * Checks both.
         *
         * @throws WireFormatException when one is out of range
         */
        public Count {
            Frame.requireSubscription(subscription);
            filters = checked(filters);
        }

        @Override
        public String toJson() {
            return query("COUNT", subscription, filters);
        }
    }

    private static List<Filter> checked(List<Filter> filters) {
        if (filters.isEmpty() || filters.size() > MAX_FILTERS) {
            throw WireFormatException.ofArgument(WireDefect.BAD_FILTER);
        }
        return List.copyOf(filters);
    }

    private static String query(String type, String subscription, List<Filter> filters) {
        StringBuilder out = new StringBuilder("[\"").append(type).append("\",");
        StrictJson.appendString(out, subscription);
        for (Filter filter : filters) {
            filter.appendJson(out.append(','));
        }
        return out.append(']').toString();
    }

    /**
     * The end of a subscription.
     *
     * @param subscription 1 to 64 characters
     */
    record Close(String subscription) implements ClientMessage {

        /**
         * Checks the id.
         *
         * @throws WireFormatException when it is out of range
         */
        public Close {
            Frame.requireSubscription(subscription);
        }

        @Override
        public String toJson() {
            StringBuilder out = new StringBuilder("[\"CLOSE\",");
            StrictJson.appendString(out, subscription);
            return out.append(']').toString();
        }
    }

    /**
     * The answer to a relay's challenge (NIP-42).
     *
     * @param event of kind 22242 if it is honest; checked for form only
     */
    record Auth(NostrEvent event) implements ClientMessage {

        @Override
        public String toJson() {
            StringBuilder out = new StringBuilder("[\"AUTH\",");
            event.appendJson(out);
            return out.append(']').toString();
        }
    }
}
