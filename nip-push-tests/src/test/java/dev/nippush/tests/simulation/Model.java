package dev.nippush.tests.simulation;

import dev.nippush.account.Inboxes;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.event.EventId;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.store.PushKey;
import dev.nippush.tests.simulation.Decision.State;
import dev.nippush.tests.simulation.Disk.Decided;
import dev.nippush.tests.simulation.User.Snapshot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a push server has to do, written down a second time: lists and maps, no index, no lane, no timer. It is told
 * everything in the order in which the engine's door saw it, and says what has to be held, pushed and left alone.
 *
 * <p>What an account asked for is in {@link Reg}, what a provider may be asked and how a push may end in {@link Endings},
 * what a crash leaves in {@link Recovery}; {@link Comparison} says where the disk differs.
 */
final class Model {

    static final long TIMEOUT = 150_000;
    static final long AN_HOUR = 3_600_000L;
    private static final long DEAF_PATIENCE = 600_000;
    private static final long LIFETIME = 24 * 3_600_000L;
    private static final long MAX_AGE_SECONDS = 300;
    private static final long MAX_AHEAD_SECONDS = 900;

    final List<RelayUrl> homeRelays;
    final Disk disk;
    final Map<PublicKey, User> users = new LinkedHashMap<>();
    final Map<Decided, Decision> decisions = new LinkedHashMap<>();
    final Map<PushKey, Decision> claims = new HashMap<>();
    final Endings endings;
    private final Set<String> seen = new HashSet<>();
    /** How many things have happened: the order of things, whatever the clocks say. */
    long number;

    private long latestWall;
    private boolean deaf;
    private long deafSince;
    private int tainted;

    Model(List<RelayUrl> homeRelays, Disk disk) {
        this.homeRelays = homeRelays;
        this.disk = disk;
        this.endings = new Endings(this);
    }

    private User user(PublicKey key) {
        return users.computeIfAbsent(key, User::new);
    }

    // ---- control messages, PROTOCOL sections 3 and 4

    /** What the door may answer, and what whoever gets the answer may rely on. */
    static final class Expectation {
        final Set<String> answers;
        private final @Nullable Snapshot snapshot;
        private final List<Effect> effects;

        private Expectation(Set<String> answers, @Nullable Snapshot snapshot, List<Effect> effects) {
            this.answers = answers;
            this.snapshot = snapshot;
            this.effects = effects;
        }
    }

    private record Effect(Decision decision, State state) {}

    private static Expectation only(String... answers) {
        return new Expectation(Set.of(answers), null, List.of());
    }

    /** The answer came, so what it stands for is on disk. */
    void answered(Expectation expectation) {
        if (expectation.snapshot != null) {
            expectation.snapshot.answered = true;
        }
        for (Effect effect : expectation.effects) {
            Decision decision = effect.decision;
            if (decision.promised == null || decision.promised == State.HELD) {
                decision.promised = effect.state;
            }
        }
    }

    /** Whether a message must wait, because what it finds depends on how far the engine has got. */
    boolean mustWait() {
        return users.values().stream().anyMatch(user -> user.inLimbo);
    }

    /**
     * Whether a message is outdated by marks that may be forgotten: nobody is registered, and the wall clock has shown a
     * time at which no message of that age counted any more.
     */
    boolean meetsForgettableMark(PublicKey sender, long createdAt) {
        User user = user(sender);
        long newest = Math.max(user.registrationMark.createdAt(), user.presenceMark.createdAt());
        return user.reg == null
                && createdAt <= newest
                && newest < latestWall / 1_000 - MAX_AGE_SECONDS - MAX_AHEAD_SECONDS;
    }

