package dev.nippush.address;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Whom a client of ours believes when it connects by TLS, in the two forms that HTTP clients ask for. Immutable, for any
 * thread.
 */
public final class TlsTrust {

    private final X509TrustManager manager;
    private final SSLContext context;

    private TlsTrust(X509TrustManager manager) {
        this.manager = manager;
        try {
            context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {manager}, null);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this platform has no TLS", e);
        }
    }

    /** The certificate authorities that the Java platform trusts. */
    public static TlsTrust platform() {
        return new TlsTrust(manager((KeyStore) null));
    }

    /**
     * These certificates, what they signed, and no others.
     *
     * @throws IllegalArgumentException when there is none, or one cannot be used
     */
    public static TlsTrust only(Collection<X509Certificate> certificates) {
        if (certificates.isEmpty()) {
            throw new IllegalArgumentException("no certificate to trust");
        }
        return new TlsTrust(manager(certificates));
    }

    /**
     * These certificates besides the authorities that the platform trusts.
     *
     * @param certificates may be empty
     * @throws IllegalArgumentException when one cannot be used
     */
    public static TlsTrust platformAnd(Collection<X509Certificate> certificates) {
        if (certificates.isEmpty()) {
            return platform();
        }
        List<X509Certificate> all = new ArrayList<>(certificates);
        all.addAll(Arrays.asList(manager((KeyStore) null).getAcceptedIssuers()));
        return new TlsTrust(manager(all));
    }

    private static X509TrustManager manager(Collection<X509Certificate> certificates) {
        try {
            KeyStore roots = KeyStore.getInstance("PKCS12");
            roots.load(null, null);
            int number = 0;
            for (X509Certificate certificate : certificates) {
                roots.setCertificateEntry("root-" + number++, certificate);
            }
            return manager(roots);
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException("these certificates cannot be trusted", e);
        }
    }

    private static X509TrustManager manager(@Nullable KeyStore roots) {
        try {
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(roots);
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509TrustManager trust) {
                    return trust;
                }
            }
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this platform cannot check certificates", e);
        }
        throw new IllegalStateException("this platform checks no X.509 certificates");
    }

    /** Judges the certificates of the other side. */
    public X509TrustManager manager() {
        return manager;
    }

    /** Makes TLS engines that judge so. */
    public SSLContext context() {
        return context;
    }

    /** Makes TLS sockets that judge so. */
    public SSLSocketFactory sockets() {
        return context.getSocketFactory();
    }
}
