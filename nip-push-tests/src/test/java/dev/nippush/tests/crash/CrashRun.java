package dev.nippush.tests.crash;

import dev.nippush.address.DeviceAddress;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.Gateway.Received;
import dev.nippush.testkit.TestRelay;
import dev.nippush.tests.crash.Facts.Attempt;
import dev.nippush.tests.crash.Facts.Published;
import dev.nippush.tests.crash.Facts.Run;
import dev.nippush.tests.crash.Facts.Verdict;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One long day: people come and go, friends write to them, providers fail, and the server is killed again and again. At
 * the end all heals, what is owed has to arrive, and the audit is made.
 *
 * <p>The relay, the gateways and the apps live in this process, and survive. Of the server only its files do. Friends write
 * less per device than what the server folds while it is up; what it folds after a longer death counts by its number.
 */
final class CrashRun implements AutoCloseable {

    private static final int PEOPLE = 28;
    private static final int EVENTS_PER_SECOND = 50;
    /** One in so many while the server is down: what comes then is folded beyond ten for a device, and less is told apart. */
    private static final int FEWER_WHILE_DOWN = 4;

    private static final long LIFE_EVERY = 25;
    private static final long LONGEST_START = 1_300;
    private static final long LONGEST_LIFE = 2_000;
    private static final long WORK_PATIENCE = 60_000;
    private static final long LONGEST_DEATH = 500;
    private static final long READY_PATIENCE = 60_000;
    private static final long REST_PATIENCE = 60_000;
    private static final long SERVE_PATIENCE = 120_000;

    /** Each start reads again what the relay has: so it has little of what was pushed, and more of what may not be. */
    private static final long RELAY_MEMORY = 20_000;

    private static final long RELAY_MEMORY_OF_OTHERS = 60_000;

    private final long seed;
    private final int kills;
    private final Path directory;
    private final Random random;
    private final HttpClient client = HttpClient.newHttpClient();
    private final ScheduledExecutorService timers = Executors.newScheduledThreadPool(4);
    private final ScheduledExecutorService friendsHand = Executors.newSingleThreadScheduledExecutor();
    private final Trigger trigger = new Trigger();
    private final TestRelay relay = TestRelay.start();
    private final Providers providers;
    private final List<Program> programs = new CopyOnWriteArrayList<>();
    private final List<Person> people = new ArrayList<>();
    private final List<KeyPair> friends = new ArrayList<>();
    private final Map<DeviceAddress, String> names = new ConcurrentHashMap<>();
    private final Map<String, Person> byDevice = new ConcurrentHashMap<>();
    private final Map<String, Long> publishedAt = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<String> broken = new ConcurrentLinkedQueue<>();
    private final List<Long> startTimes = new ArrayList<>();
    private final Random friendsDice;
    private int events;

    /**
     * A start takes a second or two where nothing else runs. On a machine that is too busy for that, everything is given as
     * long as the slowest start took.
     */
    private volatile long pace = 1_000;

    /** When a message last reached a gateway. */
    private volatile long lastAttempt;

    /** Whether the process that runs has pushed something. */
    private volatile boolean working;

    private volatile @Nullable Link link;
    private volatile @Nullable PublicKey server;

    /**
     * What happened.
     *
     * @param kills how often the server was killed
     * @param events that were published
     * @param audit what was found
     * @param startTimes from the start of a process until it was ready, in milliseconds, of those that got that far
     */
    record Report(int kills, int events, Audit.Result audit, List<Long> startTimes) {

        @Override
        public String toString() {
            List<Long> sorted = startTimes.stream().sorted().toList();
            return ("%d kills, %d events; %d owed: %d pushed, %d folded, %d excused; %d repeated as the answer may be lost"
                            + " (up to %d ms before a kill), %d of them without a key; %d under way at a logout; ready after"
                            + " %s ms")
                    .formatted(
                            kills,
                            events,
                            audit.owed(),
                            audit.pushed(),
                            audit.folded(),
                            audit.excused(),
                            audit.repeated(),
                            audit.longestUnnoted(),
                            audit.shownTwice(),
                            audit.late(),
                            sorted.isEmpty()
                                    ? "?"
                                    : sorted.get(0) + " to " + sorted.get(sorted.size() - 1) + ", half of them by "
                                            + sorted.get(sorted.size() / 2));
        }
    }

