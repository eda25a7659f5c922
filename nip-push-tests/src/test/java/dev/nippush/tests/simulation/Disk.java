package dev.nippush.tests.simulation;

import dev.nippush.account.Account;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Change;
import dev.nippush.store.Ending;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.InMemoryPushStore;
import dev.nippush.store.OwedPush;
import dev.nippush.store.PushKey;
import dev.nippush.store.PushStore.Committed;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What is on disk, and how it came there: the changes that landed, in order. It outlives every process. */
final class Disk {

    final InMemoryPushStore rows = new InMemoryPushStore();

    final Map<PublicKey, Account> accounts = new LinkedHashMap<>();
    final Map<Decided, HeldEvent> held = new LinkedHashMap<>();
    final Set<Decided> decided = new HashSet<>();
    /** Every push that was ever owed. */
    final Map<PushKey, OwedPush> owed = new LinkedHashMap<>();

    final Map<PushKey, Ending> settled = new HashMap<>();
    /** From what was folded into another push to that one. */
    final Map<PushKey, PushKey> foldedPushes = new HashMap<>();

    final Map<Decided, Decided> foldedHolds = new HashMap<>();
    /** Settled as folded, but nothing that stands for it has landed. */
    final Map<PushKey, Integer> foldedIntoNothing = new LinkedHashMap<>();

    final Map<String, PushKey> byCollapseKey = new HashMap<>();
    final Map<RelayUrl, Instant> cursors = new LinkedHashMap<>();

    /** An event, for an account. */
    record Decided(PublicKey account, EventId event) {}

    /** Notes what a commit changed; returns what it should not have. */
    List<String> landed(List<Change> changes, Committed committed, Watcher watcher) {
        List<String> wrong = new ArrayList<>();
        List<Decided> released = new ArrayList<>();
        for (int i = 0; i < changes.size(); i++) {
            if (!committed.made(i)) {
                continue;
            }
            Change change = changes.get(i);
            if (change instanceof Change.SaveAccount save) {
                accounts.put(save.account().pubkey(), save.account());
            } else if (change instanceof Change.DropAccount drop) {
                accounts.remove(drop.account());
            } else if (change instanceof Change.Hold hold) {
                Decided key = new Decided(hold.held().account(), hold.held().event());
                held.put(key, hold.held());
                decided.add(key);
                released.clear();
            } else if (change instanceof Change.Rehold rehold) {
                Decided key = new Decided(rehold.held().account(), rehold.held().event());
                held.put(key, rehold.held());
                // What was released right before it is folded into it.
                released.forEach(each -> foldedHolds.put(each, key));
                released.clear();
            } else if (change instanceof Change.Release release) {
                Decided key = new Decided(release.account(), release.event());
                held.remove(key);
                released.add(key);
            } else if (change instanceof Change.Ignore ignore) {
                decided.add(new Decided(ignore.account(), ignore.event()));
            } else if (change instanceof Change.Owe owe) {
                Decided key = new Decided(owe.account(), owe.event());
                held.remove(key);
                decided.add(key);
                for (OwedPush push : owe.pushes()) {
                    if (committed.made(i, push.key())) {
                        owe(push, wrong);
                    }
                }
            } else if (change instanceof Change.Retry retry) {
                retry(retry.push(), wrong);
            } else if (change instanceof Change.Settle settle) {
                settled.put(settle.key(), settle.ending());
                if (settle.ending() == Ending.FOLDED) {
                    foldedIntoNothing.put(settle.key(), owed.get(settle.key()).count());
                }
                watcher.settled(owed.get(settle.key()), settle.ending());
            } else if (change instanceof Change.Cursor cursor) {
                cursors.put(cursor.relay(), cursor.upTo());
                watcher.read(cursor.relay(), cursor.upTo());
            } else {
                throw new AssertionError(change);
            }
        }
        return wrong;
    }

    /** Sees what lands. */
    interface Watcher {

        /** A push ended. */
        void settled(OwedPush push, Ending ending);

        /** A relay counts as read from now on. */
        void read(RelayUrl relay, Instant upTo);

        /** Something landed that should not have. */
        void wrong(String what);
    }

    private void owe(OwedPush push, List<String> wrong) {
        owed.put(push.key(), push);
        PushKey other = byCollapseKey.put(push.message().collapseKey(), push.key());
        if (other != null && !other.equals(push.key())) {
            wrong.add("two pushes have one collapse key");
        }
    }

    private void retry(OwedPush push, List<String> wrong) {
        OwedPush before = owed.put(push.key(), push);
        if (before == null
                || !before.message().collapseKey().equals(push.message().collapseKey())) {
            wrong.add("a retry has another collapse key than the first attempt");
        } else if (push.count() > before.count()) {
            int more = push.count() - before.count();
            for (PushKey each : List.copyOf(foldedIntoNothing.keySet())) {
                if (each.device().equals(push.message().address()) && more >= foldedIntoNothing.get(each)) {
                    more -= foldedIntoNothing.remove(each);
                    foldedPushes.put(each, push.key());
                }
            }
        }
    }

    /** The push that stands for this one in the end: itself, if it was not folded. */
    PushKey standingFor(PushKey push) {
        PushKey at = push;
        while (foldedPushes.containsKey(at)) {
            at = foldedPushes.get(at);
        }
        return at;
    }

    /** The event whose hold or push stands for this one in the end: itself, if it was not folded. */
    Decided standingFor(Decided event) {
        Decided at = event;
        while (foldedHolds.containsKey(at)) {
            at = foldedHolds.get(at);
        }
        return at;
    }
}
