package dev.nippush.event;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A subscription filter (NIP-01). What it does not name it does not ask for; an empty list matches nothing. Immutable;
 * equal by what it asks for. Lists keep their order and lose repetitions.
 */
public final class Filter {

    private final @Nullable Set<EventId> ids;
    private final @Nullable Set<PublicKey> authors;
    private final @Nullable Set<Integer> kinds;
    private final Map<Character, Set<String>> tags;
    private final OptionalLong since;
    private final OptionalLong until;
    private final OptionalInt limit;

    private Filter(Builder builder) {
        ids = builder.ids;
        authors = builder.authors;
        kinds = builder.kinds;
        tags = Collections.unmodifiableMap(new TreeMap<>(builder.tags));
        since = builder.since;
        until = builder.until;
        limit = builder.limit;
    }

    /** Returns a builder; untouched it makes the filter that matches everything. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Reads one filter and nothing after it. Unknown keys, {@code search} and tag names of more than one letter among
     * them, are skipped.
     *
     * @throws FilterFormatException for a value of the wrong type or range, a key that is there twice, or bad JSON
     */
    public static Filter parse(String json) {
        if (!StrictJson.fitsUtf8(json, NostrEvent.MAX_BYTES)) {
            throw new FilterFormatException("too big");
        }
        JsonReader reader = StrictJson.reader(json, NostrEvent.READER_DEPTH);
        try {
            Filter filter = read(reader);
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw new FilterFormatException("text after the filter");
            }
            return filter;
        } catch (IOException e) {
            throw new FilterFormatException("not JSON");
        }
    }

    /**
     * Reads the filter that comes next, from a reader as {@link NostrEvent#read} takes it. After a failure the reader is
     * of no further use.
     *
     * @throws FilterFormatException when what comes is not a filter
     * @throws IOException when the text is not JSON
     */
    public static Filter read(JsonReader reader) throws IOException {
        return new FilterReader(reader).read();
    }

    /** Says whether the event is asked for. The limit plays no part. */
    public boolean matches(NostrEvent event) {
        if (kinds != null && !kinds.contains(event.kind())
                || since.isPresent() && event.createdAt() < since.getAsLong()
                || until.isPresent() && event.createdAt() > until.getAsLong()
                || authors != null && !authors.contains(event.pubkey())
                || ids != null && !ids.contains(event.id())) {
            return false;
        }
        for (Map.Entry<Character, Set<String>> tag : tags.entrySet()) {
            if (!hasTag(event, tag.getKey(), tag.getValue())) {
                return false;
            }
        }
        return true;
    }

    private static boolean hasTag(NostrEvent event, char name, Set<String> values) {
        for (Tag tag : event.tags()) {
            if (tag.hasValue()
                    && tag.name().length() == 1
                    && tag.name().charAt(0) == name
                    && values.contains(tag.value())) {
                return true;
            }
        }
        return false;
    }

    /** Returns the ids asked for, or empty when any will do. */
    public Optional<Set<EventId>> ids() {
        return Optional.ofNullable(ids);
    }

    /** Returns the authors asked for, or empty when any will do. */
    public Optional<Set<PublicKey>> authors() {
        return Optional.ofNullable(authors);
    }

    /** Returns the kinds asked for, or empty when any will do. */
    public Optional<Set<Integer>> kinds() {
        return Optional.ofNullable(kinds);
    }

    /** Returns the values asked for, by the letter of the tag; empty when no tag is named. */
    public Map<Character, Set<String>> tags() {
        return tags;
    }

    /** Returns the earliest time asked for, in seconds since 1970. */
    public OptionalLong since() {
        return since;
    }

    /** Returns the latest time asked for, in seconds since 1970. */
    public OptionalLong until() {
        return until;
    }

    /** Returns how many stored events are asked for at most. */
    public OptionalInt limit() {
        return limit;
    }

    /** Returns a builder that asks for the same, to be changed in parts. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.ids = ids;
        builder.authors = authors;
        builder.kinds = kinds;
        builder.tags.putAll(tags);
        builder.since = since;
        builder.until = until;
        builder.limit = limit;
        return builder;
    }

    /** Writes the filter, without spaces, keys always in the same order. */
    public String toJson() {
        StringBuilder out = new StringBuilder(64);
        appendJson(out);
        return out.toString();
    }

    /** Writes the filter, without spaces, behind what is there. */
    public void appendJson(StringBuilder out) {
        out.append('{');
        int start = out.length();
        appendList(out, start, "ids", ids);
        appendList(out, start, "authors", authors);
        appendList(out, start, "kinds", kinds);
        tags.forEach((name, values) -> appendList(out, start, "#" + name, values));
        since.ifPresent(time -> appendKey(out, start, "since").append(time));
        until.ifPresent(time -> appendKey(out, start, "until").append(time));
        limit.ifPresent(count -> appendKey(out, start, "limit").append(count));
        out.append('}');
    }

    private static void appendList(StringBuilder out, int start, String key, @Nullable Set<?> values) {
        if (values == null) {
            return;
        }
        appendKey(out, start, key).append('[');
        String separator = "";
        for (Object value : values) {
            out.append(separator);
            if (value instanceof Integer number) {
                out.append(number.intValue());
            } else {
                StrictJson.appendString(out, value.toString());
            }
            separator = ",";
        }
        out.append(']');
    }

    private static StringBuilder appendKey(StringBuilder out, int start, String key) {
        if (out.length() > start) {
            out.append(',');
        }
        return out.append('"').append(key).append("\":");
    }

    static boolean isTagName(char letter) {
        return letter >= 'a' && letter <= 'z' || letter >= 'A' && letter <= 'Z';
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Filter filter
                && Objects.equals(ids, filter.ids)
                && Objects.equals(authors, filter.authors)
                && Objects.equals(kinds, filter.kinds)
                && tags.equals(filter.tags)
                && since.equals(filter.since)
                && until.equals(filter.until)
                && limit.equals(filter.limit);
    }

    @Override
    public int hashCode() {
        return Objects.hash(ids, authors, kinds, tags, since, until, limit);
    }

    /** Returns {@link #toJson}. */
    @Override
    public String toString() {
        return toJson();
    }

    /** Makes filters. A list given again replaces the former. For one thread; may build more than once. */
    public static final class Builder {

        private @Nullable Set<EventId> ids;
        private @Nullable Set<PublicKey> authors;
        private @Nullable Set<Integer> kinds;
        private final Map<Character, Set<String>> tags = new TreeMap<>();
        private OptionalLong since = OptionalLong.empty();
        private OptionalLong until = OptionalLong.empty();
        private OptionalInt limit = OptionalInt.empty();

        private Builder() {}

        /** Asks for these ids only. */
        public Builder ids(Collection<EventId> ids) {
            this.ids = copy(ids);
            return this;
        }

        /** Asks for these authors only. */
        public Builder authors(Collection<PublicKey> authors) {
            this.authors = copy(authors);
            return this;
        }

        /** Asks for these kinds only. */
        public Builder kinds(int... kinds) {
            return kinds(Arrays.stream(kinds).boxed().toList());
        }

        /** Asks for these kinds only. */
        public Builder kinds(Collection<Integer> kinds) {
            for (int kind : kinds) {
                require(Kind.isValid(kind), "no kind: " + kind);
            }
            this.kinds = copy(kinds);
            return this;
        }

        /**
         * Asks for events with a tag of this name whose first value is one of these.
         *
         * @param name a to z or A to Z
         */
        public Builder tag(char name, Collection<String> values) {
            require(isTagName(name), "a filter names tags by one letter");
            for (String value : values) {
                require(StrictJson.isWellFormed(value), "half a surrogate pair");
            }
            tags.put(name, copy(values));
            return this;
        }

        /** Asks for events of this time or later, in seconds since 1970. */
        public Builder since(long since) {
            require(since >= 0 && since <= NostrEvent.MAX_CREATED_AT, "since is out of range");
            this.since = OptionalLong.of(since);
            return this;
        }

        /** Asks for events of this time or earlier, in seconds since 1970. */
        public Builder until(long until) {
            require(until >= 0 && until <= NostrEvent.MAX_CREATED_AT, "until is out of range");
            this.until = OptionalLong.of(until);
            return this;
        }

        /** Asks for at most so many stored events; 0 asks for live ones only. */
        public Builder limit(int limit) {
            require(limit >= 0, "limit is negative");
            this.limit = OptionalInt.of(limit);
            return this;
        }

        /** Makes a filter of what was asked for so far. */
        public Filter build() {
            return new Filter(this);
        }

        private static <T> Set<T> copy(Collection<T> values) {
            // Not Set.copyOf: its order changes from run to run.
            return Collections.unmodifiableSet(new LinkedHashSet<>(values));
        }

        private static void require(boolean condition, String failure) {
            if (!condition) {
                throw new IllegalArgumentException(failure);
            }
        }
    }
}