    CrashRun(long seed, int kills, Path directory) throws IOException {
        this.seed = seed;
        this.kills = kills;
        this.directory = directory;
        this.random = new Random(seed);
        this.friendsDice = new Random(random.nextLong());
        this.providers = new Providers(random.nextLong(), kills > 0, timers, trigger, new Heard());
        for (int i = 0; i < 5; i++) {
            friends.add(KeyPair.generate());
        }
        populate();
        configure();
    }

    // ---- who there is

    private void populate() {
        World world = new World();
        for (int i = 0; i < PEOPLE; i++) {
            List<DeviceAddress> devices = new ArrayList<>(List.of(device(i % 5, i)));
            List<Person.Account> accounts = new ArrayList<>(List.of(account()));
            if (i % 7 == 5) {
                devices.add(device((i + 3) % 5, 100 + i));
            } else if (i % 7 == 6) {
                accounts.add(account());
            }
            Person person = new Person(world, accounts, devices, i % 10 < 7, random.nextInt(5) < 3, random.nextLong());
            people.add(person);
            devices.forEach(device -> byDevice.put(world.nameOf(device), person));
        }
    }

    private DeviceAddress device(int sort, int number) {
        DeviceAddress device = switch (sort) {
            case 0 -> providers.apple().device(number);
            case 1 -> providers.google().device(number);
            case 2 -> providers.google().embeddedDevice(number);
            case 3 -> providers.unified().device(number);
            default -> providers.unified().webPushDevice(number);
        };
        String name =
                List.of("apple", "google", "embedded", "endpoint", "browser").get(sort);
        names.put(device, name + "-" + number);
        return device;
    }

    private static Person.Account account() {
        return new Person.Account(
                KeyPair.generate(),
                KeyPair.generate().publicKey().hex(),
                "group-" + KeyPair.generate().publicKey().hex().substring(0, 12));
    }

    private final class World implements Person.World {

        @Override
        public PublicKey server() {
            PublicKey known = server;
            if (known == null) {
                throw new IllegalStateException("nobody was started yet");
            }
            return known;
        }

        @Override
        public Optional<Link> link() {
            return Optional.ofNullable(link).filter(Link::isOpen);
        }

        @Override
        public void publishControl(NostrEvent message) {
            relay.publish(message);
        }

        @Override
        public String nameOf(DeviceAddress device) {
            return names.getOrDefault(device, "unknown");
        }

        @Override
        public boolean isServed(Person person) {
            return audit(person).missing().isEmpty();
        }

        @Override
        public void reached(Trigger.Moment moment) {
            trigger.reached(moment);
        }

        @Override
        public void broken(String what) {
            broken.add(what);
        }
    }

    private final class Heard implements Providers.Outlet {

        @Override
        public String nameOf(Received received) {
            return names.getOrDefault(received.device(), "unknown");
        }

        @Override
        public void attempted(Attempt attempt) {
            Person person = byDevice.get(attempt.device());
            if (person == null) {
                broken.add("pushed to a device that nobody has: " + attempt);
                return;
            }
            person.notebook().attempted(attempt);
            lastAttempt = attempt.at();
            if (attempt.verdict() == Verdict.GONE) {
                person.deviceGone();
            }
        }

        @Override
        public void unreadable(Received received) {
            broken.add("neither names an event nor counts some: " + received);
        }
    }

