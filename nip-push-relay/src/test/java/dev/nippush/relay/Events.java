package dev.nippush.relay;

import dev.nippush.account.Interest;
import dev.nippush.account.InterestChange;
import dev.nippush.address.RelayUrl;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import dev.nippush.event.UnsignedEvent;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What tests of this package send and want. Events have a valid id and no valid signature: the pool checks neither. */
final class Events {

    static final PublicKey SENDER = PublicKey.ofHex("e".repeat(64));

    private Events() {}

    static PublicKey account(int number) {
        return PublicKey.ofHex("%064x".formatted(0xacc0_0000L + number));
    }

    static NostrEvent event(int kind, Instant createdAt, String content, Tag... tags) {
        UnsignedEvent unsigned = new UnsignedEvent(SENDER, createdAt.getEpochSecond(), kind, List.of(tags), content);
        return new NostrEvent(
                unsigned.id(), SENDER, unsigned.createdAt(), kind, unsigned.tags(), content, "0".repeat(128));
    }

    static NostrEvent event(int kind, Instant createdAt, String content, PublicKey to) {
        return event(kind, createdAt, content, Tag.of("p", to.hex()));
    }

    static Interest interest(PublicKey account, Instant began, Integer... kinds) {
        return new Interest(Set.copyOf(Arrays.asList(kinds)), Set.of(account), Set.of(), began);
    }

    static InterestChange from(PublicKey account, RelayUrl relay, Interest after) {
        return new InterestChange(account, relay, Optional.empty(), Optional.of(after));
    }

    static InterestChange change(PublicKey account, RelayUrl relay, Interest before, Interest after) {
        return new InterestChange(account, relay, Optional.of(before), Optional.of(after));
    }

    static InterestChange gone(PublicKey account, RelayUrl relay, Interest before) {
        return new InterestChange(account, relay, Optional.of(before), Optional.empty());
    }
}
