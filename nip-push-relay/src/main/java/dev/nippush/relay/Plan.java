package dev.nippush.relay;

import dev.nippush.account.Interest;
import dev.nippush.event.EventId;
import dev.nippush.event.Filter;
import dev.nippush.event.Kind;
import dev.nippush.event.PublicKey;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What to ask one relay for: the interests of all accounts, cut into parts of one REQ each. It asks for a superset, with
 * the values of several accounts in one filter. A change touches only the parts that hold its values, so that a relay
 * with many accounts is not asked for everything again. Direct messages are in parts of their own. No I/O; for one
 * thread.
 */
final class Plan {

    /** The most values of one tag in a filter. */
    static final int MAX_VALUES = 200;
    /** The most kinds in a filter. */
    static final int MAX_KINDS = 20;
    /** The most filters in a REQ. */
    static final int MAX_FILTERS = 10;

    // Half of the 128 KiB that strfry and nostr-rs-relay read.
    private static final int MAX_BYTES = 64 * 1024;
    // Beyond it a filter names no kinds: three tags with each three lists of kinds are the most that fit into a REQ.
    private static final int MAX_KINDS_NAMED = 3 * MAX_KINDS;
    private static final int MAX_GROUPS = 8;
    private static final int DEEPEST_SPLIT = 40;

    private static final Set<Integer> WRAPS =
            Set.of(Kind.GIFT_WRAP, Kind.DOUBLE_RATCHET_MESSAGE, Kind.EPHEMERAL_GIFT_WRAP);
    private static final Set<Integer> LETTERS = Set.of(Kind.ENCRYPTED_DIRECT_MESSAGE, Kind.VERSIONED_DIRECT_MESSAGE);

    /** Where a value is asked for. */
    private enum Ask {
        P('p'),
        E('e'),
        H('h');

        private final char tag;

        Ask(char tag) {
            this.tag = tag;
        }
    }

    private record Value(Ask ask, String text) {}

    private record Placed(
            Interest interest,
            @Nullable Group direct,
            @Nullable Group other) {}

    private final long seed;
    private final Map<PublicKey, Placed> accounts = new HashMap<>();
    private final Map<Set<Integer>, Group> directs = new HashMap<>();
    private final Map<Set<Integer>, Group> others = new HashMap<>();
    private @Nullable Group rest;
    private final Set<Part> changed = new LinkedHashSet<>();

    /**
     * Creates a plan of nothing.
     *
     * @param seed spreads values over parts; not known to those who choose the values
     */
    Plan(long seed) {
        this.seed = seed;
    }

    /** Takes what an account wants from now on; null for nothing. */
    void put(PublicKey account, @Nullable Interest interest) {
        Placed before = accounts.remove(account);
        Placed after = interest == null ? null : place(account, interest);
        if (after != null) {
            accounts.put(account, after);
        }
        move(account, before, after, true);
        move(account, before, after, false);
    }

    private void move(PublicKey account, @Nullable Placed before, @Nullable Placed after, boolean direct) {
        Group from = before == null ? null : direct ? before.direct : before.other;
        Group to = after == null ? null : direct ? after.direct : after.other;
        Set<Value> gone = from == null ? Set.of() : from.values(account, before.interest);
        Set<Value> come = to == null ? Set.of() : to.values(account, after.interest);
        if (from != null && from == to) {
            gone = minus(gone, from.values(account, after.interest));
            come = minus(come, to.values(account, before.interest));
        }
        if (to != null) {
            come.forEach(value -> to.add(account, value));
            if (from != to) {
                to.join(kinds(after.interest, direct));
            } else if (to == rest) {
                to.join(kinds(after.interest, direct));
                to.leave(kinds(before.interest, direct));
            }
        }
        if (from != null) {
            gone.forEach(value -> from.remove(account, value));
            if (from != to) {
                from.leave(kinds(before.interest, direct));
                forgetIfEmpty(from);
            }
        }
    }

