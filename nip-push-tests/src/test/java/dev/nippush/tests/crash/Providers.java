package dev.nippush.tests.crash;

import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeUnifiedPushServer;
import dev.nippush.testkit.Gateway.Answer;
import dev.nippush.testkit.Gateway.Received;
import dev.nippush.tests.crash.Facts.Attempt;
import dev.nippush.tests.crash.Facts.Cut;
import dev.nippush.tests.crash.Facts.Verdict;
import dev.nippush.transport.Notification;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Three gateways that outlive the server, and fail by a script: a seed decides on each message. Out of a hundred most are
 * accepted; the others are refused for now, accepted late, cut off, called gone or never answered. Now and then a gateway
 * takes nothing for a second.
 */
final class Providers implements AutoCloseable {

    private static final String APPLE = "apns";
    private static final String GOOGLE = "fcm";
    private static final String UNIFIED = "unifiedpush";
    private static final Pattern FOLDED = Pattern.compile("([0-9,]+) new notifications");
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final int LONGEST_OUTAGE = 1_500;
    private static final int SLOWEST = 800;

    private final FakeApns apple = FakeApns.start();
    private final FakeFcm google = FakeFcm.startWithoutTls();
    private final FakeUnifiedPushServer unified = FakeUnifiedPushServer.start();

    private final Random random;
    private final boolean silences;
    private final ScheduledExecutorService timers;
    private final Trigger trigger;
    private final List<Cut> cuts = new CopyOnWriteArrayList<>();
    private final AtomicInteger open = new AtomicInteger();
    private final Outlet outlet;
    private final Map<String, Long> outages = new HashMap<>();
    private boolean healed;

    /** Hears of messages. Called on any thread. */
    interface Outlet {

        /** What the test calls a device. */
        String nameOf(Received received);

        void attempted(Attempt attempt);

        /** Something came that no phone could read. */
        void unreadable(Received received);
    }

    /**
     * Starts them.
     *
     * @param silences whether messages may be left without an answer: the server then waits until it is killed
     */
    Providers(long seed, boolean silences, ScheduledExecutorService timers, Trigger trigger, Outlet outlet) {
        this.random = new Random(seed);
        this.silences = silences;
        this.timers = timers;
        this.trigger = trigger;
        this.outlet = outlet;
        apple.answerWith(received -> judge(APPLE, received));
        google.answerWith(received -> judge(GOOGLE, received));
        unified.answerWith(received -> judge(UNIFIED, received));
    }

    FakeApns apple() {
        return apple;
    }

    FakeFcm google() {
        return google;
    }

    FakeUnifiedPushServer unified() {
        return unified;
    }

    List<Cut> cuts() {
        return cuts;
    }

    /** How many messages are still to be answered. */
    int open() {
        return open.get();
    }

    /** Accepts all from now on. */
    synchronized void heal() {
        healed = true;
    }

    /** A decision on a message. */
    private record Sentence(Verdict verdict, Answer answer, long delay) {

        static Sentence of(Verdict verdict, Answer answer) {
            return new Sentence(verdict, answer, 0);
        }

        static Sentence refused(Answer answer) {
            return of(Verdict.REFUSED, answer);
        }
    }

    private CompletionStage<Answer> judge(String gateway, Received received) {
        long at = System.currentTimeMillis();
        String device = outlet.nameOf(received);
        Sentence sentence = sentence(gateway, at);
        trigger.reached(Trigger.Moment.REQUEST);
        if (sentence.verdict == Verdict.SILENT) {
            note(gateway, device, received, at, sentence.verdict, at);
            return new CompletableFuture<>();
        }
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        Runnable answering = () -> {
            long answered = System.currentTimeMillis();
            if (sentence.verdict == Verdict.CUT && gateway.equals(APPLE)) {
                // Only here messages share a connection, and lose their answers together.
                cuts.add(new Cut(gateway, answered));
            }
            note(gateway, device, received, at, sentence.verdict, answered);
            answer.complete(sentence.answer);
            open.decrementAndGet();
            trigger.reached(Trigger.Moment.ANSWER);
        };
        open.incrementAndGet();
        if (sentence.delay > 0) {
            timers.schedule(answering, sentence.delay, TimeUnit.MILLISECONDS);
        } else {
            answering.run();
        }
        return answer;
    }

    private synchronized Sentence sentence(String gateway, long now) {
        if (healed) {
            return Sentence.of(Verdict.ACCEPTED, new Answer.Accept());
        }
        if (random.nextInt(300) == 0) {
            outages.put(gateway, now + random.nextInt(LONGEST_OUTAGE));
        }
        if (outages.getOrDefault(gateway, 0L) > now) {
            return Sentence.refused(new Answer.TemporaryFailure(Optional.empty()));
        }
        int dice = random.nextInt(1_000);
        if (dice < 35) {
            return Sentence.refused(new Answer.TemporaryFailure(Optional.empty()));
        } else if (dice < 45) {
            return Sentence.refused(new Answer.TemporaryFailure(Optional.of(SECOND)));
        } else if (dice < 55) {
            Optional<Duration> pause = Optional.of(SECOND);
            return Sentence.refused(
                    gateway.equals(GOOGLE) ? new Answer.SenderLimit(pause) : new Answer.DeviceLimit(pause));
        } else if (dice < 70) {
            return Sentence.of(Verdict.CUT, new Answer.Drop());
        } else if (dice < 95) {
            return new Sentence(Verdict.ACCEPTED, new Answer.Accept(), 1 + random.nextInt(SLOWEST));
        } else if (dice < 98) {
            return Sentence.of(Verdict.GONE, new Answer.Gone(Optional.empty()));
        } else if (dice < 101 && silences) {
            return Sentence.of(Verdict.SILENT, new Answer.Hang());
        }
        return Sentence.of(Verdict.ACCEPTED, new Answer.Accept());
    }

    private void note(String gateway, String device, Received received, long at, Verdict verdict, long answered) {
        String key = received.collapseKey().orElse("");
        String event = received.data().get(Notification.EVENT_ID);
        Matcher folded = FOLDED.matcher(received.title());
        if (event != null) {
            outlet.attempted(new Attempt(gateway, device, event, 1, key, at, verdict, answered));
        } else if (folded.matches()) {
            int count = Integer.parseInt(folded.group(1).replace(",", ""));
            outlet.attempted(new Attempt(gateway, device, "", count, key, at, verdict, answered));
        } else {
            outlet.unreadable(received);
        }
    }

    @Override
    public void close() {
        apple.close();
        google.close();
        unified.close();
    }
}
