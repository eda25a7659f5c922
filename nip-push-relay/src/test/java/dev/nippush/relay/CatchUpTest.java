package dev.nippush.relay;

import static dev.nippush.relay.Events.account;
import static dev.nippush.relay.Events.change;
import static dev.nippush.relay.Events.event;
import static dev.nippush.relay.Events.from;
import static dev.nippush.relay.Events.gone;
import static dev.nippush.relay.Events.interest;
import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.account.Interest;
import dev.nippush.address.AddressRule;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.Filter;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.testkit.TestRelay;
import dev.nippush.testkit.TestRelay.Request;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What relays stored while nobody read them: it is asked for, to its end, and remembered as read no sooner. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class CatchUpTest {

    private static final AddressRule LOOPBACK = AddressRule.of(List.of("127.0.0.0/8"), List.of(), List.of());
    private static final PublicKey A = account(1);
    private static final PublicKey B = account(2);
    private static final Duration SLACK = Duration.ofMinutes(10);
    private static final Duration WRAP_SLACK = Duration.ofDays(2).plus(SLACK);
    private static final int LIMIT = 10;

    private final RecordingTime time = new RecordingTime();
    private final RecordingFeed feed = new RecordingFeed();
    private final Queue<AutoCloseable> toClose = new ArrayDeque<>();
    private TestRelay relay;

    @BeforeEach
    void startRelay() {
        relay = relay(TestRelay.builder());
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : toClose) {
            each.close();
        }
    }

    private TestRelay relay(TestRelay.Builder builder) {
        TestRelay started = builder.start();
        toClose.add(started);
        return started;
    }

    private RelayPool pool(RelayPool.Builder builder) {
        RelayPool pool = builder.addressRule(LOOPBACK).time(time).build();
        toClose.add(pool);
        pool.start(feed);
        return pool;
    }

    private RelayPool pool() {
        return pool(RelayPool.builder());
    }

    private Instant ago(Duration duration) {
        return time.now().minus(duration);
    }

    private static long since(Request request, int kind) {
        return request.filters().stream()
                .filter(filter -> filter.kinds().orElseThrow().contains(kind))
                .mapToLong(filter -> filter.since().orElseThrow())
                .findFirst()
                .orElseThrow();
    }

    private static boolean isPage(Request request) {
        return request.filters().stream().anyMatch(filter -> filter.until().isPresent());
    }

    private List<Request> pages() {
        return relay.requests().stream().filter(CatchUpTest::isPage).toList();
    }

    private static List<Long> untils(List<Request> pages) {
        return pages.stream()
                .map(page -> page.filters().get(0).until().orElseThrow())
                .toList();
    }

    /** Events that the relay stored, the newest first, a minute apart. */
    private List<NostrEvent> store(int kind, PublicKey to, int count, Instant newest) {
        List<NostrEvent> stored = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            NostrEvent event = event(kind, newest.minus(Duration.ofMinutes(i)), "number " + i, to);
            stored.add(event);
            relay.publish(event);
        }
        return stored;
    }

    /** From now on pages get no EOSE, so that a test may do something in their midst. */
    private void withholdPages() {
        relay.refuse(request -> {
            if (isPage(request)) {
                relay.withholdEose();
            }
            return Optional.empty();
        });
    }

    private List<NostrEvent> accepted() {
        return feed.accepted.all().stream()
                .map(RecordingFeed.Accepted::event)
                .distinct()
                .toList();
    }

    /** Lets the time come at which it is reported how far relays were read. */
    private void letReport() {
        time.advance(RelayPool.REPORTING);
    }

    /** Waits until all that the relay sent so far was taken: for an account that joins it is asked behind that. */
    private void awaitReader(RelayPool pool) {
        PublicKey joining = account(99);
        pool.changed(from(joining, relay.url(), interest(joining, time.now(), 99)));
        for (int seen = 1; !feed.caughtUp.await(seen).get(seen - 1).covered().containsKey(joining); seen++) {}
    }

    private RecordingFeed.Read read(Instant upTo) {
        return new RecordingFeed.Read(relay.url(), upTo);
    }

    // ---- since when

    @Test
    void afterARestartItIsAskedForWhatCameSinceTheRelayWasRead() {
        Instant read = ago(Duration.ofHours(5));
        feed.readBefore.put(relay.url(), read);

        pool().changed(from(A, relay.url(), interest(A, ago(Duration.ofDays(30)), 1, 4, 1059)));

        relay.awaitRequests(2);
        Request other = relay.awaitRequest(asked -> asked.asksForKind(1));
        Request direct = relay.awaitRequest(asked -> asked.asksForKind(1059));
        assertThat(since(other, 1)).isEqualTo(read.minus(SLACK).getEpochSecond());
        assertThat(since(direct, 4)).isEqualTo(read.minus(SLACK).getEpochSecond());
        assertThat(since(direct, 1059)).isEqualTo(read.minus(WRAP_SLACK).getEpochSecond());
    }

    @Test
    void whatWasWrittenByAClockThatWasAheadIsNotBelieved() {
        feed.readBefore.put(relay.url(), time.now().plus(Duration.ofHours(1)));
        Instant began = ago(Duration.ofHours(3));
        RelayPool pool = pool();

        pool.changed(from(A, relay.url(), interest(A, began, 1)));
        pool.changed(from(B, relay.url(), interest(B, time.now().plus(Duration.ofHours(1)), 7)));

        assertThat(since(relay.awaitRequest(asked -> asked.asksForKind(1)), 1))
                .isEqualTo(began.minus(SLACK).getEpochSecond());
        assertThat(since(relay.awaitRequest(asked -> asked.asksForKind(7)), 7))
                .isEqualTo(ago(SLACK).getEpochSecond());
    }

    @Test
    void accountThatBeganLaterIsAskedForFromItsBeginning() {
        Instant began = ago(Duration.ofHours(1));
        feed.readBefore.put(relay.url(), ago(Duration.ofHours(5)));

        pool().changed(from(A, relay.url(), interest(A, began, 1059)));

        Request direct = relay.awaitRequest(any -> true);
        assertThat(since(direct, 1059)).isEqualTo(began.minus(WRAP_SLACK).getEpochSecond());
    }

    @Test
    void whatIsTooOldToBePushedIsNotAskedForAndGiftWrapsGrowOlder() {
        feed.readBefore.put(relay.url(), ago(Duration.ofHours(30)));

        pool().changed(from(A, relay.url(), interest(A, ago(Duration.ofDays(30)), 1, 1059)));

        relay.awaitRequests(2);
        assertThat(since(relay.awaitRequest(asked -> asked.asksForKind(1)), 1))
                .isEqualTo(ago(Duration.ofHours(24)).getEpochSecond());
        assertThat(since(relay.awaitRequest(asked -> asked.asksForKind(1059)), 1059))
                .isEqualTo(ago(Duration.ofHours(71)).getEpochSecond());
    }

    @Test
    void boundOfOrdinaryKindsDoesNotCutGiftWraps() {
        // Both bounds apart: 24 h + 2 days would be more than the 71 h.
        Instant read = ago(Duration.ofHours(22).plusMinutes(30));
        feed.readBefore.put(relay.url(), read);

        pool().changed(from(A, relay.url(), interest(A, ago(Duration.ofDays(30)), 1, 1059)));

        relay.awaitRequests(2);
        assertThat(since(relay.awaitRequest(asked -> asked.asksForKind(1)), 1))
                .isEqualTo(read.minus(SLACK).getEpochSecond());
        assertThat(since(relay.awaitRequest(asked -> asked.asksForKind(1059)), 1059))
                .isEqualTo(read.minus(WRAP_SLACK).getEpochSecond());
    }

    @Test
    void accountThatBeginsAnewBeforeItWasReadIsAskedForFromBefore() {
        Instant read = ago(Duration.ofHours(5));
        feed.readBefore.put(relay.url(), read);
        relay.withholdEose();
        Interest before = interest(A, ago(Duration.ofDays(30)), 1059);
        RelayPool pool = pool();
        pool.changed(from(A, relay.url(), before));
        relay.awaitRequests(1);
        time.awaitTimers(Link.GATHERING, 1);

        pool.changed(change(A, relay.url(), before, interest(A, time.now(), 4, 1059)));
        time.advance(Link.GATHERING);

        assertThat(since(relay.awaitRequest(asked -> asked.asksForKind(4)), 1059))
                .isEqualTo(read.minus(WRAP_SLACK).getEpochSecond());
    }

    @Test
    void relayThatWantsToKnowUsFirstIsAskedForAllOfItAfterwards() {
        KeyPair server = KeyPair.generate();
        relay = relay(TestRelay.builder().demandsAuth());
        Instant began = ago(Duration.ofHours(5));

        pool(RelayPool.builder().keyPair(server)).changed(from(A, relay.url(), interest(A, began, 1)));

        assertThat(since(relay.awaitRequests(2).get(1), 1))
                .isEqualTo(began.minus(SLACK).getEpochSecond());
    }

    @Test
    void whatARelayStopsServingIsAskedForFromThenOn() {
        RelayPool pool = pool();
        pool.changed(from(A, relay.url(), interest(A, ago(Duration.ofHours(5)), 1)));
        Request first = relay.awaitRequest(any -> true);
        feed.caughtUp.await(1);
        letReport();
        assertThat(feed.read.await(1)).containsExactly(read(time.now()));
        Instant lost = time.now();

        relay.endSubscription(first.id(), "error: out of order");
        Duration pause = time.awaitPause(1);
        time.advance(pause);

        assertThat(since(relay.awaitRequests(2).get(1), 1))
                .isEqualTo(lost.minus(SLACK).getEpochSecond());
    }

    @Test
    void refusalThatComesWhileAnAccountLeavesIsTakenAsAnyOther() {
        RelayPool pool = pool();
        Interest leaving = interest(A, time.now(), 1);
        pool.changed(from(A, relay.url(), leaving));
        feed.caughtUp.await(1);
        time.awaitTimers(Link.GATHERING, 1);

        pool.changed(gone(A, relay.url(), leaving));
        relay.endSubscription(relay.requests().get(0).id(), "error: out of order");

        time.awaitPause(1);
    }

    // ---- pages

    @Test
    void restOfACutAnswerIsAskedForPageByPage() {
        relay.limitPerFilter(LIMIT);
        Instant began = ago(Duration.ofHours(5));
        List<NostrEvent> stored = store(1, A, 30, time.now());

        pool().changed(from(A, relay.url(), interest(A, began, 1)));

        feed.caughtUp.await(1);
        assertThat(accepted()).containsExactlyElementsOf(stored);
        assertThat(feed.accepted.all()).allMatch(call -> call.source().stored());
        // Pages overlap by the second in which the one before ended.
        assertThat(untils(pages()))
                .containsExactly(
                        stored.get(9).createdAt(),
                        stored.get(18).createdAt(),
                        stored.get(27).createdAt());
        Filter main = relay.requests().get(0).filters().get(0);
        assertThat(pages())
                .allSatisfy(page -> assertThat(page.filters())
                        .containsExactly(main.toBuilder()
                                .until(page.filters().get(0).until().orElseThrow())
                                .build()));
        relay.awaitOpenRequests(open -> open.size() == 1 && !isPage(open.get(0)));

        NostrEvent live = event(1, time.now(), "live", A);
        relay.publish(live);
        assertThat(feed.accepted.await(34).get(33))
                .isEqualTo(new RecordingFeed.Accepted(live, Source.relay(relay.url())));
    }

    @Test
    void answerThatNoLimitCutIsNotAskedForAgain() {
        store(1, A, LIMIT - 1, time.now());

        pool().changed(from(A, relay.url(), interest(A, ago(Duration.ofHours(5)), 1)));

        feed.caughtUp.await(1);
        letReport();
        assertThat(feed.read.await(1)).containsExactly(read(time.now()));
        assertThat(relay.requests()).hasSize(1);
    }

    @Test
    void accountIsCaughtUpAfterItsLastPageAndLiveEventsComeMeanwhile() {
        relay.limitPerFilter(LIMIT);
        withholdPages();
        List<NostrEvent> stored = store(1059, A, 15, ago(Duration.ofDays(1)));
        Interest interest = interest(A, time.now(), 1059);
        pool().changed(from(A, relay.url(), interest));
        feed.accepted.await(LIMIT + 6);

        NostrEvent live = event(1059, time.now(), "live", A);
        relay.publish(live);
        feed.accepted.await(LIMIT + 7);
        assertThat(feed.caughtUp.all()).isEmpty();
        relay.releaseEose();

        assertThat(feed.all.await(LIMIT + 8).get(LIMIT + 7))
                .isEqualTo(new RecordingFeed.CaughtUp(relay.url(), Map.of(A, interest)));
        Source source = Source.relay(relay.url());
        assertThat(feed.accepted.all())
                .contains(
                        new RecordingFeed.Accepted(stored.get(14), source.asStored()),
                        new RecordingFeed.Accepted(live, source));
    }

    @Test
    void limitForAllFiltersTogetherHidesNothing() {
        relay.limitPerRequest(LIMIT);
        List<NostrEvent> stored = new ArrayList<>(store(4, A, 25, time.now()));
        stored.addAll(store(1059, A, 25, ago(Duration.ofDays(1))));

        pool().changed(from(A, relay.url(), interest(A, ago(Duration.ofHours(5)), 4, 1059)));

        feed.caughtUp.await(1);
        assertThat(accepted()).containsExactlyInAnyOrderElementsOf(stored);
    }

    @Test
    void secondThatHoldsMoreEventsThanAPageIsPassed() {
        relay.limitPerFilter(LIMIT);
        Instant full = ago(Duration.ofHours(1));
        List<NostrEvent> young = store(1, A, 5, time.now());
        for (int i = 0; i < 14; i++) {
            relay.publish(event(1, full, "crowd " + i, A));
        }
        List<NostrEvent> old = store(1, A, 5, full.minusSeconds(30));

        pool().changed(from(A, relay.url(), interest(A, ago(Duration.ofHours(5)), 1)));

        feed.caughtUp.await(1);
        assertThat(accepted()).hasSize(5 + LIMIT + 5).containsAll(young).containsAll(old);
        assertThat(untils(pages())).containsExactly(full.getEpochSecond(), full.getEpochSecond() - 1);
    }

    @Test
    void relayWithoutAnEndIsAskedForTwentyPages() {
        relay.limitPerFilter(LIMIT);
        store(1, A, 250, time.now());

        pool().changed(from(A, relay.url(), interest(A, ago(Duration.ofHours(5)), 1)));

        feed.caughtUp.await(1);
        assertThat(pages()).hasSize(Subscription.MOST_PAGES);
        assertThat(accepted()).hasSize(LIMIT + Subscription.MOST_PAGES * (LIMIT - 1));
        letReport();
        assertThat(feed.read.await(1)).containsExactly(read(time.now()));
        assertThat(relay.requests()).hasSize(1 + Subscription.MOST_PAGES);
    }

    @Test
    void afterARefusedPageTheAccountIsCaughtUpButNotRead() {
        relay.limitPerFilter(LIMIT);
        relay.refuse(request -> isPage(request) ? Optional.of("rate-limited: slow down") : Optional.empty());
        Instant began = ago(Duration.ofHours(5));
        store(1, A, 30, time.now());

        pool().changed(from(A, relay.url(), interest(A, began, 1)));

        feed.caughtUp.await(1);
        assertThat(pages()).hasSize(1);
        letReport();
        assertThat(feed.read.await(1)).containsExactly(read(began));
        relay.dropConnections();
        time.awaitPause(1);
        time.advance(Backoff.FIRST);
        assertThat(since(relay.awaitRequests(3).get(2), 1))
                .isEqualTo(began.minus(SLACK).getEpochSecond());
        feed.caughtUp.await(2);
        letReport();
        assertThat(feed.read.all()).as("it does not get on").containsExactly(read(began));
    }

    @Test
    void pageThatDoesNotComeIsWaitedForThirtySeconds() {
        relay.limitPerFilter(LIMIT);
        relay.withholdEose();
        Instant began = ago(Duration.ofHours(5));
        store(1059, A, 30, time.now());
        pool().changed(from(A, relay.url(), interest(A, began, 1059)));
        feed.accepted.await(LIMIT);
        time.awaitTimers(Link.EOSE_PATIENCE, 1);
        time.advance(Duration.ofSeconds(20));
        withholdPages();
        relay.releaseEose();
        time.awaitTimers(Link.EOSE_PATIENCE, 2);

        time.advance(Link.EOSE_PATIENCE.minusMillis(1));
        relay.publish(event(1059, time.now(), "live", A));
        feed.accepted.await(2 * LIMIT + 1);
        assertThat(feed.caughtUp.all()).isEmpty();
        time.advance(Duration.ofMillis(1));

        feed.caughtUp.await(1);
        relay.awaitOpenRequests(open -> open.size() == 1 && !isPage(open.get(0)));
        letReport();
        feed.read.await(1);
        assertThat(feed.read.all()).containsOnly(read(began));
    }

    @Test
    void pageThatComesAfterAllIsTaken() {
        relay.limitPerFilter(LIMIT);
        withholdPages();
        store(1, A, 15, time.now());
        RelayPool pool = pool();
        pool.changed(from(A, relay.url(), interest(A, ago(Duration.ofHours(5)), 1)));
        time.awaitTimers(Link.EOSE_PATIENCE, 2);
        String page = relay.awaitRequest(CatchUpTest::isPage).id();
        time.advance(Link.EOSE_PATIENCE);
        feed.caughtUp.await(1);
        relay.awaitOpenRequests(open -> open.size() == 1);
        relay.releaseEose();

        relay.sendText("[\"EOSE\",\"" + page + "\"]");
        awaitReader(pool);
        time.advance(RelayPool.REPORTING.minus(Link.EOSE_PATIENCE));

        assertThat(feed.read.await(1)).containsExactly(read(time.now()));
    }

    @Test
    void pageOfARequestThatTheRelayEndedMakesNobodyRead() {
        relay.limitPerFilter(LIMIT);
        withholdPages();
        Instant began = ago(Duration.ofHours(5));
        store(1, A, 15, time.now());
        RelayPool pool = pool();
        pool.changed(from(A, relay.url(), interest(A, began, 1)));
        String page = relay.awaitRequest(CatchUpTest::isPage).id();
        String main = relay.requests().get(0).id();

        relay.endSubscription(main, "error: out of order");
        relay.sendText("[\"EOSE\",\"" + page + "\"]");
        feed.caughtUp.await(1);
        relay.releaseEose();
        time.awaitTimers(Link.GATHERING, 1);
        time.advance(Link.GATHERING);
        awaitReader(pool);
        time.advance(RelayPool.REPORTING.minus(Link.GATHERING));

        assertThat(feed.read.await(1)).containsExactly(read(began));
    }

    @Test
    void relayThatKnowsNoUntilIsReadOnceAndKept() {
        relay.limitPerFilter(LIMIT);
        withholdPages();
        List<NostrEvent> stored = store(1, A, 15, time.now());
        RelayPool pool = pool();
        pool.changed(from(A, relay.url(), interest(A, ago(Duration.ofHours(5)), 1)));
        String page = relay.awaitRequest(CatchUpTest::isPage).id();
        feed.accepted.await(LIMIT + 6);

        for (int i = 0; i < 150; i++) {
            relay.sendText("[\"EVENT\",\"" + page + "\"," + stored.get(i % 9).toJson() + "]");
        }
        relay.releaseEose();

        feed.caughtUp.await(1);
        assertThat(feed.accepted.all()).hasSize(LIMIT + 6);
        assertThat(pages()).hasSize(1);
        assertThat(relay.connectionsSoFar()).isEqualTo(1);
    }

    @Test
    void requestThatChangesInItsMidstIsAskedForFromTheOldMoment() {
        relay.limitPerFilter(LIMIT);
        AtomicBoolean first = new AtomicBoolean(true);
        relay.refuse(request -> {
            if (isPage(request) && first.getAndSet(false)) {
                relay.withholdEose();
            }
            return Optional.empty();
        });
        Instant began = ago(Duration.ofHours(5));
        List<NostrEvent> stored = store(1, A, 30, time.now());
        RelayPool pool = pool();
        Interest interest = interest(A, began, 1);
        pool.changed(from(A, relay.url(), interest));
        Request page = relay.awaitRequest(CatchUpTest::isPage);
        time.awaitTimers(Link.GATHERING, 1);

        Interest late = interest(B, time.now(), 1);
        pool.changed(from(B, relay.url(), late));
        time.advance(Link.GATHERING);

        Request next = relay.awaitRequest(asked -> asked.values('p').contains(B.hex()));
        assertThat(since(next, 1)).isEqualTo(began.minus(SLACK).getEpochSecond());
        relay.awaitOpenRequests(open -> open.equals(List.of(next)));
        assertThat(feed.caughtUp.all()).isEmpty();
        // The relay had the EOSE of the first page under way.
        relay.sendText("[\"EOSE\",\"" + page.id() + "\"]");
        relay.releaseEose();

        assertThat(feed.caughtUp.await(1).get(0).covered()).isEqualTo(Map.of(A, interest, B, late));
        assertThat(accepted()).containsAll(stored);
        assertThat(pages()).hasSize(1 + 3);
    }

    @Test
    void reconnectInTheMidstAsksFromTheOldMoment() {
        relay.limitPerFilter(LIMIT);
        withholdPages();
        Instant began = ago(Duration.ofHours(5));
        List<NostrEvent> stored = store(1, A, 30, time.now());
        RelayPool pool = pool();
        letReport();
        time.awaitTimers(RelayPool.REPORTING, 2);
        pool.changed(from(A, relay.url(), interest(A, began, 1)));
        relay.awaitRequest(CatchUpTest::isPage);

        relay.refuse(request -> Optional.empty());
        relay.dropConnections();
        time.awaitPause(1);
        assertThat(feed.caughtUp.all()).isEmpty();
        assertThat(feed.read.all()).containsExactly(read(began));
        relay.releaseEose();
        time.advance(Backoff.FIRST);

        feed.caughtUp.await(1);
        Request again = relay.awaitRequest(any -> true);
        assertThat(since(again, 1)).isEqualTo(began.minus(SLACK).getEpochSecond());
        assertThat(accepted()).containsAll(stored);
        time.advance(RelayPool.REPORTING.minus(Backoff.FIRST));
        assertThat(feed.read.await(2)).containsExactly(read(began), read(time.now()));
    }

    @Test
    void threePagesAtMostAreOpenAtOnce() {
        relay.limitPerFilter(LIMIT);
        AtomicInteger most = new AtomicInteger();
        relay.refuse(request -> {
            int open = (int)
                    relay.openRequests().stream().filter(CatchUpTest::isPage).count();
            most.accumulateAndGet(open + (isPage(request) ? 1 : 0), Math::max);
            if (isPage(request)) {
                relay.withholdEose();
            }
            return Optional.empty();
        });
        RelayPool pool = pool();
        List<NostrEvent> stored = new ArrayList<>();
        int kinds = 6;
        for (int kind = 1; kind <= kinds; kind++) {
            // A group of its own, so a REQ of its own.
            stored.addAll(store(100 + kind, account(kind), 30, time.now()));
            pool.changed(
                    from(account(kind), relay.url(), interest(account(kind), ago(Duration.ofHours(5)), 100 + kind)));
        }
        relay.awaitRequests(1);
        time.awaitTimers(Link.GATHERING, 1);
        time.advance(Link.GATHERING);
        relay.awaitOpenRequests(
                open -> open.stream().filter(CatchUpTest::isPage).count() == Pages.AT_ONCE);

        relay.refuse(request -> {
            int open = (int)
                    relay.openRequests().stream().filter(CatchUpTest::isPage).count();
            most.accumulateAndGet(open + (isPage(request) ? 1 : 0), Math::max);
            return Optional.empty();
        });
        relay.releaseEose();

        for (int seen = 1;
                feed.caughtUp.await(seen).stream()
                                .flatMap(call -> call.covered().keySet().stream())
                                .distinct()
                                .count()
                        < kinds;
                seen++) {}
        assertThat(accepted()).containsExactlyInAnyOrderElementsOf(stored);
        assertThat(most).hasValue(Pages.AT_ONCE);
    }

    @Test
    void pagesAreForThoseWhoAreBehindAlone() {
        relay.limitPerFilter(LIMIT);
        Instant began = ago(Duration.ofHours(5));
        store(1, A, 40, time.now());
        RelayPool pool = pool();
        pool.changed(from(A, relay.url(), interest(A, began, 1)));
        feed.caughtUp.await(1);
        int pagesOfA = pages().size();
        time.awaitTimers(Link.GATHERING, 1);
        time.advance(Link.GATHERING);
        List<NostrEvent> stored = store(1, B, 15, ago(Duration.ofHours(1)));

        pool.changed(from(B, relay.url(), interest(B, began, 1)));

        Stream<PublicKey> covered = feed.caughtUp.await(3).stream().flatMap(call -> call.covered().keySet().stream());
        assertThat(covered).containsExactlyInAnyOrder(A, A, B);
        assertThat(accepted()).containsAll(stored);
        List<Request> pages = pages().subList(pagesOfA, pages().size());
        assertThat(pages)
                .hasSize(2)
                .allSatisfy(page -> assertThat(page.values('p')).isEqualTo(Set.of(B.hex())));
    }

    // ---- how far it was read

    @Test
    void howFarARelayWasReadIsReportedWhileItIsConnectedAndWhenItIsLeft() {
        Instant start = time.now();
        RelayPool pool = pool();
        pool.changed(from(A, relay.url(), interest(A, ago(Duration.ofHours(5)), 1)));
        feed.caughtUp.await(1);

        time.advance(RelayPool.REPORTING.minusMillis(1));
        assertThat(feed.read.all()).isEmpty();
        time.advance(Duration.ofMillis(1));
        Instant first = start.plus(RelayPool.REPORTING);
        assertThat(feed.read.await(1)).containsExactly(read(first));
        time.awaitTimers(RelayPool.REPORTING, 2);
        letReport();
        Instant second = first.plus(RelayPool.REPORTING);
        assertThat(feed.read.await(2)).containsExactly(read(first), read(second));

        time.advance(Duration.ofSeconds(7));
        relay.dropConnections();
        assertThat(feed.read.await(3).get(2)).isEqualTo(read(second.plusSeconds(7)));
        time.awaitPause(1);
        time.advance(Backoff.FIRST);
        feed.caughtUp.await(2);
        time.advance(Duration.ofSeconds(8));
        pool.close();
        assertThat(feed.read.all())
                .hasSize(4)
                .last()
                .isEqualTo(read(second.plusSeconds(15).plus(Backoff.FIRST)));
    }

    @Test
    void nothingIsReportedBeforeTheEngineCouldTellOfAllAccounts() {
        RelayPool pool = pool();
        pool.changed(from(A, relay.url(), interest(A, ago(Duration.ofHours(5)), 1)));
        feed.caughtUp.await(1);
        time.advance(Duration.ofSeconds(10));

        relay.dropConnections();
        time.awaitPause(1);
        pool.close();

        assertThat(feed.read.all()).isEmpty();
    }

    @Test
    void oneAccountThatIsNotReadHoldsTheRelayBack() {
        Instant read = ago(Duration.ofHours(5));
        feed.readBefore.put(relay.url(), read);
        RelayPool pool = pool();
        pool.changed(from(A, relay.url(), interest(A, ago(Duration.ofDays(30)), 1)));
        feed.caughtUp.await(1);
        letReport();
        Instant first = time.now();
        assertThat(feed.read.await(1)).containsExactly(read(first));
        time.awaitTimers(RelayPool.REPORTING, 2);
        relay.withholdEose();
        pool.changed(from(B, relay.url(), interest(B, first.minusSeconds(1), 7)));
        relay.awaitRequest(asked -> asked.asksForKind(7));

        letReport();
        time.awaitTimers(RelayPool.REPORTING, 3);
        assertThat(feed.read.all()).as("it does not go back either").containsExactly(read(first));
        relay.releaseEose();
        awaitReader(pool);
        letReport();

        assertThat(feed.read.await(2)).containsExactly(read(first), read(time.now()));
    }

    @Test
    void eventWithoutAnOutcomeHoldsTheRelayBack() {
        RelayPool pool = pool();
        pool.changed(from(A, relay.url(), interest(A, ago(Duration.ofHours(5)), 1)));
        feed.caughtUp.await(1);
        CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        feed.answer = (event, source) -> outcome;
        time.advance(Duration.ofSeconds(20));
        Instant handed = time.now();
        relay.publish(event(1, time.now(), "slow", A));
        feed.accepted.await(1);

        time.advance(RelayPool.REPORTING.minusSeconds(20));
        assertThat(feed.read.await(1)).containsExactly(read(handed));
        time.awaitTimers(RelayPool.REPORTING, 2);
        outcome.complete(new Outcome.Taken(1));
        awaitReader(pool);
        letReport();

        assertThat(feed.read.await(2)).containsExactly(read(handed), read(time.now()));
    }

    @Test
    void eventThatTheEngineDidNotTakeIsAskedForAgain() {
        Instant began = ago(Duration.ofHours(5));
        pool().changed(from(A, relay.url(), interest(A, began, 1)));
        feed.caughtUp.await(1);
        feed.answer = (event, source) -> CompletableFuture.failedFuture(new IllegalStateException("as the test says"));
        time.advance(Duration.ofSeconds(20));
        Instant handed = time.now();
        relay.publish(event(1, time.now(), "unlucky", A));
        feed.accepted.await(1);
        feed.answer = (event, source) -> CompletableFuture.completedFuture(new Outcome.Closed());
        time.advance(Duration.ofSeconds(20));
        relay.publish(event(1, time.now(), "too late", A));
        feed.accepted.await(2);

        time.advance(RelayPool.REPORTING);
        assertThat(feed.read.await(1)).containsExactly(read(handed));
        relay.dropConnections();
        time.awaitPause(1);
        time.advance(Backoff.FIRST);

        assertThat(since(relay.awaitRequests(2).get(1), 1))
                .isEqualTo(handed.minus(SLACK).getEpochSecond());
        assertThat(feed.read.all()).hasSize(1);
    }
}
