package dev.nippush.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.NipPush;
import dev.nippush.address.Source;
import dev.nippush.control.ControlWriter;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.testkit.RecordingTransport;
import dev.nippush.testkit.VirtualTime;
import dev.nippush.transport.PushResult;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class VirtualTimeTest {

    private final KeyPair serverKey = KeyPair.generate();
    private final KeyPair alice = KeyPair.generate();
    private final KeyPair bob = KeyPair.generate();

    @Test
    void aBusyProviderIsAskedAgainWhenItSaidSo() {
        // README begins
        VirtualTime time = new VirtualTime();
        RecordingTransport transport = new RecordingTransport();
        transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(30), "busy"));
        NipPush push = NipPush.builder(serverKey)
                .transport(transport)
                .time(time)
                .executor(time.executor())
                .build();
        push.start();
        time.runAll();
        push.accept(settings(time), Source.host());
        time.runAll();
        push.accept(mention(time), Source.host());

        time.advance(Duration.ofSeconds(29));
        assertThat(transport.sent()).hasSize(1);
        time.advance(Duration.ofSeconds(1));
        assertThat(transport.sent()).hasSize(2);
        // README ends
    }

    private NostrEvent settings(VirtualTime time) {
        return new ControlWriter(alice, serverKey.publicKey())
                .settings(SettingsDraft.forDevice("bell://front door"), time.now());
    }

    private NostrEvent mention(VirtualTime time) {
        return bob.sign(
                time.now().getEpochSecond(),
                1,
                List.of(Tag.of("p", alice.publicKey().hex())),
                "hello");
    }
}
