package dev.nippush.relay;

import static dev.nippush.relay.Events.account;
import static dev.nippush.relay.Events.change;
import static dev.nippush.relay.Events.event;
import static dev.nippush.relay.Events.from;
import static dev.nippush.relay.Events.gone;
import static dev.nippush.relay.Events.interest;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.account.Interest;
import dev.nippush.address.AddressRule;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.Filter;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.testkit.RawRelay;
import dev.nippush.testkit.TestCertificates;
import dev.nippush.testkit.TestRelay;
import dev.nippush.testkit.TestRelay.Request;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RelayPoolTest {

    private static final AddressRule LOOPBACK = AddressRule.of(List.of("127.0.0.0/8"), List.of(), List.of());
    private static final PublicKey A = account(1);
    private static final PublicKey B = account(2);
    private static final PublicKey C = account(3);

    private static final long PEEK_NANOS = TimeUnit.MICROSECONDS.toNanos(200);

    private final RecordingTime time = new RecordingTime();
    private final Queue<AutoCloseable> toClose = new ArrayDeque<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : toClose) {
            each.close();
        }
    }

    private TestRelay relay(TestRelay.Builder builder) {
        TestRelay relay = builder.start();
        toClose.add(relay);
        return relay;
    }

    private TestRelay relay() {
        return relay(TestRelay.builder());
    }

    private RelayPool pool(RecordingFeed feed, RelayPool.Builder builder) {
        RelayPool pool = builder.build();
        toClose.add(pool);
        pool.start(feed);
        return pool;
    }

    private RelayPool.Builder builder() {
        return RelayPool.builder().addressRule(LOOPBACK).time(time);
    }

    private RelayPool pool(RecordingFeed feed) {
        return pool(feed, builder());
    }

    /** Looks until a state is as wanted: every change takes the pool's thread no more than a moment. */
    private static RelayState awaitState(RelayPool pool, RelayUrl relay, Predicate<RelayState> wanted) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
        while (System.nanoTime() < deadline) {
            Optional<RelayState> state = pool.states().stream()
                    .filter(of -> of.relay().equals(relay))
                    .findFirst();
            if (state.filter(wanted).isPresent()) {
                return state.get();
            }
            LockSupport.parkNanos(PEEK_NANOS);
        }
        throw new AssertionError("not the wanted state: " + pool.states());
    }

    private Filter onlyFilter(Request request) {
        assertThat(request.filters()).hasSize(1);
        return request.filters().get(0);
    }

    // ---- what is asked

    @Test
    void firstChangeIsAskedForAtOnceAndThoseOfTheNextSecondTogether() {
        TestRelay relay = relay();
        RelayPool pool = pool(new RecordingFeed());

        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));
        assertThat(relay.awaitRequests(1).get(0).values('p')).containsExactly(A.hex());

        // The connection opens with one REQ, which begins the second.
        time.awaitTimers(Link.GATHERING, 1);
        pool.changed(from(B, relay.url(), interest(B, time.now(), 1)));
        pool.changed(from(C, relay.url(), interest(C, time.now(), 1)));
        time.advance(Link.GATHERING);
        Request gathered = relay.awaitRequest(request -> request.values('p').contains(C.hex()));
        assertThat(gathered.values('p')).containsExactlyInAnyOrder(A.hex(), B.hex(), C.hex());
        assertThat(relay.requests()).hasSize(2);

        relay.awaitOpenRequests(open -> open.size() == 1);

        time.awaitTimers(Link.GATHERING, 2);
        time.advance(Link.GATHERING);
        time.awaitTimers(Link.EOSE_PATIENCE, 2);
        pool.changed(gone(B, relay.url(), interest(B, time.now(), 1)));
        relay.awaitOpenRequests(
                open -> open.size() == 1 && open.get(0).values('p').equals(Set.of(A.hex(), C.hex())));
    }

    @Test
    void groupsThatAreNoEventIdsAreAskedForUnderHAlone() {
        TestRelay relay = relay(TestRelay.builder().strict());
        RelayPool pool = pool(new RecordingFeed());
        String channel = "c".repeat(64);

        pool.changed(from(A, relay.url(), new Interest(Set.of(9, 42), Set.of(), Set.of(channel, "chess"), time.now())));

        Request request = relay.awaitRequest(any -> true);
        assertThat(request.values('e')).containsExactly(channel);
        assertThat(request.values('h')).containsExactlyInAnyOrder(channel, "chess");
        assertThat(request.values('p')).isEmpty();
        assertThat(request.filters()).allSatisfy(filter -> {
            assertThat(filter.kinds()).contains(Set.of(9, 42));
            assertThat(filter.limit()).isEmpty();
        });
    }

    @Test
    void directMessagesAreAskedForInARequestOfTheirOwn() {
        TestRelay relay = relay();
        RelayPool pool = pool(new RecordingFeed());
        Instant began = time.now().minusSeconds(60);

        pool.changed(from(A, relay.url(), interest(A, began, 1, 4, 7, 44, 1059, 1060, 21059)));

        List<Request> requests = relay.awaitRequests(2);
        Request direct = requests.stream()
                .filter(asked -> asked.asksForKind(4))
                .findFirst()
                .orElseThrow();
        Request other = requests.stream()
                .filter(asked -> asked.asksForKind(1))
                .findFirst()
                .orElseThrow();
        assertThat(onlyFilter(other).kinds()).contains(Set.of(1, 7));
        assertThat(direct.filters()).hasSize(2);
        long slack = began.minusSeconds(600).getEpochSecond();
        assertThat(direct.filters().get(0).kinds()).contains(Set.of(4, 44));
        assertThat(direct.filters().get(0).since()).hasValue(slack);
        assertThat(direct.filters().get(1).kinds()).contains(Set.of(1059, 1060, 21059));
        assertThat(direct.filters().get(1).since()).hasValue(slack - 2 * 24 * 3600);
        assertThat(onlyFilter(other).since()).hasValue(slack);
    }

    @Test
    void whatIsOlderThanADayIsNotAskedFor() {
        TestRelay relay = relay();
        RelayPool pool = pool(new RecordingFeed());

        pool.changed(from(A, relay.url(), interest(A, time.now().minus(Duration.ofDays(30)), 1)));

        assertThat(onlyFilter(relay.awaitRequest(any -> true)).since())
                .hasValue(time.now().minus(Duration.ofDays(1)).getEpochSecond());
    }

    @Test
    void directMessagesOfOthersAreNotAskedFor() {
        TestRelay relay = relay();
        RelayPool pool = pool(new RecordingFeed());

        pool.changed(from(A, relay.url(), new Interest(Set.of(1, 1059), Set.of(B), Set.of(), time.now())));

        Request request = relay.awaitRequest(any -> true);
        time.awaitTimers(Link.GATHERING, 1);
        assertThat(relay.requests()).containsExactly(request);
        assertThat(onlyFilter(request).kinds()).contains(Set.of(1));
    }

    @Test
    void manyAccountsAreAskedForInSeveralRequestsAndAllAreCaughtUp() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed(relay.url());
        RelayPool pool = pool(feed);
        feed.hearing.await(1);
        int count = 3_000;
        for (int i = 0; i < count; i++) {
            pool.changed(from(account(i), relay.url(), interest(account(i), time.now(), 1, 1059)));
        }
        awaitState(pool, relay.url(), state -> state.accounts() == count);
        time.advance(Link.GATHERING);

        List<Request> open = relay.awaitOpenRequests(requests -> Stream.of(1, 1059)
                .allMatch(kind -> requests.stream()
                                .filter(asked -> asked.asksForKind(kind))
                                .mapToInt(asked -> asked.values('p').size())
                                .sum()
                        == count));
        assertThat(open)
                .hasSizeGreaterThan(4)
                .allSatisfy(asked -> assertThat(asked.filters()).hasSizeLessThanOrEqualTo(Plan.MAX_FILTERS));
        Set<PublicKey> covered = new HashSet<>();
        for (int seen = 1; covered.size() < count; seen++) {
            covered.addAll(feed.caughtUp.await(seen).get(seen - 1).covered().keySet());
        }
        NostrEvent last = event(1059, time.now(), "for the last", account(count - 1));
        relay.publish(last);
        assertThat(feed.accepted.await(1).get(0).event()).isEqualTo(last);
    }

    @Test
    void planThatIsLargerThanASocketTakesAtOnceIsSentBitByBit() {
        CountDownLatch reading = new CountDownLatch(1);
        AtomicLong read = new AtomicLong();
        RawRelay relay = RawRelay.start(List.of(), (in, out) -> {
            try {
                reading.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            byte[] buffer = new byte[64 * 1024];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                read.addAndGet(count);
            }
        });
        toClose.add(relay);
        RelayPool pool = pool(new RecordingFeed(relay.url()));
        int accounts = 25;
        int groups = 2_000;
        for (int i = 0; i < accounts; i++) {
            Set<String> e = new HashSet<>();
            for (int k = 0; k < groups; k++) {
                e.add(account(i * groups + k).hex());
            }
            pool.changed(from(account(i), relay.url(), new Interest(Set.of(9), Set.of(), e, time.now())));
        }
        awaitState(pool, relay.url(), state -> state.accounts() == accounts);
        time.advance(Link.GATHERING);

        time.awaitTimers(Link.SENDING_PAUSE, 1);
        reading.countDown();
        // 64 hex digits, two quotes and a comma, under e and under h.
        long least = 2L * 67 * accounts * groups;
        while (read.get() < least) {
            time.advance(Link.SENDING_PAUSE);
            LockSupport.parkNanos(PEEK_NANOS);
        }
        assertThat(awaitState(pool, relay.url(), any -> true).phase()).isEqualTo(RelayState.Phase.CONNECTED);
    }

    // ---- what comes

    @Test
    void storedEventsAreHandedOverBeforeTheAccountIsCaughtUpAndLiveOnesAfter() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        Source source = Source.relay(relay.url());
        NostrEvent stored = event(1059, time.now().minus(Duration.ofDays(1)), "stored", A);
        NostrEvent live = event(1059, time.now().minus(Duration.ofDays(1)), "live", A);
        NostrEvent forB = event(1059, time.now(), "for another", B);
        relay.publish(stored);
        relay.publish(forB);
        Interest interest = interest(A, time.now(), 1059);

        pool.changed(from(A, relay.url(), interest));
        feed.caughtUp.await(1);
        relay.publish(live);

        assertThat(feed.all.await(3))
                .containsExactly(
                        new RecordingFeed.Accepted(stored, source.asStored()),
                        new RecordingFeed.CaughtUp(relay.url(), Map.of(A, interest)),
                        new RecordingFeed.Accepted(live, source));
    }

    @Test
    void accountIsCaughtUpOnlyWhenAllItsRequestsAre() {
        TestRelay relay = relay();
        relay.withholdEose();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        Interest interest = interest(A, time.now(), 1, 1059);
        pool.changed(from(A, relay.url(), interest));
        Request other = relay.awaitRequest(asked -> asked.asksForKind(1));
        Request direct = relay.awaitRequest(asked -> asked.asksForKind(1059));
        NostrEvent late = event(1059, time.now(), "late", A);

        relay.sendText("[\"EOSE\",\"" + other.id() + "\"]");
        relay.publish(late);
        feed.accepted.await(1);
        assertThat(feed.caughtUp.all()).isEmpty();
        relay.sendText("[\"EOSE\",\"" + direct.id() + "\"]");

        assertThat(feed.caughtUp.await(1))
                .containsExactly(new RecordingFeed.CaughtUp(relay.url(), Map.of(A, interest)));
        assertThat(feed.accepted.last().source())
                .isEqualTo(Source.relay(relay.url()).asStored());
    }

    @Test
    void eoseIsReportedAfterTheOutcomesOfWhatCameBefore() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        feed.answer = (event, source) -> outcome;
        RelayPool pool = pool(feed);
        relay.publish(event(1059, time.now(), "stored", A));

        pool.changed(from(A, relay.url(), interest(A, time.now(), 1059)));
        feed.accepted.await(1);
        assertThat(feed.caughtUp.all()).isEmpty();
        outcome.complete(new Outcome.Taken(1));

        feed.caughtUp.await(1);
    }

    @Test
    void relayWithoutEoseCountsAsHavingSentItAfterThirtySeconds() {
        TestRelay relay = relay();
        relay.withholdEose();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1059)));
        relay.awaitRequest(any -> true);
        time.awaitTimers(Link.EOSE_PATIENCE, 1);

        time.advance(Link.EOSE_PATIENCE.minusMillis(1));
        assertThat(feed.caughtUp.all()).isEmpty();
        time.advance(Duration.ofMillis(1));

        feed.caughtUp.await(1);
        relay.publish(event(1059, time.now(), "live", A));
        assertThat(feed.accepted.await(1).get(0).source()).isEqualTo(Source.relay(relay.url()));
    }

    @Test
    void accountWithAnUnchangedRequestIsReportedAgainWithItsNewInterest() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        Interest first = interest(A, time.now(), 1, 1059);
        pool.changed(from(A, relay.url(), first));
        feed.caughtUp.await(1);
        time.awaitTimers(Link.GATHERING, 1);
        time.advance(Link.GATHERING);

        Interest second = new Interest(
                Set.of(1, 1059), Set.of(A), Set.of("chess"), time.now().plusSeconds(1));
        pool.changed(change(A, relay.url(), first, second));

        assertThat(feed.caughtUp.await(2).get(1).covered()).isEqualTo(Map.of(A, second));
        relay.awaitRequests(3);
        assertThat(relay.requests().stream().filter(asked -> asked.asksForKind(1059)))
                .hasSize(1);
        assertThat(relay.requests().stream().filter(asked -> asked.asksForKind(1)))
                .hasSize(2);
    }

    @Test
    void directMessagesAreAskedForAnewWhenTheAccountWantedNoneInBetween() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        Interest interest = interest(A, time.now(), 1059);
        pool.changed(from(A, relay.url(), interest));
        feed.caughtUp.await(1);
        time.awaitTimers(Link.GATHERING, 1);

        pool.changed(gone(A, relay.url(), interest));
        pool.changed(from(A, relay.url(), interest(A, time.now().plusSeconds(1), 1059)));
        time.advance(Link.GATHERING);

        relay.awaitRequests(2);
        feed.caughtUp.await(2);
    }

    @Test
    void otherAccountsKeepTheirLiveEventsWhileTheRequestChanges() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        pool.changed(from(A, relay.url(), interest(A, time.now(), 21059)));
        feed.caughtUp.await(1);
        time.awaitTimers(Link.GATHERING, 1);
        time.advance(Link.GATHERING);

        // Ephemeral: what is missed here does not come again.
        List<NostrEvent> sent = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            if (i == 20) {
                pool.changed(from(B, relay.url(), interest(B, time.now(), 21059)));
            }
            NostrEvent event = event(21059, time.now(), "number " + i, A);
            sent.add(event);
            relay.publish(event);
        }
        relay.awaitRequest(asked -> asked.values('p').contains(B.hex()));
        NostrEvent last = event(21059, time.now(), "last", A);
        relay.publish(last);

        for (int seen = 1; ; seen++) {
            if (feed.accepted.await(seen).get(seen - 1).event().equals(last)) {
                break;
            }
        }
        assertThat(feed.accepted.all())
                .extracting(RecordingFeed.Accepted::event)
                .containsAll(sent);
    }

    // ---- home relays

    @Test
    void controlMessagesAreReadFromHomeRelaysAndHearingFollowsTheConnection() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed(relay.url());
        pool(feed);

        Request control = relay.awaitRequest(any -> true);
        Filter filter = onlyFilter(control);
        assertThat(filter.kinds()).contains(Set.of(22456));
        assertThat(filter.tags()).isEqualTo(Map.of('p', Set.of(RecordingFeed.SERVER.hex())));
        assertThat(filter.since()).hasValue(time.now().minusSeconds(300).getEpochSecond());
        assertThat(feed.hearing.await(1)).containsExactly(true);
        NostrEvent message = event(22456, time.now(), "x", RecordingFeed.SERVER);
        relay.publish(message);
        assertThat(feed.accepted.await(1))
                .containsExactly(new RecordingFeed.Accepted(message, Source.homeRelay(relay.url())));

        relay.dropConnections();
        assertThat(feed.hearing.await(2)).containsExactly(true, false);
        time.awaitPause(1);
        time.advance(Backoff.FIRST);
        assertThat(feed.hearing.await(3)).containsExactly(true, false, true);
    }

    @Test
    void oneOfTwoHomeRelaysIsEnoughToHear() {
        TestRelay first = relay();
        TestRelay second = relay();
        RecordingFeed feed = new RecordingFeed(first.url(), second.url());
        RelayPool pool = pool(feed);
        for (TestRelay each : List.of(first, second)) {
            // It comes after the EOSE.
            each.awaitRequest(any -> true);
            each.publish(event(22456, time.now(), "x", RecordingFeed.SERVER));
        }
        feed.accepted.await(2);
        feed.hearing.await(1);

        first.dropConnections();
        awaitState(pool, first.url(), state -> state.phase() == RelayState.Phase.PAUSING);
        second.dropConnections();
        awaitState(pool, second.url(), state -> state.phase() == RelayState.Phase.PAUSING);

        assertThat(feed.hearing.await(2)).containsExactly(true, false);
    }

    @Test
    void controlRequestThatIsRefusedIsAskedForAgainAfterAPause() {
        TestRelay relay = relay();
        AtomicInteger refusals = new AtomicInteger(2);
        relay.refuse(
                request -> refusals.getAndDecrement() > 0 ? Optional.of("rate-limited: slow down") : Optional.empty());
        RecordingFeed feed = new RecordingFeed(relay.url());
        RelayPool pool = pool(feed);

        time.awaitPause(1);
        RelayState state = awaitState(pool, relay.url(), of -> !of.refused().isEmpty());
        assertThat(state.refused()).containsExactly("control: rate-limited: slow down");
        time.advance(Duration.ofSeconds(1));
        time.awaitPause(2);
        time.advance(Duration.ofSeconds(1));

        assertThat(feed.hearing.await(1)).containsExactly(true);
        assertThat(relay.requests()).hasSize(3);
    }

    @Test
    void gatewayWithoutHomeRelaysSaysNothingOfHearing() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));
        feed.caughtUp.await(1);

        relay.dropConnections();
        time.awaitPause(1);

        assertThat(feed.hearing.all()).isEmpty();
    }

    // ---- connections

    @Test
    void brokenConnectionIsMadeAnewAndAsksForWhatWasMissed() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        pool.changed(from(A, relay.url(), interest(A, time.now().minusSeconds(7200), 1, 1059)));
        feed.caughtUp.await(1);
        relay.awaitRequests(2);
        // It comes behind the EOSE of its REQ.
        relay.publish(event(1, time.now(), "read", A));
        feed.accepted.await(1);
        time.advance(Duration.ofHours(1));
        Instant read = time.now();
        relay.dropConnections();
        Duration pause = time.awaitPause(1);
        assertThat(pause).isLessThanOrEqualTo(Backoff.FIRST);
        NostrEvent missed = event(1, read.plusSeconds(1), "missed", A);
        relay.publish(missed);
        time.advance(Duration.ofSeconds(1));

        relay.awaitRequests(4);
        long since = read.minusSeconds(600).getEpochSecond();
        assertThat(onlyFilter(relay.awaitRequest(asked -> asked.asksForKind(1))).since())
                .hasValue(since);
        assertThat(onlyFilter(relay.awaitRequest(asked -> asked.asksForKind(1059)))
                        .since())
                .hasValue(since - 2 * 24 * 3600);
        assertThat(feed.accepted.await(2).get(1).event()).isEqualTo(missed);
        feed.caughtUp.await(2);
    }

    @Test
    void whatWasNotReadToItsEndIsAskedForFromTheBeginning() {
        TestRelay relay = relay();
        relay.withholdEose();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        Instant began = time.now().minusSeconds(7200);
        pool.changed(from(A, relay.url(), interest(A, began, 1)));
        relay.awaitRequest(any -> true);
        time.awaitTimers(Link.EOSE_PATIENCE, 1);
        time.advance(Link.EOSE_PATIENCE);
        feed.caughtUp.await(1);

        time.advance(Duration.ofHours(1));
        relay.dropConnections();
        time.awaitPause(1);
        time.advance(Backoff.FIRST);

        assertThat(onlyFilter(relay.awaitRequests(2).get(1)).since())
                .hasValue(began.minusSeconds(600).getEpochSecond());
    }

    @Test
    void relayThatRestartsIsFoundAgain() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));
        feed.caughtUp.await(1);

        relay.stop();
        time.awaitPause(1);
        relay.restart();
        time.advance(Backoff.FIRST);

        feed.caughtUp.await(2);
    }

    @Test
    void pausesDoubleUpToAMinuteAndAnEoseEndsThat() {
        TestRelay relay = relay();
        relay.stop();
        RecordingFeed feed = new RecordingFeed();
        // The longest pause that jitter allows, less a nanosecond: told from other timers of a whole second.
        RandomGenerator longest = new RandomGenerator() {
            @Override
            public long nextLong() {
                return 1;
            }

            @Override
            public long nextLong(long bound) {
                return bound - 2;
            }
        };
        RelayPool pool = pool(feed, builder().random(longest));
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));

        List<Duration> pauses = new ArrayList<>();
        for (int i = 1; i <= 9; i++) {
            Duration pause = time.awaitPause(i);
            pauses.add(pause);
            if (i == 9) {
                relay.restart();
            }
            time.advance(pause);
        }
        assertThat(pauses)
                .extracting(pause -> pause.plusNanos(1).toMillis())
                .containsExactly(500L, 1_000L, 2_000L, 4_000L, 8_000L, 16_000L, 32_000L, 60_000L, 60_000L);

        feed.caughtUp.await(1);
        awaitState(pool, relay.url(), state -> state.phase() == RelayState.Phase.CONNECTED);
        relay.dropConnections();
        assertThat(time.awaitPause(10)).isEqualTo(Backoff.FIRST.minusNanos(1));
    }

    @Test
    void relayThatNobodyNamesAnyMoreIsLeftAfterAMinute() {
        TestRelay relay = relay();
        RelayPool pool = pool(new RecordingFeed());
        Interest interest = interest(A, time.now(), 1);
        pool.changed(from(A, relay.url(), interest));
        relay.awaitRequest(any -> true);
        time.awaitTimers(Link.GATHERING, 1);
        time.advance(Link.GATHERING);

        pool.changed(gone(A, relay.url(), interest));
        relay.awaitOpenRequests(List::isEmpty);
        time.awaitTimers(Link.GRACE, 1);
        assertThat(relay.connections()).isEqualTo(1);
        time.advance(Link.GRACE);

        relay.awaitConnections(0);
        assertThat(pool.states()).isEmpty();
    }

    @Test
    void relayThatIsNamedAgainInTimeIsKept() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        Interest interest = interest(A, time.now(), 1);
        pool.changed(from(A, relay.url(), interest));
        feed.caughtUp.await(1);
        pool.changed(gone(A, relay.url(), interest));
        time.awaitTimers(Link.GRACE, 1);

        time.advance(Link.GRACE.minusMillis(1));
        relay.awaitOpenRequests(List::isEmpty);
        pool.changed(from(B, relay.url(), interest(B, time.now(), 1)));
        awaitState(pool, relay.url(), state -> state.accounts() == 1);
        time.advance(Duration.ofSeconds(5));

        relay.awaitRequest(any -> true);
        assertThat(relay.connectionsSoFar()).isEqualTo(1);
        assertThat(relay.connections()).isEqualTo(1);
    }

    @Test
    void addressesThatTheRuleForbidsAreNotDialled() {
        TestRelay relay = relay();
        RelayPool pool = pool(new RecordingFeed(), builder().addressRule(AddressRule.strict()));

        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));

        RelayState state = awaitState(pool, relay.url(), of -> of.lastError().isPresent());
        assertThat(state.lastError().orElseThrow()).contains("ForbiddenAddressException");
        assertThat(relay.connectionsSoFar()).isZero();
    }

    @Test
    void homeRelayIsExemptFromTheRuleAndOthersOnItsHostAreNot() {
        TestRelay home = relay();
        TestRelay other = relay();
        RecordingFeed feed = new RecordingFeed(home.url());
        RelayPool pool = pool(feed, builder().addressRule(AddressRule.of(List.of(), List.of(home.url()), List.of())));

        pool.changed(from(A, other.url(), interest(A, time.now(), 1)));

        feed.hearing.await(1);
        awaitState(pool, other.url(), of -> of.lastError().isPresent());
        assertThat(other.connectionsSoFar()).isZero();
    }

    @Test
    void relaysBeyondTheMaximumWaitUntilOneIsLeft() {
        TestRelay first = relay();
        TestRelay second = relay();
        RelayPool pool = pool(new RecordingFeed(), builder().maxRelays(1));
        Interest interest = interest(A, time.now(), 1);
        pool.changed(from(A, first.url(), interest));
        first.awaitRequest(any -> true);
        pool.changed(from(A, second.url(), interest));
        awaitState(pool, second.url(), state -> state.phase() == RelayState.Phase.WAITING);

        pool.changed(gone(A, first.url(), interest));
        time.awaitTimers(Link.GRACE, 1);
        time.advance(Link.GRACE);

        second.awaitRequest(any -> true);
    }

    @Test
    void relayThatCannotBeReachedMakesRoomForOneThatWaits() {
        TestRelay dead = relay();
        TestRelay alive = relay();
        dead.stop();
        RelayPool pool = pool(new RecordingFeed(), builder().maxRelays(1));
        pool.changed(from(A, dead.url(), interest(A, time.now(), 1)));
        pool.changed(from(A, alive.url(), interest(A, time.now(), 1)));

        for (int i = 1; i <= 4; i++) {
            time.advance(time.awaitPause(i));
        }

        alive.awaitRequest(any -> true);
        awaitState(pool, dead.url(), state -> state.phase() == RelayState.Phase.WAITING);
    }

    @Test
    void relayThatAnswersNoPingIsGivenUp() {
        RawRelay mute = RawRelay.start(List.of(), (in, out) -> in.transferTo(OutputStream.nullOutputStream()));
        toClose.add(mute);
        RelayPool pool = pool(new RecordingFeed(mute.url()), builder().pingInterval(Duration.ofSeconds(1)));

        RelayState state = awaitState(pool, mute.url(), of -> of.lastError().isPresent());

        assertThat(state.lastError().orElseThrow()).contains("pong");
        assertThat(state.phase()).isEqualTo(RelayState.Phase.PAUSING);
    }

    @Test
    void redirectIsNotFollowed() throws IOException {
        TestRelay target = relay();
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Void> answered = CompletableFuture.runAsync(() -> {
                try (Socket socket = server.accept()) {
                    socket.getInputStream().read();
                    socket.getOutputStream()
                            .write(("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:"
                                            + target.url().port() + "/\r\nContent-Length: 0\r\n\r\n")
                                    .getBytes(StandardCharsets.US_ASCII));
                    socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            RelayUrl url = RelayUrl.of("ws://127.0.0.1:" + server.getLocalPort());
            RelayPool pool = pool(new RecordingFeed(url));

            RelayState state = awaitState(pool, url, of -> of.lastError().isPresent());

            assertThat(state.lastError().orElseThrow()).startsWith("HTTP 301");
            answered.join();
            assertThat(target.connectionsSoFar()).isZero();
        }
    }

    @Test
    void speaksTls() {
        TestCertificates certificates = TestCertificates.create();
        TestRelay relay = relay(TestRelay.builder().tls(certificates.server().context()));
        RecordingFeed feed = new RecordingFeed(relay.url());
        pool(feed, builder().trustedCertificates(List.of(certificates.authority())));

        feed.hearing.await(1);

        RelayPool distrustful = pool(new RecordingFeed(relay.url()));
        assertThat(awaitState(distrustful, relay.url(), of -> of.lastError().isPresent())
                        .lastError()
                        .orElseThrow())
                .contains("SSLHandshakeException");
    }

    // ---- refusals

    @Test
    void relayThatRefusesDirectMessagesStillServesTheRest() {
        TestRelay relay = relay(TestRelay.builder().hides(Set.of(4, 1059)));
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);

        pool.changed(from(A, relay.url(), interest(A, time.now(), 1, 4, 1059)));

        RelayState state = awaitState(pool, relay.url(), of -> !of.refused().isEmpty());
        assertThat(state.refused()).containsExactly("direct messages: auth-required: only for those involved");
        relay.awaitRequest(asked -> asked.asksForKind(1));
        NostrEvent live = event(1, time.now(), "live", A);
        relay.publish(live);
        assertThat(feed.accepted.await(1).get(0).event()).isEqualTo(live);
        assertThat(relay.authentications()).isEmpty();
    }

    @Test
    void challengeIsAnsweredWhenARequestWasRefusedForWantOfIt() {
        KeyPair server = KeyPair.generate();
        TestRelay relay = relay(TestRelay.builder().hides(Set.of(4, 1059)).exempts(Set.of(server.publicKey())));
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed, builder().keyPair(server));
        NostrEvent stored = event(1059, time.now(), "hidden", A);
        relay.publish(stored);
        Interest interest = interest(A, time.now(), 1059);

        pool.changed(from(A, relay.url(), interest));

        assertThat(feed.accepted.await(1).get(0).event()).isEqualTo(stored);
        assertThat(feed.caughtUp.await(1).get(0).covered()).containsKey(A);
        assertThat(relay.authentications()).hasSize(1).allSatisfy(answer -> {
            assertThat(answer.pubkey()).isEqualTo(server.publicKey());
            assertThat(answer.kind()).isEqualTo(22242);
            assertThat(answer.content()).isEmpty();
        });
        awaitState(pool, relay.url(), of -> of.refused().isEmpty() && of.subscriptions() == 1);
    }

    @Test
    void relayThatDemandsToKnowEveryoneIsServedByTheServersKey() {
        KeyPair server = KeyPair.generate();
        TestRelay relay = relay(TestRelay.builder().demandsAuth());
        RecordingFeed feed = new RecordingFeed(relay.url());
        RelayPool pool = pool(feed, builder().keyPair(server));
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1, 1059)));

        assertThat(feed.hearing.await(1)).containsExactly(true);
        feed.caughtUp.await(1);
        assertThat(relay.authentications()).hasSize(1);
    }

    @Test
    void requestThatIsRefusedStillIsNotAskedForForever() {
        KeyPair server = KeyPair.generate();
        TestRelay relay = relay(TestRelay.builder().demandsAuth());
        relay.refuse(request -> Optional.of("auth-required: always"));
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed, builder().keyPair(server));
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));

        relay.awaitRequests(2);
        awaitState(pool, relay.url(), of -> of.refused().size() == 1);
        time.awaitTimers(Link.EOSE_PATIENCE, 2);
        time.advance(Duration.ofMinutes(5));
        // A change that does not concern it.
        pool.changed(from(B, relay.url(), interest(B, time.now(), 1059)));
        relay.awaitRequests(3);

        assertThat(relay.requests().stream().filter(asked -> asked.asksForKind(1)))
                .hasSize(2);
    }

    @Test
    void requestThatIsRefusedForAPassingReasonIsAskedForAgainLater() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1059)));
        Request first = relay.awaitRequest(any -> true);
        feed.caughtUp.await(1);

        relay.endSubscription(first.id(), "rate-limited: slow down");
        Duration pause = time.awaitPause(1);
        assertThat(pause).isBetween(Duration.ofMinutes(1), Duration.ofMinutes(2));
        awaitState(pool, relay.url(), of -> of.refused().size() == 1);
        time.advance(pause);

        relay.awaitRequests(2);
        awaitState(pool, relay.url(), of -> of.refused().isEmpty());
        feed.caughtUp.await(2);
    }

    @Test
    void noticeIsKeptForTheStatus() {
        TestRelay relay = relay();
        RelayPool pool = pool(new RecordingFeed());
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));
        relay.awaitRequest(any -> true);

        relay.notice("too many\nconcurrent REQs");
        relay.endSubscription("unknown", "");
        pool.changed(from(B, relay.url(), interest(B, time.now(), 1)));
        time.awaitTimers(Link.GATHERING, 1);
        time.advance(Link.GATHERING);

        relay.awaitRequests(2);
        awaitState(pool, relay.url(), of -> of.lastNotice().equals(Optional.of("too many concurrent REQs")));
    }

    // ---- back-pressure

    @Test
    void busyEngineGetsTheSameEventAgainAndNothingIsLostOrReordered() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        int capacity = 3;
        int events = 400;
        Queue<CompletableFuture<Outcome>> open = new ConcurrentLinkedQueue<>();
        List<NostrEvent> taken = new ArrayList<>();
        AtomicInteger busy = new AtomicInteger();
        feed.answer = (event, source) -> {
            synchronized (taken) {
                if (open.size() >= capacity) {
                    busy.incrementAndGet();
                    // The engine gets on with its work: the oldest is done.
                    CompletableFuture<Outcome> oldest = open.remove();
                    CompletableFuture.runAsync(() -> oldest.complete(new Outcome.Taken(1)));
                    return CompletableFuture.completedFuture(new Outcome.Busy());
                }
                taken.add(event);
                CompletableFuture<Outcome> stage = new CompletableFuture<>();
                open.add(stage);
                return stage;
            }
        };
        RelayPool pool = pool(feed);
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));
        relay.awaitRequest(any -> true);
        List<NostrEvent> sent = new ArrayList<>();
        for (int i = 0; i < events; i++) {
            sent.add(event(1, time.now(), "number " + i, A));
        }
        sent.forEach(relay::publish);

        feed.accepted.await(events + (events - capacity));
        synchronized (taken) {
            assertThat(taken).containsExactlyElementsOf(sent);
        }
        assertThat(busy).hasValue(events - capacity);
    }

    @Test
    void engineThatIsBusyForOthersIsAskedAgain() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        AtomicInteger refusals = new AtomicInteger(5);
        feed.answer = (event, source) -> CompletableFuture.completedFuture(
                refusals.getAndDecrement() > 0 ? new Outcome.Busy() : new Outcome.Taken(1));
        RelayPool pool = pool(feed);
        NostrEvent stored = event(1, time.now(), "stored", A);
        relay.publish(stored);

        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));

        feed.caughtUp.await(1);
        assertThat(feed.accepted.all()).hasSize(6).allMatch(call -> call.event().equals(stored));
    }

    @Test
    void eventThatTheEngineGivesBackLaterIsHandedOverAgainBeforeTheEose() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        CompletableFuture<Outcome> first = new CompletableFuture<>();
        AtomicInteger calls = new AtomicInteger();
        feed.answer = (event, source) ->
                calls.getAndIncrement() == 0 ? first : CompletableFuture.completedFuture(new Outcome.Taken(1));
        RelayPool pool = pool(feed);
        relay.publish(event(1, time.now(), "stored", A));

        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));
        feed.accepted.await(1);
        first.complete(new Outcome.Busy());

        feed.caughtUp.await(1);
        assertThat(feed.accepted.all()).hasSize(2);
    }

    @Test
    void noMoreThanAFewHundredEventsAreOpenAtOnce() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        Queue<CompletableFuture<Outcome>> open = new ConcurrentLinkedQueue<>();
        feed.answer = (event, source) -> {
            CompletableFuture<Outcome> stage = new CompletableFuture<>();
            open.add(stage);
            return stage;
        };
        RelayPool pool = pool(feed);
        for (int i = 0; i < Intake.MAX_OPEN + 50; i++) {
            relay.publish(event(1, time.now(), "number " + i, A));
        }
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));

        feed.accepted.await(Intake.MAX_OPEN);
        open.remove().complete(new Outcome.Taken(1));
        feed.accepted.await(Intake.MAX_OPEN + 1);
        assertThat(feed.accepted.size()).isEqualTo(Intake.MAX_OPEN + 1);
    }

    // ---- hostile relays

    @Test
    void garbageIsSurvivedAndWhatIsGoodStillComes() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));
        String id = relay.awaitRequest(any -> true).id();
        feed.caughtUp.await(1);
        NostrEvent unasked = event(1, time.now(), "for another", B);

        Stream.of(
                        "",
                        "{",
                        "[]",
                        "[[[[",
                        "null",
                        "[\"EVENT\"]",
                        "[\"EVENT\",\"" + id + "\",{}]",
                        "[\"EVENT\",\"" + id + "\"," + "[".repeat(5_000),
                        "[\"EVENT\",\"nobody\"," + event(1, time.now(), "x", A).toJson() + "]",
                        "[\"EVENT\",\"" + id + "\"," + unasked.toJson() + "]",
                        "[\"EOSE\",\"nobody\"]",
                        "[\"EOSE\",5]",
                        "[\"CLOSED\",\"nobody\",\"\"]",
                        "[\"OK\",\"\",true,\"\"]",
                        "[\"AUTH\",\"" + "x".repeat(5_000) + "\"]",
                        "[\"AUTH\",\"\"]",
                        "[\"NOTICE\",\"\\u0000\\u001b[2J\"]",
                        "[\"COUNT\",\"" + id + "\",{\"count\":1}]")
                .forEach(relay::sendText);
        relay.sendBinary(new byte[] {1, 2, 3});
        NostrEvent good = event(1, time.now(), "good", A);
        relay.publish(good);

        assertThat(feed.accepted.await(1))
                .extracting(RecordingFeed.Accepted::event)
                .containsExactly(good);
        assertThat(feed.caughtUp.all()).hasSize(1);
        assertThat(relay.connectionsSoFar()).isEqualTo(1);
    }

    @Test
    void tooMuchGarbageCostsTheConnection() {
        TestRelay relay = relay();
        RelayPool pool = pool(new RecordingFeed());
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));
        relay.awaitRequest(any -> true);

        for (int i = 0; i < 101; i++) {
            relay.sendText("rubbish");
        }

        time.awaitPause(1);
        assertThat(awaitState(pool, relay.url(), of -> of.lastError().isPresent())
                        .lastError())
                .contains("too many bad messages, the last: not JSON");
        relay.awaitConnections(0);
    }

    @Test
    void messagesUpToHalfAMegabyteAreReadAndALongerOneCostsTheConnection() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        RelayPool pool = pool(feed);
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));
        feed.caughtUp.await(1);

        NostrEvent large = event(1, time.now(), "x".repeat(512 * 1024 - 1_000), A);
        relay.publish(large);
        relay.publish(large);
        assertThat(feed.accepted.await(1).get(0).event()).isEqualTo(large);
        relay.publish(event(1, time.now(), "x".repeat(512 * 1024), A));

        assertThat(awaitState(pool, relay.url(), of -> of.lastError().isPresent())
                        .lastError())
                .contains("a message of more than 524288 bytes");
        assertThat(feed.accepted.all()).hasSize(1);
    }

    // ---- its life

    @Test
    void nothingIsHandedOverAfterTheEnd() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed(relay.url());
        RelayPool pool = pool(feed);
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));
        feed.caughtUp.await(1);
        feed.hearing.await(1);

        pool.close();
        int accepted = feed.accepted.size();
        relay.publish(event(1, time.now(), "late", A));
        relay.awaitConnections(0);

        assertThat(feed.accepted.size()).isEqualTo(accepted);
        assertThat(pool.states()).isEmpty();
        assertThat(feed.hearing.all()).containsExactly(true);
        pool.close();
        pool.changed(gone(A, relay.url(), interest(A, time.now(), 1)));
    }

    @Test
    void endComesThoughTheEngineIsBusyForGood() {
        TestRelay relay = relay();
        RecordingFeed feed = new RecordingFeed();
        feed.answer = (event, source) -> CompletableFuture.completedFuture(new Outcome.Busy());
        RelayPool pool = pool(feed);
        relay.publish(event(1, time.now(), "stored", A));
        pool.changed(from(A, relay.url(), interest(A, time.now(), 1)));
        feed.accepted.await(2);

        pool.close();

        awaitNoThreads();
    }

    @Test
    void threadsBeginWithTheStartAndEndWithTheEnd() {
        TestRelay relay = relay();
        RelayPool pool = builder().build();
        assertThat(ownThreads()).isEmpty();
        RecordingFeed feed = new RecordingFeed(relay.url());
        pool.start(feed);
        feed.hearing.await(1);
        assertThat(ownThreads()).isNotEmpty();

        pool.close();

        awaitNoThreads();
    }

    /** A thread that has left its executor may be on the list for a moment more. */
    private static void awaitNoThreads() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        while (!ownThreads().isEmpty() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(PEEK_NANOS);
        }
        assertThat(ownThreads()).isEmpty();
    }

    private static List<String> ownThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("nip-push-relay"))
                .toList();
    }

    @Test
    void startsOnce() {
        RelayPool pool = builder().build();
        assertThatThrownBy(() -> pool.changed(from(A, RelayUrl.of("wss://relay.example"), interest(A, time.now(), 1))))
                .isInstanceOf(IllegalStateException.class);
        pool.start(new RecordingFeed());
        assertThatThrownBy(() -> pool.start(new RecordingFeed())).isInstanceOf(IllegalStateException.class);
        pool.close();
        assertThatThrownBy(() -> pool.start(new RecordingFeed())).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void buildersRefuseNonsense() {
        RelayPool.Builder builder = RelayPool.builder();
        assertThatThrownBy(() -> builder.maxRelays(0)).hasMessageContaining("maxRelays");
        assertThatThrownBy(() -> builder.pingInterval(Duration.ofMillis(10))).hasMessageContaining("pingInterval");
        assertThatThrownBy(() -> builder.pingInterval(Duration.ofMinutes(5))).hasMessageContaining("pingInterval");
        assertThatThrownBy(() -> builder.trustedCertificates(List.of())).hasMessageContaining("certificate");
    }
}
