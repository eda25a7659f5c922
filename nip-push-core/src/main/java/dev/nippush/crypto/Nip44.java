package dev.nippush.crypto;

import dev.nippush.event.PublicKey;
import dev.nippush.event.StrictJson;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import org.bouncycastle.crypto.engines.ChaCha7539Engine;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithIV;

/**
 * NIP-44, version 2: ChaCha20 under a key that is made anew for each text from the ECDH point and a nonce, and an
 * HMAC-SHA256 over nonce and ciphertext, written as one base64 text. It hides the text and, roughly, its length, and shows
 * any change. Who wrote it is told only by the signature of the event that it comes in.
 *
 * <p>A text is 1 to {@link #MAX_BYTES} bytes long as UTF-8. The NIP's longer form, with a length of four bytes behind two
 * zeros, is neither written nor read.
 */
public final class Nip44 {

    /** The longest plaintext, in bytes as UTF-8. */
    public static final int MAX_BYTES = 0xffff;

    private static final byte VERSION = 2;
    /** Begins payloads that are not base64, of versions to come. */
    private static final char OTHER_ENCODING = '#';

    private static final byte[] SALT = "nip44-v2".getBytes(StandardCharsets.US_ASCII);
    private static final int NONCE = 32;
    private static final int LENGTH = Short.BYTES;
    private static final int LEAST_PADDED = 32;
    private static final int OVERHEAD = 1 + NONCE + LENGTH + HmacSha256.BYTES;
    private static final int LEAST_CHARS = base64Length(OVERHEAD + LEAST_PADDED);
    private static final int MOST_CHARS = base64Length(OVERHEAD + paddedLength(MAX_BYTES));

    private Nip44() {}

    /**
     * Encrypts under a fresh nonce.
     *
     * @param plaintext 1 to {@link #MAX_BYTES} bytes as UTF-8
     * @throws BadKeyException when their key has no point on the curve
     * @throws IllegalArgumentException when the plaintext is empty, too long, or has half a surrogate pair
     */
    public static String encrypt(KeyPair mine, PublicKey theirs, String plaintext) {
        return encrypt(conversationKey(mine, theirs), mine.randomBytes(NONCE), plaintext);
    }

    static String encrypt(byte[] conversationKey, byte[] nonce, String plaintext) {
        if (!StrictJson.isWellFormed(plaintext)) {
            throw new IllegalArgumentException("the plaintext has half a surrogate pair");
        }
        if (plaintext.isEmpty() || !StrictJson.fitsUtf8(plaintext, MAX_BYTES)) {
            throw new IllegalArgumentException("the plaintext has to be 1 to " + MAX_BYTES + " bytes long");
        }
        MessageKeys keys = MessageKeys.of(conversationKey, nonce);
        byte[] ciphertext = keys.cipher(pad(plaintext.getBytes(StandardCharsets.UTF_8)));
        byte[] payload = ByteBuffer.allocate(1 + NONCE + ciphertext.length + HmacSha256.BYTES)
                .put(VERSION)
                .put(nonce)
                .put(ciphertext)
                .put(HmacSha256.of(keys.mac(), nonce, ciphertext))
                .array();
        return Base64.getEncoder().encodeToString(payload);
    }

    /**
     * Decrypts what the other side encrypted for us, or we for the other side. Base64 is that of RFC 4648, section 4, as
     * its encoder writes it, with padding, and nothing else around it; the plaintext has to be UTF-8.
     *
     * @throws DecryptionException whatever the failure
     */
    public static String decrypt(KeyPair mine, PublicKey theirs, String payload) {
        // Before the point is multiplied: a malformed text should cost nothing.
        byte[] bytes = decode(payload);
        try {
            return decrypt(conversationKey(mine, theirs), bytes);
        } catch (BadKeyException e) {
            throw new DecryptionException();
        }
    }

    static String decrypt(byte[] conversationKey, String payload) {
        return decrypt(conversationKey, decode(payload));
    }

    private static String decrypt(byte[] conversationKey, byte[] payload) {
        int macAt = payload.length - HmacSha256.BYTES;
        byte[] nonce = Arrays.copyOfRange(payload, 1, 1 + NONCE);
        byte[] ciphertext = Arrays.copyOfRange(payload, 1 + NONCE, macAt);
        byte[] mac = Arrays.copyOfRange(payload, macAt, payload.length);
        MessageKeys keys = MessageKeys.of(conversationKey, nonce);
        // Takes the same time wherever the two differ.
        if (!MessageDigest.isEqual(HmacSha256.of(keys.mac(), nonce, ciphertext), mac)) {
            throw new DecryptionException();
        }
        try {
            return StrictJson.decodeUtf8(unpad(keys.cipher(ciphertext)));
        } catch (CharacterCodingException e) {
            throw new DecryptionException();
        }
    }

