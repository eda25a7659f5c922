package dev.nippush.tests.simulation;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What an account asked for, and which events it gets: PROTOCOL section 5, and "Replacing" and "Limits" of section 3. */
final class Reg {

    private static final int MAX_DEVICES = 5;
    private static final List<Integer> USUAL_KINDS = List.of(4, 44, 1059, 42, 9735, 9, 10, 1, 6, 7);
    private static final Set<Integer> NEVER_PUSHED = Set.of(13, 22242, 22456);
    private static final Set<Integer> PRIVATE = Set.of(4, 44, 1059, 1060, 21059);
    private static final Set<Integer> AUTHOR_IS_NO_SENDER = Set.of(1059, 1060, 21059, 9735);

    final PublicKey account;
    Set<Integer> kinds = new LinkedHashSet<>(USUAL_KINDS);
    List<RelayUrl> relays = List.of();
    Set<PublicKey> authors = Set.of();
    Set<String> e = Set.of();
    Set<PublicKey> p;
    Map<DeviceAddress, Dev> devices = new LinkedHashMap<>();
    /** On the wall clock, because it is compared with the dates of events. */
    long began;
    /** For each relay that is asked: since when, on the monotonic clock. */
    Map<RelayUrl, Long> askedSince = new LinkedHashMap<>();
    /** When its interest, in whatever it is, last began, on the monotonic clock. */
    long begunAt;

    /** When it last named other authors, which moves no beginning: what came before may not have been wanted then. */
    long authorsSince;

    Set<RelayUrl> caughtUp = new LinkedHashSet<>();
    /** The newest list of relays for direct messages, and of those that are read. */
    Inbox direct = Inbox.UNKNOWN;

    Inbox general = Inbox.UNKNOWN;
    private @Nullable Set<PublicKey> pHexOf;
    private Set<String> pHex = Set.of();

    /**
     * A device.
     *
     * @param countsSince on the wall clock; by the order of things it is {@code first}
     * @param registeredAt on the wall clock; by the order of things it is {@code last}
     */
    record Dev(long countsSince, long first, long registeredAt, long last) {}

    /** A list of relays. */
    record Inbox(long createdAt, List<RelayUrl> relays) {
        static final Inbox UNKNOWN = new Inbox(-1, List.of());
    }

    Reg(PublicKey account) {
        this.account = account;
        this.p = Set.of(account);
    }

    Reg(Reg of) {
        account = of.account;
        kinds = of.kinds;
        relays = of.relays;
        authors = of.authors;
        e = of.e;
        p = of.p;
        devices = new LinkedHashMap<>(of.devices);
        began = of.began;
        begunAt = of.begunAt;
        authorsSince = of.authorsSince;
        askedSince = new LinkedHashMap<>(of.askedSince);
        caughtUp = new LinkedHashSet<>(of.caughtUp);
        direct = of.direct;
        general = of.general;
    }

    boolean wantsAnything() {
        return !devices.isEmpty()
                && kinds.stream().anyMatch(kind -> !NEVER_PUSHED.contains(kind))
                && !(p.isEmpty() && e.isEmpty());
    }

    /** The relays whose events count, besides home relays. */
    Set<RelayUrl> sources() {
        Set<RelayUrl> all = new LinkedHashSet<>(relays);
        all.addAll(direct.relays());
        all.addAll(general.relays());
        return all;
    }

    // ---- how it changes

    /**
     * Puts in place what a settings message names.
     *
     * @param number its place in the order of things
     */
    void replace(Said said, At now, long number) {
        if (said.kinds() != null) {
            kinds = new LinkedHashSet<>(said.kinds());
        }
        if (said.relays() != null) {
            relays = said.relays();
        }
        if (said.authors() != null) {
            authors = new LinkedHashSet<>(said.authors());
            authorsSince = now.mono();
        }
        if (said.e() != null) {
            e = new LinkedHashSet<>(said.e());
        }
        if (said.p() != null) {
            p = new LinkedHashSet<>(said.p());
        }
        DeviceAddress device = said.device();
        if (device != null) {
            Dev known = devices.get(device);
            devices.put(
                    device,
                    known == null
                            ? new Dev(now.wall(), number, now.wall(), number)
                            : new Dev(known.countsSince(), known.first(), now.wall(), number));
            if (devices.size() > MAX_DEVICES) {
                DeviceAddress oldest = device;
                for (DeviceAddress each : devices.keySet()) {
                    if (devices.get(each).last() < devices.get(oldest).last()) {
                        oldest = each;
                    }
                }
                devices.remove(oldest);
            }
        }
    }

