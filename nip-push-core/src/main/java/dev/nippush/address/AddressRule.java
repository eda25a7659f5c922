package dev.nippush.address;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Which network addresses may be dialled for a stranger. Allowed are globally reachable addresses on the ports 80, 443
 * and 1024 up; home relays and the allow-list are exempt from both. The addresses on which this program itself listens
 * are never allowed, exempt or not: it would talk to itself.
 *
 * <p>{@link #permits(InetAddress, int, String)} decides at connect time, on the address that is connected to;
 * {@link #permitsLiteral(RelayUrl)} tells beforehand what a URL alone gives away. Immutable, for any thread; no name is
 * ever resolved here.
 */
public final class AddressRule {
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;
    private static final int FIRST_UNPRIVILEGED_PORT = 1024;
    private static final int ANY_PORT = 0;

    /**
     * IPv4 that is not globally reachable: the IANA special-purpose registry, multicast, and the former 6to4 relays.
     * 192.0.0.0/24 is closed as a whole: the two anycast addresses in it serve no relay.
     */
    private static final List<Cidr> NOT_GLOBAL_V4 = blocks(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4");

    /** All that IANA has given out as global unicast; loopback, private, link-local and multicast lie outside. */
    private static final Cidr GLOBAL_UNICAST_V6 = Cidr.of("2000::/3");

    /**
     * Parts of it that are not globally reachable: protocol assignments, documentation. 2001::/23 is closed as a whole,
     * but for Teredo: what is reachable in it serves no relay.
     */
    private static final List<Cidr> NOT_GLOBAL_V6 = blocks("2001::/23", "2001:db8::/32", "3fff::/20");

    /** Prefixes behind which an IPv4 host is reached: NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380). */
    private static final Cidr NAT64 = Cidr.of("64:ff9b::/96");

    private static final Cidr SIX_TO_FOUR = Cidr.of("2002::/16");
    private static final Cidr TEREDO = Cidr.of("2001::/32");

    private static final AddressRule STRICT = new AddressRule(List.of(), List.of(), Set.of(), List.of(), false);

    private record AllowedBlock(Cidr block, int port) {
        boolean covers(int dialled) {
            return port == ANY_PORT || port == dialled;
        }
    }

    private record AllowedHost(String host, int port) {
        boolean covers(String named, int dialled) {
            return host.equals(named) && (port == ANY_PORT || port == dialled);
        }
    }

    private final List<AllowedBlock> allowedBlocks;
    private final List<AllowedHost> allowedHosts;
    private final Set<RelayUrl> homeRelays;
    private final List<InetSocketAddress> own;
    private final boolean exempt;

    private AddressRule(
            List<AllowedBlock> allowedBlocks,
            List<AllowedHost> allowedHosts,
            Set<RelayUrl> homeRelays,
            List<InetSocketAddress> own,
            boolean exempt) {
        this.allowedBlocks = allowedBlocks;
        this.allowedHosts = allowedHosts;
        this.homeRelays = homeRelays;
        this.own = own;
        this.exempt = exempt;
    }

    /** The rule without exemptions, for a program that listens nowhere. */
    public static AddressRule strict() {
        return STRICT;
    }

    /**
     * Makes a rule.
     *
     * @param allowed exempt addresses: {@code host}, {@code host:port}, {@code 10.0.0.0/8}, {@code 10.0.0.1},
     *     {@code 10.0.0.1:7777}, {@code fd00::/8}, {@code ::1}, {@code [::1]:7777}. A host name exempts what is dialled
     *     by that name, an address or block what is dialled at that address
     * @param homeRelays relays that are exempt as exactly these URLs
     * @param own where this program listens; the wildcard address stands for all interfaces
     * @throws IllegalArgumentException when an entry is none of these, or an address of our own is not resolved
     */
    public static AddressRule of(
            Collection<String> allowed, Collection<RelayUrl> homeRelays, Collection<InetSocketAddress> own) {
        List<AllowedBlock> blocks = new ArrayList<>();
        List<AllowedHost> hosts = new ArrayList<>();
        for (String entry : allowed) {
            addEntry(entry.strip(), blocks, hosts);
        }
        for (InetSocketAddress address : own) {
            if (address.isUnresolved()) {
                throw new IllegalArgumentException("not resolved: " + address);
            }
        }
        return new AddressRule(
                List.copyOf(blocks), List.copyOf(hosts), Set.copyOf(homeRelays), List.copyOf(own), false);
    }

    /**
     * The same rule, knowing where this program listens: for a port that the system chose.
     *
     * @throws IllegalArgumentException when an address is not resolved
     */
    public AddressRule listeningOn(Collection<InetSocketAddress> own) {
        AddressRule checked = of(List.of(), List.of(), own);
        return new AddressRule(allowedBlocks, allowedHosts, homeRelays, checked.own, exempt);
    }

    /** The rule for a connection to this relay and nothing else: a home relay may be anywhere but at our own address. */
    public AddressRule toward(RelayUrl relay) {
        return homeRelays.contains(relay) ? new AddressRule(allowedBlocks, allowedHosts, homeRelays, own, true) : this;
    }

    /**
     * Whether this may be connected to.
     *
     * @param resolved the address that is connected to
     * @param port 1 to 65,535
     * @param hostAsNamed the name that was resolved, or the literal; no name is looked up for it
     */
    public boolean permits(InetAddress resolved, int port, String hostAsNamed) {
        if (isOwn(resolved, port)) {
            return false;
        }
        return exempt
                || isAllowedHost(hostAsNamed, port)
                || isAllowedAddress(resolved, port)
                || isPublicPort(port) && isGloballyReachable(resolved);
    }

    /**
     * Whether a URL may be named by a stranger, as far as it can be told without resolving a name: an IP literal and
     * {@code localhost} are checked like the address, of any other name only the port. True for home relays.
     */
    public boolean permitsLiteral(RelayUrl url) {
        String host = url.host();
        if (homeRelays.contains(url)) {
            return true;
        }
        if (host.equals("localhost") || host.endsWith(".localhost")) { // RFC 6761, section 6.3
            return permitsLiteral("127.0.0.1", url) || permitsLiteral("::1", url);
        }
        if (IpLiteral.parse(host).isPresent()) {
            return permitsLiteral(host, url);
        }
        int port = url.port();
        return isPublicPort(port)
                || isAllowedHost(host, port)
                || allowedBlocks.stream().anyMatch(allowed -> allowed.covers(port));
    }

    private boolean permitsLiteral(String literal, RelayUrl url) {
        InetAddress address = IpLiteral.parse(literal).orElseThrow();
        return permits(address, url.port(), url.host());
    }

    /**
     * Whether an address is globally reachable by the IANA special-purpose registries. An address that carries an IPv4
     * address (NAT64 of RFC 6052, 6to4, both ends of Teredo) is so only if that one is. Never so are IPv4-compatible
     * addresses ({@code ::/96}) and locally assigned NAT64 prefixes ({@code 64:ff9b:1::/48}), whose way leads through
     * the local network whatever they carry.
     */
    public static boolean isGloballyReachable(InetAddress address) {
        byte[] bytes = IpLiteral.bytes(address);
        if (bytes.length == 4) {
            return isGlobalV4(bytes);
        }
        if (NAT64.contains(bytes)) {
            return isGlobalV4(Arrays.copyOfRange(bytes, 12, 16));
        }
        if (SIX_TO_FOUR.contains(bytes)) {
            return isGlobalV4(Arrays.copyOfRange(bytes, 2, 6));
        }
        if (TEREDO.contains(bytes)) {
            byte[] client = Arrays.copyOfRange(bytes, 12, 16);
            for (int i = 0; i < client.length; i++) {
                client[i] = (byte) ~client[i]; // RFC 4380, section 4: obfuscated
            }
            return isGlobalV4(client) && isGlobalV4(Arrays.copyOfRange(bytes, 4, 8));
        }
        return GLOBAL_UNICAST_V6.contains(bytes) && NOT_GLOBAL_V6.stream().noneMatch(block -> block.contains(bytes));
    }

    private static boolean isGlobalV4(byte[] bytes) {
        return NOT_GLOBAL_V4.stream().noneMatch(block -> block.contains(bytes));
    }

    private static boolean isPublicPort(int port) {
        return port == HTTP_PORT || port == HTTPS_PORT || port >= FIRST_UNPRIVILEGED_PORT;
    }

    private boolean isAllowedHost(String hostAsNamed, int port) {
        if (allowedHosts.isEmpty()) {
            return false;
        }
        String lowerCase = hostAsNamed.toLowerCase(Locale.ROOT);
        String host = lowerCase.endsWith(".") ? lowerCase.substring(0, lowerCase.length() - 1) : lowerCase;
        return allowedHosts.stream().anyMatch(allowed -> allowed.covers(host, port));
    }

    private boolean isAllowedAddress(InetAddress resolved, int port) {
        return allowedBlocks.stream()
                .anyMatch(allowed -> allowed.covers(port) && allowed.block().contains(resolved));
    }

    private boolean isOwn(InetAddress resolved, int port) {
        for (InetSocketAddress listening : own) {
            if (listening.getPort() == port && isAt(listening.getAddress(), resolved)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isAt(InetAddress listening, InetAddress resolved) {
        // The wildcard as a destination leads to this machine.
        if (resolved.isAnyLocalAddress() || Arrays.equals(IpLiteral.bytes(listening), IpLiteral.bytes(resolved))) {
            return true;
        }
        return listening.isAnyLocalAddress() && isOfThisMachine(resolved);
    }

    private static boolean isOfThisMachine(InetAddress address) {
        try {
            return address.isLoopbackAddress() || NetworkInterface.getByInetAddress(address) != null;
        } catch (SocketException unknown) {
            return true; // in doubt it is ours
        }
    }

    private static void addEntry(String entry, List<AllowedBlock> blocks, List<AllowedHost> hosts) {
        if (entry.indexOf('/') >= 0) {
            blocks.add(new AllowedBlock(Cidr.of(entry), ANY_PORT));
            return;
        }
        boolean bracketed = entry.startsWith("[");
        boolean bareV6 = !bracketed && entry.indexOf(':') != entry.lastIndexOf(':');
        int hostEnd = bracketed ? entry.indexOf(']') + 1 : bareV6 ? entry.length() : entry.indexOf(':');
        if (hostEnd < 0) {
            hostEnd = entry.length();
        }
        String named = bracketed && hostEnd > 0 ? entry.substring(1, hostEnd - 1) : entry.substring(0, hostEnd);
        String rest = entry.substring(hostEnd);
        int port = rest.isEmpty() ? ANY_PORT : rest.startsWith(":") ? UrlParts.port(rest.substring(1)) : -1;
        Optional<String> host = UrlParts.host(named);
        boolean odd = bracketed && named.indexOf(':') < 0;
        if (host.isEmpty() || port < 0 || odd) {
            throw notAnEntry(entry);
        }
        Optional<InetAddress> literal = IpLiteral.parse(host.get());
        if (literal.isPresent()) {
            blocks.add(new AllowedBlock(Cidr.of(host.get()), port));
        } else if (IpLiteral.endsInNumber(host.get())) {
            throw notAnEntry(entry);
        } else {
            hosts.add(new AllowedHost(host.get(), port));
        }
    }

    private static IllegalArgumentException notAnEntry(String entry) {
        return new IllegalArgumentException("not a host, host:port or CIDR: " + entry);
    }

    private static List<Cidr> blocks(String... texts) {
        return Arrays.stream(texts).map(Cidr::of).toList();
    }
}
