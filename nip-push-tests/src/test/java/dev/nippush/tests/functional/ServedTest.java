package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.NipPush;
import dev.nippush.address.Channel;
import dev.nippush.address.Source;
import dev.nippush.control.ControlWriter;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.testkit.RecordingTransport;
import dev.nippush.testkit.VirtualTime;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Devices that not every server can reach: here one that has pigeons only. */
@Timeout(60)
class ServedTest {

    private final VirtualTime time = new VirtualTime();
    private final KeyPair server = KeyPair.generate();
    private final KeyPair user = KeyPair.generate();
    private final ControlWriter writer = new ControlWriter(user, server.publicKey());
    private final RecordingTransport pigeons =
            new RecordingTransport(address -> address.channel().equals(new Channel("pigeon")));
    private final NipPush engine = NipPush.builder(server)
            .time(time)
            .executor(time.executor())
            .transport(pigeons)
            .build();

    ServedTest() {
        engine.start();
        time.runAll();
    }

    private Outcome accept(NostrEvent event) {
        CompletableFuture<Outcome> outcome = engine.accept(event, Source.host()).toCompletableFuture();
        time.runAll();
        return outcome.join();
    }

    private Outcome registers(String device) {
        return accept(writer.settings(SettingsDraft.forDevice(device), time.now()));
    }

    private NostrEvent mention() {
        return KeyPair.generate()
                .sign(
                        time.now().getEpochSecond(),
                        1,
                        List.of(Tag.of("p", user.publicKey().hex())),
                        "");
    }

    @Test
    void aHostsOwnChannelIsPushed() {
        assertThat(registers("pigeon://loft")).isEqualTo(new Outcome.Applied());
        accept(mention());
        assertThat(pigeons.sent()).hasSize(1);
    }

    @Test
    void anOwnSchemeThatNoneServesIsRefused() {
        assertThat(registers("stork://nest")).isEqualTo(new Outcome.Refused(Refusal.BAD_DEVICE));
    }

    @Test
    void aBuiltInChannelThatNoneServesIsKeptAndNotPushed() {
        assertThat(registers(Rig.PHONE)).isEqualTo(new Outcome.Applied());
        assertThat(registers("pigeon://loft")).isEqualTo(new Outcome.Applied());
        accept(mention());
        assertThat(pigeons.sent()).hasSize(1);
    }
}
