package dev.nippush.event;

import java.util.Locale;

/**
 * A public key as Nostr writes it: the X coordinate of a point of secp256k1 (BIP-340). Any 32 bytes make one; whether a
 * point belongs to them is found when a signature is checked. Ordered by its bytes.
 */
public final class PublicKey extends Bytes32 implements Comparable<PublicKey> {

    private static final String PREFIX = "npub";

    private PublicKey(byte[] bytes) {
        super(bytes);
    }

    private PublicKey(String hex) {
        super(hex);
    }

    /** Takes 64 lower-case hex digits; anything else is an {@link IllegalArgumentException}. */
    public static PublicKey ofHex(String hex) {
        return new PublicKey(hex);
    }

    /** Takes 32 bytes and copies them; another length is an {@link IllegalArgumentException}. */
    public static PublicKey ofBytes(byte[] bytes) {
        return new PublicKey(bytes);
    }

    /** Says whether {@link #ofHex} takes this text. */
    public static boolean isValid(String text) {
        return isHex(text);
    }

    /**
     * Takes what a person types: 64 hex digits in either case, or {@code npub1…} (NIP-19), with white space around it.
     * Anything else is an {@link IllegalArgumentException}.
     */
    public static PublicKey parse(String text) {
        String key = text.strip();
        if (key.regionMatches(true, 0, PREFIX, 0, PREFIX.length())) {
            return new PublicKey(Bech32.decode(PREFIX, key));
        }
        return new PublicKey(key.toLowerCase(Locale.ROOT));
    }

    /** Returns the key as {@code npub1…} (NIP-19). */
    public String npub() {
        return Bech32.encode(PREFIX, bytes());
    }

    @Override
    public int compareTo(PublicKey other) {
        return compareBytes(other);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PublicKey key && sameBytes(key);
    }
}
