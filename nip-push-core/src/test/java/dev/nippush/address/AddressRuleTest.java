package dev.nippush.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressRuleTest {
    private static final RelayUrl HOME = RelayUrl.of("ws://10.0.0.1:81/home");

    private static InetAddress ip(String literal) {
        return IpLiteral.parse(literal).orElseThrow();
    }

    private static AddressRule allowing(String... entries) {
        return AddressRule.of(List.of(entries), Set.of(), List.of());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0",
                "0.255.255.255",
                "10.0.0.0",
                "10.255.255.255",
                "100.64.0.0",
                "100.127.255.255",
                "127.0.0.1",
                "127.255.255.254",
                "169.254.0.1",
                "169.254.169.254",
                "172.16.0.0",
                "172.31.255.255",
                "192.0.0.0",
                "192.0.0.9",
                "192.0.0.170",
                "192.0.2.1",
                "192.88.99.1",
                "192.168.0.0",
                "192.168.255.255",
                "198.18.0.0",
                "198.19.255.255",
                "198.51.100.1",
                "203.0.113.1",
                "224.0.0.1",
                "239.255.255.255",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "::1",
                "::2",
                "::8.8.8.8",
                "::127.0.0.1",
                "::10.0.0.1",
                "::ffff:127.0.0.1",
                "::ffff:10.0.0.1",
                "::ffff:0:8.8.8.8",
                "64:ff9b::127.0.0.1",
                "64:ff9b::10.0.0.1",
                "64:ff9b::169.254.169.254",
                "64:ff9b::1:808:808",
                "64:ff9b:1::8.8.8.8",
                "64:ff9b:1::10.0.0.1",
                "64:ff9b:1:a00:0:100::",
                "64:ff9b:2::8.8.8.8",
                "100::1",
                "100:0:0:1::1",
                "200::1",
                "2001::1",
                "2001:0:808:808::",
                "2001:0:7f00:1:0:ffff:f7f7:f7f7",
                "2001:0:808:808:0:ffff:80ff:fffe",
                "2001:0:808:808:0:ffff:f5ff:fffe",
                "2001:1::1",
                "2001:2::1",
                "2001:10::1",
                "2001:20::1",
                "2001:30::1",
                "2001:1ff:ffff::1",
                "2001:db8::1",
                "2001:db8:ffff::1",
                "2002::1",
                "2002:7f00:1::1",
                "2002:a00:1::1",
                "2002:c0a8:101::1",
                "2002:a9fe:a9fe::",
                "3fff::1",
                "3fff:fff::1",
                "4000::1",
                "5f00::1",
                "fc00::1",
                "fd12:3456:789a::1",
                "fdff:ffff::1",
                "fe00::1",
                "fe80::1",
                "febf::1",
                "fec0::1",
                "feff::1",
                "ff02::1",
                "ff0e::1",
            })
    void forbidsWhatIsNotGloballyReachable(String address) {
        assertThat(AddressRule.isGloballyReachable(ip(address))).isFalse();
        assertThat(AddressRule.strict().permits(ip(address), 443, "evil.example"))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.0.0.1",
                "8.8.8.8",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "169.253.255.255",
                "169.255.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "191.255.255.255",
                "192.0.1.0",
                "192.0.3.0",
                "192.31.196.1",
                "192.52.193.1",
                "192.167.255.255",
                "192.169.0.0",
                "192.175.48.1",
                "198.17.255.255",
                "198.20.0.0",
                "198.51.101.0",
                "203.0.114.0",
                "223.255.255.255",
                "::ffff:8.8.8.8",
                "64:ff9b::8.8.8.8",
                "2001:200::1",
                "2001:4860:4860::8888",
                "2001:0:808:808:0:ffff:f7f7:f7f7",
                "2002:808:808::1",
                "2003::1",
                "2606:4700::1111",
                "2620:4f:8000::1",
                "2a00:1450::1",
                "3ffe::1",
                "3fff:1000::1",
            })
    void permitsWhatIsGloballyReachable(String address) {
        assertThat(AddressRule.isGloballyReachable(ip(address))).isTrue();
        assertThat(AddressRule.strict().permits(ip(address), 443, "good.example"))
                .isTrue();
    }

    @Test
    void seesThroughAMappedAddressThatTheJdkKeepsAsIpv6() throws Exception {
        byte[] mapped = new byte[16];
        mapped[10] = -1;
        mapped[11] = -1;
        mapped[12] = 127;
        mapped[15] = 1;
        InetAddress address = Inet6Address.getByAddress("evil.example", mapped, -1);

        assertThat(address).isInstanceOf(Inet6Address.class);
        assertThat(AddressRule.isGloballyReachable(address)).isFalse();
        assertThat(allowing("127.0.0.0/8").permits(address, 443, "evil.example"))
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "1, false",
        "22, false",
        "25, false",
        "79, false",
        "80, true",
        "81, false",
        "442, false",
        "443, true",
        "444, false",
        "1023, false",
        "1024, true",
        "7777, true",
        "65535, true"
    })
    void permitsThePortsOfRelays(int port, boolean expected) {
        assertThat(AddressRule.strict().permits(ip("8.8.8.8"), port, "dns.example"))
                .isEqualTo(expected);
        assertThat(AddressRule.strict().permitsLiteral(RelayUrl.of("wss://dns.example:" + port)))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "relay.lan, 10.0.0.1, 22, relay.lan, true",
        "relay.lan, 10.0.0.1, 22, RELAY.lan., true",
        "Relay.LAN., 10.0.0.1, 22, relay.lan, true",
        "relay.lan, 10.0.0.1, 7777, x.relay.lan, false",
        "relay.lan, 10.0.0.1, 7777, 10.0.0.1, false",
        "relay.lan:7777, 10.0.0.1, 7777, relay.lan, true",
        "relay.lan:7777, 10.0.0.1, 7778, relay.lan, false",
        "10.0.0.0/8, 10.0.0.1, 22, relay.lan, true",
        "10.0.0.0/8, 11.0.0.1, 22, relay.lan, false",
        "10.0.0.1, 10.0.0.1, 22, relay.lan, true",
        "10.0.0.1, 10.0.0.2, 7777, 10.0.0.1, false",
        "10.0.0.1:7777, 10.0.0.1, 7777, 10.0.0.1, true",
        "10.0.0.1:7777, 10.0.0.1, 7778, 10.0.0.1, false",
        "::1, ::1, 7777, ::1, true",
        "::1, 127.0.0.1, 7777, localhost, false",
        "[::1], ::1, 7777, ::1, true",
        "[::1]:7777, ::1, 7777, ::1, true",
        "[::1]:7777, ::1, 7778, ::1, false",
        "fd00::/8, fd00::1, 7777, relay.lan, true",
        "fd00::/8, fe80::1, 7777, relay.lan, false",
        "10.0.0.0/8, 64:ff9b::10.0.0.1, 7777, relay.lan, false",
        "' relay.lan ', 10.0.0.1, 7777, relay.lan, true",
    })
    void exemptsTheAllowList(String entry, String address, int port, String named, boolean expected) {
        assertThat(allowing(entry).permits(ip(address), port, named)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "a b",
                "ws://relay.lan",
                "relay.lan/",
                "relay.lan:",
                "relay.lan:0",
                "relay.lan:65536",
                "relay.lan:x",
                "user@relay.lan",
                "*.lan",
                "10.0.0.0/33",
                "10.0.0",
                "127.1",
                "0x7f000001",
                "2130706433",
                "::1:x",
                "[::1",
                "[::1]7777",
                "[::1]:0",
                "[127.0.0.1]:80",
                "[relay.lan]:80",
                "fe80::1%eth0",
                "10.0.0.0/8:7777",
                "[fd00::]/8"
            })
    void refusesAnAllowListEntryThatIsUnclear(String entry) {
        assertThatThrownBy(() -> allowing(entry)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aHomeRelayIsExemptAsExactlyThatUrl() {
        AddressRule rule = AddressRule.of(List.of(), Set.of(HOME), List.of());

        assertThat(rule.toward(HOME).permits(ip("10.0.0.1"), 81, "10.0.0.1")).isTrue();
        assertThat(rule.permitsLiteral(HOME)).isTrue();
        RelayUrl other = RelayUrl.of("ws://10.0.0.1:81/other");
        assertThat(rule.toward(other).permits(ip("10.0.0.1"), 81, "10.0.0.1")).isFalse();
        assertThat(rule.permitsLiteral(other)).isFalse();
        assertThat(rule.permits(ip("10.0.0.1"), 81, "10.0.0.1")).isFalse();
    }

    @Test
    void ourOwnListeningAddressIsNeverPermitted() {
        InetSocketAddress own = new InetSocketAddress(ip("10.0.0.1"), 81);
        AddressRule rule = AddressRule.of(List.of("10.0.0.0/8", "0.0.0.0/0", "me.example"), Set.of(HOME), List.of(own));

        assertThat(rule.permits(ip("10.0.0.1"), 81, "me.example")).isFalse();
        assertThat(rule.toward(HOME).permits(ip("10.0.0.1"), 81, "10.0.0.1")).isFalse();
        assertThat(rule.permits(ip("0.0.0.0"), 81, "0.0.0.0")).isFalse();
        assertThat(rule.permits(ip("10.0.0.1"), 82, "me.example")).isTrue();
        assertThat(rule.permits(ip("10.0.0.2"), 81, "me.example")).isTrue();
        assertThat(rule.permitsLiteral(RelayUrl.of("ws://10.0.0.1:81"))).isFalse();
    }

    @Test
    void listeningOnTheWildcardMeansEveryAddressOfThisMachine() throws Exception {
        AddressRule rule =
                allowing("0.0.0.0/0", "::/0").listeningOn(List.of(new InetSocketAddress(ip("0.0.0.0"), 7447)));

        for (NetworkInterface device : Collections.list(NetworkInterface.getNetworkInterfaces())) {
            for (InetAddress address : Collections.list(device.getInetAddresses())) {
                assertThat(rule.permits(address, 7447, "me.example")).isFalse();
                assertThat(rule.permits(address, 7448, "me.example")).isTrue();
            }
        }
        assertThat(rule.permits(ip("127.9.9.9"), 7447, "me.example")).isFalse();
        assertThat(rule.permits(ip("8.8.8.8"), 7447, "dns.example")).isTrue();
    }

    @Test
    void anUnresolvedAddressOfOurOwnIsRefused() {
        InetSocketAddress own = InetSocketAddress.createUnresolved("me.example", 7447);

        assertThatThrownBy(() -> AddressRule.strict().listeningOn(List.of(own)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "wss://relay.example, true",
        "ws://8.8.8.8, true",
        "ws://[2606:4700::1111]:7777, true",
        "ws://127.0.0.1:7777, false",
        "ws://10.0.0.1, false",
        "ws://[::1]:7777, false",
        "ws://[::ffff:127.0.0.1]:7777, false",
        "ws://[fe80::1], false",
        "ws://0.0.0.0:7777, false",
        "ws://localhost:7777, false",
        "ws://LOCALHOST.:7777, false",
        "ws://relay.localhost:7777, false",
        "ws://localhost.example:7777, true",
        "wss://relay.example:22, false",
    })
    void judgesWhatAUrlAloneGivesAway(String url, boolean expected) {
        assertThat(AddressRule.strict().permitsLiteral(RelayUrl.of(url))).isEqualTo(expected);
    }

    @Test
    void judgesAUrlByTheAllowListToo() {
        assertThat(allowing("127.0.0.0/8").permitsLiteral(RelayUrl.of("ws://localhost:7777")))
                .isTrue();
        assertThat(allowing("[::1]:7777").permitsLiteral(RelayUrl.of("ws://localhost:7777")))
                .isTrue();
        assertThat(allowing("[::1]:7777").permitsLiteral(RelayUrl.of("ws://localhost:7778")))
                .isFalse();
        assertThat(allowing("localhost").permitsLiteral(RelayUrl.of("ws://localhost:22")))
                .isTrue();
        assertThat(allowing("relay.lan:22").permitsLiteral(RelayUrl.of("ws://relay.lan:22")))
                .isTrue();
        assertThat(allowing("10.0.0.0/8").permitsLiteral(RelayUrl.of("ws://relay.lan:22")))
                .isTrue();
        assertThat(allowing("10.0.0.1:23").permitsLiteral(RelayUrl.of("ws://relay.lan:22")))
                .isFalse();
    }
}
