package dev.nippush.transport;

import dev.nippush.event.Calls;
import dev.nippush.event.EventId;
import dev.nippush.event.Kind;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.PublicKey;
import dev.nippush.event.Tag;
import java.util.Locale;

/** The sorts of events that are told apart: each has a text of its own in every language, and a thread. */
enum Sort {
    CALL("call"),
    MESSAGE("message"),
    PUBLIC_MESSAGE("message"),
    CHANNEL_MESSAGE("channel"),
    GROUP_MESSAGE("group"),
    GROUP_CHANGE("group"),
    THREAD("thread"),
    THREAD_REPLY("thread"),
    LIVE_CHAT("live"),
    LIVE_EVENT("live"),
    REPLY("note"),
    MENTION("note"),
    QUOTE("note"),
    COMMENT("note"),
    REPOST("note"),
    HIGHLIGHT("note"),
    REACTION("reaction"),
    ZAP("zap"),
    BADGE("badge"),
    POLL("poll"),
    VOTE("poll"),
    ARTICLE("article"),
    PICTURE("media"),
    VIDEO("media"),
    VOICE_MESSAGE("media"),
    LISTING("listing"),
    CALENDAR_ENTRY("calendar"),
    CALENDAR_ANSWER("calendar"),
    REPOSITORY("repository"),
    OTHER("other");

    private static final int QUOTED_AUTHOR = 3;
    private static final int MARKER = 3;
    /** As long as a value of {@code #e} can be (NIP-29 sets no limit). */
    private static final int LONGEST_GROUP_ID = 255;

    private final String thread;

    Sort(String thread) {
        this.thread = thread;
    }

    /** What the keys of its texts begin with. */
    String key() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Sort of(NostrEvent event, PublicKey recipient) {
        return switch (event.kind()) {
            case Kind.GIFT_WRAP, Kind.EPHEMERAL_GIFT_WRAP -> Calls.isOffer(event) ? CALL : MESSAGE;
            case Kind.ENCRYPTED_DIRECT_MESSAGE, Kind.VERSIONED_DIRECT_MESSAGE, Kind.DOUBLE_RATCHET_MESSAGE -> MESSAGE;
            case Kind.PUBLIC_MESSAGE -> PUBLIC_MESSAGE;
            case Kind.CHANNEL_MESSAGE -> CHANNEL_MESSAGE;
            case Kind.GROUP_CHAT, Kind.GROUP_CHAT_REPLY, Kind.ENCRYPTED_GROUP_EVENT -> GROUP_MESSAGE;
            case Kind.THREAD -> THREAD;
            case Kind.THREAD_REPLY -> THREAD_REPLY;
            case Kind.LIVE_CHAT_MESSAGE -> LIVE_CHAT;
            case Kind.LIVE_EVENT, Kind.LIVE_ROOM, Kind.LIVE_MEETING -> LIVE_EVENT;
            case Kind.TEXT_NOTE -> ofNote(event, recipient);
            case Kind.COMMENT, Kind.VOICE_COMMENT, Kind.TORRENT_COMMENT -> COMMENT;
            case Kind.REPOST, Kind.GENERIC_REPOST -> REPOST;
            case Kind.HIGHLIGHT -> HIGHLIGHT;
            case Kind.REACTION -> REACTION;
            case Kind.ZAP, Kind.NUTZAP -> ZAP;
            case Kind.BADGE_AWARD -> BADGE;
            case Kind.POLL -> POLL;
            case Kind.POLL_RESPONSE -> VOTE;
            case Kind.ARTICLE -> ARTICLE;
            case Kind.PICTURE -> PICTURE;
            case Kind.VIDEO, Kind.SHORT_VIDEO, Kind.ADDRESSABLE_VIDEO, Kind.ADDRESSABLE_SHORT_VIDEO -> VIDEO;
            case Kind.VOICE_MESSAGE -> VOICE_MESSAGE;
            case Kind.CLASSIFIED_LISTING -> LISTING;
            case Kind.CALENDAR_DAY, Kind.CALENDAR_TIME -> CALENDAR_ENTRY;
            case Kind.CALENDAR_ANSWER -> CALENDAR_ANSWER;
            case Kind.PATCH, Kind.PULL_REQUEST, Kind.PULL_REQUEST_UPDATE, Kind.ISSUE, Kind.GIT_REPLY -> REPOSITORY;
            default -> ofRange(event.kind());
        };
    }

    private static Sort ofRange(int kind) {
        if (kind >= Kind.GROUP_CONTROL_FIRST && kind <= Kind.GROUP_CONTROL_LAST) {
            return GROUP_CHANGE;
        }
        return kind >= Kind.GIT_STATUS_FIRST && kind <= Kind.GIT_STATUS_LAST ? REPOSITORY : OTHER;
    }

    /** An {@code e} tag makes a note a reply (NIP-10), unless it is marked as a mention; a {@code q} tag quotes (NIP-18). */
    private static Sort ofNote(NostrEvent event, PublicKey recipient) {
        boolean quoted = false;
        for (Tag tag : event.tags()) {
            if (tag.hasValue() && tag.name().equals("e") && !isMarked(tag, "mention")) {
                return REPLY;
            }
            quoted |= tag.name().equals("q")
                    && tag.values().size() > QUOTED_AUTHOR
                    && tag.values().get(QUOTED_AUTHOR).equals(recipient.hex());
        }
        return quoted ? QUOTE : MENTION;
    }

    /** What a phone groups an event of this sort by: its channel, its group, or else what is of a sort. */
    String thread(NostrEvent event) {
        if (this == CALL || this == MESSAGE) {
            return thread;
        }
        if (this == CHANNEL_MESSAGE) {
            String channel = channel(event);
            return EventId.isValid(channel) ? "channel:" + channel : thread;
        }
        String group = event.firstValue("h").orElse("");
        return group.isEmpty() || group.length() > LONGEST_GROUP_ID ? thread : "group:" + group;
    }

    /** The id of a message's channel: the {@code e} tag that is marked as the root, else the first (NIP-28). */
    private static String channel(NostrEvent event) {
        return event.tags().stream()
                .filter(tag -> tag.hasValue() && tag.name().equals("e") && isMarked(tag, "root"))
                .findFirst()
                .map(Tag::value)
                .or(() -> event.firstValue("e"))
                .orElse("");
    }

    private static boolean isMarked(Tag tag, String marker) {
        return tag.values().size() > MARKER && tag.values().get(MARKER).equals(marker);
    }
}
