package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nippush.account.Account;
import dev.nippush.account.Device;
import dev.nippush.account.Inboxes;
import dev.nippush.account.LastSeen;
import dev.nippush.account.Marks;
import dev.nippush.account.Registration;
import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Change;
import dev.nippush.store.Ending;
import dev.nippush.store.HeldEvent;
import dev.nippush.store.Lease;
import dev.nippush.store.LeaseLostException;
import dev.nippush.store.OwedPush;
import dev.nippush.store.Partition;
import dev.nippush.store.PushKey;
import dev.nippush.store.PushStore;
import dev.nippush.store.PushStore.Committed;
import dev.nippush.store.PushStore.Except;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import dev.nippush.transport.PushMessage;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The exam for a {@link PushStore}. A subclass opens its store; each case gets an empty one.
 *
 * <pre>{@code
 * class PaperStoreContractTest extends PushStoreContract {
 *     @TempDir Path folder;
 *     @Override protected PushStore open() { return new PaperStore(folder); }
 * }
 * }</pre>
 */
@Timeout(60)
public abstract class PushStoreContract {

    private static final Instant T0 = Instant.parse("2026-03-01T12:00:00.123Z");
    private static final PublicKey ALICE = PublicKey.ofHex("aa".repeat(31) + "01");
    private static final PublicKey BOB = PublicKey.ofHex("bb".repeat(31) + "01");
    private static final PublicKey CAROL = PublicKey.ofHex("cc".repeat(31) + "02");
    private static final DeviceAddress PHONE = device("a1".repeat(32));
    private static final DeviceAddress TABLET = device("com.example.app" + "b2".repeat(32));
    private static final EventId ONE = EventId.ofHex("01".repeat(32));
    private static final EventId TWO = EventId.ofHex("02".repeat(32));
    private static final EventId THREE = EventId.ofHex("03".repeat(32));

    private final Map<Partition, Lease> leases = new HashMap<>();
    private PushStore store;

    /** Leaves the making of stores to {@link #open}. */
    protected PushStoreContract() {}

    /**
     * Opens the store of the running case: empty at first, and when it was closed and is opened again in the same case,
     * with what it had.
     */
    protected abstract PushStore open();

    /** Whether what was committed is there when the store is opened again; true unless overridden. */
    protected boolean survivesClose() {
        return true;
    }

    @BeforeEach
    final void openStore() {
        store = open();
    }

    @AfterEach
    final void closeStore() {
        store.close();
    }

    // ---- helpers

    private static DeviceAddress device(String text) {
        return new DeviceAddressReader(List.of()).read(text).orElseThrow();
    }

