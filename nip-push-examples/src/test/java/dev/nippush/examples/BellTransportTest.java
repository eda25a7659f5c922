package dev.nippush.examples;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.testkit.Gateway;
import dev.nippush.testkit.PushTransportContract;
import dev.nippush.transport.PushTransport;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

class BellTransportTest extends PushTransportContract {
    @Override
    protected Gateway gateway() {
        return new BellServer();
    }

    @Override
    protected PushTransport transport(Gateway gateway) {
        return over(HttpClient.newHttpClient(), gateway);
    }

    @Override
    protected List<DeviceAddress> foreignDevices() {
        DeviceAddressReader reader = new DeviceAddressReader(List.of());
        return Stream.of("gong://front door", "https://bells.example/front", "ab".repeat(32))
                .map(text -> reader.read(text).orElseThrow())
                .toList();
    }

    @Override
    protected Optional<Lending> lending(Gateway gateway) {
        HttpClient http = HttpClient.newHttpClient();
        return Optional.of(new Lending() {
            @Override
            public PushTransport borrow() {
                return over(http, gateway);
            }

            @Override
            public void close() {} // a client of Java 17 has no close
        });
    }

    private static PushTransport over(HttpClient http, Gateway gateway) {
        return new BellTransport(http, ((BellServer) gateway).url(), Duration.ofSeconds(2));
    }
}
