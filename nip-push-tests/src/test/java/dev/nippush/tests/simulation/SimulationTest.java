package dev.nippush.tests.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Many worlds. {@code -Dnip-push.seed=…} runs one of them and prints what happened; {@code -Dnip-push.seeds=…} says
 * how many.
 */
@Tag("simulation")
@Timeout(1_800)
class SimulationTest {

    private static final World.Keys KEYS = World.Keys.make();
    private static Logs logs;

    @BeforeAll
    static void collectErrors() {
        logs = Logs.begin();
    }

    @AfterAll
    static void giveBack() {
        logs.close();
    }

    @Test
    void everySeedKeepsThePromises() {
        Long seed = Long.getLong("nip-push.seed");
        if (seed != null) {
            System.out.println(World.tell(seed, KEYS).trace());
            return;
        }
        ConcurrentLinkedQueue<SimulationFailure> failures = new ConcurrentLinkedQueue<>();
        AtomicInteger sends = new AtomicInteger();
        AtomicInteger decided = new AtomicInteger();
        AtomicInteger tainted = new AtomicInteger();
        LongStream.rangeClosed(1, Long.getLong("nip-push.seeds", 2_000))
                .parallel()
                .forEach(each -> {
                    try {
                        World.Report report = World.run(each, KEYS);
                        sends.addAndGet(report.sends());
                        decided.addAndGet(report.decided());
                        tainted.addAndGet(report.tainted());
                    } catch (SimulationFailure failure) {
                        failures.add(failure);
                    }
                });
        List<SimulationFailure> sorted = failures.stream()
                .sorted((one, other) -> Long.compare(one.seed(), other.seed()))
                .toList();
        System.out.printf("%d sends, %d decisions, %d of them left open%n", sends.get(), decided.get(), tainted.get());
        sorted.forEach(failure -> System.out.println(failure.summary()));
        if (!sorted.isEmpty()) {
            throw sorted.get(0);
        }
    }

    @Test
    void theSameSeedGivesTheSameTrace() {
        for (long seed = 1; seed <= 20; seed++) {
            assertThat(trace(seed)).isEqualTo(trace(seed));
        }
    }

    private static String trace(long seed) {
        try {
            return World.tell(seed, KEYS).trace();
        } catch (SimulationFailure failure) {
            return failure.getMessage();
        }
    }
}
