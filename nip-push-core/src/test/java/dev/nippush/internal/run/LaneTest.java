package dev.nippush.internal.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LaneTest {

    private final ArrayDeque<Runnable> thread = new ArrayDeque<>();
    private final List<String> done = new ArrayList<>();

    private void runOne() {
        thread.remove().run();
    }

    private void runAll() {
        while (!thread.isEmpty()) {
            runOne();
        }
    }

    @Test
    void tasksRunInOrderOfArrivalAndNotAtOnce() {
        Lane lane = new Lane(thread::add);
        lane.execute(() -> {
            done.add("1");
            lane.execute(() -> done.add("3"));
            assertThat(done).containsExactly("1");
        });
        lane.execute(() -> done.add("2"));
        assertThat(done).isEmpty();
        runAll();
        assertThat(done).containsExactly("1", "2", "3");
    }

    @Test
    void oneTaskRunsAtATimeOnManyThreads() throws InterruptedException {
        int tasks = 20_000;
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            Lane lane = new Lane(threads);
            List<Integer> order = new ArrayList<>();
            CountDownLatch end = new CountDownLatch(tasks);
            for (int i = 0; i < tasks; i++) {
                int number = i;
                lane.execute(() -> {
                    order.add(number);
                    end.countDown();
                });
            }
            assertThat(end.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(order).isEqualTo(IntStream.range(0, tasks).boxed().toList());
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aTaskThatThrowsDoesNotStopTheOthers() {
        Lane lane = new Lane(thread::add);
        lane.execute(() -> {
            throw new IllegalStateException("thrown, as the test says");
        });
        lane.execute(() -> done.add("next"));
        runAll();
        assertThat(done).containsExactly("next");
        lane.execute(() -> done.add("later"));
        runAll();
        assertThat(done).containsExactly("next", "later");
    }

    @Test
    void aBusyLaneLetsOthersHaveTheThread() {
        Lane busy = new Lane(thread::add);
        Lane other = new Lane(thread::add);
        for (int i = 0; i < 65; i++) {
            busy.execute(() -> done.add("busy"));
        }
        other.execute(() -> done.add("other"));
        runOne();
        runOne();
        assertThat(done).hasSize(65).endsWith("busy", "other");
        runAll();
        assertThat(done).hasSize(66).endsWith("other", "busy");
    }
}
