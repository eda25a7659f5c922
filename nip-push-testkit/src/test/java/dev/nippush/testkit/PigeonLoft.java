package dev.nippush.testkit;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** A provider in memory, without any protocol: pigeons that carry messages to lofts. */
final class PigeonLoft implements Gateway {

    static final int LIMIT = 2_000;

    /** What a pigeon brings back: one word, and what belongs to it. */
    record Reply(String word, Optional<Duration> pause, Optional<Instant> since) {
        static Reply of(String word) {
            return new Reply(word, Optional.empty(), Optional.empty());
        }
    }

    private final Set<Ability> abilities;
    private final Map<DeviceAddress, Answer> answers = new ConcurrentHashMap<>();
    private final Inbox<Received> received = new Inbox<>();
    private final List<CompletableFuture<Reply>> hanging = new ArrayList<>();
    private boolean released;
    private boolean closed;

    PigeonLoft() {
        this(EnumSet.complementOf(
                EnumSet.of(Ability.DEVICE_LIMIT, Ability.SENDER_LIMIT, Ability.STALL, Ability.SILENT)));
    }

    PigeonLoft(Set<Ability> abilities) {
        this.abilities = abilities;
    }

    @Override
    public Set<Ability> abilities() {
        return abilities;
    }

    @Override
    public DeviceAddress device(int number) {
        return loft("tower-of-the-old-mill-" + number);
    }

    static DeviceAddress loft(String name) {
        return new DeviceAddressReader(List.of()).read("pigeon://" + name).orElseThrow();
    }

    @Override
    public void answer(DeviceAddress device, Answer answer) {
        answers.put(device, answer);
    }

    @Override
    public Inbox<Received> received() {
        return received;
    }

    CompletableFuture<Reply> fly(Received letter) {
        synchronized (this) {
            if (closed) {
                return CompletableFuture.failedFuture(new IOException("the loft is closed"));
            }
        }
        int size = letter.title().getBytes(StandardCharsets.UTF_8).length
                + letter.body().getBytes(StandardCharsets.UTF_8).length;
        received.add(letter);
        if (size > LIMIT) {
            return CompletableFuture.completedFuture(Reply.of("heavy"));
        }
        Answer answer = answers.getOrDefault(letter.device(), new Answer.Accept());
        if (answer instanceof Answer.Hang) {
            return hang();
        }
        if (answer instanceof Answer.Drop) {
            return CompletableFuture.failedFuture(new IOException("the pigeon did not return"));
        }
        return CompletableFuture.completedFuture(reply(answer));
    }

    private static Reply reply(Answer answer) {
        if (answer instanceof Answer.TemporaryFailure failure) {
            return new Reply("storm", failure.retryAfter(), Optional.empty());
        }
        if (answer instanceof Answer.Gone gone) {
            return new Reply("deserted", Optional.empty(), gone.since());
        }
        if (answer instanceof Answer.MessageRefused) {
            return Reply.of("illegible");
        }
        if (answer instanceof Answer.DeviceRefused) {
            return Reply.of("hawks");
        }
        if (answer instanceof Answer.CredentialsRefused) {
            return Reply.of("who are you");
        }
        return Reply.of("thanks");
    }

    private synchronized CompletableFuture<Reply> hang() {
        if (released) {
            return CompletableFuture.completedFuture(Reply.of("thanks"));
        }
        CompletableFuture<Reply> reply = new CompletableFuture<>();
        hanging.add(reply);
        return reply;
    }

    @Override
    public void release() {
        List<CompletableFuture<Reply>> landing;
        synchronized (this) {
            released = true;
            landing = List.copyOf(hanging);
        }
        landing.forEach(reply -> reply.complete(Reply.of("thanks")));
    }

    @Override
    public synchronized void close() {
        closed = true;
    }
}
