package dev.nippush.internal.account;

import static java.util.Objects.requireNonNull;

import dev.nippush.account.Account;
import dev.nippush.account.Device;
import dev.nippush.account.Inboxes;
import dev.nippush.account.Interest;
import dev.nippush.account.LastSeen;
import dev.nippush.account.Mark;
import dev.nippush.account.Marks;
import dev.nippush.account.Registration;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.ControlMessage;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.event.EventId;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.internal.commit.Committer;
import dev.nippush.internal.match.DeviceOwners;
import dev.nippush.internal.match.MatchIndex;
import dev.nippush.internal.presence.Presence;
import dev.nippush.internal.run.RecentMap;
import dev.nippush.store.Change;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.PushKey;
import dev.nippush.time.EngineTime;
import dev.nippush.time.Stamp;
import dev.nippush.transport.Notification;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The only writer of its accounts. It decides, once per account and event, whether an event is pushed, held or history,
 * and carries out control messages. State changes at once; what others see of it waits for the disk.
 *
 * <p>All methods are called in the shard's lane, unless they say otherwise.
 */
public final class AccountShard {

    private static final int MAX_STRANGERS = 1_024;
    private static final int RECENT_DECISIONS = 4_096;

    private final AccountRules rules;
    private final Committer committer;
    private final DeviceOwners owners;
    private final Function<DeviceAddress, Optional<Privacy>> allowed;
    private final Predicate<RelayUrl> dialable;
    private final ShardOutlets outlets;
    private final Registrations registrations;
    private final Pushing pushing;
    private final Attendance attendance;

    private final ConcurrentMap<PublicKey, AccountState> accounts = new ConcurrentHashMap<>();
    private final RecentMap<PublicKey, AccountState> strangers = new RecentMap<>(MAX_STRANGERS);
    private final RecentMap<Decision, Boolean> decided = new RecentMap<>(RECENT_DECISIONS);

    private record Decision(PublicKey account, EventId event) {}

    /** What became of an event among the accounts of one shard. */
    public record Tally(int taken, int wanted) {

        /** No account wants it. */
        public static final Tally NONE = new Tally(0, 0);

        public Tally plus(Tally other) {
            return new Tally(taken + other.taken, wanted + other.wanted);
        }
    }

    /**
     * Makes an empty shard.
     *
     * @param allowed how much the provider of a device may learn; empty where no transport serves it: it stays registered
     *     and is owed nothing
     * @param dialable whether a relay that an account reads may be connected to
     */
    public AccountShard(
            AccountRules rules,
            Executor lane,
            Committer committer,
            EngineTime time,
            MatchIndex index,
            DeviceOwners owners,
            Function<DeviceAddress, Optional<Privacy>> allowed,
            Predicate<RelayUrl> dialable,
            Composing composing,
            ShardOutlets outlets) {
        this.rules = requireNonNull(rules);
        this.committer = requireNonNull(committer);
        this.owners = requireNonNull(owners);
        this.allowed = requireNonNull(allowed);
        this.dialable = requireNonNull(dialable);
        this.outlets = requireNonNull(outlets);
        this.registrations = new Registrations(rules, index, owners, outlets);
        this.pushing = new Pushing(rules, committer, composing, outlets);
        this.attendance = new Attendance(rules, lane, committer, time, pushing, outlets);
    }

    /** How far an account's messages were applied, as far as is known without waiting. Called on any thread. */
    public Marks marks(PublicKey sender) {
        AccountState state = accounts.get(sender);
        return state == null ? Marks.NONE : state.account.marks();
    }

    // ---- what was known before

    /** Takes an account that was read from the store. */
    public void restore(Account account, Stamp now) {
        AccountState state = new AccountState(account);
        accounts.put(account.pubkey(), state);
        account.registration().ifPresent(registration -> registrations.restore(account.pubkey(), registration));
        attendance.restore(state, now);
    }

