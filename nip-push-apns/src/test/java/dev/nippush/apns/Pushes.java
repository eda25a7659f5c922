package dev.nippush.apns;

import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeApns;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Transports to a fake, and messages for them. */
final class Pushes {

    static final String COLLAPSE_KEY = "0123456789abcdef".repeat(4);

    /** Longer than the longest request deadline. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private Pushes() {}

    static ApnsCredentials tokenKey(FakeApns fake) {
        try {
            Path file = Files.createTempFile("AuthKey_", ".p8");
            try {
                return ApnsCredentials.tokenKey(fake.writeSigningKey(file), FakeApns.KEY_ID, FakeApns.TEAM_ID);
            } finally {
                Files.delete(file);
            }
        } catch (IOException unexpected) {
            throw new AssertionError(unexpected);
        }
    }

    static ApnsTransport.Builder builder(FakeApns fake) {
        return ApnsTransport.builder()
                .credentials(tokenKey(fake))
                .topics(List.of(FakeApns.TOPIC))
                .server(fake.host(), fake.port())
                .trustedCertificates(List.of(fake.certificates().authority()))
                .requestDeadline(Duration.ofSeconds(10));
    }

    static PushMessage message(DeviceAddress address) {
        return message(address, Notification.message("New message", "You have a new private message.", "message"));
    }

    static PushMessage message(DeviceAddress address, Notification notification) {
        return new PushMessage(
                address, notification, COLLAPSE_KEY, Instant.now().plusSeconds(3600));
    }

    static PushResult send(ApnsTransport transport, PushMessage message) {
        return transport
                .send(message)
                .toCompletableFuture()
                .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                .join();
    }

    /** The failure of a stage that must end exceptionally. */
    static Throwable silence(CompletableFuture<?> stage) {
        try {
            Object result = stage.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            throw new AssertionError("there was an answer: " + result);
        } catch (ExecutionException silent) {
            return silent.getCause();
        } catch (TimeoutException | InterruptedException stuck) {
            throw new AssertionError(stuck);
        }
    }
}
