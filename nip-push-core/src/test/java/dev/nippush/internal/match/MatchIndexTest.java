package dev.nippush.internal.match;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.account.Interest;
import dev.nippush.event.EventId;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MatchIndexTest {

    private static final PublicKey ALICE = PublicKey.ofHex("aa".repeat(32));
    private static final PublicKey BOB = PublicKey.ofHex("bb".repeat(32));
    private static final PublicKey CAROL = PublicKey.ofHex("cc".repeat(32));

    private final MatchIndex index = new MatchIndex();

    private static Optional<Interest> interest(Set<Integer> kinds, Set<PublicKey> p, Set<String> e) {
        return Optional.of(new Interest(kinds, p, e, Instant.EPOCH));
    }

    private Set<PublicKey> candidates(int kind, Tag... tags) {
        return index.candidates(
                new NostrEvent(EventId.ofHex("ee".repeat(32)), CAROL, 1, kind, List.of(tags), "", "f".repeat(128)));
    }

    @Test
    void anEventIsFoundByEachOfItsTags() {
        index.change(ALICE, Optional.empty(), interest(Set.of(1), Set.of(ALICE), Set.of("group")));
        index.change(BOB, Optional.empty(), interest(Set.of(1), Set.of(ALICE, BOB), Set.of()));
        assertThat(candidates(1, Tag.of("p", ALICE.hex()))).containsExactlyInAnyOrder(ALICE, BOB);
        assertThat(candidates(1, Tag.of("p", CAROL.hex()), Tag.of("p", BOB.hex())))
                .containsExactly(BOB);
        assertThat(candidates(1, Tag.of("h", "group"))).containsExactly(ALICE);
        assertThat(candidates(1, Tag.of("e", "group"))).containsExactly(ALICE);
        assertThat(candidates(1)).isEmpty();
        assertThat(candidates(1, Tag.of("p"), Tag.of("p", "x"), Tag.of("q", ALICE.hex()), new Tag(List.of())))
                .isEmpty();
        assertThat(candidates(2, Tag.of("p", ALICE.hex()))).isEmpty();
    }

    @Test
    void whatIsTakenAwayIsFoundNoMore() {
        Optional<Interest> before = interest(Set.of(1, 2), Set.of(ALICE, BOB), Set.of("a", "b"));
        Optional<Interest> after = interest(Set.of(2, 3), Set.of(BOB, CAROL), Set.of("b", "c"));
        index.change(ALICE, Optional.empty(), before);
        index.change(ALICE, before, after);
        assertThat(candidates(2, Tag.of("p", ALICE.hex()))).isEmpty();
        assertThat(candidates(2, Tag.of("p", BOB.hex()))).containsExactly(ALICE);
        assertThat(candidates(3, Tag.of("p", CAROL.hex()))).containsExactly(ALICE);
        assertThat(candidates(3, Tag.of("h", "a"))).isEmpty();
        assertThat(candidates(3, Tag.of("h", "b"))).containsExactly(ALICE);
        assertThat(candidates(1, Tag.of("h", "b"))).isEmpty();
        index.change(ALICE, after, Optional.empty());
        for (int kind = 1; kind <= 3; kind++) {
            assertThat(candidates(kind, Tag.of("p", BOB.hex()), Tag.of("h", "b")))
                    .isEmpty();
        }
    }

    @Test
    void aKindStaysForAsLongAsAnybodyWantsIt() {
        Optional<Interest> one = interest(Set.of(1), Set.of(ALICE), Set.of());
        index.change(ALICE, Optional.empty(), one);
        index.change(BOB, Optional.empty(), one);
        index.change(ALICE, one, Optional.empty());
        assertThat(candidates(1, Tag.of("p", ALICE.hex()))).containsExactly(BOB);
    }
}
