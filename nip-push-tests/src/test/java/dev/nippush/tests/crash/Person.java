package dev.nippush.tests.crash;

import dev.nippush.address.DeviceAddress;
import dev.nippush.control.ControlWriter;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.tests.crash.Facts.Deed;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Someone with devices and accounts, whose apps register, come and go. One thing is said after the other, and again, newly
 * signed, until the server has it on disk: its endpoint says so. Many messages go to the relay first, and to the endpoint
 * only later, as a copy.
 *
 * <p>The careful wait with what may drop or cancel events until all that they are owed was pushed, so that no loss is
 * excused by what they do; the careless do not. Belongs to one thread at a time.
 */
final class Person {

    private static final long LONGEST_PAUSE = 2_500;
    private static final long LONGEST_WAY = 1_500;
    private static final long ANSWER_PATIENCE = 20_000;
    private static final long LIMIT_PAUSE = 2_000;
    private static final long SERVED_EVERY = 200;

    /** An account, with what its events are tagged with. */
    record Account(KeyPair keys, String channel, String group) {

        String name() {
            return keys.publicKey().hex();
        }
    }

    /** What a person needs of the world. */
    interface World {
        PublicKey server();

        /** The connection to the endpoint; empty while there is none. */
        Optional<Link> link();

        void publishControl(NostrEvent message);

        String nameOf(DeviceAddress device);

        /** Whether all that is owed to the person was pushed. */
        boolean isServed(Person person);

        void reached(Trigger.Moment moment);

        void broken(String what);
    }

    private record Intention(
            Deed deed, Account account, @Nullable DeviceAddress device) {}

    /** What is being said. */
    private final class Doing {
        final Intention intention;
        final int number;
        NostrEvent message;
        long confirmAt;
        long asked;

        @Nullable
        CompletableFuture<Link.Answer> answer;

        Doing(Intention intention, long now) {
            this.intention = intention;
            DeviceAddress device = intention.device();
            this.number = notebook.begin(
                    intention.account().name(), intention.deed(), device == null ? "" : world.nameOf(device));
            this.message = sign(intention, now);
        }
    }

    private final World world;
    private final List<Account> accounts;
    private final List<DeviceAddress> devices;
    private final boolean careful;
    private final boolean byRelay;
    private final Random random;
    private final Notebook notebook = new Notebook();
    private final Map<Account, Long> lastCreated = new HashMap<>();
    private final Deque<Intention> intentions = new ArrayDeque<>();
    private @Nullable Account registered;
    private volatile boolean deviceGone;
    private final Set<Account> maybeOnline = new HashSet<>();
    private @Nullable Doing doing;
    private long notBefore;
    private volatile boolean resting;
    private volatile boolean rested;

    /**
     * Makes one.
     *
     * @param careful whether nothing is done that excuses a loss
     * @param byRelay whether the relay hears messages before the endpoint does
     */
    Person(
            World world,
            List<Account> accounts,
            List<DeviceAddress> devices,
            boolean careful,
            boolean byRelay,
            long seed) {
        this.world = world;
        this.accounts = accounts;
        this.devices = devices;
        this.careful = careful;
        this.byRelay = byRelay;
        this.random = new Random(seed);
    }

    Notebook notebook() {
        return notebook;
    }

    List<Account> accounts() {
        return accounts;
    }

    List<DeviceAddress> devices() {
        return devices;
    }

    /** A gateway has called a device gone: its app will register it again. For any thread. */
    void deviceGone() {
        deviceGone = true;
    }

    /** Registers, and then does nothing more. For any thread. */
    void rest() {
        resting = true;
    }

    /** Whether it is registered, and does nothing more. For any thread. */
    boolean isResting() {
        return rested;
    }

    /** The account that is registered for good. Once it rests. */
    Account restingAccount() {
        Account last = registered;
        if (!rested || last == null) {
            throw new IllegalStateException("not resting");
        }
        return last;
    }

    /** Goes on with what is under way, or begins something. To be called often. */
    void live(long now) {
        Doing current = doing;
        if (current != null) {
            goOn(current, now);
        } else if (!intentions.isEmpty() && now >= notBefore) {
            begin(intentions.remove(), now);
        } else if (now >= notBefore && !rested) {
            plan(now);
        }
    }

    private void plan(long now) {
        Account last = registered;
        if (last == null || deviceGone) {
            deviceGone = false;
            Account next = last == null ? accounts.get(random.nextInt(accounts.size())) : last;
            devices.forEach(device -> intentions.add(new Intention(Deed.REGISTER, next, device)));
        } else if (resting) {
            rested = true;
        } else if (careful && world.link().isEmpty()) {
            notBefore = now + SERVED_EVERY;
        } else if (careful && !world.isServed(this)) {
            if (!maybeOnline.contains(last) && random.nextInt(10) == 0) {
                intentions.add(new Intention(Deed.REGISTER, last, devices.get(0)));
            }
            notBefore = now + SERVED_EVERY;
        } else {
            choose(last);
            if (intentions.isEmpty()) {
                notBefore = now + random.nextLong(LONGEST_PAUSE);
            } else {
                // At once: all that is owed has just been pushed.
                begin(intentions.remove(), now);
            }
        }
    }

