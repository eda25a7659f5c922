package dev.nippush.testkit;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.TBSCertificate;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.asn1.x509.V3TBSCertificateGenerator;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.jspecify.annotations.Nullable;

/**
 * A certificate authority that lives as long as the test: made on the spot, trusted by nobody but those who are given
 * {@link #authority()}. Keys are P-256. Immutable.
 */
public final class TestCertificates {

    private static final AlgorithmIdentifier ECDSA = new AlgorithmIdentifier(X9ObjectIdentifiers.ecdsa_with_SHA256);

    private final KeyPair keys;
    private final X509Certificate authority;

    private TestCertificates(KeyPair keys, X509Certificate authority) {
        this.keys = keys;
        this.authority = authority;
    }

    /** A new authority. */
    public static TestCertificates create() {
        try {
            KeyPair keys = newKeys();
            ExtensionsGenerator extensions = new ExtensionsGenerator();
            extensions.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            X500Name name = name("nip-push test authority");
            return new TestCertificates(keys, sign(name, keys.getPrivate(), name, keys, extensions));
        } catch (GeneralSecurityException | IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The trust root. */
    public X509Certificate authority() {
        return authority;
    }

    /** The trust root in PEM form. */
    public String authorityPem() {
        return pem("CERTIFICATE", encoded(authority));
    }

    /** Writes the trust root to a file in PEM form, and returns that file. */
    public Path writeAuthority(Path file) throws IOException {
        return Files.writeString(file, authorityPem());
    }

    /** A client's TLS settings that trust this authority and no other. */
    public SSLContext clientContext() {
        return context(null, authority);
    }

    /** A key and certificate for a server on this machine: {@code localhost}, {@code 127.0.0.1} and {@code ::1}. */
    public Identity server() {
        return issue(
                "localhost",
                new GeneralName(GeneralName.dNSName, "localhost"),
                new GeneralName(GeneralName.iPAddress, "127.0.0.1"),
                new GeneralName(GeneralName.iPAddress, "::1"));
    }

    /** A key and certificate for a server under another name. */
    public Identity server(String host) {
        return issue(host, new GeneralName(GeneralName.dNSName, host));
    }

    /**
     * A key and certificate for a client.
     *
     * @param commonName what stands in the subject, such as {@code Apple Push Services: com.example.app}
     */
    public Identity client(String commonName) {
        return issue(commonName);
    }

    private Identity issue(String commonName, GeneralName... alternativeNames) {
        try {
            KeyPair subject = newKeys();
            ExtensionsGenerator extensions = new ExtensionsGenerator();
            if (alternativeNames.length > 0) {
                extensions.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(alternativeNames));
            }
            X500Name issuer =
                    X500Name.getInstance(authority.getSubjectX500Principal().getEncoded());
            X509Certificate certificate = sign(issuer, keys.getPrivate(), name(commonName), subject, extensions);
            return new Identity(subject.getPrivate(), List.of(certificate, authority));
        } catch (GeneralSecurityException | IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static X509Certificate sign(
            X500Name issuer,
            PrivateKey issuerKey,
            X500Name subject,
            KeyPair subjectKeys,
            ExtensionsGenerator extensions)
            throws GeneralSecurityException, IOException {
        Instant now = Instant.now();
        V3TBSCertificateGenerator generator = new V3TBSCertificateGenerator();
        generator.setSerialNumber(new ASN1Integer(new BigInteger(64, new SecureRandom()).add(BigInteger.ONE)));
        generator.setSignature(ECDSA);
        generator.setIssuer(issuer);
        generator.setSubject(subject);
        generator.setStartDate(new Time(Date.from(now.minus(1, ChronoUnit.DAYS))));
        generator.setEndDate(new Time(Date.from(now.plus(365, ChronoUnit.DAYS))));
        generator.setSubjectPublicKeyInfo(
                SubjectPublicKeyInfo.getInstance(subjectKeys.getPublic().getEncoded()));
        if (!extensions.isEmpty()) {
            generator.setExtensions(extensions.generate());
        }
        TBSCertificate unsigned = generator.generateTBSCertificate();
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(issuerKey);
        signature.update(unsigned.getEncoded());
        byte[] encoded =
                new DERSequence(new ASN1Encodable[] {unsigned, ECDSA, new DERBitString(signature.sign())}).getEncoded();
        return (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(encoded));
    }

    private static KeyPair newKeys() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    private static X500Name name(String commonName) {
        return new X500NameBuilder().addRDN(BCStyle.CN, commonName).build();
    }

    private static byte[] encoded(X509Certificate certificate) {
        try {
            return certificate.getEncoded();
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String pem(String label, byte[] content) {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        return "-----BEGIN " + label + "-----\n" + base64 + "\n-----END " + label + "-----\n";
    }

    private static SSLContext context(@Nullable Identity identity, X509Certificate trusted) {
        try {
            KeyStore roots = KeyStore.getInstance("PKCS12");
            roots.load(null, null);
            roots.setCertificateEntry("authority", trusted);
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(roots);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(identity == null ? null : identity.keyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** A private key and the certificates that vouch for it. Immutable. */
    public static final class Identity {

        /** The password of {@link #keyStore()}. */
        public static final String PASSWORD = "test";

        private final PrivateKey key;
        private final List<X509Certificate> chain;

        private Identity(PrivateKey key, List<X509Certificate> chain) {
            this.key = key;
            this.chain = chain;
        }

        /** The private key. */
        public PrivateKey key() {
            return key;
        }

        /** Its certificate first, the authority last. */
        public List<X509Certificate> chain() {
            return chain;
        }

        /** Both as a PKCS #12 store with one entry, for {@link #PASSWORD}. */
        public KeyStore keyStore() {
            try {
                KeyStore store = KeyStore.getInstance("PKCS12");
                store.load(null, null);
                store.setKeyEntry("identity", key, PASSWORD.toCharArray(), chain.toArray(new X509Certificate[0]));
                return store;
            } catch (GeneralSecurityException | IOException impossible) {
                throw new IllegalStateException(impossible);
            }
        }

        /** TLS settings that show this identity, and trust its authority alone. */
        public SSLContext context() {
            return TestCertificates.context(this, chain.get(chain.size() - 1));
        }

        /** The private key in PEM form (PKCS #8). */
        public String keyPem() {
            return pem("PRIVATE KEY", key.getEncoded());
        }

        /** The certificates in PEM form, in the order of {@link #chain()}. */
        public String chainPem() {
            StringBuilder text = new StringBuilder();
            chain.forEach(certificate -> text.append(pem("CERTIFICATE", encoded(certificate))));
            return text.toString();
        }

        private KeyManager[] keyManagers() throws GeneralSecurityException {
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(keyStore(), PASSWORD.toCharArray());
            return factory.getKeyManagers();
        }
    }
}
