package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class DemoTest {

    @Test
    void everyStepOfTheDemoComesTrue() {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();

        int exit = Main.run(
                new String[] {"demo"},
                Map.of(),
                InputStream.nullInputStream(),
                new PrintWriter(out, true),
                new PrintWriter(err, true));

        assertThat(exit).as("%s%s", out, err).isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines.get(lines.size() - 1)).isEqualTo("All of it came true.");
        for (String device : List.of("iPhone", "Android phone", "tablet")) {
            assertThat(lines.stream().filter(line -> line.contains("push to her " + device)))
                    .hasSize(2);
        }
        assertThat(err.toString()).isEmpty();
    }
}
