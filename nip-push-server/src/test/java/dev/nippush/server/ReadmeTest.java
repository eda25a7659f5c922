package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README says of the configuration is what the table of keys says. */
class ReadmeTest {

    private static final Path README = Path.of("../README.md");

    @Test
    void theTableOfKeysIsThatOfTheProgram() throws Exception {
        assertThat(Files.readString(README)).contains(ConfigHelp.markdown());
    }

    @Test
    void theExampleIsAConfiguration(@TempDir Path directory) throws Exception {
        Matcher example =
                Pattern.compile("```properties\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(README));
        assertThat(example.find()).isTrue();
        Path file = Files.writeString(directory.resolve("nip-push.properties"), example.group(1));
        Files.writeString(directory.resolve("AuthKey_ABC123DEFG.p8"), "x");
        Files.writeString(directory.resolve("service-account.json"), "x");

        ServerConfig config = ConfigReader.read(Optional.of(file), Map.of(), directory);

        assertThat(config.apns()).isPresent();
        assertThat(config.fcm()).isPresent();
        assertThat(config.relays().home()).hasSize(2);
    }

    @Test
    void theDependencyIsThatOfThisBuild() throws Exception {
        Matcher version = Pattern.compile("<artifactId>nip-push-parent</artifactId>\\s*<version>(.*?)</version>")
                .matcher(Files.readString(Path.of("pom.xml")));
        assertThat(version.find()).isTrue();

        assertThat(Files.readString(README))
                .contains("<artifactId>nip-push-core</artifactId>\n  <version>" + version.group(1) + "</version>");
    }
}
