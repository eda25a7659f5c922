package dev.nippush.tests.simulation;

import dev.nippush.address.DeviceAddress;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Scope;
import dev.nippush.transport.PushTransport;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/** A provider as one process sees it: it takes, refuses, puts off or says nothing, as the seed and its mood decide. */
final class Provider implements PushTransport {

    private final String name;
    private final Predicate<DeviceAddress> served;
    private final Life life;
    private final Random random;
    private final Mood mood;
    private final Referee referee;

    /** How it behaves at the moment; the world changes it. Rates from 0 to 1. */
    static final class Mood {
        double later;
        double silent;
        double gone;
        double refusesMessage;
        double refusesDevice;
        boolean refusesCredentials;
        int maxDelayMillis;

        void heal() {
            later = 0;
            silent = 0;
            gone = 0;
            refusesMessage = 0;
            refusesDevice = 0;
            refusesCredentials = false;
            maxDelayMillis = 100;
        }
    }

    /** Sees every request and every answer. */
    interface Referee {

        /** A request came. */
        void asked(PushMessage message);

        /** The phone shows it. */
        void delivered(PushMessage message);

        /** An answer reaches the process; returns it, or another one where that would be no test. */
        PushResult answers(PushMessage message, PushResult result, Instant askedAt);

        void noAnswer(PushMessage message);
    }

    Provider(String name, Predicate<DeviceAddress> served, Life life, Random random, Mood mood, Referee referee) {
        this.name = name;
        this.served = served;
        this.life = life;
        this.random = random;
        this.mood = mood;
        this.referee = referee;
    }

    @Override
    public boolean serves(DeviceAddress address) {
        return served.test(address);
    }

    @Override
    public int maxInFlight() {
        return 8;
    }

    @Override
    public CompletionStage<PushResult> send(PushMessage message) {
        referee.asked(message);
        Instant askedAt = life.now();
        CompletableFuture<PushResult> answer = new CompletableFuture<>();
        if (random.nextDouble() < mood.silent) {
            silence(message, answer);
            return answer;
        }
        PushResult result = result(askedAt);
        if (result instanceof PushResult.Accepted) {
            referee.delivered(message);
        }
        // Not at a whole millisecond, so that what follows is not either.
        Duration delay = Duration.ofNanos(random.nextLong(mood.maxDelayMillis * 1_000_000L + 1));
        life.schedule(delay, () -> {
            answer.complete(referee.answers(message, result, askedAt));
        });
        return answer;
    }

    private void silence(PushMessage message, CompletableFuture<PushResult> answer) {
        if (random.nextBoolean()) {
            referee.delivered(message);
        }
        referee.noAnswer(message);
        switch (random.nextInt(3)) {
            case 0 -> {} // never
            case 1 ->
                life.schedule(
                        Duration.ofMillis(random.nextInt(5_000)),
                        () -> answer.completeExceptionally(new IOException("connection lost, as the seed says")));
            default ->
                life.schedule(
                        Duration.ofMillis(30_001 + random.nextInt(60_000)),
                        () -> answer.complete(PushResult.accepted()));
        }
    }

    private PushResult result(Instant now) {
        if (mood.refusesCredentials) {
            return PushResult.rejected(Fault.CREDENTIALS, "as the seed says");
        }
        double roll = random.nextDouble();
        if ((roll -= mood.later) < 0) {
            Scope scope = Scope.values()[random.nextInt(Scope.values().length)];
            return random.nextBoolean()
                    ? PushResult.retryLater(scope, "as the seed says")
                    : PushResult.retryAfter(scope, Duration.ofSeconds(random.nextInt(300)), "as the seed says");
        }
        if ((roll -= mood.gone) < 0) {
            return new PushResult.DeviceGone(
                    random.nextBoolean() ? Optional.empty() : Optional.of(now.minusSeconds(random.nextInt(600))));
        }
        if ((roll -= mood.refusesMessage) < 0) {
            return PushResult.rejected(Fault.MESSAGE, "as the seed says");
        }
        if (roll - mood.refusesDevice < 0) {
            return PushResult.rejected(Fault.DEVICE, "as the seed says");
        }
        return PushResult.accepted();
    }

    @Override
    public String toString() {
        return name;
    }
}
