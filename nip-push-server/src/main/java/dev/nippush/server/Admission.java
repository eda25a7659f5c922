package dev.nippush.server;

import dev.nippush.address.Cidr;
import dev.nippush.server.ServerConfig.Listen;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Who is at the other end of a connection, and whether it may feed events of every kind. A reverse proxy on this machine
 * makes every stranger look like a local program; what it adds is a forwarding header. So a connection with such a
 * header is a stranger's, unless the proxy is named in the configuration; then the client that the header names counts.
 */
final class Admission {

    private static final String FORWARDED = "forwarded";
    private static final String FORWARDED_FOR = "x-forwarded-for";
    private static final String REAL_IP = "x-real-ip";

    /** Besides those that begin with {@code x-forwarded-}: what proxies and their services add. */
    private static final Set<String> FORWARDING = Set.of(
            FORWARDED,
            REAL_IP,
            "via",
            "x-client-ip",
            "x-cluster-client-ip",
            "x-original-forwarded-for",
            "x-envoy-external-address",
            "true-client-ip",
            "cf-connecting-ip",
            "fastly-client-ip",
            "fly-client-ip");

    /**
     * The other end.
     *
     * @param address the client as far as it is known, else the proxy
     * @param feeder whether events of every kind are taken
     */
    record Client(InetAddress address, boolean feeder) {}

    private final List<Cidr> feeders;
    private final List<Cidr> proxies;

    Admission(Listen listen) {
        this.feeders = listen.feeders();
        this.proxies = listen.proxies();
    }

    /**
     * Judges a connection.
     *
     * @param peer who is connected
     * @param headers of its request, names in any case, several values in the order of the request
     */
    Client judge(InetAddress peer, Map<String, List<String>> headers) {
        Map<String, List<String>> forwarding = new TreeMap<>();
        headers.forEach((name, values) -> {
            String lowerCase = name.toLowerCase(Locale.ROOT);
            if (lowerCase.startsWith("x-forwarded-") || FORWARDING.contains(lowerCase)) {
                forwarding.computeIfAbsent(lowerCase, any -> new ArrayList<>()).addAll(values);
            }
        });
        if (forwarding.isEmpty()) {
            return new Client(peer, isIn(feeders, peer));
        }
        if (!isIn(proxies, peer)) {
            return new Client(peer, false);
        }
        Optional<InetAddress> client = client(forwarding);
        return new Client(client.orElse(peer), client.isPresent() && isIn(feeders, client.get()));
    }

    /** The one client that all headers name; empty when they disagree: a proxy writes one and lets others through. */
    private Optional<InetAddress> client(Map<String, List<String>> forwarding) {
        List<Optional<InetAddress>> named = new ArrayList<>();
        if (forwarding.containsKey(FORWARDED_FOR)) {
            named.add(behindProxies(elements(forwarding.get(FORWARDED_FOR))));
        }
        if (forwarding.containsKey(FORWARDED)) {
            named.add(behindProxies(forElements(forwarding.get(FORWARDED))));
        }
        if (forwarding.containsKey(REAL_IP)) {
            List<String> values = forwarding.get(REAL_IP);
            named.add(values.size() == 1 ? literal(values.get(0)) : Optional.empty());
        }
        boolean agreed = !named.isEmpty() && named.stream().distinct().count() == 1;
        return agreed ? named.get(0) : Optional.empty();
    }

    /** The last address that is no proxy of ours: what stands before it was written by the client itself. */
    private Optional<InetAddress> behindProxies(List<String> chain) {
        List<String> nearestFirst = new ArrayList<>(chain);
        Collections.reverse(nearestFirst);
        Optional<InetAddress> last = Optional.empty();
        for (String element : nearestFirst) {
            last = literal(element);
            if (last.isEmpty() || !isIn(proxies, last.get())) {
                return last;
            }
        }
        return last;
    }

    private static List<String> elements(List<String> values) {
        List<String> elements = new ArrayList<>();
        for (String value : values) {
            elements.addAll(List.of(value.split(",", -1)));
        }
        return elements;
    }

    /** The {@code for} parts of a Forwarded header (RFC 7239), in order; an element without one is kept as empty. */
    private static List<String> forElements(List<String> values) {
        List<String> addresses = new ArrayList<>();
        for (String element : elements(values)) {
            String address = "";
            for (String pair : element.split(";", -1)) {
                String trimmed = pair.strip();
                if (trimmed.regionMatches(true, 0, "for=", 0, 4)) {
                    address = trimmed.substring(4);
                }
            }
            addresses.add(address);
        }
        return addresses;
    }

    /** An address as headers write it: quotes, brackets and a port may be around it. No name is ever resolved. */
    private static Optional<InetAddress> literal(String text) {
        String address = text.strip();
        if (address.length() >= 2 && address.startsWith("\"") && address.endsWith("\"")) {
            address = address.substring(1, address.length() - 1);
        }
        int bracket = address.indexOf(']');
        if (address.startsWith("[") && bracket > 0) {
            address = address.substring(1, bracket);
        } else if (address.indexOf(':') >= 0 && address.indexOf(':') == address.lastIndexOf(':')) {
            address = address.substring(0, address.indexOf(':'));
        }
        if (address.indexOf('/') >= 0) {
            return Optional.empty();
        }
        try {
            // Refuses all but literals, so that the next line asks no name service.
            Cidr.of(address);
            return Optional.of(InetAddress.getByName(address));
        } catch (IllegalArgumentException | UnknownHostException notAnAddress) {
            return Optional.empty();
        }
    }

    private static boolean isIn(List<Cidr> blocks, InetAddress address) {
        return blocks.stream().anyMatch(block -> block.contains(address));
    }
}
