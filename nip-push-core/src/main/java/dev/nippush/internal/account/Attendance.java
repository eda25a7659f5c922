package dev.nippush.internal.account;

import static java.util.Objects.requireNonNull;

import dev.nippush.event.PublicKey;
import dev.nippush.internal.commit.Committer;
import dev.nippush.internal.presence.Presence;
import dev.nippush.time.EngineTime;
import dev.nippush.time.Stamp;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.stream.Stream;

/**
 * Who is there: moves the presence of accounts on, by what their clients say and by silence, and does with what is held as
 * that asks. Belongs to the shard's lane.
 */
final class Attendance {

    private final AccountRules rules;
    private final Executor lane;
    private final Committer committer;
    private final EngineTime time;
    private final Pushing pushing;
    private final ShardOutlets outlets;

    private final Set<AccountState> holding = new LinkedHashSet<>();
    private OptionalLong deafSince = OptionalLong.empty();
    private boolean stopped;

    Attendance(
            AccountRules rules,
            Executor lane,
            Committer committer,
            EngineTime time,
            Pushing pushing,
            ShardOutlets outlets) {
        this.rules = requireNonNull(rules);
        this.lane = requireNonNull(lane);
        this.committer = requireNonNull(committer);
        this.time = requireNonNull(time);
        this.pushing = requireNonNull(pushing);
        this.outlets = requireNonNull(outlets);
    }

    /** Takes an account that was ONLINE before this start: when it was heard last is only known to about an hour. */
    void restore(AccountState state, Stamp now) {
        Duration forgettable = AccountRules.ALIVE_STORED_EVERY.plus(rules.heartbeatTimeout());
        boolean recently = state.account
                .lastSeen()
                .aliveAt()
                .filter(alive -> alive.plus(forgettable).isAfter(now.instant()))
                .isPresent();
        if (state.account.lastSeen().online() && recently) {
            state.provedUntil = now.nanos() + rules.heartbeatTimeout().toNanos();
            state.presence = new Presence.Online(state.provedUntil);
        }
    }

    /** What a heartbeat, or an offline, says. */
    Presence.Input said(boolean online, long createdAt, Stamp at) {
        long alive = aliveUntil(createdAt, at);
        if (!online) {
            return new Presence.WentOffline(alive);
        }
        long newest = AccountRules.HEARTBEAT_INTERVAL.plusSeconds(createdAt).toMillis();
        long from = newest < at.wallMillis() ? at.nanosAt(newest) : at.nanos();
        return new Presence.Heartbeat(from + rules.heartbeatTimeout().toNanos(), alive);
    }

    /** A message shows its sender alive until the end of its second, or until it came. */
    static long aliveUntil(long createdAt, Stamp at) {
        long endOfSecond = Math.multiplyExact(Math.addExact(createdAt, 1L), 1_000L) - 1;
        return endOfSecond < at.wallMillis() ? at.nanosAt(endOfSecond) : at.nanos();
    }

    /** Moves an account on, with all that follows. */
    void enter(AccountState state, Presence.Input input, Stamp at, Work work) {
        boolean wasOnline = state.isOnline();
        Presence.Transition transition = Presence.on(state.presence, input, at.nanos());
        state.presence = transition.next();
        if (input instanceof Presence.Heartbeat && state.presence instanceof Presence.Online online) {
            state.provedUntil = online.deadline();
        }
        PublicKey account = state.account.pubkey();
        if (transition.dropUpTo().isPresent()) {
            int dropped = state.held.dropUpTo(transition.dropUpTo().getAsLong(), work);
            if (dropped > 0) {
                work.output(() -> outlets.dropped(account, dropped));
            }
        }
        switch (transition.rest()) {
            case STAYS -> {}
            case IS_PUSHED -> pushing.pushHeld(state, at, work);
            case IS_CANCELLED -> state.held.drop(work);
        }
        if (wasOnline != state.isOnline()) {
            boolean online = state.isOnline();
            work.output(() -> outlets.presenceChanged(account, online));
        }
    }

