package dev.nippush.relay;

import static dev.nippush.relay.Events.account;
import static dev.nippush.relay.Events.event;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.event.Filter;
import dev.nippush.event.PublicKey;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class AnswerTest {

    private static final PublicKey A = account(1);
    private static final long SINCE = 1_000;
    private static final Filter NOTES = filter(1);
    private static final Filter ZAPS = filter(9735);

    private static Filter filter(int kind) {
        return Filter.builder()
                .kinds(kind)
                .tag('p', List.of(A.hex()))
                .since(SINCE)
                .build();
    }

    private static Filter until(Filter filter, long until) {
        return filter.toBuilder().until(until).build();
    }

    private static Answer answer(Filter... filters) {
        List<Filter> all = List.of(filters);
        return new Answer(all, all.stream().collect(Collectors.toMap(Function.identity(), Function.identity())));
    }

    private static void take(Answer answer, int kind, long createdAt, int count) {
        for (int i = 0; i < count; i++) {
            assertThat(answer.take(event(kind, Instant.ofEpochSecond(createdAt), "number " + i, A)))
                    .isTrue();
        }
    }

    @Test
    void smallAnswerIsAll() {
        Answer answer = answer(NOTES);
        take(answer, 1, 5_000, Answer.SMALLEST_LIMIT - 1);
        assertThat(answer.rest()).isEmpty();

        take(answer, 1, 4_000, 1);
        assertThat(answer.rest()).containsExactly(until(NOTES, 4_000));
    }

    @Test
    void whatWasNotAskedForDoesNotCount() {
        Answer answer = answer(until(NOTES, 5_000));
        for (int i = 0; i < 20; i++) {
            assertThat(answer.take(event(1, Instant.ofEpochSecond(5_001 + i), "too young", A)))
                    .isFalse();
            assertThat(answer.take(event(1, Instant.ofEpochSecond(SINCE - 1 - i), "too old", A)))
                    .isFalse();
            assertThat(answer.take(event(7, Instant.ofEpochSecond(4_000), "another kind " + i, A)))
                    .isFalse();
        }
        assertThat(answer.rest()).isEmpty();
    }

    @Test
    void eachFilterGoesOnWhereItsOwnEventsEnd() {
        Answer answer = answer(NOTES, ZAPS);
        take(answer, 1, 5_000, 9);
        take(answer, 9735, 3_000, 1);

        assertThat(answer.rest()).containsExactly(until(NOTES, 5_000), until(ZAPS, 3_000));
    }

    @Test
    void filterThatBroughtNothingIsAskedForAgain() {
        // The relay may have a limit for all filters together.
        Answer answer = answer(NOTES, ZAPS);
        take(answer, 1, 5_000, 10);

        assertThat(answer.rest()).containsExactly(until(NOTES, 5_000), ZAPS);

        Answer next = answer(until(NOTES, 5_000), ZAPS);
        take(next, 1, 5_000, 10);
        assertThat(next.rest()).containsExactly(until(NOTES, 4_999), ZAPS);
    }

    @Test
    void pageOfOneSecondIsFollowedByTheSecondBefore() {
        Answer answer = answer(until(NOTES, 5_000));
        take(answer, 1, 5_000, 10);
        assertThat(answer.rest()).containsExactly(until(NOTES, 4_999));
    }

    @Test
    void secondIsNotLeftWhileAnotherFilterGetsOn() {
        // With a limit for all filters together, the other one may have had the room.
        Answer answer = answer(until(NOTES, 5_000), until(ZAPS, 6_000));
        take(answer, 1, 5_000, 4);
        take(answer, 9735, 5_500, 6);
        assertThat(answer.rest()).containsExactly(until(NOTES, 5_000), until(ZAPS, 5_500));
    }

    @Test
    void nothingIsAskedForBeforeTheSince() {
        Answer answer = answer(until(NOTES, SINCE));
        take(answer, 1, SINCE, 10);
        assertThat(answer.rest()).isEmpty();
    }

    @Test
    void pagesNameOnlyWhatMatters() {
        Filter narrowed = NOTES.toBuilder().tag('p', List.of(account(2).hex())).build();
        Answer answer = new Answer(List.of(NOTES, ZAPS), Map.of(NOTES, narrowed));
        take(answer, 1, 5_000, 10);
        take(answer, 9735, 5_000, 10);
        assertThat(answer.rest()).containsExactly(until(narrowed, 5_000));
    }
}
