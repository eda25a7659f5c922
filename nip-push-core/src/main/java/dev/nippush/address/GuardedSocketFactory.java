package dev.nippush.address;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Sockets that connect only where {@link AddressRule} permits, through no proxy, and that break when a peer sends too
 * much without a whole message. The address that is checked is the resolved one that is connected to. Failures are
 * {@link ForbiddenAddressException} and {@link InboundLimitException}; the latter closes the socket, and is the cause of
 * the exception that a TLS socket layered over it throws.
 *
 * <p>A WebSocket client has a factory per connection and calls {@link InboundBudget#messageArrived()} on its budget for
 * each message. An HTTP client has one factory for all its connections, and finds the budget of each with
 * {@link #budgetOf(Socket)}, also from the TLS socket that was layered over it.
 *
 * <p>Two factories with different rules must not serve clients that share a connection pool: a pooled connection is
 * not checked again. For any thread.
 */
public final class GuardedSocketFactory extends SocketFactory {
    private final AddressRule rule;
    private final Supplier<InboundBudget> budgets;
    private final Map<Endpoints, InboundBudget> open = new ConcurrentHashMap<>();

    private record Endpoints(SocketAddress local, @Nullable SocketAddress remote) {
        static Endpoints of(Socket socket) {
            return new Endpoints(socket.getLocalSocketAddress(), socket.getRemoteSocketAddress());
        }
    }

    /** Creates a factory for one connection: all its sockets spend the same budget. */
    public GuardedSocketFactory(AddressRule rule, InboundBudget budget) {
        this(rule, () -> budget);
        requireNonNull(budget, "budget");
    }

    /**
     * Creates a factory for many connections.
     *
     * @param budgets asked once for each connection
     */
    public GuardedSocketFactory(AddressRule rule, Supplier<InboundBudget> budgets) {
        this.rule = requireNonNull(rule, "rule");
        this.budgets = requireNonNull(budgets, "budgets");
    }

    /**
     * The budget of an open connection of this factory.
     *
     * @param socket a socket of this factory, or a TLS socket layered over one; empty for any other, and once closed
     */
    public Optional<InboundBudget> budgetOf(Socket socket) {
        return Optional.ofNullable(open.get(Endpoints.of(socket)));
    }

    @Override
    public Socket createSocket() {
        return new GuardedSocket();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected(new InetSocketAddress(host, port), new InetSocketAddress(localHost, localPort));
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected(new InetSocketAddress(host, port), new InetSocketAddress(localHost, localPort));
    }

    private Socket connected(InetSocketAddress remote, @Nullable SocketAddress local) throws IOException {
        Socket socket = createSocket();
        try {
            if (local != null) {
                socket.bind(local);
            }
            socket.connect(remote);
            return socket;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private void check(SocketAddress remote) throws ForbiddenAddressException {
        if (!(remote instanceof InetSocketAddress address) || address.isUnresolved()) {
            throw new ForbiddenAddressException("not a resolved address: " + remote);
        }
        // getHostString, unlike getHostName, asks no name service for the name of a literal.
        String named = address.getHostString();
        if (!rule.permits(address.getAddress(), address.getPort(), named)) {
            throw new ForbiddenAddressException("not allowed by the address rule: " + named + ':' + address.getPort());
        }
    }

    private final class GuardedSocket extends Socket {
        private final InboundBudget budget = budgets.get();
        private volatile @Nullable Endpoints endpoints;

        GuardedSocket() {
            super(Proxy.NO_PROXY); // else the system property socksProxyHost applies, and hides the address
        }

        @Override
        public void connect(SocketAddress remote) throws IOException {
            connect(remote, 0);
        }

        @Override
        public void connect(SocketAddress remote, int timeoutMillis) throws IOException {
            check(remote);
            super.connect(remote, timeoutMillis);
            Endpoints mine = Endpoints.of(this);
            open.put(mine, budget);
            endpoints = mine;
            if (isClosed()) { // closed by another thread meanwhile, which may have seen no endpoints
                open.remove(mine, budget);
            }
        }

        @Override
        public InputStream getInputStream() throws IOException {
            return new CountedInput(super.getInputStream(), this);
        }

        private void spend(int bytes) throws IOException {
            try {
                budget.spend(bytes);
            } catch (InboundLimitException tooMuch) {
                // A TLS layer whose input fails while it closes would leave this socket open.
                close();
                throw tooMuch;
            }
        }

        @Override
        public void close() throws IOException {
            Endpoints mine = endpoints;
            if (mine != null) {
                open.remove(mine, budget);
            }
            super.close();
        }
    }

    /** Not a FilterInputStream: every way to read must come through the two methods here. */
    private static final class CountedInput extends InputStream {
        private final InputStream in;
        private final GuardedSocket socket;

        CountedInput(InputStream in, GuardedSocket socket) {
            this.in = in;
            this.socket = socket;
        }

        @Override
        public int read() throws IOException {
            int value = in.read();
            if (value >= 0) {
                socket.spend(1);
            }
            return value;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int count = in.read(buffer, offset, length);
            if (count > 0) {
                socket.spend(count);
            }
            return count;
        }

        @Override
        public int available() throws IOException {
            return in.available();
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
