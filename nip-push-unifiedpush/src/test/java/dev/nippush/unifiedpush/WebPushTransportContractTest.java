package dev.nippush.unifiedpush;

import dev.nippush.address.AddressRule;
import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeUnifiedPushServer;
import dev.nippush.testkit.Gateway;
import dev.nippush.testkit.PushTransportContract;
import dev.nippush.transport.PushTransport;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;

/** The same exam with encryption and VAPID, at a push service that demands both. */
@Tag("slow")
class WebPushTransportContractTest extends PushTransportContract {

    @Override
    protected Gateway gateway() {
        return FakeUnifiedPushServer.startWebPush();
    }

    @Override
    protected PushTransport transport(Gateway gateway) {
        FakeUnifiedPushServer server = (FakeUnifiedPushServer) gateway;
        VapidKey key = VapidKey.generate();
        server.demandVapid(key.applicationServerKey());
        return UnifiedPushTransport.builder()
                .addressRule(AddressRule.of(List.of("localhost"), List.of(), List.of()))
                .trustedCertificates(List.of(server.certificates().authority()))
                .timeout(Duration.ofSeconds(4))
                .vapid(key, "mailto:push@example.com")
                .build();
    }

    @Override
    protected List<DeviceAddress> foreignDevices() {
        return UnifiedPushTransportContractTest.othersDevices();
    }
}
