package dev.nippush.server;

import dev.nippush.NipPush;
import dev.nippush.address.Cidr;
import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.server.ServerConfig.ApnsEnvironment;
import dev.nippush.server.ServerConfig.LogLevel;
import dev.nippush.transport.PushLimit;
import dev.nippush.transport.RetryPolicy;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Every key of the configuration, once: reading, defaults, help and the README's table are all made of this. */
final class ConfigKeys {

    private static final String ID = "[A-Za-z0-9._-]{1,255}";
    private static final Duration LEAST_RETRY = Duration.ofMillis(10);
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final int MOST_ACCOUNTS = 1_000;

    static final ConfigKey<Path> KEY_FILE = single(
            "identity.key-file",
            Values.file(),
            "/etc/nip-push/identity.key",
            "File with the server's private key: 64 hex digits, readable by its owner alone. Without it a key is made"
                    + " in the data directory at the first start.");
    static final ConfigKey<Path> DATA_DIR =
            withDefault("data-dir", Values.directory(), "nip-push-data", "Directory for what the server keeps.");

    static final ConfigKey<String> STORE_URL = single(
            "store.url",
            Values.storeUrl(),
            "jdbc:postgresql://localhost/nippush?user=nippush",
            "Where registrations and pushes are kept: jdbc:sqlite: and the path of a file, or jdbc:postgresql: as its"
                    + " driver writes it. Without it " + ServerConfig.Store.FILE + " in the data directory.");
    static final ConfigKey<String> STORE_PASSWORD = single(
            "store.password",
            Values.secret(),
            "secret",
            "The password of the database's user. Better said by the variable NIP_PUSH_STORE_PASSWORD.");

    static final ConfigKey<List<RelayUrl>> HOME = list(
            "relays.home",
            Values.relay(),
            "",
            "wss://relay.example.com, wss://other.example.net",
            "Relays that apps send their control messages to, and that every account's events are asked of. Two or"
                    + " more, so that one may be down.");
    static final ConfigKey<List<String>> ALLOW = list(
            "relays.allow",
            Values.exemption(),
            "",
            "relay.lan:7777, 10.1.0.0/16",
            "Relays that registrations may name although they are at private addresses: hosts, host:port or"
                    + " address/bits. An IPv6 address is bare, with a port in brackets.");

    static final ConfigKey<HostPort> LISTEN = withDefault(
            "listen",
            Values.hostPort(0),
            "127.0.0.1:7447",
            "Where the server's own endpoint listens. Port 0 picks a free one.");
    static final ConfigKey<List<Cidr>> FEEDERS = list(
            "listen.feeders",
            Values.cidr(),
            "127.0.0.0/8, ::1",
            "127.0.0.0/8, ::1",
            "Addresses that may hand over events of every kind, as a relay that streams. Anyone may hand over control"
                    + " messages. A connection with a forwarding header does not count as its peer's.");
    static final ConfigKey<List<Cidr>> PROXIES = list(
            "listen.proxies",
            Values.cidr(),
            "",
            "127.0.0.1",
            "Reverse proxies whose forwarding headers (X-Forwarded-For, Forwarded, X-Real-IP) are believed: the client"
                    + " that they name is the one that counts.");

    static final ConfigKey<Duration> HEARTBEAT_TIMEOUT = withDefault(
            "presence.heartbeat-timeout",
            Values.duration(SECOND),
            "150s",
            "How long after a heartbeat an app still counts as in the foreground. At least 1s.");

    static final ConfigKey<Duration> RETRY_INITIAL = withDefault(
            "delivery.retry-initial",
            Values.duration(LEAST_RETRY),
            Values.text(RetryPolicy.DEFAULT_INITIAL),
            "The longest wait before the first retry of a push. At least 10ms.");
    static final ConfigKey<Duration> RETRY_MAX = withDefault(
            "delivery.retry-max",
            Values.duration(LEAST_RETRY),
            Values.text(RetryPolicy.DEFAULT_MAX),
            "The longest wait before any retry. Not below delivery.retry-initial.");
    static final ConfigKey<Duration> LIFETIME = withDefault(
            "delivery.lifetime",
            Values.duration(SECOND),
            Values.text(RetryPolicy.DEFAULT_LIFETIME),
            "How long after its arrival an event is worth a push. At least 1s.");

