package dev.nippush.apns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.TestCertificates;
import dev.nippush.testkit.TestCertificates.Identity;
import dev.nippush.transport.PushResult;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.RSAKeyGenParameterSpec;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ApnsCredentialsTest {

    private static final Identity IDENTITY = TestCertificates.create().client("Apple Push Services: com.example.app");

    @TempDir
    private Path folder;

    private Path file(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    private static String pem(String label, byte[] content) {
        return "-----BEGIN " + label + "-----\n" + Base64.getMimeEncoder().encodeToString(content) + "\n-----END "
                + label + "-----\n";
    }

    private static String newKey(String algorithm, AlgorithmParameterSpec parameters) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        generator.initialize(parameters);
        return pem("PRIVATE KEY", generator.generateKeyPair().getPrivate().getEncoded());
    }

    private Path store(String password) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry(
                "push", IDENTITY.key(), password.toCharArray(), IDENTITY.chain().toArray(new Certificate[0]));
        Path file = folder.resolve("push.p12");
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, password.toCharArray());
        }
        return file;
    }

    private void assertRefused(Runnable load, String... parts) {
        assertThatThrownBy(load::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(folder.toString())
                .hasMessageContainingAll(parts);
    }

    @Test
    void tokenKeySaysWhichOneItIsAndNotWhatItIs() throws Exception {
        try (FakeApns fake = FakeApns.start()) {
            String key = "Key for push\r\n" + fake.signingKeyPem().replace("\n", "\r\n");

            assertThat(ApnsCredentials.tokenKey(file("key.p8", key), " KEY1 ", "TEAM1"))
                    .hasToString("token key KEY1 of team TEAM1");
        }
    }

    @Test
    void fileThatIsMissingOrHugeOrAFolderIsNamed() throws Exception {
        Path huge = Files.write(folder.resolve("huge.p8"), new byte[2 << 20]);

        assertRefused(() -> ApnsCredentials.tokenKey(folder.resolve("none.p8"), "K", "T"), "none.p8", "does not exist");
        assertRefused(() -> ApnsCredentials.tokenKey(huge, "K", "T"), "huge.p8", "no credential");
        assertRefused(() -> ApnsCredentials.tokenKey(folder, "K", "T"), "cannot be read");
        assertRefused(() -> ApnsCredentials.certificate(folder.resolve("none.p12"), ""), "none.p12", "does not exist");
    }

    @Test
    void fileThatHoldsNoKeyIsToldFromOneThatHoldsAnotherKind() throws Exception {
        Path text = file("text.p8", "not a key");
        Path damaged = file("damaged.p8", "-----BEGIN PRIVATE KEY-----\n A \n-----END PRIVATE KEY-----\n");
        Path certificate = file("certificate.p8", IDENTITY.chainPem());
        Path rsa = file("rsa.p8", newKey("RSA", new RSAKeyGenParameterSpec(2048, RSAKeyGenParameterSpec.F4)));
        Path otherCurve = file("p384.p8", newKey("EC", new ECGenParameterSpec("secp384r1")));

        assertRefused(() -> ApnsCredentials.tokenKey(text, "K", "T"), "is no PEM text", "AuthKey_….p8");
        assertRefused(() -> ApnsCredentials.tokenKey(damaged, "K", "T"), "damaged block", "copy the file again");
        assertRefused(() -> ApnsCredentials.tokenKey(certificate, "K", "T"), "no block \"PRIVATE KEY\"");
        assertRefused(() -> ApnsCredentials.tokenKey(rsa, "K", "T"), "no elliptic curve key", "AuthKey_….p8");
        assertRefused(() -> ApnsCredentials.tokenKey(otherCurve, "K", "T"), "another curve than P-256");
    }

    @Test
    void blankIdsAreRefused() throws Exception {
        Path key = file("key.p8", newKey("EC", new ECGenParameterSpec("secp256r1")));

        assertThatThrownBy(() -> ApnsCredentials.tokenKey(key, " ", "T"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("key id");
        assertThatThrownBy(() -> ApnsCredentials.tokenKey(key, "K", ""))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("team id");
    }

    @Test
    void certificateComesFromAStore() throws Exception {
        Path store = store("secret");

        assertThat(ApnsCredentials.certificate(store, "secret"))
                .hasToString("certificate of CN=Apple Push Services: com.example.app");
        assertRefused(() -> ApnsCredentials.certificate(store, "wrong"), "push.p12", "check the password");
    }

    @Test
    void certificateComesFromPemInAnyOrder() throws Exception {
        Path keyFirst = file("key-first.pem", IDENTITY.keyPem() + "Bag Attributes\n" + IDENTITY.chainPem());

        assertThat(ApnsCredentials.certificate(keyFirst, ""))
                .hasToString("certificate of CN=Apple Push Services: com.example.app");
    }

    @Test
    void keyInPemMayBeEncrypted() throws Exception {
        String scheme = "PBEWithHmacSHA256AndAES_256";
        SecretKey secret = SecretKeyFactory.getInstance(scheme).generateSecret(new PBEKeySpec("secret".toCharArray()));
        Cipher cipher = Cipher.getInstance(scheme);
        cipher.init(Cipher.ENCRYPT_MODE, secret);
        AlgorithmParameters parameters = cipher.getParameters();
        Key key = IDENTITY.key();
        byte[] encrypted = new DERSequence(new ASN1Encodable[] {
                    new DERSequence(new ASN1Encodable[] {
                        PKCSObjectIdentifiers.id_PBES2, ASN1Primitive.fromByteArray(parameters.getEncoded())
                    }),
                    new DEROctetString(cipher.doFinal(key.getEncoded()))
                })
                .getEncoded();
        Path file = file("encrypted.pem", IDENTITY.chainPem() + pem("ENCRYPTED PRIVATE KEY", encrypted));

        assertThat(ApnsCredentials.certificate(file, "secret")).asString().startsWith("certificate of");
        assertRefused(() -> ApnsCredentials.certificate(file, "wrong"), "does not open with this password");
    }

    @Test
    void halfACertificateIsRefused() throws Exception {
        Path onlyChain = file("chain.pem", IDENTITY.chainPem());
        Path onlyKey = file("key.pem", IDENTITY.keyPem());
        Path otherKey = file("other.pem", IDENTITY.chainPem() + newKey("EC", new ECGenParameterSpec("secp256r1")));
        Path otherKind = file(
                "mixed.pem",
                IDENTITY.chainPem() + newKey("RSA", new RSAKeyGenParameterSpec(2048, RSAKeyGenParameterSpec.F4)));

        assertRefused(() -> ApnsCredentials.certificate(onlyChain, ""), "no block \"PRIVATE KEY\"", "openssl pkcs8");
        assertRefused(() -> ApnsCredentials.certificate(onlyKey, ""), "no block \"CERTIFICATE\"", "token key");
        assertRefused(() -> ApnsCredentials.certificate(otherKind, ""), "and another key");
        assertRefused(() -> ApnsCredentials.certificate(otherKey, ""), "the key of another one");
    }

    @Test
    void certificateFromAStoreIsShownToTheServer() throws Exception {
        try (FakeApns fake = FakeApns.start()) {
            Identity identity = fake.certificates().client("Apple Push Services: com.example.app");
            Path file = folder.resolve("push.p12");
            try (OutputStream out = Files.newOutputStream(file)) {
                identity.keyStore().store(out, Identity.PASSWORD.toCharArray());
            }
            try (ApnsTransport transport = Pushes.builder(fake)
                    .credentials(ApnsCredentials.certificate(file, Identity.PASSWORD))
                    .build()) {
                assertThat(Pushes.send(transport, Pushes.message(fake.device(0))))
                        .isEqualTo(PushResult.accepted());
            }
        }
    }
}
