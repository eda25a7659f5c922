package dev.nippush;

import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.transport.Notification;
import dev.nippush.transport.NotificationComposer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A host's composer, with the generic text for when it fails: a notification that looks plain is better than none. */
final class GuardedComposer implements NotificationComposer {

    private static final Logger log = LoggerFactory.getLogger(GuardedComposer.class);

    private final NotificationComposer composer;
    private final NotificationComposer generic = NotificationComposer.generic();
    private final AtomicBoolean complained = new AtomicBoolean();

    GuardedComposer(NotificationComposer composer) {
        this.composer = composer;
    }

    @Override
    public Notification compose(NostrEvent event, PublicKey recipient) {
        return guarded(by -> by.compose(event, recipient));
    }

    @Override
    public Notification fold(int count, PublicKey recipient) {
        return guarded(by -> by.fold(count, recipient));
    }

    private Notification guarded(Function<NotificationComposer, Notification> composing) {
        try {
            Notification notification = composing.apply(composer);
            if (notification != null) {
                return notification;
            }
            complain(new NullPointerException("the composer returned null"));
        } catch (RuntimeException e) {
            complain(e);
        }
        return composing.apply(generic);
    }

    private void complain(RuntimeException failure) {
        if (complained.compareAndSet(false, true)) {
            log.error(
                    "The composer {} failed, the generic text is used; this is logged once",
                    composer.getClass().getName(),
                    failure);
        }
    }
}
