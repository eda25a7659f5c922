package dev.nippush.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {
    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.255.255.255, true",
        "10.0.0.0/8, 11.0.0.0, false",
        "10.1.2.3/8, 10.9.9.9, true",
        "192.168.1.128/25, 192.168.1.127, false",
        "192.168.1.128/25, 192.168.1.128, true",
        "192.168.1.1, 192.168.1.1, true",
        "192.168.1.1/32, 192.168.1.2, false",
        "0.0.0.0/0, 255.255.255.255, true",
        "0.0.0.0/0, ::1, false",
        "::/0, 10.0.0.1, false",
        "fd00::/8, fdff::1, true",
        "fd00::/8, fc00::1, false",
        "2001:db8::/33, 2001:db8:8000::, false",
        "2001:db8::/33, 2001:db8:7fff::, true",
        "::1, ::1, true",
        "::ffff:10.0.0.1, 10.0.0.1, true",
        "10.0.0.0/8, ::ffff:10.0.0.1, true",
    })
    void containsWhatSharesThePrefix(String block, String address, boolean expected) throws Exception {
        assertThat(Cidr.of(block).contains(InetAddress.getByName(address))).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/8",
                "10.0.0.0/",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/+8",
                "10.0.0.0/8/8",
                "10.0.0/8",
                "10.0.0.0/0x8",
                "localhost/8",
                "localhost",
                "::1/129",
                "[::1]/64",
                "fe80::1%eth0",
                "::ffff:10.0.0.0/96"
            })
    void refusesWhatIsNoBlock(String text) {
        assertThatThrownBy(() -> Cidr.of(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void isAValueWithoutTheBitsAfterThePrefix() {
        assertThat(Cidr.of("10.1.2.3/8"))
                .isEqualTo(Cidr.of("10.0.0.0/8"))
                .hasSameHashCodeAs(Cidr.of("10.0.0.0/8"))
                .hasToString("10.0.0.0/8");
        assertThat(Cidr.of("FD00::1")).hasToString("fd00::1/128").isNotEqualTo(Cidr.of("fd00::/8"));
    }
}
