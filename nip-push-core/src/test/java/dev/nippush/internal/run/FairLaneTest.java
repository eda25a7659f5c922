package dev.nippush.internal.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FairLaneTest {

    private final ArrayDeque<Runnable> thread = new ArrayDeque<>();
    private final FairLane lane = new FairLane(thread::add);
    private final List<String> done = new ArrayList<>();

    private void send(String sender, String task) {
        lane.execute(sender, () -> () -> done.add(task));
    }

    private void runAll() {
        while (!thread.isEmpty()) {
            thread.remove().run();
        }
    }

    @Test
    void sendersAreServedInTurnAndEachInOrder() {
        send("many", "m1");
        send("many", "m2");
        send("many", "m3");
        send("few", "f1");
        send("other", "o1");
        send("few", "f2");
        runAll();
        assertThat(done).containsExactly("m1", "f1", "o1", "m2", "f2", "m3");
    }

    @Test
    void aTaskIsMadeWhenItIsAddedAndRunLater() {
        List<String> made = new ArrayList<>();
        lane.execute("one", () -> {
            made.add("made");
            return () -> done.add("run");
        });
        assertThat(made).containsExactly("made");
        assertThat(done).isEmpty();
        runAll();
        assertThat(done).containsExactly("run");
    }

    @Test
    void aTaskThatThrowsDoesNotStopTheOthers() {
        lane.execute("one", () -> () -> {
            throw new IllegalStateException("thrown, as the test says");
        });
        send("one", "1");
        send("two", "2");
        runAll();
        assertThat(done).containsExactlyInAnyOrder("1", "2");
    }
}
