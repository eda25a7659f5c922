package dev.nippush.control;

import static java.util.Objects.requireNonNull;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.nippush.address.AddressRule;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.Kind;
import dev.nippush.event.PublicKey;
import dev.nippush.event.StrictJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Reads the plaintext of a control message: strict about JSON, lenient about how a value is spelled, and never half. Safe
 * for use by several threads.
 */
public final class ControlReader {

    private static final int MAX_DEPTH = 32;
    private static final int MAX_DEVICE_CHARS = 4_096;
    private static final int MAX_VALUE_BYTES = 255;
    private static final Pattern KIND = Pattern.compile("[0-9]{1,9}(\\.0{1,9})?");

    private final ControlLimits limits;
    private final DeviceAddressReader devices;
    private final Predicate<DeviceAddress> reachable;
    private final Predicate<RelayUrl> dialable;

    /**
     * Makes a reader.
     *
     * @param devices knows the shapes of device ids
     * @param reachable whether a device that could be read may be registered at all
     * @param dialable whether a relay may be named; one that {@linkplain AddressRule the address rule} forbids is dropped
     */
    public ControlReader(
            ControlLimits limits,
            DeviceAddressReader devices,
            Predicate<DeviceAddress> reachable,
            Predicate<RelayUrl> dialable) {
        this.limits = requireNonNull(limits);
        this.devices = requireNonNull(devices);
        this.reachable = requireNonNull(reachable);
        this.dialable = requireNonNull(dialable);
    }

    /** Reads one plaintext; it never throws for what is in it. */
    public Reading read(String plaintext) {
        try {
            return new Reading.Understood(meaning(object(plaintext)));
        } catch (RefusedException e) {
            return new Reading.Refused(e.refusal);
        }
    }