    private void choose(Account current) {
        int dice = random.nextInt(100);
        if (dice < 40) {
            intentions.add(new Intention(Deed.HEARTBEAT, current, null));
            if (random.nextBoolean()) {
                intentions.add(new Intention(Deed.HEARTBEAT, current, null));
            }
            if (random.nextBoolean()) {
                intentions.add(new Intention(Deed.OFFLINE, current, null));
            }
        } else if (dice < 60) {
            intentions.add(new Intention(Deed.LOGOUT, current, null));
        } else if (dice < 70) {
            intentions.add(new Intention(Deed.REGISTER, current, devices.get(0)));
        } else if (dice < 80) {
            intentions.add(new Intention(Deed.OFFLINE, current, null));
        } else if (accounts.size() > 1) {
            Account next = accounts.get((accounts.indexOf(current) + 1) % accounts.size());
            if (random.nextBoolean()) {
                intentions.add(new Intention(Deed.LOGOUT, current, null));
            }
            devices.forEach(device -> intentions.add(new Intention(Deed.REGISTER, next, device)));
        }
    }

    private void begin(Intention intention, long now) {
        Doing begun = new Doing(intention, now);
        doing = begun;
        say(begun, now);
    }

    /** Says it on the relay, if that is the person's way; the endpoint hears it later. */
    private void say(Doing current, long now) {
        if (byRelay && random.nextInt(4) > 0) {
            world.publishControl(current.message);
            current.confirmAt = now + random.nextLong(LONGEST_WAY);
        } else {
            current.confirmAt = now;
        }
        world.reached(Trigger.Moment.SAID);
    }

    private void goOn(Doing current, long now) {
        CompletableFuture<Link.Answer> answer = current.answer;
        if (answer == null) {
            Optional<Link> link = world.link();
            if (now >= current.confirmAt && link.isPresent()) {
                current.asked = now;
                current.answer = link.get().send(current.message);
                world.reached(Trigger.Moment.SAID);
            }
        } else if (!answer.isDone()) {
            if (now - current.asked > ANSWER_PATIENCE) {
                world.broken("the endpoint gave no answer in " + ANSWER_PATIENCE + " ms");
                again(current, now);
            }
        } else if (answer.isCompletedExceptionally()) {
            again(current, now);
        } else if (answer.join().good()) {
            notebook.sure(current.number);
            world.reached(Trigger.Moment.SURE);
            done(current.intention, now);
        } else {
            if (!answer.join().reason().startsWith("rate-limited")
                    && !answer.join().reason().startsWith("error: the server is closing")) {
                world.broken(current.intention.deed() + " was refused: "
                        + answer.join().reason());
            }
            again(current, now);
            current.confirmAt = now + LIMIT_PAUSE;
        }
    }

    private void again(Doing current, long now) {
        current.answer = null;
        current.message = sign(current.intention, now);
        say(current, now);
    }

    private void done(Intention done, long now) {
        doing = null;
        switch (done.deed()) {
            case REGISTER -> registered = done.account();
            case HEARTBEAT -> maybeOnline.add(done.account());
            case OFFLINE -> maybeOnline.remove(done.account());
            case LOGOUT -> {
                registered = null;
                maybeOnline.remove(done.account());
            }
        }
        notBefore = now + (resting ? 0 : random.nextLong(intentions.isEmpty() ? LONGEST_PAUSE : LONGEST_PAUSE / 4));
    }

    private NostrEvent sign(Intention intention, long now) {
        Account account = intention.account();
        ControlWriter app = new ControlWriter(account.keys(), world.server());
        // Within one second a logout would beat the settings after it.
        long created = Math.max(now / 1_000, lastCreated.getOrDefault(account, 0L) + 1);
        lastCreated.put(account, created);
        Instant at = Instant.ofEpochSecond(created);
        return switch (intention.deed()) {
            case REGISTER -> {
                DeviceAddress device = intention.device();
                if (device == null) {
                    throw new AssertionError(intention);
                }
                yield app.settings(
                        SettingsDraft.forDevice(device.text()).e(List.of(account.channel(), account.group())), at);
            }
            case HEARTBEAT -> app.heartbeat(at);
            case OFFLINE -> app.offline(at);
            case LOGOUT -> app.logout(at);
        };
    }
}
