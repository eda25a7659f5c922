package dev.nippush.unifiedpush;

import dev.nippush.address.AddressRule;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.testkit.FakeUnifiedPushServer;
import dev.nippush.testkit.Gateway;
import dev.nippush.testkit.PushTransportContract;
import dev.nippush.transport.PushTransport;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

class UnifiedPushTransportContractTest extends PushTransportContract {

    @Override
    protected Gateway gateway() {
        return FakeUnifiedPushServer.start();
    }

    @Override
    protected PushTransport transport(Gateway gateway) {
        FakeUnifiedPushServer server = (FakeUnifiedPushServer) gateway;
        return UnifiedPushTransport.builder()
                .addressRule(AddressRule.of(List.of("localhost"), List.of(), List.of()))
                .trustedCertificates(List.of(server.certificates().authority()))
                .timeout(Duration.ofSeconds(4))
                .build();
    }

    @Override
    protected List<DeviceAddress> foreignDevices() {
        return othersDevices();
    }

    static List<DeviceAddress> othersDevices() {
        DeviceAddressReader reader = new DeviceAddressReader(List.of());
        return Stream.of("ab".repeat(32), "fcm-token_0123456789:abcdef", "pigeon://loft")
                .map(text -> reader.read(text).orElseThrow())
                .toList();
    }
}