    /** Lets a deadline pass whose time has come, though its timer did not run yet. */
    void passTime(AccountState state, Stamp at, Work work) {
        OptionalLong deadline = effectiveDeadline(state);
        if (deadline.isEmpty() || deadline.getAsLong() - at.nanos() > 0) {
            return;
        }
        if (state.timer != null && at.nanos() - deadline.getAsLong() > AccountRules.STALL.toNanos()) {
            standsStill(state, at, work);
        } else {
            enter(state, new Presence.TimePassed(), at, work);
        }
    }

    /** A timer is late: the machine stood still, and heartbeats may wait unread in the sockets. */
    private void standsStill(AccountState state, Stamp at, Work work) {
        enter(state, new Presence.HearsAgain(hearsAgainUntil(state, at)), at, work);
    }

    /** From when on silence counts: while the server is deaf it proves nothing, for a time. */
    private OptionalLong effectiveDeadline(AccountState state) {
        if (!(state.presence instanceof Presence.Online online)) {
            return OptionalLong.empty();
        }
        if (deafSince.isPresent() && online.deadline() - deafSince.getAsLong() > 0) {
            long patience = earlier(
                    deafSince.getAsLong() + AccountRules.DEAF_PATIENCE.toNanos(), longestWithoutHeartbeat(state));
            return OptionalLong.of(patience - online.deadline() > 0 ? patience : online.deadline());
        }
        return OptionalLong.of(online.deadline());
    }

    /** One full timeout from now, but however often the server goes deaf, not for ever. */
    private long hearsAgainUntil(AccountState state, Stamp at) {
        return earlier(at.nanos() + rules.heartbeatTimeout().toNanos(), longestWithoutHeartbeat(state));
    }

    private long longestWithoutHeartbeat(AccountState state) {
        return state.provedUntil
                + AccountRules.DEAF_PATIENCE.toNanos()
                + rules.heartbeatTimeout().toNanos();
    }

    private static long earlier(long one, long other) {
        return one - other <= 0 ? one : other;
    }

    /**
     * The server hears its clients, or does not.
     *
     * @param everybody of whom the shard knows
     */
    void hearing(boolean hearing, Stream<AccountState> everybody, Stamp at) {
        if (hearing == deafSince.isEmpty()) {
            return;
        }
        if (!hearing) {
            deafSince = OptionalLong.of(at.nanos());
        } else {
            everybody.forEach(state -> hearsAgain(state, at));
            deafSince = OptionalLong.empty();
        }
        List.copyOf(holding).forEach(state -> watch(state, at.nanos()));
    }

    private void hearsAgain(AccountState state, Stamp at) {
        Work work = new Work();
        passTime(state, at, work);
        enter(state, new Presence.HearsAgain(hearsAgainUntil(state, at)), at, work);
        work.commit(committer);
    }

    /** Lets no more deadlines pass: what is held stays in the store, for the next start. */
    void stop() {
        stopped = true;
        holding.forEach(AccountState::cancelTimer);
    }

    /** Sets the timer of an account that holds events, and stops that of one that does not. */
    void watch(AccountState state, long now) {
        state.cancelTimer();
        if (stopped) {
            return;
        }
        if (state.held.isEmpty()) {
            holding.remove(state);
            return;
        }
        holding.add(state);
        OptionalLong deadline = effectiveDeadline(state);
        if (deadline.isPresent()) {
            long due = deadline.getAsLong();
            state.timer = time.schedule(
                    Duration.ofNanos(Math.max(0, due - now)), () -> lane.execute(() -> deadlinePassed(state, due)));
        }
    }

    private void deadlinePassed(AccountState state, long due) {
        if (stopped) {
            return;
        }
        Stamp at = time.stamp();
        Work work = new Work();
        if (at.nanos() - due > AccountRules.STALL.toNanos()) {
            standsStill(state, at, work);
        } else {
            passTime(state, at, work);
        }
        work.commit(committer);
        watch(state, at.nanos());
    }
}
