package dev.nippush.apns;

import com.eatthepath.pushy.apns.ApnsClientBuilder;
import com.eatthepath.pushy.apns.auth.ApnsSigningKey;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.Key;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * How Apple knows the sender: by a token that a key signs, or by a TLS certificate. Read from its file once, when made;
 * a file that will not do is refused there and then, with an {@link IllegalArgumentException} that names the file and
 * what to do. Immutable, and its {@code toString} holds no secret.
 */
public abstract sealed class ApnsCredentials {

    /** A credential file has a few kilobytes; one beyond this is a mistake. */
    private static final long LARGEST_FILE = 1 << 20;

    private static final int P256_BITS = 256;

    /** Wider than Apple's ten letters and digits, and free of what JSON would have to escape. */
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,255}");

    private static final String PRIVATE_KEY = "PRIVATE KEY";
    private static final String ENCRYPTED_PRIVATE_KEY = "ENCRYPTED PRIVATE KEY";
    private static final String CERTIFICATE = "CERTIFICATE";

    private static final String WHERE_KEYS_ARE =
            "an APNs key is the AuthKey_….p8 file from the Apple developer account,"
                    + " Certificates, Identifiers & Profiles, Keys";

    private ApnsCredentials() {}

    /**
     * A token signing key.
     *
     * @param file the {@code .p8} file: one P-256 private key, PKCS #8 in PEM form
     * @param keyId the key's id, ten characters in Apple's list of keys
     * @param teamId the id of the developer team, ten characters
     * @throws IllegalArgumentException when the file cannot be read or holds something else, or an id is blank or holds
     *     other signs than letters, digits, dots, underscores and hyphens
     */
    public static ApnsCredentials tokenKey(Path file, String keyId, String teamId) {
        return new TokenKey(readSigningKey(file), id(keyId, "key id"), id(teamId, "team id"));
    }

    /**
     * A TLS client certificate with its private key.
     *
     * @param file a PKCS #12 store ({@code .p12}), or a PEM file with the certificate and its key
     * @param password of the store or of the PEM key; empty if it has none
     * @throws IllegalArgumentException when the file cannot be read, does not open with the password, lacks one of the
     *     two, the two do not belong together, or the certificate has expired
     */
    public static ApnsCredentials certificate(Path file, String password) {
        byte[] content = read(file);
        ClientCertificate found = looksLikePem(content)
                ? fromPem(file, blocks(file, content), password)
                : fromStore(file, content, password);
        if (!found.isPair()) {
            throw refused(file, "holds a certificate and the key of another one; export both together", null);
        }
        try {
            found.certificate.checkValidity();
        } catch (CertificateException notNow) {
            throw refused(
                    file,
                    "is valid from " + found.certificate.getNotBefore().toInstant() + " to "
                            + found.certificate.getNotAfter().toInstant()
                            + "; get a new certificate, or use a token key (.p8), which does not expire",
                    notNow);
        }
        return found;
    }

    /** Hands the secret to pushy. */
    abstract void applyTo(ApnsClientBuilder builder);

    /** What makes provider tokens; empty for a certificate, which needs none. */
    abstract Optional<ProviderTokens> providerTokens(InstantSource clock, LongSupplier nanoTime);

    private static ECPrivateKey readSigningKey(Path file) {
        byte[] content = read(file);
        if (!looksLikePem(content)) {
            throw refused(file, "is no PEM text; " + WHERE_KEYS_ARE, null);
        }
        byte[] encoded = find(blocks(file, content), PRIVATE_KEY)
                .orElseThrow(() -> refused(file, "holds no block \"" + PRIVATE_KEY + "\"; " + WHERE_KEYS_ARE, null));
        ECPrivateKey key;
        try {
            key = (ECPrivateKey) KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(encoded));
        } catch (InvalidKeySpecException notThatKind) {
            throw refused(file, "holds no elliptic curve key; " + WHERE_KEYS_ARE, notThatKind);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
        if (key.getParams().getOrder().bitLength() != P256_BITS) {
            throw refused(file, "holds a key on another curve than P-256; " + WHERE_KEYS_ARE, null);
        }
        return key;
    }

    private static ClientCertificate fromStore(Path file, byte[] content, String password) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(new ByteArrayInputStream(content), password.toCharArray());
            for (String alias : Collections.list(store.aliases())) {
                Key key = store.getKey(alias, password.toCharArray());
                Certificate certificate = store.getCertificate(alias);
                if (key instanceof PrivateKey privateKey && certificate instanceof X509Certificate x509) {
                    return new ClientCertificate(x509, privateKey);
                }
            }
        } catch (IOException | GeneralSecurityException notOpened) {
            throw refused(
                    file,
                    "is no PKCS #12 store, or its password is another one; check the password, or export the certificate"
                            + " with its key from the key chain again",
                    notOpened);
        }
        throw refused(file, "holds no certificate with its private key; export both together", null);
    }

    private static ClientCertificate fromPem(Path file, List<Block> blocks, String password) {
        X509Certificate certificate = find(blocks, CERTIFICATE)
                .map(encoded -> x509(file, encoded))
                .orElseThrow(() -> refused(
                        file,
                        "holds no block \"" + CERTIFICATE + "\"; a .p8 token key is used with its key id and team id",
                        null));
        Optional<byte[]> encrypted = find(blocks, ENCRYPTED_PRIVATE_KEY);
        byte[] encoded = encrypted.isPresent()
                ? decrypt(file, encrypted.get(), password)
                : find(blocks, PRIVATE_KEY)
                        .orElseThrow(() -> refused(
                                file,
                                "holds no block \"" + PRIVATE_KEY
                                        + "\"; put the key beside the certificate, in the form that"
                                        + " \"openssl pkcs8 -topk8\" writes",
                                null));
        String algorithm = certificate.getPublicKey().getAlgorithm();
        try {
            return new ClientCertificate(
                    certificate, KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded)));
        } catch (GeneralSecurityException notThatKind) {
            throw refused(
                    file, "holds a certificate for a key of kind " + algorithm + ", and another key", notThatKind);
        }
    }

    private static byte[] decrypt(Path file, byte[] encoded, String password) {
        EncryptedPrivateKeyInfo encrypted;
        Cipher cipher;
        SecretKeyFactory secrets;
        try {
            encrypted = new EncryptedPrivateKeyInfo(encoded);
            // For PBES2 the parameters name the whole scheme, the algorithm name only its family.
            String scheme = encrypted.getAlgParameters() == null
                    ? encrypted.getAlgName()
                    : encrypted.getAlgParameters().toString();
            cipher = Cipher.getInstance(scheme);
            secrets = SecretKeyFactory.getInstance(scheme);
        } catch (IOException | GeneralSecurityException unknownScheme) {
            throw refused(
                    file,
                    "holds a key that is encrypted in a way that Java cannot read; write it anew with"
                            + " \"openssl pkcs8 -topk8 -v2 aes-256-cbc\"",
                    unknownScheme);
        }
        try {
            cipher.init(
                    Cipher.DECRYPT_MODE,
                    secrets.generateSecret(new PBEKeySpec(password.toCharArray())),
                    encrypted.getAlgParameters());
            return encrypted.getKeySpec(cipher).getEncoded();
        } catch (GeneralSecurityException notOpened) {
            throw refused(file, "holds a key that does not open with this password", notOpened);
        }
    }

    private static X509Certificate x509(Path file, byte[] encoded) {
        try {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(encoded));
        } catch (CertificateException malformed) {
            throw refused(file, "holds a certificate that cannot be read", malformed);
        }
    }

    private static byte[] read(Path file) {
        try {
            if (Files.size(file) > LARGEST_FILE) {
                throw refused(file, "has more than " + LARGEST_FILE + " bytes, so it is no credential", null);
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException missing) {
            throw refused(file, "does not exist", missing);
        } catch (IOException unreadable) {
            throw refused(file, "cannot be read: " + unreadable.getMessage(), unreadable);
        }
    }

    private static boolean looksLikePem(byte[] content) {
        return new String(content, StandardCharsets.ISO_8859_1).contains("-----BEGIN ");
    }

    private static List<Block> blocks(Path file, byte[] content) {
        List<Block> blocks = new ArrayList<>();
        Matcher matcher = Block.PEM.matcher(new String(content, StandardCharsets.ISO_8859_1));
        while (matcher.find()) {
            try {
                blocks.add(new Block(matcher.group(1), Base64.getMimeDecoder().decode(matcher.group(2))));
            } catch (IllegalArgumentException torn) {
                throw refused(file, "has a damaged block \"" + matcher.group(1) + "\"; copy the file again", torn);
            }
        }
        return blocks;
    }

    private static Optional<byte[]> find(List<Block> blocks, String label) {
        return blocks.stream()
                .filter(block -> block.label.equals(label))
                .map(Block::content)
                .findFirst();
    }

    private static String id(String id, String what) {
        String trimmed = id.trim();
        if (trimmed.isEmpty()) {
            throw new IllegalArgumentException("the " + what + " of an APNs token key must not be blank");
        }
        if (!ID.matcher(trimmed).matches()) {
            throw new IllegalArgumentException(
                    "the " + what + " of an APNs token key has ten letters and digits, as ABC123DEFG");
        }
        return trimmed;
    }

    private static IllegalArgumentException refused(Path file, String why, @Nullable Throwable cause) {
        return new IllegalArgumentException(file + " " + why, cause);
    }

    /** One block of a PEM file. */
    private record Block(String label, byte[] content) {
        static final Pattern PEM = Pattern.compile("-----BEGIN ([A-Z0-9 ]++)-----([^-]*+)-----END \\1-----");
    }

    private static final class TokenKey extends ApnsCredentials {

        private final ECPrivateKey key;
        private final String keyId;
        private final String teamId;

        TokenKey(ECPrivateKey key, String keyId, String teamId) {
            this.key = key;
            this.keyId = keyId;
            this.teamId = teamId;
        }

        @Override
        void applyTo(ApnsClientBuilder builder) {
            try {
                builder.setSigningKey(new ApnsSigningKey(keyId, teamId, key));
            } catch (InvalidKeyException | NoSuchAlgorithmException impossible) {
                throw new IllegalStateException(impossible);
            }
        }

        @Override
        Optional<ProviderTokens> providerTokens(InstantSource clock, LongSupplier nanoTime) {
            return Optional.of(new ProviderTokens(key, keyId, teamId, clock, nanoTime));
        }

        @Override
        public String toString() {
            return "token key " + keyId + " of team " + teamId;
        }
    }

    private static final class ClientCertificate extends ApnsCredentials {

        private final X509Certificate certificate;
        private final PrivateKey key;

        ClientCertificate(X509Certificate certificate, PrivateKey key) {
            this.certificate = certificate;
            this.key = key;
        }

        /** Whether what the key signs, the certificate proves. */
        boolean isPair() {
            String algorithm = "SHA256with" + (key.getAlgorithm().equals("EC") ? "ECDSA" : key.getAlgorithm());
            try {
                Signature signature = Signature.getInstance(algorithm);
                signature.initSign(key);
                byte[] proof = signature.sign();
                signature.initVerify(certificate.getPublicKey());
                return signature.verify(proof);
            } catch (GeneralSecurityException another) {
                return false;
            }
        }

        @Override
        void applyTo(ApnsClientBuilder builder) {
            builder.setClientCredentials(certificate, key, null);
        }

        @Override
        Optional<ProviderTokens> providerTokens(InstantSource clock, LongSupplier nanoTime) {
            return Optional.empty();
        }

        @Override
        public String toString() {
            return "certificate of " + certificate.getSubjectX500Principal().getName();
        }
    }
}
