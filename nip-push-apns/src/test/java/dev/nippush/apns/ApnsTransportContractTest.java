package dev.nippush.apns;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.Gateway;
import dev.nippush.testkit.PushTransportContract;
import dev.nippush.transport.PushTransport;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

class ApnsTransportContractTest extends PushTransportContract {

    @Override
    protected Gateway gateway() {
        return FakeApns.start();
    }

    @Override
    protected PushTransport transport(Gateway gateway) {
        return Pushes.builder((FakeApns) gateway)
                .requestDeadline(Duration.ofSeconds(4))
                .build();
    }

    @Override
    protected List<DeviceAddress> foreignDevices() {
        DeviceAddressReader anyTopic = new DeviceAddressReader(List.of());
        return Stream.of(
                        "org.example.foreign" + "ab".repeat(32),
                        "https://push.example.com/up",
                        "fcm-registration-token:APA91b",
                        "pigeon://loft/7")
                .map(deviceId -> anyTopic.read(deviceId).orElseThrow())
                .toList();
    }
}
