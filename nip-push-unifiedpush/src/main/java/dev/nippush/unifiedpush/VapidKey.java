package dev.nippush.unifiedpush;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The key pair by which push services tell one application server from another (VAPID, RFC 8292), on the curve P-256. A
 * browser binds a subscription to the public key that the app subscribed with, so it has to be kept: under another key
 * those subscriptions are refused.
 *
 * <pre>{@code
 * VapidKey key = VapidKey.generate();
 * Files.writeString(file, key.secret());
 * VapidKey again = VapidKey.parse(Files.readString(file));
 * }</pre>
 *
 * <p>Immutable, for any thread. The secret leaves it only through {@link #secret()}.
 */
public final class VapidKey {

    private static final Pattern PEM =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    /** 32 bytes. */
    private static final Pattern BASE64_URL = Pattern.compile("[A-Za-z0-9_-]{43}=?");

    private final ECPrivateKey secret;
    private final ECPublicKey publicKey;

    private VapidKey(ECPrivateKey secret, ECPublicKey publicKey) {
        this.secret = secret;
        this.publicKey = publicKey;
    }

    /** Makes a new key. */
    public static VapidKey generate() {
        KeyPair pair = P256.generate();
        return new VapidKey((ECPrivateKey) pair.getPrivate(), (ECPublicKey) pair.getPublic());
    }

    /**
     * Takes what stands in a key file, with white space around it: the private key as base64url of its 32 bytes, as
     * {@link #secret()} and most tools write it, or in PEM form as PKCS#8 ({@code BEGIN PRIVATE KEY}).
     *
     * @throws IllegalArgumentException for another text; its message holds nothing of the text
     */
    public static VapidKey parse(String text) {
        String key = text.strip();
        Matcher pem = PEM.matcher(key);
        Optional<ECPrivateKey> secret = pem.matches() ? ofPem(pem.group(1)) : ofBase64(key);
        return secret.map(VapidKey::of)
                .orElseThrow(() -> new IllegalArgumentException(
                        "a VAPID key is a private key of P-256: base64url of 32 bytes, or PKCS#8 in PEM form"));
    }

    private static Optional<ECPrivateKey> ofBase64(String key) {
        if (!BASE64_URL.matcher(key).matches()) {
            return Optional.empty();
        }
        try {
            return P256.privateKey(new BigInteger(1, Base64.getUrlDecoder().decode(key)));
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
    }

    private static Optional<ECPrivateKey> ofPem(String base64) {
        try {
            byte[] encoded = Base64.getMimeDecoder().decode(base64);
            ECPrivateKey key =
                    (ECPrivateKey) KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(encoded));
            return P256.isCurveOf(key) ? P256.privateKey(key.getS()) : Optional.empty();
        } catch (IllegalArgumentException | GeneralSecurityException notAKey) {
            return Optional.empty();
        }
    }

    private static VapidKey of(ECPrivateKey secret) {
        byte[] probe = {0};
        for (ECPublicKey candidate : P256.candidates(secret)) {
            VapidKey key = new VapidKey(secret, candidate);
            if (key.verifies(probe, key.sign(probe))) {
                return key;
            }
        }
        throw new AssertionError("a private key without a public one");
    }

    /**
     * The public key as base64url of its 65 bytes: what an app passes as {@code applicationServerKey} when it subscribes.
     */
    public String applicationServerKey() {
        return base64Url(P256.point(publicKey));
    }

    /** The private key as base64url of its 32 bytes, 43 characters, to be stored. */
    public String secret() {
        return base64Url(P256.bytes(secret.getS()));
    }

    /** A signature as ES256 wants it: both numbers in their full length, one behind the other. */
    byte[] sign(byte[] message) {
        try {
            Signature signature = es256();
            signature.initSign(secret);
            signature.update(message);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw P256.missing(e);
        }
    }

    private boolean verifies(byte[] message, byte[] signed) {
        try {
            Signature signature = es256();
            signature.initVerify(publicKey);
            signature.update(message);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            throw P256.missing(e);
        }
    }

    private static Signature es256() throws GeneralSecurityException {
        return Signature.getInstance("SHA256withECDSAinP1363Format");
    }

    private static String base64Url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** Shows the public key only. */
    @Override
    public String toString() {
        return "VapidKey[" + applicationServerKey() + "]";
    }
}
