package dev.nippush.tests.simulation;

import dev.nippush.NipPush;
import dev.nippush.account.Account;
import dev.nippush.account.Inboxes;
import dev.nippush.address.Channel;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.EventId;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Ending;
import dev.nippush.store.Lease;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushKey;
import dev.nippush.store.PushStore;
import dev.nippush.testkit.VirtualExecutor;
import dev.nippush.testkit.VirtualTime;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One world, made by a seed: who lives in it, what they do, and what goes wrong. */
final class World implements Relays.Door, Disk.Watcher {

    private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
    /** No change is longer on its way to the disk, tried again as it may be. */
    private static final long LONGEST_ON_ITS_WAY_MILLIS = 120_000;

    private static final Set<String> TAKEN_OR_DUPLICATE = Set.of("taken", "duplicate");
    /** What a process may still say that has lost its store, besides refusals. */
    private static final Set<String> SAYS_NOTHING = Set.of("closed", "unwanted", "duplicate", "busy");
    /** Events that came to a relay later than this after their date may lie before what is asked for. */
    private static final long PUNCTUAL_SECONDS = 300;

    private final long seed;
    private final Keys keys;
    private final Random random;
    private final VirtualTime time;
    private final Chronicle chronicle;

    private final Disk disk = new Disk();
    private final SlowStore.Trouble trouble = new SlowStore.Trouble();
    private final Provider.Mood apple = new Provider.Mood();
    private final Provider.Mood other = new Provider.Mood();
    private final Relays relays;
    private final Model model;
    private final People people;
    private final List<RelayUrl> home;

    private final Set<NostrEvent> forgeries = new HashSet<>();
    private final Map<Reading, Map<EventId, Long>> readings = new HashMap<>();
    private @Nullable Process current;
    /** Lives on, though the current one has its partitions. */
    private @Nullable Process former;

    private boolean formerIsSilent;
    /** How far the clocks of all others are from where they would be if nobody had set them. */
    private Duration trueOffset = Duration.ZERO;
    /** The worst that the wall clock was ever wrong. */
    private Duration worstClock = Duration.ZERO;

    private Instant latest = START;
    private At beforeClockWasSet = new At(0, START.toEpochMilli());
    private int sends;

    /** That a relay was read so far. */
    private record Reading(RelayUrl relay, Instant upTo) {}

    /** The keys of a world; made once for many, because they cost a multiplication on the curve each. */
    record Keys(KeyPair server, List<KeyPair> users, List<KeyPair> senders) {

        static Keys make() {
            List<KeyPair> made = new ArrayList<>();
            for (int i = 1; i <= 10; i++) {
                made.add(KeyPair.ofHex(String.format("%02x", 17 * i).repeat(32)));
            }
            return new Keys(made.get(0), made.subList(1, 5), made.subList(5, 10));
        }

        Keys with(long seed) {
            FakeCurve curve = new FakeCurve();
            return new Keys(
                    server.with(curve),
                    users.stream()
                            .map(key -> key.with(curve).with(new SeededSecureRandom(seed)))
                            .toList(),
                    senders.stream()
                            .map(key -> key.with(curve).with(new SeededSecureRandom(seed)))
                            .toList());
        }
    }

    private World(long seed, Keys keys, boolean written) {
        this.seed = seed;
        this.keys = keys.with(seed);
        this.random = new Random(seed * 0x9E3779B97F4A7C15L + 1);
        VirtualExecutor executor =
                random.nextBoolean() ? new VirtualExecutor() : new VirtualExecutor(new Random(seed + 77));
        this.time = new VirtualTime(START, executor);
        this.chronicle = new Chronicle(time, written);
        this.home = random.nextInt(5) == 0
                ? List.of()
                : List.of(RelayUrl.of("wss://home.example"), RelayUrl.of("wss://second.example"));
        this.relays = new Relays(
                time,
                random,
                // More than ever come in one second, because nobody can ask for the rest of one.
                isStormy() ? 300 + random.nextInt(300) : 60 + random.nextInt(100),
                home,
                List.of(
                        RelayUrl.of("wss://blue.example"),
                        RelayUrl.of("wss://green.example"),
                        RelayUrl.of("wss://red.example"),
                        RelayUrl.of("wss://gold.example")));
        this.model = new Model(home, disk);
        this.people = new People(this, this.keys, random, time, chronicle, relays);
        trouble.groups = random.nextBoolean();
        apple.heal();
        other.heal();
    }

