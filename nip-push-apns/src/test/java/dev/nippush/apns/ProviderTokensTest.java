package dev.nippush.apns;

import static dev.nippush.apns.Pushes.builder;
import static dev.nippush.apns.Pushes.message;
import static dev.nippush.apns.Pushes.send;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.address.DeviceAddress;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeApns.Reply;
import dev.nippush.transport.PushResult;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProviderTokensTest {

    private final FakeApns fake = FakeApns.start();
    private final DeviceAddress device = fake.device(0);
    private final KeyPair keys = newKeys();

    // What the fake believes of a token is measured by the real clock.
    private Instant wallClock = Instant.now().minus(Duration.ofMinutes(45));
    private long nanoTime;

    private final ProviderTokens tokens = new ProviderTokens(
            (ECPrivateKey) keys.getPrivate(), "ABC123DEFG", "TEAM123456", () -> wallClock, () -> nanoTime);

    private static KeyPair newKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @AfterEach
    void stop() {
        fake.close();
    }

    private void pass(Duration time) {
        wallClock = wallClock.plus(time);
        nanoTime += time.toNanos();
    }

    private ApnsTransport transport() {
        return builder(fake).clocks(() -> wallClock, () -> nanoTime).build();
    }

    @Test
    void tokenIsAJwtAsAppleWantsIt() throws GeneralSecurityException {
        String[] parts = tokens.current().split("\\.");

        assertThat(json(parts[0])).isEqualTo(JsonParser.parseString("{\"alg\":\"ES256\",\"kid\":\"ABC123DEFG\"}"));
        assertThat(json(parts[1]))
                .isEqualTo(
                        JsonParser.parseString("{\"iss\":\"TEAM123456\",\"iat\":" + wallClock.getEpochSecond() + "}"));
        byte[] signature = Base64.getUrlDecoder().decode(parts[2]);
        assertThat(signature).as("r and s").hasSize(64);
        Signature verifier = Signature.getInstance("SHA256withECDSAinP1363Format");
        verifier.initVerify(keys.getPublic());
        verifier.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
        assertThat(verifier.verify(signature)).isTrue();
    }

    private static JsonObject json(String part) {
        return JsonParser.parseString(new String(Base64.getUrlDecoder().decode(part), StandardCharsets.UTF_8))
                .getAsJsonObject();
    }

    @Test
    void tokenIsUsedForFiftyMinutes() {
        String first = tokens.current();
        pass(ProviderTokens.RENEWED_AFTER.minusSeconds(1));
        assertThat(tokens.current()).isEqualTo(first);

        pass(Duration.ofSeconds(1));
        String second = tokens.current();
        assertThat(second).isNotEqualTo(first);
        assertThat(tokens.current()).isEqualTo(second);
    }

    @Test
    void expiredTokenIsReplacedOnceAndNotWithinTwentyMinutes() {
        String first = tokens.current();
        pass(ProviderTokens.LEAST_AGE.minusSeconds(1));
        tokens.expired(first);
        assertThat(tokens.current()).as("too young to be replaced").isEqualTo(first);

        pass(Duration.ofSeconds(1));
        tokens.expired(first);
        String second = tokens.current();
        tokens.expired(first);
        assertThat(second).isNotEqualTo(first);
        assertThat(tokens.current()).as("what is said of the former one").isEqualTo(second);
    }

    @Test
    void tokenIsReplacedAfterTheMachineSlept() {
        String first = tokens.current();

        wallClock = wallClock.plus(Duration.ofHours(8));

        assertThat(tokens.current()).isNotEqualTo(first);
    }

    @Test
    void clockThatIsSetBackBringsANewTokenAndNoneBeforeTwentyMinutesAreOver() {
        String first = tokens.current();
        wallClock = wallClock.minus(Duration.ofHours(2));
        assertThat(tokens.current()).isEqualTo(first);

        pass(ProviderTokens.LEAST_AGE);
        assertThat(tokens.current()).isNotEqualTo(first);
    }

    @Test
    void clockThatJumpsBackAndForthBringsNoFloodOfTokens() {
        long distinct = IntStream.range(0, 600)
                .mapToObj(second -> {
                    pass(Duration.ofSeconds(1));
                    wallClock = wallClock.plus(Duration.ofMinutes(second % 2 == 0 ? 15 : -15));
                    String token = tokens.current();
                    tokens.expired(token);
                    return token;
                })
                .distinct()
                .count();

        assertThat(distinct).as("in ten minutes").isEqualTo(1);
    }

    @Test
    void textHoldsNoSecret() {
        String token = tokens.current();

        assertThat(tokens.toString()).contains("ABC123DEFG").doesNotContain(token.split("\\.")[2]);
    }

    @Test
    void oneTokenServesAThousandPushesOfOneConnection() {
        try (ApnsTransport transport = transport()) {
            assertThat(IntStream.range(0, 1_000)
                            .mapToObj(
                                    i -> transport.send(message(fake.device(i))).toCompletableFuture())
                            .toList())
                    .allSatisfy(stage -> assertThat(stage.join()).isEqualTo(PushResult.accepted()));
        }
        assertThat(fake.requests().size()).isEqualTo(1_000);
        assertThat(fake.providerTokenCount()).isEqualTo(1);
    }

    @Test
    void oneTokenOutlivesLostConnections() {
        try (ApnsTransport transport = transport()) {
            for (int i = 0; i < 20; i++) {
                fake.answer(device.token(), i % 2 == 0 ? Reply.drop() : Reply.goAway("Shutdown"), Reply.accept());
                begin(transport).handle((result, silence) -> silence).join();
                assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());
            }
        }
        assertThat(fake.connectionCount()).isGreaterThan(10);
        assertThat(fake.providerTokenCount()).isEqualTo(1);
    }

    @Test
    void tokenIsRenewedOnAConnectionThatStays() {
        try (ApnsTransport transport = transport()) {
            for (int minute = 0; minute < 110; minute++) {
                assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());
                pass(Duration.ofMinutes(1));
            }
        }
        assertThat(fake.connectionCount()).isEqualTo(1);
        assertThat(fake.providerTokenCount()).as("at 0, 50 and 100 minutes").isEqualTo(3);
    }

    @Test
    void tokenThatAppleCallsExpiredIsReplacedByExactlyOne() {
        try (ApnsTransport transport = transport()) {
            assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());
            pass(Duration.ofMinutes(30));
            fake.answer(device.token(), Reply.refuse(403, "ExpiredProviderToken"), Reply.accept());
            assertThat(send(transport, message(device))).isEqualTo(PushResult.retryLater("ExpiredProviderToken"));
            assertThat(send(transport, message(device))).isEqualTo(PushResult.accepted());
            assertThat(fake.providerTokenCount()).isEqualTo(2);

            fake.answer(device.token(), Reply.refuse(403, "ExpiredProviderToken"));
            for (int i = 0; i < 10; i++) {
                begin(transport).handle((result, silence) -> result).join();
            }
            assertThat(fake.providerTokenCount())
                    .as("no third one within 20 minutes")
                    .isEqualTo(2);
        }
    }

    private CompletableFuture<PushResult> begin(ApnsTransport transport) {
        return transport.send(message(device)).toCompletableFuture();
    }
}
