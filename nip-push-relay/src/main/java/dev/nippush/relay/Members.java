package dev.nippush.relay;

import dev.nippush.account.Interest;
import dev.nippush.event.PublicKey;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who wants something from one relay, and up to when that relay was read for each of them, on this connection and on those
 * before it. For the pool's thread.
 */
final class Members {

    private static final class Member {
        final Interest interest;
        // On connections that are over, or on this one when it was last looked at.
        Instant readUpTo;
        // No REQ was sent for it yet.
        boolean fresh = true;

        Member(Interest interest, Instant readUpTo) {
            this.interest = interest;
            this.readUpTo = readUpTo;
        }
    }

    private final Optional<Instant> readBefore;
    private final Map<PublicKey, Member> members = new HashMap<>();

    /**
     * Begins with nobody.
     *
     * @param readBefore up to when the relay was read before this process began
     */
    Members(Optional<Instant> readBefore) {
        this.readBefore = readBefore;
    }

    /** Takes what an account wants from now on; null for nothing. */
    void put(PublicKey account, @Nullable Interest wanted, @Nullable Connection on) {
        if (wanted == null) {
            members.remove(account);
            return;
        }
        Instant began = wanted.began();
        Member before = members.get(account);
        if (before == null) {
            members.put(
                    account,
                    new Member(wanted, readBefore.filter(began::isBefore).orElse(began)));
            return;
        }
        boolean anew = !began.equals(before.interest.began());
        Instant readUpTo = on == null ? before.readUpTo : readUpTo(account, before, on, on.readUpTo());
        // One that begins anew may still have gift wraps to get from before.
        Member after = new Member(wanted, anew && began.isBefore(readUpTo) ? began : readUpTo);
        after.fresh = anew || before.fresh;
        members.put(account, after);
    }

    int size() {
        return members.size();
    }

    boolean isEmpty() {
        return members.isEmpty();
    }

    /** What each wants. */
    Map<PublicKey, Optional<Interest>> interests() {
        Map<PublicKey, Optional<Interest>> interests = new HashMap<>();
        members.forEach((account, member) -> interests.put(account, Optional.of(member.interest)));
        return interests;
    }

    /** A REQ is sent for all that these want. */
    void asked(Collection<PublicKey> accounts) {
        for (PublicKey account : accounts) {
            Member member = members.get(account);
            if (member != null) {
                member.fresh = false;
            }
        }
    }

    /** Those of them that want something, and for whom the relay was not read up to now. */
    Set<PublicKey> behind(Collection<PublicKey> accounts, Connection on) {
        Set<PublicKey> behind = new HashSet<>();
        for (PublicKey account : accounts) {
            Member member = members.get(account);
            if (member != null && isBehind(account, member, on)) {
                behind.add(account);
            }
        }
        return behind;
    }

    /** Up to when the relay was read for all of them that want something; kept beyond this connection. */
    Instant readUpTo(Collection<PublicKey> accounts, Connection on) {
        Instant now = on.readUpTo();
        Instant upTo = now;
        for (PublicKey account : accounts) {
            Member member = members.get(account);
            if (member != null) {
                Instant its = readUpTo(account, member, on, now);
                upTo = its.isBefore(upTo) ? its : upTo;
            }
        }
        return upTo;
    }

    /** Up to when the relay was read for everybody; to be called before a connection is forgotten. */
    Instant readUpTo(Connection on) {
        return readUpTo(members.keySet(), on);
    }

    private static boolean isBehind(PublicKey account, Member member, Connection on) {
        return member.fresh || !on.coverage.isRead(account);
    }

    private static Instant readUpTo(PublicKey account, Member member, Connection on, Instant now) {
        if (now.isAfter(member.readUpTo) && !isBehind(account, member, on)) {
            member.readUpTo = now;
        }
        return member.readUpTo;
    }
}
