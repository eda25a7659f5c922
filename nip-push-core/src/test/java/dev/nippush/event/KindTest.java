package dev.nippush.event;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KindTest {

    @ParameterizedTest
    @CsvSource({
        "-1, false, false, false, false",
        "0, true, true, false, false",
        "1, true, false, false, false",
        "3, true, true, false, false",
        "9999, true, false, false, false",
        "10000, true, true, false, false",
        "19999, true, true, false, false",
        "20000, true, false, true, false",
        "29999, true, false, true, false",
        "30000, true, false, false, true",
        "39999, true, false, false, true",
        "40000, true, false, false, false",
        "65535, true, false, false, false",
        "65536, false, false, false, false",
    })
    void rangesAreThoseOfNip01(int kind, boolean valid, boolean replaceable, boolean ephemeral, boolean addressable) {
        assertThat(Kind.isValid(kind)).isEqualTo(valid);
        assertThat(Kind.isReplaceable(kind)).isEqualTo(replaceable);
        assertThat(Kind.isEphemeral(kind)).isEqualTo(ephemeral);
        assertThat(Kind.isAddressable(kind)).isEqualTo(addressable);
    }
}
