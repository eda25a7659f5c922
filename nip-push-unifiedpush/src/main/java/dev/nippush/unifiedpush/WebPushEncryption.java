package dev.nippush.unifiedpush;

import dev.nippush.address.DeviceAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.util.Arrays;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Encrypts a text so that one subscription can read it (RFC 8291): a single record of {@code aes128gcm} (RFC 8188), under
 * a key and a salt that are used once. The text is padded, so that its length does not give away which sort of event came.
 *
 * <p>Immutable, for any thread.
 */
final class WebPushEncryption {

    /** The largest body that every push service takes (RFC 8030, section 7.2). */
    static final int MAX_BODY_BYTES = 4_096;

    private static final int AUTH_BYTES = 16;
    private static final int SALT_BYTES = 16;
    private static final int TAG_BYTES = 16;
    private static final int KEY_BYTES = 16;
    private static final int NONCE_BYTES = 12;
    private static final int DELIMITER_BYTES = 1;
    private static final int HEADER_BYTES = SALT_BYTES + Integer.BYTES + 1 + P256.POINT_BYTES;
    private static final int OVERHEAD_BYTES = HEADER_BYTES + DELIMITER_BYTES + TAG_BYTES;

    /** The longest text. */
    static final int MAX_TEXT_BYTES = MAX_BODY_BYTES - OVERHEAD_BYTES;

    /** For a service that takes less than it has to. */
    static final int SMALL_TEXT_BYTES = 768;

    /** Texts are padded to multiples of this: those of the built-in composer all have one length. */
    static final int PADDING_STEP = 256;

    private static final byte LAST_RECORD = 2;
    private static final byte[] KEY_INFO = ascii("WebPush: info\0");
    private static final byte[] CONTENT_KEY_INFO = ascii("Content-Encoding: aes128gcm\0\u0001");
    private static final byte[] NONCE_INFO = ascii("Content-Encoding: nonce\0\u0001");

    private final ECPublicKey receiver;
    private final byte[] auth;

    private WebPushEncryption(ECPublicKey receiver, byte[] auth) {
        this.receiver = receiver;
        this.auth = auth;
    }

    /** What encrypts for a device; empty when it has no keys, or its public key is no point of the curve. */
    static Optional<WebPushEncryption> to(DeviceAddress device) {
        return device.p256dh()
                .flatMap(P256::publicKey)
                .flatMap(receiver -> device.auth().map(auth -> new WebPushEncryption(receiver, auth)));
    }

    /** For a receiver whose key is thrown away: what it takes to encrypt is loaded. */
    static WebPushEncryption toNobody() {
        return new WebPushEncryption((ECPublicKey) P256.generate().getPublic(), new byte[AUTH_BYTES]);
    }

    /** How long the body will be. */
    static int bodyBytes(byte[] text) {
        return OVERHEAD_BYTES + paddedBytes(text);
    }

    private static int paddedBytes(byte[] text) {
        int steps = Math.max(1, (text.length + PADDING_STEP - 1) / PADDING_STEP);
        return Math.max(text.length, Math.min(steps * PADDING_STEP, MAX_TEXT_BYTES));
    }

    /** The whole body of a request; another one each time. */
    byte[] encrypt(byte[] text) {
        byte[] salt = new byte[SALT_BYTES];
        new SecureRandom().nextBytes(salt);
        return encrypt(text, paddedBytes(text) - text.length, P256.generate(), salt, MAX_BODY_BYTES);
    }

    /**
     * The body as these make it, which must be new for each message.
     *
     * @param recordBytes what the header says of the size of records; the only one must fit
     */
    byte[] encrypt(byte[] text, int padding, KeyPair sender, byte[] salt, int recordBytes) {
        byte[] senderPoint = P256.point((ECPublicKey) sender.getPublic());
        byte[] agreed = hmac(auth, P256.agree((ECPrivateKey) sender.getPrivate(), receiver));
        byte[] material = hmac(agreed, KEY_INFO, P256.point(receiver), senderPoint, new byte[] {1});
        byte[] pseudoRandom = hmac(salt, material);
        byte[] padded = Arrays.copyOf(text, text.length + DELIMITER_BYTES + padding);
        padded[text.length] = LAST_RECORD;
        ByteBuffer body = ByteBuffer.allocate(HEADER_BYTES + padded.length + TAG_BYTES)
                .put(salt)
                .putInt(recordBytes)
                .put((byte) senderPoint.length)
                .put(senderPoint);
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(
                    Cipher.ENCRYPT_MODE,
                    new SecretKeySpec(hmac(pseudoRandom, CONTENT_KEY_INFO), 0, KEY_BYTES, "AES"),
                    new GCMParameterSpec(TAG_BYTES * Byte.SIZE, hmac(pseudoRandom, NONCE_INFO), 0, NONCE_BYTES));
            return body.put(cipher.doFinal(padded)).array();
        } catch (GeneralSecurityException e) {
            throw P256.missing(e);
        }
    }

    /** Both halves of HKDF (RFC 5869): all that is derived here fits into its first block. */
    private static byte[] hmac(byte[] key, byte[]... message) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            for (byte[] part : message) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw P256.missing(e);
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
