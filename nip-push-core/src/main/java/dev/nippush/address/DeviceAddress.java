package dev.nippush.address;

import java.util.Optional;

/**
 * The device that a {@code deviceId} addresses. Equal when the same device is addressed, however the text is spelled;
 * made by {@link DeviceAddressReader}, which makes an equal one again from {@link #text()}.
 *
 * <p>Two push subscriptions with the same endpoint are equal even if their keys differ: the newer one replaces the
 * older. Immutable. {@code toString} shows the channel and the last four characters only; the other methods hand out
 * what must not reach a log.
 */
public final class DeviceAddress {
    private static final int SHOWN = 4;
    /** A shorter token would be guessable from the part that is shown. */
    private static final int SHORTEST_SHOWN_TOKEN = 4 * SHOWN;

    private final Channel channel;
    private final String text;
    private final String key;
    private final String token;
    private final Optional<String> topic;
    private final Optional<String> instance;
    private final Optional<String> host;
    private final Optional<PushKeys> keys;

    private DeviceAddress(
            Channel channel,
            String text,
            String canonical,
            String token,
            Optional<String> topic,
            Optional<String> instance,
            Optional<String> host,
            Optional<PushKeys> keys) {
        this.channel = channel;
        this.text = text;
        this.key = channel.name() + ':' + canonical;
        this.token = token;
        this.topic = topic;
        this.instance = instance;
        this.host = host;
        this.keys = keys;
    }

    /** What a browser's push subscription says besides its endpoint. */
    record PushKeys(byte[] p256dh, byte[] auth) {}

    static DeviceAddress apns(String text, Optional<String> topic, String token) {
        // A token has no colon, so the two parts cannot be mistaken for others.
        String canonical = topic.orElse("") + ':' + token;
        return new DeviceAddress(
                Channel.APNS, text, canonical, token, topic, Optional.empty(), Optional.empty(), Optional.empty());
    }

    static DeviceAddress fcm(String text, String token) {
        return new DeviceAddress(
                Channel.FCM,
                text,
                token,
                token,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    static DeviceAddress embeddedFcm(String text, String instance, String token) {
        // A token has no ampersand.
        String canonical = token + '&' + instance;
        return new DeviceAddress(
                Channel.FCM,
                text,
                canonical,
                token,
                Optional.empty(),
                Optional.of(instance),
                Optional.empty(),
                Optional.empty());
    }

    static DeviceAddress unifiedPush(String text, String url, String host) {
        return new DeviceAddress(
                Channel.UNIFIED_PUSH,
                text,
                url,
                url,
                Optional.empty(),
                Optional.empty(),
                Optional.of(host),
                Optional.empty());
    }

    static DeviceAddress webPush(String text, String url, String host, PushKeys keys) {
        return new DeviceAddress(
                Channel.WEB_PUSH,
                text,
                url,
                url,
                Optional.empty(),
                Optional.empty(),
                Optional.of(host),
                Optional.of(keys));
    }

    static DeviceAddress own(Channel channel, String text, String afterScheme) {
        return new DeviceAddress(
                channel,
                text,
                afterScheme,
                text,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** How the device is reached. */
    public Channel channel() {
        return channel;
    }

    /** The {@code deviceId} as it was sent, trimmed. */
    public String text() {
        return text;
    }

    /**
     * What the provider is given: APNs device token in lower-case hex, FCM registration token, URL of a UnifiedPush or
     * Web Push endpoint; for a host's own channel the whole text.
     */
    public String token() {
        return token;
    }

    /** The APNs topic; empty for other channels, and when none was named and none is configured. */
    public Optional<String> topic() {
        return topic;
    }

    /** The instance of an Embedded-FCM device; empty for all others. */
    public Optional<String> instance() {
        return instance;
    }

    /** Whether this is an FCM token of an app without a Firebase SDK. */
    public boolean embedded() {
        return instance.isPresent();
    }

    /**
     * The host of an endpoint, in lower case, with {@code :port} unless it is 443; IPv6 in brackets. Empty for channels
     * whose address is no URL, and for a host's own.
     */
    public Optional<String> host() {
        return host;
    }

    /** Web Push: the receiver's P-256 point, 65 bytes beginning with 4, not checked to be on the curve. A copy. */
    public Optional<byte[]> p256dh() {
        return keys.map(k -> k.p256dh().clone());
    }

    /** Web Push: the authentication secret, 16 bytes. A copy. */
    public Optional<byte[]> auth() {
        return keys.map(k -> k.auth().clone());
    }

    /** The same text for equal addresses and only for these; it contains the token. */
    public String key() {
        return key;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DeviceAddress address && key.equals(address.key);
    }

    @Override
    public int hashCode() {
        return key.hashCode();
    }

    @Override
    public String toString() {
        String end = token.length() < SHORTEST_SHOWN_TOKEN ? "" : token.substring(token.length() - SHOWN);
        return channel.name() + ":…" + end;
    }
}
