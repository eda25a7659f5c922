package dev.nippush.tests.crash;

import static dev.nippush.tests.crash.Facts.NEVER;

import dev.nippush.event.Kind;
import dev.nippush.tests.crash.Facts.Attempt;
import dev.nippush.tests.crash.Facts.Deed;
import dev.nippush.tests.crash.Facts.Published;
import dev.nippush.tests.crash.Facts.Run;
import dev.nippush.tests.crash.Facts.Said;
import dev.nippush.tests.crash.Facts.Verdict;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Compares what reached the gateways with what the relay and the apps sent: what was owed was pushed, nothing was shown
 * twice, nothing was pushed where it was not wanted any more.
 *
 * <p>It judges what is certain. Between the moment when a control message was first sent and the moment when the server
 * had said that it is on disk, either way is right.
 *
 * <ul>
 *   <li><b>Owed</b> is an event that was published while its account was surely registered on a device, unless it is a gift
 *       wrap from before it is known that the relay has sent all older ones. That is known once one was pushed that came
 *       while the server was not connected: the relay had it in store.
 *   <li><b>Excused</b> is one that was not pushed and that a message of its account may have dropped or cancelled: a
 *       logout, or a sign of life of an account that may have been online; or whose device was taken over, or called gone.
 *   <li><b>Pushed</b> is what a gateway accepted. A message for several events in one counts for as many, whichever.
 *   <li><b>Repeated</b> is right after a refusal or silence, and after an acceptance whose answer may not have arrived, or
 *       not have been noted: there was a kill, or the gateway cut a connection, within the machine's pace of it.
 *   <li><b>After a logout</b> that the server said is on disk one message may reach each device, as it may have been sent
 *       before; but not from a process that was started later.
 * </ul>
 */
final class Audit {

    private static final int SHOWN_FAILURES = 5;

    private static final TreeSet<Long> NO_CUTS = new TreeSet<>();

    private final Facts facts;
    private final Map<String, Published> published = new HashMap<>();
    private final Map<String, List<Span>> byDevice = new LinkedHashMap<>();
    private final Map<String, List<Long>> takingsOfAccount = new HashMap<>();
    private final Map<String, List<Long>> takingsOfDevice = new HashMap<>();
    private final Map<String, List<Attempt>> attemptsByDevice = new LinkedHashMap<>();
    private final TreeMap<Long, Run> runsByEnd = new TreeMap<>();
    private final Map<String, TreeSet<Long>> cuts = new HashMap<>();
    private final Map<Span, Long> lateBySpan = new HashMap<>();
    private final List<String> wrong = new ArrayList<>();
    private final List<String> lost = new ArrayList<>();
    private final Set<String> missing = new HashSet<>();
    private final Set<String> open = new HashSet<>();
    private final Set<String> allAccepted = new HashSet<>();
    private int owed;
    private int pushed;
    private int folded;
    private int excused;
    private int repeated;
    private long longestUnnoted;
    private int shownTwice;
    private int late;

