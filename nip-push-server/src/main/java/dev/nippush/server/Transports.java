package dev.nippush.server;

import dev.nippush.address.AddressRule;
import dev.nippush.address.Privacy;
import dev.nippush.apns.ApnsCredentials;
import dev.nippush.apns.ApnsTransport;
import dev.nippush.fcm.FcmCredentials;
import dev.nippush.fcm.FcmTransport;
import dev.nippush.server.ServerConfig.Apns;
import dev.nippush.server.ServerConfig.ApnsCertificate;
import dev.nippush.server.ServerConfig.ApnsEnvironment;
import dev.nippush.server.ServerConfig.ApnsTokenKey;
import dev.nippush.server.ServerConfig.Fcm;
import dev.nippush.server.ServerConfig.UnifiedPush;
import dev.nippush.transport.PushTransport;
import dev.nippush.unifiedpush.UnifiedPushTransport;
import dev.nippush.unifiedpush.VapidKey;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** The transports of a configuration. */
final class Transports implements AutoCloseable {

    private final Map<PushTransport, Privacy> transports = new LinkedHashMap<>();
    private final List<Runnable> warmUps = new ArrayList<>();

    private Transports() {}

    /**
     * Makes them; none connects before {@link #warmUp} or its first push.
     *
     * @param vapid by which push services know this server
     * @param own where this server listens, which no push may reach
     * @throws ConfigException when a file does not hold what it should
     */
    static Transports of(
            ServerConfig config, Optional<VapidKey> vapid, Health health, List<InetSocketAddress> own, PrintWriter out)
            throws ConfigException {
        Transports made = new Transports();
        if (config.printing()) {
            made.transports.put(new PrintingTransport(out), Privacy.MINIMAL);
            return made;
        }
        if (config.apns().isPresent()) {
            ApnsTransport apns = apns(config, config.apns().get());
            made.transports.put(
                    new WatchedTransport("apns", apns, health, Transports::apnsSettings),
                    config.apns().get().privacy());
            made.warmUps.add(apns::warmUp);
        }
        if (config.fcm().isPresent()) {
            FcmTransport fcm = fcm(config, config.fcm().get());
            made.transports.put(
                    new WatchedTransport("fcm", fcm, health, Transports::fcmSettings),
                    config.fcm().get().privacy());
            made.warmUps.add(fcm::warmUp);
        }
        if (config.unifiedPush().isPresent()) {
            UnifiedPushTransport unifiedPush =
                    unifiedPush(config, config.unifiedPush().get(), vapid, own);
            made.transports.put(unifiedPush, config.unifiedPush().get().privacy());
            made.warmUps.add(unifiedPush::warmUp);
        }
        return made;
    }

    /** What to check where Apple gives the first devices this reason. */
    static String apnsSettings(String reason) {
        return reason.equals("BadDeviceToken")
                ? ConfigKeys.APNS_ENVIRONMENT.name()
                : ConfigKeys.APNS_TOPICS.name() + " and " + ConfigKeys.APNS_ENVIRONMENT.name();
    }

    /** What to check where FCM gives the first devices this reason. */
    static String fcmSettings(String reason) {
        return ConfigKeys.FCM_SERVICE_ACCOUNT.name()
                + (reason.equals("SENDER_ID_MISMATCH")
                        ? ""
                        : " and the APNs key of its project in the Firebase console");
    }

    /** In the order in which they are asked whether they serve a device, each with the most that it may tell. */
    Map<PushTransport, Privacy> all() {
        return Collections.unmodifiableMap(transports);
    }

    /** Loads what the first push would have to wait for, and asks for access tokens. Pushes nothing, returns at once. */
    void warmUp() {
        warmUps.forEach(CompletableFuture::runAsync);
    }