    private void configure() throws IOException {
        providers.apple().writeSigningKey(directory.resolve("apns.p8"));
        providers.apple().certificates().writeAuthority(directory.resolve("apns.pem"));
        providers.google().writeServiceAccount(directory.resolve("fcm.json"));
        providers.unified().certificates().writeAuthority(directory.resolve("unifiedpush.pem"));
        // No client is a feeder: with one the server would never be deaf.
        Files.writeString(directory.resolve("nip-push.properties"), """
                data-dir=data
                listen=127.0.0.1:0
                listen.feeders=192.0.2.1
                relays.home=%s
                presence.heartbeat-timeout=1500ms
                delivery.retry-initial=50ms
                delivery.retry-max=500ms
                delivery.device-burst=10000
                delivery.device-interval=1ms
                apns.key-file=apns.p8
                apns.key-id=%s
                apns.team-id=%s
                apns.topics=%s
                apns.server=%s:%d
                apns.trusted-certificates=apns.pem
                apns.privacy=reference
                fcm.service-account-file=fcm.json
                fcm.endpoint=%s
                fcm.privacy=reference
                unifiedpush.allow=localhost
                unifiedpush.trusted-certificates=unifiedpush.pem
                unifiedpush.vapid-contact=mailto:push@example.com
                unifiedpush.privacy=reference
                """.formatted(
                        relay.url(),
                        FakeApns.KEY_ID,
                        FakeApns.TEAM_ID,
                        FakeApns.TOPIC,
                        providers.apple().host(),
                        providers.apple().port(),
                        providers.google().endpoint()));
    }

    // ---- what happens

    Report run() throws Exception {
        Program program = start();
        server = program.key().get(READY_PATIENCE, TimeUnit.MILLISECONDS);
        for (Person person : people) {
            timers.scheduleWithFixedDelay(guarded(() -> live(person)), 0, LIFE_EVERY, TimeUnit.MILLISECONDS);
        }
        long pause = 1_000_000_000L / EVENTS_PER_SECOND;
        ScheduledFuture<?> writing =
                friendsHand.scheduleAtFixedRate(guarded(this::writeToSomebody), pause, pause, TimeUnit.NANOSECONDS);

        for (int kill = 1; kill < kills; kill++) {
            dieSomehow(program);
            if (!broken.isEmpty()
                    || people.stream().anyMatch(each -> !audit(each).wrong().isEmpty())) {
                return report(kill, Audit.Result::wrong);
            }
            letTheRelayForget();
            LockSupport.parkNanos(
                    TimeUnit.MILLISECONDS.toNanos(random.nextBoolean() ? 0 : random.nextLong(LONGEST_DEATH)));
            if (kill == kills - 1) {
                providers.heal();
            }
            program = start();
        }
        awaitReady(program);
        awaitWork(program);
        if (kills < 2) {
            Program only = program;
            isTrueWithin(LONGEST_LIFE, () -> !only.isAlive());
            providers.heal();
        }
        people.forEach(Person::rest);
        await("everybody rests", REST_PATIENCE, () -> people.stream().allMatch(Person::isResting));
        writing.cancel(false);
        Program last = program;
        boolean served = isTrueWithin(SERVE_PATIENCE, () -> isServed(last));
        if (served && kills > 0) {
            // Whatever was not noted well comes again now.
            program.kill();
            end(program);
            program = start();
            awaitReady(program);
            people.forEach(person -> publish(person, person.restingAccount(), Kind.ENCRYPTED_DIRECT_MESSAGE));
            Program again = program;
            isTrueWithin(SERVE_PATIENCE, () -> isServed(again));
        }
        program.kill();
        end(program);
        return report(kills, Audit.Result::failures);
    }

    private void live(Person person) {
        person.live(System.currentTimeMillis());
    }