    /** Returns version, nonce, ciphertext and code, which are at least as long as those of the shortest text. */
    private static byte[] decode(String payload) {
        if (payload.isEmpty() || payload.charAt(0) == OTHER_ENCODING) {
            throw DecryptionException.ofVersion();
        }
        if (payload.length() < LEAST_CHARS || payload.length() > MOST_CHARS) {
            throw new DecryptionException();
        }
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(payload);
        } catch (IllegalArgumentException e) {
            throw new DecryptionException();
        }
        if (bytes[0] != VERSION) {
            throw DecryptionException.ofVersion();
        }
        // The decoder also takes texts that no encoder writes: without padding, or with bits to spare in the last
        // letter.
        if (bytes.length < OVERHEAD + LEAST_PADDED
                || !Base64.getEncoder().encodeToString(bytes).equals(payload)) {
            throw new DecryptionException();
        }
        return bytes;
    }

    /** Returns the key that two parties share, whichever of the two asks: 32 bytes. */
    static byte[] conversationKey(KeyPair mine, PublicKey theirs) {
        // HKDF-extract (RFC 5869) is one HMAC.
        return HmacSha256.of(SALT, mine.sharedX(theirs));
    }

    /** Returns how long a text of 1 to {@link #MAX_BYTES} bytes is padded to be, its length not counted. */
    static int paddedLength(int length) {
        if (length <= LEAST_PADDED) {
            return LEAST_PADDED;
        }
        int nextPowerOfTwo = Integer.highestOneBit(length - 1) << 1;
        int step = Math.max(LEAST_PADDED, nextPowerOfTwo / 8);
        return (length + step - 1) / step * step;
    }

    private static byte[] pad(byte[] text) {
        return ByteBuffer.allocate(LENGTH + paddedLength(text.length))
                .putShort((short) text.length)
                .put(text)
                .array();
    }

    private static byte[] unpad(byte[] padded) {
        int length = Short.toUnsignedInt(ByteBuffer.wrap(padded).getShort());
        if (length == 0 || padded.length != LENGTH + paddedLength(length)) {
            throw new DecryptionException();
        }
        return Arrays.copyOfRange(padded, LENGTH, LENGTH + length);
    }

    private static int base64Length(int bytes) {
        return (bytes + 2) / 3 * 4;
    }

    /** The keys of one message. */
    record MessageKeys(byte[] chacha, byte[] chachaNonce, byte[] mac) {

        private static final int CHACHA = 32;
        private static final int CHACHA_NONCE = 12;

        /** Derives them from the conversation key, 32 bytes, and the message's nonce, 32 bytes. */
        static MessageKeys of(byte[] conversationKey, byte[] nonce) {
            byte[] okm = expand(conversationKey, nonce, CHACHA + CHACHA_NONCE + HmacSha256.BYTES);
            int macAt = CHACHA + CHACHA_NONCE;
            return new MessageKeys(
                    Arrays.copyOf(okm, CHACHA),
                    Arrays.copyOfRange(okm, CHACHA, macAt),
                    Arrays.copyOfRange(okm, macAt, okm.length));
        }

        /** Encrypts or decrypts: ChaCha20 (RFC 8439) from block 0. */
        byte[] cipher(byte[] text) {
            ChaCha7539Engine engine = new ChaCha7539Engine();
            engine.init(true, new ParametersWithIV(new KeyParameter(chacha), chachaNonce));
            byte[] out = new byte[text.length];
            engine.processBytes(text, 0, text.length, out, 0);
            return out;
        }

        /** HKDF-expand (RFC 5869). */
        private static byte[] expand(byte[] key, byte[] info, int length) {
            ByteBuffer out = ByteBuffer.allocate(length);
            byte[] block = {};
            for (byte i = 1; out.hasRemaining(); i++) {
                block = HmacSha256.of(key, block, info, new byte[] {i});
                out.put(block, 0, Math.min(block.length, out.remaining()));
            }
            return out.array();
        }

        /** Shows nothing: these are keys. */
        @Override
        public String toString() {
            return "MessageKeys";
        }
    }
}
