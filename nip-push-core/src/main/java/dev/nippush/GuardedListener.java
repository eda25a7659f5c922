package dev.nippush;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps what a host's listener throws away from the engine; says so once. */
final class GuardedListener {

    private static final Logger log = LoggerFactory.getLogger(GuardedListener.class);

    private final PushListener listener;
    private final AtomicBoolean complained = new AtomicBoolean();

    GuardedListener(PushListener listener) {
        this.listener = listener;
    }

    void tell(Consumer<PushListener> news) {
        try {
            news.accept(listener);
        } catch (RuntimeException | AssertionError | LinkageError e) {
            if (complained.compareAndSet(false, true)) {
                log.error(
                        "The listener {} threw; this is logged once",
                        listener.getClass().getName(),
                        e);
            }
        }
    }
}
