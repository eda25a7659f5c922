package dev.nippush.server;

import dev.nippush.address.AddressRule;
import dev.nippush.address.Cidr;
import dev.nippush.address.RelayUrl;
import dev.nippush.transport.NotificationComposer;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How the values of configuration keys are written. Each parser throws {@link IllegalArgumentException} with a text that
 * says what is expected and does not repeat the value: a key may stand where its file should.
 */
final class Values {

    /** Turns text into a value. */
    @FunctionalInterface
    interface Parser<T> {

        /**
         * Reads a value.
         *
         * @param text stripped, not empty unless the key is a list
         * @param base the directory that relative paths start from
         */
        T parse(String text, Path base);
    }

    /** The longest duration that a configuration may name; longer ones are slips. */
    static final Duration LONGEST = Duration.ofDays(365);

    private static final Pattern DURATION = Pattern.compile("([0-9]{1,12}) ?(ms|s|m|h|d)");
    private static final Pattern PRIVATE_KEY = Pattern.compile("[0-9a-fA-F]{64}|nsec1.*", Pattern.DOTALL);

    /** A file may have such a name, so it counts only where there is none. */
    private static final Pattern VAPID_KEY = Pattern.compile("[A-Za-z0-9_-]{43}=?");

    private static final String NOT_THE_KEY = "must name a file that holds the key, not be the key";

    private Values() {}

    static Parser<Duration> duration(Duration least) {
        return duration(least, LONGEST);
    }

