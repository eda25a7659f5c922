package dev.nippush.crypto;

import java.math.BigInteger;
import java.security.SecureRandom;
import org.bouncycastle.math.ec.ECPoint;

/** The curve in pure Java. */
final class BouncyCastleSecp256k1 implements Secp256k1 {

    private final SecureRandom random = new SecureRandom();

    @Override
    public boolean verify(byte[] signature64, byte[] message, byte[] publicKeyX32) {
        return Schnorr.verify(signature64, message, publicKeyX32);
    }

    @Override
    public byte[] sign(byte[] message, byte[] secretKey32, byte[] auxRand32) {
        return Schnorr.sign(message, secretKey32, auxRand32);
    }

    @Override
    public byte[] publicKey(byte[] secretKey32) {
        return Curve.x(Curve.timesG(Curve.secret(secretKey32)));
    }

    @Override
    public byte[] sharedX(byte[] secretKey32, byte[] publicKeyX32) {
        BigInteger secret = Curve.secret(secretKey32);
        ECPoint point = Curve.liftX(publicKeyX32);
        if (point == null) {
            throw new BadKeyException("the public key is not on the curve");
        }
        BigInteger mask = new BigInteger(Curve.ORDER.bitLength(), random).mod(Curve.ORDER);
        return Curve.x(Curve.timesSecret(point, secret, mask));
    }
}
