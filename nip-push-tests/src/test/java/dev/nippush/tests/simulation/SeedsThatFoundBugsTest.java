package dev.nippush.tests.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Seeds whose worlds have found something, each with what it was. A seed is worth something only as long as the simulation
 * makes the same world of it: whoever changes what happens in a world, or in which order it asks for chance, makes other
 * worlds of all of them. So each bug of the engine has a test in {@code dev.nippush.tests.functional} too, which lasts; a
 * line here is for the time until then, and for those worlds that are worth a second look.
 */
@Tag("simulation")
@Timeout(120)
class SeedsThatFoundBugsTest {

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

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', textBlock = """
             6 | after the wall clock was set back no EOSE counted, so gift wraps of a new relay were history
            18 | the same, at a home relay
            """)
    void findsNothingAnyMore(long seed, String found) {
        assertThat(World.run(seed, KEYS).decided()).as(found).isPositive();
    }
}
