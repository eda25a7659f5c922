package dev.nippush.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** An application server in few lines: encrypts a push, and says who sent it. */
final class WebPushSender {

    private final KeyPair identity = P256.generate();

    String applicationServerKey() {
        return base64(P256.point((ECPublicKey) identity.getPublic()));
    }

    byte[] encrypt(String text, byte[] p256dh, byte[] auth) throws GeneralSecurityException {
        KeyPair once = P256.generate();
        byte[] point = P256.point((ECPublicKey) once.getPublic());
        KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
        agreement.init(once.getPrivate());
        agreement.doPhase(P256.publicKey(p256dh), true);
        byte[] salt = new byte[16];
        byte[] prk = EncryptedContent.hmac(
                salt,
                EncryptedContent.hmac(
                        EncryptedContent.hmac(auth, agreement.generateSecret()),
                        join(ascii("WebPush: info\0"), p256dh, point, new byte[] {1})));
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(
                Cipher.ENCRYPT_MODE,
                new SecretKeySpec(EncryptedContent.hmac(prk, ascii("Content-Encoding: aes128gcm\0\1")), 0, 16, "AES"),
                new GCMParameterSpec(
                        128, Arrays.copyOf(EncryptedContent.hmac(prk, ascii("Content-Encoding: nonce\0\1")), 12)));
        byte[] sealed = cipher.doFinal(join(text.getBytes(StandardCharsets.UTF_8), new byte[] {2}));
        byte[] sizes = ByteBuffer.allocate(5).putInt(4_096).put((byte) 65).array();
        return join(salt, sizes, point, sealed);
    }

    String authorization(String claims) throws GeneralSecurityException {
        String signed = base64(ascii("{\"alg\":\"ES256\"}")) + '.' + base64(ascii(claims));
        Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
        signature.initSign(identity.getPrivate());
        signature.update(ascii(signed));
        return "vapid t=" + signed + '.' + base64(signature.sign()) + ", k=" + applicationServerKey();
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