    private static Set<Value> minus(Set<Value> from, Set<Value> what) {
        Set<Value> left = new LinkedHashSet<>(from);
        left.removeAll(what);
        return left;
    }

    private static Set<Integer> kinds(Interest interest, boolean direct) {
        Set<Integer> kinds = new TreeSet<>();
        for (int kind : interest.kinds()) {
            if ((WRAPS.contains(kind) || LETTERS.contains(kind)) == direct) {
                kinds.add(kind);
            }
        }
        return kinds;
    }

    private Placed place(PublicKey account, Interest interest) {
        Set<Integer> direct = kinds(interest, true);
        Set<Integer> other = kinds(interest, false);
        // Nobody is pushed another's direct messages, so they are asked for under the account's own key alone.
        boolean own = !direct.isEmpty() && interest.p().contains(account);
        return new Placed(
                interest,
                own ? directs.computeIfAbsent(direct, kinds -> new Group(true)) : null,
                other.isEmpty() ? null : other(other));
    }

    private Group other(Set<Integer> kinds) {
        Group exact = others.get(kinds);
        if (exact != null) {
            return exact;
        }
        if (others.size() < MAX_GROUPS) {
            Group made = new Group(false);
            others.put(kinds, made);
            return made;
        }
        if (rest == null) {
            rest = new Group(false);
        }
        return rest;
    }

    private void forgetIfEmpty(Group group) {
        if (group.members == 0) {
            directs.values().remove(group);
            others.values().remove(group);
            if (rest == group) {
                rest = null;
            }
        }
    }

    /** Returns the parts whose REQ is to be sent anew, or closed when they are empty, and forgets that they changed. */
    List<Part> takeChanged() {
        // A part that is split is replaced by others, which may have to be split too.
        for (Part part : List.copyOf(changed)) {
            part.splitIfFull();
        }
        List<Part> taken = List.copyOf(changed);
        changed.clear();
        return taken;
    }

    /** Returns all parts that ask for something, and forgets that any changed. */
    List<Part> parts() {
        takeChanged();
        List<Part> parts = new ArrayList<>();
        groups().forEach(group -> group.root.collect(parts));
        return parts;
    }

    private List<Group> groups() {
        List<Group> groups = new ArrayList<>(directs.values());
        groups.addAll(others.values());
        if (rest != null) {
            groups.add(rest);
        }
        return groups;
    }

