package dev.nippush.internal.account;

import dev.nippush.address.DeviceAddress;
import dev.nippush.event.EventId;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Makes collapse keys: the same for the same event and device, so that a retry replaces what may have arrived, and
 * meaningless to a provider that knows the event's id.
 */
public final class CollapseKeys {

    private static final String HMAC = "HmacSHA256";

    private final SecretKeySpec secret;

    public CollapseKeys(byte[] secret) {
        this.secret = new SecretKeySpec(secret, HMAC);
    }

    /** 64 hex digits. */
    public String of(DeviceAddress device, EventId event) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(secret);
            mac.update(device.key().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(mac.doFinal(event.bytes()));
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every Java platform has " + HMAC, e);
        }
    }
}