    /** At a whole millisecond. */
    static void later(VirtualTime time, int millis, Runnable task) {
        long now = time.nanoTime();
        long begun = Math.floorMod(now, 1_000_000L);
        long toNext = begun == 0 ? 0 : 1_000_000L - begun;
        time.schedule(Duration.ofNanos(toNext + 1_000_000L * millis), task);
    }

    private void later(int millis, Runnable task) {
        later(time, millis, task);
    }

    private boolean isStormy() {
        return seed % 10 == 0;
    }

    private boolean hasBadClock() {
        return seed % 3 == 0;
    }

    boolean isHomeless() {
        return home.isEmpty();
    }

    // ---- the course of events

    /** What came of it. */
    record Report(String trace, int sends, int decided, int tainted) {}

    /** Lets the world of a seed happen. When it fails it happens once more, and somebody writes it down. */
    static Report run(long seed, Keys keys) {
        try {
            return new World(seed, keys, false).run();
        } catch (SimulationFailure failure) {
            new World(seed, keys, true).run();
            throw new AssertionError("seed " + seed + " fails only sometimes", failure);
        }
    }

    /** The same, and says what happened. */
    static Report tell(long seed, Keys keys) {
        return new World(seed, keys, true).run();
    }

    private Report run() {
        Logs.takeErrors();
        try {
            start();
            int steps = 50 + random.nextInt(60);
            for (int i = 0; i < steps; i++) {
                act();
                time.runAll();
                check();
                time.advance(Duration.ofMillis(pause()));
                check();
            }
            end();
        } catch (RuntimeException | Error e) {
            if (!(e instanceof SimulationFailure)) {
                chronicle.wrong("thrown: " + e);
                throw new SimulationFailure(seed, chronicle.failures(), chronicle.trace(), e);
            }
            throw e;
        }
        return new Report(chronicle.trace(), sends, model.decided(), model.tainted());
    }

    private int pause() {
        int roll = random.nextInt(100);
        if (roll < 50) {
            return 1 + random.nextInt(2_000);
        }
        if (roll < 80) {
            return 2_000 + random.nextInt(38_000);
        }
        return roll < 96 ? 40_000 + random.nextInt(120_000) : 160_000 + random.nextInt(540_000);
    }

    private void act() {
        People.Client client = people.someone();
        int roll = random.nextInt(220);
        if (isStormy() && random.nextInt(25) == 0) {
            storm(client);
        } else if (hasBadClock() && random.nextInt(12) == 0) {
            setClock();
        } else if (roll < 70) {
            people.publishSomething(client);
        } else if (roll < 95) {
            people.comeOrGo(client);
        } else if (roll < 103) {
            chronicle.note(() -> client.name + " dies without a word");
            people.falls(client);
        } else if (roll < 118) {
            people.settings(client);
        } else if (roll < 124) {
            people.resendSettings(client);
        } else if (roll < 129) {
            people.logout(client);
        } else if (roll < 134) {
            people.takeover(client);
        } else if (roll < 141) {
            forge();
        } else if (roll < 148) {
            int relay = random.nextInt(relays.count());
            boolean up = random.nextBoolean();
            chronicle.note(() -> relays.url(relay) + (up ? " comes up" : " goes down"));
            relays.set(relay, up);
        } else if (roll < 153) {
            int relay = random.nextInt(relays.count());
            chronicle.note(() -> relays.url(relay) + " is interrupted");
            relays.interrupt(relay);
        } else if (roll < 164) {
            changeMood(random.nextBoolean() ? apple : other);
        } else if (roll < 174) {
            changeDisk();
        } else if (roll < 181) {
            crash();
        } else if (roll < 183) {
            stop();
        } else if (roll < 190) {
            people.repeatSomething();
        } else if (roll < 194) {
            people.repeatControl();
        } else if (roll < 196) {
            people.burst(client, 40);
        } else if (roll < 200) {
            people.comeTogether(client);
        } else if (roll < 206) {
            people.list(client);
        } else if (roll < 212) {
            relays.tellRead();
        } else if (roll < 215) {
            handOver();
        } else {
            relays.interrupt(random.nextInt(relays.count()));
        }
    }