    /** A task that fails is to be heard of. */
    private Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException | AssertionError e) {
                broken.add("the test itself failed: " + e);
                throw e;
            }
        };
    }

    private Program start() throws IOException {
        Program program = Program.start(directory, client);
        programs.add(program);
        link = Link.connect(program.address(), client);
        return program;
    }

    private void end(Program program) {
        program.awaitEnd();
        working = false;
        Link former = link;
        if (former != null) {
            former.end();
        }
    }

    private void dieSomehow(Program program) {
        int dice = random.nextInt(10);
        if (dice < 2 && programs.size() > 1) {
            long age = random.nextLong(LONGEST_START);
            isTrueWithin(age, () -> !program.isAlive());
        } else {
            awaitReady(program);
            awaitWork(program);
            if (random.nextInt(6) == 0) {
                relay.dropConnections();
            }
            long life = random.nextLong(LONGEST_LIFE);
            if (dice < 6) {
                isTrueWithin(life, () -> !program.isAlive());
            } else {
                Trigger.Moment[] moments = Trigger.Moment.values();
                Trigger.Moment moment = moments[random.nextInt(moments.length)];
                long later = random.nextInt(3) == 0 ? random.nextInt(20) : 0;
                isTrueWithin(life, () -> !program.isAlive());
                trigger.set(moment, () -> killAfter(program, later));
                isTrueWithin(LONGEST_LIFE, () -> !program.isAlive());
            }
        }
        if (!program.isAlive() && program.run().killed() == Facts.NEVER) {
            broken.add("the server ended by itself: " + program.log());
        }
        program.kill();
        end(program);
    }

    private void killAfter(Program program, long milliseconds) {
        if (milliseconds == 0) {
            program.kill();
        } else {
            timers.schedule(program::kill, milliseconds, TimeUnit.MILLISECONDS);
        }
    }

    private void awaitReady(Program program) {
        await("the server is ready", READY_PATIENCE, program::isReady);
        long took = System.currentTimeMillis() - program.started();
        startTimes.add(took);
        pace = Math.max(pace, took);
    }

    /** However slow the machine is, most lives are long enough to leave something half done. */
    private void awaitWork(Program program) {
        long since = System.currentTimeMillis();
        await("something is pushed", WORK_PATIENCE, () -> lastAttempt > since || !program.isAlive());
        working = true;
    }

    private void writeToSomebody() {
        if (!working && friendsDice.nextInt(FEWER_WHILE_DOWN) > 0) {
            return;
        }
        Person person = people.get(friendsDice.nextInt(people.size()));
        List<Person.Account> accounts = person.accounts();
        int[] kinds = {
            Kind.ENCRYPTED_DIRECT_MESSAGE,
            Kind.GIFT_WRAP,
            Kind.GIFT_WRAP,
            Kind.TEXT_NOTE,
            Kind.REACTION,
            Kind.ZAP,
            Kind.CHANNEL_MESSAGE,
            Kind.GROUP_CHAT
        };
        publish(person, accounts.get(friendsDice.nextInt(accounts.size())), kinds[friendsDice.nextInt(kinds.length)]);
    }

    private synchronized void publish(Person person, Person.Account account, int kind) {
        long now = System.currentTimeMillis();
        long created = now / 1_000 - (kind == Kind.GIFT_WRAP ? friendsDice.nextInt(40 * 3_600) : 0);
        Tag tag = switch (kind) {
            case Kind.CHANNEL_MESSAGE -> Tag.of("e", account.channel());
            case Kind.GROUP_CHAT -> Tag.of("h", account.group());
            default -> Tag.of("p", account.name());
        };
        NostrEvent event = friends.get(friendsDice.nextInt(friends.size()))
                .sign(created, kind, List.of(tag), "number " + events++);
        String id = event.id().hex();
        long at = System.currentTimeMillis();
        publishedAt.put(id, at);
        boolean alone = relay.connections() == 0;
        // Before it is out: what it is pushed as has to be known.
        int number = person.notebook().published(new Published(id, account.name(), kind, created, at, false));
        relay.publish(event);
        if (alone && relay.connections() == 0) {
            person.notebook().unheard(number);
        }
        trigger.reached(Trigger.Moment.PUBLISHED);
    }

    /** Relays do not keep events for ever, and a server need not read them for ever. */
    private void letTheRelayForget() {
        long now = System.currentTimeMillis();
        Audit.Result sofar = people.stream().map(this::audit).reduce(Audit.Result.NOTHING, Audit.Result::plus);
        relay.forget(event -> {
            String id = event.id().hex();
            long memory = sofar.accepted().contains(id) ? RELAY_MEMORY : RELAY_MEMORY_OF_OTHERS;
            return publishedAt.getOrDefault(id, 0L) < now - memory
                    && !sofar.open().contains(id);
        });
    }

    // ---- what came of it

    private Audit.Result audit(Person person) {
        return Audit.of(facts(person));
    }

    private Facts facts(Person person) {
        List<Run> runs = programs.stream().map(Program::run).toList();
        return person.notebook().facts(runs, providers.cuts(), pace);
    }

    private boolean isServed(Program program) {
        if (!program.isAlive()) {
            broken.add("the server ended by itself: " + program.log());
            return true;
        }
        return providers.open() == 0
                && people.stream().allMatch(person -> audit(person).missing().isEmpty());
    }

    /**
     * Adds up what happened.
     *
     * @param what counts: what is lost is only known at the end
     */
    private Report report(int killed, Function<Audit.Result, List<String>> what) {
        programs.forEach(program -> program.errors().forEach(line -> broken.add("the server logged: " + line)));
        Audit.Result sum = Audit.Result.NOTHING;
        List<String> stories = new ArrayList<>();
        for (Person person : people) {
            Audit.Result result = audit(person);
            sum = sum.plus(result);
            if (!what.apply(result).isEmpty()) {
                stories.add(String.join("\n  ", what.apply(result)) + "\n" + story(person, result));
            }
        }
        Report report = new Report(killed, events, sum, startTimes);
        if (!stories.isEmpty() || !broken.isEmpty()) {
            throw new AssertionError("seed " + seed + " (-Dnip-push.seed=" + seed + " -Dnip-push.kills=" + kills + "): "
                    + report + "\n" + String.join("\n", broken) + "\n" + stories.size() + " of " + people.size()
                    + " people have to complain\n"
                    + String.join("\n\n", stories.subList(0, Math.min(3, stories.size()))));
        }
        return report;
    }

    /** What happened around the failures. */
    private String story(Person person, Audit.Result result) {
        Facts facts = facts(person);
        long base = programs.get(0).started();
        List<Map.Entry<Long, String>> lines = new ArrayList<>();
        facts.said()
                .forEach(said -> lines.add(Map.entry(
                        said.sent(),
                        said.deed() + " " + said.account().substring(0, 8) + " " + said.device() + ", sure "
                                + (said.sure() == Facts.NEVER ? "never" : "after " + (said.sure() - said.sent())))));
        facts.published()
                .forEach(event -> lines.add(Map.entry(
                        event.at(),
                        (result.missing().contains(event.event()) ? "MISSING " : "") + "published "
                                + event.event().substring(0, 8) + " for "
                                + event.account().substring(0, 8) + " kind " + event.kind())));
        facts.attempts()
                .forEach(attempt -> lines.add(Map.entry(
                        attempt.at(),
                        "attempt " + attempt.event() + " x" + attempt.count() + " at " + attempt.device() + " "
                                + attempt.verdict() + " after " + (attempt.answered() - attempt.at()))));
        facts.runs().forEach(run -> {
            lines.add(Map.entry(run.started(), "START"));
            if (run.killed() != Facts.NEVER) {
                lines.add(Map.entry(run.killed(), "KILL"));
            }
        });
        lines.sort(Comparator.comparingLong(Map.Entry::getKey));
        StringBuilder story = new StringBuilder();
        lines.forEach(line -> story.append("  ")
                .append(line.getKey() - base)
                .append(' ')
                .append(line.getValue())
                .append('\n'));
        return story.toString();
    }

    private void await(String what, long milliseconds, BooleanSupplier condition) {
        if (!isTrueWithin(milliseconds, condition)) {
            throw new AssertionError("seed " + seed + ": not within " + milliseconds + " ms: " + what + "\n"
                    + String.join("\n", broken) + "\n"
                    + String.join("\n", programs.get(programs.size() - 1).log()));
        }
    }

    /** Waits until something is true; returns false if it was not within this time. */
    private static boolean isTrueWithin(long milliseconds, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(milliseconds);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            LockSupport.parkNanos(2_000_000);
        }
        return true;
    }

    @Override
    public void close() {
        friendsHand.shutdownNow();
        timers.shutdownNow();
        for (Program program : programs) {
            program.kill();
            program.awaitEnd();
        }
        relay.close();
        providers.close();
    }
}