    /** Takes a held event that was read from the store, after its account. */
    public void restore(HeldEvent event, Stamp now) {
        AccountState state = accounts.get(event.account());
        decided.put(new Decision(event.account(), event.event()), true);
        List<DeviceAddress> devices = event.devices().stream()
                .filter(device -> owners.owned(event.account(), device, event.receivedAt()))
                .toList();
        if (state == null || devices.isEmpty()) {
            Work work = new Work();
            work.write(new Change.Release(event.account(), event.event()));
            work.commit(committer);
            return;
        }
        state.held.restore(
                new HeldEvent(
                        event.account(),
                        event.event(),
                        event.count(),
                        event.receivedAt(),
                        event.expiresAt(),
                        event.notification(),
                        devices),
                now.nanosAt(event.receivedAt().toEpochMilli()));
    }

    /** Begins to work, after everything was restored: tells the relays, and pushes what was held for too long. */
    public void begin(Stamp now) {
        for (AccountState state : accounts.values()) {
            Work work = new Work();
            state.registration()
                    .ifPresent(registration -> registrations.ask(state.account.pubkey(), registration, work));
            if (!state.held.isEmpty() && !state.isOnline()) {
                pushing.pushHeld(state, now, work);
            }
            attendance.watch(state, now.nanos());
            work.commit(committer);
        }
    }

    // ---- control messages

    /**
     * Carries out a control message that was proved to be the sender's.
     *
     * @param at when the door saw it
     * @param done hears what became of it, when that is on disk
     */
    public void control(PublicKey sender, long createdAt, ControlMessage message, Stamp at, Consumer<Outcome> done) {
        AccountState state = accounts.get(sender);
        if (state == null) {
            state = strangers.computeIfAbsent(sender, key -> new AccountState(Account.unknown(key)));
        }
        Work work = new Work();
        attendance.passTime(state, at, work);
        Account before = state.account;
        boolean wasOnline = state.isOnline();
        Optional<Refusal> refusal = apply(state, createdAt, message, at, work);
        if (refusal.isEmpty()) {
            state.account = state.account.with(lastSeen(state, wasOnline, at));
            save(before, state, work);
            work.output(() -> outlets.controlApplied(sender, message));
        }
        attendance.watch(state, at.nanos());
        Outcome outcome = refusal.<Outcome>map(Outcome.Refused::new).orElseGet(Outcome.Applied::new);
        work.output(() -> done.accept(outcome));
        work.commit(committer);
    }

    private Optional<Refusal> apply(AccountState state, long createdAt, ControlMessage message, Stamp at, Work work) {
        if (message instanceof ControlMessage.Settings settings) {
            return settings(state, createdAt, settings, at, work);
        }
        if (message instanceof ControlMessage.Logout logout) {
            return logout(state, createdAt, logout, at, work);
        }
        boolean online = message instanceof ControlMessage.Heartbeat;
        Mark mark = online ? Marks.weak(createdAt) : Marks.strong(createdAt);
        if (state.account.marks().presence().outdates(mark)) {
            return Optional.of(Refusal.OUT_OF_ORDER);
        }
        state.account = state.account.with(state.account.marks().withPresence(mark));
        attendance.enter(state, attendance.said(online, createdAt, at), at, work);
        return Optional.empty();
    }

    private Optional<Refusal> settings(
            AccountState state, long createdAt, ControlMessage.Settings settings, Stamp at, Work work) {
        Marks marks = state.account.marks();
        Mark registrationMark = Marks.weak(createdAt);
        boolean registers = !marks.registration().outdates(registrationMark);
        Optional<Mark> presenceMark = settings.online()
                .map(online -> online ? Marks.weak(createdAt) : Marks.strong(createdAt))
                .filter(mark -> !marks.presence().outdates(mark));
        if (!registers && presenceMark.isEmpty()) {
            return Optional.of(Refusal.OUT_OF_ORDER);
        }
        if (registers) {
            Optional<Refusal> refusal = register(state, settings, at, work);
            if (refusal.isPresent()) {
                return refusal;
            }
            state.account = state.account.with(state.account.marks().withRegistration(registrationMark));
        }
        if (presenceMark.isPresent()) {
            state.account = state.account.with(state.account.marks().withPresence(presenceMark.get()));
            attendance.enter(state, attendance.said(settings.online().orElseThrow(), createdAt, at), at, work);
        } else {
            attendance.enter(state, new Presence.SignOfLife(Attendance.aliveUntil(createdAt, at)), at, work);
        }
        return Optional.empty();
    }