    /**
     * What was found.
     *
     * @param wrong what should not have happened, in words
     * @param lost what should have happened and has not, in words
     * @param missing owed events that were not pushed
     * @param open the same, and those that may still turn out to be missing
     * @param accepted events that a gateway accepted one by one
     * @param owed pairs of event and device
     * @param pushed of those that are owed, accepted one by one
     * @param folded of those that are owed, accepted together with others
     * @param excused of those that are owed, not pushed for a reason
     * @param repeated messages that came again after an acceptance whose answer may be lost
     * @param longestUnnoted of those that were repeated, the longest time between the answer and the kill, in milliseconds
     * @param shownTwice of those that were repeated, without a key by which one replaces the other
     * @param late messages that were under way when the device was logged out
     */
    record Result(
            List<String> wrong,
            List<String> lost,
            Set<String> missing,
            Set<String> open,
            Set<String> accepted,
            int owed,
            int pushed,
            int folded,
            int excused,
            int repeated,
            long longestUnnoted,
            int shownTwice,
            int late) {

        static final Result NOTHING =
                new Result(List.of(), List.of(), Set.of(), Set.of(), Set.of(), 0, 0, 0, 0, 0, 0, 0, 0);

        /** Empty when all is well. */
        List<String> failures() {
            return Stream.concat(wrong.stream(), lost.stream()).toList();
        }

        Result plus(Result other) {
            List<String> allWrong = new ArrayList<>(wrong);
            allWrong.addAll(other.wrong);
            List<String> allLost = new ArrayList<>(lost);
            allLost.addAll(other.lost);
            Set<String> allMissing = new HashSet<>(missing);
            allMissing.addAll(other.missing);
            Set<String> allOpen = new HashSet<>(open);
            allOpen.addAll(other.open);
            Set<String> allAccepted = new HashSet<>(accepted);
            allAccepted.addAll(other.accepted);
            return new Result(
                    allWrong,
                    allLost,
                    allMissing,
                    allOpen,
                    allAccepted,
                    owed + other.owed,
                    pushed + other.pushed,
                    folded + other.folded,
                    excused + other.excused,
                    repeated + other.repeated,
                    Math.max(longestUnnoted, other.longestUnnoted),
                    shownTwice + other.shownTwice,
                    late + other.late);
        }
    }

    /** A time in which a device was registered with an account. */
    private static final class Span {
        final String account;
        final String device;
        /** From when on events may be for it: since then the account was never surely without a device. */
        final long began;
        /** From when on it may have been registered. */
        final long sent;
        /** From when on it surely was. */
        long sure;
        /** Until when it surely was. */
        long ending = NEVER;
        /** Until when it may have been. */
        long ended = NEVER;
        /** From when on gift wraps are surely news. */
        long wraps = NEVER;

        Span(String account, String device, long began, long sent, long sure) {
            this.account = account;
            this.device = device;
            this.began = began;
            this.sent = sent;
            this.sure = sure;
        }

        boolean isOpen() {
            return ended == NEVER;
        }

        void end(long from, long to) {
            ending = Math.min(ending, from);
            ended = to;
        }
    }

    /** How long the server may take to write down that a push was accepted. */
    private final long noting;
    /** How long a request may be on its way to a gateway. */
    private final long onItsWay;
    /** How long an event may be on its way from the relay, which sends it as live: then it is no history. */
    private final long relayed;
    /** How long what has arrived may lie unread, perhaps of a dead process: a new one needs longer until it sends anything. */
    private final long unread;

    private Audit(Facts facts) {
        this.facts = facts;
        this.noting = facts.pace();
        this.onItsWay = 5 * facts.pace();
        this.relayed = 3 * facts.pace();
        this.unread = facts.pace() / 4;
    }

    static Result of(Facts facts) {
        return new Audit(facts).result();
    }

    private Result result() {
        facts.published().forEach(each -> published.put(each.event(), each));
        facts.attempts().stream()
                .sorted(Comparator.comparingLong(Attempt::at))
                .forEach(attempt -> attemptsByDevice
                        .computeIfAbsent(attempt.device(), any -> new ArrayList<>())
                        .add(attempt));
        facts.runs().forEach(run -> runsByEnd.put(run.dead(), run));
        facts.cuts()
                .forEach(cut -> cuts.computeIfAbsent(cut.gateway(), any -> new TreeSet<>())
                        .add(cut.at()));
        findSpans();
        findTakings();
        attemptsByDevice.forEach((device, attempts) -> {
            attempts.forEach(this::checkWanted);
            checkOnce(device, attempts);
        });
        byDevice.forEach(this::checkOwed);
        return new Result(
                wrong,
                lost,
                missing,
                open,
                allAccepted,
                owed,
                pushed,
                folded,
                excused,
                repeated,
                longestUnnoted,
                shownTwice,
                late);
    }

    // ---- what the apps did

