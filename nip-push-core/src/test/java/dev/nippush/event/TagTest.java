package dev.nippush.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TagTest {

    @Test
    void theEmptyTagHasNoNameAndNoValue() {
        Tag tag = Tag.of();
        assertThat(tag.name()).isEmpty();
        assertThat(tag.value()).isEmpty();
        assertThat(tag.hasValue()).isFalse();
    }

    @Test
    void theFirstValueFollowsTheName() {
        assertThat(Tag.of("e", "id", "relay").name()).isEqualTo("e");
        assertThat(Tag.of("e", "id", "relay").value()).isEqualTo("id");
        assertThat(Tag.of("e").hasValue()).isFalse();
        assertThat(Tag.of("e", "").hasValue()).isTrue();
    }

    @Test
    void valuesAreCopiedAndFixed() {
        List<String> values = new ArrayList<>(List.of("e"));
        Tag tag = new Tag(values);
        values.add("later");
        assertThat(tag).isEqualTo(Tag.of("e"));
        assertThatThrownBy(() -> tag.values().add("x")).isInstanceOf(UnsupportedOperationException.class);
    }
}
