package dev.nippush.event;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/** Reads one filter, once. */
final class FilterReader {

    private final JsonReader in;
    private final Filter.Builder filter = Filter.builder();

    FilterReader(JsonReader in) {
        this.in = in;
    }

    Filter read() throws IOException {
        require(in.peek() == JsonToken.BEGIN_OBJECT, "a filter is not an object");
        in.beginObject();
        Set<String> seen = new HashSet<>();
        while (in.hasNext()) {
            String name = in.nextName();
            require(seen.add(name), "a key is there twice");
            field(name);
        }
        in.endObject();
        return filter.build();
    }

    private void field(String name) throws IOException {
        switch (name) {
            case "ids" -> filter.ids(texts().stream().map(FilterReader::id).toList());
            case "authors" ->
                filter.authors(texts().stream().map(FilterReader::author).toList());
            case "kinds" -> filter.kinds(kinds());
            case "since" -> filter.since(number(NostrEvent.MAX_CREATED_AT, "since is not a time"));
            case "until" -> filter.until(number(NostrEvent.MAX_CREATED_AT, "until is not a time"));
            case "limit" -> filter.limit((int) number(Integer.MAX_VALUE, "limit is not a count"));
            default -> {
                if (name.length() == 2 && name.charAt(0) == '#' && Filter.isTagName(name.charAt(1))) {
                    filter.tag(name.charAt(1), texts());
                } else {
                    require(StrictJson.skipValue(in, NostrEvent.MAX_DEPTH), "nested too deep");
                }
            }
        }
    }

    private static EventId id(String text) {
        require(EventId.isValid(text), "an id is not 64 lower-case hex digits");
        return EventId.ofHex(text);
    }

    private static PublicKey author(String text) {
        require(PublicKey.isValid(text), "an author is not 64 lower-case hex digits");
        return PublicKey.ofHex(text);
    }

    private List<Integer> kinds() throws IOException {
        List<Integer> kinds = new ArrayList<>();
        beginList();
        while (in.hasNext()) {
            kinds.add((int) number(Kind.MAX, "a kind is not an integer from 0 to 65535"));
        }
        in.endArray();
        return kinds;
    }

    private List<String> texts() throws IOException {
        List<String> texts = new ArrayList<>();
        beginList();
        while (in.hasNext()) {
            require(in.peek() == JsonToken.STRING, "a list holds something else than text");
            texts.add(in.nextString());
        }
        in.endArray();
        return texts;
    }

    private void beginList() throws IOException {
        require(in.peek() == JsonToken.BEGIN_ARRAY, "a list is not an array");
        in.beginArray();
    }

    private long number(long max, String failure) throws IOException {
        require(in.peek() == JsonToken.NUMBER, failure);
        OptionalLong number = Digits.parse(in.nextString(), max);
        require(number.isPresent(), failure);
        return number.orElseThrow();
    }

    private static void require(boolean condition, String failure) {
        if (!condition) {
            throw new FilterFormatException(failure);
        }
    }
}