    static final ConfigKey<Integer> DEVICE_BURST = withDefault(
            "delivery.device-burst",
            Values.integer(1, PushLimit.LARGEST_BURST),
            Integer.toString(PushLimit.DEFAULT_BURST),
            "How many pushes a device gets at once. What is more is folded into one that says how many there are.");
    static final ConfigKey<Duration> DEVICE_INTERVAL = withDefault(
            "delivery.device-interval",
            Values.duration(PushLimit.SHORTEST_EVERY, PushLimit.LONGEST_EVERY),
            Values.text(PushLimit.DEFAULT_EVERY),
            "How long until a device that got so many may get another one. 1ms to 1h.");

    static final ConfigKey<Locale> LANGUAGE = withDefault(
            "notification.language",
            Values.language(),
            "en",
            "The language of the texts that phones show, one of: " + Values.languages() + ".");

    static final ConfigKey<Path> APNS_KEY_FILE = single(
            "apns.key-file",
            Values.file(),
            "AuthKey_ABC123DEFG.p8",
            "APNs token key (.p8), from Apple's developer site.");
    static final ConfigKey<String> APNS_KEY_ID =
            single("apns.key-id", Values.word(ID, "the id of the key, as ABC123DEFG"), "ABC123DEFG", "Id of that key.");
    static final ConfigKey<String> APNS_TEAM_ID = single(
            "apns.team-id",
            Values.word(ID, "the id of the team, as DEF123GHIJ"),
            "DEF123GHIJ",
            "Id of the key's team.");
    static final ConfigKey<Path> APNS_CERTIFICATE_FILE = single(
            "apns.certificate-file",
            Values.file(),
            "apns.p12",
            "APNs certificate with its key, in place of a token key: PKCS#12 or PEM, without a password.");
    static final ConfigKey<List<String>> APNS_TOPICS = list(
            "apns.topics",
            Values.word(ID, "a bundle id, as com.example.app"),
            "",
            "com.example.app",
            "Bundle ids of the apps. The first is that of devices that name none.");
    static final ConfigKey<ApnsEnvironment> APNS_ENVIRONMENT = withDefault(
            "apns.environment",
            Values.oneOf(ApnsEnvironment.class),
            "production",
            "production or sandbox: apps built for development have sandbox tokens.");
    static final ConfigKey<HostPort> APNS_SERVER = single(
            "apns.server", Values.hostPort(1), "localhost:2197", "Another server in place of Apple's, for tests.");
    static final ConfigKey<Path> APNS_TRUSTED = single(
            "apns.trusted-certificates",
            Values.file(),
            "test-ca.pem",
            "Certificates (PEM) to trust there in place of the system's.");

    static final ConfigKey<Privacy> APNS_PRIVACY = privacy("apns.privacy");

    static final ConfigKey<Path> FCM_SERVICE_ACCOUNT = single(
            "fcm.service-account-file",
            Values.file(),
            "service-account.json",
            "Service account of the Firebase project (JSON). Project id and token_uri are read from it.");
    static final ConfigKey<URI> FCM_ENDPOINT = single(
            "fcm.endpoint",
            Values.httpUrl(),
            "http://localhost:8080",
            "Another server in place of Google's, for tests.");

    static final ConfigKey<Privacy> FCM_PRIVACY = privacy("fcm.privacy");

