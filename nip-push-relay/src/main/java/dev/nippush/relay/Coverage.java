package dev.nippush.relay;

import dev.nippush.account.Interest;
import dev.nippush.event.PublicKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which accounts one connection has caught up with: those for whom every subscription has had its EOSE and its pages, or had
 * time enough for them. An account is served by several, and only the last of them ends what the relay had stored for it.
 * Where some of them bring gift wraps, these alone are waited for: it is gift wraps of which an EOSE says whether they are
 * old, and one that comes in while another subscription still reads would be taken for an old one. Apart from that it knows
 * for whom all that was stored was really read. Safe for use by any number of threads.
 */
final class Coverage {

    private static final class Entry {
        Interest interest;
        final List<Subscription> waiting = new ArrayList<>(3);
        final List<Subscription> unread = new ArrayList<>(3);
        private boolean getsWraps;

        Entry(Interest interest) {
            this.interest = interest;
        }

        void waitFor(Subscription subscription) {
            if (subscription.bringsWraps() && !getsWraps) {
                getsWraps = true;
                waiting.clear();
            }
            if (subscription.bringsWraps() == getsWraps) {
                waiting.add(subscription);
            }
        }
    }

    private final Map<PublicKey, Entry> entries = new HashMap<>();

    /**
     * Takes a change of the plan.
     *
     * @param interests what the accounts that changed want now; empty for nothing
     * @param added subscriptions about to be sent
     * @param removed subscriptions that others take the place of
     * @return those of the accounts concerned that wait for no EOSE, with what was asked for them
     */
    synchronized Map<PublicKey, Interest> change(
            Map<PublicKey, Optional<Interest>> interests,
            Collection<Subscription> added,
            Collection<Subscription> removed) {
        interests.forEach((account, interest) -> {
            if (interest.isEmpty()) {
                entries.remove(account);
            } else {
                entries.computeIfAbsent(account, unknown -> new Entry(interest.get())).interest = interest.get();
            }
        });
        for (Subscription subscription : added) {
            for (PublicKey account : subscription.accounts) {
                Entry entry = entries.get(account);
                if (entry != null) {
                    entry.waitFor(subscription);
                    entry.unread.add(subscription);
                }
            }
        }
        Map<PublicKey, Interest> ready = new HashMap<>();
        for (Subscription subscription : removed) {
            notUnread(subscription, subscription.accounts);
            passed(subscription, subscription.accounts, ready);
        }
        for (PublicKey account : interests.keySet()) {
            Entry entry = entries.get(account);
            if (entry != null && entry.waiting.isEmpty()) {
                ready.put(account, entry.interest);
            }
        }
        return ready;
    }

    /** All came that the relay had stored; returns the accounts for whom it was the last to wait for. */
    synchronized Map<PublicKey, Interest> read(Subscription subscription) {
        return read(subscription, subscription.accounts);
    }

    /** Its EOSE came, but pages follow for those who are behind; returns the others for whom it was the last to wait for. */
    synchronized Map<PublicKey, Interest> readButForPages(Subscription subscription) {
        Set<PublicKey> others = new HashSet<>(subscription.accounts);
        others.removeAll(subscription.behind);
        return read(subscription, others);
    }

    private Map<PublicKey, Interest> read(Subscription subscription, Set<PublicKey> accounts) {
        Map<PublicKey, Interest> ready = new HashMap<>();
        notUnread(subscription, accounts);
        passed(subscription, accounts, ready);
        return ready;
    }

    /** It is not waited for any longer; returns the accounts for whom it was the last to wait for. */
    synchronized Map<PublicKey, Interest> late(Subscription subscription) {
        Map<PublicKey, Interest> ready = new HashMap<>();
        passed(subscription, subscription.accounts, ready);
        return ready;
    }

    /** The relay does not serve it at all: there is nothing to be read from it. */
    synchronized void refused(Subscription subscription) {
        notUnread(subscription, subscription.accounts);
    }

    /** The relay does not serve it now: what is stored from here on has to be asked for. */
    synchronized void lost(Subscription subscription) {
        for (PublicKey account : subscription.accounts) {
            Entry entry = entries.get(account);
            if (entry != null && !entry.unread.contains(subscription)) {
                entry.unread.add(subscription);
            }
        }
    }

    private void notUnread(Subscription subscription, Set<PublicKey> accounts) {
        for (PublicKey account : accounts) {
            Entry entry = entries.get(account);
            if (entry != null) {
                entry.unread.remove(subscription);
            }
        }
    }

    private void passed(Subscription subscription, Set<PublicKey> accounts, Map<PublicKey, Interest> ready) {
        for (PublicKey account : accounts) {
            Entry entry = entries.get(account);
            // An account that came back has other subscriptions to wait for than before.
            if (entry != null && entry.waiting.remove(subscription) && entry.waiting.isEmpty()) {
                ready.put(account, entry.interest);
            }
        }
    }

    /** Says whether all that the relay had stored for the account was read. */
    synchronized boolean isRead(PublicKey account) {
        Entry entry = entries.get(account);
        return entry != null && entry.unread.isEmpty();
    }
}
