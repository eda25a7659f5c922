package dev.nippush.apns;

import com.eatthepath.pushy.apns.ApnsClient;
import com.eatthepath.pushy.apns.ApnsClientBuilder;
import com.eatthepath.pushy.apns.ApnsClientMetricsListener;
import com.eatthepath.pushy.apns.PushNotificationResponse;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where pushes go to pushy: through a client that the caller keeps, or through clients of our own. For any thread. */
sealed interface ApnsClients {

    /** Hands a push to pushy. The future fails if there is no connection and none is to be tried yet. */
    CompletableFuture<PushNotificationResponse<ApnsPush>> send(ApnsPush push);

    /** A push that was written stayed without an answer. */
    void unanswered();

    /** A push was answered. */
    void answered();

    /** Closes what is ours, and waits for it that long. */
    void close(Duration atMost);

    /** The caller's client: it reconnects as pushy does, after up to a minute. */
    record Borrowed(ApnsClient client) implements ApnsClients {

        @Override
        public CompletableFuture<PushNotificationResponse<ApnsPush>> send(ApnsPush push) {
            return client.sendNotification(push);
        }

        @Override
        public void unanswered() {
            // Only the owner of the client may give it up.
        }

        @Override
        public void answered() {
            // Nothing was held against the client.
        }

        @Override
        public void close(Duration atMost) {
            // The owner closes it.
        }
    }

    /**
     * One client at a time, on an event loop of our own. A client that fails to connect is replaced, because pushy makes
     * what is queued wait through all its further attempts, one message an attempt and up to a minute between two; so is one
     * that leaves many requests in a row unanswered; and so is one whose server says goodbye, as pushy would go on to use
     * that connection until its last answer.
     */
    final class Owned implements ApnsClients, ApnsClientMetricsListener {

        static final Duration FIRST_PAUSE = Duration.ofMillis(500);
        static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

        /** How long a connection that is left waits for answers that are still open. */
        private static final Duration LAST_ANSWERS = Duration.ofSeconds(5);

        private static final Duration LOOP_QUIET_PERIOD = Duration.ZERO;

        private static final Logger log = LoggerFactory.getLogger(Owned.class);

        private final ApnsClientBuilder builder;
        private final ApnsResponses responses;
        private final EventLoopGroup loop;
        private final int mostUnanswered;
        private final AtomicInteger unanswered = new AtomicInteger();

        // Guarded by this.
        private @Nullable ApnsClient current;
        private int failures;
        private long pausedUntil = System.nanoTime();
        private boolean closed;

        /**
         * Makes the first client, which connects with its first push.
         *
         * @param builder credentials, server, trust; used again for every further client
         * @param responses looks at what the clients send and receive
         * @param mostUnanswered how many unanswered requests in a row cost a client its place
         * @throws IOException when the TLS settings will not do
         */
        Owned(ApnsClientBuilder builder, ApnsResponses responses, int mostUnanswered) throws IOException {
            this.responses = responses;
            this.loop = eventLoop();
            this.builder =
                    builder.setEventLoopGroup(loop).setMetricsListener(this).setGracefulShutdownTimeout(LAST_ANSWERS);
            this.mostUnanswered = mostUnanswered;
            this.current = make();
        }

        private ApnsClient make() throws IOException {
            AtomicReference<@Nullable ApnsClient> made = new AtomicReference<>();
            ApnsClient client = builder.setFrameLogger(responses.frames(() -> replace(made.get(), false), LAST_ANSWERS))
                    .build();
            made.set(client);
            unanswered.set(0);
            return client;
        }

        /** pushy knows the socket classes of this group, and not of its successor in netty 4.2. */
        @SuppressWarnings("deprecation")
        private static EventLoopGroup eventLoop() {
            return new NioEventLoopGroup(1, new DefaultThreadFactory("nip-push-apns", true));
        }

        @Override
        public CompletableFuture<PushNotificationResponse<ApnsPush>> send(ApnsPush push) {
            try {
                return client().sendNotification(push);
            } catch (IOException noClient) {
                return CompletableFuture.failedFuture(noClient);
            }
        }

        private synchronized ApnsClient client() throws IOException {
            if (closed) {
                throw new IOException("the transport is closed");
            }
            if (current == null) {
                long left = pausedUntil - System.nanoTime();
                if (left > 0) {
                    throw new IOException("APNs could not be reached " + failures + " times in a row; next attempt in "
                            + TimeUnit.NANOSECONDS.toMillis(left) + " ms");
                }
                current = make();
            }
            return current;
        }

        @Override
        public void unanswered() {
            if (unanswered.incrementAndGet() >= mostUnanswered) {
                replace(null, false);
            }
        }

        @Override
        public void answered() {
            unanswered.set(0);
        }

        /** pushy calls this on the event loop. */
        @Override
        public void handleConnectionCreationFailed(ApnsClient client) {
            replace(client, true);
        }

        @Override
        public synchronized void handleConnectionAdded(ApnsClient client) {
            if (failures > 0) {
                log.info("APNs is reached again");
            }
            failures = 0;
        }

        private void replace(@Nullable ApnsClient which, boolean failed) {
            ApnsClient former;
            synchronized (this) {
                former = current;
                if (former == null || (which != null && which != former)) {
                    return;
                }
                current = null;
                if (failed) {
                    if (failures == 0) {
                        log.warn("APNs cannot be reached; tried again with the next pushes");
                    }
                    pausedUntil = System.nanoTime() + pause(failures).toNanos();
                    failures++;
                }
            }
            // What is queued fails with it.
            former.close();
        }

        private static Duration pause(int failures) {
            Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(failures, 10));
            return pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
        }

        @Override
        public void close(Duration atMost) {
            ApnsClient last;
            synchronized (this) {
                closed = true;
                last = current;
                current = null;
            }
            long end = System.nanoTime() + atMost.toNanos();
            try {
                if (last != null) {
                    last.close().get(atMost.toNanos(), TimeUnit.NANOSECONDS);
                }
            } catch (TimeoutException | ExecutionException untidy) {
                log.debug("The APNs client did not close in time", untidy);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            long left = Math.max(1, end - System.nanoTime());
            loop.shutdownGracefully(LOOP_QUIET_PERIOD.toNanos(), left, TimeUnit.NANOSECONDS)
                    .awaitUninterruptibly(left, TimeUnit.NANOSECONDS);
        }

        @Override
        public void handleWriteFailure(ApnsClient client, long notificationId) {}

        @Override
        public void handleNotificationSent(ApnsClient client, long notificationId) {}

        @Override
        public void handleNotificationAccepted(ApnsClient client, long notificationId) {}

        @Override
        public void handleNotificationRejected(ApnsClient client, long notificationId) {}

        @Override
        public void handleConnectionRemoved(ApnsClient client) {}
    }
}
