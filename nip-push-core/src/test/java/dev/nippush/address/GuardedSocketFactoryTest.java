package dev.nippush.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class GuardedSocketFactoryTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final AddressRule LOOPBACK_ALLOWED =
            AddressRule.of(List.of("127.0.0.0/8", "::1"), Set.of(), List.of());

    private static ServerSocket listener() throws IOException {
        return new ServerSocket(0, 50, LOOPBACK);
    }

    private static InetSocketAddress addressOf(ServerSocket listener) {
        return new InetSocketAddress(LOOPBACK, listener.getLocalPort());
    }

    private static GuardedSocketFactory factory(AddressRule rule, long limit) {
        return new GuardedSocketFactory(rule, () -> new InboundBudget(limit));
    }

    /** Whether nobody connected: a connection waits in the backlog, where accept would find it at once. */
    private static void assertNobodyConnected(ServerSocket listener) throws IOException {
        listener.setSoTimeout(100);
        assertThatThrownBy(listener::accept).isInstanceOf(SocketTimeoutException.class);
    }

    @Test
    void aForbiddenAddressSeesNoConnection() throws Exception {
        GuardedSocketFactory factory = factory(AddressRule.strict(), 1_000);
        try (ServerSocket listener = listener();
                Socket socket = factory.createSocket()) {
            int port = listener.getLocalPort();
            assertThatThrownBy(() -> socket.connect(addressOf(listener), 5_000))
                    .isInstanceOf(ForbiddenAddressException.class);
            assertThatThrownBy(() -> socket.connect(addressOf(listener))).isInstanceOf(ForbiddenAddressException.class);
            assertThatThrownBy(() -> factory.createSocket("localhost", port))
                    .isInstanceOf(ForbiddenAddressException.class);
            assertThatThrownBy(() -> factory.createSocket(LOOPBACK, port))
                    .isInstanceOf(ForbiddenAddressException.class);
            assertThatThrownBy(() -> factory.createSocket("localhost", port, LOOPBACK, 0))
                    .isInstanceOf(ForbiddenAddressException.class);
            assertThatThrownBy(() -> factory.createSocket(LOOPBACK, port, LOOPBACK, 0))
                    .isInstanceOf(ForbiddenAddressException.class);

            assertThat(socket.isConnected()).isFalse();
            assertNobodyConnected(listener);
        }
    }

    @Test
    void aPublicNameThatResolvesToThisMachineIsForbidden() throws Exception {
        try (ServerSocket listener = listener();
                Socket socket = factory(AddressRule.strict(), 1_000).createSocket()) {
            InetAddress rebound = InetAddress.getByAddress("relay.example", LOOPBACK.getAddress());
            InetSocketAddress remote = new InetSocketAddress(rebound, listener.getLocalPort());

            assertThatThrownBy(() -> socket.connect(remote, 5_000))
                    .isInstanceOf(ForbiddenAddressException.class)
                    .hasMessageContaining("relay.example");
            assertNobodyConnected(listener);
        }
    }

    @Test
    void anUnresolvedAddressIsForbidden() throws Exception {
        try (Socket socket = factory(LOOPBACK_ALLOWED, 1_000).createSocket()) {
            assertThatThrownBy(() -> socket.connect(InetSocketAddress.createUnresolved("localhost", 80), 5_000))
                    .isInstanceOf(ForbiddenAddressException.class);
        }
    }

    @Test
    void anAllowedAddressWorks() throws Exception {
        try (ServerSocket listener = listener();
                Socket socket = factory(LOOPBACK_ALLOWED, 1_000).createSocket()) {
            socket.connect(addressOf(listener), 5_000);
            try (Socket peer = listener.accept()) {
                peer.getOutputStream().write(42);
                assertThat(socket.getInputStream().read()).isEqualTo(42);
                socket.getOutputStream().write(43);
                assertThat(peer.getInputStream().read()).isEqualTo(43);
            }
        }
    }

    @Test
    void anAllowedNameWorksByThatNameOnly() throws Exception {
        try (ServerSocket listener = listener()) {
            AddressRule rule = AddressRule.of(List.of("relay.lan:" + listener.getLocalPort()), Set.of(), List.of());
            GuardedSocketFactory factory = factory(rule, 1_000);
            InetAddress named = InetAddress.getByAddress("relay.lan", LOOPBACK.getAddress());
            try (Socket socket = factory.createSocket(named, listener.getLocalPort())) {
                assertThat(socket.isConnected()).isTrue();
            }
            InetAddress other = InetAddress.getByAddress("other.lan", LOOPBACK.getAddress());
            assertThatThrownBy(() -> factory.createSocket(other, listener.getLocalPort()))
                    .isInstanceOf(ForbiddenAddressException.class);
        }
    }

    @Test
    void noProxyOfTheSystemPropertiesIsUsed() throws Exception {
        try (ServerSocket proxy = listener();
                ServerSocket listener = listener()) {
            System.setProperty("socksProxyHost", LOOPBACK.getHostAddress());
            System.setProperty("socksProxyPort", String.valueOf(proxy.getLocalPort()));
            System.setProperty("socksNonProxyHosts", "");
            try (Socket socket = factory(LOOPBACK_ALLOWED, 1_000).createSocket()) {
                socket.connect(addressOf(listener), 5_000);
                assertThat(listener.accept().isConnected()).isTrue();
                assertNobodyConnected(proxy);
            } finally {
                System.clearProperty("socksProxyHost");
                System.clearProperty("socksProxyPort");
                System.clearProperty("socksNonProxyHosts");
            }
        }
    }

    @Test
    void tooManyBytesWithoutAMessageBreakTheConnection() throws Exception {
        InboundBudget budget = new InboundBudget(1_000);
        GuardedSocketFactory factory = new GuardedSocketFactory(LOOPBACK_ALLOWED, budget);
        try (ServerSocket listener = listener();
                Socket socket = factory.createSocket(LOOPBACK, listener.getLocalPort());
                Socket peer = listener.accept()) {
            peer.getOutputStream().write(new byte[2_001]);
            InputStream in = socket.getInputStream();

            assertThat(in.readNBytes(1_000)).hasSize(1_000);
            budget.messageArrived();
            assertThat(in.skip(999)).isEqualTo(999);
            assertThat(in.read()).isZero();
            assertThatThrownBy(in::read)
                    .isInstanceOf(InboundLimitException.class)
                    .hasMessageContaining("1000");
            assertThat(socket.isClosed()).isTrue();
            assertThat(factory.budgetOf(socket)).isEmpty();
        }
    }

    @Test
    void everyWayToReadIsCounted() throws Exception {
        GuardedSocketFactory factory = factory(LOOPBACK_ALLOWED, 1_000);
        try (ServerSocket listener = listener()) {
            for (Reading reading : List.<Reading>of(
                    InputStream::readAllBytes,
                    in -> in.transferTo(OutputStream.nullOutputStream()),
                    in -> in.readNBytes(1_001),
                    in -> in.readNBytes(new byte[1_001], 0, 1_001),
                    in -> in.skipNBytes(1_001))) {
                try (Socket socket = factory.createSocket(LOOPBACK, listener.getLocalPort());
                        Socket peer = listener.accept()) {
                    peer.getOutputStream().write(new byte[1_001]);
                    peer.shutdownOutput();
                    assertThatThrownBy(() -> reading.of(socket.getInputStream()))
                            .isInstanceOf(InboundLimitException.class);
                }
            }
        }
    }

    private interface Reading {
        void of(InputStream in) throws IOException;
    }

    @Test
    void everyConnectionHasABudgetOfItsOwnUntilItCloses() throws Exception {
        GuardedSocketFactory factory = factory(LOOPBACK_ALLOWED, 1_000);
        try (ServerSocket listener = listener()) {
            Socket first = factory.createSocket(LOOPBACK, listener.getLocalPort());
            Socket second = factory.createSocket(LOOPBACK, listener.getLocalPort());
            try (Socket stranger = new Socket(LOOPBACK, listener.getLocalPort());
                    Socket unconnected = factory.createSocket()) {
                InboundBudget budget = factory.budgetOf(first).orElseThrow();
                assertThat(factory.budgetOf(second)).isPresent().get().isNotSameAs(budget);
                assertThat(factory.budgetOf(stranger)).isEmpty();
                assertThat(factory.budgetOf(unconnected)).isEmpty();
            } finally {
                first.close();
                second.close();
            }
            assertThat(factory.budgetOf(first)).isEmpty();
        }
    }

    @Test
    void theLimitAndTheBudgetHoldUnderTls(@TempDir Path folder) throws Exception {
        SSLContext tls = selfSigned(folder);
        GuardedSocketFactory factory = factory(LOOPBACK_ALLOWED, 64 * 1024);
        try (ServerSocket listener = tls.getServerSocketFactory().createServerSocket(0, 50, LOOPBACK)) {
            CompletableFuture<Void> served = CompletableFuture.runAsync(() -> {
                try (Socket peer = listener.accept()) {
                    OutputStream out = peer.getOutputStream();
                    out.write(new byte[60 * 1024]);
                    assertThat(peer.getInputStream().read()).isEqualTo(1);
                    out.write(new byte[1024 * 1024]);
                } catch (IOException expected) {
                    // the client hangs up
                }
            });
            Socket raw = factory.createSocket(LOOPBACK, listener.getLocalPort());
            try (SSLSocket socket =
                    (SSLSocket) tls.getSocketFactory().createSocket(raw, "localhost", listener.getLocalPort(), true)) {
                InputStream in = socket.getInputStream();
                in.readNBytes(60 * 1024);
                factory.budgetOf(socket).orElseThrow().messageArrived();
                socket.getOutputStream().write(1);
                in.readNBytes(40 * 1024);

                // A TLS record of 16 KiB is read as a whole.
                assertThatThrownBy(() -> in.readNBytes(40 * 1024))
                        .isInstanceOf(IOException.class)
                        .satisfies(e -> assertThat(causes(e)).hasAtLeastOneElementOfType(InboundLimitException.class));
            }
            assertThat(raw.isClosed()).isTrue();
            assertThat(factory.budgetOf(raw)).isEmpty();
            served.get(30, TimeUnit.SECONDS);
        }
    }

    @Test
    void aBudgetHasAPositiveLimit() {
        assertThatThrownBy(() -> new InboundBudget(0)).isInstanceOf(IllegalArgumentException.class);
    }

    private static List<Throwable> causes(Throwable failure) {
        return Stream.iterate(failure, Objects::nonNull, Throwable::getCause).toList();
    }

    private static SSLContext selfSigned(Path folder) throws Exception {
        Path file = folder.resolve("key.p12");
        String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        Process process = new ProcessBuilder(
                        keytool,
                        "-genkeypair",
                        "-alias",
                        "test",
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "SAN=dns:localhost",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        "secret",
                        "-keystore",
                        file.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, "secret".toCharArray());
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, "secret".toCharArray());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }
}
