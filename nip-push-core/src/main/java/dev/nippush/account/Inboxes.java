package dev.nippush.account;

import dev.nippush.address.RelayUrl;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Where an account says that it reads: the relays for direct messages of its newest kind 10050 (NIP-17), and the read
 * relays of its newest kind 10002 (NIP-65).
 *
 * @param directAt the {@code created_at} of the kind 10050 in seconds; negative when none is known
 * @param direct the relays that it names
 * @param generalAt the {@code created_at} of the kind 10002 in seconds; negative when none is known
 * @param general the relays that it names for reading
 */
public record Inboxes(long directAt, List<RelayUrl> direct, long generalAt, List<RelayUrl> general) {

    /** Of an account whose lists are not known. */
    public static final Inboxes UNKNOWN = new Inboxes(-1, List.of(), -1, List.of());

    /** What relay lists there are. */
    private static final Set<Integer> KINDS = Set.of(Kind.DM_RELAYS, Kind.READ_WRITE_RELAYS);

    /** No list that people keep is longer. */
    private static final int MAX_RELAYS = 20;

    public Inboxes {
        direct = List.copyOf(direct);
        general = List.copyOf(general);
    }

    /** Whether an event is a list of relays that its author reads. */
    public static boolean isList(NostrEvent event) {
        return KINDS.contains(event.kind());
    }

    /**
     * What is known after a {@linkplain #isList list} of the account; the same object when it is not newer.
     *
     * @param dialable whether a relay may be connected to; others are left out
     */
    public Inboxes with(NostrEvent list, Predicate<RelayUrl> dialable) {
        if (list.kind() == Kind.DM_RELAYS) {
            return list.createdAt() <= directAt
                    ? this
                    : new Inboxes(
                            list.createdAt(), relays(list.values("relay").stream(), dialable), generalAt, general);
        }
        return list.createdAt() <= generalAt
                ? this
                : new Inboxes(
                        directAt,
                        direct,
                        list.createdAt(),
                        relays(
                                list.tags().stream()
                                        .filter(Inboxes::isForReading)
                                        .map(Tag::value),
                                dialable));
    }

    /** NIP-65: {@code ["r", url]} is for both, {@code ["r", url, "read"]} for reading. */
    private static boolean isForReading(Tag tag) {
        return tag.name().equals("r")
                && tag.hasValue()
                && (tag.values().size() == 2 || tag.values().get(2).equals("read"));
    }

    private static List<RelayUrl> relays(Stream<String> urls, Predicate<RelayUrl> dialable) {
        Set<RelayUrl> relays = new LinkedHashSet<>();
        urls.flatMap(url -> RelayUrl.parse(url).stream())
                .filter(dialable)
                .limit(MAX_RELAYS)
                .forEach(relays::add);
        return List.copyOf(relays);
    }

    /** All of them, those for direct messages first. */
    Stream<RelayUrl> relays() {
        return Stream.concat(direct.stream(), general.stream());
    }
}
