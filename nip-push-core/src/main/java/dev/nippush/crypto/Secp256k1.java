package dev.nippush.crypto;

import dev.nippush.event.NostrEvent;
import java.util.HexFormat;

/**
 * What Nostr needs of the curve: BIP-340 signatures and the X coordinate of an ECDH point. Implementations may be called by
 * any thread, keep no array they are given, and write into none.
 */
public interface Secp256k1 {

    /** Returns the built-in implementation. It needs no native library. */
    static Secp256k1 bouncyCastle() {
        return new BouncyCastleSecp256k1();
    }

    /**
     * Says whether this is the key's BIP-340 signature of the message. Arguments of any length and content are answered,
     * never refused: what is malformed is not a signature.
     *
     * @param message the bytes that were signed, of any length; for an event its id
     */
    boolean verify(byte[] signature64, byte[] message, byte[] publicKeyX32);

    /**
     * Signs by BIP-340.
     *
     * @param message the bytes to sign, of any length
     * @param auxRand32 fresh random bytes; they keep a fault or a side channel from giving the key away
     * @return 64 bytes
     * @throws BadKeyException when the secret key is out of range
     */
    byte[] sign(byte[] message, byte[] secretKey32, byte[] auxRand32);

    /**
     * Returns the X coordinate of the public key.
     *
     * @return 32 bytes
     * @throws BadKeyException when the secret key is out of range
     */
    byte[] publicKey(byte[] secretKey32);

    /**
     * Returns the X coordinate of the ECDH point, as it is: NIP-04 and NIP-44 take it unhashed.
     *
     * @return 32 bytes
     * @throws BadKeyException when the public key has no point, or the secret key is out of range
     */
    byte[] sharedX(byte[] secretKey32, byte[] publicKeyX32);

    /** Says whether the event's signature is its author's and of its claimed id. The id itself is not computed anew. */
    default boolean verify(NostrEvent event) {
        return verify(
                HexFormat.of().parseHex(event.sig()),
                event.id().bytes(),
                event.pubkey().bytes());
    }
}