    /** More than a device may have waiting, while no provider takes anything, and then a crash. */
    private void storm(People.Client client) {
        people.registersAndGoes(client);
        time.advance(Duration.ofSeconds(2));
        apple.heal();
        apple.later = 1;
        other.heal();
        other.later = 1;
        trouble.maxDelayMillis = 500;
        people.burst(client, 220);
        time.advance(Duration.ofMillis(500 + random.nextInt(3_500)));
        crash();
    }

    private void forge() {
        NostrEvent forged = people.forgery();
        if (forged != null) {
            forgeries.add(forged);
            chronicle.note(() -> chronicle.name(forged.id()) + " is forged");
            Source source = home.isEmpty() ? Source.host() : Source.homeRelay(home.get(0));
            later(random.nextInt(100), () -> offer(forged, source));
        }
    }

    private void changeDisk() {
        trouble.maxDelayMillis = new int[] {0, 20, 500, 8_000}[random.nextInt(4)];
        trouble.maxAnswerDelayMillis = new int[] {0, 0, 5, 3_000}[random.nextInt(4)];
        trouble.failureRate = random.nextInt(3) == 0 ? 0.3 : 0;
        chronicle.note(() -> "the disk takes up to " + trouble.maxDelayMillis + " ms, answers within "
                + trouble.maxAnswerDelayMillis + " ms, fails " + trouble.failureRate);
    }

    private void changeMood(Provider.Mood mood) {
        mood.heal();
        mood.maxDelayMillis = random.nextInt(4) == 0 ? 20_000 : 300;
        switch (random.nextInt(8)) {
            case 0 -> mood.later = 0.6;
            case 1 -> mood.silent = 0.5;
            case 2 -> mood.gone = 0.2;
            case 3 -> mood.refusesDevice = 0.2;
            case 4, 5 -> mood.refusesCredentials = true;
            case 6 -> mood.later = 1;
            default -> mood.refusesMessage = 0.3;
        }
        chronicle.note(() -> (mood == apple ? "apple" : "other") + " changes: later " + mood.later + ", silent "
                + mood.silent + ", gone " + mood.gone + ", refuses devices " + mood.refusesDevice + ", messages "
                + mood.refusesMessage + ", credentials " + mood.refusesCredentials);
    }

    // ---- the clocks

    /** What the clocks of clients and senders show. */
    Instant trueTime() {
        return START.plusNanos(time.nanoTime()).plus(trueOffset);
    }

    /** The server's wall clock is set; everybody else's goes with it, or shows that it was wrong, or right. */
    private void setClock() {
        Duration by = switch (random.nextInt(8)) {
            case 0, 1, 2 -> Duration.ofMillis(random.nextInt(480_000) - 240_000);
            case 3, 4 -> Duration.ofMillis(random.nextInt(3 * 3_600_000) - 3 * 1_800_000);
            case 5 -> Duration.ofMillis(random.nextInt(24 * 3_600_000) - 24 * 1_800_000);
            default -> Duration.between(time.now(), trueTime());
        };
        // The order of days must stay: what is remembered for three days is not to be forgotten by a clock.
        Duration wrong =
                Duration.between(START.plusNanos(time.nanoTime()), time.now()).plus(by);
        if (by.isZero() || wrong.abs().compareTo(Duration.ofHours(20)) > 0) {
            return;
        }
        beforeClockWasSet = now();
        model.advanceTo(beforeClockWasSet);
        time.setWallClock(time.now().plus(by));
        if (random.nextInt(3) == 0) {
            trueOffset = trueOffset.plus(Duration.between(trueTime(), time.now()));
            worstClock = Duration.ofDays(1);
        }
        Duration off = Duration.between(trueTime(), time.now()).abs();
        worstClock = off.compareTo(worstClock) > 0 ? off : worstClock;
        chronicle.note(() -> "the clock is set by " + by + ", and is wrong by " + off);
        model.advanceTo(now());
    }

