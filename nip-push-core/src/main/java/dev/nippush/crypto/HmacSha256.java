package dev.nippush.crypto;

import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** HMAC-SHA256 (RFC 2104). */
final class HmacSha256 {

    static final int BYTES = 32;

    private static final String ALGORITHM = "HmacSHA256";

    private HmacSha256() {}

    /**
     * Returns the code of all parts, one behind the other.
     *
     * @param key not empty
     * @return 32 bytes
     */
    static byte[] of(byte[] key, byte[]... parts) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
            for (byte[] part : parts) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new AssertionError("every Java platform has " + ALGORITHM + " for keys of any length", e);
        }
    }
}
