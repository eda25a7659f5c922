package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.NipPush;
import dev.nippush.PushListener;
import dev.nippush.address.Source;
import dev.nippush.control.ControlMessage;
import dev.nippush.control.Outcome;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.PublicKey;
import dev.nippush.testkit.RecordingTransport;
import dev.nippush.testkit.VirtualTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The control messages that other implementations wrote, handed to an engine by a stranger. */
@Timeout(60)
class ControlVectorsAtTheDoorTest {

    private static final Path VECTORS =
            Path.of("..", "nip-push-core", "src", "test", "resources", "vectors", "control");

    static Stream<Arguments> messages() throws IOException {
        return Files.readAllLines(VECTORS.resolve("control.jsonl")).stream()
                .map(line -> JsonParser.parseString(line).getAsJsonObject())
                .map(line -> Arguments.of(line.get("name").getAsString(), line));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("messages")
    void eachMessageHasTheOutcomeThatItsAuthorsExpect(String name, JsonObject line) throws IOException {
        String event = line.get("event").getAsString();
        JsonElement now = line.get("now");
        long at = now != null
                ? now.getAsLong()
                : JsonParser.parseString(event)
                        .getAsJsonObject()
                        .get("created_at")
                        .getAsLong();
        VirtualTime time = new VirtualTime(Instant.ofEpochSecond(at));
        List<ControlMessage> applied = new ArrayList<>();
        JsonObject server = JsonParser.parseString(Files.readString(VECTORS.resolve("server.json")))
                .getAsJsonObject();
        NipPush engine = NipPush.builder(
                        KeyPair.ofHex(server.get("serverSecretKey").getAsString()))
                .transport(new RecordingTransport())
                .time(time)
                .executor(time.executor())
                .listener(new PushListener() {
                    @Override
                    public void controlApplied(PublicKey account, ControlMessage message) {
                        assertThat(account.hex())
                                .isEqualTo(line.get("userPubkey").getAsString());
                        applied.add(message);
                    }
                })
                .build();
        engine.start();
        time.runAll();

        CompletableFuture<Outcome> outcome =
                engine.accept(event, Source.endpoint("stranger")).toCompletableFuture();
        time.runAll();

        JsonObject expected = line.getAsJsonObject("expected");
        String type = expected.get("type").getAsString();
        if (type.equals("invalid")) {
            assertThat(outcome.join()).isInstanceOf(Outcome.Refused.class);
            assertThat(((Outcome.Refused) outcome.join()).code().code())
                    .isEqualTo(expected.get("reason").getAsString());
            assertThat(applied).isEmpty();
        } else {
            assertThat(outcome.join()).isEqualTo(new Outcome.Applied());
            assertThat(applied).hasSize(1);
            assertThat(applied.get(0).getClass().getSimpleName().toLowerCase(Locale.ROOT))
                    .isEqualTo(type);
        }
    }
}
