package dev.nippush.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The README's program is a part of an example, so that it compiles. */
class ReadmeTest {

    @Test
    void theReadmeShowsTheMarkedLinesOfTheExample() throws IOException {
        List<String> example = Files.readAllLines(Path.of("src/main/java/dev/nippush/examples/EmbedInBot.java"));
        int from = indexOf(example, "// README begins");
        int to = indexOf(example, "// README ends");
        String marked = String.join("\n", example.subList(from + 1, to)).stripIndent();

        assertThat(Files.readString(Path.of("../README.md"))).contains("```java\n" + marked + "\n```");
        assertThat(marked.lines()).hasSizeLessThanOrEqualTo(12);
    }

    private static int indexOf(List<String> lines, String text) {
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).contains(text)) {
                return i;
            }
        }
        throw new AssertionError("no line with " + text);
    }
}
