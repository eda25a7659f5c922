package dev.nippush.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.store.OwedPush;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LeftInStoreTest {

    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final String HOST = "push.example.com";

    private final Set<String> paused = new HashSet<>();
    private final Outbox outbox = new Outbox(paused::contains);
    private final LeftInStore left = outbox.left();

    private void owe(int number, String device) {
        DeviceAddress address = new DeviceAddressReader(List.of()).read(device).orElseThrow();
        PushMessage message =
                new PushMessage(address, Notification.message("t", "b", ""), "0".repeat(64), NOW.plusSeconds(3_600));
        OwedPush push = new OwedPush(
                PublicKey.ofHex("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
                EventId.ofHex("%064x".formatted(number)),
                1,
                NOW,
                message,
                0,
                NOW);
        outbox.put(push, 0, true);
    }

    @Test
    void aReadingLeavesOutWhatThereIsNoRoomFor() {
        for (int i = 0; i < Outbox.PER_HOST; i++) {
            owe(i, "https://" + HOST + "/" + i);
        }
        owe(1_000, "https://other.example.com/");
        assertThat(left.beginReading().hosts()).containsExactly(HOST);
        left.endReading(true);
        assertThat(left.isWanted()).isFalse();
        outbox.all().stream().limit(Outbox.PER_HOST / 2 + 2).forEach(outbox::remove);
        assertThat(left.isWanted()).isTrue();
        assertThat(left.beginReading().hosts()).isEmpty();
    }

    @Test
    void aFullChannelIsLeftOutToo() {
        for (int i = 0; i < Outbox.PER_CHANNEL; i++) {
            owe(i, "%064x".formatted(i));
        }
        assertThat(left.beginReading().channels()).containsExactly(Channel.APNS);
        left.endReading(true);
        assertThat(left.isWanted()).isFalse();
    }

    @Test
    void ofAHostThatIsPausedOnePushIsEnough() {
        owe(1, "https://" + HOST + "/1");
        paused.add(HOST);
        left.anything();
        assertThat(left.isWanted()).isTrue();
        assertThat(left.beginReading().hosts()).containsExactly(HOST);
        left.endReading(true);
        assertThat(left.isWanted()).as("while it is paused").isFalse();
        paused.remove(HOST);
        assertThat(left.isWanted()).as("after that").isTrue();
    }

    @Test
    void ofAHostThatIsPausedOnePushIsNeeded() {
        owe(1, "https://" + HOST + "/1");
        paused.add(HOST);
        left.beginReading();
        left.endReading(true);
        outbox.all().forEach(outbox::remove);
        assertThat(left.isWanted()).as("nobody would try the host").isTrue();
        assertThat(left.beginReading().hosts()).isEmpty();
    }

    @Test
    void aReadingThatDidNotBringAllIsFollowedByAnother() {
        left.anything();
        left.beginReading();
        left.endReading(false);
        assertThat(left.isWanted()).isTrue();
        left.beginReading();
        left.endReading(true);
        assertThat(left.isWanted()).isFalse();
    }
}
