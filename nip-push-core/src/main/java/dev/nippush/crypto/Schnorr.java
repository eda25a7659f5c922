package dev.nippush.crypto;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import org.bouncycastle.math.ec.ECPoint;

/** BIP-340 signatures. Names of steps and variables are the standard's. */
final class Schnorr {

    private static final int SIGNATURE_BYTES = 2 * Curve.BYTES;

    private Schnorr() {}

    static boolean verify(byte[] signature, byte[] message, byte[] publicKey) {
        if (signature.length != SIGNATURE_BYTES) {
            return false;
        }
        byte[] r = Arrays.copyOf(signature, Curve.BYTES);
        BigInteger s = Curve.number(Arrays.copyOfRange(signature, Curve.BYTES, SIGNATURE_BYTES));
        if (s.compareTo(Curve.ORDER) >= 0) {
            return false;
        }
        ECPoint point = Curve.liftX(publicKey);
        if (point == null) {
            return false;
        }
        BigInteger e = challenge(r, publicKey, message);
        ECPoint sum = Curve.sum(s, point, Curve.ORDER.subtract(e));
        // An r that is not below the field's size equals no X, so it needs no check of its own.
        return !sum.isInfinity() && Curve.hasEvenY(sum) && Arrays.equals(Curve.x(sum), r);
    }

    /**
     * Signs. Arithmetic modulo the order is not constant in time; the random mask in the nonce keeps what could be measured
     * from repeating.
     */
    static byte[] sign(byte[] message, byte[] secretKey, byte[] auxRand) {
        if (auxRand.length != Curve.BYTES) {
            throw new IllegalArgumentException("32 random bytes are needed, not " + auxRand.length);
        }
        BigInteger secret = Curve.secret(secretKey);
        ECPoint point = Curve.timesG(secret);
        byte[] publicKey = Curve.x(point);
        BigInteger d = Curve.hasEvenY(point) ? secret : Curve.ORDER.subtract(secret);
        byte[] t = Curve.bytes(d);
        byte[] mask = taggedHash("BIP0340/aux", auxRand);
        for (int i = 0; i < t.length; i++) {
            t[i] ^= mask[i];
        }
        BigInteger nonce =
                Curve.number(taggedHash("BIP0340/nonce", t, publicKey, message)).mod(Curve.ORDER);
        if (nonce.signum() == 0) {
            throw new IllegalStateException("the nonce is zero: the hash is broken");
        }
        ECPoint commitment = Curve.timesG(nonce);
        BigInteger k = Curve.hasEvenY(commitment) ? nonce : Curve.ORDER.subtract(nonce);
        byte[] r = Curve.x(commitment);
        BigInteger s = k.add(challenge(r, publicKey, message).multiply(d)).mod(Curve.ORDER);
        byte[] signature = Arrays.copyOf(r, SIGNATURE_BYTES);
        System.arraycopy(Curve.bytes(s), 0, signature, Curve.BYTES, Curve.BYTES);
        // A signature made by a fault of memory or processor can give the key away.
        if (!verify(signature, message, publicKey)) {
            throw new IllegalStateException("the signature just made does not verify");
        }
        return signature;
    }

    private static BigInteger challenge(byte[] r, byte[] publicKey, byte[] message) {
        return Curve.number(taggedHash("BIP0340/challenge", r, publicKey, message))
                .mod(Curve.ORDER);
    }

    private static byte[] taggedHash(String tag, byte[]... parts) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            byte[] prefix = sha256.digest(tag.getBytes(StandardCharsets.US_ASCII));
            sha256.update(prefix);
            sha256.update(prefix);
            for (byte[] part : parts) {
                sha256.update(part);
            }
            return sha256.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