    static Parser<Duration> duration(Duration least, Duration longest) {
        return (text, base) -> {
            Matcher matcher = DURATION.matcher(text);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("must be a whole number and ms, s, m, h or d, as 150s");
            }
            long amount = Long.parseLong(matcher.group(1));
            Duration unit = switch (matcher.group(2)) {
                case "ms" -> Duration.ofMillis(1);
                case "s" -> Duration.ofSeconds(1);
                case "m" -> Duration.ofMinutes(1);
                case "h" -> Duration.ofHours(1);
                default -> Duration.ofDays(1);
            };
            Duration duration = amount > LONGEST.dividedBy(unit) ? LONGEST.plus(unit) : unit.multipliedBy(amount);
            if (duration.compareTo(least) < 0 || duration.compareTo(longest) > 0) {
                throw new IllegalArgumentException("must be from " + text(least) + " to " + text(longest));
            }
            return duration;
        };
    }

    /** The shortest spelling that {@link #duration} reads back. */
    static String text(Duration duration) {
        long millis = duration.toMillis();
        if (millis % 1_000 != 0) {
            return millis + "ms";
        }
        long seconds = millis / 1_000;
        if (seconds % 86_400 == 0 && seconds >= 172_800) {
            return seconds / 86_400 + "d";
        }
        if (seconds % 3_600 == 0 && seconds > 0) {
            return seconds / 3_600 + "h";
        }
        return seconds % 60 == 0 && seconds >= 600 ? seconds / 60 + "m" : seconds + "s";
    }

    static Parser<Integer> integer(int least, int most) {
        return (text, base) -> {
            if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) < least || Integer.parseInt(text) > most) {
                throw new IllegalArgumentException("must be a whole number from " + least + " to " + most);
            }
            return Integer.parseInt(text);
        };
    }

    static Parser<Boolean> bool() {
        return (text, base) -> switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("must be true or false");
        };
    }

    /** One of an enum's constants, written in lower case. */
    static <E extends Enum<E>> Parser<E> oneOf(Class<E> type) {
        List<E> constants = List.of(type.getEnumConstants());
        List<String> names =
                constants.stream().map(c -> c.name().toLowerCase(Locale.ROOT)).toList();
        return (text, base) -> {
            int index = names.indexOf(text.toLowerCase(Locale.ROOT));
            if (index < 0) {
                throw new IllegalArgumentException("must be one of: " + String.join(", ", names));
            }
            return constants.get(index);
        };
    }

    /** A language that there are texts in, by its tag (BCP 47), in either case. */
    static Parser<Locale> language() {
        return (text, base) -> NotificationComposer.languages().stream()
                .filter(language -> language.toLanguageTag().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("must be one of: " + languages()));
    }

    /** The tags that {@link #language} reads. */
    static String languages() {
        return NotificationComposer.languages().stream()
                .map(Locale::toLanguageTag)
                .collect(Collectors.joining(", "));
    }

    /** Text of these characters alone. */
    static Parser<String> word(String pattern, String description) {
        Pattern compiled = Pattern.compile(pattern);
        return (text, base) -> {
            if (!compiled.matcher(text).matches()) {
                throw new IllegalArgumentException("must be " + description);
            }
            return text;
        };
    }

    /** A file that is there and can be read. */
    static Parser<Path> file() {
        return (text, base) -> {
            Path path = path(text, base);
            if (!Files.isRegularFile(path) && VAPID_KEY.matcher(text).matches()) {
                throw new IllegalArgumentException(NOT_THE_KEY);
            }
            if (!Files.isRegularFile(path)) {
                throw new IllegalArgumentException("must name a file; there is none at " + path);
            }
            if (!Files.isReadable(path)) {
                throw new IllegalArgumentException("this program may not read " + path);
            }
            return path;
        };
    }

    /** A directory, or where one can be made. */
    static Parser<Path> directory() {
        return (text, base) -> {
            Path path = path(text, base);
            if (Files.exists(path) && !Files.isDirectory(path)) {
                throw new IllegalArgumentException("must name a directory; there is a file at " + path);
            }
            return path;
        };
    }

    /** Where a store is. The path of a SQLite file may be relative, and becomes absolute. */
    static Parser<String> storeUrl() {
        return (text, base) -> {
            if (text.startsWith(ServerConfig.Store.SQLITE)) {
                String file = text.substring(ServerConfig.Store.SQLITE.length());
                if (file.isBlank()) {
                    throw new IllegalArgumentException("must name a file after " + ServerConfig.Store.SQLITE);
                }
                return ServerConfig.Store.SQLITE + path(file, base);
            }
            if (!text.startsWith(ServerConfig.Store.POSTGRESQL)) {
                throw new IllegalArgumentException(
                        "must begin with " + ServerConfig.Store.SQLITE + " or " + ServerConfig.Store.POSTGRESQL);
            }
            return text;
        };
    }

    /** Text that no message repeats. */
    static Parser<String> secret() {
        return (text, base) -> text;
    }

    private static Path path(String text, Path base) {
        if (PRIVATE_KEY.matcher(text).matches()) {
            throw new IllegalArgumentException(NOT_THE_KEY);
        }
        try {
            return base.resolve(text).normalize();
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("must be a path");
        }
    }

    static Parser<HostPort> hostPort(int lowestPort) {
        return (text, base) -> HostPort.parse(text, lowestPort);
    }

    static Parser<URI> httpUrl() {
        return (text, base) -> {
            try {
                URI uri = new URI(text);
                boolean http = "https".equalsIgnoreCase(uri.getScheme()) || "http".equalsIgnoreCase(uri.getScheme());
                if (http && uri.getHost() != null && uri.getRawUserInfo() == null && uri.getRawFragment() == null) {
                    return uri;
                }
            } catch (URISyntaxException notAUrl) {
                // Said below, like the other slips.
            }
            throw new IllegalArgumentException("must be an http:// or https:// URL");
        };
    }

    static Parser<RelayUrl> relay() {
        return (text, base) -> RelayUrl.parse(text)
                .orElseThrow(() -> new IllegalArgumentException("must be a ws:// or wss:// URL of a relay"));
    }

    static Parser<Cidr> cidr() {
        return (text, base) -> {
            try {
                return Cidr.of(text);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("must be an IP address or address/bits, as 10.0.0.0/8");
            }
        };
    }

    /** An exemption from the address rule, as text: the rule reads it itself. */
    static Parser<String> exemption() {
        return (text, base) -> {
            try {
                AddressRule.of(List.of(text), List.of(), List.of());
                return text;
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "must be a host, host:port or address/bits; an IPv6 address is bare, with a port in brackets");
            }
        };
    }

    /** Values between commas; empty text is the empty list. */
    static <T> Parser<List<T>> list(Parser<T> item) {
        return (text, base) -> {
            List<T> values = new ArrayList<>();
            List<String> parts = text.isEmpty() ? List.of() : Arrays.asList(text.split(",", -1));
            for (int i = 0; i < parts.size(); i++) {
                try {
                    String part = parts.get(i).strip();
                    if (part.isEmpty()) {
                        throw new IllegalArgumentException("must not be empty");
                    }
                    values.add(item.parse(part, base));
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException("value " + (i + 1) + " " + e.getMessage());
                }
            }
            return List.copyOf(values);
        };
    }
}