    /** The account says where it reads; false when that is not news. */
    boolean learn(NostrEvent list) {
        List<RelayUrl> named = new ArrayList<>();
        boolean isDirect = list.kind() == Kind.DM_RELAYS;
        for (Tag tag : list.tags()) {
            boolean counts = isDirect
                    ? tag.name().equals("relay")
                    : tag.name().equals("r")
                            && (tag.values().size() < 3 || tag.values().get(2).equals("read"));
            if (counts) {
                named.add(RelayUrl.of(tag.value()));
            }
        }
        if (list.createdAt() <= (isDirect ? direct : general).createdAt()) {
            return false;
        }
        Inbox inbox = new Inbox(list.createdAt(), named);
        if (isDirect) {
            direct = inbox;
        } else {
            general = inbox;
        }
        return true;
    }

    /** Begins anew what is new in it. */
    void begin(@Nullable Reg before, List<RelayUrl> home, At now) {
        if (!wantsAnything()) {
            askedSince.clear();
            caughtUp.clear();
            return;
        }
        boolean anew = before == null || !before.wantsAnything();
        boolean wrapsAnew = anew
                || kinds.contains(Kind.GIFT_WRAP) && !before.kinds.contains(Kind.GIFT_WRAP)
                || p.contains(account) && !before.p.contains(account);
        if (anew
                || !before.kinds.containsAll(kinds)
                || !before.relays.containsAll(relays)
                || !before.e.containsAll(e)
                || !before.p.containsAll(p)) {
            began = now.wall();
            begunAt = now.mono();
        }
        if (wrapsAnew) {
            caughtUp.clear();
        }
        Set<RelayUrl> asked = new LinkedHashSet<>(home);
        asked.addAll(sources());
        askedSince.keySet().retainAll(asked);
        asked.forEach(relay -> askedSince.putIfAbsent(relay, now.mono()));
        // When it is asked again, it starts over.
        caughtUp.retainAll(asked);
    }

    // ---- which events it gets

    boolean matches(NostrEvent event, Source source, At now) {
        if (devices.isEmpty() || !kinds.contains(event.kind()) || NEVER_PUSHED.contains(event.kind())) {
            return false;
        }
        boolean home = source.origin() != Source.Origin.RELAY;
        if (!home && !sources().contains(source.relay().orElseThrow())) {
            return false;
        }
        return concerns(event) && isTimely(event, now);
    }

    /** Whether it is about the account, and not a thing that is never pushed. */
    private boolean concerns(NostrEvent event) {
        if (event.pubkey().equals(account)) {
            return false;
        }
        if (pHexOf != p) {
            pHexOf = p;
            pHex = p.stream().map(PublicKey::hex).collect(Collectors.toSet());
        }
        boolean isPrivate = PRIVATE.contains(event.kind());
        boolean byP = false;
        boolean byE = false;
        for (Tag tag : event.tags()) {
            if (tag.name().equals("p")) {
                byP |= pHex.contains(tag.value()) && (!isPrivate || tag.value().equals(account.hex()));
            }
            if (tag.name().equals("e") || tag.name().equals("h")) {
                byE |= !isPrivate && e.contains(tag.value());
            }
        }
        boolean authorCounts =
                authors.isEmpty() || authors.contains(event.pubkey()) || AUTHOR_IS_NO_SENDER.contains(event.kind());
        return (byP && authorCounts || byE)
                && !(event.kind() == Kind.GIFT_WRAP && event.values("k").contains("25051"));
    }

    private static boolean isTimely(NostrEvent event, At now) {
        long oldest = event.kind() == Kind.GIFT_WRAP ? 71 * 3600 : 24 * 3600;
        boolean expired = event.expiration().isPresent() && event.expiration().getAsLong() <= now.seconds();
        return event.createdAt() >= now.seconds() - oldest && event.createdAt() <= now.seconds() + 900 && !expired;
    }

    boolean isHistory(NostrEvent event, Source source) {
        if (source.relay().isEmpty()) {
            return false;
        }
        if (event.kind() == Kind.GIFT_WRAP) {
            return !source.live() && !caughtUp.contains(source.relay().get());
        }
        return event.createdAt() < Math.floorDiv(began, 1_000L);
    }
}
