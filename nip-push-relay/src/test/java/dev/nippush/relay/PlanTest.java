package dev.nippush.relay;

import static dev.nippush.relay.Events.account;
import static dev.nippush.relay.Events.event;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.account.Interest;
import dev.nippush.event.Filter;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.wire.ClientMessage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PlanTest {

    private static final Instant NOW = Instant.ofEpochSecond(1_800_000_000);

    private final Plan plan = new Plan(42);

    private static Interest interest(Set<Integer> kinds, Set<PublicKey> p, Set<String> e) {
        return new Interest(kinds, p, e, NOW);
    }

    private static List<Filter> filters(Plan.Part part) {
        return part.filters(NOW, NOW.minus(Duration.ofDays(2)));
    }

    private static void assertFits(Plan.Part part) {
        List<Filter> filters = filters(part);
        assertThat(filters).hasSizeBetween(1, Plan.MAX_FILTERS);
        assertThat(filters).allSatisfy(filter -> {
            assertThat(filter.kinds().orElse(Set.of()).size()).isLessThanOrEqualTo(Plan.MAX_KINDS);
            assertThat(filter.tags()).hasSize(1);
            assertThat(filter.tags().values().iterator().next()).hasSizeBetween(1, Plan.MAX_VALUES);
        });
        assertThat(new ClientMessage.Req("x", filters).toJson().length()).isLessThan(100_000);
    }

    private static Set<Integer> range(int from, int count) {
        return IntStream.range(from, from + count).boxed().collect(Collectors.toSet());
    }

    private static Set<String> ids(int count) {
        return IntStream.range(0, count).mapToObj("%064x"::formatted).collect(Collectors.toSet());
    }

    @Test
    void valuesOfSeveralAccountsShareAFilter() {
        for (int i = 0; i < 5; i++) {
            plan.put(account(i), interest(Set.of(1, 7), Set.of(account(i)), Set.of()));
        }

        List<Plan.Part> parts = plan.takeChanged();

        assertThat(parts).hasSize(1);
        assertThat(parts.get(0).accounts()).hasSize(5);
        assertThat(filters(parts.get(0))).hasSize(1);
        assertThat(plan.takeChanged()).isEmpty();
    }

    @Test
    void manyValuesAreSpreadOverRequestsThatRelaysRead() {
        plan.put(account(1), interest(range(100, 50), Set.of(account(1)), ids(2_000)));

        List<Plan.Part> parts = plan.parts();

        assertThat(parts).hasSizeGreaterThan(5).allSatisfy(PlanTest::assertFits);
        Set<String> asked = new HashSet<>();
        parts.forEach(part ->
                filters(part).forEach(filter -> asked.addAll(filter.tags().getOrDefault('e', Set.of()))));
        assertThat(asked).isEqualTo(ids(2_000));
    }

    @Test
    void longGroupNamesAreSpreadByTheirBytes() {
        Set<String> groups =
                IntStream.range(0, 2_000).mapToObj(i -> "\"".repeat(240) + i).collect(Collectors.toSet());
        plan.put(account(1), interest(Set.of(9), Set.of(), groups));

        List<Plan.Part> parts = plan.parts();

        assertThat(parts).allSatisfy(PlanTest::assertFits);
        Set<String> asked = new HashSet<>();
        parts.forEach(part ->
                filters(part).forEach(filter -> asked.addAll(filter.tags().getOrDefault('h', Set.of()))));
        assertThat(asked).isEqualTo(groups);
    }

    @Test
    void changeTouchesOnlyTheRequestsThatHoldItsValues() {
        for (int i = 0; i < 5_000; i++) {
            plan.put(account(i), interest(Set.of(1, 1059), Set.of(account(i)), Set.of()));
        }
        int all = plan.parts().size();
        assertThat(all).isGreaterThan(10);

        plan.put(account(7), null);
        assertThat(plan.takeChanged()).hasSize(2);
        plan.put(account(5_000), interest(Set.of(1, 1059), Set.of(account(5_000)), Set.of()));
        assertThat(plan.takeChanged()).hasSize(2);
    }

    @Test
    void newAccountIsAskedForEvenIfAnotherWantedTheSame() {
        plan.put(account(1), interest(Set.of(9), Set.of(), Set.of("chess")));
        plan.takeChanged();

        plan.put(account(2), interest(Set.of(9), Set.of(), Set.of("chess")));

        assertThat(plan.takeChanged())
                .singleElement()
                .satisfies(part -> assertThat(part.accounts()).containsExactlyInAnyOrder(account(1), account(2)));
        plan.put(account(1), null);
        assertThat(plan.takeChanged()).isEmpty();
        assertThat(plan.parts().get(0).accounts()).containsExactly(account(2));
    }

    @Test
    void accountsThatWantManySortsOfKindsShareTheRest() {
        for (int i = 0; i < 200; i++) {
            plan.put(account(i), interest(Set.of(1, 30_000 + i), Set.of(account(i)), Set.of()));
        }

        List<Plan.Part> parts = plan.parts();

        assertThat(parts).hasSizeLessThan(12).allSatisfy(PlanTest::assertFits);
        // Too many kinds to name: the filter names none, and the engine sorts out.
        assertThat(parts)
                .anySatisfy(part -> assertThat(filters(part).get(0).kinds()).isEmpty());
        for (int i = 0; i < 200; i++) {
            NostrEvent wanted = event(30_000 + i, NOW.plusSeconds(1), "x", account(i));
            assertThat(parts).anySatisfy(part -> assertThat(filters(part)).anyMatch(filter -> filter.matches(wanted)));
        }
    }

    @Test
    void planOfNothingAsksNothing() {
        plan.put(account(1), interest(Set.of(1, 4), Set.of(account(1)), ids(500)));
        plan.takeChanged();
        plan.put(account(1), null);

        assertThat(plan.takeChanged()).isNotEmpty().allMatch(Plan.Part::isEmpty);
        assertThat(plan.parts()).isEmpty();
    }

    /** Whatever the changes were, the parts ask for all that the accounts want, and name all who want it. */
    @Test
    void anyRowOfChangesEndsInAPlanForAll() {
        Random random = new Random(7);
        Map<PublicKey, Interest> wanted = new HashMap<>();
        Map<Plan.Part, List<Filter>> sent = new HashMap<>();
        int[] kinds = {1, 4, 6, 7, 9, 42, 44, 1059, 1060, 9735, 21059, 30_023};
        for (int round = 0; round < 200; round++) {
            for (int n = random.nextInt(4); n >= 0; n--) {
                PublicKey account = account(random.nextInt(30));
                if (random.nextInt(4) == 0) {
                    wanted.remove(account);
                    plan.put(account, null);
                    continue;
                }
                Set<Integer> some = new TreeSet<>(Set.of(kinds[random.nextInt(kinds.length)]));
                for (int kind : kinds) {
                    if (random.nextInt(3) == 0) {
                        some.add(kind);
                    }
                }
                Set<String> groups = random.ints(random.nextInt(300), 0, 2_000)
                        .mapToObj(i -> i % 2 == 0 ? "%064x".formatted(i) : "group " + i)
                        .collect(Collectors.toSet());
                Set<PublicKey> keys = new HashSet<>(Set.of(account));
                if (random.nextInt(3) == 0) {
                    keys.add(account(random.nextInt(60)));
                }
                Interest interest = interest(some, keys, groups);
                wanted.put(account, interest);
                plan.put(account, interest);
            }
            for (Plan.Part part : plan.takeChanged()) {
                sent.remove(part);
                if (!part.isEmpty()) {
                    assertFits(part);
                    sent.put(part, filters(part));
                }
            }
            if (round % 25 == 0) {
                assertThat(sent.keySet()).isEqualTo(new HashSet<>(plan.parts()));
                check(wanted, sent);
            }
        }
        List.copyOf(wanted.keySet()).forEach(account -> plan.put(account, null));
        assertThat(plan.parts()).isEmpty();
    }

    private static void check(Map<PublicKey, Interest> wanted, Map<Plan.Part, List<Filter>> sent) {
        wanted.forEach((account, interest) -> {
            for (int kind : interest.kinds()) {
                boolean direct = Set.of(4, 44, 1059, 1060, 21059).contains(kind);
                List<Tag> tags = new ArrayList<>();
                if (direct) {
                    tags.add(Tag.of("p", account.hex()));
                } else {
                    interest.p().forEach(key -> tags.add(Tag.of("p", key.hex())));
                    interest.e().stream().limit(20).forEach(value -> {
                        tags.add(Tag.of("h", value));
                        if (PublicKey.isValid(value)) {
                            tags.add(Tag.of("e", value));
                        }
                    });
                }
                for (Tag tag : tags) {
                    NostrEvent event = event(kind, NOW.plusSeconds(1), "x", tag);
                    assertThat(sent.entrySet())
                            .as("kind %s, %s", kind, tag)
                            .anyMatch(part -> part.getKey().accounts().contains(account)
                                    && part.getKey().isDirect() == direct
                                    && part.getValue().stream().anyMatch(filter -> filter.matches(event)));
                }
            }
        });
    }

    @Test
    void filtersAreNarrowedToWhatSomeAccountsWant() {
        plan.put(account(1), interest(Set.of(9, 42), Set.of(account(1)), Set.of("chess", "go")));
        plan.put(account(2), interest(Set.of(9, 42), Set.of(account(2)), Set.of("go", "bridge")));
        Plan.Part part = plan.parts().get(0);
        List<Filter> filters = filters(part);

        Map<Filter, Filter> narrowed = part.narrowed(filters, Set.of(account(1)));

        assertThat(narrowed).containsOnlyKeys(filters);
        assertThat(narrowed.values()).allSatisfy(filter -> {
            assertThat(filter.kinds()).contains(Set.of(9, 42));
            assertThat(filter.since()).hasValue(NOW.getEpochSecond());
        });
        assertThat(narrowed.values().stream().map(Filter::tags))
                .containsExactlyInAnyOrder(Map.of('p', Set.of(account(1).hex())), Map.of('h', Set.of("chess", "go")));
        assertThat(part.narrowed(filters, Set.of(account(3)))).isEmpty();
    }
}