    Expectation control(NostrEvent event, Said said, Source source, boolean forged, At now) {
        if (source.origin() == Source.Origin.RELAY) {
            return only("unwanted");
        }
        long ageSeconds = now.seconds() - event.createdAt();
        if (ageSeconds > MAX_AGE_SECONDS || -ageSeconds > MAX_AHEAD_SECONDS) {
            return only("stale");
        }
        String copy = event.id().hex() + event.sig();
        if (seen.contains(copy)) {
            return only("duplicate");
        }
        if (forged) {
            return only("bad_id", "bad_sig");
        }
        User user = user(event.pubkey());
        Mark strongest = new Mark(event.createdAt(), true);
        if (user.registrationMark.isNewerThan(strongest) && user.presenceMark.isNewerThan(strongest)) {
            return only("out_of_order");
        }
        seen.add(copy);
        number++;
        List<Decision> held = user.held();
        boolean was = user.online;
        boolean applied = switch (said.sort()) {
            case SETTINGS -> settings(user, said, event.createdAt(), now);
            case LOGOUT -> logout(user, said, event.createdAt(), now);
            case HEARTBEAT -> presence(user, true, event.createdAt(), now);
            case OFFLINE -> presence(user, false, event.createdAt(), now);
        };
        if (!applied) {
            return only("out_of_order");
        }
        keepAlive(user, was, now);
        Snapshot snapshot = new Snapshot(user, false);
        snapshot.registered = said.sort() == Said.Sort.SETTINGS ? said.device() : null;
        user.snapshots.add(snapshot);
        return new Expectation(Set.of("applied"), snapshot, effects(held));
    }

    /** That an account is there is stored when it comes, and then at most once an hour. */
    private static void keepAlive(User user, boolean was, At now) {
        if (user.online && (!was || !user.storedOnline || user.storedAliveAt <= now.wall() - AN_HOUR)) {
            user.storedOnline = true;
            user.storedAliveAt = now.wall();
            user.safePresenceMark = user.presenceMark;
        }
    }

    private static List<Effect> effects(List<Decision> on) {
        return on.stream()
                .filter(each -> !each.tainted)
                .map(each -> new Effect(each, each.state))
                .toList();
    }

    private boolean settings(User user, Said said, long createdAt, At now) {
        Mark mark = new Mark(createdAt, false);
        boolean registers = !user.registrationMark.isNewerThan(mark);
        Boolean online = said.online();
        Mark presenceMark = new Mark(createdAt, online != null && !online);
        boolean tells = online != null && !user.presenceMark.isNewerThan(presenceMark);
        if (!registers && !tells) {
            return false;
        }
        if (registers) {
            register(user, said, now);
            if (mark.isNewerThan(user.registrationMark)) {
                user.safePresenceMark = user.presenceMark;
            }
            user.registrationMark = mark;
        }
        if (tells) {
            presence(user, online, createdAt, now);
            user.safePresenceMark = user.presenceMark;
        } else {
            drop(user, createdAt, now);
        }
        return true;
    }

    private void register(User user, Said said, At now) {
        Reg before = user.reg;
        Reg after = before == null ? new Reg(user.key) : new Reg(before);
        after.replace(said, now, number);
        DeviceAddress device = said.device();
        if (device != null) {
            for (User other : users.values()) {
                if (other != user && other.reg != null && other.reg.devices.containsKey(device)) {
                    enterLimbo(other, device, now);
                }
            }
            endings.registered(device);
        }
        after.begin(before, homeRelays, now);
        user.reg = after;
        user.known = true;
        if (before != null) {
            before.devices.keySet().stream()
                    .filter(each -> !after.devices.containsKey(each))
                    .forEach(each -> withdrawHeld(user, each));
        }
    }

    private boolean logout(User user, Said said, long createdAt, At now) {
        Mark mark = new Mark(createdAt, true);
        if (user.registrationMark.isNewerThan(mark)) {
            return false;
        }
        boolean news = mark.isNewerThan(user.registrationMark);
        user.registrationMark = mark;
        user.known = true;
        if (said.device() != null) {
            if (user.reg != null && user.reg.devices.containsKey(said.device())) {
                takeAway(user, said.device(), now);
            }
            drop(user, createdAt, now);
        } else {
            if (!user.presenceMark.isNewerThan(mark)) {
                user.presenceMark = mark;
                user.online = false;
                user.storedOnline = false;
            }
            for (Decision decision : user.held()) {
                decision.become(State.CANCELLED);
            }
            if (user.reg != null) {
                List.copyOf(user.reg.devices.keySet()).forEach(device -> takeAway(user, device, now));
            }
            user.reg = null;
        }
        if (news) {
            user.safePresenceMark = user.presenceMark;
        }
        return true;
    }

