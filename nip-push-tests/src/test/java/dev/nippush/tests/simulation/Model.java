package dev.nippush.tests.simulation;

import dev.nippush.account.Account;
import dev.nippush.account.Device;
import dev.nippush.account.Registration;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.event.EventId;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Ending;
import dev.nippush.store.OwedPush;
import dev.nippush.store.PushKey;
import dev.nippush.tests.simulation.Disk.Decided;
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
 * <p>All times are milliseconds since 1970.
 */
final class Model {

    static final long TIMEOUT = 150_000;
    private static final long DEAF_PATIENCE = 600_000;
    private static final long LIFETIME = 24 * 3_600_000L;
    private static final long AN_HOUR = 3_600_000L;
    private static final int MAX_DEVICES = 5;
    private static final int MAX_HELD = 32;
    private static final List<Integer> USUAL_KINDS = List.of(4, 44, 1059, 42, 9735, 9, 10, 1, 6, 7);
    private static final Set<Integer> NEVER_PUSHED = Set.of(13, 22242, 22456);
    private static final Set<Integer> PRIVATE = Set.of(4, 44, 1059, 1060, 21059);
    private static final Set<Integer> AUTHOR_IS_NO_SENDER = Set.of(1059, 1060, 21059, 9735);

    private final List<RelayUrl> homeRelays;
    private final Disk disk;
    private final Map<PublicKey, User> users = new LinkedHashMap<>();
    private final Map<Decided, Decision> decisions = new LinkedHashMap<>();
    private final Map<PushKey, Decision> claims = new HashMap<>();
    private final Set<DeviceAddress> parked = new HashSet<>();
    private final Set<DeviceAddress> unparked = new HashSet<>();
    private final Map<DeviceAddress, Long> goneAt = new HashMap<>();
    private final Set<String> seen = new HashSet<>();
    private boolean deaf;
    private long deafSince;
    private int tainted;

    Model(List<RelayUrl> homeRelays, Disk disk) {
        this.homeRelays = homeRelays;
        this.disk = disk;
    }

    /** The newest applied message of a sort; strong is what wins within a second. */
    private record Mark(long createdAt, boolean strong) {
        static final Mark NONE = new Mark(Long.MIN_VALUE, false);

        boolean isNewerThan(Mark other) {
            return createdAt > other.createdAt || createdAt == other.createdAt && strong && !other.strong;
        }
    }

    private record Dev(long countsSince, long registeredAt) {}

    /** What an account asked for. */
    private static final class Reg {
        Set<Integer> kinds = new LinkedHashSet<>(USUAL_KINDS);
        List<RelayUrl> relays = List.of();
        Set<PublicKey> authors = Set.of();
        Set<String> e = Set.of();
        Set<PublicKey> p;
        Map<DeviceAddress, Dev> devices = new LinkedHashMap<>();
        long began;
        /** For each relay that is asked: since when for gift wraps. */
        Map<RelayUrl, Long> wrapsBegan = new LinkedHashMap<>();

        Set<RelayUrl> caughtUp = new LinkedHashSet<>();

        Reg(PublicKey account) {
            p = Set.of(account);
        }

        Reg(Reg of) {
            kinds = of.kinds;
            relays = of.relays;
            authors = of.authors;
            e = of.e;
            p = of.p;
            devices = new LinkedHashMap<>(of.devices);
            began = of.began;
            wrapsBegan = new LinkedHashMap<>(of.wrapsBegan);
            caughtUp = new LinkedHashSet<>(of.caughtUp);
        }

        boolean wantsAnything() {
            return !devices.isEmpty()
                    && kinds.stream().anyMatch(kind -> !NEVER_PUSHED.contains(kind))
                    && !(p.isEmpty() && e.isEmpty());
        }
    }

    private static final class User {
        final PublicKey key;

        @Nullable
        Reg reg;

        Mark registrationMark = Mark.NONE;
        Mark presenceMark = Mark.NONE;
        /** The part of the presence mark that a crash must not undo. */
        Mark safePresenceMark = Mark.NONE;

        boolean online;
        long deadline;
        /** Where the deadline would be if the server had never been deaf. */
        long provedUntil;
        /** Whether it ever registered: before that nothing of it is kept. */
        boolean known;

        boolean storedOnline;
        long storedAliveAt;
        /** A crash may have taken the presence mark back to the safe one. */
        boolean lostMark;
        /** A device of it was taken away, and the engine may not have got that far everywhere. */
        boolean inLimbo;
        /** What it had before that. */
        @Nullable
        Reg regBeforeLimbo;
        /** The states since the disk was last known to have everything. */
        final List<Snapshot> snapshots = new ArrayList<>();

