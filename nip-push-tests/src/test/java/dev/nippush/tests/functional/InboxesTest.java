package dev.nippush.tests.functional;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.address.RelayUrl;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.control.SettingsDraft;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import dev.nippush.tests.functional.Rig.User;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The relays that an account says it reads (kinds 10050 and 10002) count like those that its registration names. */
@Timeout(60)
class InboxesTest {

    private static final RelayUrl NAMED = RelayUrl.of("wss://named.example.com");
    private static final RelayUrl INBOX = RelayUrl.of("wss://inbox.example.com");
    private static final RelayUrl OTHER = RelayUrl.of("wss://other.example.com");

    private final Rig rig = new Rig();
    private final User user = rig.user();

    private void register() {
        user.says(SettingsDraft.forDevice(Rig.PHONE).relays(List.of(NAMED)));
    }

    private NostrEvent list(KeyPair author, int kind, long createdAt, Tag... tags) {
        return author.sign(createdAt, kind, List.of(tags), "");
    }

    private NostrEvent direct(long createdAt, RelayUrl... relays) {
        return list(
                user.keys,
                10_050,
                createdAt,
                List.of(relays).stream()
                        .map(relay -> Tag.of("relay", relay.toString()))
                        .toArray(Tag[]::new));
    }

    private boolean counts(RelayUrl relay) {
        int before = rig.sent().size();
        Outcome outcome = rig.accept(rig.mention(user), Source.relay(relay));
        boolean counts = outcome.equals(new Outcome.Taken(1));
        assertThat(rig.sent()).hasSize(before + (counts ? 1 : 0));
        return counts;
    }

    @Test
    void relaysForDirectMessagesCount() {
        register();
        assertThat(counts(INBOX)).isFalse();
        assertThat(rig.accept(direct(rig.seconds() - 1_000_000, INBOX), Source.relay(NAMED)))
                .isEqualTo(new Outcome.Taken(1));
        assertThat(counts(INBOX)).isTrue();
        assertThat(counts(NAMED)).isTrue();
        assertThat(counts(OTHER)).isFalse();
    }

    @Test
    void readRelaysCountAndWriteRelaysDoNot() {
        register();
        rig.accept(list(
                user.keys,
                10_002,
                rig.seconds(),
                Tag.of("r", "wss://both.example.com"),
                Tag.of("r", "wss://read.example.com", "read"),
                Tag.of("r", "wss://write.example.com", "write"),
                Tag.of("r"),
                Tag.of("relay", OTHER.toString())));
        assertThat(counts(RelayUrl.of("wss://both.example.com"))).isTrue();
        assertThat(counts(RelayUrl.of("wss://read.example.com"))).isTrue();
        assertThat(counts(RelayUrl.of("wss://write.example.com"))).isFalse();
        assertThat(counts(OTHER)).isFalse();
    }

    @Test
    void theNewestListOfAKindStands() {
        register();
        rig.accept(direct(rig.seconds(), INBOX));
        assertThat(rig.accept(direct(rig.seconds() - 1, OTHER))).isEqualTo(new Outcome.Duplicate());
        assertThat(counts(OTHER)).isFalse();
        rig.pass(1);
        assertThat(rig.accept(direct(rig.seconds(), OTHER))).isEqualTo(new Outcome.Taken(1));
        assertThat(counts(OTHER)).isTrue();
        assertThat(counts(INBOX)).isFalse();
        rig.restart();
        assertThat(counts(OTHER)).isTrue();
    }

    @Test
    void onlyTheAccountItselfSaysWhereItReads() {
        register();
        NostrEvent mine = direct(rig.seconds(), INBOX);
        NostrEvent forged = new NostrEvent(
                mine.id(),
                mine.pubkey(),
                mine.createdAt(),
                mine.kind(),
                direct(rig.seconds(), OTHER).tags(),
                "",
                mine.sig());
        assertThat(rig.accept(forged)).isEqualTo(new Outcome.Refused(Refusal.BAD_ID));
        assertThat(rig.accept(list(KeyPair.generate(), 10_050, rig.seconds(), Tag.of("relay", OTHER.toString()))))
                .isEqualTo(new Outcome.Unwanted());
        assertThat(counts(OTHER)).isFalse();
    }

    @Test
    void aListIsAnInvitationNotAnOrder() {
        register();
        RelayUrl inside = RelayUrl.of("ws://127.0.0.1:7777");
        rig.accept(direct(rig.seconds(), inside));
        assertThat(counts(inside)).isFalse();
    }

    @Test
    void noMoreThanTwentyRelaysCount() {
        RelayUrl[] many = IntStream.range(0, 30)
                .mapToObj(i -> RelayUrl.of("wss://r" + i + ".example.com"))
                .toArray(RelayUrl[]::new);
        register();
        rig.accept(direct(rig.seconds(), many));
        assertThat(counts(NAMED)).isTrue();
        assertThat(counts(many[18])).isTrue();
        assertThat(counts(many[19])).isFalse();
    }

    @Test
    void whatWaitsElsewhereDoesNotBecomeHistory() {
        register();
        rig.pass(60);
        NostrEvent waiting = rig.event(1, rig.seconds() - 30, user.tag());
        rig.accept(direct(rig.seconds(), INBOX));
        assertThat(rig.accept(waiting, Source.relay(NAMED).asStored())).isEqualTo(new Outcome.Taken(1));
        assertThat(rig.sent()).hasSize(1);
    }
}
