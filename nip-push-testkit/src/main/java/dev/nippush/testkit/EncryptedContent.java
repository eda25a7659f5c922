package dev.nippush.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A body in the content encoding {@code aes128gcm} (RFC 8188): a header, and records that are decrypted one by one.
 *
 * @param recordBytes the length of every record but the last, which may be shorter
 * @param keyId which key it was made with
 */
record EncryptedContent(byte[] salt, long recordBytes, byte[] keyId, byte[] records) {

    private static final int SALT_BYTES = 16;
    private static final int TAG_BYTES = 16;
    private static final int KEY_BYTES = 16;
    private static final int NONCE_BYTES = 12;
    /** A tag, a delimiter, and at least one byte more. */
    private static final int SHORTEST_RECORD = TAG_BYTES + 2;

    private static final byte MORE_FOLLOW = 1;
    private static final byte LAST = 2;

    /**
     * Reads the header.
     *
     * @throws GeneralSecurityException when it is none
     */
    static EncryptedContent read(byte[] body) throws GeneralSecurityException {
        if (body.length < SALT_BYTES + 5) {
            throw new GeneralSecurityException("shorter than a header");
        }
        ByteBuffer bytes = ByteBuffer.wrap(body);
        byte[] salt = take(bytes, SALT_BYTES);
        long recordBytes = Integer.toUnsignedLong(bytes.getInt());
        int keyIdBytes = Byte.toUnsignedInt(bytes.get());
        if (recordBytes < SHORTEST_RECORD) {
            throw new GeneralSecurityException("records of " + recordBytes + " bytes");
        }
        if (bytes.remaining() < keyIdBytes) {
            throw new GeneralSecurityException("shorter than its header");
        }
        byte[] keyId = take(bytes, keyIdBytes);
        return new EncryptedContent(salt, recordBytes, keyId, take(bytes, bytes.remaining()));
    }

    /** How many records there are. */
    long count() {
        return (records.length + recordBytes - 1) / recordBytes;
    }

    /**
     * Decrypts all records.
     *
     * @param material the input keying material
     * @throws GeneralSecurityException when a record was made with another key, is cut, padded wrongly or missing
     */
    byte[] decrypt(byte[] material) throws GeneralSecurityException {
        byte[] pseudoRandom = hmac(salt, material);
        SecretKeySpec key =
                new SecretKeySpec(Arrays.copyOf(expand(pseudoRandom, "Content-Encoding: aes128gcm"), KEY_BYTES), "AES");
        byte[] nonce = Arrays.copyOf(expand(pseudoRandom, "Content-Encoding: nonce"), NONCE_BYTES);
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        ByteBuffer left = ByteBuffer.wrap(records);
        for (int sequence = 0; sequence == 0 || left.hasRemaining(); sequence++) {
            byte[] record = take(left, (int) Math.min(recordBytes, left.remaining()));
            if (record.length < TAG_BYTES) {
                // The JDK would not call it a bad tag.
                throw new GeneralSecurityException("a record shorter than its tag");
            }
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            GCMParameterSpec parameters = new GCMParameterSpec(TAG_BYTES * Byte.SIZE, nonceOf(nonce, sequence));
            cipher.init(Cipher.DECRYPT_MODE, key, parameters);
            byte[] padded = cipher.doFinal(record);
            text.write(padded, 0, textLength(padded, left.hasRemaining() ? MORE_FOLLOW : LAST));
        }
        return text.toByteArray();
    }

    private static int textLength(byte[] padded, byte delimiter) throws GeneralSecurityException {
        int end = padded.length;
        while (end > 0 && padded[end - 1] == 0) {
            end--;
        }
        if (end == 0 || padded[end - 1] != delimiter) {
            throw new GeneralSecurityException("a record without its delimiter");
        }
        return end - 1;
    }

    private static byte[] nonceOf(byte[] first, int sequence) {
        ByteBuffer nonce = ByteBuffer.wrap(first.clone());
        int last = NONCE_BYTES - Integer.BYTES;
        nonce.putInt(last, nonce.getInt(last) ^ sequence);
        return nonce.array();
    }

    /** One block of HKDF's second half (RFC 5869), which is all that is needed here. */
    private static byte[] expand(byte[] pseudoRandom, String purpose) throws GeneralSecurityException {
        return hmac(pseudoRandom, (purpose + "\0\u0001").getBytes(StandardCharsets.US_ASCII));
    }

    static byte[] hmac(byte[] key, byte[] message) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(message);
    }

    private static byte[] take(ByteBuffer from, int length) {
        byte[] bytes = new byte[length];
        from.get(bytes);
        return bytes;
    }
}
