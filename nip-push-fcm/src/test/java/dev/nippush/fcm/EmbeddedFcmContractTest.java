package dev.nippush.fcm;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.Gateway;
import dev.nippush.testkit.Inbox;
import dev.nippush.testkit.PushTransportContract;
import dev.nippush.transport.PushTransport;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;

@Tag("slow")
class EmbeddedFcmContractTest extends PushTransportContract {

    @Override
    protected Gateway gateway() {
        return new Embedded(FakeFcm.start());
    }

    @Override
    protected PushTransport transport(Gateway gateway) {
        return Transports.to(((Embedded) gateway).fake())
                .deadline(Duration.ofSeconds(4))
                .build();
    }

    @Override
    protected List<DeviceAddress> foreignDevices() {
        return Transports.FOREIGN;
    }

    /** The devices without a Firebase SDK, whose messages have no collapse key. */
    private record Embedded(FakeFcm fake) implements Gateway {

        @Override
        public Set<Ability> abilities() {
            Set<Ability> abilities = EnumSet.copyOf(fake.abilities());
            abilities.remove(Ability.COLLAPSE_KEY);
            return abilities;
        }

        @Override
        public DeviceAddress device(int number) {
            return fake.embeddedDevice(number);
        }

        @Override
        public void answer(DeviceAddress device, Answer answer) {
            fake.answer(device, answer);
        }

        @Override
        public Inbox<Received> received() {
            return fake.received();
        }

        @Override
        public void release() {
            fake.release();
        }

        @Override
        public void stall() {
            fake.stall();
        }

        @Override
        public void close() {
            fake.close();
        }
    }
}
