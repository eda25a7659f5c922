package dev.nippush.address;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Tells from the shape of a {@code deviceId} what it addresses. The shapes are tried in this order, and the first that
 * fits decides:
 *
 * <ol>
 *   <li>{@code {…}}: the JSON of a browser's {@code PushSubscription}, Web Push;
 *   <li>{@code Embedded-FCM/FCM?v2&instance=…&token=…}: FCM for an app without a Firebase SDK. The parameters may come
 *       in any order and are percent-decoded as UTF-8 once; a plus sign stays one;
 *   <li>{@code https://…}: UnifiedPush; {@code http}, {@code ws} and {@code wss} are refused, and so are schemes named
 *       like a built-in channel; any other scheme is a host's own channel;
 *   <li>64 or more hex digits: APNs with the first topic;
 *   <li>a topic, then 64 or more hex digits: APNs with that topic. Where several topics fit, the one that leaves exactly
 *       64 digits wins, else the longest. Without configured topics any bundle id fits, and the last 64 digits are the
 *       token; with them another bundle id is refused;
 *   <li>20 or more of {@code [A-Za-z0-9_:.%-]}: FCM.
 * </ol>
 *
 * <p>Immutable, for any thread.
 */
public final class DeviceAddressReader {
    /** The longest {@code deviceId}, in characters. */
    public static final int MAX_LENGTH = 4_096;

    private static final int SHORTEST_APNS_TOKEN = 64;
    private static final int SHORTEST_FCM_TOKEN = 20;
    private static final int HTTPS_PORT = 443;
    private static final String EMBEDDED_FCM = "Embedded-FCM/";
    private static final String EMBEDDED_FCM_QUERY = EMBEDDED_FCM + "FCM?";
    private static final Set<String> CLEARTEXT_OR_RELAY = Set.of("http", "ws", "wss");

    private final List<String> topics;

    /**
     * Creates a reader.
     *
     * @param topics the configured APNs topics, the default first; empty when APNs is not configured
     * @throws IllegalArgumentException when a topic is not letters, digits, dots and hyphens
     */
    public DeviceAddressReader(List<String> topics) {
        for (String topic : topics) {
            if (!isBundleId(topic)) {
                throw new IllegalArgumentException("not an APNs topic: " + topic);
            }
        }
        this.topics = List.copyOf(new LinkedHashSet<>(topics));
    }

    /** Reads what a stranger sent, with space around it trimmed; empty when it addresses nothing. */
    public Optional<DeviceAddress> read(String deviceId) {
        String text = deviceId.strip();
        if (text.isEmpty()
                || text.length() > MAX_LENGTH
                || Text.hasControlCharacter(text)
                || Text.hasLoneSurrogate(text)) {
            return Optional.empty();
        }
        if (text.startsWith("{")) {
            return webPush(text);
        }
        if (text.startsWith(EMBEDDED_FCM)) {
            return embeddedFcm(text);
        }
        int colon = text.indexOf("://");
        if (colon >= 0) {
            String scheme = text.substring(0, colon);
            return Ascii.isScheme(scheme) ? url(text, scheme.toLowerCase(Locale.ROOT)) : Optional.empty();
        }
        String beforeHex = text.substring(0, hexStart(text));
        if (text.length() - beforeHex.length() >= SHORTEST_APNS_TOKEN) {
            if (beforeHex.isEmpty()) {
                return Optional.of(DeviceAddress.apns(text, topics.stream().findFirst(), lowerCase(text)));
            }
            if (isBundleId(beforeHex)) {
                return topics.isEmpty() ? anyBundle(text) : configuredTopic(text);
            }
        }
        return isFcmToken(text) ? Optional.of(DeviceAddress.fcm(text, text)) : Optional.empty();
    }

    private Optional<DeviceAddress> url(String text, String scheme) {
        if (scheme.equals("https")) {
            return endpoint(text)
                    .map(url -> DeviceAddress.unifiedPush(text, endpointText(url), url.authority(HTTPS_PORT)));
        }
        String afterScheme = text.substring(scheme.length() + "://".length());
        if (CLEARTEXT_OR_RELAY.contains(scheme) || scheme.length() > Channel.MAX_LENGTH || afterScheme.isEmpty()) {
            return Optional.empty();
        }
        Channel channel = new Channel(scheme);
        return channel.isBuiltIn() ? Optional.empty() : Optional.of(DeviceAddress.own(channel, text, afterScheme));
    }

    private static Optional<DeviceAddress> webPush(String text) {
        return PushSubscription.parse(text)
                .flatMap(subscription -> endpoint(subscription.endpoint())
                        .map(url -> DeviceAddress.webPush(
                                text,
                                endpointText(url),
                                url.authority(HTTPS_PORT),
                                new DeviceAddress.PushKeys(subscription.p256dh(), subscription.auth()))));
    }

    private static Optional<UrlParts> endpoint(String url) {
        return UrlParts.parse(url).filter(parts -> parts.scheme().equals("https"));
    }

    private static String endpointText(UrlParts url) {
        String path = url.path().isEmpty() ? "/" : url.path();
        String query = url.query().isEmpty() ? "" : '?' + url.query();
        return "https://" + url.authority(HTTPS_PORT) + path + query;
    }

    private static Optional<DeviceAddress> embeddedFcm(String text) {
        if (!text.startsWith(EMBEDDED_FCM_QUERY)) {
            return Optional.empty();
        }
        Map<String, String> parameters = new HashMap<>();
        for (String parameter : text.substring(EMBEDDED_FCM_QUERY.length()).split("&", -1)) {
            int equals = parameter.indexOf('=');
            String name = equals < 0 ? parameter : parameter.substring(0, equals);
            Optional<String> value = percentDecoded(equals < 0 ? "" : parameter.substring(equals + 1));
            if (value.isEmpty() || parameters.put(name, value.get()) != null) {
                return Optional.empty();
            }
        }
        String instance = parameters.getOrDefault("instance", "");
        String token = parameters.getOrDefault("token", "");
        boolean good = parameters.containsKey("v2")
                && !instance.isBlank()
                && !Text.hasControlCharacter(instance)
                && isFcmToken(token);
        return good ? Optional.of(DeviceAddress.embeddedFcm(text, instance, token)) : Optional.empty();
    }

    private static Optional<DeviceAddress> anyBundle(String text) {
        int split = text.length() - SHORTEST_APNS_TOKEN;
        return Optional.of(
                DeviceAddress.apns(text, Optional.of(text.substring(0, split)), lowerCase(text.substring(split))));
    }

    private Optional<DeviceAddress> configuredTopic(String text) {
        String best = "";
        for (String topic : topics) {
            int digits = text.length() - topic.length();
            boolean fits = text.startsWith(topic)
                    && digits >= SHORTEST_APNS_TOKEN
                    && Ascii.isHex(text.substring(topic.length()));
            if (fits && digits == SHORTEST_APNS_TOKEN) {
                best = topic;
                break;
            }
            if (fits && topic.length() > best.length()) {
                best = topic;
            }
        }
        return best.isEmpty()
                ? Optional.empty()
                : Optional.of(DeviceAddress.apns(text, Optional.of(best), lowerCase(text.substring(best.length()))));
    }

    private static int hexStart(String text) {
        int start = text.length();
        while (start > 0 && Ascii.isHex(text.charAt(start - 1))) {
            start--;
        }
        return start;
    }

    private static boolean isBundleId(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> Ascii.isLetterOrDigit((char) c) || c == '.' || c == '-');
    }

    private static boolean isFcmToken(String text) {
        return text.length() >= SHORTEST_FCM_TOKEN
                && text.chars().allMatch(c -> Ascii.isLetterOrDigit((char) c) || "_:.%-".indexOf(c) >= 0);
    }

    private static String lowerCase(String hex) {
        return hex.toLowerCase(Locale.ROOT);
    }

    private static Optional<String> percentDecoded(String text) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        byte[] decoded = new byte[encoded.length];
        int length = 0;
        for (int i = 0; i < encoded.length; i++) {
            if (encoded[i] != '%') {
                decoded[length++] = encoded[i];
                continue;
            }
            if (i + 2 >= encoded.length || !Ascii.isHex((char) encoded[i + 1]) || !Ascii.isHex((char) encoded[i + 2])) {
                return Optional.empty();
            }
            decoded[length++] = (byte) (Character.digit(encoded[i + 1], 16) << 4 | Character.digit(encoded[i + 2], 16));
            i += 2;
        }
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Arrays.copyOf(decoded, length)))
                    .toString());
        } catch (CharacterCodingException notText) {
            return Optional.empty();
        }
    }
}