    private static <T> T get(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new CompletionException(e.getCause());
        } catch (Exception e) {
            throw new AssertionError("the stage does not complete", e);
        }
    }

    private Lease lease(Partition partition) {
        return leases.computeIfAbsent(partition, any -> get(store.acquire(partition)));
    }

    private Lease of(PublicKey account) {
        return lease(Partition.of(account));
    }

    private Lease of(DeviceAddress device) {
        return lease(Partition.of(device));
    }

    private Committed commit(PublicKey account, Change... changes) {
        return get(store.commit(of(account), List.of(changes)));
    }

    private Committed commit(DeviceAddress device, Change... changes) {
        return get(store.commit(of(device), List.of(changes)));
    }

    private static void assertMade(Committed committed, boolean... made) {
        for (int i = 0; i < made.length; i++) {
            assertThat(committed.made(i)).as("change %s was made", i).isEqualTo(made[i]);
        }
    }

    /** What a partition of accounts holds. */
    private static final class Loaded implements PushStore.Sink {
        private final Map<PublicKey, Account> accounts = new HashMap<>();
        private final List<HeldEvent> held = new ArrayList<>();
        private final Map<RelayUrl, Instant> cursors = new HashMap<>();

        @Override
        public synchronized void cursor(RelayUrl relay, Instant upTo) {
            assertThat(cursors.put(relay, upTo)).isNull();
        }

        @Override
        public synchronized void account(Account account) {
            assertThat(accounts.put(account.pubkey(), account)).isNull();
        }

        @Override
        public synchronized void held(HeldEvent event) {
            assertThat(accounts).as("the account comes first").containsKey(event.account());
            held.add(event);
        }
    }

    private Loaded load(PublicKey account) {
        Loaded loaded = new Loaded();
        get(store.load(of(account), loaded));
        return loaded;
    }

    private List<OwedPush> due(DeviceAddress device) {
        return get(store.due(of(device), Instant.parse("2100-01-01T00:00:00Z"), Except.NOTHING, 1_000));
    }

    private static Account account(PublicKey pubkey, DeviceAddress... devices) {
        List<Device> registered = new ArrayList<>();
        for (DeviceAddress device : devices) {
            registered.add(new Device(device, T0.minusSeconds(60), T0, Optional.empty()));
        }
        return new Account(
                pubkey,
                Optional.of(new Registration(
                        pubkey,
                        Set.of(4, 1059),
                        List.of(RelayUrl.of("wss://b.example.com"), RelayUrl.of("wss://a.example.com/x?y=1")),
                        Set.of(BOB, CAROL),
                        Set.of("c1".repeat(32), "grüppe 'x'"),
                        Set.of(pubkey),
                        registered,
                        T0.minusSeconds(5),
                        T0.minusSeconds(50),
                        Set.of(RelayUrl.of("wss://a.example.com/x?y=1")),
                        new Inboxes(
                                1_700_000_000L,
                                List.of(RelayUrl.of("wss://c.example.com")),
                                1_700_000_001L,
                                List.of(RelayUrl.of("wss://e.example.com"), RelayUrl.of("wss://d.example.com"))))),
                Marks.NONE.withRegistration(Marks.strong(1_700_000_000)),
                LastSeen.online(T0));
    }

    private static Notification notification() {
        return new Notification(
                "Title “1”",
                "Line 1\nLine 2 😀 \\ ' \" \u0001",
                "thread",
                Urgency.HIGH,
                Map.of("msgType", "1", "key", "väl'ue"));
    }

    private static HeldEvent held(PublicKey account, EventId event, int count, DeviceAddress... devices) {
        return new HeldEvent(account, event, count, T0, T0.plusSeconds(86_400), notification(), List.of(devices));
    }

    private static Change.Hold hold(PublicKey account, EventId event) {
        return new Change.Hold(held(account, event, 1, PHONE));
    }

    private static Change.Release release(PublicKey account, EventId event) {
        return new Change.Release(account, event);
    }

    private static Change.Ignore ignore(PublicKey account, EventId event) {
        return new Change.Ignore(account, event, T0);
    }

    private static OwedPush push(PublicKey account, EventId event, DeviceAddress device, Instant nextAt) {
        PushMessage message = new PushMessage(device, notification(), "0f".repeat(32), T0.plusSeconds(86_400));
        return new OwedPush(account, event, 1, T0, message, 0, nextAt);
    }

    private static Change.Owe owe(PublicKey account, EventId event, DeviceAddress... devices) {
        return new Change.Owe(Stream.of(devices)
                .map(device -> push(account, event, device, T0))
                .toList());
    }

    private static Change.Owe owe(OwedPush push) {
        return new Change.Owe(List.of(push));
    }

    private static Change.Settle settle(EventId event, DeviceAddress device) {
        return new Change.Settle(new PushKey(event, device), Ending.ACCEPTED, T0);
    }

    private void reopen() {
        store.close();
        store = open();
        leases.clear();
    }

    // ---- accounts

    @Test
    @DisplayName("an account is read as it was written")
    void anAccountIsReadAsItWasWritten() {
        Account alice = account(ALICE, PHONE, TABLET);
        Account carol = Account.unknown(CAROL)
                .with(Marks.NONE.withPresence(Marks.weak(7)))
                .with(LastSeen.online(T0).offline());
        assertMade(commit(ALICE, new Change.SaveAccount(alice)), true);
        assertMade(commit(CAROL, new Change.SaveAccount(carol)), true);
        assertThat(load(ALICE).accounts).containsExactly(Map.entry(ALICE, alice));
        assertThat(load(CAROL).accounts).containsExactly(Map.entry(CAROL, carol));
        Registration registration =
                load(ALICE).accounts.get(ALICE).registration().orElseThrow();
        assertThat(registration.devices().stream().map(of -> of.address().text()))
                .containsExactly(PHONE.text(), TABLET.text());
    }

    @Test
    @DisplayName("an account that is written again replaces what was known of it")
    void anAccountReplacesWhatWasKnown() {
        commit(ALICE, new Change.SaveAccount(account(ALICE, PHONE)));
        Account loggedOut = account(ALICE).with(Optional.empty());
        commit(ALICE, new Change.SaveAccount(account(ALICE)), new Change.SaveAccount(loggedOut));
        assertThat(load(ALICE).accounts).containsExactly(Map.entry(ALICE, loggedOut));
    }

    @Test
    @DisplayName("a partition holds its own accounts and no others")
    void aPartitionHoldsItsOwn() {
        commit(ALICE, new Change.SaveAccount(account(ALICE, PHONE)), hold(ALICE, ONE));
        commit(BOB, new Change.SaveAccount(account(BOB, PHONE)));
        commit(CAROL, new Change.SaveAccount(account(CAROL, PHONE)), hold(CAROL, ONE));
        assertThat(Partition.of(ALICE)).isEqualTo(Partition.of(BOB)).isNotEqualTo(Partition.of(CAROL));
        assertThat(load(ALICE).accounts).containsOnlyKeys(ALICE, BOB);
        assertThat(load(ALICE).held).containsExactly(held(ALICE, ONE, 1, PHONE));
        assertThat(load(CAROL).accounts).containsOnlyKeys(CAROL);
    }

    @Test
    @DisplayName("an account that is dropped is gone, and the decisions on its events are not")
    void aDroppedAccountLeavesItsDecisions() {
        commit(ALICE, new Change.SaveAccount(account(ALICE, PHONE)), ignore(ALICE, ONE));
        assertMade(commit(ALICE, new Change.DropAccount(ALICE)), true);
        assertThat(load(ALICE).accounts).isEmpty();
        assertMade(commit(ALICE, owe(ALICE, ONE, PHONE)), false);
    }

    // ---- decided once

    @Test
    @DisplayName("what is held is read as it was written")
    void whatIsHeldIsReadAsItWasWritten() {
        HeldEvent event = held(ALICE, ONE, 7, PHONE, TABLET);
        assertMade(commit(ALICE, new Change.SaveAccount(account(ALICE)), new Change.Hold(event)), true, true);
        assertThat(load(ALICE).held).containsExactly(event);
    }

    @Test
    @DisplayName("the first decision on an event stands, whichever it was")
    void theFirstDecisionStands() {
        commit(ALICE, new Change.SaveAccount(account(ALICE)));
        assertMade(commit(ALICE, hold(ALICE, ONE)), true);
        assertMade(commit(ALICE, ignore(ALICE, TWO)), true);
        assertMade(commit(ALICE, owe(ALICE, THREE, PHONE)), true);
        for (EventId event : List.of(ONE, TWO, THREE)) {
            assertMade(commit(ALICE, hold(ALICE, event)), false);
            assertMade(commit(ALICE, ignore(ALICE, event)), false);
        }
        assertMade(commit(ALICE, owe(ALICE, TWO, TABLET)), false);
        assertMade(commit(ALICE, owe(ALICE, THREE, TABLET)), false);
        assertThat(load(ALICE).held).containsExactly(held(ALICE, ONE, 1, PHONE));
        assertThat(due(TABLET)).isEmpty();
        assertThat(due(PHONE)).containsExactly(push(ALICE, THREE, PHONE, T0));
    }

    @Test
    @DisplayName("decisions are each account's own")
    void decisionsAreEachAccountsOwn() {
        assertMade(commit(ALICE, ignore(ALICE, ONE)), true);
        assertMade(commit(BOB, hold(BOB, ONE)), true);
        assertMade(commit(CAROL, owe(CAROL, ONE, PHONE)), true);
    }

    @Test
    @DisplayName("a refused change is skipped, and the commit goes on")
    void aRefusedChangeIsSkipped() {
        commit(ALICE, ignore(ALICE, ONE));
        assertMade(
                commit(ALICE, hold(ALICE, TWO), owe(ALICE, ONE, PHONE), release(ALICE, ONE), owe(ALICE, THREE, PHONE)),
                true,
                false,
                false,
                true);
        assertThat(due(PHONE)).containsExactly(push(ALICE, THREE, PHONE, T0));
    }

    @Test
    @DisplayName("a commit of nothing is a commit")
    void aCommitOfNothing() {
        assertThat(get(store.commit(of(ALICE), List.of())).refused().isEmpty()).isTrue();
    }

    @Test
    @DisplayName("one commit may owe an event to several devices, a later one to none")
    void severalDevicesInOneCommit() {
        assertMade(commit(ALICE, owe(ALICE, ONE, PHONE, TABLET)), true);
        assertMade(commit(ALICE, owe(ALICE, ONE, device("c3".repeat(32)))), false);
        assertThat(due(PHONE)).hasSize(1);
        assertThat(due(TABLET)).hasSize(1);
    }

    @Test
    @DisplayName("a device is owed an event once, for whichever account, settled or not")
    void aDeviceIsOwedAnEventOnce() {
        PushKey onPhone = new PushKey(ONE, PHONE);
        PushKey onTablet = new PushKey(ONE, TABLET);
        commit(ALICE, owe(ALICE, ONE, PHONE));
        Committed shared = commit(BOB, ignore(BOB, TWO), owe(BOB, ONE, PHONE, TABLET), owe(BOB, THREE, PHONE));
        assertMade(shared, true, true, true);
        assertThat(shared.made(1, onPhone)).isFalse();
        assertThat(shared.made(1, onTablet)).isTrue();
        assertThat(shared.owedBefore()).containsExactly(Map.entry(1, Set.of(onPhone)));
        assertMade(commit(BOB, hold(BOB, ONE)), false);
        commit(PHONE, settle(ONE, PHONE));
        assertThat(commit(CAROL, owe(CAROL, ONE, PHONE)).made(0, onPhone)).isFalse();
        assertThat(events(due(PHONE))).containsExactly(THREE);
        assertThat(due(TABLET)).containsExactly(push(BOB, ONE, TABLET, T0));
    }

    @Test
    @DisplayName("of two accounts in one commit the first is owed the event")
    void twoAccountsInOneCommit() {
        PushKey onPhone = new PushKey(ONE, PHONE);
        Committed both = commit(ALICE, owe(ALICE, ONE, PHONE), owe(BOB, ONE, PHONE));
        assertMade(both, true, true);
        assertThat(both.made(0, onPhone)).isTrue();
        assertThat(both.made(1, onPhone)).isFalse();
        assertThat(due(PHONE)).containsExactly(push(ALICE, ONE, PHONE, T0));
    }

    @Test
    @DisplayName("what is released with nothing after it is dropped for good")
    void whatIsReleasedIsDropped() {
        commit(ALICE, new Change.SaveAccount(account(ALICE)), hold(ALICE, ONE));
        assertMade(commit(ALICE, release(ALICE, ONE)), true);
        assertThat(load(ALICE).held).isEmpty();
        assertMade(commit(ALICE, release(ALICE, ONE)), false);
        assertMade(commit(ALICE, owe(ALICE, ONE, PHONE)), false);
        assertMade(commit(ALICE, hold(ALICE, ONE)), false);
    }

    @Test
    @DisplayName("what is held may be owed, which ends its hold")
    void whatIsHeldMayBeOwed() {
        commit(ALICE, new Change.SaveAccount(account(ALICE)), hold(ALICE, ONE));
        assertMade(commit(ALICE, owe(ALICE, ONE, PHONE, TABLET)), true);
        assertThat(load(ALICE).held).isEmpty();
        assertThat(due(PHONE)).containsExactly(push(ALICE, ONE, PHONE, T0));
        assertThat(due(TABLET)).containsExactly(push(ALICE, ONE, TABLET, T0));
        assertMade(commit(ALICE, release(ALICE, ONE), owe(ALICE, ONE, PHONE), hold(ALICE, ONE)), false, false, false);
    }

    @Test
    @DisplayName("a hold ends even if the device was owed the event before")
    void aHoldEndsThoughTheDeviceWasOwedTheEvent() {
        commit(BOB, owe(BOB, ONE, PHONE));
        commit(ALICE, new Change.SaveAccount(account(ALICE)), hold(ALICE, ONE));
        Committed nothing = commit(ALICE, owe(ALICE, ONE, PHONE));
        assertMade(nothing, true);
        assertThat(nothing.made(0, new PushKey(ONE, PHONE))).isFalse();
        assertThat(load(ALICE).held).isEmpty();
    }

    @Test
    @DisplayName("what is released in a commit stays so for what comes later in it")
    void aReleaseOpensNothing() {
        commit(ALICE, new Change.SaveAccount(account(ALICE)), hold(ALICE, ONE));
        assertMade(
                commit(ALICE, release(ALICE, ONE), owe(ALICE, ONE, PHONE), hold(ALICE, ONE), ignore(ALICE, ONE)),
                true,
                false,
                false,
                false);
        assertThat(load(ALICE).held).isEmpty();
        assertThat(due(PHONE)).isEmpty();
    }

    @Test
    @DisplayName("what is held may be rewritten, and nothing else")
    void whatIsHeldMayBeRewritten() {
        commit(ALICE, new Change.SaveAccount(account(ALICE)), hold(ALICE, ONE), hold(ALICE, TWO));
        HeldEvent folded = held(ALICE, TWO, 2, PHONE, TABLET);
        assertMade(commit(ALICE, release(ALICE, ONE), new Change.Rehold(folded)), true, true);
        assertThat(load(ALICE).held).containsExactly(folded);
        assertMade(
                commit(
                        ALICE,
                        new Change.Rehold(held(ALICE, ONE, 3, PHONE)),
                        new Change.Rehold(held(ALICE, THREE, 3, PHONE))),
                false,
                false);
        assertThat(load(ALICE).held).containsExactly(folded);
        assertMade(commit(ALICE, hold(ALICE, THREE)), true);
    }

    @Test
    @DisplayName("a release of what is not held is refused and reopens nothing")
    void aReleaseOfWhatIsNotHeld() {
        assertMade(commit(ALICE, release(ALICE, ONE)), false);
        commit(ALICE, ignore(ALICE, TWO), owe(ALICE, THREE, PHONE));
        assertMade(commit(ALICE, release(ALICE, TWO), owe(ALICE, TWO, PHONE)), false, false);
        assertMade(commit(ALICE, release(ALICE, THREE), hold(ALICE, THREE)), false, false);
        assertMade(commit(ALICE, owe(ALICE, ONE, PHONE)), true);
    }

    @Test
    @DisplayName("an event may be held and owed in one commit")
    void allInOneCommit() {
        assertMade(commit(ALICE, hold(ALICE, ONE), owe(ALICE, ONE, PHONE)), true, true);
        assertThat(load(ALICE).held).isEmpty();
        assertThat(due(PHONE)).hasSize(1);
    }

    // ---- relays

    @Test
    @DisplayName("how far a relay was read is known again, in its own partition")
    void cursorsAreReadAsTheyWereWritten() {
        RelayUrl relay = RelayUrl.of("wss://relay.example.com/x?y=1");
        RelayUrl other = RelayUrl.of("wss://other.example.com");
        Lease lease = lease(Partition.of(relay));
        get(store.commit(lease, List.of(new Change.Cursor(relay, T0), new Change.Cursor(relay, T0.plusSeconds(7)))));
        get(store.commit(lease(Partition.of(other)), List.of(new Change.Cursor(other, T0))));
        assertThat(Partition.of(relay)).isNotEqualTo(Partition.of(other));
        assertThat(cursors(relay)).containsExactly(Map.entry(relay, T0.plusSeconds(7)));
        assertThat(cursors(other)).containsExactly(Map.entry(other, T0));
        get(store.commit(lease, List.of(new Change.Cursor(relay, T0.plusMillis(1)))));
        assertThat(cursors(relay)).containsExactly(Map.entry(relay, T0.plusMillis(1)));
    }

    private Map<RelayUrl, Instant> cursors(RelayUrl relay) {
        Loaded loaded = new Loaded();
        get(store.load(lease(Partition.of(relay)), loaded));
        return loaded.cursors;
    }

    // ---- owed pushes

    @Test
    @DisplayName("an owed push is read as it was written")
    void anOwedPushIsReadAsItWasWritten() {
        OwedPush push = new OwedPush(
                ALICE,
                ONE,
                3,
                T0,
                new PushMessage(TABLET, notification(), "ab".repeat(32), T0.plusSeconds(60)),
                2,
                T0.plusMillis(4_567));
        commit(ALICE, owe(push));
        assertThat(due(TABLET)).containsExactly(push);
        assertThat(due(TABLET).get(0).message().address().text()).isEqualTo(TABLET.text());
        assertThat(due(TABLET).get(0).message().address().topic()).isEqualTo(TABLET.topic());
    }

    @Test
    @DisplayName("pushes of channels and hosts that are left out are not in the way of others")
    void pushesThatAreLeftOutAreNotInTheWay() {
        DeviceAddress slow = device("https://slow.example.com/up");
        DeviceAddress fast = sameLane(slow, "https://fast.example.com/");
        DeviceAddress iphone = sameLane(slow, "");
        commit(
                ALICE,
                owe(push(ALICE, ONE, slow, T0)),
                owe(push(ALICE, TWO, fast, T0.plusSeconds(1))),
                owe(push(ALICE, THREE, iphone, T0.plusSeconds(2))));

        assertThat(events(due(slow, Except.NOTHING, 2))).containsExactly(ONE, TWO);
        assertThat(events(due(slow, new Except(Set.of(), Set.of("slow.example.com")), 2)))
                .containsExactly(TWO, THREE);
        assertThat(events(due(slow, new Except(Set.of(Channel.UNIFIED_PUSH), Set.of()), 2)))
                .containsExactly(THREE);
        assertThat(events(due(slow, new Except(Set.of(Channel.APNS), Set.of("fast.example.com")), 2)))
                .containsExactly(ONE);
    }

    private List<OwedPush> due(DeviceAddress device, Except except, int limit) {
        return get(store.due(of(device), T0.plusSeconds(60), except, limit));
    }

    private static List<EventId> events(List<OwedPush> pushes) {
        return pushes.stream().map(OwedPush::event).toList();
    }

    /** A device of the same partition as another one: an endpoint that begins so, or an iPhone. */
    private static DeviceAddress sameLane(DeviceAddress other, String prefix) {
        return IntStream.range(0, 100_000)
                .mapToObj(i -> device(prefix.isEmpty() ? "%064x".formatted(i) : prefix + i))
                .filter(device -> Partition.of(device).equals(Partition.of(other)))
                .findFirst()
                .orElseThrow();
    }

    @Test
    @DisplayName("pushes are due by their time, as many as are asked for")
    void pushesAreDueByTheirTime() {
        commit(
                ALICE,
                owe(push(ALICE, ONE, PHONE, T0.plusSeconds(30))),
                owe(push(ALICE, TWO, PHONE, T0.plusSeconds(10))),
                owe(push(ALICE, THREE, PHONE, T0.plusSeconds(20))));
        assertThat(due(PHONE).stream().map(OwedPush::event)).containsExactly(TWO, THREE, ONE);
        assertThat(get(store.due(of(PHONE), T0.plusSeconds(20), Except.NOTHING, 10)).stream()
                        .map(OwedPush::event))
                .containsExactly(TWO, THREE);
        assertThat(get(store.due(of(PHONE), T0.plusSeconds(9), Except.NOTHING, 10)))
                .isEmpty();
        assertThat(get(store.due(of(PHONE), T0.plusSeconds(99), Except.NOTHING, 1)).stream()
                        .map(OwedPush::event))
                .containsExactly(TWO);
    }

    @Test
    @DisplayName("a partition of devices holds its own pushes and no others")
    void dueIsThePartitionsOwn() {
        assertThat(Partition.of(PHONE)).isNotEqualTo(Partition.of(TABLET));
        commit(ALICE, owe(ALICE, ONE, PHONE), owe(ALICE, ONE, TABLET));
        assertThat(due(PHONE)).containsExactly(push(ALICE, ONE, PHONE, T0));
    }

    @Test
    @DisplayName("a retry rewrites what is owed, and is refused when nothing is")
    void aRetryRewrites() {
        commit(ALICE, owe(ALICE, ONE, PHONE));
        OwedPush later = new OwedPush(
                ALICE,
                ONE,
                5,
                T0,
                new PushMessage(
                        PHONE, Notification.message("5 new", "Body", "other"), "cd".repeat(32), T0.plusSeconds(9)),
                4,
                T0.plusSeconds(77));
        assertMade(commit(PHONE, new Change.Retry(later)), true);
        assertThat(due(PHONE)).containsExactly(later);
        assertMade(commit(PHONE, new Change.Retry(push(ALICE, TWO, PHONE, T0))), false);
        commit(PHONE, settle(ONE, PHONE));
        assertMade(commit(PHONE, new Change.Retry(later)), false);
        assertThat(due(PHONE)).isEmpty();
    }

    @Test
    @DisplayName("an owed push ends once")
    void anOwedPushEndsOnce() {
        commit(ALICE, owe(ALICE, ONE, PHONE));
        for (Ending ending : Ending.values()) {
            assertMade(
                    commit(PHONE, new Change.Settle(new PushKey(ONE, PHONE), ending, T0)),
                    ending == Ending.values()[0]);
        }
        assertMade(commit(PHONE, settle(TWO, PHONE)), false);
        assertThat(due(PHONE)).isEmpty();
        assertMade(commit(ALICE, owe(ALICE, ONE, PHONE)), false);
    }

    // ---- sweeping

    @Test
    @DisplayName("decisions are forgotten by the date of their receipt, held ones never")
    void decisionsAreSwept() {
        commit(
                ALICE,
                new Change.SaveAccount(account(ALICE)),
                ignore(ALICE, ONE),
                hold(ALICE, TWO),
                new Change.Ignore(ALICE, THREE, T0.plusSeconds(5)));
        commit(CAROL, ignore(CAROL, ONE));
        assertThat(get(store.sweep(of(ALICE), T0, 100))).isZero();
        assertThat(get(store.sweep(of(ALICE), T0.plusSeconds(5), 100))).isEqualTo(1);
        assertThat(load(ALICE).held).containsExactly(held(ALICE, TWO, 1, PHONE));
        assertThat(load(ALICE).accounts).containsOnlyKeys(ALICE);
        assertMade(
                commit(ALICE, owe(ALICE, ONE, PHONE), hold(ALICE, TWO), owe(ALICE, THREE, PHONE)), true, false, false);
        assertMade(commit(CAROL, owe(CAROL, ONE, TABLET)), false);
    }

    @Test
    @DisplayName("a decision is as old as its event, not as its release")
    void aReleasedDecisionIsSwept() {
        commit(ALICE, new Change.SaveAccount(account(ALICE)), hold(ALICE, ONE));
        commit(ALICE, release(ALICE, ONE));
        assertThat(get(store.sweep(of(ALICE), T0.plusMillis(1), 100))).isEqualTo(1);
    }

    @Test
    @DisplayName(
            "tombstones are forgotten by the date of their event's receipt, owed pushes when they are long expired")
    void tombstonesAreSwept() {
        commit(ALICE, owe(ALICE, ONE, PHONE, TABLET), owe(ALICE, TWO, PHONE));
        commit(PHONE, new Change.Settle(new PushKey(ONE, PHONE), Ending.EXPIRED, T0.plusSeconds(999)));
        commit(TABLET, settle(ONE, TABLET));
        assertThat(get(store.sweep(of(PHONE), T0, 100))).isZero();
        assertThat(get(store.sweep(of(PHONE), T0.plusMillis(1), 100))).isEqualTo(1);
        assertThat(due(PHONE)).containsExactly(push(ALICE, TWO, PHONE, T0));
        Committed again = commit(CAROL, owe(CAROL, ONE, PHONE, TABLET), owe(CAROL, TWO, PHONE));
        assertThat(again.owedBefore())
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        0, Set.of(new PushKey(ONE, TABLET)),
                        1, Set.of(new PushKey(TWO, PHONE))));
        Instant expiry = T0.plusSeconds(86_400);
        assertThat(get(store.sweep(of(PHONE), expiry, 100))).isZero();
        assertThat(due(PHONE)).hasSize(2);
        assertThat(get(store.sweep(of(PHONE), expiry.plusMillis(1), 100))).isEqualTo(2);
        assertThat(due(PHONE)).isEmpty();
    }

    @Test
    @DisplayName("a cursor is forgotten when it is of no use")
    void cursorsAreSwept() {
        RelayUrl relay = RelayUrl.of("wss://relay.example.com");
        Lease lease = lease(Partition.of(relay));
        get(store.commit(lease, List.of(new Change.Cursor(relay, T0))));
        assertThat(get(store.sweep(lease, T0, 100))).isZero();
        assertThat(get(store.sweep(lease, T0.plusMillis(1), 100))).isEqualTo(1);
        assertThat(cursors(relay)).isEmpty();
    }

    @Test
    @DisplayName("a sweep takes as many rows as are asked for, and says how many went")
    void aSweepHasItsLimit() {
        commit(ALICE, ignore(ALICE, ONE), ignore(ALICE, TWO), ignore(ALICE, THREE));
        Instant later = T0.plusSeconds(1);
        assertThat(get(store.sweep(of(ALICE), later, 2))).isEqualTo(2);
        assertThat(get(store.sweep(of(ALICE), later, 2))).isEqualTo(1);
        assertThat(get(store.sweep(of(ALICE), later, 2))).isZero();
    }

    // ---- whatever values there are

    @Test
    @DisplayName("moments are kept to the nanosecond, however early or late, and numbers to the last")
    void extremesAreKept() {
        for (Instant moment : List.of(
                Instant.parse("2026-03-01T12:00:00.123456789Z"),
                Instant.EPOCH.minusNanos(1),
                Instant.parse("0001-01-01T00:00:00Z"),
                Instant.MIN,
                Instant.MAX)) {
            Registration registration = account(ALICE, PHONE).registration().orElseThrow();
            Account alice = new Account(
                    ALICE,
                    Optional.of(new Registration(
                            ALICE,
                            Set.of(0, Integer.MAX_VALUE),
                            registration.relays(),
                            registration.authors(),
                            registration.e(),
                            registration.p(),
                            List.of(new Device(PHONE, moment, moment, Optional.of(Privacy.SEALED))),
                            moment,
                            moment,
                            Set.of(),
                            new Inboxes(Long.MIN_VALUE, List.of(), Long.MAX_VALUE, List.of()))),
                    new Marks(Marks.weak(Long.MAX_VALUE), Marks.NONE.presence()),
                    LastSeen.online(moment));
            commit(ALICE, new Change.SaveAccount(alice));
            assertThat(load(ALICE).accounts).containsExactly(Map.entry(ALICE, alice));
        }
        EventId event = ONE;
        for (Instant moment : List.of(Instant.MIN, Instant.EPOCH.minusNanos(1), Instant.MAX)) {
            HeldEvent held =
                    new HeldEvent(ALICE, event, Integer.MAX_VALUE, moment, moment, notification(), List.of(PHONE));
            commit(ALICE, new Change.Hold(held));
            assertThat(load(ALICE).held).containsExactly(held);
            PushMessage message = new PushMessage(PHONE, notification(), "0f".repeat(32), moment);
            OwedPush push = new OwedPush(ALICE, event, Integer.MAX_VALUE, moment, message, Integer.MAX_VALUE, moment);
            assertMade(commit(ALICE, owe(push)), true);
            assertThat(get(store.due(of(PHONE), moment, Except.NOTHING, 10))).containsExactly(push);
            commit(PHONE, settle(event, PHONE));
            event = EventId.ofHex(event.equals(ONE) ? TWO.hex() : THREE.hex());
        }
    }

    @Test
    @DisplayName("texts of any length and of any characters are kept")
    void textsAreKept() {
        String odd = "\u0000 \u0001\t\r\n \\ ' \" %s ? $1 ; -- \u202e \u00e9 e\u0301 \ud83d\ude00 \uffff";
        String big = odd.repeat(4_000);
        Notification notification =
                new Notification(odd, big, odd, Urgency.NORMAL, Map.of("msgType", big, odd, "", "\u00e9", odd));
        HeldEvent held = new HeldEvent(ALICE, ONE, 1, T0, T0, notification, List.of(PHONE));
        PushMessage message = new PushMessage(PHONE, notification, "0f".repeat(32), T0.plusSeconds(1));
        OwedPush push = new OwedPush(ALICE, TWO, 1, T0, message, 0, T0);
        commit(ALICE, new Change.SaveAccount(account(ALICE)), new Change.Hold(held), owe(push));
        assertThat(load(ALICE).held).containsExactly(held);
        assertThat(due(PHONE)).containsExactly(push);
    }

    @Test
    @DisplayName("an account with all that it may name is kept")
    void aLargeAccountIsKept() {
        Set<PublicKey> keys = IntStream.range(0, 2_000)
                .mapToObj(i -> PublicKey.ofHex("%064x".formatted(i * 7919L)))
                .collect(Collectors.toSet());
        Set<String> groups =
                IntStream.range(0, 2_000).mapToObj(i -> "%0250d".formatted(i)).collect(Collectors.toSet());
        List<RelayUrl> relays = IntStream.range(0, 20)
                .mapToObj(i -> RelayUrl.of("wss://relay.example.com/" + "x".repeat(900) + i))
                .toList();
        Registration registration = account(ALICE, PHONE, TABLET).registration().orElseThrow();
        Account alice = account(ALICE)
                .with(Optional.of(new Registration(
                        ALICE,
                        IntStream.range(0, 64).boxed().collect(Collectors.toSet()),
                        relays,
                        keys,
                        groups,
                        keys,
                        registration.devices(),
                        T0,
                        T0,
                        Set.copyOf(relays),
                        new Inboxes(1, relays, 2, relays))));
        commit(ALICE, new Change.SaveAccount(alice));
        assertThat(load(ALICE).accounts).containsExactly(Map.entry(ALICE, alice));
    }

    @Test
    @DisplayName("a device keeps the text that was sent last, also where another text is the same device")
    void theNewestTextOfADeviceIsKept() {
        String subscription = "{\"endpoint\":\"https://push.example.com/a\",\"keys\":{\"auth\":\"%s\","
                + "\"p256dh\":\"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4\"}}";
        DeviceAddress before = device(subscription.formatted("BTBZMqHH6r4Tts7J_aSIgg"));
        DeviceAddress after = device(subscription.formatted("AAAAAAAAAAAAAAAAAAAAAA"));
        assertThat(after).isEqualTo(before);
        commit(ALICE, new Change.SaveAccount(account(ALICE, before)), owe(ALICE, ONE, before));
        commit(ALICE, new Change.SaveAccount(account(ALICE, after)));
        assertThat(commit(ALICE, owe(ALICE, TWO, after)).owedBefore()).isEmpty();
        assertThat(commit(BOB, owe(BOB, ONE, after)).made(0, new PushKey(ONE, after)))
                .isFalse();
        assertThat(load(ALICE).accounts.get(ALICE).registration().orElseThrow().devices().stream()
                        .map(of -> of.address().text()))
                .containsExactly(after.text());
        assertThat(due(before).stream().map(push -> push.message().address().text()))
                .containsExactlyInAnyOrder(before.text(), after.text());
        assertMade(commit(before, new Change.Retry(push(ALICE, ONE, after, T0))), true);
        assertThat(due(before).stream().map(push -> push.message().address().text()))
                .containsExactly(after.text(), after.text());
    }

    // ---- many

    @Test
    @DisplayName("a partition may hold many accounts and held events, and a commit many changes")
    void manyRows() {
        Partition partition = Partition.of(ALICE);
        List<Change> changes = new ArrayList<>();
        Map<PublicKey, Account> expected = new HashMap<>();
        for (int i = 0; i < 1_500; i++) {
            Account account = account(PublicKey.ofHex("%062x01".formatted(i)), PHONE);
            expected.put(account.pubkey(), account);
            changes.add(new Change.SaveAccount(account));
            changes.add(hold(account.pubkey(), ONE));
        }
        assertThat(get(store.commit(lease(partition), changes)).refused().isEmpty())
                .isTrue();
        Loaded loaded = load(ALICE);
        assertThat(loaded.accounts).isEqualTo(expected);
        assertThat(loaded.held).hasSize(1_500);
    }

    @Test
    @DisplayName("what is due is found behind many pushes and many hosts that are left out")
    void dueBehindMany() {
        DeviceAddress slow = device("https://slow.example.com/up");
        DeviceAddress fast = sameLane(slow, "https://fast.example.com/");
        DeviceAddress iphone = sameLane(slow, "");
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            changes.add(owe(push(ALICE, EventId.ofHex("%064x".formatted(i)), slow, T0.plusMillis(i))));
        }
        EventId first = EventId.ofHex("aa".repeat(32));
        EventId last = EventId.ofHex("bb".repeat(32));
        changes.add(owe(push(ALICE, last, fast, T0.plusSeconds(30))));
        changes.add(owe(push(ALICE, first, iphone, T0.plusSeconds(20))));
        commit(ALICE, changes.toArray(Change[]::new));
        Set<String> hosts = IntStream.range(0, 3_000)
                .mapToObj(i -> "host" + i + ".example.com")
                .collect(Collectors.toSet());
        assertThat(events(due(slow, new Except(Set.of(), hosts), 4_000)))
                .hasSize(3_002)
                .endsWith(first, last);
        hosts.add("slow.example.com");
        assertThat(events(due(slow, new Except(Set.of(), hosts), 10))).containsExactly(first, last);
        assertThat(events(due(slow, new Except(Set.of(), hosts), 1))).containsExactly(first);
        assertThat(events(due(slow, new Except(Set.of(Channel.APNS), hosts), 10)))
                .containsExactly(last);
        assertThat(events(due(slow, new Except(Set.of(Channel.UNIFIED_PUSH), hosts), 10)))
                .containsExactly(first);
        assertThat(get(store.due(of(slow), T0.plusSeconds(20), new Except(Set.of(), hosts), 10)))
                .hasSize(1);
    }

    @Test
    @DisplayName("all partitions may be used at once")
    void allPartitionsAtOnce() {
        List<CompletionStage<Lease>> acquired = new ArrayList<>();
        for (Partition.Kind kind : Partition.Kind.values()) {
            for (int i = 0; i < Partition.COUNT; i++) {
                acquired.add(store.acquire(new Partition(kind, i)));
            }
        }
        acquired.forEach(lease -> leases.put(get(lease).partition(), get(lease)));
        assertThat(leases).hasSize(2 * Partition.COUNT);
        List<CompletionStage<Committed>> commits = new ArrayList<>();
        List<Loaded> loaded = new ArrayList<>();
        List<CompletionStage<Void>> loads = new ArrayList<>();
        for (int i = 0; i < Partition.COUNT; i++) {
            PublicKey account = PublicKey.ofHex("%062x%02x".formatted(i, i));
            commits.add(store.commit(
                    of(account), List.of(new Change.SaveAccount(account(account, PHONE)), owe(account, ONE, PHONE))));
            Loaded sink = new Loaded();
            loaded.add(sink);
            loads.add(store.load(of(account), sink));
        }
        long owed = commits.stream()
                .filter(commit -> get(commit).made(1, new PushKey(ONE, PHONE)))
                .count();
        assertThat(owed).isEqualTo(1);
        for (int i = 0; i < Partition.COUNT; i++) {
            get(loads.get(i));
            assertThat(loaded.get(i).accounts).containsOnlyKeys(PublicKey.ofHex("%062x%02x".formatted(i, i)));
        }
    }

    @Test
    @DisplayName("a sink that throws fails its own load, and no other")
    void aSinkThatThrows() {
        commit(ALICE, new Change.SaveAccount(account(ALICE)));
        commit(CAROL, new Change.SaveAccount(account(CAROL)));
        Loaded loaded = new Loaded();
        CompletionStage<Void> broken;
        try {
            broken = store.load(of(ALICE), new PushStore.Sink() {
                @Override
                public void account(Account account) {
                    throw new IllegalStateException("full");
                }

                @Override
                public void held(HeldEvent held) {}

                @Override
                public void cursor(RelayUrl relay, Instant upTo) {}
            });
        } catch (IllegalStateException thrownAtOnce) {
            broken = CompletableFuture.failedStage(thrownAtOnce);
        }
        CompletionStage<Void> good = store.load(of(CAROL), loaded);
        CompletionStage<Void> failed = broken;
        assertThatThrownBy(() -> get(failed)).hasRootCauseMessage("full");
        get(good);
        assertThat(loaded.accounts).containsOnlyKeys(CAROL);
        assertThat(load(ALICE).accounts).containsOnlyKeys(ALICE);
    }

    // ---- leases, order, the end

    @Test
    @DisplayName("epochs rise, and the calls under an older lease fail and change nothing")
    void anOlderLeaseIsWorthNothing() {
        Lease older = of(ALICE);
        Lease olderOfDevice = of(PHONE);
        Lease newer = get(store.acquire(older.partition()));
        get(store.acquire(olderOfDevice.partition()));
        assertThat(newer.partition()).isEqualTo(older.partition());
        assertThat(newer.epoch()).isGreaterThan(older.epoch());
        for (CompletionStage<?> call : List.<CompletionStage<?>>of(
                store.commit(older, List.of(new Change.SaveAccount(account(ALICE)), owe(ALICE, ONE, PHONE))),
                store.load(older, new Loaded()),
                store.sweep(older, T0, 10),
                store.due(olderOfDevice, T0, Except.NOTHING, 10),
                store.sweep(olderOfDevice, T0, 10),
                store.commit(olderOfDevice, List.of(settle(ONE, PHONE))))) {
            assertThatThrownBy(() -> get(call)).hasCauseInstanceOf(LeaseLostException.class);
        }
        leases.clear();
        assertThat(load(ALICE).accounts).isEmpty();
        assertThat(due(PHONE)).isEmpty();
        assertMade(commit(ALICE, owe(ALICE, ONE, PHONE)), true);
    }

    @Test
    @DisplayName("a lease on one partition says nothing of the others")
    void leasesAreSeparate() {
        Lease alice = of(ALICE);
        get(store.acquire(Partition.of(CAROL)));
        get(store.acquire(
                new Partition(Partition.Kind.DEVICES, alice.partition().index())));
        assertThat(get(store.commit(alice, List.of(ignore(ALICE, ONE)))).made(0))
                .isTrue();
    }

    @Test
    @DisplayName("calls take effect in the order in which they were made, without waiting for one another")
    void callsTakeEffectInOrder() {
        Lease alice = of(ALICE);
        List<CompletionStage<Committed>> commits = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            EventId event = EventId.ofHex("%064x".formatted(i));
            commits.add(store.commit(alice, List.of(hold(ALICE, event))));
            commits.add(store.commit(alice, List.of(owe(ALICE, event, PHONE), release(ALICE, event))));
            commits.add(store.commit(
                    alice,
                    List.of(new Change.SaveAccount(account(ALICE).with(Marks.NONE.withPresence(Marks.weak(i)))))));
        }
        Loaded loaded = new Loaded();
        get(store.load(alice, loaded));
        for (CompletionStage<Committed> commit : commits) {
            assertThat(get(commit).made(0)).isTrue();
        }
        assertThat(loaded.held).isEmpty();
        assertThat(loaded.accounts.get(ALICE).marks().presence()).isEqualTo(Marks.weak(199));
        assertThat(due(PHONE)).hasSize(200);
    }

    @Test
    @DisplayName("what was committed survives the end")
    void whatWasCommittedSurvives() {
        assumeTrue(survivesClose(), "this store says that it forgets");
        Account alice = account(ALICE, PHONE);
        RelayUrl relay = RelayUrl.of("wss://relay.example.com");
        commit(ALICE, new Change.SaveAccount(alice), hold(ALICE, ONE), ignore(ALICE, TWO), owe(ALICE, THREE, PHONE));
        get(store.commit(lease(Partition.of(relay)), List.of(new Change.Cursor(relay, T0))));
        Lease older = of(ALICE);
        reopen();
        assertThat(cursors(relay)).containsExactly(Map.entry(relay, T0));
        assertThat(of(ALICE).epoch()).isGreaterThan(older.epoch());
        assertThat(load(ALICE).accounts).containsExactly(Map.entry(ALICE, alice));
        assertThat(load(ALICE).held).containsExactly(held(ALICE, ONE, 1, PHONE));
        assertThat(due(PHONE)).containsExactly(push(ALICE, THREE, PHONE, T0));
        assertMade(commit(ALICE, owe(ALICE, TWO, PHONE)), false);
        commit(PHONE, settle(THREE, PHONE));
        reopen();
        assertThat(due(PHONE)).isEmpty();
        assertThat(commit(CAROL, owe(CAROL, THREE, PHONE)).made(0, new PushKey(THREE, PHONE)))
                .isFalse();
    }

    @Test
    @DisplayName("the end comes after what was called before")
    void theEndComesLast() {
        assumeTrue(survivesClose(), "this store says that it forgets");
        Lease alice = of(ALICE);
        List<CompletionStage<Committed>> commits = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            commits.add(store.commit(alice, List.of(owe(ALICE, EventId.ofHex("%064x".formatted(i)), PHONE))));
        }
        reopen();
        commits.forEach(commit -> assertThat(get(commit).made(0)).isTrue());
        assertThat(due(PHONE)).hasSize(100);
    }

    @Test
    @DisplayName("after the end all calls fail, and another end does nothing")
    void afterTheEndAllCallsFail() {
        Lease alice = of(ALICE);
        Lease phone = of(PHONE);
        store.close();
        store.close();
        for (CompletionStage<?> call : List.<CompletionStage<?>>of(
                store.acquire(Partition.of(ALICE)),
                store.load(alice, new Loaded()),
                store.commit(alice, List.of(ignore(ALICE, ONE))),
                store.due(phone, T0, Except.NOTHING, 1),
                store.sweep(alice, T0, 1))) {
            assertThatThrownBy(() -> get(call)).isInstanceOf(CompletionException.class);
        }
    }
}
