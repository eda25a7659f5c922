package dev.nippush.unifiedpush;

import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECFieldFp;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPrivateKeySpec;
import java.security.spec.ECPublicKeySpec;
import java.util.Arrays;
import java.util.Optional;
import javax.crypto.KeyAgreement;

/** The curve of Web Push, by the JDK's own implementation: keys, their bytes, and the agreement of two of them. */
final class P256 {

    /** A 4, then both coordinates: the uncompressed form of SEC 1, section 2.3.3. */
    static final int POINT_BYTES = 65;

    static final int NUMBER_BYTES = 32;

    private static final byte UNCOMPRESSED = 4;
    private static final ECGenParameterSpec NAME = new ECGenParameterSpec("secp256r1");
    private static final ECParameterSpec CURVE = curve();
    private static final BigInteger PRIME = ((ECFieldFp) CURVE.getCurve().getField()).getP();

    private P256() {}

    private static ECParameterSpec curve() {
        try {
            AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
            parameters.init(NAME);
            return parameters.getParameterSpec(ECParameterSpec.class);
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    static KeyPair generate() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(NAME);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    /** The key with this secret number; empty when no key has it. */
    static Optional<ECPrivateKey> privateKey(BigInteger number) {
        if (number.signum() <= 0 || number.compareTo(CURVE.getOrder()) >= 0) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    (ECPrivateKey) KeyFactory.getInstance("EC").generatePrivate(new ECPrivateKeySpec(number, CURVE)));
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    /** The key at this point; empty when the bytes are no point of the curve. */
    static Optional<ECPublicKey> publicKey(byte[] point) {
        if (point.length != POINT_BYTES || point[0] != UNCOMPRESSED) {
            return Optional.empty();
        }
        BigInteger x = new BigInteger(1, Arrays.copyOfRange(point, 1, 1 + NUMBER_BYTES));
        BigInteger y = new BigInteger(1, Arrays.copyOfRange(point, 1 + NUMBER_BYTES, POINT_BYTES));
        boolean onCurve = x.compareTo(PRIME) < 0
                && y.compareTo(PRIME) < 0
                && y.multiply(y).mod(PRIME).equals(squareOfY(x));
        return onCurve ? Optional.of(publicKey(x, y)) : Optional.empty();
    }

    private static ECPublicKey publicKey(BigInteger x, BigInteger y) {
        try {
            return (ECPublicKey)
                    KeyFactory.getInstance("EC").generatePublic(new ECPublicKeySpec(new ECPoint(x, y), CURVE));
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    private static BigInteger squareOfY(BigInteger x) {
        return x.multiply(x)
                .add(CURVE.getCurve().getA())
                .multiply(x)
                .add(CURVE.getCurve().getB())
                .mod(PRIME);
    }

    /**
     * The two keys one of which belongs to a secret key. The JDK multiplies points in agreements only, and an agreement
     * with the generator gives the first coordinate of the public key, but not the sign of the second.
     */
    static ECPublicKey[] candidates(ECPrivateKey secret) {
        BigInteger x = new BigInteger(
                1,
                agree(
                        secret,
                        publicKey(
                                CURVE.getGenerator().getAffineX(),
                                CURVE.getGenerator().getAffineY())));
        // The prime leaves 3 when divided by 4, so this power is a root.
        BigInteger y = squareOfY(x).modPow(PRIME.add(BigInteger.ONE).shiftRight(2), PRIME);
        return new ECPublicKey[] {publicKey(x, y), publicKey(x, PRIME.subtract(y))};
    }

    /** Whether a key's curve is this one. */
    static boolean isCurveOf(ECPrivateKey key) {
        ECParameterSpec other = key.getParams();
        return other.getCurve().equals(CURVE.getCurve())
                && other.getGenerator().equals(CURVE.getGenerator())
                && other.getOrder().equals(CURVE.getOrder());
    }

    /** The first coordinate of the point that both holders can find. */
    static byte[] agree(ECPrivateKey mine, ECPublicKey theirs) {
        try {
            KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
            agreement.init(mine);
            agreement.doPhase(theirs, true);
            return agreement.generateSecret();
        } catch (GeneralSecurityException e) {
            throw missing(e);
        }
    }

    static byte[] point(ECPublicKey key) {
        byte[] point = new byte[POINT_BYTES];
        point[0] = UNCOMPRESSED;
        System.arraycopy(bytes(key.getW().getAffineX()), 0, point, 1, NUMBER_BYTES);
        System.arraycopy(bytes(key.getW().getAffineY()), 0, point, 1 + NUMBER_BYTES, NUMBER_BYTES);
        return point;
    }

    /** A number of the curve in its full length. */
    static byte[] bytes(BigInteger number) {
        byte[] shortest = number.toByteArray();
        byte[] bytes = new byte[NUMBER_BYTES];
        int length = Math.min(shortest.length, NUMBER_BYTES);
        System.arraycopy(shortest, shortest.length - length, bytes, NUMBER_BYTES - length, length);
        return bytes;
    }

    /** All of this is in the module jdk.crypto.ec or java.base of every JDK; a run time image may have left it out. */
    static IllegalStateException missing(GeneralSecurityException e) {
        return new IllegalStateException("this Java platform lacks what Web Push needs", e);
    }
}
