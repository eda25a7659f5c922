package dev.nippush.relay;

import dev.nippush.account.Interest;
import dev.nippush.event.PublicKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which accounts one connection has caught up with: those for whom every subscription has had its EOSE, or had time enough
 * for it. An account is served by several, and only the last EOSE ends what the relay had stored for it. Where some of them
 * bring gift wraps, these alone are waited for: it is gift wraps of which an EOSE says whether they are old, and one that
 * comes in while another subscription still reads would be taken for an old one. Apart from that it knows for whom all that
 * was stored was really read. Safe for use by any number of threads.
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
            read(subscription);
            passed(subscription, ready);
        }
        for (PublicKey account : interests.keySet()) {
            Entry entry = entries.get(account);
            if (entry != null && entry.waiting.isEmpty()) {
                ready.put(account, entry.interest);
            }
        }
        return ready;
    }

    /** Takes an EOSE, and returns the accounts that it was the last one for. */
    synchronized Map<PublicKey, Interest> eose(Subscription subscription) {
        read(subscription);
        return late(subscription);
    }

    /** An EOSE is not waited for any longer; returns the accounts that it was the last one for. */
    synchronized Map<PublicKey, Interest> late(Subscription subscription) {
        Map<PublicKey, Interest> ready = new HashMap<>();
        passed(subscription, ready);
        return ready;
    }

    /** The relay refuses a subscription: there is nothing to be read from it. */
    synchronized void refused(Subscription subscription) {
        read(subscription);
    }

    private void read(Subscription subscription) {
        for (PublicKey account : subscription.accounts) {
            Entry entry = entries.get(account);
            if (entry != null) {
                entry.unread.remove(subscription);
            }
        }
    }

    private void passed(Subscription subscription, Map<PublicKey, Interest> ready) {
        for (PublicKey account : subscription.accounts) {
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
