package dev.nippush.crypto;

import dev.nippush.event.PublicKey;
import dev.nippush.event.StrictJson;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * NIP-04: AES-256-CBC under the bare X coordinate of the ECDH point, written {@code base64?iv=base64}. It hides the text
 * but does not protect it from change: read only what came in a signed event.
 */
public final class Nip04 {

    private static final String SEPARATOR = "?iv=";
    private static final String TRANSFORMATION = "AES/CBC/PKCS5Padding";
    private static final int BLOCK = 16;

    private Nip04() {}

    /**
     * Encrypts under a fresh initialisation vector.
     *
     * @throws BadKeyException when their key has no point on the curve
     * @throws IllegalArgumentException when the plaintext has half a surrogate pair
     */
    public static String encrypt(KeyPair mine, PublicKey theirs, String plaintext) {
        if (!StrictJson.isWellFormed(plaintext)) {
            throw new IllegalArgumentException("the plaintext has half a surrogate pair");
        }
        byte[] iv = mine.randomBytes(BLOCK);
        byte[] ciphertext;
        try {
            ciphertext = cipher(Cipher.ENCRYPT_MODE, mine.sharedX(theirs), iv)
                    .doFinal(plaintext.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every Java platform has " + TRANSFORMATION, e);
        }
        Base64.Encoder base64 = Base64.getEncoder();
        return base64.encodeToString(ciphertext) + SEPARATOR + base64.encodeToString(iv);
    }

    /**
     * Decrypts what the other side encrypted for us, or we for the other side. Base64 is that of RFC 4648, section 4, with
     * or without padding, and nothing else around it; the plaintext has to be UTF-8.
     *
     * @throws DecryptionException whatever the failure
     */
    public static String decrypt(KeyPair mine, PublicKey theirs, String content) {
        int separator = content.indexOf(SEPARATOR);
        if (separator < 0) {
            throw new DecryptionException();
        }
        try {
            Base64.Decoder base64 = Base64.getDecoder();
            byte[] ciphertext = base64.decode(content.substring(0, separator));
            byte[] iv = base64.decode(content.substring(separator + SEPARATOR.length()));
            // Before the point is multiplied: a malformed text should cost nothing.
            if (iv.length != BLOCK || ciphertext.length == 0 || ciphertext.length % BLOCK != 0) {
                throw new DecryptionException();
            }
            return StrictJson.decodeUtf8(
                    cipher(Cipher.DECRYPT_MODE, mine.sharedX(theirs), iv).doFinal(ciphertext));
        } catch (IllegalArgumentException | GeneralSecurityException | CharacterCodingException e) {
            throw new DecryptionException();
        }
    }

    private static Cipher cipher(int mode, byte[] key, byte[] iv) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance(TRANSFORMATION);
        cipher.init(mode, new SecretKeySpec(key, "AES"), new IvParameterSpec(iv));
        return cipher;
    }
}