    private Optional<Refusal> register(AccountState state, ControlMessage.Settings settings, Stamp at, Work work) {
        PublicKey account = state.account.pubkey();
        Optional<Registration> before = state.registration();
        Registration after = before.map(known -> known.with(settings, at.instant(), rules.maxDevices()))
                .orElseGet(() -> Registration.first(account, settings, at.instant(), rules.maxDevices()));
        if (settings.device().isPresent()) {
            Device device = after.device(settings.device().get()).orElseThrow();
            DeviceOwners.Claim claim = owners.claim(account, device);
            if (!(claim instanceof DeviceOwners.Claim.Granted granted)) {
                return Optional.of(Refusal.BAD_DEVICE);
            }
            for (PublicKey former : granted.displaced()) {
                work.output(() -> outlets.displaced(former, device.address()));
            }
            work.output(() -> outlets.registered(device.address()));
        }
        accounts.put(account, state);
        strangers.remove(account);
        registrations.change(state, Optional.of(after), work);
        return Optional.empty();
    }

    private Optional<Refusal> logout(
            AccountState state, long createdAt, ControlMessage.Logout logout, Stamp at, Work work) {
        Mark mark = Marks.strong(createdAt);
        if (state.account.marks().registration().outdates(mark)) {
            return Optional.of(Refusal.OUT_OF_ORDER);
        }
        state.account = state.account.with(state.account.marks().withRegistration(mark));
        if (logout.device().isPresent()) {
            registrations.change(
                    state,
                    state.registration().map(of -> of.without(logout.device().get())),
                    work);
            attendance.enter(state, new Presence.SignOfLife(Attendance.aliveUntil(createdAt, at)), at, work);
        } else {
            if (state.account.marks().presence().outdates(mark)) {
                // A younger heartbeat has come already: its presence stands, for the settings that may follow.
                state.held.drop(work);
            } else {
                state.account = state.account.with(state.account.marks().withPresence(mark));
                attendance.enter(state, new Presence.Logout(), at, work);
            }
            registrations.change(state, Optional.empty(), work);
        }
        // Kept for its marks: an older settings message that is still under way must not register again.
        accounts.put(state.account.pubkey(), state);
        strangers.remove(state.account.pubkey());
        return Optional.empty();
    }

    // ---- registrations

    /** Another account has registered the device. */
    public void displaced(PublicKey account, DeviceAddress device, Stamp at) {
        // It may have registered it again in the meantime.
        if (!owners.owns(account, device)) {
            remove(account, device, at);
        }
    }

    /**
     * A provider says that the device is gone.
     *
     * @param registeredBefore a newer registration stands
     */
    public void deviceGone(PublicKey account, DeviceAddress device, Instant registeredBefore, Stamp at) {
        Optional<Device> known = Optional.ofNullable(accounts.get(account))
                .flatMap(AccountState::registration)
                .flatMap(registration -> registration.device(device));
        if (known.filter(of -> of.registeredAt().isBefore(registeredBefore)).isPresent()) {
            remove(account, device, at);
        }
    }

    private void remove(PublicKey account, DeviceAddress device, Stamp at) {
        AccountState state = accounts.get(account);
        if (state == null
                || state.registration().flatMap(of -> of.device(device)).isEmpty()) {
            return;
        }
        Work work = new Work();
        registrations.change(state, state.registration().map(of -> of.without(device)), work);
        work.write(new Change.SaveAccount(state.account));
        work.commit(committer);
        attendance.watch(state, at.nanos());
    }

