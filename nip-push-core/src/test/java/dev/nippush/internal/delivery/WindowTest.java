package dev.nippush.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WindowTest {

    @Test
    void whoFindsNoPlaceWaitsInOrderOfArrival() {
        Window window = new Window(2);
        List<String> granted = new ArrayList<>();
        for (String each : List.of("a", "b", "c", "d")) {
            window.take(() -> granted.add(each));
        }
        assertThat(granted).containsExactly("a", "b");
        window.giveBack();
        assertThat(granted).containsExactly("a", "b", "c");
        window.giveBack();
        window.giveBack();
        assertThat(granted).containsExactly("a", "b", "c", "d");
        window.take(() -> granted.add("e"));
        assertThat(granted).endsWith("e");
        window.take(() -> granted.add("f"));
        assertThat(granted).endsWith("e");
    }

    @Test
    void newPlaceGoesToWhoWaits() {
        Window window = new Window(1);
        List<String> granted = new ArrayList<>();
        for (String each : List.of("a", "b", "c", "d")) {
            window.take(() -> granted.add(each));
        }
        window.giveBack();
        window.giveBack();
        assertThat(granted).containsExactly("a", "b", "c");
    }
}
