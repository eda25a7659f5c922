package dev.nippush;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Privacy;
import dev.nippush.address.Source;
import dev.nippush.crypto.BadKeyException;
import dev.nippush.crypto.KeyPair;
import dev.nippush.crypto.Nip44;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.internal.account.AccountShard;
import dev.nippush.internal.delivery.DeviceLane;
import dev.nippush.store.OwedPush;
import dev.nippush.store.PushKey;
import dev.nippush.transport.Notification;
import dev.nippush.transport.NotificationComposer;
import dev.nippush.transport.PushMessage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What notifications hold: the composer's words, what the levels of {@link Privacy} add to them, and names that mean
 * nothing to a provider. All that may be told is there until a push leaves; then it is reduced to the level that the
 * device has at that moment.
 */
final class Contents implements AccountShard.Composing, DeviceLane.Wording {

    /** A longer one fits no provider's limit; it would only be kept and taken out again. */
    private static final int LONGEST_SEALED = 4_096;

    /** Enough that two conversations on one phone are not taken for one. */
    private static final int THREAD_DIGITS = 32;

    private static final Logger log = LoggerFactory.getLogger(Contents.class);

    private final NotificationComposer composer;
    private final KeyPair server;
    private final DevicePseudonyms collapseKeys;
    private final DevicePseudonyms threads;

    Contents(NotificationComposer composer, KeyPair server) {
        this.composer = new GuardedComposer(composer);
        this.server = server;
        this.collapseKeys = new DevicePseudonyms(server.derive("nip-push collapse key"));
        this.threads = new DevicePseudonyms(server.derive("nip-push thread"));
    }

    @Override
    public Notification compose(NostrEvent event, PublicKey recipient, Source source, Set<Privacy> levels) {
        Notification words = composer.compose(event, recipient);
        Map<String, String> more = new HashMap<>();
        if (levels.contains(Privacy.REFERENCE)) {
            more.put(Notification.EVENT_ID, event.id().hex());
            more.put(Notification.EVENT_KIND, Integer.toString(event.kind()));
            source.relay().ifPresent(relay -> more.put(Notification.RELAY, relay.toString()));
        }
        if (levels.contains(Privacy.SEALED) && maySee(event, recipient, source)) {
            sealed(event, recipient).ifPresent(text -> more.put(Notification.SEALED, text));
        }
        return words.with(more);
    }

    /**
     * Whether the account could have read the event itself: it is addressed to it, or anybody gets it. What a relay lets
     * stream in only for us may be the message of a closed group, which whoever names the group may not be in.
     */
    private static boolean maySee(NostrEvent event, PublicKey recipient, Source source) {
        return source.isPublic() || event.values("p").contains(recipient.hex());
    }

    private Optional<String> sealed(NostrEvent event, PublicKey recipient) {
        String json = event.toJson();
        if (json.length() > LONGEST_SEALED) {
            return Optional.empty();
        }
        try {
            return Optional.of(Nip44.encrypt(server, recipient, json)).filter(text -> text.length() <= LONGEST_SEALED);
        } catch (BadKeyException e) {
            // It has signed its registration, so its key is on the curve, unless the curve's implementation disagrees.
            log.warn("Nothing can be encrypted to {}: {}", recipient, e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public Notification fold(int count, PublicKey recipient) {
        return composer.fold(count, recipient);
    }

    @Override
    public String collapseKey(PushKey key) {
        return collapseKeys.of(key.device(), key.event().bytes());
    }

    @Override
    public PushMessage fold(OwedPush newer, int count, Instant expiresAt) {
        PushMessage message = newer.message();
        return new PushMessage(message.address(), fold(count, newer.account()), message.collapseKey(), expiresAt);
    }

    @Override
    public PushMessage leaving(PushMessage kept, DeviceAddress address, Privacy level) {
        Notification told = kept.notification().at(level);
        Notification shown = new Notification(
                told.title(), told.body(), thread(address, told.thread()), told.urgency(), told.data());
        return new PushMessage(address, shown, kept.collapseKey(), kept.expiresAt());
    }

    private String thread(DeviceAddress device, String thread) {
        return thread.isEmpty()
                ? ""
                : threads.of(device, thread.getBytes(StandardCharsets.UTF_8)).substring(0, THREAD_DIGITS);
    }
}