    /** A relay has sent what it had stored for an interest of the account. */
    public void caughtUp(PublicKey account, RelayUrl relay, Interest covered) {
        AccountState state = accounts.get(account);
        if (state == null || state.registration().isEmpty()) {
            return;
        }
        Registration registration = state.registration().get();
        // An EOSE that was on its way while the interest began anew says nothing of the new one.
        boolean current = !covered.began().isBefore(registration.wrapsBegan());
        if (current
                && registrations.asked(registration).contains(relay)
                && !registration.caughtUp().contains(relay)) {
            state.account = state.account.with(Optional.of(registration.caughtUpWith(relay)));
            Work work = new Work();
            work.write(new Change.SaveAccount(state.account));
            work.commit(committer);
        }
    }

    // ---- events

    /**
     * Decides on an event.
     *
     * @param candidates accounts of this shard that might want it
     * @param at when the door saw it
     * @param done hears what became of it, when that is on disk
     */
    public void event(
            NostrEvent event, Source source, Collection<PublicKey> candidates, Stamp at, Consumer<Tally> done) {
        Work work = new Work();
        AtomicInteger taken = new AtomicInteger();
        int wanted = 0;
        for (PublicKey account : candidates) {
            AccountState state = accounts.get(account);
            Optional<Registration> registration = state == null ? Optional.empty() : state.registration();
            if (registration.isEmpty()) {
                continue;
            }
            if (Inboxes.isList(event) && event.pubkey().equals(account)) {
                wanted++;
                learn(state, registration.get(), event, at, work, taken);
                continue;
            }
            if (!registration.get().wants(event, source, at.instant())) {
                continue;
            }
            // One that was taken over counts no more, though this shard may not have been told yet: a claim on it would
            // stand in the way of its new account.
            List<Device> devices = registration.get().devices().stream()
                    .filter(device -> owners.owns(account, device.address()))
                    .toList();
            if (devices.isEmpty()) {
                continue;
            }
            wanted++;
            if (decided.put(new Decision(account, event.id()), true) != null) {
                continue;
            }
            attendance.passTime(state, at, work);
            decide(state, registration.get(), devices, event, source, at, work, taken);
            attendance.watch(state, at.nanos());
        }
        int wantedBy = wanted;
        work.output(() -> done.accept(new Tally(taken.get(), wantedBy)));
        work.commit(committer);
    }

    /** The account says where it reads. */
    private void learn(
            AccountState state, Registration registration, NostrEvent list, Stamp at, Work work, AtomicInteger taken) {
        Inboxes known = registration.inboxes().with(list, dialable);
        if (known != registration.inboxes()) {
            registrations.change(state, Optional.of(registration.reading(known)), work);
            work.write(new Change.SaveAccount(state.account));
            taken.incrementAndGet();
            attendance.watch(state, at.nanos());
        }
    }

    private void decide(
            AccountState state,
            Registration registration,
            List<Device> owned,
            NostrEvent event,
            Source source,
            Stamp at,
            Work work,
            AtomicInteger taken) {
        PublicKey account = state.account.pubkey();
        List<DeviceAddress> devices = new ArrayList<>();
        Set<Privacy> levels = EnumSet.noneOf(Privacy.class);
        for (Device device : owned) {
            allowed.apply(device.address()).ifPresent(most -> {
                devices.add(device.address());
                levels.add(device.within(most));
            });
        }
        if (devices.isEmpty() || registration.isHistory(event, source, at.instant(), rules.hearsEose())) {
            work.write(new Change.Ignore(account, event.id(), at.instant()), written -> {
                if (written.made()) {
                    taken.incrementAndGet();
                }
            });
            return;
        }
        boolean stored = !source.live();
        HeldEvent news = pushing.news(registration, event, source, devices, levels, at);
        if (state.isOnline()) {
            state.held.hold(
                    news,
                    at.nanos(),
                    stored,
                    work,
                    committer::repeated,
                    count -> pushing.fold(account, count),
                    held -> {
                        if (held) {
                            taken.incrementAndGet();
                            outlets.held(account, event.id());
                        }
                        foldHeld(state);
                    });
        } else {
            pushing.owe(news, stored, at, work, taken::incrementAndGet);
        }
    }