        User(PublicKey key) {
            this.key = key;
        }
    }

    /** What of a user survives once the message that made it so was answered. */
    private static final class Snapshot {
        final @Nullable Reg reg;
        final Mark registrationMark;
        final Mark safePresenceMark;
        final Mark presenceMark;
        final boolean online;
        final long deadline;
        final boolean known;
        final boolean storedOnline;
        final long storedAliveAt;
        boolean answered;

        @Nullable
        DeviceAddress registered;

        Snapshot(User of, boolean answered) {
            this.reg = of.reg == null ? null : new Reg(of.reg);
            this.registrationMark = of.registrationMark;
            this.presenceMark = of.presenceMark;
            this.safePresenceMark = of.safePresenceMark;
            this.online = of.online;
            this.deadline = of.deadline;
            this.known = of.known;
            this.storedOnline = of.storedOnline;
            this.storedAliveAt = of.storedAliveAt;
            this.answered = answered;
        }
    }

    private enum State {
        HISTORY,
        HELD,
        DROPPED,
        PUSHED,
        CANCELLED,
        EXPIRED
    }

    /** What became of an event for one account. */
    private static final class Decision {
        final User user;
        final EventId event;
        final long received;
        final long expires;
        final Set<DeviceAddress> devices;
        State state;
        /** The disk may not know it yet. */
        boolean changed = true;
        /** Whether a relay had it in store. */
        boolean stored;
        /** Made or changed in limbo: anything but a second push is right. */
        boolean tainted;

        Decision(User user, EventId event, long received, long expires, Set<DeviceAddress> devices, State state) {
            this.user = user;
            this.event = event;
            this.received = received;
            this.expires = expires;
            this.devices = devices;
            this.state = state;
        }

        Decided key() {
            return new Decided(user.key, event);
        }

        void become(State next) {
            state = next;
            changed = true;
        }
    }

    private User user(PublicKey key) {
        return users.computeIfAbsent(key, User::new);
    }

    // ---- control messages, PROTOCOL sections 3 and 4

    /** What the door may answer, and a token for {@link #answered}. */
    static final class Expectation {
        final Set<String> answers;
        private final @Nullable Snapshot snapshot;

        Expectation(Set<String> answers, @Nullable Snapshot snapshot) {
            this.answers = answers;
            this.snapshot = snapshot;
        }
    }

    private static Expectation only(String... answers) {
        return new Expectation(Set.of(answers), null);
    }

    /** The answer came, so what it stands for is on disk. */
    void answered(Expectation expectation) {
        if (expectation.snapshot != null) {
            expectation.snapshot.answered = true;
        }
    }

    /** Whether a message must wait, because what it finds depends on how far the engine has got. */
    boolean mustWait() {
        return users.values().stream().anyMatch(user -> user.inLimbo);
    }

    /** Whether a message is older than a heartbeat that a crash may have made the engine forget. */
    boolean meetsLostMark(PublicKey sender, long createdAt) {
        User user = user(sender);
        return user.lostMark && createdAt <= user.presenceMark.createdAt;
    }

