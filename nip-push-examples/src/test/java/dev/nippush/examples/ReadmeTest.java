package dev.nippush.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the READMEs show is a part of an example, so that it compiles. */
class ReadmeTest {

    private static final Path PROGRAMS = Path.of("src/main/java/dev/nippush/examples");
    private static final Path TESTS = Path.of("src/test/java/dev/nippush/examples");

    @Test
    void theReadmeShowsTheMarkedLinesOfTheExample() throws IOException {
        String marked = marked(PROGRAMS.resolve("EmbedInBot.java"));

        assertThat(Path.of("../README.md")).content().contains("```java\n" + marked + "\n```");
        assertThat(marked.lines()).hasSizeLessThanOrEqualTo(12);
    }

    @Test
    void theTestkitsReadmeShowsATransportAndItsExam() throws IOException {
        assertThat(Path.of("../nip-push-testkit/README.md"))
                .content()
                .contains("```java\n" + type(PROGRAMS.resolve("BellTransport.java")) + "\n```")
                .contains("```java\n" + type(TESTS.resolve("BellTransportTest.java")) + "\n```")
                .contains("```java\n" + marked(TESTS.resolve("VirtualTimeTest.java")) + "\n```");
    }

    @Test
    void theTransportFitsOnAScreen() throws IOException {
        assertThat(type(PROGRAMS.resolve("BellTransport.java")).lines().filter(line -> !line.isBlank()))
                .hasSizeLessThanOrEqualTo(64);
    }

    private static String marked(Path example) throws IOException {
        List<String> lines = Files.readAllLines(example);
        int from = indexOf(lines, "// README begins");
        int to = indexOf(lines, "// README ends");
        return String.join("\n", lines.subList(from + 1, to)).stripIndent();
    }

    /** The class without what comes before it. */
    private static String type(Path example) throws IOException {
        List<String> lines = Files.readAllLines(example);
        return String.join("\n", lines.subList(indexOf(lines, "class "), lines.size()));
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