    /** Folds what could not be folded before the store had it. */
    private void foldHeld(AccountState state) {
        PublicKey account = state.account.pubkey();
        Work work = new Work();
        if (state.held.foldDown(work, count -> pushing.fold(account, count))) {
            work.commit(committer);
        }
    }

    // ---- saving

    private static LastSeen lastSeen(AccountState state, boolean wasOnline, Stamp at) {
        LastSeen before = state.account.lastSeen();
        if (!state.isOnline()) {
            return wasOnline || before.online() ? before.offline() : before;
        }
        boolean fresh = before.online()
                && before.aliveAt()
                        .filter(alive ->
                                alive.plus(AccountRules.ALIVE_STORED_EVERY).isAfter(at.instant()))
                        .isPresent();
        return wasOnline && fresh ? before : LastSeen.online(at.instant());
    }

    /**
     * Saves what a crash must not undo. The mark of a heartbeat is not among it: to whom it is lost an older heartbeat
     * says nothing new. That of an offline is, or an older heartbeat would undo it.
     */
    private void save(Account before, AccountState state, Work work) {
        Account after = state.account;
        boolean changed = !before.marks().registration().equals(after.marks().registration())
                || !state.isOnline()
                        && !before.marks().presence().equals(after.marks().presence())
                || !before.registration().equals(after.registration())
                || !before.lastSeen().equals(after.lastSeen());
        if (changed && accounts.containsKey(after.pubkey())) {
            work.write(new Change.SaveAccount(after));
        }
    }

    // ---- all of them

    /** The server hears its clients, or does not. */
    public void hearing(boolean hearing, Stamp at) {
        attendance.hearing(hearing, Stream.concat(accounts.values().stream(), strangers.values().stream()), at);
    }

    /** Lets no more deadlines pass: what is held stays in the store, for the next start. */
    public void stop() {
        attendance.stop();
    }

    /**
     * Forgets the registrations of those who gave no sign of life for long, and the marks of senders without a registration
     * when they are of no use any more.
     */
    public void sweep(Stamp at) {
        long before = at.instant().minus(rules.freshness()).getEpochSecond();
        int forgotten = 0;
        for (Map.Entry<PublicKey, AccountState> each : accounts.entrySet()) {
            AccountState state = each.getValue();
            Work work = new Work();
            if (forgotten < AccountRules.FORGOTTEN_AT_ONCE && isSilent(state, at)) {
                // No timer runs for who holds nothing: nobody noticed yet that the last deadline has passed.
                attendance.passTime(state, at, work);
                if (!state.isOnline()) {
                    forgotten++;
                    forget(state, work);
                }
            }
            if (state.registration().isEmpty() && state.account.marks().newest() < before) {
                accounts.remove(each.getKey());
                work.write(new Change.DropAccount(each.getKey()));
            }
            work.commit(committer);
        }
    }

    /** Whether nothing was heard of a registered account for as long as registrations are kept. */
    private boolean isSilent(AccountState state, Stamp at) {
        Instant before = at.instant().minus(rules.retention());
        Account account = state.account;
        return state.registration()
                .filter(registration -> account.marks().newest() < before.getEpochSecond()
                        && account.lastSeen().aliveAt().stream().allMatch(before::isAfter)
                        && registration.devices().stream()
                                .map(Device::registeredAt)
                                .allMatch(before::isAfter))
                .isPresent();
    }

    private void forget(AccountState state, Work work) {
        PublicKey account = state.account.pubkey();
        state.held.drop(work);
        registrations.change(state, Optional.empty(), work);
        work.write(new Change.SaveAccount(state.account));
        work.output(() -> outlets.forgotten(account));
    }

    /** Makes what is shown, and the keys under which it is replaced. Safe for use by several threads. */
    public interface Composing {

        /**
         * What is shown for an event, with all that any of the levels needs.
         *
         * @param source where it came from, which decides what may be told of it
         * @param levels how much the providers of the account's devices may learn
         */
        Notification compose(NostrEvent event, PublicKey recipient, Source source, Set<Privacy> levels);

        Notification fold(int count, PublicKey recipient);

        String collapseKey(PushKey key);
    }
}