    Expectation control(NostrEvent event, Said said, Source source, boolean forged, long now) {
        if (source.origin() == Source.Origin.RELAY) {
            return only("unwanted");
        }
        long ageSeconds = now / 1000 - event.createdAt();
        if (ageSeconds > 300 || -ageSeconds > 900) {
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
        boolean applied = switch (said.sort()) {
            case SETTINGS -> settings(user, said, event.createdAt(), now);
            case LOGOUT -> logout(user, said, event.createdAt(), now);
            case HEARTBEAT -> presence(user, true, event.createdAt(), now);
            case OFFLINE -> presence(user, false, event.createdAt(), now);
        };
        if (!applied) {
            return only("out_of_order");
        }
        Snapshot snapshot = new Snapshot(user, false);
        snapshot.registered = said.sort() == Said.Sort.SETTINGS ? said.device() : null;
        user.snapshots.add(snapshot);
        return new Expectation(Set.of("applied"), snapshot);
    }

    private boolean settings(User user, Said said, long createdAt, long now) {
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
                keepPresenceMark(user);
            }
            user.registrationMark = mark;
        }
        if (tells) {
            presence(user, online, createdAt, now);
            keepPresenceMark(user);
        } else {
            drop(user, createdAt, now);
        }
        return true;
    }

    private void register(User user, Said said, long now) {
        Reg before = user.reg;
        Reg after = before == null ? new Reg(user.key) : new Reg(before);
        if (said.kinds() != null) {
            after.kinds = new LinkedHashSet<>(said.kinds());
        }
        if (said.relays() != null) {
            after.relays = said.relays();
        }
        if (said.authors() != null) {
            after.authors = new LinkedHashSet<>(said.authors());
        }
        if (said.e() != null) {
            after.e = new LinkedHashSet<>(said.e());
        }
        if (said.p() != null) {
            after.p = new LinkedHashSet<>(said.p());
        }
        DeviceAddress device = said.device();
        if (device != null) {
            Dev known = after.devices.get(device);
            after.devices.put(device, new Dev(known == null ? now : known.countsSince, now));
            if (after.devices.size() > MAX_DEVICES) {
                DeviceAddress oldest = device;
                for (DeviceAddress each : after.devices.keySet()) {
                    if (after.devices.get(each).registeredAt < after.devices.get(oldest).registeredAt) {
                        oldest = each;
                    }
                }
                after.devices.remove(oldest);
            }
            for (User other : users.values()) {
                if (other != user && other.reg != null && other.reg.devices.containsKey(device)) {
                    enterLimbo(other, device);
                }
            }
            if (parked.remove(device)) {
                unparked.add(device);
            }
        }
        begin(user.key, before, after, now);
        user.reg = after;
        user.known = true;
        if (before != null) {
            before.devices.keySet().stream()
                    .filter(each -> !after.devices.containsKey(each))
                    .forEach(each -> withdrawHeld(user, each));
        }
        if (user.online && !user.storedOnline) {
            user.storedOnline = true;
        }
    }

    private void begin(PublicKey account, @Nullable Reg before, Reg after, long now) {
        if (!after.wantsAnything()) {
            after.wrapsBegan.clear();
            after.caughtUp.clear();
            return;
        }
        boolean anew = before == null || !before.wantsAnything();
        if (anew
                || !before.kinds.containsAll(after.kinds)
                || !before.relays.containsAll(after.relays)
                || !before.e.containsAll(after.e)
                || !before.p.containsAll(after.p)) {
            after.began = now;
        }
        boolean wrapsAnew = anew
                || after.kinds.contains(1059) && !before.kinds.contains(1059)
                || after.p.contains(account) && !before.p.contains(account);
        Set<RelayUrl> asked = new LinkedHashSet<>(homeRelays);
        asked.addAll(after.relays);
        after.wrapsBegan.keySet().retainAll(asked);
        for (RelayUrl relay : asked) {
            if (wrapsAnew || !after.wrapsBegan.containsKey(relay)) {
                after.wrapsBegan.put(relay, now);
                after.caughtUp.remove(relay);
            }
        }
        after.caughtUp.retainAll(asked);
    }

    private boolean logout(User user, Said said, long createdAt, long now) {
        Mark mark = new Mark(createdAt, true);
        if (user.registrationMark.isNewerThan(mark)) {
            return false;
        }
        boolean news = mark.isNewerThan(user.registrationMark);
        user.registrationMark = mark;
        user.known = true;
        if (said.device() != null) {
            if (user.reg != null && user.reg.devices.containsKey(said.device())) {
                takeAway(user, said.device());
            }
            drop(user, createdAt, now);
        } else {
            if (!user.presenceMark.isNewerThan(mark)) {
                user.presenceMark = mark;
                user.lostMark = false;
                user.online = false;
                user.storedOnline = false;
            }
            for (Decision decision : heldOf(user)) {
                decision.become(State.CANCELLED);
            }
            if (user.reg != null) {
                List.copyOf(user.reg.devices.keySet()).forEach(device -> takeAway(user, device));
            }
            user.reg = null;
        }
        if (news) {
            keepPresenceMark(user);
        }
        return true;
    }

    private void enterLimbo(User user, DeviceAddress device) {
        if (!user.inLimbo) {
            user.inLimbo = true;
            user.regBeforeLimbo = new Reg(user.reg);
        }
        takeAway(user, device);
    }

    /** What is saved has the marks with it. */
    private static void keepPresenceMark(User user) {
        if (!user.lostMark) {
            user.safePresenceMark = user.presenceMark;
        }
    }

    private void takeAway(User user, DeviceAddress device) {
        Reg before = user.reg;
        Reg after = new Reg(before);
        after.devices.remove(device);
        begin(user.key, before, after, 0);
        user.reg = after;
        withdrawHeld(user, device);
        if (owner(device) == null) {
            parked.remove(device);
        }
    }

    private void withdrawHeld(User user, DeviceAddress device) {
        for (Decision decision : heldOf(user)) {
            if (decision.devices.remove(device)) {
                decision.changed = true;
                if (decision.devices.isEmpty()) {
                    decision.become(State.CANCELLED);
                }
            }
        }
    }

    private boolean presence(User user, boolean online, long createdAt, long now) {
        Mark mark = new Mark(createdAt, !online);
        if (user.presenceMark.isNewerThan(mark)) {
            return false;
        }
        user.presenceMark = mark;
        user.lostMark = false;
        if (!online) {
            drop(user, createdAt, now);
            goOffline(user, now);
            user.storedOnline = false;
            user.safePresenceMark = mark;
            return true;
        }
        boolean was = user.online;
        long until = Math.min(now, (createdAt + 60) * 1000) + TIMEOUT;
        user.deadline = was ? Math.max(user.deadline, until) : until;
        user.online = user.deadline > now;
        user.provedUntil = user.deadline;
        drop(user, createdAt, now);
        if (!user.online) {
            goOffline(user, now);
        } else if (!was || !user.storedOnline || user.storedAliveAt <= now - AN_HOUR) {
            user.storedOnline = true;
            user.storedAliveAt = now;
            user.safePresenceMark = mark;
        }
        return true;
    }

    /** What came while the client was alive needs no push. */
    private void drop(User user, long createdAt, long now) {
        for (Decision decision : heldOf(user)) {
            if (decision.received <= Math.min(now, createdAt * 1000 + 999)) {
                decision.become(State.DROPPED);
            }
        }
    }

    private void goOffline(User user, long now) {
        user.online = false;
        for (Decision decision : heldOf(user)) {
            push(decision, now);
        }
    }

    private void push(Decision decision, long now) {
        if (decision.user.inLimbo) {
            taint(decision);
        }
        if (decision.expires <= now) {
            decision.become(State.EXPIRED);
            return;
        }
        decision.become(State.PUSHED);
        decision.devices.removeIf(device -> claims.putIfAbsent(new PushKey(decision.event, device), decision) != null);
    }

    private List<Decision> heldOf(User user) {
        return decisions.values().stream()
                .filter(each -> each.user == user && each.state == State.HELD)
                .toList();
    }

    // ---- time

    /** Lets every deadline up to now pass. */
    void advanceTo(long now) {
        for (User user : users.values()) {
            if (user.online) {
                long deadline = user.deadline;
                if (deaf && deadline > deafSince) {
                    deadline = Math.max(deadline, Math.min(deafSince + DEAF_PATIENCE, longestSilence(user)));
                }
                if (deadline <= now) {
                    goOffline(user, deadline);
                }
            }
        }
    }

    /** However often the server goes deaf, nobody is thought to be there for ever. */
    private static long longestSilence(User user) {
        return user.provedUntil + DEAF_PATIENCE + TIMEOUT;
    }

    void hearing(boolean hearing, long now) {
        if (hearing && deaf) {
            for (User user : users.values()) {
                if (user.online) {
                    user.deadline = Math.max(user.deadline, Math.min(now + TIMEOUT, longestSilence(user)));
                }
            }
        }
        if (!hearing && !deaf) {
            deafSince = now;
        }
        deaf = !hearing;
    }

    // ---- events, PROTOCOL section 5

    /** Returns what the door may answer. */
    Set<String> event(NostrEvent event, Source source, boolean forged, long now) {
        boolean wanted = false;
        boolean taken = false;
        boolean unsure = false;
        for (User user : List.copyOf(users.values())) {
            if (user.inLimbo) {
                unsure = true;
            }
            Reg reg = user.reg;
            if (user.inLimbo && user.regBeforeLimbo != null) {
                reg = new Reg(user.regBeforeLimbo);
                reg.devices.keySet().removeIf(device -> owner(device) != null && owner(device) != user);
            }
            if (reg == null || !matches(user, reg, event, source, now)) {
                continue;
            }
            wanted = true;
            Decided key = new Decided(user.key, event.id());
            if (isTainted(key)) {
                unsure = true;
            }
            if (!forged && !decisions.containsKey(key)) {
                Decision decision = new Decision(
                        user,
                        event.id(),
                        now,
                        expires(event, now),
                        new LinkedHashSet<>(reg.devices.keySet()),
                        State.HISTORY);
                decision.stored = !source.live();
                decisions.put(key, decision);
                if (isHistory(reg, event, source)) {
                    decision.become(State.HISTORY);
                } else if (user.online) {
                    decision.become(State.HELD);
                } else {
                    push(decision, now);
                }
                taken |= decision.state != State.PUSHED || !decision.devices.isEmpty();
                if (user.inLimbo) {
                    taint(decision);
                }
            }
        }
        if (forged) {
            return Set.of("bad_id", "bad_sig", "unwanted");
        }
        if (unsure) {
            return Set.of("unwanted", "duplicate", "taken");
        }
        return Set.of(!wanted ? "unwanted" : taken ? "taken" : "duplicate");
    }

    private void taint(Decision decision) {
        if (!decision.tainted) {
            decision.tainted = true;
            tainted++;
        }
    }

    private static boolean matches(User user, Reg reg, NostrEvent event, Source source, long now) {
        if (reg.devices.isEmpty() || !reg.kinds.contains(event.kind()) || NEVER_PUSHED.contains(event.kind())) {
            return false;
        }
        boolean home = source.origin() != Source.Origin.RELAY;
        if (!home && !reg.relays.contains(source.relay().orElseThrow())) {
            return false;
        }
        if (event.pubkey().equals(user.key)) {
            return false;
        }
        boolean isPrivate = PRIVATE.contains(event.kind());
        boolean byP = false;
        boolean byE = false;
        for (var tag : event.tags()) {
            if (tag.name().equals("p")) {
                boolean watched = reg.p.stream().anyMatch(key -> key.hex().equals(tag.value()));
                byP |= watched && (!isPrivate || tag.value().equals(user.key.hex()));
            }
            if (tag.name().equals("e") || tag.name().equals("h")) {
                byE |= !isPrivate && reg.e.contains(tag.value());
            }
        }
        boolean authorCounts = reg.authors.isEmpty()
                || reg.authors.contains(event.pubkey())
                || AUTHOR_IS_NO_SENDER.contains(event.kind());
        if (!(byP && authorCounts) && !byE) {
            return false;
        }
        if (event.kind() == 1059 && event.values("k").contains("25051")) {
            return false;
        }
        long seconds = now / 1000;
        long oldest = event.kind() == 1059 ? 71 * 3600 : 24 * 3600;
        boolean expired = event.expiration().isPresent() && event.expiration().getAsLong() <= seconds;
        return event.createdAt() >= seconds - oldest && event.createdAt() <= seconds + 900 && !expired;
    }

    private static boolean isHistory(Reg reg, NostrEvent event, Source source) {
        if (source.relay().isEmpty()) {
            return false;
        }
        if (event.kind() == 1059) {
            return !source.live() && !reg.caughtUp.contains(source.relay().get());
        }
        return event.createdAt() < reg.began / 1000;
    }

    private static long expires(NostrEvent event, long now) {
        long latest = now + LIFETIME;
        if (event.expiration().isPresent()) {
            return Math.min(latest, event.expiration().getAsLong() * 1000);
        }
        return event.kind() == 1059 && event.values("k").contains("25050") ? now + 60_000 : latest;
    }

    /** Whether it is open which beginning an EOSE belongs to, for a subscription of that age. */
    boolean eoseMustWait(PublicKey account, RelayUrl relay, long began) {
        User user = user(account);
        return user.inLimbo || user.reg != null && began < user.reg.wrapsBegan.getOrDefault(relay, 0L);
    }

    void caughtUp(PublicKey account, RelayUrl relay, long began) {
        User user = user(account);
        if (user.reg != null && began >= user.reg.wrapsBegan.getOrDefault(relay, Long.MAX_VALUE)) {
            user.reg.caughtUp.add(relay);
        }
    }

    // ---- providers

    private @Nullable User owner(DeviceAddress device) {
        for (User user : users.values()) {
            if (user.reg != null && user.reg.devices.containsKey(device)) {
                return user;
            }
        }
        return null;
    }

    /** The decision that a push follows from. */
    private @Nullable Decision claim(PushKey push) {
        Decision decision = claims.get(push);
        OwedPush row = disk.owed.get(push);
        if (decision == null && row != null) {
            Decided key = new Decided(row.account(), push.event());
            return isTainted(key) ? decisions.get(key) : null;
        }
        return decision;
    }

    /** Whether the account of a push still has the device, without a break since the event came. */
    private static boolean stillOwned(Decision decision, DeviceAddress device) {
        Reg reg = decision.user.reg;
        Dev dev = reg == null ? null : reg.devices.get(device);
        return dev != null && dev.countsSince <= decision.received;
    }

    /** Returns why this push must not go out now; null when it may. */
    @Nullable
    String objectionTo(PushKey push, long now) {
        Decision decision = claim(push);
        if (decision == null) {
            return standsForAnother(push) ? null : "nothing was to be pushed for this event and device";
        }
        if (decision.tainted || decision.user.inLimbo) {
            return null;
        }
        // The push that stands for several lives as long as one of them.
        if (decision.state != State.PUSHED) {
            return "it is " + decision.state;
        }
        if (!stillOwned(decision, push.device())) {
            return "the account does not have the device any more";
        }
        if (parked.contains(push.device())) {
            return "the device is parked";
        }
        return null;
    }

    /** Whether it is an event that needs no push any more, but into which one was folded that does. */
    private boolean standsForAnother(PushKey push) {
        return decisions.values().stream()
                .anyMatch(each -> each.state == State.PUSHED
                        && !each.event.equals(push.event())
                        && disk.standingFor(each.key()).event().equals(push.event()));
    }

    /** Whether an answer about the device of this push is taken note of. */
    boolean isLive(PushKey push) {
        Decision decision = claim(push);
        return decision != null && stillOwned(decision, push.device()) && !disk.settled.containsKey(push);
    }

    void deviceRejected(PushKey push, long sentAt) {
        User owner = owner(push.device());
        if (!isLive(push) || owner != null && owner.reg.devices.get(push.device()).registeredAt > sentAt) {
            // The provider spoke of what was registered before.
            return;
        }
        boolean registers = users.values().stream()
                .flatMap(user -> user.snapshots.stream())
                .anyMatch(each -> !each.answered && push.device().equals(each.registered));
        // A registration that is on its way to the disk ends it at once.
        (registers ? unparked : parked).add(push.device());
    }

    /** A provider says that the device has been gone since then. */
    void deviceGone(PushKey push, long since, long now) {
        User owner = owner(push.device());
        if (!isLive(push) || owner == null) {
            return;
        }
        if (owner.reg.devices.get(push.device()).registeredAt <= since) {
            goneAt.put(push.device(), now);
            enterLimbo(owner, push.device());
        }
    }

    /** Returns why a push must not end like that; null when it may. */
    @Nullable
    String objectionTo(
            OwedPush push, Ending ending, Set<PushKey> asked, Set<PushKey> accepted, Set<PushKey> rejected, long now) {
        Decision decision = claim(push.key());
        if (decision == null) {
            return standsForAnother(push.key()) ? null : "there was no such push";
        }
        DeviceAddress device = push.message().address();
        boolean gone = goneAt.getOrDefault(device, 0L) >= decision.received;
        boolean allowed = switch (ending) {
            case ACCEPTED -> accepted.contains(push.key());
            // A device that gets little gets all of it: 60 at once, 10 of what lay at a relay.
            case FOLDED -> claimsOn(device, false) > 60 || claimsOn(device, true) > 10;
            case WITHDRAWN -> decision.tainted || !stillOwned(decision, device);
            case GONE -> gone || !stillOwned(decision, device);
            case REJECTED ->
                !stillOwned(decision, device)
                        || rejected.contains(push.key())
                        || parked.contains(device)
                        || unparked.contains(device);
            case EXPIRED ->
                push.message().expiresAt().toEpochMilli() <= now
                        || asked.contains(push.key())
                                && push.message().expiresAt().toEpochMilli() <= now + 20 * 60_000;
        };
        return allowed ? null : "it ends as " + ending + ", and nothing says so";
    }

    private long claimsOn(DeviceAddress device, boolean stored) {
        return claims.entrySet().stream()
                .filter(each -> each.getKey().device().equals(device) && (each.getValue().stored || !stored))
                .count();
    }

    // ---- a crash

    /** The process is gone, and with it what was not on disk. */
    void crashed(long now) {
        seen.clear();
        parked.clear();
        unparked.clear();
        for (User user : users.values()) {
            revert(user, now);
        }
        for (User user : users.values()) {
            if (user.reg != null) {
                for (DeviceAddress device : List.copyOf(user.reg.devices.keySet())) {
                    settleOwnership(user, device);
                }
            }
        }
        for (Decision decision : List.copyOf(decisions.values())) {
            if (decision.changed) {
                revert(decision);
            }
        }
        // Starting over counts as deaf until something is heard.
        deaf = false;
    }

    private void revert(User user, long now) {
        Snapshot last = null;
        for (Snapshot each : user.snapshots) {
            if (each.answered) {
                last = each;
            }
        }
        Account account = disk.accounts.get(user.key);
        if (last != null) {
            user.reg = last.reg == null ? null : new Reg(last.reg);
            user.registrationMark = last.registrationMark;
            user.presenceMark = last.presenceMark;
            user.safePresenceMark = last.safePresenceMark;
            user.online = last.online;
            user.deadline = last.deadline;
            user.known = last.known;
            user.storedOnline = last.storedOnline;
            user.storedAliveAt = last.storedAliveAt;
        }
        if (!user.known || account == null) {
            user.reg = null;
            user.known = false;
            user.registrationMark = Mark.NONE;
            user.presenceMark = Mark.NONE;
            user.safePresenceMark = Mark.NONE;
            user.online = false;
            user.storedOnline = false;
            user.inLimbo = false;
            user.snapshots.clear();
            return;
        }
        Registration onDisk = account.registration().orElse(null);
        if (user.reg != null && onDisk != null) {
            // Written apart from any message, so no answer tells whether it was.
            for (RelayUrl relay : List.copyOf(user.reg.wrapsBegan.keySet())) {
                if (onDisk.caughtUp().contains(relay)) {
                    user.reg.caughtUp.add(relay);
                } else {
                    user.reg.caughtUp.remove(relay);
                }
            }
            if (user.inLimbo) {
                Reg before = user.reg;
                Reg after = new Reg(before);
                for (DeviceAddress device : List.copyOf(after.devices.keySet())) {
                    if (onDisk.device(device).isEmpty()) {
                        after.devices.remove(device);
                    }
                }
                begin(user.key, before, after, 0);
                user.reg = after;
            }
        }
        boolean wasOnline = user.online && user.deadline > now;
        // Silence that ended before the crash may or may not have been written down.
        user.online = user.storedOnline && (wasOnline || account.lastSeen().online());
        user.storedOnline = account.lastSeen().online();
        user.lostMark = !user.safePresenceMark.equals(user.presenceMark);
        user.inLimbo = false;
    }

    private void settleOwnership(User user, DeviceAddress device) {
        for (User other : users.values()) {
            if (other == user || user.reg == null || other.reg == null || !other.reg.devices.containsKey(device)) {
                continue;
            }
            Dev mine = user.reg.devices.get(device);
            if (mine != null && mine.registeredAt < other.reg.devices.get(device).registeredAt) {
                enterLimbo(user, device);
            }
        }
    }

    private void revert(Decision decision) {
        Decided key = decision.key();
        claims.values().removeIf(each -> each == decision);
        if (!disk.decided.contains(key)) {
            decisions.remove(key);
            return;
        }
        Decided carrier = disk.standingFor(key);
        Set<DeviceAddress> owed = new LinkedHashSet<>();
        disk.owed.forEach((push, row) -> {
            if (push.event().equals(carrier.event()) && row.account().equals(decision.user.key)) {
                owed.add(push.device());
            }
        });
        if (disk.held.containsKey(carrier)) {
            decision.devices.clear();
            for (DeviceAddress device : disk.held.get(carrier).devices()) {
                if (stillOwned(decision, device)) {
                    decision.devices.add(device);
                }
            }
            decision.state = decision.devices.isEmpty() ? State.CANCELLED : State.HELD;
        } else if (!owed.isEmpty()) {
            if (carrier.equals(key)) {
                decision.devices.addAll(owed);
            }
            decision.devices.retainAll(owed);
            decision.state = State.PUSHED;
            decision.devices.forEach(device -> claims.put(new PushKey(decision.event, device), decision));
        } else if (decision.state == State.HELD || decision.state == State.PUSHED) {
            decision.state = State.DROPPED;
        }
    }

    /** A process has begun; without home relays it hears at once. */
    void started(long now) {
        for (User user : users.values()) {
            user.online &= user.storedAliveAt + AN_HOUR + TIMEOUT > now;
            if (user.online) {
                user.deadline = now + TIMEOUT;
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
        List<String> differences = new ArrayList<>();
        for (User user : users.values()) {
            compare(user, differences);
            user.inLimbo = false;
            user.regBeforeLimbo = null;
            user.snapshots.clear();
            user.snapshots.add(new Snapshot(user, true));
        }
        for (Decision decision : decisions.values()) {
            if (!decision.tainted) {
                compare(decision, differences);
            }
            decision.changed = false;
        }
        for (Decided held : disk.held.keySet()) {
            if (!decisions.containsKey(held)) {
                differences.add("held, but nobody wants it: " + held.event());
            }
        }
        for (PushKey push : disk.owed.keySet()) {
            if (!claims.containsKey(push)
                    && !standsForAnother(push)
                    && !isTainted(new Decided(disk.owed.get(push).account(), push.event()))) {
                differences.add("owed, but nobody wants it: " + push.event() + " to " + push.device());
            }
        }
        unparked.clear();
        return differences;
    }

    private boolean isTainted(Decided key) {
        Decision decision = decisions.get(key);
        return decision != null && decision.tainted;
    }

    private void compare(User user, List<String> differences) {
        Account account = disk.accounts.get(user.key);
        String who = "account " + user.key;
        if (account == null) {
            // The marks of who is not registered may be forgotten once they are old.
            if (user.reg != null) {
                differences.add(who + " is not on disk");
            }
            return;
        }
        Registration onDisk = account.registration().orElse(null);
        Reg reg = user.reg;
        if (reg == null || onDisk == null) {
            if ((reg == null) != (onDisk == null)) {
                differences.add(who + (reg == null ? " should not be registered" : " should be registered"));
            }
            return;
        }
        differ(differences, who + " kinds", reg.kinds, onDisk.kinds());
        differ(differences, who + " relays", new HashSet<>(reg.relays), new HashSet<>(onDisk.relays()));
        differ(differences, who + " authors", reg.authors, onDisk.authors());
        differ(differences, who + " #e", reg.e, onDisk.e());
        differ(differences, who + " #p", reg.p, onDisk.p());
        if (reg.wantsAnything()) {
            differ(differences, who + " caught up", reg.caughtUp, onDisk.caughtUp());
        }
        Map<DeviceAddress, Dev> devices = new LinkedHashMap<>();
        for (Device device : onDisk.devices()) {
            devices.put(
                    device.address(),
                    new Dev(
                            device.countsSince().toEpochMilli(),
                            device.registeredAt().toEpochMilli()));
        }
        differ(differences, who + " devices", reg.devices, devices);
        if (reg.wantsAnything() && reg.began != onDisk.began().toEpochMilli()) {
            differences.add(who + " began at another time");
        }
    }

    private static void differ(List<String> differences, String what, Object model, Object engine) {
        if (!model.equals(engine)) {
            differences.add(what + ": should be " + model + ", is " + engine);
        }
    }

    private void compare(Decision decision, List<String> differences) {
        Decided key = decision.key();
        Decided carrier = disk.standingFor(key);
        String what = decision.event + " for " + decision.user.key;
        boolean held = disk.held.containsKey(carrier);
        if (decision.state == State.HELD && !held) {
            differences.add(what + " should be held");
        }
        if (decision.state != State.HELD && disk.held.containsKey(key)) {
            differences.add(what + " should not be held, but " + decision.state);
        }
        if (decision.state == State.PUSHED) {
            for (DeviceAddress device : decision.devices) {
                if (!disk.owed.containsKey(new PushKey(carrier.event(), device))) {
                    differences.add(what + " should be owed to " + device);
                }
            }
        } else {
            for (PushKey push : disk.owed.keySet()) {
                if (push.event().equals(decision.event)
                        && disk.owed.get(push).account().equals(decision.user.key)
                        && !standsForAnother(push)) {
                    differences.add(what + " should not be owed to " + push.device() + ", but " + decision.state);
                }
            }
        }
    }

    /** Whether nobody waits for anything any more: says what was forgotten. */
    List<String> unfinished() {
        List<String> forgotten = new ArrayList<>();
        for (Decision decision : decisions.values()) {
            if (decision.state == State.HELD && !decision.tainted) {
                forgotten.add(decision.event + " is held for ever");
            }
            if (decision.state == State.PUSHED && !decision.tainted) {
                Decided carrier = disk.standingFor(decision.key());
                for (DeviceAddress device : decision.devices) {
                    PushKey push = disk.standingFor(new PushKey(carrier.event(), device));
                    if (!disk.settled.containsKey(push)) {
                        forgotten.add(decision.event + " to " + device + " never ended");
                    }
                }
            }
        }
        return forgotten;
    }

    int tainted() {
        return tainted;
    }

    int decided() {
        return decisions.size();
    }
}