    /** What lands now may have been decided on before the clock was set: the latest wall clock since then. */
    private long latestWhenDecided() {
        At now = now();
        long since = now.mono() - beforeClockWasSet.mono();
        return since < LONGEST_ON_ITS_WAY_MILLIS ? Math.max(now.wall(), beforeClockWasSet.wall() + since) : now.wall();
    }

    private At now() {
        Instant wall = time.now();
        latest = wall.isAfter(latest) ? wall : latest;
        return new At(time.nanoTime() / 1_000_000, wall.toEpochMilli());
    }

    // ---- the process

    private void start() {
        Life life = new Life(time);
        SlowStore store = new SlowStore(disk, life, random, trouble, this);
        RetryPolicy retries = new RetryPolicy(Duration.ofSeconds(1), Duration.ofMinutes(2), Duration.ofHours(24));
        Watching watching = new Watching();
        NipPush engine = NipPush.builder(keys.server())
                .secp256k1(new FakeCurve())
                .time(life)
                .executor(life)
                .random(random)
                .store(store)
                .retryPolicy(retries)
                .homeRelays(home)
                .relays(relays.gateway(this))
                .transport(new Provider(
                        "apple", device -> device.channel().equals(Channel.APNS), life, random, apple, watching))
                .transport(new Provider("other", device -> true, life, random, other, watching))
                .build();
        Process begun = new Process(engine, life, store);
        watching.process = begun;
        current = begun;
        chronicle.note(() -> "the process starts");
        model.started(now());
        CompletionStage<Void> started = engine.start();
        begun.doorOpen = true;
        time.executor().runAll();
        if (!started.toCompletableFuture().isDone()) {
            fail("the engine does not start");
        }
    }

    private void crash() {
        chronicle.note(() -> "the process is killed");
        kill();
        time.advance(Duration.ofMillis(random.nextInt(3) == 0 ? 0 : random.nextInt(60_000)));
        if (random.nextInt(6) == 0) {
            time.advance(Duration.ofMinutes(random.nextInt(60)));
        }
        start();
    }

    private void kill() {
        Process killed = current;
        model.advanceTo(now());
        killed.store.cut();
        killed.life.kill();
        leave(killed);
        current = null;
    }

    /** What the process had not written is lost. */
    private void leave(Process process) {
        process.doorOpen = false;
        relays.leave();
        readings.clear();
        if (!disk.foldedIntoNothing.isEmpty()) {
            fail("pushes are left that are folded into nothing: " + disk.foldedIntoNothing.keySet());
        }
        model.crashed(now()).forEach(this::fail);
    }

    private void stop() {
        chronicle.note(() -> "the process is stopped");
        current.doorOpen = false;
        CompletionStage<Void> stopped = current.engine.stop();
        time.advance(Duration.ofSeconds(9));
        if (!stopped.toCompletableFuture().isDone()) {
            fail("the engine does not stop");
        }
        kill();
        start();
    }

    /** Another process takes over, and the one before does not know it yet. */
    private void handOver() {
        if (former != null) {
            former.life.kill();
        }
        chronicle.note(() -> "another process takes over");
        Process old = current;
        model.advanceTo(now());
        leave(old);
        former = old;
        formerIsSilent = false;
        old.inFlight = disk.owed.keySet().stream()
                .filter(push -> !disk.settled.containsKey(push))
                .collect(Collectors.toSet());
        start();
        for (int i = 0; i < 1 + random.nextInt(4); i++) {
            later(random.nextInt(10_000), () -> tryFormer(old));
        }
        later(120_000, () -> endFormer(old));
        if (random.nextInt(3) == 0) {
            later(random.nextInt(20_000), () -> {
                if (former == old) {
                    old.engine.stop();
                }
            });
        }
    }

