package dev.nippush.unifiedpush;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** Test vectors: those in our resources, and published ones in the folder that {@code nip-push.vectors} names. */
final class Vectors {

    private Vectors() {}

    /** Reads a file of one JSON object a line from our resources. */
    static List<JsonObject> made(String path) {
        try (InputStream in = Vectors.class.getResourceAsStream("/vectors/" + path)) {
            Objects.requireNonNull(in, path);
            return objects(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads a file of one JSON object a line from the published vectors; skips the test where there are none. */
    static List<JsonObject> published(String path) throws IOException {
        String folder = System.getProperty("nip-push.vectors", "");
        Path file = Path.of(folder, path);
        assumeTrue(
                !folder.isEmpty() && Files.exists(file),
                () -> "no published vectors: the system property nip-push.vectors names no folder with " + path);
        return objects(Files.readString(file));
    }

    private static List<JsonObject> objects(String lines) {
        return lines.lines()
                .filter(line -> !line.isBlank())
                .map(line -> JsonParser.parseString(line).getAsJsonObject())
                .toList();
    }
}
