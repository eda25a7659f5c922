package dev.nippush.wire;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.nippush.event.EventFormatException;
import dev.nippush.event.Filter;
import dev.nippush.event.FilterFormatException;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.StrictJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One message while it is read: an array whose first element is its type. */
final class Frame {

    private final JsonReader in;
    private @Nullable String subscription;

    private Frame(JsonReader in) {
        this.in = in;
    }

    /** Reads the elements behind the type, in order. */
    interface Elements<T> {
        T read(String type, Frame frame) throws IOException;
    }

    static <T> T parse(String json, Elements<T> elements) {
        if (!StrictJson.fitsUtf8(json, ClientMessage.MAX_BYTES)) {
            throw new WireFormatException(WireDefect.TOO_BIG);
        }
        Frame frame = new Frame(StrictJson.reader(json, 1 + NostrEvent.READER_DEPTH));
        try {
            T message = elements.read(frame.open(), frame);
            frame.close();
            return message;
        } catch (IOException e) {
            throw frame.failure(WireDefect.BAD_JSON);
        }
    }

    static void requireSubscription(String subscription) {
        if (!isSubscription(subscription)) {
            throw WireFormatException.ofArgument(WireDefect.BAD_SUBSCRIPTION);
        }
    }

    private static boolean isSubscription(String text) {
        return !text.isEmpty() && text.length() <= ClientMessage.MAX_SUBSCRIPTION;
    }

    private String open() throws IOException {
        if (in.peek() != JsonToken.BEGIN_ARRAY) {
            throw failure(WireDefect.NO_MESSAGE);
        }
        in.beginArray();
        if (in.peek() != JsonToken.STRING) {
            throw failure(WireDefect.NO_MESSAGE);
        }
        return in.nextString();
    }

    /** Reads past elements that the type does not have: some relays add their own. */
    private void close() throws IOException {
        while (in.hasNext()) {
            if (!StrictJson.skipValue(in, NostrEvent.MAX_DEPTH)) {
                throw failure(WireDefect.DEPTH);
            }
        }
        in.endArray();
        if (in.peek() != JsonToken.END_DOCUMENT) {
            throw failure(WireDefect.BAD_JSON);
        }
    }

    String subscription() throws IOException {
        if (in.peek() != JsonToken.STRING) {
            throw failure(WireDefect.BAD_SUBSCRIPTION);
        }
        String text = in.nextString();
        if (!isSubscription(text)) {
            throw failure(WireDefect.BAD_SUBSCRIPTION);
        }
        subscription = text;
        return text;
    }

    String text() throws IOException {
        if (in.peek() != JsonToken.STRING) {
            throw failure(WireDefect.BAD_ELEMENT);
        }
        return in.nextString();
    }

    /** Reads a text that some relays leave out. */
    String textOrEmpty() throws IOException {
        return in.hasNext() ? text() : "";
    }

    boolean flag() throws IOException {
        if (in.peek() != JsonToken.BOOLEAN) {
            throw failure(WireDefect.BAD_ELEMENT);
        }
        return in.nextBoolean();
    }

    NostrEvent event() throws IOException {
        if (!in.hasNext()) {
            throw failure(WireDefect.BAD_ELEMENT);
        }
        try {
            return NostrEvent.read(in);
        } catch (EventFormatException e) {
            String id = e.id().map(Object::toString).orElse(null);
            throw new WireFormatException(WireDefect.BAD_EVENT, e.defect().text(), subscription, id, e.defect());
        }
    }

    List<Filter> filters() throws IOException {
        List<Filter> filters = new ArrayList<>();
        try {
            while (in.hasNext()) {
                if (filters.size() == ClientMessage.MAX_FILTERS) {
                    throw failure(WireDefect.BAD_FILTER, "too many filters");
                }
                filters.add(Filter.read(in));
            }
        } catch (FilterFormatException e) {
            throw failure(WireDefect.BAD_FILTER, String.valueOf(e.getMessage()));
        }
        if (filters.isEmpty()) {
            throw failure(WireDefect.BAD_FILTER, "no filter");
        }
        return filters;
    }

    WireFormatException failure(WireDefect defect) {
        return failure(defect, defect.text());
    }

    private WireFormatException failure(WireDefect defect, String message) {
        return new WireFormatException(defect, message, subscription, null, null);
    }
}