    private void tryFormer(Process old) {
        if (former != old) {
            return;
        }
        NostrEvent event = people.somethingOfLate();
        old.begins("late");
        old.engine.accept(event, Source.host()).whenComplete((outcome, failure) -> {
            old.ends("late");
            String answer = failure != null ? "failure " + failure : word(outcome);
            chronicle.note(() -> chronicle.name(event.id()) + " comes to the former process: " + answer);
            // What a heartbeat changes is not written, and what is on disk already is not written again.
            boolean kept = answer.equals("applied") && (people.isHeartbeat(event) || isOnDisk(event));
            if (failure != null || answer.equals("taken") || answer.equals("applied") && !kept) {
                fail(chronicle.name(event.id()) + " was answered " + answer + " by a process that has no store");
            }
        });
        time.executor().runAll();
    }

    /** Whether a control message, or a younger one, was applied by a process whose changes landed. */
    private boolean isOnDisk(NostrEvent control) {
        Account account = disk.accounts.get(control.pubkey());
        return account != null && account.marks().newest() >= control.createdAt();
    }

    private void endFormer(Process old) {
        if (former != old) {
            return;
        }
        if (old.open() > 0) {
            fail(old.open() + " events of the former process have no outcome");
        }
        old.life.kill();
        former = null;
    }

    private void end() {
        chronicle.note(() -> "everything works again, and the clients fall silent");
        apple.heal();
        other.heal();
        trouble.heal();
        if (latest.isAfter(time.now())) {
            // What was put off by a clock that was ahead is due then.
            model.advanceTo(now());
            time.setWallClock(latest);
            model.advanceTo(now());
        }
        people.allFallSilent();
        relays.healAll();
        for (int i = 0; i < 16; i++) {
            time.advance(Duration.ofMillis(150_001));
            check();
        }
        // After a restart a retry is as far away as the wall clock says, and that was set.
        for (int i = 0;
                i < 40
                        && worstClock.toMinutes() > 2
                        && !Comparison.unfinished(model).isEmpty();
                i++) {
            time.advance(Duration.ofMinutes(30));
            check();
        }
        if (current.open() > 0) {
            fail(current.open() + " events have no outcome");
        }
        Comparison.unfinished(model).forEach(this::fail);
        checkForGaps();
        CompletionStage<Void> stopped = current.engine.stop();
        time.runAll();
        if (!stopped.toCompletableFuture().isDone()) {
            fail("the engine, at rest, does not stop at once");
        }
        current.life.kill();
        for (int i = 0; i < Partition.COUNT; i++) {
            Lease lease = disk.rows
                    .acquire(new Partition(Partition.Kind.DEVICES, i))
                    .toCompletableFuture()
                    .join();
            for (OwedPush push : disk.rows
                    .due(lease, Instant.MAX, PushStore.Except.NOTHING, 1_000)
                    .toCompletableFuture()
                    .join()) {
                fail("still owed: " + push.key());
            }
        }
        if (!disk.held.isEmpty()) {
            fail("still held: " + disk.held.size());
        }
        throwFailures();
    }

    /** What came to a relay in time, and is wanted of it, was brought from there: live, or after the next connect. */
    private void checkForGaps() {
        if (worstClock.compareTo(Duration.ofSeconds(PUNCTUAL_SECONDS)) > 0) {
            return;
        }
        for (int i = 0; i < relays.count(); i++) {
            for (Relays.Stored stored : relays.stored(i)) {
                NostrEvent event = stored.event();
                long late = START.plusMillis(stored.at()).getEpochSecond() - event.createdAt();
                long backdated = event.kind() == Kind.GIFT_WRAP ? 2 * 86_400 : 0;
                if (event.kind() == Kind.PUSH_CONTROL
                        || Inboxes.isList(event)
                        || late > PUNCTUAL_SECONDS + backdated
                        || late < -PUNCTUAL_SECONDS
                        || forgeries.contains(event)) {
                    continue;
                }
                String relay = relays.url(i).toString();
                model.missing(event, relays.source(i).asStored(), stored.at(), now())
                        .forEach(who -> fail(event.id() + " lies at " + relay + " and never came, for " + who));
            }
        }
    }