    /** A device is taken away by something that the account did not say. */
    void enterLimbo(User user, DeviceAddress device, At now) {
        if (!user.inLimbo) {
            user.inLimbo = true;
            user.regBeforeLimbo = new Reg(user.reg);
        }
        user.takenAway.add(device);
        takeAway(user, device, now);
    }

    private void takeAway(User user, DeviceAddress device, At now) {
        Reg before = user.reg;
        Reg after = new Reg(before);
        after.devices.remove(device);
        after.begin(before, homeRelays, now);
        user.reg = after;
        withdrawHeld(user, device);
        if (owner(device) == null) {
            endings.hasNoOwner(device);
        }
    }

    private static void withdrawHeld(User user, DeviceAddress device) {
        for (Decision decision : user.held()) {
            if (decision.devices.remove(device)) {
                decision.changed = true;
                if (decision.devices.isEmpty()) {
                    decision.become(State.CANCELLED);
                }
            }
        }
    }

    private boolean presence(User user, boolean online, long createdAt, At now) {
        Mark mark = new Mark(createdAt, !online);
        if (user.presenceMark.isNewerThan(mark)) {
            return false;
        }
        user.presenceMark = mark;
        if (!online) {
            drop(user, createdAt, now);
            goOffline(user, now);
            user.storedOnline = false;
            user.safePresenceMark = mark;
            return true;
        }
        boolean was = user.online;
        long until = Math.min(now.mono(), now.monoAt((createdAt + 60) * 1_000)) + TIMEOUT;
        user.deadline = was ? Math.max(user.deadline, until) : until;
        user.online = user.deadline > now.mono();
        user.provedUntil = user.deadline;
        drop(user, createdAt, now);
        if (!user.online) {
            goOffline(user, now);
        }
        return true;
    }

    /** What came while the client was alive needs no push. */
    private static void drop(User user, long createdAt, At now) {
        long aliveUntil = Math.min(now.mono(), now.monoAt(createdAt * 1_000 + 999));
        for (Decision decision : user.held()) {
            if (decision.received <= aliveUntil) {
                decision.become(State.DROPPED);
            }
        }
    }

    void goOffline(User user, At now) {
        user.online = false;
        for (Decision decision : user.held()) {
            push(decision, now);
        }
    }

    private void push(Decision decision, At now) {
        if (decision.user.inLimbo) {
            taint(decision);
        }
        if (decision.expires <= now.wall()) {
            decision.become(State.EXPIRED);
            return;
        }
        decision.become(State.PUSHED);
        decision.devices.removeIf(device -> claims.putIfAbsent(new PushKey(decision.event, device), decision) != null);
    }

    // ---- time

    /** Lets every deadline up to now pass. */
    void advanceTo(At now) {
        latestWall = Math.max(latestWall, now.wall());
        for (User user : users.values()) {
            if (user.online) {
                long deadline = user.deadline;
                if (deaf && deadline > deafSince) {
                    deadline = Math.max(deadline, Math.min(deafSince + DEAF_PATIENCE, longestSilence(user)));
                }
                if (deadline <= now.mono()) {
                    goOffline(user, now.atMono(deadline));
                }
            }
        }
    }

    /** However often the server goes deaf, nobody is thought to be there for ever. */
    private static long longestSilence(User user) {
        return user.provedUntil + DEAF_PATIENCE + TIMEOUT;
    }

