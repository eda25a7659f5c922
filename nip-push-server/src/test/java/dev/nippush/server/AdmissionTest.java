package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.Cidr;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AdmissionTest {

    private static final HostPort ANY = new HostPort("127.0.0.1", 0);
    private static final String STRANGER = "198.51.100.7";

    private final Admission withoutProxies = admission(List.of("127.0.0.0/8", "::1"), List.of());
    private final Admission behindProxy =
            admission(List.of("127.0.0.0/8", "10.1.0.0/16"), List.of("127.0.0.1", "10.9.0.0/16"));

    @ParameterizedTest
    @CsvSource({"127.0.0.1,true", "::1,true", "::ffff:127.0.0.1,true", "198.51.100.7,false", "2001:db8::1,false"})
    void aDirectConnectionCountsAsItsPeer(String peer, boolean feeder) throws Exception {
        assertThat(withoutProxies.judge(address(peer), Map.of("host", List.of("x"))))
                .isEqualTo(new Admission.Client(address(peer), feeder));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "X-Forwarded-For",
                "x-forwarded-proto",
                "X-Forwarded-Host",
                "Forwarded",
                "X-Real-IP",
                "Via",
                "CF-Connecting-IP",
                "True-Client-IP"
            })
    void aForwardingHeaderMakesAStrangerOfALocalPeer(String header) throws Exception {
        assertThat(withoutProxies
                        .judge(address("127.0.0.1"), Map.of(header, List.of("127.0.0.1")))
                        .feeder())
                .isFalse();
    }

    @Test
    void anEmptyForwardingHeaderIsOneToo() throws Exception {
        assertThat(withoutProxies
                        .judge(address("127.0.0.1"), Map.of("X-Forwarded-For", List.of("")))
                        .feeder())
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "10.1.2.3; 10.1.2.3",
                "10.1.2.3:4711; 10.1.2.3",
                "198.51.100.7; 198.51.100.7",
                "127.0.0.2, 198.51.100.7; 198.51.100.7",
                "198.51.100.7, 10.1.2.3; 10.1.2.3",
                "10.1.2.3, 10.9.0.1, 10.9.0.2; 10.1.2.3",
                "2001:db8::7; 2001:db8::7",
                "[2001:db8::7]:443; 2001:db8::7"
            })
    void aNamedProxyIsBelievedUpToWhatItSaw(String header, String client) throws Exception {
        assertThat(behindProxy.judge(address("127.0.0.1"), Map.of("X-Forwarded-For", List.of(header))))
                .isEqualTo(new Admission.Client(address(client), client.startsWith("10.1.")));
    }

    @Test
    void severalHeaderLinesAreOneChain() throws Exception {
        assertThat(behindProxy
                        .judge(address("127.0.0.1"), Map.of("X-Forwarded-For", List.of("10.1.2.3", STRANGER)))
                        .address())
                .isEqualTo(address(STRANGER));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "for=10.1.2.3;proto=https | 10.1.2.3 | true",
                "for=10.1.2.3, for=198.51.100.7 | 198.51.100.7 | false",
                "For=\"[2001:db8::7]:4711\" | 2001:db8::7 | false",
                "for=_hidden | 127.0.0.1 | false",
                "for=unknown | 127.0.0.1 | false",
                "for=10.1.2.3, proto=https | 127.0.0.1 | false"
            })
    void theStandardHeaderIsReadToo(String header, String client, boolean feeder) throws Exception {
        assertThat(behindProxy.judge(address("127.0.0.1"), Map.of("Forwarded", List.of(header))))
                .isEqualTo(new Admission.Client(address(client), feeder));
    }

    @Test
    void headersThatDisagreeNameNobody() throws Exception {
        Map<String, List<String>> headers =
                Map.of("X-Forwarded-For", List.of(STRANGER), "Forwarded", List.of("for=10.1.2.3"));

        assertThat(behindProxy.judge(address("127.0.0.1"), headers))
                .isEqualTo(new Admission.Client(address("127.0.0.1"), false));
    }

    @Test
    void headersThatAgreeNameTheClient() throws Exception {
        Map<String, List<String>> headers = Map.of(
                "X-Forwarded-For", List.of("10.1.2.3"), "X-Real-IP", List.of("10.1.2.3"), "Via", List.of("1.1 x"));

        assertThat(behindProxy.judge(address("127.0.0.1"), headers))
                .isEqualTo(new Admission.Client(address("10.1.2.3"), true));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "localhost",
                "10.1.2",
                "10.1.2.3/16",
                "10.1.2.3 10.1.2.4",
                "\u0000",
                "[",
                "[]:1",
                "0x0a010203"
            })
    void whatIsNoAddressNamesNobodyAndResolvesNothing(String header) throws Exception {
        assertThat(behindProxy
                        .judge(address("127.0.0.1"), Map.of("X-Forwarded-For", List.of(header)))
                        .feeder())
                .isFalse();
    }

    @Test
    void aProxyThatForwardsNothingCountsAsItself() throws Exception {
        assertThat(behindProxy.judge(address("127.0.0.1"), Map.of()).feeder()).isTrue();
    }

    @Test
    void aHeaderOfAnotherPeerIsNotBelieved() throws Exception {
        assertThat(behindProxy.judge(address(STRANGER), Map.of("X-Forwarded-For", List.of("10.1.2.3"))))
                .isEqualTo(new Admission.Client(address(STRANGER), false));
    }

    private static Admission admission(List<String> feeders, List<String> proxies) {
        return new Admission(new ServerConfig.Listen(
                ANY,
                feeders.stream().map(Cidr::of).toList(),
                proxies.stream().map(Cidr::of).toList()));
    }

    private static InetAddress address(String literal) throws UnknownHostException {
        return InetAddress.getByName(literal);
    }
}
