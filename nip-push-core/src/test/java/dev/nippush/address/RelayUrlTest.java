package dev.nippush.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RelayUrlTest {
    @ParameterizedTest
    @CsvSource({
        "wss://relay.damus.io, wss://relay.damus.io",
        "wss://relay.damus.io/, wss://relay.damus.io",
        "wss://relay.damus.io///, wss://relay.damus.io",
        "WSS://Relay.Damus.IO, wss://relay.damus.io",
        "' \twss://nos.lol\n', wss://nos.lol",
        "wss://nos.lol:443, wss://nos.lol",
        "wss://nos.lol:00443/, wss://nos.lol",
        "wss://nos.lol:, wss://nos.lol",
        "ws://nos.lol:80/, ws://nos.lol",
        "ws://nos.lol:443, ws://nos.lol:443",
        "wss://nos.lol:80, wss://nos.lol:80",
        "wss://nos.lol./, wss://nos.lol",
        "wss://Relay.Example.com/Path/, wss://relay.example.com/Path",
        "wss://relay.example.com/a//b//, wss://relay.example.com/a//b",
        "wss://relay.example.com?Key=Value/, wss://relay.example.com/?Key=Value/",
        "wss://relay.example.com/?Key=Value, wss://relay.example.com/?Key=Value",
        "wss://relay.example.com/a/?x, wss://relay.example.com/a/?x",
        "wss://relay.example.com/a/?, wss://relay.example.com/a",
        "wss://relay.example.com/%7Ea, wss://relay.example.com/%7Ea",
        "wss://relay.example.com/@me:x, wss://relay.example.com/@me:x",
        "wss://relay.example.com/\u00e4, wss://relay.example.com/%C3%A4",
        "wss://relay.example.com/\ud83d\ude00/, wss://relay.example.com/%F0%9F%98%80",
        "wss://B\u00fccher.example, wss://xn--bcher-kva.example",
        "wss://relay\u3002example, wss://relay.example",
        "wss://\uff32elay.example, wss://relay.example",
        "wss://my_relay:7777, wss://my_relay:7777",
        "ws://127.0.0.1:7777/, ws://127.0.0.1:7777",
        "ws://[::1]:7777, ws://[::1]:7777",
        "ws://[2001:0DB8:0:0:0:0:0:1]/, ws://[2001:db8::1]",
        "ws://[0:0:0:0:0:0:0:0], ws://[::]",
        "ws://[1:0:2:0:0:3:0:0], ws://[1:0:2::3:0:0]",
        "ws://[1:0:2:3:4:5:6:7], ws://[1:0:2:3:4:5:6:7]",
        "ws://[1:2:3:4:5:6:7::], ws://[1:2:3:4:5:6:7:0]",
        "ws://[64:ff9b::1.2.3.4], ws://[64:ff9b::102:304]",
        "ws://[::ffff:127.0.0.1]:81, ws://127.0.0.1:81",
        "ws://[::FFFF:7f00:1], ws://127.0.0.1",
        "ws://[::1]:, ws://[::1]",
    })
    void writesTheSameRelayInOneWay(String sent, String expected) {
        RelayUrl url = RelayUrl.of(sent);

        assertThat(url).hasToString(expected);
        assertThat(RelayUrl.of(url.toString())).isEqualTo(url).hasSameHashCodeAs(url);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "nos.lol",
                "//nos.lol",
                "://nos.lol",
                "https://nos.lol",
                "http://nos.lol",
                "file:///etc/passwd",
                "wsss://nos.lol",
                "xwss://nos.lol",
                "wss:nos.lol",
                "wss:/nos.lol",
                "wss:\\\\nos.lol",
                "wss://",
                "wss:///",
                "wss:///nos.lol",
                "wss://?x",
                "wss://:443",
                "wss://#nos.lol",
                "wss://user@nos.lol",
                "wss://user:secret@nos.lol",
                "wss://@nos.lol",
                "wss://nos.lol#",
                "wss://nos.lol/#fragment",
                "wss://nos.lol?x#fragment",
                "wss://good.example#@evil.example",
                "wss://good.example\\@evil.example",
                "wss://good.example\\.evil.example",
                "wss://good.example /",
                "wss://good .example",
                "wss://good\t.example",
                "wss://good\n.example",
                "wss://good\r\nX-Evil: 1",
                "wss://good.example/\u0000",
                "wss://good.example/\u007f",
                "wss://good.example/\u0085",
                "wss://good.example/a b",
                "wss://good.example/a\\b",
                "wss://good.example/<x>",
                "wss://good.example/\"",
                "wss://good.example/\ud800",
                "wss://good.example/%",
                "wss://good.example/%2",
                "wss://good.example/%zz",
                "wss://good.example/?x=%",
                "wss://good.example/../x",
                "wss://good.example/./x",
                "wss://good.example/x/..",
                "wss://good.example/%2e%2E/x",
                "wss://good.example/.%2e/x",
                "wss://nos.lol:0",
                "wss://nos.lol:65536",
                "wss://nos.lol:99999",
                "wss://nos.lol:000443",
                "wss://nos.lol:-1",
                "wss://nos.lol:+443",
                "wss://nos.lol: 443",
                "wss://nos.lol:44x",
                "wss://nos.lol:443:443",
                "wss://nos.lol:\u0664\u0664\u0663",
                "wss://.",
                "wss://..",
                "wss://.nos.lol",
                "wss://nos..lol",
                "wss://nos.lol..",
                "wss://nos%2elol",
                "wss://%31%32%37.0.0.1",
                "wss://nos,lol",
                "wss://nos!lol",
                "wss://nos.lol;x",
                "wss://a*b",
                "wss://fa\u00df.example",
                "wss://fa\u1e9e.example",
                "wss://\u03bb\u03cc\u03b3\u03bf\u03c2.example",
                "wss://a\u200db.example",
                "wss://a\u200cb.example",
                "wss://a\u2100b.example",
                "wss://good\uff0fevil.example",
                "wss://good\uff20evil.example",
                "wss://xn--",
                "wss://xn--bcher-.example",
                "wss://XN--bcher-.example",
                "wss://xn--a_b-epa.example",
                "wss://a_b\u00fc.example",
                "wss://127.1",
                "wss://127.0.1",
                "wss://2130706433",
                "wss://017700000001",
                "wss://0x7f000001",
                "wss://0x7f.0.0.1",
                "wss://0X7F.1",
                "wss://0x",
                "wss://127.0.0.0x1",
                "wss://127.0.0.01",
                "wss://0127.0.0.1",
                "wss://127.0.0.256",
                "wss://1.2.3.4.5",
                "wss://nos.lol.5",
                "wss://\uff11\uff12\uff17.0.0.1",
                "wss://127\u30020.0.1",
                "wss://[::1",
                "wss://::1",
                "wss://::1]",
                "wss://[]",
                "wss://[:]",
                "wss://[:::]",
                "wss://[::1::]",
                "wss://[1:2:3:4:5:6:7]",
                "wss://[1:2:3:4:5:6:7:8:9]",
                "wss://[1:2:3:4:5:6:7:8::]",
                "wss://[::12345]",
                "wss://[::g]",
                "wss://[fe80::1%25eth0]",
                "wss://[fe80::1%eth0]",
                "wss://[v1.x:y]",
                "wss://[127.0.0.1]",
                "wss://[::127.1]",
                "wss://[::1.2.3.04]",
                "wss://[1.2.3.4::]",
                "wss://[nos.lol]",
                "wss://[::1]x",
                "wss://[::1]x:80",
                "wss://x[::1]",
                "wss://[[::1]]",
            })
    void refusesWhatClientsCouldReadDifferently(String sent) {
        assertThat(RelayUrl.parse(sent)).isEmpty();
    }

    @Test
    void operatorsAreToldWhatIsWrong() {
        assertThatThrownBy(() -> RelayUrl.of("https://nos.lol"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("https://nos.lol");
    }

    @Test
    void lengthIsBoundedBeforeAndAfterEncoding() {
        String base = "wss://nos.lol/";
        String longest = base + "x".repeat(RelayUrl.MAX_LENGTH - base.length());

        assertThat(RelayUrl.parse(longest)).isPresent();
        assertThat(RelayUrl.parse(longest + "x")).isEmpty();
        assertThat(RelayUrl.parse(base + "\u00e4".repeat(500))).isEmpty();
        assertThat(RelayUrl.parse("wss://" + "a".repeat(64) + ".example")).isEmpty();
        assertThat(RelayUrl.parse("wss://" + "abcdefg.".repeat(40) + "example")).isEmpty();
    }

    @Test
    void portIsTheOneThatIsDialled() {
        assertThat(RelayUrl.of("ws://nos.lol").port()).isEqualTo(80);
        assertThat(RelayUrl.of("wss://nos.lol").port()).isEqualTo(443);
        assertThat(RelayUrl.of("wss://nos.lol:65535").port()).isEqualTo(65_535);
        assertThat(RelayUrl.of("wss://nos.lol").secure()).isTrue();
        assertThat(RelayUrl.of("ws://nos.lol").secure()).isFalse();
    }

    @Test
    void hostHasNoBrackets() {
        assertThat(RelayUrl.of("ws://[::1]:7777").host()).isEqualTo("::1");
        assertThat(RelayUrl.of("ws://Nos.LOL.").host()).isEqualTo("nos.lol");
    }

    @Test
    void differsByPathQuerySchemeAndPort() {
        assertThat(RelayUrl.of("wss://nos.lol/A"))
                .isNotEqualTo(RelayUrl.of("wss://nos.lol/a"))
                .isNotEqualTo(RelayUrl.of("wss://nos.lol/A?x"))
                .isNotEqualTo(RelayUrl.of("ws://nos.lol/A"))
                .isNotEqualTo(RelayUrl.of("wss://nos.lol:444/A"))
                .isGreaterThan(RelayUrl.of("wss://nos.lol"));
    }
}
