package dev.nippush.server;

import dev.nippush.address.Cidr;
import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.transport.PushLimit;
import dev.nippush.transport.RetryPolicy;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * All that an operator can say, read and checked. Immutable.
 *
 * @param language of the texts that phones show; one of those that there are texts in
 * @param printing whether nothing was said about transports, so that pushes are only printed
 * @param accountsPerDevice how many accounts may register the same device, 1 or more
 * @param retention after how long without a sign of life a registration is forgotten, 1 day or more
 */
record ServerConfig(
        Identity identity,
        Store store,
        Relays relays,
        Listen listen,
        Duration heartbeatTimeout,
        RetryPolicy retryPolicy,
        PushLimit pushLimit,
        Locale language,
        boolean printing,
        Optional<Apns> apns,
        Optional<Fcm> fcm,
        Optional<UnifiedPush> unifiedPush,
        int accountsPerDevice,
        Duration retention,
        LogLevel logLevel,
        Origins origins) {

    /**
     * Who this server is.
     *
     * @param keyFile the file with the private key; empty for one in the data directory, made at the first start
     */
    record Identity(Optional<Path> keyFile, Path dataDir) {}

    /**
     * What keeps registrations and pushes.
     *
     * @param url {@value #SQLITE} and an absolute path, or {@value #POSTGRESQL} and so on; may hold a password
     * @param password of the database's user
     */
    record Store(String url, Optional<String> password) {

        static final String SQLITE = "jdbc:sqlite:";
        static final String POSTGRESQL = "jdbc:postgresql:";

        /** In the data directory, where no other place is named. */
        static final String FILE = "nip-push.db";

        /** Holds what must not be shown. */
        @Override
        public String toString() {
            return "Store";
        }
    }

    /**
     * Where events are read.
     *
     * @param home relays that control messages are read from
     * @param allow exemptions from the address rule, as the operator wrote them
     */
    record Relays(List<RelayUrl> home, List<String> allow) {}

    /**
     * The one port.
     *
     * @param feeders who may hand over events of any kind
     * @param proxies whose forwarding headers are believed
     */
    record Listen(HostPort address, List<Cidr> feeders, List<Cidr> proxies) {}

    /**
     * Apple's service.
     *
     * @param topics one or more; the first is the default
     * @param server another host in place of Apple's
     * @param trustedCertificates PEM of what to trust in place of the system's roots
     * @param privacy the most that Apple may learn
     */
    record Apns(
            ApnsIdentity identity,
            List<String> topics,
            ApnsEnvironment environment,
            Optional<HostPort> server,
            Optional<Path> trustedCertificates,
            Privacy privacy) {
        Apns {
            topics = List.copyOf(topics);
            if (topics.isEmpty()) {
                throw new IllegalArgumentException("APNs needs a topic");
            }
        }
    }

    /** How this server proves itself to Apple. */
    sealed interface ApnsIdentity {}

    /** A token key: the usual way. */
    record ApnsTokenKey(Path keyFile, String keyId, String teamId) implements ApnsIdentity {}

    /** A certificate with its key. */
    record ApnsCertificate(Path certificateFile) implements ApnsIdentity {}

    /** Apple's two worlds; a device token is good in one of them. */
    enum ApnsEnvironment {
        PRODUCTION,
        SANDBOX
    }

    /**
     * Firebase Cloud Messaging.
     *
     * @param endpoint another host in place of Google's
     * @param privacy the most that Google may learn
     */
    record Fcm(Path serviceAccountFile, Optional<URI> endpoint, Privacy privacy) {}

    /**
     * UnifiedPush and Web Push endpoints.
     *
     * @param allow exemptions from the address rule, as the operator wrote them
     * @param trustedCertificates PEM of what to trust besides the system's roots
     * @param vapidKeyFile the file with the private key; empty for one in the data directory, made at the first start
     * @param vapidContact where the operator of a push service can complain
     * @param privacy the most that an endpoint may learn
     */
    record UnifiedPush(
            List<String> allow,
            Optional<Path> trustedCertificates,
            Optional<Path> vapidKeyFile,
            Optional<String> vapidContact,
            Privacy privacy) {}

    /** Where each key was said: for errors that are found only when a value is put to use. */
    record Origins(Map<String, String> byKey) {
        Origins {
            byKey = Map.copyOf(byKey);
        }

        /** The error of a key's value, naming where it stands. */
        ConfigException error(ConfigKey<?> key, String what) {
            String where = byKey.getOrDefault(key.name(), "configuration");
            return new ConfigException(List.of(new ConfigException.Problem(where, key.name(), what)));
        }
    }

    /** How much is logged. */
    enum LogLevel {
        ERROR,
        WARN,
        INFO,
        DEBUG,
        TRACE
    }
}
