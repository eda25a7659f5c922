package dev.nippush.internal.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.internal.run.Credits.Credit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class CreditsTest {

    private final Credits credits = new Credits(10, 1_000, 4, 3);

    private Credit take(Object source, int size, boolean urgent) {
        Optional<Credit> credit = credits.take(source, size, urgent);
        assertThat(credit).isPresent();
        return credit.get();
    }

    @Test
    void aSourceHasItsOwnBound() {
        Credit first = take("a", 1, false);
        take("a", 1, false);
        take("a", 1, true);
        assertThat(credits.take("a", 1, true)).isEmpty();
        take("b", 1, false);
        first.giveBack();
        take("a", 1, false);
        assertThat(credits.take("a", 1, false)).isEmpty();
    }

    @Test
    void aPartIsKeptForTheUrgent() {
        for (int i = 0; i < 6; i++) {
            take(i, 1, false);
        }
        assertThat(credits.take("late", 1, false)).isEmpty();
        for (int i = 0; i < 4; i++) {
            take("urgent" + i, 1, true);
        }
        assertThat(credits.take("late", 1, true)).isEmpty();
        assertThat(credits.exhausted()).isTrue();
    }

    @Test
    void bytesAreBoundedToo() {
        take("a", 600, false);
        assertThat(credits.take("b", 1, false)).isEmpty();
        take("b", 400, true);
        assertThat(credits.take("c", 1, true)).isEmpty();
    }

    @Test
    void whatIsLargerThanAllGetsInAlone() {
        Credit large = take("a", 5_000, false);
        assertThat(credits.take("b", 1, true)).isEmpty();
        large.giveBack();
        take("b", 1, false);
        assertThat(credits.take("a", 5_000, true)).isEmpty();
    }

    @Test
    void aCreditComesBackOnce() {
        Credit credit = take("a", 100, false);
        take("a", 100, false);
        credit.giveBack();
        credit.giveBack();
        take("a", 100, false);
        take("a", 100, false);
        assertThat(credits.take("a", 100, false)).isEmpty();
    }

    @Test
    void closingWaitsForTheLastCredit() {
        List<Credit> open = new ArrayList<>(List.of(take("a", 1, false), take("b", 1, true)));
        CompletableFuture<Void> closed = credits.close().toCompletableFuture();
        assertThat(credits.take("c", 1, true)).isEmpty();
        open.remove(0).giveBack();
        assertThat(closed).isNotDone();
        open.remove(0).giveBack();
        assertThat(closed).isCompleted();
        assertThat(new Credits(1, 1, 0, 1).close().toCompletableFuture()).isCompleted();
    }
}