    private void findSpans() {
        List<Attempt> gone = facts.attempts().stream()
                .filter(attempt -> attempt.verdict() == Verdict.GONE)
                .sorted(Comparator.comparingLong(Attempt::at))
                .toList();
        int next = 0;
        for (Said said : facts.said()) {
            while (next < gone.size() && gone.get(next).at() < said.sent()) {
                gone(gone.get(next++));
            }
            if (said.deed() == Deed.REGISTER) {
                register(said);
            } else if (said.deed() == Deed.LOGOUT) {
                spansOf(said.account()).stream()
                        .filter(Span::isOpen)
                        .forEach(span -> span.end(said.sent(), said.sure()));
            }
        }
        while (next < gone.size()) {
            gone(gone.get(next++));
        }
        for (Attempt attempt : facts.attempts()) {
            Published event = published.get(attempt.event());
            if (event != null && isWrap(event) && event.unheard()) {
                spansOf(event.account()).stream()
                        .filter(span -> event.at() > span.sure)
                        .forEach(span -> span.wraps = Math.min(span.wraps, attempt.at()));
            }
        }
    }

    private void register(Said said) {
        List<Span> here = byDevice.computeIfAbsent(said.device(), any -> new ArrayList<>());
        here.stream()
                .filter(span -> span.isOpen() && !span.account.equals(said.account()))
                .forEach(span -> span.end(said.sent(), said.sure()));
        boolean stands = here.stream()
                .anyMatch(span -> span.account.equals(said.account()) && span.isOpen() && span.ending == NEVER);
        if (!stands) {
            long began = spansOf(said.account()).stream()
                    .filter(Span::isOpen)
                    .mapToLong(span -> span.began)
                    .min()
                    .orElse(said.sent());
            here.add(new Span(said.account(), said.device(), began, said.sent(), said.sure()));
        }
    }

    /** It may have been forgotten, or not: the answer may be lost. */
    private void gone(Attempt attempt) {
        byDevice.getOrDefault(attempt.device(), List.of()).stream()
                .filter(Span::isOpen)
                .forEach(span -> span.ending = Math.min(span.ending, attempt.at()));
    }

    private List<Span> spansOf(String account) {
        return byDevice.values().stream()
                .flatMap(List::stream)
                .filter(span -> span.account.equals(account))
                .toList();
    }

    /** Until when events may have been dropped or cancelled by what happened. */
    private void findTakings() {
        Set<String> maybeOnline = new HashSet<>();
        for (Said said : facts.said()) {
            String account = said.account();
            boolean takes =
                    said.deed() == Deed.HEARTBEAT || said.deed() == Deed.LOGOUT || maybeOnline.contains(account);
            if (takes) {
                takingsOfAccount
                        .computeIfAbsent(account, any -> new ArrayList<>())
                        .add(said.sure());
            }
            if (said.deed() == Deed.HEARTBEAT) {
                maybeOnline.add(account);
            } else if (said.deed() != Deed.REGISTER && said.sure() != NEVER) {
                maybeOnline.remove(account);
            }
        }
        for (Map.Entry<String, List<Span>> each : byDevice.entrySet()) {
            List<Long> takings = takingsOfDevice.computeIfAbsent(each.getKey(), any -> new ArrayList<>());
            each.getValue().stream().filter(span -> !span.isOpen()).forEach(span -> takings.add(span.ended));
        }
        facts.attempts().stream()
                .filter(attempt -> attempt.verdict() == Verdict.GONE)
                .forEach(attempt -> takingsOfDevice
                        .computeIfAbsent(attempt.device(), any -> new ArrayList<>())
                        .add(attempt.at()));
        // What is not certain yet may still take.
        facts.said().stream()
                .filter(said -> said.deed() == Deed.REGISTER && said.sure() == NEVER)
                .forEach(said -> takingsOfDevice
                        .computeIfAbsent(said.device(), any -> new ArrayList<>())
                        .add(NEVER));
    }