    void hearing(boolean hearing, At now) {
        if (hearing && deaf) {
            for (User user : users.values()) {
                if (user.online) {
                    user.deadline = Math.max(user.deadline, Math.min(now.mono() + TIMEOUT, longestSilence(user)));
                }
            }
        }
        if (!hearing && !deaf) {
            deafSince = now.mono();
        }
        deaf = !hearing;
    }

    // ---- events, PROTOCOL section 5

    /** What becomes of an event, and what the door may answer. */
    Expectation event(NostrEvent event, Source source, boolean forged, At now) {
        if (Inboxes.isList(event)) {
            return list(event, forged, now);
        }
        number++;
        boolean wanted = false;
        boolean taken = false;
        boolean unsure = false;
        List<Decision> made = new ArrayList<>();
        for (User user : List.copyOf(users.values())) {
            if (user.inLimbo) {
                unsure = true;
            }
            Reg reg = user.reg;
            if (user.inLimbo && user.regBeforeLimbo != null) {
                reg = new Reg(user.regBeforeLimbo);
                reg.devices.keySet().removeIf(device -> owner(device) != null && owner(device) != user);
            }
            if (reg == null || !reg.matches(event, source, now)) {
                continue;
            }
            wanted = true;
            Decided key = new Decided(user.key, event.id());
            Decision before = decisions.get(key);
            if (before != null && before.tainted) {
                unsure = true;
            }
            if (before != null) {
                made.add(before);
            } else if (!forged) {
                Decision decision = decide(user, reg, event, source, now);
                made.add(decision);
                taken |= decision.state != State.PUSHED || !decision.devices.isEmpty();
            }
        }
        if (forged) {
            return only("bad_id", "bad_sig", "unwanted");
        }
        Set<String> answers = unsure
                ? Set.of("unwanted", "duplicate", "taken")
                : Set.of(!wanted ? "unwanted" : taken ? "taken" : "duplicate");
        return new Expectation(answers, null, effects(made));
    }

    private Decision decide(User user, Reg reg, NostrEvent event, Source source, At now) {
        Decision decision = new Decision(
                user, event.id(), number, now.mono(), expires(event, now), new LinkedHashSet<>(reg.devices.keySet()));
        decision.from = source.relay().orElse(null);
        decision.stored = !source.live();
        decisions.put(decision.key(), decision);
        user.decisions.add(decision);
        if (reg.isHistory(event, source)) {
            decision.become(State.HISTORY);
        } else if (user.online) {
            decision.become(State.HELD);
        } else {
            push(decision, now);
        }
        if (user.inLimbo) {
            taint(decision);
        }
        return decision;
    }

    /** A list of the relays that its author reads. */
    private Expectation list(NostrEvent list, boolean forged, At now) {
        User user = users.get(list.pubkey());
        if (forged) {
            return only("bad_id", "bad_sig", "unwanted");
        }
        if (user == null || user.reg == null || !user.reg.wantsAnything()) {
            return only("unwanted");
        }
        Reg before = user.reg;
        Reg after = new Reg(before);
        if (!after.learn(list)) {
            return only("duplicate");
        }
        after.begin(before, homeRelays, now);
        user.reg = after;
        Snapshot snapshot = new Snapshot(user, false);
        user.snapshots.add(snapshot);
        return new Expectation(Set.of("taken"), snapshot, List.of());
    }

    private void taint(Decision decision) {
        if (!decision.tainted) {
            decision.tainted = true;
            tainted++;
        }
    }

    private static long expires(NostrEvent event, At now) {
        long latest = now.wall() + LIFETIME;
        if (event.expiration().isPresent()) {
            return Math.min(latest, event.expiration().getAsLong() * 1_000);
        }
        boolean call = event.kind() == Kind.GIFT_WRAP && event.values("k").contains("25050");
        return call ? now.wall() + 60_000 : latest;
    }

    /** Whether it is open which beginning an EOSE for that account belongs to. */
    boolean eoseMustWait(PublicKey account) {
        User user = user(account);
        return user.inLimbo || user.awaitsAnswers();
    }

