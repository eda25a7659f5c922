package dev.nippush.unifiedpush;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.transport.Notification;
import dev.nippush.transport.UnifiedPushJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the README shows is what is read and written. */
class ReadmeTest {

    private static final Pattern JSON = Pattern.compile("```json\\s+(.*?)\\s+```", Pattern.DOTALL);

    @Test
    void theDeviceIdsAreRegisteredAsTheySay() throws Exception {
        List<DeviceAddress> devices = examples()
                .filter(json -> json.has("deviceId"))
                .map(json -> new DeviceAddressReader(List.of())
                        .read(json.get("deviceId").getAsString())
                        .orElseThrow())
                .toList();

        assertThat(devices)
                .extracting(DeviceAddress::channel)
                .containsExactly(Channel.UNIFIED_PUSH, Channel.WEB_PUSH, Channel.WEB_PUSH);
        assertThat(devices.subList(1, 3))
                .allSatisfy(device -> assertThat(WebPushEncryption.to(device)).isPresent());
    }

    @Test
    void theTextIsTheOneThatIsSent() throws Exception {
        Notification message = Notification.message("New message", "You have a new private message.", "");

        assertThat(examples().filter(json -> json.has("notification")))
                .containsExactly(
                        JsonParser.parseString(UnifiedPushJson.of(message)).getAsJsonObject());
    }

    private static Stream<JsonObject> examples() throws Exception {
        return JSON.matcher(Files.readString(Path.of("README.md")))
                .results()
                .map((MatchResult found) ->
                        JsonParser.parseString(found.group(1)).getAsJsonObject());
    }
}
