package dev.nippush.tests.simulation;

import dev.nippush.crypto.Secp256k1;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * Stands in for the curve where a thousand worlds must not wait for it: a secret key is the public key turned inside out,
 * and a signature is a hash of key and message. Whoever changes a bit is found out, as with the real one; whoever wants to
 * forge could.
 */
public final class FakeCurve implements Secp256k1 {

    @Override
    public boolean verify(byte[] signature64, byte[] message, byte[] publicKeyX32) {
        return Arrays.equals(signature64, signature(message, publicKeyX32));
    }

    @Override
    public byte[] sign(byte[] message, byte[] secretKey32, byte[] auxRand32) {
        return signature(message, publicKey(secretKey32));
    }

    @Override
    public byte[] publicKey(byte[] secretKey32) {
        byte[] key = new byte[secretKey32.length];
        for (int i = 0; i < key.length; i++) {
            key[i] = (byte) ~secretKey32[i];
        }
        return key;
    }

    @Override
    public byte[] sharedX(byte[] secretKey32, byte[] publicKeyX32) {
        byte[] mine = publicKey(secretKey32);
        boolean mineFirst = Arrays.compare(mine, publicKeyX32) < 0;
        return mineFirst ? hash(mine, publicKeyX32) : hash(publicKeyX32, mine);
    }

    private static byte[] signature(byte[] message, byte[] publicKey) {
        byte[] half = hash(publicKey, message);
        byte[] whole = Arrays.copyOf(half, 64);
        System.arraycopy(hash(message, half), 0, whole, 32, 32);
        return whole;
    }

    private static byte[] hash(byte[] first, byte[] second) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(first);
            return digest.digest(second);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
