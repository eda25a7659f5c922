package dev.nippush.transport;

import dev.nippush.event.Calls;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;

/** Says which sort of event came, and nothing that is only true of this one. */
final class GenericComposer implements NotificationComposer {

    @Override
    public Notification compose(NostrEvent event, PublicKey recipient) {
        return switch (event.kind()) {
            case Kind.GIFT_WRAP, Kind.EPHEMERAL_GIFT_WRAP ->
                Calls.isOffer(event) ? Notification.call("Incoming call", "Someone is calling you.") : privateMessage();
            case Kind.ENCRYPTED_DIRECT_MESSAGE, Kind.VERSIONED_DIRECT_MESSAGE, Kind.DOUBLE_RATCHET_MESSAGE ->
                privateMessage();
            case Kind.CHANNEL_MESSAGE, Kind.GROUP_CHAT, Kind.GROUP_CHAT_REPLY ->
                Notification.message("New group message", "There is a new message in one of your groups.", "group");
            case Kind.TEXT_NOTE ->
                event.firstValue("e").isPresent()
                        ? Notification.message("New reply", "Someone replied to you.", "note")
                        : Notification.message("New mention", "Someone mentioned you.", "note");
            case Kind.REPOST -> Notification.message("New repost", "Someone reposted your note.", "note");
            case Kind.REACTION -> Notification.message("New reaction", "Someone reacted to your note.", "reaction");
            case Kind.ZAP -> Notification.message("Zap received", "You received a zap.", "zap");
            default -> Notification.message("New notification", "Something new is waiting for you.", "other");
        };
    }

    private static Notification privateMessage() {
        return Notification.message("New message", "You have a new private message.", "message");
    }

    static Notification folded(int count) {
        return Notification.message(count + " new notifications", "Open the app to see what is new.", "other");
    }
}