    private void check() {
        if (current.doorOpen && current.store.isIdle() && time.executor().waiting() == 0) {
            model.advanceTo(now());
            model.compare().forEach(this::fail);
        }
        if (former != null && former.store.hasLostLease() && time.executor().waiting() == 0) {
            formerIsSilent = true;
        }
        Logs.takeErrors().forEach(line -> fail("logged: " + line));
        throwFailures();
    }

    private void throwFailures() {
        if (!chronicle.failures().isEmpty()) {
            throw new SimulationFailure(seed, chronicle.failures(), chronicle.trace(), null);
        }
    }

    private void fail(String what) {
        chronicle.wrong(what);
    }

    // ---- the door

    @Override
    public boolean isOpen() {
        return current != null && current.doorOpen;
    }

    /** Somebody hands an event over, again and again until it is taken. */
    void offer(NostrEvent event, Source source) {
        if (!event(event, source, () -> {})) {
            later(250, () -> offer(event, source));
        }
    }

    @Override
    public boolean event(NostrEvent event, Source source, Runnable done) {
        Process process = current;
        if (!isOpen()) {
            return true;
        }
        boolean control = event.kind() == Kind.PUSH_CONTROL;
        boolean forged = forgeries.contains(event);
        if (control && model.meetsForgettableMark(event.pubkey(), event.createdAt())) {
            done.run();
            return true;
        }
        if ((control || Inboxes.isList(event)) && model.mustWait() || !process.hasRoom(source.key())) {
            return false;
        }
        model.advanceTo(now());
        Model.Expectation expected = control
                ? model.control(event, people.meaning(event), source, forged, now())
                : model.event(event, source, forged, now());
        process.begins(source.key());
        CompletionStage<Outcome> stage = random.nextBoolean()
                ? process.engine.accept(event, source)
                : process.engine.accept(event.toJson(), source);
        stage.whenComplete((outcome, failure) -> {
            if (process.life.isOver()) {
                return;
            }
            process.ends(source.key());
            done.run();
            String answer = failure != null ? "failure " + failure : word(outcome);
            chronicle.note(() -> chronicle.name(event.id()) + (forged ? " (forged)" : "") + " from " + source + ": "
                    + answer + (process == current ? "" : ", by the former process"));
            if (process == current) {
                model.answered(expected);
                checkAnswer(event, source, answer, expected);
            } else if (!expected.answers.contains(answer) && !SAYS_NOTHING.contains(answer)) {
                fail(event.id() + " was answered " + answer + " by a process that has no store");
            } else if (TAKEN_OR_DUPLICATE.contains(answer) && model.isMissingOnDisk(expected)) {
                fail(event.id() + " was answered " + answer + ", and what was decided is not on disk");
            }
        });
        time.executor().runAll();
        return true;
    }

    private void checkAnswer(NostrEvent event, Source source, String answer, Model.Expectation expected) {
        // Who tries again cannot tell what was decided before from what the first try decided.
        boolean unsure = current.store.hasFailed()
                && TAKEN_OR_DUPLICATE.contains(answer)
                && expected.answers.stream().anyMatch(TAKEN_OR_DUPLICATE::contains);
        if (!expected.answers.contains(answer) && !unsure) {
            fail(event.id() + " from " + source + " was answered " + answer + " instead of " + expected.answers);
        }
    }

    private static String word(Outcome outcome) {
        if (outcome instanceof Outcome.Refused refused) {
            return refused.code().code();
        }
        return outcome.getClass().getSimpleName().toLowerCase();
    }

    @Override
    public boolean caughtUp(RelayUrl relay, PublicKey account) {
        if (model.eoseMustWait(account)) {
            return false;
        }
        model.advanceTo(now());
        chronicle.note(() -> relay + " has sent all that it had stored for " + chronicle.name(account));
        model.caughtUp(account, relay);
        return true;
    }

    @Override
    public void hearing(boolean hearing) {
        model.advanceTo(now());
        chronicle.note(() -> hearing ? "the server hears" : "the server is deaf");
        model.hearing(hearing, now());
    }

    @Override
    public void reads(RelayUrl relay, Instant upTo, Map<EventId, Long> covered) {
        chronicle.note(() -> relay + " was read up to " + upTo);
        readings.put(new Reading(relay, upTo), covered);
    }

