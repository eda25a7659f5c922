package dev.nippush.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.testkit.Gateway;
import dev.nippush.testkit.PushTransportContract;
import dev.nippush.transport.PushTransport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class BellTransportTest extends PushTransportContract {

    @Override
    protected Gateway gateway() {
        return new BellServer();
    }

    @Override
    protected PushTransport transport(Gateway gateway) {
        return new BellTransport(((BellServer) gateway).url());
    }

    @Override
    protected List<DeviceAddress> foreignDevices() {
        DeviceAddressReader reader = new DeviceAddressReader(List.of());
        return List.of(
                reader.read("gong://front door").orElseThrow(),
                reader.read("https://bells.example/front").orElseThrow(),
                reader.read("ab".repeat(32)).orElseThrow());
    }

    @Test
    void theClassHasFewerThanFortyLines() throws Exception {
        List<String> lines = Files.readAllLines(Path.of("src/main/java/dev/nippush/examples/BellTransport.java"));
        int from = lines.indexOf("public final class BellTransport implements PushTransport {");

        assertThat(lines.subList(from, lines.size()).stream().filter(line -> !line.isBlank()))
                .hasSizeLessThan(40);
    }
}
