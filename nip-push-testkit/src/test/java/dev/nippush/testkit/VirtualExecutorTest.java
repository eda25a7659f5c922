package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VirtualExecutorTest {

    private final List<Integer> ran = new ArrayList<>();

    @Test
    void tasksWaitUntilTheTestSaysSo() {
        VirtualExecutor executor = new VirtualExecutor();
        executor.execute(() -> ran.add(1));
        executor.execute(() -> ran.add(2));
        assertThat(ran).isEmpty();
        assertThat(executor.waiting()).isEqualTo(2);

        assertThat(executor.runNext()).isTrue();
        assertThat(ran).containsExactly(1);
        assertThat(executor.runNext()).isTrue();
        assertThat(executor.runNext()).isFalse();
        assertThat(ran).containsExactly(1, 2);
    }

    @Test
    void tasksThatTasksHandInRunToo() {
        VirtualExecutor executor = new VirtualExecutor();
        executor.execute(() -> executor.execute(() -> ran.add(1)));

        executor.runAll();

        assertThat(ran).containsExactly(1);
    }

    @Test
    void taskThatThrowsDoesNotTakeTheNextWithIt() {
        VirtualExecutor executor = new VirtualExecutor();
        executor.execute(() -> {
            throw new IllegalStateException("thrown");
        });
        executor.execute(() -> ran.add(1));

        assertThatThrownBy(executor::runAll).hasMessage("thrown");
        executor.runAll();

        assertThat(ran).containsExactly(1);
    }

    @Test
    void sameSeedChoosesTheSameOrderAndAnotherSeedAnother() {
        assertThat(order(7))
                .isEqualTo(order(7))
                .isNotEqualTo(order(8))
                .hasSize(50)
                .doesNotHaveDuplicates();
    }

    private static List<Integer> order(long seed) {
        VirtualExecutor executor = new VirtualExecutor(new Random(seed));
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            int task = i;
            executor.execute(() -> order.add(task));
        }
        executor.runAll();
        return order;
    }
}
