package dev.nippush.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SourceTest {
    private static final RelayUrl URL = RelayUrl.of("wss://nos.lol");

    @Test
    void hostFeedersAndHomeRelaysCountAsHome() {
        assertThat(Source.host().isHome()).isTrue();
        assertThat(Source.feeder("127.0.0.1").isHome()).isTrue();
        assertThat(Source.homeRelay(URL).isHome()).isTrue();
        assertThat(Source.relay(URL).isHome()).isFalse();
        assertThat(Source.endpoint("192.0.2.1").isHome()).isFalse();
    }

    @Test
    void controlMessagesAreReadFromAllButNamedRelays() {
        assertThat(Source.host().mayControl()).isTrue();
        assertThat(Source.feeder("127.0.0.1").mayControl()).isTrue();
        assertThat(Source.homeRelay(URL).mayControl()).isTrue();
        assertThat(Source.endpoint("192.0.2.1").mayControl()).isTrue();
        assertThat(Source.relay(URL).mayControl()).isFalse();
    }

    @Test
    void storedIsAnotherValueOfTheSameSource() {
        Source live = Source.relay(URL);
        Source stored = live.asStored();

        assertThat(live.live()).isTrue();
        assertThat(stored.stored()).isTrue();
        assertThat(stored).isNotEqualTo(live).isEqualTo(Source.relay(URL).asStored());
        assertThat(stored.asStored()).isEqualTo(stored);
        assertThat(stored.key()).isEqualTo(live.key());
        assertThat(stored.relay()).contains(URL);
        assertThat(stored.origin()).isEqualTo(Source.Origin.RELAY);
    }

    @Test
    void equalByOriginAndName() {
        assertThat(Source.relay(URL)).isEqualTo(Source.relay(RelayUrl.of("WSS://nos.lol/")));
        assertThat(Source.relay(URL)).isNotEqualTo(Source.homeRelay(URL));
        assertThat(Source.endpoint("a")).isNotEqualTo(Source.feeder("a")).isNotEqualTo(Source.endpoint("b"));
        assertThat(Source.host()).isEqualTo(Source.host()).hasSameHashCodeAs(Source.host());
        assertThat(Source.host().relay()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a\nb", "a\u0000"})
    void refusesNamesThatCouldForgeALogLine(String name) {
        assertThatThrownBy(() -> Source.endpoint(name)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Source.host("x".repeat(1_025))).isInstanceOf(IllegalArgumentException.class);
    }
}
