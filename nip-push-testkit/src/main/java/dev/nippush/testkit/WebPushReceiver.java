package dev.nippush.testkit;

import com.google.gson.JsonObject;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.util.Base64;
import javax.crypto.KeyAgreement;

/**
 * The app's side of Web Push: makes the keys that a subscription carries, and decrypts what is pushed to it (RFC 8291).
 * It is strict: what a receiver may refuse is refused.
 *
 * <p>Immutable, for any thread. {@code toString} says nothing of the keys.
 */
public final class WebPushReceiver {

    private static final int AUTH_BYTES = 16;
    private static final byte[] PURPOSE = "WebPush: info\0".getBytes(StandardCharsets.US_ASCII);

    private final ECPrivateKey secret;
    private final byte[] point;
    private final byte[] auth;

    private WebPushReceiver(ECPrivateKey secret, ECPublicKey publicKey, byte[] auth) {
        this.secret = secret;
        this.point = P256.point(publicKey);
        this.auth = auth;
    }

    /** Makes one with new keys. */
    public static WebPushReceiver create() {
        KeyPair keys = P256.generate();
        byte[] auth = new byte[AUTH_BYTES];
        new SecureRandom().nextBytes(auth);
        return new WebPushReceiver((ECPrivateKey) keys.getPrivate(), (ECPublicKey) keys.getPublic(), auth);
    }

    /**
     * Makes one with keys that are there already, each as base64url.
     *
     * @param secret the private key, 32 bytes
     * @param p256dh the public key that belongs to it, 65 bytes
     * @param auth the authentication secret, 16 bytes
     * @throws IllegalArgumentException when one of them is no such thing
     */
    public static WebPushReceiver of(String secret, String p256dh, String auth) {
        Base64.Decoder base64 = Base64.getUrlDecoder();
        byte[] authSecret = base64.decode(auth);
        if (authSecret.length != AUTH_BYTES) {
            throw new IllegalArgumentException("the authentication secret has " + AUTH_BYTES + " bytes");
        }
        try {
            return new WebPushReceiver(
                    P256.privateKey(base64.decode(secret)), P256.publicKey(base64.decode(p256dh)), authSecret);
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("these are no keys of P-256", e);
        }
    }

    /** The public key as a subscription names it: base64url of the point. */
    public String p256dh() {
        return base64Url(point);
    }

    /** The authentication secret as a subscription names it: base64url. */
    public String auth() {
        return base64Url(auth);
    }

    /**
     * The JSON of a browser's {@code PushSubscription} with these keys: what an app registers as its {@code deviceId}.
     */
    public String subscription(String endpoint) {
        JsonObject keys = new JsonObject();
        keys.addProperty("p256dh", p256dh());
        keys.addProperty("auth", auth());
        JsonObject subscription = new JsonObject();
        subscription.addProperty("endpoint", endpoint);
        subscription.add("keys", keys);
        return subscription.toString();
    }

    /**
     * Decrypts the body of a push.
     *
     * @param body in the content encoding {@code aes128gcm}
     * @return the text, without its padding
     * @throws IllegalArgumentException when it was encrypted for someone else, or is not what RFC 8291 says: one record,
     *     and the sender's point as the key id
     */
    public byte[] decrypt(byte[] body) {
        try {
            EncryptedContent content = EncryptedContent.read(body);
            ECPublicKey sender = P256.publicKey(content.keyId());
            if (content.count() != 1) {
                throw new GeneralSecurityException(content.count() + " records");
            }
            KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
            agreement.init(secret);
            agreement.doPhase(sender, true);
            byte[] pseudoRandom = EncryptedContent.hmac(auth, agreement.generateSecret());
            ByteArrayOutputStream info = new ByteArrayOutputStream();
            info.writeBytes(PURPOSE);
            info.writeBytes(point);
            info.writeBytes(content.keyId());
            info.write(1);
            return content.decrypt(EncryptedContent.hmac(pseudoRandom, info.toByteArray()));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("not a push for this receiver: " + e.getMessage(), e);
        }
    }

    private static String base64Url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    @Override
    public String toString() {
        return "WebPushReceiver";
    }
}
