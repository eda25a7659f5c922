package dev.nippush.internal.match;

import dev.nippush.account.Inboxes;
import dev.nippush.account.Interest;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * From the tags of an event to the accounts that might want it. It is a hint: it may name too many, never too few. An
 * event is looked up by its own tags, so the cost does not grow with the registrations that it does not match.
 *
 * <p>Any thread reads; one thread at a time writes for an account.
 */
public final class MatchIndex {

    private final ConcurrentMap<PublicKey, Set<PublicKey>> byKey = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, Set<PublicKey>> byReference = new ConcurrentHashMap<>();
    private final Set<PublicKey> accounts = ConcurrentHashMap.newKeySet();
    private final ConcurrentMap<Integer, Integer> accountsByKind = new ConcurrentHashMap<>();

    /** An account wants something else than before. */
    public void change(PublicKey account, Optional<Interest> before, Optional<Interest> after) {
        if (after.isPresent()) {
            accounts.add(account);
        } else {
            accounts.remove(account);
        }
        // Adding comes first, so that what stays is found at every moment.
        after.ifPresent(interest -> {
            interest.kinds().forEach(kind -> accountsByKind.merge(kind, 1, Integer::sum));
            interest.p().forEach(key -> add(byKey, key, account));
            interest.e().forEach(reference -> add(byReference, reference, account));
        });
        before.ifPresent(interest -> {
            interest.kinds().forEach(kind -> accountsByKind.computeIfPresent(kind, (any, n) -> n == 1 ? null : n - 1));
            interest.p().stream()
                    .filter(key -> after.filter(now -> now.p().contains(key)).isEmpty())
                    .forEach(key -> remove(byKey, key, account));
            interest.e().stream()
                    .filter(reference ->
                            after.filter(now -> now.e().contains(reference)).isEmpty())
                    .forEach(reference -> remove(byReference, reference, account));
        });
    }

    private static <K> void add(ConcurrentMap<K, Set<PublicKey>> index, K key, PublicKey account) {
        index.compute(key, (any, accounts) -> {
            Set<PublicKey> more = accounts == null ? ConcurrentHashMap.newKeySet(1) : accounts;
            more.add(account);
            return more;
        });
    }

    private static <K> void remove(ConcurrentMap<K, Set<PublicKey>> index, K key, PublicKey account) {
        index.computeIfPresent(key, (any, accounts) -> {
            accounts.remove(account);
            return accounts.isEmpty() ? null : accounts;
        });
    }

    /** The accounts that might want the event, its author among them where it is a list of the relays that he reads, in an order that depends on nothing but what is indexed. */
    public Set<PublicKey> candidates(NostrEvent event) {
        boolean list = Inboxes.isList(event) && accounts.contains(event.pubkey());
        if (!list && !accountsByKind.containsKey(event.kind())) {
            return Set.of();
        }
        Set<PublicKey> found = new LinkedHashSet<>();
        if (list) {
            found.add(event.pubkey());
        }
        Set<Tag> looked = new HashSet<>();
        for (Tag tag : event.tags()) {
            if (!tag.hasValue()) {
                continue;
            }
            switch (tag.name()) {
                case "p" -> {
                    if (PublicKey.isValid(tag.value()) && looked.add(tag)) {
                        found.addAll(byKey.getOrDefault(PublicKey.ofHex(tag.value()), Set.of()));
                    }
                }
                case "e", "h" -> {
                    if (looked.add(tag)) {
                        found.addAll(byReference.getOrDefault(tag.value(), Set.of()));
                    }
                }
                default -> {}
            }
        }
        return found;
    }
}