    /** Until when events for the account and the device may be dropped or cancelled; 0 when nothing did that. */
    private long takenUntil(Published event, String device) {
        return Stream.concat(
                        takingsOfAccount.getOrDefault(event.account(), List.of()).stream(),
                        takingsOfDevice.getOrDefault(device, List.of()).stream())
                .mapToLong(until -> until)
                .max()
                .orElse(0);
    }

    // ---- was it wanted

    private void checkWanted(Attempt attempt) {
        List<Span> here = byDevice.getOrDefault(attempt.device(), List.of());
        Published event = published.get(attempt.event());
        if (!attempt.event().isEmpty() && event == null) {
            fail("an event that nobody published was pushed", attempt);
            return;
        }
        List<Span> possible = here.stream()
                .filter(span -> event == null || span.account.equals(event.account()) && mayBeFor(event, span))
                .filter(span -> span.sent <= attempt.at())
                .toList();
        if (possible.isEmpty()) {
            fail("an event was pushed for which the device was never registered", attempt);
        } else if (possible.stream().noneMatch(span -> attempt.at() <= span.ended)) {
            Span last = possible.get(possible.size() - 1);
            long before = lateBySpan.merge(last, 1L, Long::sum);
            if (attempt.at() > last.ended + onItsWay
                    || before > 1
                    || startedBetween(last.ended, attempt.at() - unread)) {
                fail(
                        "an event was pushed " + (attempt.at() - last.ended) + " ms after the device was logged out",
                        attempt);
            } else {
                late++;
            }
        }
    }

    /** Whether it came in time, and was not history when the account began to be interested. */
    private boolean mayBeFor(Published event, Span span) {
        boolean history = isWrap(event) ? event.at() + relayed < span.began : event.createdAt() < span.began / 1_000;
        return !history && event.at() <= span.ended;
    }

    private boolean startedBetween(long from, long to) {
        return facts.runs().stream().anyMatch(run -> run.started() > from && run.started() < to);
    }

    // ---- was it shown once

    private void checkOnce(String device, List<Attempt> attempts) {
        Map<String, List<Attempt>> byEvent = new LinkedHashMap<>();
        Map<String, String> keys = new HashMap<>();
        for (Attempt attempt : attempts) {
            if (attempt.event().isEmpty()) {
                continue;
            }
            byEvent.computeIfAbsent(attempt.event(), any -> new ArrayList<>()).add(attempt);
            String other =
                    attempt.collapseKey().isEmpty() ? null : keys.putIfAbsent(attempt.collapseKey(), attempt.event());
            if (other != null && !other.equals(attempt.event())) {
                fail("two events were pushed under the same key", attempt);
            }
        }
        for (List<Attempt> same : byEvent.values()) {
            for (int i = 1; i < same.size(); i++) {
                checkRepeated(device, same.get(i - 1), same.get(i));
            }
        }
    }

    private void checkRepeated(String device, Attempt first, Attempt again) {
        if (!first.collapseKey().equals(again.collapseKey())) {
            fail("an event was pushed again under another key", again);
        }
        if (first.verdict() == Verdict.ACCEPTED) {
            if (isAnswerLost(first)) {
                repeated++;
                itsKill(first).ifPresent(kill -> longestUnnoted = Math.max(longestUnnoted, kill - first.answered()));
                shownTwice += first.collapseKey().isEmpty() ? 1 : 0;
            } else {
                fail(
                        "an event was pushed again that was accepted " + (again.at() - first.answered()) + " ms before",
                        again);
            }
        } else if (first.verdict() == Verdict.GONE && !isAnswerLost(first) && !registeredAfter(device, first.at())) {
            fail("an event was pushed to a device that was gone", again);
        }
    }

    private boolean isAnswerLost(Attempt attempt) {
        Long cut = cuts.getOrDefault(attempt.gateway(), NO_CUTS).ceiling(attempt.at() - unread);
        return itsKill(attempt).isPresent() || cut != null && cut <= attempt.answered() + noting;
    }

