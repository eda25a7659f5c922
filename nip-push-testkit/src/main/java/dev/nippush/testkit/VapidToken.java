package dev.nippush.testkit;

import static java.util.Objects.requireNonNull;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the {@code Authorization} header of a push says of its sender (VAPID, RFC 8292).
 *
 * @param applicationServerKey the sender's public key, base64url of the point: that of {@code k}, which signed the rest
 * @param audience for which push service it was made
 * @param expiresAt until when it may be used
 * @param contact where the sender can be reached; empty if it does not say
 */
public record VapidToken(String applicationServerKey, String audience, Instant expiresAt, Optional<String> contact) {

    private static final Pattern HEADER = Pattern.compile(
            "(?i:vapid) +(?:t=(?<t>[\\w.-]+) *, *k=(?<k>[\\w-]+)|k=(?<k2>[\\w-]+) *, *t=(?<t2>[\\w.-]+))");

    /** Checks that nothing is missing. */
    public VapidToken {
        requireNonNull(applicationServerKey);
        requireNonNull(audience);
        requireNonNull(expiresAt);
        requireNonNull(contact);
    }

    /**
     * Reads a header and checks its signature; whether audience and time are right is for the caller to say.
     *
     * @param authorization {@code vapid t=…, k=…}
     * @throws IllegalArgumentException when it is none, or was not signed with ES256 by the key that it names
     */
    public static VapidToken read(String authorization) {
        Matcher header = HEADER.matcher(authorization);
        if (!header.matches()) {
            throw new IllegalArgumentException("not a header of VAPID");
        }
        String token = Optional.ofNullable(header.group("t")).orElseGet(() -> header.group("t2"));
        String key = Optional.ofNullable(header.group("k")).orElseGet(() -> header.group("k2"));
        String[] parts = token.split("\\.", -1);
        if (parts.length != 3) {
            throw new IllegalArgumentException("not a token of three parts");
        }
        try {
            if (!"ES256".equals(json(parts[0]).get("alg").getAsString())) {
                throw new IllegalArgumentException("not signed with ES256");
            }
            Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
            signature.initVerify(P256.publicKey(Base64.getUrlDecoder().decode(key)));
            signature.update((parts[0] + '.' + parts[1]).getBytes(StandardCharsets.US_ASCII));
            if (!signature.verify(Base64.getUrlDecoder().decode(parts[2]))) {
                throw new IllegalArgumentException("not signed by the key that is named");
            }
            JsonObject claims = json(parts[1]);
            return new VapidToken(
                    key,
                    claims.get("aud").getAsString(),
                    Instant.ofEpochSecond(claims.get("exp").getAsLong()),
                    Optional.ofNullable(claims.get("sub")).map(contact -> contact.getAsString()));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("not a signature of P-256", e);
        } catch (JsonParseException | IllegalStateException | UnsupportedOperationException | NullPointerException e) {
            throw new IllegalArgumentException("not the claims of VAPID", e);
        }
    }

    private static JsonObject json(String base64) {
        byte[] text = Base64.getUrlDecoder().decode(base64);
        return JsonParser.parseString(new String(text, StandardCharsets.UTF_8)).getAsJsonObject();
    }
}