    private static JsonObject object(String plaintext) throws RefusedException {
        // The reader of gson skips a byte order mark itself.
        JsonReader reader = StrictJson.reader(plaintext, MAX_DEPTH);
        JsonElement element;
        try {
            // Fails where there is nothing at all; the parser would call that null.
            reader.peek();
            element = JsonParser.parseReader(reader);
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw new RefusedException(Refusal.BAD_JSON);
            }
        } catch (IOException | JsonParseException e) {
            throw new RefusedException(Refusal.BAD_JSON);
        }
        if (!element.isJsonObject()) {
            throw new RefusedException(Refusal.NOT_OBJECT);
        }
        return element.getAsJsonObject();
    }

    private ControlMessage meaning(JsonObject json) throws RefusedException {
        Optional<Boolean> online = online(json);
        Optional<String> deviceId = deviceId(json, "deviceId");
        Optional<List<Integer>> kinds = list(
                json,
                "kinds",
                ControlReader::kind,
                limits.kinds(),
                limits.valuesRead(),
                Refusal.BAD_KINDS,
                Refusal.TOO_MANY_KINDS);
        Optional<List<RelayUrl>> relays =
                list(json, "relays", this::relay, limits.relays(), limits.relaysRead(), null, Refusal.TOO_MANY_RELAYS);
        Optional<List<PublicKey>> authors = list(
                json,
                "authors",
                ControlReader::publicKey,
                limits.values(),
                limits.valuesRead(),
                Refusal.BAD_AUTHORS,
                Refusal.TOO_MANY_AUTHORS);
        Optional<List<String>> e = list(
                json,
                "#e",
                ControlReader::reference,
                limits.values(),
                limits.valuesRead(),
                Refusal.BAD_E,
                Refusal.TOO_MANY_E);
        Optional<List<PublicKey>> p = list(
                json,
                "#p",
                ControlReader::publicKey,
                limits.values(),
                limits.valuesRead(),
                Refusal.BAD_P,
                Refusal.TOO_MANY_P);

        boolean names =
                kinds.isPresent() || relays.isPresent() || authors.isPresent() || e.isPresent() || p.isPresent();
        Optional<String> device = deviceId.filter(id -> !id.isEmpty());
        if (names || device.isPresent()) {
            return new ControlMessage.Settings(online, address(device), privacy(json), kinds, relays, authors, e, p);
        }
        if (deviceId.isPresent() && !online.orElse(false)) {
            return new ControlMessage.Logout(address(deviceId(json, "device").filter(id -> !id.isEmpty())));
        }
        if (online.isEmpty()) {
            throw new RefusedException(Refusal.EMPTY);
        }
        return online.get() ? new ControlMessage.Heartbeat() : new ControlMessage.Offline();
    }

    private static Optional<Boolean> online(JsonObject json) throws RefusedException {
        Optional<JsonElement> value = member(json, "online");
        if (value.isEmpty()) {
            return Optional.empty();
        }
        if (!(value.get() instanceof JsonPrimitive spelled)) {
            throw new RefusedException(Refusal.BAD_ONLINE);
        }
        String text = spelled.getAsString();
        return switch (spelled.isString() ? text.strip() : text.replaceFirst("\\.0$", "")) {
            case "1", "true" -> Optional.of(true);
            case "0", "false" -> Optional.of(false);
            default -> throw new RefusedException(Refusal.BAD_ONLINE);
        };
    }

    /** A name that we do not know might ask for less than we would tell: it is refused, not ignored. */
    private static Optional<Privacy> privacy(JsonObject json) throws RefusedException {
        Optional<JsonElement> value = member(json, "privacy");
        if (value.isEmpty()) {
            return Optional.empty();
        }
        Optional<Privacy> level = value.get() instanceof JsonPrimitive name && name.isString()
                ? Privacy.named(name.getAsString().strip().toLowerCase(Locale.ROOT))
                : Optional.empty();
        if (level.isEmpty()) {
            throw new RefusedException(Refusal.BAD_PRIVACY);
        }
        return level;
    }

    private static Optional<String> deviceId(JsonObject json, String key) throws RefusedException {
        Optional<JsonElement> value = member(json, key);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        if (!(value.get() instanceof JsonPrimitive text) || !text.isString()) {
            throw new RefusedException(Refusal.BAD_DEVICE);
        }
        String id = text.getAsString().strip();
        if (id.length() > MAX_DEVICE_CHARS || hasControl(id) || !StrictJson.isWellFormed(id)) {
            throw new RefusedException(Refusal.BAD_DEVICE);
        }
        return Optional.of(id);
    }

    private Optional<DeviceAddress> address(Optional<String> deviceId) throws RefusedException {
        if (deviceId.isEmpty()) {
            return Optional.empty();
        }
        Optional<DeviceAddress> address = devices.read(deviceId.get()).filter(reachable);
        if (address.isEmpty()) {
            throw new RefusedException(Refusal.BAD_DEVICE);
        }
        return address;
    }

    /**
     * Reads a list: an array, an array as JSON within a string, or a single value.
     *
     * @param lostAll what to answer when there were values and none was of use; null when that is an empty list
     */
    private static <T> Optional<List<T>> list(
            JsonObject json,
            String key,
            Function<JsonPrimitive, Optional<T>> reader,
            int used,
            int read,
            @org.jspecify.annotations.Nullable Refusal lostAll,
            Refusal tooMany)
            throws RefusedException {
        Optional<JsonElement> value = member(json, key);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        List<JsonElement> values = values(value.get(), lostAll == null ? Refusal.BAD_RELAYS : lostAll);
        if (values.size() > read) {
            throw new RefusedException(tooMany);
        }
        Set<T> distinct = new LinkedHashSet<>();
        for (JsonElement each : values) {
            if (each instanceof JsonPrimitive primitive) {
                reader.apply(primitive).ifPresent(distinct::add);
            }
        }
        if (distinct.isEmpty() && !values.isEmpty() && lostAll != null) {
            throw new RefusedException(lostAll);
        }
        return Optional.of(distinct.stream().limit(used).toList());
    }

    private static List<JsonElement> values(JsonElement value, Refusal refusal) throws RefusedException {
        if (value.isJsonArray()) {
            return value.getAsJsonArray().asList();
        }
        if (!(value instanceof JsonPrimitive primitive)) {
            throw new RefusedException(refusal);
        }
        if (primitive.isString() && primitive.getAsString().stripLeading().startsWith("[")) {
            List<JsonElement> nested = new ArrayList<>();
            JsonReader reader = StrictJson.reader(primitive.getAsString().strip(), MAX_DEPTH);
            try {
                nested.addAll(JsonParser.parseReader(reader).getAsJsonArray().asList());
                if (reader.peek() == JsonToken.END_DOCUMENT) {
                    return nested;
                }
            } catch (IOException | JsonParseException e) {
                // Not an array after all: it counts as one value, below, and as such is of no use to any list but #e.
                return List.of(primitive);
            }
        }
        return List.of(primitive);
    }

    private static Optional<Integer> kind(JsonPrimitive value) {
        String text = value.isBoolean() ? "" : value.getAsString().strip();
        if (!KIND.matcher(text).matches()) {
            return Optional.empty();
        }
        int point = text.indexOf('.');
        int kind = Integer.parseInt(point < 0 ? text : text.substring(0, point));
        return Kind.isValid(kind) ? Optional.of(kind) : Optional.empty();
    }

    private Optional<RelayUrl> relay(JsonPrimitive value) {
        return text(value).flatMap(RelayUrl::parse).filter(dialable);
    }

    private static Optional<PublicKey> publicKey(JsonPrimitive value) {
        return text(value)
                .map(hex -> hex.toLowerCase(Locale.ROOT))
                .filter(PublicKey::isValid)
                .map(PublicKey::ofHex);
    }

    private static Optional<String> reference(JsonPrimitive value) {
        return text(value)
                .filter(text -> !hasControl(text) && StrictJson.isWellFormed(text))
                .filter(text -> StrictJson.fitsUtf8(text, MAX_VALUE_BYTES))
                .map(text -> {
                    String lower = text.toLowerCase(Locale.ROOT);
                    return PublicKey.isValid(lower) ? lower : text;
                });
    }

    private static Optional<String> text(JsonPrimitive value) {
        return value.isString()
                ? Optional.of(value.getAsString().strip()).filter(text -> !text.isEmpty())
                : Optional.empty();
    }

    private static boolean hasControl(String text) {
        return text.chars().anyMatch(Character::isISOControl);
    }

    private static Optional<JsonElement> member(JsonObject json, String key) {
        return Optional.ofNullable(json.get(key)).filter(value -> !value.isJsonNull());
    }

    /** What came out of a plaintext. */
    public sealed interface Reading {

        /** It means something. */
        record Understood(ControlMessage message) implements Reading {
            public Understood {
                requireNonNull(message);
            }
        }

        /** It breaks a rule. */
        record Refused(Refusal refusal) implements Reading {
            public Refused {
                requireNonNull(refusal);
            }
        }
    }

    /** Carries a refusal out of the reading; it never leaves this class. */
    private static final class RefusedException extends Exception {

        private static final long serialVersionUID = 1L;

        private final Refusal refusal;

        RefusedException(Refusal refusal) {
            super(refusal.code(), null, false, false);
            this.refusal = refusal;
        }
    }
}