    private static ApnsTransport apns(ServerConfig config, Apns apns) throws ConfigException {
        ApnsTransport.Builder builder =
                ApnsTransport.builder().credentials(credentials(config, apns)).topics(apns.topics());
        if (apns.server().isPresent()) {
            HostPort server = apns.server().get();
            builder.server(server.host(), server.port());
        } else {
            builder.environment(
                    apns.environment() == ApnsEnvironment.SANDBOX
                            ? ApnsTransport.Environment.SANDBOX
                            : ApnsTransport.Environment.PRODUCTION);
        }
        if (apns.trustedCertificates().isPresent()) {
            builder.trustedCertificates(certificates(
                    config, ConfigKeys.APNS_TRUSTED, apns.trustedCertificates().get()));
        }
        return builder.build();
    }

    private static ApnsCredentials credentials(ServerConfig config, Apns apns) throws ConfigException {
        boolean byToken = apns.identity() instanceof ApnsTokenKey;
        try {
            if (apns.identity() instanceof ApnsTokenKey key) {
                return ApnsCredentials.tokenKey(key.keyFile(), key.keyId(), key.teamId());
            }
            if (apns.identity() instanceof ApnsCertificate certificate) {
                return ApnsCredentials.certificate(certificate.certificateFile(), "");
            }
            throw new AssertionError(apns.identity());
        } catch (IllegalArgumentException e) {
            ConfigKey<?> key = byToken ? ConfigKeys.APNS_KEY_FILE : ConfigKeys.APNS_CERTIFICATE_FILE;
            throw config.origins().error(key, Reasons.of(e));
        }
    }

    private static FcmTransport fcm(ServerConfig config, Fcm fcm) throws ConfigException {
        FcmTransport.Builder builder = FcmTransport.builder();
        try {
            builder.credentials(FcmCredentials.serviceAccount(fcm.serviceAccountFile()));
        } catch (IOException | IllegalArgumentException e) {
            throw config.origins().error(ConfigKeys.FCM_SERVICE_ACCOUNT, Reasons.of(e));
        }
        try {
            fcm.endpoint().ifPresent(builder::endpoint);
        } catch (IllegalArgumentException e) {
            throw config.origins().error(ConfigKeys.FCM_ENDPOINT, Reasons.of(e));
        }
        return builder.build();
    }

    private static UnifiedPushTransport unifiedPush(
            ServerConfig config, UnifiedPush unifiedPush, Optional<VapidKey> vapid, List<InetSocketAddress> own)
            throws ConfigException {
        UnifiedPushTransport.Builder builder =
                UnifiedPushTransport.builder().addressRule(AddressRule.of(unifiedPush.allow(), List.of(), own));
        if (unifiedPush.trustedCertificates().isPresent()) {
            builder.trustedCertificates(certificates(
                    config,
                    ConfigKeys.UNIFIED_PUSH_TRUSTED,
                    unifiedPush.trustedCertificates().get()));
        }
        try {
            vapid.ifPresent(key -> unifiedPush
                    .vapidContact()
                    .ifPresentOrElse(contact -> builder.vapid(key, contact), () -> builder.vapid(key)));
        } catch (IllegalArgumentException e) {
            throw config.origins().error(ConfigKeys.UNIFIED_PUSH_VAPID_CONTACT, Reasons.of(e));
        }
        return builder.build();
    }

    private static List<X509Certificate> certificates(ServerConfig config, ConfigKey<Path> key, Path file)
            throws ConfigException {
        try (InputStream in = Files.newInputStream(file)) {
            List<X509Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
                            .map(X509Certificate.class::cast)
                            .toList();
            if (!certificates.isEmpty()) {
                return certificates;
            }
        } catch (CertificateException e) {
            // Said below: what the parser has to say helps nobody.
        } catch (IOException e) {
            throw config.origins().error(key, "cannot be read: " + Reasons.of(e));
        }
        throw config.origins().error(key, "must hold certificates in PEM form");
    }

    /** Closes all, each of which waits a few seconds for what is in flight. */
    @Override
    public void close() {
        transports.keySet().forEach(PushTransport::close);
    }
}
