package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateFactory;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TestCertificatesTest {

    private final TestCertificates certificates = TestCertificates.create();

    @Test
    void clientThatTrustsTheAuthorityTalksToItsServerByNameAndByAddress() throws Exception {
        SSLContext server = certificates.server().context();

        assertThat(greetingOver(server, certificates.clientContext(), "localhost"))
                .isEqualTo('!');
        assertThat(greetingOver(server, certificates.clientContext(), "127.0.0.1"))
                .isEqualTo('!');
    }

    @Test
    void serverUnderAnotherNameIsNotBelieved() {
        SSLContext server = certificates.server("push.example.com").context();

        assertThatThrownBy(() -> greetingOver(server, certificates.clientContext(), "localhost"))
                .isInstanceOf(SSLHandshakeException.class);
    }

    @Test
    void otherAuthorityIsNotBelieved() {
        SSLContext server = certificates.server().context();
        SSLContext stranger = TestCertificates.create().clientContext();

        assertThatThrownBy(() -> greetingOver(server, stranger, "localhost")).isInstanceOf(SSLHandshakeException.class);
    }

    @Test
    void authorityIsReadableAsPem() throws Exception {
        byte[] pem = certificates.authorityPem().getBytes(StandardCharsets.US_ASCII);

        assertThat(CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem)))
                .isEqualTo(certificates.authority());
    }

    @Test
    void identityIsSignedByTheAuthority() throws Exception {
        TestCertificates.Identity client = certificates.client("Apple Push Services: com.example.app");

        client.chain().get(0).verify(certificates.authority().getPublicKey());
        assertThat(client.chain().get(0).getSubjectX500Principal().getName())
                .isEqualTo("CN=Apple Push Services: com.example.app");
        assertThat(client.keyStore().getKey("identity", TestCertificates.Identity.PASSWORD.toCharArray()))
                .isEqualTo(client.key());
    }

    private static int greetingOver(SSLContext server, SSLContext client, String host) throws IOException {
        try (SSLServerSocket listening = (SSLServerSocket)
                server.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Void> greeter = CompletableFuture.runAsync(() -> {
                try (SSLSocket accepted = (SSLSocket) listening.accept()) {
                    accepted.getOutputStream().write('!');
                } catch (IOException refusedByTheClient) {
                    assertThat(refusedByTheClient).isNotNull();
                }
            });
            try (SSLSocket socket =
                    (SSLSocket) client.getSocketFactory().createSocket(host, listening.getLocalPort())) {
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                socket.setSSLParameters(parameters);
                return socket.getInputStream().read();
            } finally {
                greeter.orTimeout(10, TimeUnit.SECONDS).join();
            }
        }
    }
}