    private long spread(String text) {
        long hash = seed;
        // Odd, and as secret as the seed: else a stranger could make values that no number of cuts separates.
        long factor = seed * 2 + 1;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * factor;
            hash ^= hash >>> 32;
        }
        return hash;
    }

    /** The accounts that want the same kinds, or those for whose kinds there is no other group. */
    private final class Group {
        private final boolean direct;
        private final Map<Integer, Integer> kinds = new TreeMap<>();
        private int members;
        private Node root = new Part(this, 0);

        Group(boolean direct) {
            this.direct = direct;
        }

        void join(Set<Integer> wanted) {
            members++;
            boolean more = false;
            for (int kind : wanted) {
                more |= kinds.merge(kind, 1, Integer::sum) == 1;
            }
            if (more) {
                touchAll();
            }
        }

        void leave(Set<Integer> wanted) {
            members--;
            boolean fewer = false;
            for (int kind : wanted) {
                fewer |= kinds.merge(kind, -1, Integer::sum) == 0;
            }
            kinds.values().removeIf(count -> count == 0);
            if (fewer) {
                touchAll();
            }
        }

        private void touchAll() {
            List<Part> parts = new ArrayList<>();
            root.collect(parts);
            changed.addAll(parts);
        }

        void add(PublicKey account, Value value) {
            part(value).add(account, value);
        }

        void remove(PublicKey account, Value value) {
            part(value).remove(account, value);
        }

        private Part part(Value value) {
            return root.at(spread(value.text));
        }

        Set<Value> values(PublicKey account, Interest interest) {
            Set<Value> values = new LinkedHashSet<>();
            if (direct) {
                values.add(new Value(Ask.P, account.hex()));
                return values;
            }
            for (PublicKey key : interest.p()) {
                values.add(new Value(Ask.P, key.hex()));
            }
            for (String value : interest.e()) {
                if (EventId.isValid(value)) {
                    values.add(new Value(Ask.E, value));
                }
                values.add(new Value(Ask.H, value));
            }
            return values;
        }

        /** The kinds of each filter; one empty set where the filter is to name none. */
        List<Set<Integer>> kindLists() {
            if (kinds.size() > MAX_KINDS_NAMED) {
                return List.of(Set.of());
            }
            List<Set<Integer>> lists = new ArrayList<>();
            if (direct) {
                addKinds(lists, LETTERS);
                addKinds(lists, WRAPS);
                return lists;
            }
            chunks(kinds.keySet(), MAX_KINDS).forEach(list -> lists.add(new TreeSet<>(list)));
            return lists;
        }

        private void addKinds(List<Set<Integer>> lists, Set<Integer> of) {
            Set<Integer> here = new TreeSet<>(kinds.keySet());
            here.retainAll(of);
            if (!here.isEmpty()) {
                lists.add(here);
            }
        }
    }

    private static <T> List<List<T>> chunks(Collection<T> all, int size) {
        List<T> list = List.copyOf(all);
        List<List<T>> chunks = new ArrayList<>();
        for (int from = 0; from < list.size(); from += size) {
            chunks.add(list.subList(from, Math.min(list.size(), from + size)));
        }
        return chunks;
    }

    /** A group's values lie in a tree: each fork is a bit of their hash, each leaf is a part. */
    private interface Node {
        Part at(long hash);

        void collect(List<Part> parts);
    }

    private static final class Fork implements Node {
        private final int bit;
        private Node zero;
        private Node one;

        Fork(int bit, Node zero, Node one) {
            this.bit = bit;
            this.zero = zero;
            this.one = one;
        }

        @Override
        public Part at(long hash) {
            return ((hash >>> bit & 1) == 0 ? zero : one).at(hash);
        }

        @Override
        public void collect(List<Part> parts) {
            zero.collect(parts);
            one.collect(parts);
        }

        void replace(Node former, Node by) {
            if (zero == former) {
                zero = by;
            } else {
                one = by;
            }
        }
    }

    /** What is asked for in one REQ. It is the same part as long as its values change one by one. */
    final class Part implements Node {
        private final Group group;
        private final int depth;
        private @Nullable Fork parent;
        private final Map<Ask, Map<String, Set<PublicKey>>> values = new EnumMap<>(Ask.class);
        private final Map<PublicKey, Integer> wanting = new HashMap<>();
        private int bytes;

        private Part(Group group, int depth) {
            this.group = group;
            this.depth = depth;
        }

        private void add(PublicKey account, Value value) {
            Map<String, Set<PublicKey>> known = values.computeIfAbsent(value.ask, ask -> new HashMap<>());
            Set<PublicKey> accounts = known.computeIfAbsent(value.text, text -> new HashSet<>(2));
            if (accounts.isEmpty()) {
                bytes += size(value.text);
                changed.add(this);
            }
            if (accounts.add(account) && wanting.merge(account, 1, Integer::sum) == 1) {
                // Its stored events were never asked for, even if all its values were.
                changed.add(this);
            }
        }

        private void remove(PublicKey account, Value value) {
            Map<String, Set<PublicKey>> known = values.get(value.ask);
            Set<PublicKey> accounts = known == null ? null : known.get(value.text);
            if (known == null || accounts == null || !accounts.remove(account)) {
                throw new IllegalStateException("a value that was never added");
            }
            if (accounts.isEmpty()) {
                known.remove(value.text);
                bytes -= size(value.text);
                changed.add(this);
            }
            if (wanting.merge(account, -1, Integer::sum) == 0) {
                wanting.remove(account);
            }
        }

        private static int size(String text) {
            int size = text.getBytes(StandardCharsets.UTF_8).length + 3;
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (c == '"' || c == '\\') {
                    size++;
                }
            }
            return size;
        }

        private boolean isFull() {
            int kindLists = group.kindLists().size();
            int filters = 0;
            for (Map<String, Set<PublicKey>> of : values.values()) {
                filters += kindLists * ((of.size() + MAX_VALUES - 1) / MAX_VALUES);
            }
            return filters > MAX_FILTERS || bytes * kindLists > MAX_BYTES;
        }

        private void splitIfFull() {
            if (depth == DEEPEST_SPLIT || !isFull()) {
                return;
            }
            Part zero = new Part(group, depth + 1);
            Part one = new Part(group, depth + 1);
            Fork fork = new Fork(depth, zero, one);
            values.forEach((ask, known) ->
                    known.forEach((text, accounts) -> fork.at(spread(text)).take(ask, text, accounts)));
            zero.parent = fork;
            one.parent = fork;
            if (parent == null) {
                group.root = fork;
            } else {
                parent.replace(this, fork);
            }
            values.clear();
            wanting.clear();
            bytes = 0;
            changed.add(this);
            changed.add(zero);
            changed.add(one);
            zero.splitIfFull();
            one.splitIfFull();
        }

        /** Takes a value over from the part that is split. */
        private void take(Ask ask, String text, Set<PublicKey> accounts) {
            values.computeIfAbsent(ask, any -> new HashMap<>()).put(text, accounts);
            bytes += size(text);
            accounts.forEach(account -> wanting.merge(account, 1, Integer::sum));
        }

        @Override
        public Part at(long hash) {
            return this;
        }

        @Override
        public void collect(List<Part> parts) {
            if (!isEmpty()) {
                parts.add(this);
            }
        }

        /** Says whether nobody wants anything of it any more. */
        boolean isEmpty() {
            return wanting.isEmpty();
        }

        /** Says whether it asks for direct messages. */
        boolean isDirect() {
            return group.direct;
        }

        /** Returns the accounts whose interests it serves, in part or in whole. */
        Set<PublicKey> accounts() {
            return Collections.unmodifiableSet(wanting.keySet());
        }

        /** Returns for each of its filters what is left of it for these accounts; nothing for one that is not for them. */
        Map<Filter, Filter> narrowed(List<Filter> filters, Set<PublicKey> to) {
            Map<Filter, Filter> narrowed = new HashMap<>();
            for (Filter filter : filters) {
                Filter.Builder left = filter.toBuilder();
                boolean some = false;
                for (Map.Entry<Ask, Map<String, Set<PublicKey>>> known : values.entrySet()) {
                    char tag = known.getKey().tag;
                    Set<String> texts = new LinkedHashSet<>(filter.tags().getOrDefault(tag, Set.of()));
                    texts.removeIf(text -> Collections.disjoint(known.getValue().getOrDefault(text, Set.of()), to));
                    if (!texts.isEmpty()) {
                        left.tag(tag, texts);
                        some = true;
                    }
                }
                if (some) {
                    narrowed.put(filter, left.build());
                }
            }
            return narrowed;
        }

        /**
         * Returns the filters of its REQ.
         *
         * @param since of all kinds but gift wraps
         * @param wrapsSince of gift wraps, which are dated back
         */
        List<Filter> filters(Instant since, Instant wrapsSince) {
            List<Filter> filters = new ArrayList<>();
            for (Set<Integer> kinds : group.kindLists()) {
                boolean wraps = group.direct && WRAPS.containsAll(kinds);
                long from = Math.max(0, (wraps ? wrapsSince : since).getEpochSecond());
                values.forEach((ask, known) -> chunks(known.keySet(), MAX_VALUES)
                        .forEach(texts -> {
                            Filter.Builder filter =
                                    Filter.builder().tag(ask.tag, texts).since(from);
                            if (!kinds.isEmpty()) {
                                filter.kinds(kinds);
                            }
                            filters.add(filter.build());
                        }));
            }
            return filters;
        }
    }
}
