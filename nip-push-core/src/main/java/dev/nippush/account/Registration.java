package dev.nippush.account;

import static java.util.Objects.requireNonNull;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Privacy;
import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.ControlMessage.Settings;
import dev.nippush.event.Calls;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What an account asked for, and on which devices. {@link #wants} is the one place that says which events it gets.
 *
 * @param account whose registration it is
 * @param kinds of events; empty switches notifications off
 * @param relays the relays that it named; home relays count besides
 * @param authors by whom events that mention {@link #p} have to be; empty lets everybody
 * @param e event ids and group ids, to be found in {@code e} or {@code h} tags
 * @param p public keys, to be found in {@code p} tags
 * @param devices in order of their first registration
 * @param began what a relay stored before this moment is history
 * @param wrapsBegan when the interest in gift wraps began; {@link #caughtUp} counts from then
 * @param caughtUp the relays that have sent all gift wraps that they had stored
 * @param inboxes where else the account says that it reads
 */
public record Registration(
        PublicKey account,
        Set<Integer> kinds,
        List<RelayUrl> relays,
        Set<PublicKey> authors,
        Set<String> e,
        Set<PublicKey> p,
        List<Device> devices,
        Instant began,
        Instant wrapsBegan,
        Set<RelayUrl> caughtUp,
        Inboxes inboxes) {

    /** What is pushed when a client names no kinds: messages, groups, zaps, replies, reposts and reactions. */
    public static final List<Integer> DEFAULT_KINDS = List.of(
            Kind.ENCRYPTED_DIRECT_MESSAGE,
            Kind.VERSIONED_DIRECT_MESSAGE,
            Kind.GIFT_WRAP,
            Kind.CHANNEL_MESSAGE,
            Kind.ZAP,
            Kind.GROUP_CHAT,
            Kind.GROUP_CHAT_REPLY,
            Kind.TEXT_NOTE,
            Kind.REPOST,
            Kind.REACTION);

    /** How many relays count for an account. */
    public static final int MAX_SOURCES = 20;

    /** How old an event may be when it comes. */
    public static final Duration MAX_AGE = Duration.ofHours(24);

    /** How old a gift wrap may look: senders date it up to two days back (NIP-59). */
    public static final Duration MAX_WRAP_AGE = Duration.ofHours(71);

    /** How far ahead of our clock an event may be dated. */
    public static final Duration MAX_AHEAD = Duration.ofMinutes(15);

    /** Never pushed: they are no messages, or the machinery of this very service. */
    private static final Set<Integer> NEVER = Set.of(Kind.SEAL, Kind.CLIENT_AUTH, Kind.PUSH_CONTROL);

    /** Only for the account itself: nobody watches another's direct messages. */
    private static final Set<Integer> PRIVATE = Set.of(
            Kind.ENCRYPTED_DIRECT_MESSAGE,
            Kind.VERSIONED_DIRECT_MESSAGE,
            Kind.GIFT_WRAP,
            Kind.DOUBLE_RATCHET_MESSAGE,
            Kind.EPHEMERAL_GIFT_WRAP);

    /** Signed by a throwaway key or a payment service, so that the author says nothing of the sender. */
    private static final Set<Integer> ANONYMOUS =
            Set.of(Kind.GIFT_WRAP, Kind.DOUBLE_RATCHET_MESSAGE, Kind.EPHEMERAL_GIFT_WRAP, Kind.ZAP);

    public Registration {
        requireNonNull(account);
        kinds = Set.copyOf(kinds);
        relays = List.copyOf(relays);
        authors = Set.copyOf(authors);
        e = Set.copyOf(e);
        p = Set.copyOf(p);
        devices = List.copyOf(devices);
        requireNonNull(began);
        requireNonNull(wrapsBegan);
        caughtUp = Set.copyOf(caughtUp);
        requireNonNull(inboxes);
    }

    /** The first registration of an account: what the message leaves out has its default. */
    public static Registration first(PublicKey account, Settings settings, Instant at, int maxDevices) {
        return new Registration(
                        account,
                        Set.copyOf(DEFAULT_KINDS),
                        List.of(),
                        Set.of(),
                        Set.of(),
                        Set.of(account),
                        List.of(),
                        at,
                        at,
                        Set.of(),
                        Inboxes.UNKNOWN)
                .with(settings, at, maxDevices);
    }

    /**
     * The registration after a settings message: what it names is replaced, the rest is kept.
     *
     * @param at when the door saw the message
     * @param maxDevices beyond it the device that was registered least recently goes
     */
    public Registration with(Settings settings, Instant at, int maxDevices) {
        Registration changed = new Registration(
                account,
                settings.kinds().map(Set::copyOf).orElse(kinds),
                settings.relays().orElse(relays),
                settings.authors().map(Set::copyOf).orElse(authors),
                settings.e().map(Set::copyOf).orElse(e),
                settings.p().map(Set::copyOf).orElse(p),
                settings.device()
                        .map(device -> devicesWith(device, settings.privacy(), at, maxDevices))
                        .orElseGet(() -> devicesWith(settings.privacy())),
                began,
                wrapsBegan,
                caughtUp,
                inboxes);
        return changed.begunAfter(this, at);
    }

    /** A message that names no device speaks of all. */
    private List<Device> devicesWith(Optional<Privacy> privacy) {
        return privacy.map(wanted ->
                        devices.stream().map(device -> device.with(wanted)).toList())
                .orElse(devices);
    }

    private List<Device> devicesWith(DeviceAddress address, Optional<Privacy> privacy, Instant at, int maxDevices) {
        List<Device> changed = new ArrayList<>(devices);
        int known = indexOf(address);
        if (known >= 0) {
            // The new text replaces the old one: another spelling, or other keys of the same push subscription.
            Device before = devices.get(known);
            changed.set(known, new Device(address, before.countsSince(), at, privacy.or(before::privacy)));
        } else {
            changed.add(new Device(address, at, at, privacy));
        }
        while (changed.size() > maxDevices) {
            // Not the one that is being registered, whatever a clock that was set back says of its age.
            changed.remove(changed.stream()
                    .filter(device -> !device.address().equals(address))
                    .min(Comparator.comparing(Device::registeredAt))
                    .orElseThrow());
        }
        return changed;
    }

    private int indexOf(DeviceAddress address) {
        for (int i = 0; i < devices.size(); i++) {
            if (devices.get(i).address().equals(address)) {
                return i;
            }
        }
        return -1;
    }

    private Registration begunAfter(Registration before, Instant at) {
        if (!isActive()) {
            return this;
        }
        boolean anew = !before.isActive();
        boolean more = anew
                || !before.kinds.containsAll(kinds)
                || !before.relays.containsAll(relays)
                || !before.e.containsAll(e)
                || !before.p.containsAll(p);
        boolean moreWraps = anew
                || kinds.contains(Kind.GIFT_WRAP) && !before.kinds.contains(Kind.GIFT_WRAP)
                || p.contains(account) && !before.p.contains(account);
        // Never ahead of the beginning that relays are asked with, though the clock was set back: no EOSE would count.
        boolean ahead = more && wrapsBegan.isAfter(at);
        return new Registration(
                account,
                kinds,
                relays,
                authors,
                e,
                p,
                devices,
                more ? at : began,
                moreWraps || ahead ? at : wrapsBegan,
                moreWraps ? Set.of() : caughtUp,
                inboxes);
    }

    /** The registration without a device; the same one when it has no such device. */
    public Registration without(DeviceAddress address) {
        int known = indexOf(address);
        if (known < 0) {
            return this;
        }
        List<Device> left = new ArrayList<>(devices);
        left.remove(known);
        return new Registration(account, kinds, relays, authors, e, p, left, began, wrapsBegan, caughtUp, inboxes);
    }

    /**
     * The registration, now that the account said where it reads. Its beginnings stay: moved to now, they would make
     * history of what other relays have not sent yet.
     */
    public Registration reading(Inboxes known) {
        return new Registration(account, kinds, relays, authors, e, p, devices, began, wrapsBegan, caughtUp, known);
    }

    /** The relays whose events count, besides home relays: those it named, then its inboxes, as many as are used of a list. */
    public List<RelayUrl> sources() {
        return Stream.concat(relays.stream(), inboxes.relays())
                .distinct()
                .limit(MAX_SOURCES)
                .toList();
    }

    /** The registration, now that a relay has sent what it had stored. */
    public Registration caughtUpWith(RelayUrl relay) {
        Set<RelayUrl> more = new HashSet<>(caughtUp);
        more.add(relay);
        return new Registration(account, kinds, relays, authors, e, p, devices, began, wrapsBegan, more, inboxes);
    }

    /** The registration, now that a relay is not asked any more: when it is asked again, it starts over. */
    public Registration leaving(RelayUrl relay) {
        if (!caughtUp.contains(relay)) {
            return this;
        }
        Set<RelayUrl> fewer = new HashSet<>(caughtUp);
        fewer.remove(relay);
        return new Registration(account, kinds, relays, authors, e, p, devices, began, wrapsBegan, fewer, inboxes);
    }

    /** The device at this address. */
    public Optional<Device> device(DeviceAddress address) {
        int known = indexOf(address);
        return known < 0 ? Optional.empty() : Optional.of(devices.get(known));
    }

    /** Whether it could want any event at all. */
    public boolean isActive() {
        return interest().isPresent();
    }

    /** What relays are asked for; empty when there is no device, no kind, or nobody and nothing to watch. */
    public Optional<Interest> interest() {
        Set<Integer> asked = new LinkedHashSet<>(kinds);
        asked.removeAll(NEVER);
        if (devices.isEmpty() || asked.isEmpty() || p.isEmpty() && e.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Interest(asked, p, e, began));
    }

    /**
     * Whether an event from this source is one to push, if nothing was decided on it yet. It says nothing of history:
     * {@link #isHistory} does.
     *
     * @param at when the door saw the event
     */
    public boolean wants(NostrEvent event, Source source, Instant at) {
        return !devices.isEmpty()
                && kinds.contains(event.kind())
                && !NEVER.contains(event.kind())
                && !event.pubkey().equals(account)
                && (source.isHome()
                        || source.relay().filter(sources()::contains).isPresent())
                && (matchesP(event) || matchesE(event))
                && !Calls.isSignal(event)
                && isTimely(event, at);
    }

    private boolean matchesP(NostrEvent event) {
        boolean ofNobodyElse = PRIVATE.contains(event.kind());
        boolean mentioned = event.values("p").stream()
                .filter(PublicKey::isValid)
                .map(PublicKey::ofHex)
                .anyMatch(key -> p.contains(key) && (!ofNobodyElse || key.equals(account)));
        return mentioned && (authors.isEmpty() || authors.contains(event.pubkey()) || ANONYMOUS.contains(event.kind()));
    }

    private boolean matchesE(NostrEvent event) {
        return !PRIVATE.contains(event.kind())
                && !e.isEmpty()
                && (event.values("e").stream().anyMatch(e::contains)
                        || event.values("h").stream().anyMatch(e::contains));
    }

    private static boolean isTimely(NostrEvent event, Instant at) {
        Duration oldest = isWrap(event.kind()) ? MAX_WRAP_AGE : MAX_AGE;
        OptionalLong expiration = event.expiration();
        return event.createdAt() >= at.minus(oldest).getEpochSecond()
                && event.createdAt() <= at.plus(MAX_AHEAD).getEpochSecond()
                && (expiration.isEmpty() || expiration.getAsLong() > at.getEpochSecond());
    }

    /**
     * Whether an event that is {@linkplain #wants wanted} lay at its relay before the account began to want such events.
     *
     * @param at when the door saw the event
     * @param hearsEose whether anybody tells when a relay has sent what it had stored; if not, each counts as having done so
     *     after {@link #EOSE_PATIENCE}
     */
    public boolean isHistory(NostrEvent event, Source source, Instant at, boolean hearsEose) {
        if (source.isHome() && source.live() && source.relay().isEmpty()) {
            return false;
        }
        if (!isWrap(event.kind())) {
            return event.createdAt() < began.getEpochSecond();
        }
        return source.relay()
                .filter(relay -> hearsEose)
                .map(relay -> !source.live() && !caughtUp.contains(relay))
                .orElseGet(() -> at.isBefore(wrapsBegan.plus(EOSE_PATIENCE)));
    }

    /** How long a relay that was asked may take for its EOSE; afterwards it counts as having sent it. */
    public static final Duration EOSE_PATIENCE = Duration.ofSeconds(30);

    private static boolean isWrap(int kind) {
        return kind == Kind.GIFT_WRAP || kind == Kind.EPHEMERAL_GIFT_WRAP;
    }

    /** Counts what is registered, and names none of it. */
    @Override
    public String toString() {
        return "Registration[" + account + ", devices " + devices + ", kinds " + kinds.size() + ", relays "
                + relays.size() + ", authors " + authors.size() + ", e " + e.size() + ", p " + p.size() + "]";
    }
}
