package dev.nippush.address;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * Who delivered an event, and whether it was stored there or is live. Equal by value. Immutable.
 */
public final class Source {
    /** The ways in which an event can come. */
    public enum Origin {
        /** The program that embeds the engine. */
        HOST,
        /** A relay that its operator lets stream into our endpoint. */
        FEEDER,
        /** A stranger's connection to our endpoint. */
        ENDPOINT,
        /** A relay that the operator configured. */
        HOME_RELAY,
        /** A relay that a registration named. */
        RELAY
    }

    private static final int MAX_NAME_LENGTH = RelayUrl.MAX_LENGTH;

    private final Origin origin;
    private final String name;
    private final boolean stored;
    private final boolean authenticated;
    private final Optional<RelayUrl> relay;
    private final String key;

    private Source(Origin origin, String name, boolean stored, boolean authenticated, Optional<RelayUrl> relay) {
        if (name.isBlank() || name.length() > MAX_NAME_LENGTH || Text.hasControlCharacter(name)) {
            throw new IllegalArgumentException("the name of a source is 1 to " + MAX_NAME_LENGTH
                    + " characters, no control characters, not " + name.length());
        }
        this.origin = origin;
        this.name = name;
        this.stored = stored;
        this.authenticated = authenticated;
        this.relay = relay;
        this.key = origin + ":" + name;
    }

    /** The embedding program, when it has only one source. */
    public static Source host() {
        return host("host");
    }

    /**
     * One of several sources of the embedding program.
     *
     * @param name 1 to 1,024 characters without control characters, as for all names here
     */
    public static Source host(String name) {
        return new Source(Origin.HOST, requireNonNull(name, "name"), false, false, Optional.empty());
    }

    /** A relay that streams events into our endpoint. */
    public static Source feeder(String name) {
        return new Source(Origin.FEEDER, requireNonNull(name, "name"), false, false, Optional.empty());
    }

    /** A stranger's connection to our endpoint. */
    public static Source endpoint(String name) {
        return new Source(Origin.ENDPOINT, requireNonNull(name, "name"), false, false, Optional.empty());
    }

    /** A relay that a registration named. */
    public static Source relay(RelayUrl url) {
        return new Source(Origin.RELAY, url.toString(), false, false, Optional.of(url));
    }

    /** A relay that the operator configured. */
    public static Source homeRelay(RelayUrl url) {
        return new Source(Origin.HOME_RELAY, url.toString(), false, false, Optional.of(url));
    }

    /** The same source, for an event that it had stored before we asked. */
    public Source asStored() {
        return stored ? this : new Source(origin, name, true, authenticated, relay);
    }

    /** The same source, after we told it who we are (NIP-42): what it sends since then may not be for everybody. */
    public Source asAuthenticated() {
        return authenticated ? this : new Source(origin, name, stored, true, relay);
    }

    /** The way in which the event came. */
    public Origin origin() {
        return origin;
    }

    /** The URL of a relay, else the name given. */
    public String name() {
        return name;
    }

    /** Whether the event was stored there before we asked. */
    public boolean stored() {
        return stored;
    }

    /** Whether the event was delivered as it came in; the opposite of {@link #stored()}. */
    public boolean live() {
        return !stored;
    }

    /** Whether anybody could have got the event there: a relay sent it without knowing who we are. */
    public boolean isPublic() {
        return relay.isPresent() && !authenticated;
    }

    /** The relay, for home relays and others. */
    public Optional<RelayUrl> relay() {
        return relay;
    }

    /** Whether every registration counts events from here: home relays, feeders and the host. */
    public boolean isHome() {
        return origin == Origin.HOST || origin == Origin.FEEDER || origin == Origin.HOME_RELAY;
    }

    /** Whether control messages are read from here: all but the relays that registrations name. */
    public boolean mayControl() {
        return origin != Origin.RELAY;
    }

    /** Who this is, stored or live: the same text for both. */
    public String key() {
        return key;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Source source
                && stored == source.stored
                && authenticated == source.authenticated
                && key.equals(source.key);
    }

    @Override
    public int hashCode() {
        return 4 * key.hashCode() + (stored ? 1 : 0) + (authenticated ? 2 : 0);
    }

    @Override
    public String toString() {
        return stored ? key + " (stored)" : key;
    }
}