    /** A relay has sent what it had stored for the account, asked for what it wants now. */
    void caughtUp(PublicKey account, RelayUrl relay) {
        Reg reg = user(account).reg;
        if (reg != null && reg.askedSince.containsKey(relay)) {
            reg.caughtUp.add(relay);
        }
    }

    /**
     * Says what is missing on disk of an event that a relay has sent and that has its outcome.
     *
     * @param handed when it was handed over, on the monotonic clock
     * @return for whom nothing is decided there
     */
    List<PublicKey> undecidedOnDisk(EventId event, RelayUrl relay, long handed) {
        return users.values().stream()
                .map(user -> decisions.get(new Decided(user.key, event)))
                .filter(decision -> decision != null
                        && (decision.promised != null || relay.equals(decision.from) && decision.received <= handed)
                        && isMissing(decision))
                .map(decision -> decision.user.key)
                .toList();
    }

    /** Whether something that an answer stands for is not on disk. */
    boolean isMissingOnDisk(Expectation expectation) {
        return expectation.effects.stream().anyMatch(effect -> isMissing(effect.decision));
    }

    private boolean isMissing(Decision decision) {
        return !decision.tainted && !disk.decided.contains(decision.key());
    }

    /**
     * Says who should have got an event that a relay has had in store for some time, and has not.
     *
     * @param storedAt when it came to the relay, on the monotonic clock
     */
    List<PublicKey> missing(NostrEvent event, Source source, long storedAt, At now) {
        List<PublicKey> without = new ArrayList<>();
        for (User user : users.values()) {
            Reg reg = user.reg;
            RelayUrl relay = source.relay().orElseThrow();
            if (reg == null || user.inLimbo || !reg.matches(event, source, now)) {
                continue;
            }
            boolean news = Math.max(reg.begunAt, reg.authorsSince) < storedAt
                    && reg.askedSince.getOrDefault(relay, Long.MAX_VALUE) < storedAt;
            if (news && !reg.isHistory(event, source) && !decisions.containsKey(new Decided(user.key, event.id()))) {
                without.add(user.key);
            }
        }
        return without;
    }

    /** Who has the device. */
    @Nullable
    User owner(DeviceAddress device) {
        for (User user : users.values()) {
            if (user.reg != null && user.reg.devices.containsKey(device)) {
                return user;
            }
        }
        return null;
    }

    // ---- the process

    /** The process is gone, and with it what was not on disk; returns what was answered and is not there. */
    List<String> crashed(At now) {
        seen.clear();
        endings.crashed();
        // Starting over counts as deaf until something is heard.
        deaf = false;
        return new Recovery(this, now).run();
    }

    /** A process has begun; without home relays it hears at once. */
    void started(At now) {
        for (User user : users.values()) {
            user.online &= user.storedAliveAt + AN_HOUR + TIMEOUT > now.wall();
            if (user.online) {
                user.deadline = now.mono() + TIMEOUT;
                user.provedUntil = user.deadline;
            }
        }
        if (!homeRelays.isEmpty()) {
            hearing(false, now);
        }
        for (User user : users.values()) {
            if (!user.online) {
                goOffline(user, now);
            }
            user.snapshots.clear();
            user.snapshots.add(new Snapshot(user, true));
        }
    }

    // ---- comparing

    /** Everything is on disk: says where the disk and this model differ. */
    List<String> compare() {
        List<String> differences = new Comparison(this).run();
        for (User user : users.values()) {
            user.inLimbo = false;
            user.regBeforeLimbo = null;
            user.takenAway.clear();
            user.snapshots.clear();
            user.snapshots.add(new Snapshot(user, true));
        }
        decisions.values().forEach(decision -> decision.changed = false);
        endings.atRest();
        return differences;
    }

    boolean isTainted(Decided key) {
        Decision decision = decisions.get(key);
        return decision != null && decision.tainted;
    }

    int tainted() {
        return tainted;
    }

    int decided() {
        return decisions.size();
    }
}
