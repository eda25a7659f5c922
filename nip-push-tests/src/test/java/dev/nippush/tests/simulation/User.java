package dev.nippush.tests.simulation;

import dev.nippush.address.DeviceAddress;
import dev.nippush.event.PublicKey;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An account as it should be: its registration, its marks, its presence. */
final class User {

    final PublicKey key;

    @Nullable
    Reg reg;

    Mark registrationMark = Mark.NONE;
    Mark presenceMark = Mark.NONE;
    /** The part of the presence mark that a crash must not undo. */
    Mark safePresenceMark = Mark.NONE;

    boolean online;
    /** On the monotonic clock. */
    long deadline;
    /** Where the deadline would be if the server had never been deaf. */
    long provedUntil;
    /** Whether it ever registered: before that nothing of it is kept. */
    boolean known;

    boolean storedOnline;
    /** On the wall clock. */
    long storedAliveAt;
    /** A device of it was taken away, and the engine may not have got that far everywhere. */
    boolean inLimbo;
    /** What it had before that. */
    @Nullable
    Reg regBeforeLimbo;
    /** Which devices that were. */
    final Set<DeviceAddress> takenAway = new HashSet<>();
    /** The states since the disk was last known to have everything. */
    final List<Snapshot> snapshots = new ArrayList<>();

    final List<Decision> decisions = new ArrayList<>();

    User(PublicKey key) {
        this.key = key;
    }

    /** Whether messages of it were taken whose outcome is not known. */
    boolean awaitsAnswers() {
        return snapshots.stream().anyMatch(each -> !each.answered);
    }

    List<Decision> held() {
        return decisions.stream()
                .filter(each -> each.state == Decision.State.HELD)
                .toList();
    }

    /** What of a user survives once the message that made it so was answered. */
    static final class Snapshot {
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

        void restore(User to) {
            to.reg = reg == null ? null : new Reg(reg);
            to.registrationMark = registrationMark;
            to.presenceMark = presenceMark;
            to.safePresenceMark = safePresenceMark;
            to.online = online;
            to.deadline = deadline;
            to.known = known;
            to.storedOnline = storedOnline;
            to.storedAliveAt = storedAliveAt;
        }
    }
}
