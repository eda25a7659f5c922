package dev.nippush.crypto;

import java.math.BigInteger;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.math.ec.ECAlgorithms;
import org.bouncycastle.math.ec.ECCurve;
import org.bouncycastle.math.ec.ECFieldElement;
import org.bouncycastle.math.ec.ECPoint;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;
import org.bouncycastle.util.BigIntegers;
import org.jspecify.annotations.Nullable;

/** The curve y² = x³ + 7 and its arithmetic, as BIP-340 names it. */
final class Curve {

    static final int BYTES = 32;

    // The curve of its own class: several times faster than the generic one with the same parameters.
    private static final X9ECParameters PARAMETERS = CustomNamedCurves.getByName("secp256k1");
    private static final ECCurve CURVE = PARAMETERS.getCurve();
    private static final ECPoint G = PARAMETERS.getG();
    private static final BigInteger P = CURVE.getField().getCharacteristic();
    private static final ECFieldElement SEVEN = CURVE.getB();

    static final BigInteger ORDER = PARAMETERS.getN();

    private Curve() {}

    /** Returns the point with this X and an even Y, or null when there is none. */
    static @Nullable ECPoint liftX(byte[] x) {
        BigInteger number = number(x);
        if (x.length != BYTES || number.compareTo(P) >= 0) {
            return null;
        }
        ECFieldElement fieldX = CURVE.fromBigInteger(number);
        ECFieldElement y = fieldX.square().multiply(fieldX).add(SEVEN).sqrt();
        if (y == null) {
            return null;
        }
        return CURVE.createPoint(number, (y.testBitZero() ? y.negate() : y).toBigInteger());
    }

    /** Reads a secret key. */
    static BigInteger secret(byte[] secretKey) {
        if (!isSecret(secretKey)) {
            throw new BadKeyException("a secret key is 32 bytes, not zero and below the order of the curve");
        }
        return number(secretKey);
    }

    static boolean isSecret(byte[] bytes) {
        BigInteger number = number(bytes);
        return bytes.length == BYTES && number.signum() > 0 && number.compareTo(ORDER) < 0;
    }

    static ECPoint timesG(BigInteger scalar) {
        return new FixedPointCombMultiplier().multiply(G, scalar).normalize();
    }

    /** Returns {@code a·G + b·point}, for scalars that are no secret. */
    static ECPoint sum(BigInteger a, ECPoint point, BigInteger b) {
        return ECAlgorithms.sumOfTwoMultiplies(G, a, point, b).normalize();
    }

    /**
     * Returns {@code secret·point}.
     *
     * @param mask a random scalar. The library's multiplication takes a time that depends on the scalar; in two random
     *     shares of the secret that tells nothing of it.
     */
    static ECPoint timesSecret(ECPoint point, BigInteger secret, BigInteger mask) {
        BigInteger share = secret.subtract(mask).mod(ORDER);
        return ECAlgorithms.sumOfTwoMultiplies(point, share, point, mask).normalize();
    }

    static boolean hasEvenY(ECPoint normalized) {
        return !normalized.getAffineYCoord().testBitZero();
    }

    static byte[] x(ECPoint normalized) {
        return normalized.getAffineXCoord().getEncoded();
    }

    static BigInteger number(byte[] bytes) {
        return new BigInteger(1, bytes);
    }

    static byte[] bytes(BigInteger number) {
        return BigIntegers.asUnsignedByteArray(BYTES, number);
    }
}