    /** The kill that may have come before the answer was noted. */
    private Optional<Long> itsKill(Attempt attempt) {
        return Optional.ofNullable(runsByEnd.ceilingEntry(attempt.at() - unread))
                .map(run -> run.getValue().killed())
                .filter(killed -> killed <= attempt.answered() + noting);
    }

    private boolean registeredAfter(String device, long at) {
        return facts.said().stream()
                .anyMatch(said -> said.deed() == Deed.REGISTER && said.device().equals(device) && said.sure() >= at);
    }

    // ---- was it pushed

    private void checkOwed(String device, List<Span> spans) {
        List<Attempt> attempts = attemptsByDevice.getOrDefault(device, List.of());
        Set<String> accepted = new HashSet<>();
        Set<String> surelyShown = new HashSet<>();
        for (Attempt attempt : attempts) {
            if (attempt.verdict() == Verdict.ACCEPTED) {
                accepted.add(attempt.event());
                if (!isAnswerLost(attempt)) {
                    surelyShown.add(attempt.event());
                }
            }
        }
        allAccepted.addAll(accepted);
        List<Published> notPushed = new ArrayList<>();
        for (Published event : facts.published()) {
            if (spans.stream().noneMatch(span -> isOwed(event, span))) {
                continue;
            }
            owed++;
            if (accepted.contains(event.event())) {
                pushed++;
            } else if (takenUntil(event, device) >= event.at()) {
                excused++;
                if (takenUntil(event, device) == NEVER) {
                    open.add(event.event());
                }
            } else {
                notPushed.add(event);
            }
        }
        int inFolds = folded(attempts, false);
        if (notPushed.size() > inFolds) {
            notPushed.forEach(event -> missing.add(event.event()));
            open.addAll(missing);
            notPushed.stream()
                    .limit(SHOWN_FAILURES)
                    .forEach(event -> lost.add("not pushed to " + device + ": " + event + ", one of " + notPushed.size()
                            + ", of which " + inFolds + " may be folded"));
        } else {
            folded += notPushed.size();
        }
        long notSurelyShown = facts.published().stream()
                .filter(event -> spans.stream().anyMatch(span -> span.account.equals(event.account())))
                .filter(event -> !surelyShown.contains(event.event()))
                .count();
        int atLeast = folded(attempts, true);
        if (atLeast > notSurelyShown) {
            wrong.add(atLeast + " events were shown together on " + device + ", where only " + notSurelyShown
                    + " were not shown one by one");
        }
    }

    private static boolean isOwed(Published event, Span span) {
        return event.account().equals(span.account)
                && event.at() > (isWrap(event) ? span.wraps : span.sure)
                && event.at() > span.sure
                && span.sure != NEVER
                && event.at() < span.ending;
    }

    /**
     * How many events the messages that say "N new" stand for.
     *
     * @param surely without those that were perhaps repeated
     */
    private int folded(List<Attempt> attempts, boolean surely) {
        Map<String, Integer> byKey = new HashMap<>();
        int withoutKey = 0;
        for (Attempt attempt : attempts) {
            boolean counts = attempt.event().isEmpty()
                    && attempt.verdict() == Verdict.ACCEPTED
                    && !(surely && isAnswerLost(attempt));
            if (counts && attempt.collapseKey().isEmpty()) {
                withoutKey += attempt.count();
            } else if (counts) {
                byKey.merge(attempt.collapseKey(), attempt.count(), Math::max);
            }
        }
        return withoutKey + byKey.values().stream().mapToInt(Integer::intValue).sum();
    }

    private static boolean isWrap(Published event) {
        return event.kind() == Kind.GIFT_WRAP;
    }

    private void fail(String what, Attempt attempt) {
        wrong.add(what + ": " + attempt + " of " + published.get(attempt.event()));
    }
}
