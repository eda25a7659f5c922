package dev.nippush.testkit;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.DeviceAddress;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushTransport;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/**
 * A transport that sends nothing, remembers everything, and answers from a script. Without a script it accepts.
 *
 * <pre>{@code
 * RecordingTransport transport = new RecordingTransport();
 * transport.script().answer(PushResult.retryAfter(Duration.ofSeconds(30), "busy")).thenAccept();
 * }</pre>
 *
 * The steps of a script are used one by one, and after the last one messages are accepted. A device that has a
 * {@linkplain #scriptFor script of its own} uses that one as long as it has steps. Stages are complete when {@link #send}
 * returns, those that hang excepted. Safe for use by any number of threads.
 */
public final class RecordingTransport implements PushTransport {

    private final Predicate<DeviceAddress> served;
    private final Script common = new Script();
    private final Map<DeviceAddress, Script> perDevice = new HashMap<>();
    private final List<PushMessage> sent = new ArrayList<>();
    private final List<CompletableFuture<PushResult>> hanging = new ArrayList<>();
    private boolean closed;

    /** Serves every address. */
    public RecordingTransport() {
        this(address -> true);
    }

    /** Serves the addresses that the predicate names. */
    public RecordingTransport(Predicate<DeviceAddress> served) {
        this.served = requireNonNull(served);
    }

    /** How messages to devices without a script of their own are answered. */
    public Script script() {
        return common;
    }

    /** How messages to this device are answered. */
    public synchronized Script scriptFor(DeviceAddress device) {
        return perDevice.computeIfAbsent(requireNonNull(device), any -> new Script());
    }

    /** All messages so far, in the order in which they were sent: a copy. */
    public synchronized List<PushMessage> sent() {
        return List.copyOf(sent);
    }

    /** The messages to one device so far, in the order in which they were sent: a copy. */
    public synchronized List<PushMessage> sentTo(DeviceAddress device) {
        return sent.stream().filter(message -> message.address().equals(device)).toList();
    }

    /** How many messages hang. */
    public synchronized int hanging() {
        return hanging.size();
    }

    /** Ends all messages that hang with this result, on the caller's thread. */
    public void release(PushResult result) {
        requireNonNull(result);
        List<CompletableFuture<PushResult>> released;
        synchronized (this) {
            released = List.copyOf(hanging);
            hanging.clear();
        }
        released.forEach(stage -> stage.complete(result));
    }

    /** Whether {@link #close()} was called. */
    public synchronized boolean closed() {
        return closed;
    }

    @Override
    public boolean serves(DeviceAddress address) {
        return served.test(address);
    }

    @Override
    public CompletionStage<PushResult> send(PushMessage message) {
        Step step;
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException("the transport is closed");
            }
            sent.add(requireNonNull(message));
            step = nextStep(message.address());
        }
        return step.play();
    }

    private Step nextStep(DeviceAddress device) {
        Script own = perDevice.get(device);
        Deque<Step> steps = own == null || own.steps.isEmpty() ? common.steps : own.steps;
        return steps.isEmpty() ? this::accept : steps.remove();
    }

    private CompletionStage<PushResult> accept() {
        return CompletableFuture.completedFuture(PushResult.accepted());
    }

    private CompletionStage<PushResult> hang() {
        CompletableFuture<PushResult> stage = new CompletableFuture<>();
        synchronized (this) {
            hanging.add(stage);
        }
        return stage;
    }

    /** Sends are answered no more; what hangs goes on hanging. */
    @Override
    public synchronized void close() {
        closed = true;
    }

    private interface Step {
        CompletionStage<PushResult> play();
    }

    /** Answers to come, in order. Each method adds one step, and returns the script. */
    public final class Script {

        private final Deque<Step> steps = new ArrayDeque<>();

        private Script() {}

        /** Answers one message with this result. */
        public Script answer(PushResult result) {
            requireNonNull(result);
            return add(() -> CompletableFuture.completedFuture(result));
        }

        /** Accepts one message. */
        public Script thenAccept() {
            return add(RecordingTransport.this::accept);
        }

        /** Answers one message with a stage that has failed: no answer came. */
        public Script silence() {
            return add(() -> CompletableFuture.failedFuture(new IOException("no answer, as the script says")));
        }

        /** Leaves the stage of one message open, until {@link RecordingTransport#release}. */
        public Script hang() {
            return add(RecordingTransport.this::hang);
        }

        /** Throws from {@link RecordingTransport#send} for one message. */
        public Script throwing() {
            return add(() -> {
                throw new IllegalStateException("thrown, as the script says");
            });
        }

        private Script add(Step step) {
            synchronized (RecordingTransport.this) {
                steps.add(step);
            }
            return this;
        }
    }
}
