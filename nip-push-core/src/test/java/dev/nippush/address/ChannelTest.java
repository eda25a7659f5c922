package dev.nippush.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChannelTest {
    @Test
    void isAValue() {
        assertThat(new Channel("apns")).isEqualTo(Channel.APNS);
        assertThat(new Channel("x-my.push+2").isBuiltIn()).isFalse();
        assertThat(Channel.WEB_PUSH.isBuiltIn()).isTrue();
        assertThat(Channel.FCM).hasToString("fcm");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "APNS", "1push", "-x", "a b", "a:b", "a/b", "\u00e4", "a\n"})
    void refusesWhatIsNoLowerCaseScheme(String name) {
        assertThatThrownBy(() -> new Channel(name)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesALongName() {
        assertThat(new Channel("a".repeat(64)).name()).hasSize(64);
        assertThatThrownBy(() -> new Channel("a".repeat(65))).isInstanceOf(IllegalArgumentException.class);
    }
}
