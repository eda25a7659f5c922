package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.PushListener;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Source;
import dev.nippush.control.ControlMessage;
import dev.nippush.control.Outcome;
import dev.nippush.event.EventId;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Ending;
import dev.nippush.tests.functional.Rig.User;
import dev.nippush.transport.Notification;
import dev.nippush.transport.NotificationComposer;
import dev.nippush.transport.PushMessage;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a host hands in may throw; the engine goes on. */
@Timeout(60)
class FailingPartsTest {

    @Test
    void aComposerThatThrowsCostsTheTextAndNotThePush() {
        Rig rig = new Rig(builder -> builder.composer(new NotificationComposer() {
            @Override
            public Notification compose(NostrEvent event, PublicKey recipient) {
                throw new IllegalStateException("no words");
            }

            @Override
            public Notification fold(int count, PublicKey recipient) {
                throw new IllegalStateException("no numbers");
            }
        }));
        User user = rig.online();
        rig.pass(1);
        for (int i = 0; i < 33; i++) {
            rig.comesIn(user);
        }
        rig.pass(200);
        assertThat(rig.sent()).hasSize(32);
        assertThat(rig.sent().stream().map(message -> message.notification().title()))
                .contains("2 new notifications", "New mention");
    }

    @Test
    void aComposerThatReturnsNothingIsOneThatFails() {
        Rig rig = new Rig(builder -> builder.composer((event, recipient) -> null));
        rig.comesIn(rig.registered());
        assertThat(rig.sent().get(0).notification().title()).isEqualTo("New mention");
    }

    @Test
    void aListenerThatThrowsChangesNothing() {
        Rig rig = new Rig(builder -> builder.listener(new PushListener() {
            @Override
            public void answered(EventId event, int kind, Source source, Outcome outcome) {
                throw new IllegalStateException();
            }

            @Override
            public void controlApplied(PublicKey account, ControlMessage message) {
                throw new IllegalStateException();
            }

            @Override
            public void presenceChanged(PublicKey account, boolean online) {
                throw new IllegalStateException();
            }

            @Override
            public void held(PublicKey account, EventId event) {
                throw new IllegalStateException();
            }

            @Override
            public void dropped(PublicKey account, int events) {
                throw new IllegalStateException();
            }

            @Override
            public void owed(PublicKey account, DeviceAddress device, EventId event) {
                throw new IllegalStateException();
            }

            @Override
            public void attempted(PushMessage message, int attempt, Duration took, String result) {
                throw new IllegalStateException();
            }

            @Override
            public void settled(DeviceAddress device, EventId event, Ending ending) {
                throw new IllegalStateException();
            }
        }));
        User user = rig.registered();
        rig.comesIn(user);
        rig.pass(1);
        user.goesOnline();
        rig.pass(1);
        rig.comesIn(user);
        user.goesOnline();
        rig.pass(1);
        rig.comesIn(user);
        rig.pass(200);
        assertThat(rig.sent()).hasSize(2);
        rig.stop();
    }
}
