package dev.nippush.crypto;

import dev.nippush.event.Bech32;
import dev.nippush.event.EventId;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.event.UnsignedEvent;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * A secret key with its public key: whoever holds it signs and decrypts in its name. Immutable; for any thread. The secret
 * leaves it only through {@link #secretHex}, {@link #nsec} and what is derived from it.
 */
public final class KeyPair {

    private static final String PREFIX = "nsec";

    private final byte[] secret;
    private final PublicKey publicKey;
    private final Secp256k1 curve;
    private final SecureRandom random;

    private KeyPair(byte[] secret, Secp256k1 curve, SecureRandom random) {
        this.secret = secret;
        this.publicKey = PublicKey.ofBytes(curve.publicKey(secret));
        this.curve = curve;
        this.random = random;
    }

    /** Makes a new key. */
    public static KeyPair generate() {
        SecureRandom random = new SecureRandom();
        byte[] secret = new byte[Curve.BYTES];
        do {
            random.nextBytes(secret);
        } while (!Curve.isSecret(secret));
        return new KeyPair(secret, Secp256k1.bouncyCastle(), random);
    }

    /**
     * Takes a secret key as 64 hex digits, in either case.
     *
     * @throws BadKeyException for another text, or a number that is no secret key
     */
    public static KeyPair ofHex(String hex) {
        if (!PublicKey.isValid(hex.toLowerCase(Locale.ROOT))) {
            throw new BadKeyException("a secret key is 64 hex digits");
        }
        return new KeyPair(HexFormat.of().parseHex(hex), Secp256k1.bouncyCastle(), new SecureRandom());
    }

    /**
     * Takes what stands in a key file: 64 hex digits or {@code nsec1…} (NIP-19), with white space around it.
     *
     * @throws IllegalArgumentException for another text; its message holds nothing of the text
     */
    public static KeyPair parse(String text) {
        String key = text.strip();
        if (key.regionMatches(true, 0, PREFIX, 0, PREFIX.length())) {
            return new KeyPair(Bech32.decode(PREFIX, key), Secp256k1.bouncyCastle(), new SecureRandom());
        }
        return ofHex(key);
    }

    /** Returns the same key on another implementation of the curve. */
    public KeyPair with(Secp256k1 curve) {
        return new KeyPair(secret, curve, random);
    }

    /**
     * Returns the same key with another source of the random bytes in signatures, initialisation vectors and nonces. One
     * that is not random is for tests and simulations only.
     */
    public KeyPair with(SecureRandom random) {
        return new KeyPair(secret, curve, random);
    }

    /** Returns the name under which others know the holder. */
    public PublicKey publicKey() {
        return publicKey;
    }

    /** Returns the secret key as 64 lower-case hex digits, to be stored. */
    public String secretHex() {
        return HexFormat.of().formatHex(secret);
    }

    /** Returns the secret key as {@code nsec1…} (NIP-19), to be stored. */
    public String nsec() {
        return Bech32.encode(PREFIX, secret);
    }

    /**
     * Signs an event of ours.
     *
     * @throws IllegalArgumentException when its author is someone else
     */
    public NostrEvent sign(UnsignedEvent event) {
        if (!event.pubkey().equals(publicKey)) {
            throw new IllegalArgumentException("the event has another author");
        }
        EventId id = event.id();
        byte[] signature = curve.sign(id.bytes(), secret, randomBytes(Curve.BYTES));
        return new NostrEvent(
                id,
                publicKey,
                event.createdAt(),
                event.kind(),
                event.tags(),
                event.content(),
                HexFormat.of().formatHex(signature));
    }

    /**
     * Makes and signs an event.
     *
     * @param createdAt seconds since 1970
     */
    public NostrEvent sign(long createdAt, int kind, List<Tag> tags, String content) {
        return sign(new UnsignedEvent(publicKey, createdAt, kind, tags, content));
    }

    /**
     * Returns the X coordinate of the ECDH point with another key, 32 bytes, not hashed.
     *
     * @throws BadKeyException when the other key has no point
     */
    public byte[] sharedX(PublicKey theirs) {
        return curve.sharedX(secret, theirs.bytes());
    }

    /**
     * Derives a secret for one purpose: HMAC-SHA256 under the secret key of the purpose as UTF-8. The same key and purpose
     * give the same 32 bytes; they tell nothing of the key or of other purposes.
     */
    public byte[] derive(String purpose) {
        return HmacSha256.of(secret, purpose.getBytes(StandardCharsets.UTF_8));
    }

    byte[] randomBytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Shows the public key only. */
    @Override
    public String toString() {
        return "KeyPair[" + publicKey + "]";
    }
}
