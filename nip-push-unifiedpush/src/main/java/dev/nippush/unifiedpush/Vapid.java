package dev.nippush.unifiedpush;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import okhttp3.HttpUrl;

/**
 * Tells push services who sends (RFC 8292): makes tokens, and uses the one of an origin until it is near its end. For any
 * thread.
 */
final class Vapid {

    /** Half of what the standard allows, for clocks that differ. */
    static final Duration LIFE = Duration.ofHours(12);

    static final Duration RENEWED_BEFORE_ITS_END = Duration.ofHours(1);

    /** Strangers choose the origins. */
    static final int MAX_ORIGINS = 1_000;

    private static final int LONGEST_CONTACT = 255;
    private static final Pattern CONTACT =
            Pattern.compile("(mailto:[\\x21-\\x7e&&[^@]]+@|https://)[\\x21-\\x7e&&[^@]]+");
    /** These would end the text in JSON. */
    private static final Pattern QUOTES = Pattern.compile("[\"\\\\]");

    private static final String HEADER = base64Url("{\"typ\":\"JWT\",\"alg\":\"ES256\"}");

    private record Token(String authorization, Instant expiresAt) {}

    private final VapidKey key;
    private final Optional<String> contact;
    private final Clock clock;
    private final Map<String, Token> tokens = new LinkedHashMap<>(16, 0.75f, true);

    Vapid(VapidKey key, Optional<String> contact, Clock clock) {
        this.key = key;
        this.contact = contact;
        this.clock = clock;
    }

    /** Throws an {@link IllegalArgumentException} unless this is a {@code mailto:} address or an {@code https:} URL. */
    static String checkedContact(String contact) {
        if (contact.length() > LONGEST_CONTACT
                || !CONTACT.matcher(contact).matches()
                || QUOTES.matcher(contact).find()) {
            throw new IllegalArgumentException("the contact must be a mailto: address or an https: URL");
        }
        return contact;
    }

    /** The value of the header {@code Authorization} for requests to an endpoint. */
    String authorization(HttpUrl endpoint) {
        String origin = origin(endpoint);
        Instant now = clock.instant();
        // Made outside the lock: two threads may make one each, and either will do.
        return kept(origin)
                .filter(token -> isGood(token, now))
                .orElseGet(() -> keep(origin, token(origin, now)))
                .authorization();
    }

    /** Loads what it takes to make a token. */
    void warmUp() {
        token("https://localhost", clock.instant());
    }

    private synchronized Optional<Token> kept(String origin) {
        return Optional.ofNullable(tokens.get(origin));
    }

    private synchronized Token keep(String origin, Token token) {
        tokens.put(origin, token);
        if (tokens.size() > MAX_ORIGINS) {
            tokens.remove(tokens.keySet().iterator().next());
        }
        return token;
    }

    /** One that ends too late was made before the clock was set back. */
    private static boolean isGood(Token token, Instant now) {
        return !token.expiresAt().isBefore(now.plus(RENEWED_BEFORE_ITS_END))
                && !token.expiresAt().isAfter(now.plus(LIFE));
    }

    private Token token(String origin, Instant now) {
        long expiresAt = now.plus(LIFE).getEpochSecond();
        String subject = contact.map(value -> ",\"sub\":\"" + value + '"').orElse("");
        String claims = "{\"aud\":\"" + origin + "\",\"exp\":" + expiresAt + subject + '}';
        String signed = HEADER + '.' + base64Url(claims);
        byte[] signature = key.sign(signed.getBytes(StandardCharsets.US_ASCII));
        String authorization = "vapid t=" + signed + '.' + base64Url(signature) + ", k=" + key.applicationServerKey();
        return new Token(authorization, Instant.ofEpochSecond(expiresAt));
    }

    /** RFC 6454, section 6.2. */
    private static String origin(HttpUrl url) {
        String host = url.host().indexOf(':') < 0 ? url.host() : '[' + url.host() + ']';
        String port = url.port() == HttpUrl.defaultPort(url.scheme()) ? "" : ":" + url.port();
        return url.scheme() + "://" + host + port;
    }

    private static String base64Url(String text) {
        return base64Url(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String base64Url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
