package dev.nippush.fcm;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.Gateway;
import dev.nippush.testkit.PushTransportContract;
import dev.nippush.transport.PushTransport;
import java.time.Duration;
import java.util.List;

class FcmTransportContractTest extends PushTransportContract {

    @Override
    protected Gateway gateway() {
        return FakeFcm.start();
    }

    @Override
    protected PushTransport transport(Gateway gateway) {
        return Transports.to((FakeFcm) gateway).deadline(Duration.ofSeconds(4)).build();
    }

    @Override
    protected List<DeviceAddress> foreignDevices() {
        return Transports.FOREIGN;
    }
}
