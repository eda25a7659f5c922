package dev.nippush;

import dev.nippush.address.DeviceAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Names for a provider's eyes: on one device the same for the same thing, and meaningless to whoever knows the thing, or
 * the name that it has on another device. Safe for use by several threads.
 */
final class DevicePseudonyms {

    private static final String HMAC = "HmacSHA256";

    private final SecretKeySpec secret;

    DevicePseudonyms(byte[] secret) {
        this.secret = new SecretKeySpec(secret, HMAC);
    }

    /** 64 hex digits. */
    String of(DeviceAddress device, byte[] thing) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(secret);
            mac.update(device.key().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(mac.doFinal(thing));
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every Java platform has " + HMAC, e);
        }
    }
}