    static final ConfigKey<Boolean> UNIFIED_PUSH_ENABLED = withDefault(
            "unifiedpush.enabled", Values.bool(), "true", "Whether UnifiedPush and Web Push endpoints are served.");
    static final ConfigKey<List<String>> UNIFIED_PUSH_ALLOW = list(
            "unifiedpush.allow",
            Values.exemption(),
            "",
            "ntfy.lan",
            "Endpoints at private addresses that may be pushed to, written like relays.allow.");
    static final ConfigKey<Path> UNIFIED_PUSH_TRUSTED = single(
            "unifiedpush.trusted-certificates",
            Values.file(),
            "test-ca.pem",
            "Certificates (PEM) to trust there besides the system's.");
    static final ConfigKey<Path> UNIFIED_PUSH_VAPID_KEY_FILE = single(
            "unifiedpush.vapid-key-file",
            Values.file(),
            "/etc/nip-push/vapid.key",
            "File with the private key by which push services know this server: base64url of its 32 bytes, or PEM."
                    + " Without it a key is made in the data directory at the first start. Browsers subscribe to one"
                    + " key, so keep it.");
    static final ConfigKey<String> UNIFIED_PUSH_VAPID_CONTACT = single(
            "unifiedpush.vapid-contact",
            Values.word("mailto:[^@\\s]+@[^@\\s]+|https://\\S+", "a mailto: address or an https: URL"),
            "mailto:push@example.com",
            "Where a push service can reach the operator: a mailto: address or an https: URL. Some, such as Apple's,"
                    + " refuse pushes without it.");

    static final ConfigKey<Privacy> UNIFIED_PUSH_PRIVACY = privacy("unifiedpush.privacy");

    static final ConfigKey<Integer> ACCOUNTS_PER_DEVICE = withDefault(
            "devices.accounts-per-device",
            Values.integer(1, MOST_ACCOUNTS),
            "1",
            "How many accounts may register the same device. With 1 the newest registration takes it over.");
    static final ConfigKey<Duration> RETENTION = withDefault(
            "devices.retention",
            Values.duration(Duration.ofDays(1)),
            Values.text(NipPush.DEFAULT_RETENTION),
            "After how long without a sign of life a registration is forgotten, with its devices. At least 1d.");
    static final ConfigKey<LogLevel> LOG_LEVEL = withDefault(
            "log.level", Values.oneOf(LogLevel.class), "info", "error, warn, info, debug or trace. Logs go to stderr.");

    /** In the order of the documentation. */
    static final List<ConfigKey<?>> ALL = List.of(
            KEY_FILE,
            DATA_DIR,
            STORE_URL,
            STORE_PASSWORD,
            HOME,
            ALLOW,
            LISTEN,
            FEEDERS,
            PROXIES,
            HEARTBEAT_TIMEOUT,
            RETRY_INITIAL,
            RETRY_MAX,
            LIFETIME,
            DEVICE_BURST,
            DEVICE_INTERVAL,
            LANGUAGE,
            APNS_KEY_FILE,
            APNS_KEY_ID,
            APNS_TEAM_ID,
            APNS_CERTIFICATE_FILE,
            APNS_TOPICS,
            APNS_ENVIRONMENT,
            APNS_SERVER,
            APNS_TRUSTED,
            APNS_PRIVACY,
            FCM_SERVICE_ACCOUNT,
            FCM_ENDPOINT,
            FCM_PRIVACY,
            UNIFIED_PUSH_ENABLED,
            UNIFIED_PUSH_ALLOW,
            UNIFIED_PUSH_TRUSTED,
            UNIFIED_PUSH_VAPID_KEY_FILE,
            UNIFIED_PUSH_VAPID_CONTACT,
            UNIFIED_PUSH_PRIVACY,
            ACCOUNTS_PER_DEVICE,
            RETENTION,
            LOG_LEVEL);

    private ConfigKeys() {}

    private static ConfigKey<Privacy> privacy(String name) {
        return withDefault(
                name,
                Values.oneOf(Privacy.class),
                Privacy.MINIMAL.text(),
                "The most that the provider may learn of an event: wake, minimal, sealed or reference. A client may ask for"
                        + " less.");
    }

    private static <T> ConfigKey<T> single(String name, Values.Parser<T> parser, String example, String description) {
        return new ConfigKey<>(name, parser, false, Optional.empty(), example, description);
    }

    private static <T> ConfigKey<T> withDefault(
            String name, Values.Parser<T> parser, String defaultText, String description) {
        return new ConfigKey<>(name, parser, false, Optional.of(defaultText), defaultText, description);
    }

    private static <T> ConfigKey<List<T>> list(
            String name, Values.Parser<T> item, String defaultText, String example, String description) {
        return new ConfigKey<>(name, Values.list(item), true, Optional.of(defaultText), example, description);
    }
}
