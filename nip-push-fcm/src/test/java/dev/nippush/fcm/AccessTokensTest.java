package dev.nippush.fcm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.auth.oauth2.AccessToken;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Date;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class AccessTokensTest {

    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private Instant now = Instant.parse("2026-03-01T12:00:00Z");
    private int fetched;
    private boolean failing;

    private final AccessTokens tokens = new AccessTokens(this::fetch, tasks::add, () -> now);

    private AccessToken fetch() throws IOException {
        fetched++;
        if (failing) {
            throw new IOException("no route");
        }
        return new AccessToken("token-" + fetched, Date.from(now.plus(Duration.ofHours(1))));
    }

    @Test
    void nothingIsFetchedBeforeItIsNeeded() {
        assertThat(tasks).isEmpty();
    }

    @Test
    void allWaitForOneFetch() {
        CompletableFuture<String> first = tokens.current();
        CompletableFuture<String> second = tokens.current();

        assertThat(first).isNotDone();
        assertThat(tasks).hasSize(1);
        run();

        assertThat(first).isCompletedWithValue("token-1");
        assertThat(second).isCompletedWithValue("token-1");
        assertThat(tokens.current()).isCompletedWithValue("token-1");
        assertThat(fetched).isEqualTo(1);
    }

    @Test
    void oneWaiterThatGivesUpDoesNotCancelForTheOthers() {
        CompletableFuture<String> first = tokens.current();
        CompletableFuture<String> second = tokens.current();

        first.cancel(true);
        run();

        assertThat(second).isCompletedWithValue("token-1");
    }

    @Test
    void tokenNearItsEndIsReplacedInTheBackground() {
        fill();
        now = now.plus(Duration.ofMinutes(54));
        assertThat(tokens.current()).isCompletedWithValue("token-1");
        assertThat(tasks).isEmpty();

        now = now.plus(Duration.ofMinutes(1));
        assertThat(tokens.current()).isCompletedWithValue("token-1");
        assertThat(tokens.current()).isCompletedWithValue("token-1");
        assertThat(tasks).hasSize(1);

        run();
        assertThat(tokens.current()).isCompletedWithValue("token-2");
    }

    @Test
    void tokenIsUsedToItsEndWhereNoOtherComesAndAskedForWithPauses() {
        fill();
        now = now.plus(Duration.ofMinutes(56));
        failing = true;
        tokens.current();
        run();

        assertThat(tokens.current()).isCompletedWithValue("token-1");
        assertThat(tasks).isEmpty();

        now = now.plus(Duration.ofSeconds(10));
        assertThat(tokens.current()).isCompletedWithValue("token-1");
        assertThat(tasks).hasSize(1);
        failing = false;
        run();
        assertThat(tokens.current()).isCompletedWithValue("token-3");
    }

    @Test
    void tokenAboutToExpireIsNotUsed() {
        fill();
        now = now.plus(Duration.ofHours(1)).minus(AccessTokens.UNUSABLE_BEFORE_EXPIRY);

        CompletableFuture<String> next = tokens.current();

        assertThat(next).isNotDone();
        run();
        assertThat(next).isCompletedWithValue("token-2");
    }

    @Test
    void failureReachesAllWhoWaitAndTheNextCallAsksAgain() {
        failing = true;
        CompletableFuture<String> first = tokens.current();
        CompletableFuture<String> second = tokens.current();
        run();

        assertThatThrownBy(first::join).hasRootCauseMessage("no route");
        assertThatThrownBy(second::join).hasRootCauseMessage("no route");

        failing = false;
        fill();
        assertThat(tokens.current()).isCompletedWithValue("token-2");
    }

    @Test
    void droppedTokenIsNotUsedAgain() {
        fill();

        tokens.drop("token-1");
        CompletableFuture<String> next = tokens.current();
        run();

        assertThat(next).isCompletedWithValue("token-2");
        tokens.drop("token-1");
        assertThat(tokens.current()).isCompletedWithValue("token-2");
    }

    @Test
    void executorThatIsShutDownIsAFailureLikeOthers() {
        AccessTokens late = new AccessTokens(
                this::fetch,
                task -> {
                    throw new RejectedExecutionException("shut down");
                },
                () -> now);

        assertThatThrownBy(() -> late.current().join()).hasRootCauseMessage("shut down");
        assertThatThrownBy(() -> late.current().join()).hasRootCauseMessage("shut down");
    }

    private void fill() {
        tokens.current();
        run();
    }

    private void run() {
        assertThat(tasks).isNotEmpty();
        while (!tasks.isEmpty()) {
            tasks.remove().run();
        }
    }
}