    // ---- the providers

    /** Watches what one process sends. */
    private final class Watching implements Provider.Referee {

        private Process process;

        private @Nullable PushKey key(PushMessage message) {
            return disk.byCollapseKey.get(message.collapseKey());
        }

        private String name(PushMessage message) {
            PushKey push = key(message);
            return push == null ? "?" : chronicle.name(push);
        }

        @Override
        public void asked(PushMessage message) {
            sends++;
            PushKey push = key(message);
            if (push == null || !push.device().equals(message.address())) {
                fail("a push went out whose claim is not on disk");
                return;
            }
            model.advanceTo(now());
            chronicle.note(() -> name(message) + " is sent" + (process == current ? "" : " by the former process"));
            if (!message.expiresAt().isAfter(time.now())) {
                fail(chronicle.name(push) + " is sent after its lifetime");
            }
            if (process.accepted.contains(push)) {
                fail(chronicle.name(push) + " is sent again after it was accepted");
            }
            if (process != current) {
                if (formerIsSilent) {
                    fail(chronicle.name(push) + " is sent by a process that knows that it has no store");
                } else if (!process.inFlight.contains(push)) {
                    fail(chronicle.name(push) + " is sent by a process that cannot have claimed it");
                }
                return;
            }
            if (disk.settled.containsKey(push)) {
                fail(chronicle.name(push) + " is sent, but ended before as " + disk.settled.get(push));
            }
            String objection = model.endings.asked(push);
            if (objection != null) {
                fail(chronicle.name(push) + " is sent, but " + objection);
            }
        }

        @Override
        public void delivered(PushMessage message) {
            chronicle.note(() -> name(message) + " is shown");
        }

        @Override
        public PushResult answers(PushMessage message, PushResult result, Instant askedAt) {
            PushKey push = key(message);
            if (push == null) {
                return result;
            }
            model.advanceTo(now());
            PushResult answer = process == current ? judged(push, result, askedAt) : PushResult.accepted();
            if (answer instanceof PushResult.Accepted) {
                model.endings.accepted(push);
                process.accepted.add(push);
            }
            chronicle.note(() -> name(message) + " is answered " + answer);
            return answer;
        }

        private PushResult judged(PushKey push, PushResult result, Instant askedAt) {
            if (result instanceof PushResult.Rejected refused && refused.fault() != Fault.CREDENTIALS) {
                if (!model.endings.isLive(push)) {
                    return PushResult.retryLater("as the seed says");
                }
                if (refused.fault() == Fault.DEVICE) {
                    model.endings.deviceRejected(push, askedAt.toEpochMilli());
                } else {
                    model.endings.messageRejected(push);
                }
            } else if (result instanceof PushResult.DeviceGone gone) {
                if (!model.endings.isLive(push)) {
                    return PushResult.retryLater("as the seed says");
                }
                model.endings.deviceGone(push, gone.since().orElse(askedAt).toEpochMilli(), now());
            }
            return result;
        }

        @Override
        public void noAnswer(PushMessage message) {
            chronicle.note(() -> name(message) + " gets no answer");
        }
    }

    // ---- the disk

    @Override
    public void settled(OwedPush push, Ending ending) {
        chronicle.note(() -> chronicle.name(push.key()) + " ends as " + ending);
        model.advanceTo(now());
        String objection = model.endings.objectionTo(push, ending, latestWhenDecided());
        if (objection != null) {
            fail(chronicle.name(push.key()) + ": " + objection);
        }
    }

    @Override
    public void read(RelayUrl relay, Instant upTo) {
        Map<EventId, Long> covered = readings.get(new Reading(relay, upTo));
        if (covered == null) {
            fail(relay + " counts as read up to " + upTo + ", and nobody says so");
            return;
        }
        covered.forEach((event, handed) -> model.undecidedOnDisk(event, relay, handed)
                .forEach(who ->
                        fail(relay + " counts as read, but not on disk is what became of " + event + " for " + who)));
    }

    @Override
    public void wrong(String what) {
        fail(what);
    }
}
