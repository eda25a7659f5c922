package dev.nippush.apns;

import static java.util.Objects.requireNonNull;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The one provider token that all connections show, a JWT signed by ES256 (Apple's "Establishing a token-based connection
 * to APNs"). Apple takes a token for an hour, and a new one of the same key at most every 20 minutes; each connection
 * with a token of its own would break that rule whenever connections are lost. For any thread.
 */
final class ProviderTokens {

    /** A token of this age is replaced: Apple would take it for ten minutes more. */
    static final Duration RENEWED_AFTER = Duration.ofMinutes(50);

    /** No token is made sooner than this after the one before it. */
    static final Duration LEAST_AGE = Duration.ofMinutes(20);

    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    private final ECPrivateKey key;
    private final String keyId;
    private final String teamId;
    private final InstantSource clock;
    private final LongSupplier nanoTime;

    private @Nullable Token current;

    /** A token, and when it was made by two clocks: Apple reads the one, and the other is never set. */
    private record Token(String value, Instant issuedAt, long madeAt) {}

    ProviderTokens(ECPrivateKey key, String keyId, String teamId, InstantSource clock, LongSupplier nanoTime) {
        this.key = requireNonNull(key);
        this.keyId = requireNonNull(keyId);
        this.teamId = requireNonNull(teamId);
        this.clock = requireNonNull(clock);
        this.nanoTime = requireNonNull(nanoTime);
    }

    /** The token to show now. */
    synchronized String current() {
        Token token = current;
        if (token == null || isWorn(token) && mayBeReplaced(token)) {
            token = made();
            current = token;
        }
        return token.value;
    }

    /** Apple calls this token expired: the next one is another, unless this one is too young to be replaced. */
    synchronized void expired(String token) {
        if (current != null && current.value.equals(token) && mayBeReplaced(current)) {
            current = null;
        }
    }

    private boolean isWorn(Token token) {
        Duration age = Duration.between(token.issuedAt, clock.instant());
        return age.isNegative() || age.compareTo(RENEWED_AFTER) >= 0;
    }

    private boolean mayBeReplaced(Token token) {
        // The wall clock runs on while the machine sleeps, the other one does not.
        return Duration.between(token.issuedAt, clock.instant()).compareTo(LEAST_AGE) >= 0
                || nanoTime.getAsLong() - token.madeAt >= LEAST_AGE.toNanos();
    }

    private Token made() {
        Instant now = clock.instant();
        String header = "{\"alg\":\"ES256\",\"kid\":\"" + keyId + "\"}";
        String claims = "{\"iss\":\"" + teamId + "\",\"iat\":" + now.getEpochSecond() + "}";
        String signed = base64(header) + "." + base64(claims);
        try {
            // RFC 7518, section 3.4: r and s side by side.
            Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
            signature.initSign(key);
            signature.update(signed.getBytes(StandardCharsets.US_ASCII));
            return new Token(signed + "." + BASE64.encodeToString(signature.sign()), now, nanoTime.getAsLong());
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String base64(String text) {
        return BASE64.encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Holds no secret. */
    @Override
    public String toString() {
        return "ProviderTokens[key " + keyId + " of team " + teamId + "]";
    }
}
