package dev.nippush.testkit;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.transport.PushTransport;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The exam for pigeons, good and broken, which are quick either way. */
abstract class PigeonExam extends PushTransportContract {

    private final Function<PigeonLoft, PushTransport> pigeon;

    PigeonExam(Function<PigeonLoft, PushTransport> pigeon) {
        this.pigeon = pigeon;
    }

    @Override
    protected Gateway gateway() {
        return new PigeonLoft();
    }

    @Override
    protected PushTransport transport(Gateway gateway) {
        return pigeon.apply((PigeonLoft) gateway);
    }

    @Override
    protected List<DeviceAddress> foreignDevices() {
        return List.of(new DeviceAddressReader(List.of())
                .read("owl://barn behind the church")
                .orElseThrow());
    }

    @Override
    protected Optional<Lending> lending(Gateway gateway) {
        return Optional.of(new Lending() {
            @Override
            public PushTransport borrow() {
                return transport(gateway);
            }

            @Override
            public void close() {
                gateway.close();
            }
        });
    }

    @Override
    Duration longestSend() {
        return Duration.ofSeconds(3);
    }

    @Override
    Duration promptly() {
        return Duration.ofSeconds(2);
    }
}
