package dev.nippush.testkit;

import com.google.gson.Gson;
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

    /** What a pigeon can carry, in bytes of {@link #weight}. */
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
    private final List<CompletableFuture<Reply>> stalling = new ArrayList<>();
    private boolean released;
    private boolean stalled;
    private boolean closed;

    PigeonLoft() {
        this(EnumSet.allOf(Ability.class));
    }

    PigeonLoft(Set<Ability> abilities) {
        this.abilities = abilities;
    }

    /** A letter is written as JSON, in UTF-8. */
    static int weight(String title, String body, Map<String, String> data) {
        return new Gson().toJson(List.of(title, body, data)).getBytes(StandardCharsets.UTF_8).length;
    }

    @Override
    public Set<Ability> abilities() {
        return abilities;
    }

    @Override
    public DeviceAddress device(int number) {
        return loft("tower/of/the/old mill-" + (1_000 + number));
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
            if (stalled) {
                CompletableFuture<Reply> reply = new CompletableFuture<>();
                stalling.add(reply);
                return reply;
            }
        }
        received.add(letter);
        if (weight(letter.title(), letter.body(), letter.data()) > LIMIT) {
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
        if (answer instanceof Answer.DeviceLimit limit) {
            return new Reply("no perch", limit.retryAfter(), Optional.empty());
        }
        if (answer instanceof Answer.SenderLimit limit) {
            return new Reply("tired", limit.retryAfter(), Optional.empty());
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
    public synchronized void stall() {
        stalled = true;
    }

    synchronized boolean stalled() {
        return stalled;
    }

    synchronized boolean closed() {
        return closed;
    }

    @Override
    public void close() {
        List<CompletableFuture<Reply>> lost;
        synchronized (this) {
            closed = true;
            lost = List.copyOf(stalling);
        }
        lost.forEach(reply -> reply.completeExceptionally(new IOException("the pigeon never took off")));
    }
}
