package dev.nippush.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.account.Interest;
import dev.nippush.event.Filter;
import dev.nippush.event.Kind;
import dev.nippush.event.PublicKey;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CoverageTest {

    private static final PublicKey A = Events.account(1);
    private static final PublicKey B = Events.account(2);
    private static final Interest FIRST = Events.interest(A, Instant.EPOCH, 1);
    private static final Interest SECOND = Events.interest(A, Instant.EPOCH.plusSeconds(1), 1);

    private final Coverage coverage = new Coverage();
    private int number;

    private Subscription of(PublicKey... accounts) {
        return asking(Kind.TEXT_NOTE, accounts);
    }

    private Subscription asking(int kind, PublicKey... accounts) {
        Filter filter = Filter.builder().kinds(kind).build();
        return new Subscription("s" + ++number, null, List.of(filter), Set.of(accounts));
    }

    private static Map<PublicKey, Optional<Interest>> wants(PublicKey account, Interest interest) {
        return Map.of(account, Optional.of(interest));
    }

    @Test
    void lastEoseCatchesUp() {
        Subscription one = of(A);
        Subscription two = of(A, B);
        assertThat(coverage.change(Map.of(A, Optional.of(FIRST), B, Optional.of(FIRST)), List.of(one, two), List.of()))
                .isEmpty();

        assertThat(coverage.read(one)).isEmpty();
        assertThat(coverage.isRead(A)).isFalse();
        assertThat(coverage.read(two)).isEqualTo(Map.of(A, FIRST, B, FIRST));
        assertThat(coverage.isRead(A)).isTrue();
        assertThat(coverage.read(two)).isEmpty();
    }

    @Test
    void anAccountThatGetsGiftWrapsWaitsForThoseWhoBringThemAlone() {
        Subscription notes = of(A);
        Subscription wraps = asking(Kind.GIFT_WRAP, A, B);
        Subscription more = of(A);
        coverage.change(Map.of(A, Optional.of(FIRST), B, Optional.of(FIRST)), List.of(notes, wraps, more), List.of());

        assertThat(coverage.read(notes)).isEmpty();
        assertThat(coverage.read(wraps)).isEqualTo(Map.of(A, FIRST, B, FIRST));
        assertThat(coverage.isRead(A)).as("one is still being read").isFalse();
        assertThat(coverage.read(more)).isEmpty();
        assertThat(coverage.isRead(A)).isTrue();
    }

    @Test
    void accountThatNeedsNoNewRequestIsReadyAtOnceUnlessOneIsOpen() {
        Subscription one = of(A);
        coverage.change(wants(A, FIRST), List.of(one), List.of());
        assertThat(coverage.change(wants(A, SECOND), List.of(), List.of())).isEmpty();

        assertThat(coverage.read(one)).isEqualTo(Map.of(A, SECOND));
        assertThat(coverage.change(wants(A, FIRST), List.of(), List.of())).isEqualTo(Map.of(A, FIRST));
    }

    @Test
    void requestInPlaceOfAnotherIsWaitedForInstead() {
        Subscription former = of(A, B);
        coverage.change(Map.of(A, Optional.of(FIRST), B, Optional.of(FIRST)), List.of(former), List.of());
        Subscription next = of(A, B);
        assertThat(coverage.change(wants(B, SECOND), List.of(next), List.of(former)))
                .isEmpty();

        assertThat(coverage.read(former)).isEmpty();
        assertThat(coverage.read(next)).isEqualTo(Map.of(A, FIRST, B, SECOND));
    }

    @Test
    void accountThatLeavesAndComesBackWaitsForItsNewRequest() {
        Subscription former = of(A, B);
        coverage.change(Map.of(A, Optional.of(FIRST), B, Optional.of(FIRST)), List.of(former), List.of());
        coverage.change(Map.of(A, Optional.empty()), List.of(), List.of());
        Subscription next = of(A, B);

        assertThat(coverage.change(wants(A, SECOND), List.of(next), List.of(former)))
                .isEmpty();
        assertThat(coverage.read(next)).isEqualTo(Map.of(A, SECOND, B, FIRST));
    }

    @Test
    void requestThatIsNotWaitedForAnyLongerCatchesUpButIsNotRead() {
        Subscription one = of(A);
        coverage.change(wants(A, FIRST), List.of(one), List.of());

        assertThat(coverage.late(one)).isEqualTo(Map.of(A, FIRST));
        assertThat(coverage.isRead(A)).isFalse();
        assertThat(coverage.read(one)).isEmpty();
        assertThat(coverage.isRead(A)).isTrue();
    }

    @Test
    void pagesAreWaitedForByThoseWhoAreBehindAlone() {
        Plan plan = new Plan(42);
        plan.put(A, FIRST);
        plan.put(B, Events.interest(B, Instant.EPOCH, 1));
        Plan.Part part = plan.parts().get(0);
        Subscription both = Subscription.of("s", part, part.filters(Instant.EPOCH, Instant.EPOCH), Set.of(B));
        coverage.change(Map.of(A, Optional.of(FIRST), B, Optional.of(FIRST)), List.of(both), List.of());

        assertThat(coverage.readButForPages(both)).isEqualTo(Map.of(A, FIRST));
        assertThat(coverage.isRead(A)).isTrue();
        assertThat(coverage.isRead(B)).isFalse();
        assertThat(coverage.read(both)).isEqualTo(Map.of(B, FIRST));
        assertThat(coverage.isRead(B)).isTrue();
    }

    @Test
    void requestThatIsServedNoLongerIsNotReadUntilAnotherTakesItsPlace() {
        Subscription one = of(A);
        coverage.change(wants(A, FIRST), List.of(one), List.of());
        coverage.read(one);

        coverage.lost(one);
        assertThat(coverage.isRead(A)).isFalse();
        Subscription next = of(A);
        coverage.change(Map.of(), List.of(next), List.of(one));
        assertThat(coverage.isRead(A)).isFalse();
        coverage.read(next);
        assertThat(coverage.isRead(A)).isTrue();
    }

    @Test
    void refusedRequestHasNothingToBeRead() {
        Subscription one = of(A);
        coverage.change(wants(A, FIRST), List.of(one), List.of());

        coverage.refused(one);

        assertThat(coverage.isRead(A)).isTrue();
        assertThat(coverage.late(one)).isEqualTo(Map.of(A, FIRST));
    }
}
