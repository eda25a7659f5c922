package dev.nippush.event;

/** Kinds of events, by the names of the NIPs that define them. */
public final class Kind {

    /** The lowest kind. */
    public static final int MIN = 0;
    /** The highest kind. */
    public static final int MAX = 65_535;

    /** NIP-01. */
    public static final int TEXT_NOTE = 1;
    /** NIP-04. */
    public static final int ENCRYPTED_DIRECT_MESSAGE = 4;
    /** NIP-18. */
    public static final int REPOST = 6;
    /** NIP-25. */
    public static final int REACTION = 7;
    /** NIP-58. */
    public static final int BADGE_AWARD = 8;
    /** NIP-29 and NIP-C7: a message in a group. */
    public static final int GROUP_CHAT = 9;
    /** NIP-29, older drafts: an answer within a thread of a group. */
    public static final int GROUP_CHAT_REPLY = 10;
    /** NIP-7D: the beginning of a thread. */
    public static final int THREAD = 11;
    /** NIP-29, older drafts: an answer in a thread. */
    public static final int THREAD_REPLY = 12;
    /** NIP-59. */
    public static final int SEAL = 13;
    /** NIP-18: a repost of anything but a note. */
    public static final int GENERIC_REPOST = 16;
    /** NIP-68. */
    public static final int PICTURE = 20;
    /** NIP-71. */
    public static final int VIDEO = 21;
    /** NIP-71: upright and short. */
    public static final int SHORT_VIDEO = 22;
    /** NIP-A4. */
    public static final int PUBLIC_MESSAGE = 24;
    /** NIP-28. */
    public static final int CHANNEL_MESSAGE = 42;
    /** A direct message with versioned encryption, from before gift wraps. */
    public static final int VERSIONED_DIRECT_MESSAGE = 44;
    /** Marmot: what happens in an end-to-end encrypted group, mostly messages. */
    public static final int ENCRYPTED_GROUP_EVENT = 445;
    /** NIP-88. */
    public static final int POLL_RESPONSE = 1_018;
    /** NIP-59. */
    public static final int GIFT_WRAP = 1059;
    /** A direct message under double-ratchet encryption; its author is a throwaway key. */
    public static final int DOUBLE_RATCHET_MESSAGE = 1060;
    /** NIP-88. */
    public static final int POLL = 1_068;
    /** NIP-22. */
    public static final int COMMENT = 1_111;
    /** NIP-A0. */
    public static final int VOICE_MESSAGE = 1_222;
    /** NIP-A0: an answer by voice. */
    public static final int VOICE_COMMENT = 1_244;
    /** NIP-53. */
    public static final int LIVE_CHAT_MESSAGE = 1_311;
    /** NIP-34. */
    public static final int PATCH = 1_617;
    /** NIP-34. */
    public static final int PULL_REQUEST = 1_618;
    /** NIP-34. */
    public static final int PULL_REQUEST_UPDATE = 1_619;
    /** NIP-34. */
    public static final int ISSUE = 1_621;
    /** NIP-34, older drafts. */
    public static final int GIT_REPLY = 1_622;
    /** NIP-34: the first of the states of an issue or patch. */
    public static final int GIT_STATUS_FIRST = 1_630;
    /** NIP-34: the last of the states of an issue or patch. */
    public static final int GIT_STATUS_LAST = 1_633;
    /** NIP-35. */
    public static final int TORRENT_COMMENT = 2_004;
    /** NIP-29: the first of the kinds that change a group. */
    public static final int GROUP_CONTROL_FIRST = 9_000;
    /** NIP-29: the last of the kinds that change a group. */
    public static final int GROUP_CONTROL_LAST = 9_030;
    /** NIP-61. */
    public static final int NUTZAP = 9_321;
    /** NIP-57: the receipt of a zap, signed by the payment service. */
    public static final int ZAP = 9735;
    /** NIP-84. */
    public static final int HIGHLIGHT = 9_802;
    /** NIP-65: the relays where a user reads and writes. */
    public static final int READ_WRITE_RELAYS = 10_002;
    /** NIP-17: the relays where a user wants direct messages. */
    public static final int DM_RELAYS = 10_050;
    /** NIP-59: a gift wrap that relays need not keep. */
    public static final int EPHEMERAL_GIFT_WRAP = 21_059;
    /** NIP-42. */
    public static final int CLIENT_AUTH = 22_242;
    /** A control message to a push server. */
    public static final int PUSH_CONTROL = 22_456;
    /** A call, as a gift wrap names it in its {@code k} tag. */
    public static final int CALL = 25_050;
    /** What follows a call: answer, candidates, hang-up; as a gift wrap names it in its {@code k} tag. */
    public static final int CALL_SIGNAL = 25_051;
    /** NIP-23. */
    public static final int ARTICLE = 30_023;
    /** NIP-53. */
    public static final int LIVE_EVENT = 30_311;
    /** NIP-53: an interactive room. */
    public static final int LIVE_ROOM = 30_312;
    /** NIP-53: a meeting in a room. */
    public static final int LIVE_MEETING = 30_313;
    /** NIP-99. */
    public static final int CLASSIFIED_LISTING = 30_402;
    /** NIP-52: an entry for whole days. */
    public static final int CALENDAR_DAY = 31_922;
    /** NIP-52: an entry at a time of day. */
    public static final int CALENDAR_TIME = 31_923;
    /** NIP-52: an answer to an invitation. */
    public static final int CALENDAR_ANSWER = 31_925;
    /** NIP-71. */
    public static final int ADDRESSABLE_VIDEO = 34_235;
    /** NIP-71: upright and short. */
    public static final int ADDRESSABLE_SHORT_VIDEO = 34_236;

    private Kind() {}

    /** Says whether the number is a kind at all: 0 to 65,535. */
    public static boolean isValid(long kind) {
        return kind >= MIN && kind <= MAX;
    }

    /** Says whether relays need not keep such events: 20,000 to 29,999. */
    public static boolean isEphemeral(int kind) {
        return kind >= 20_000 && kind < 30_000;
    }

    /** Says whether only the newest per author counts: 0, 3 and 10,000 to 19,999. */
    public static boolean isReplaceable(int kind) {
        return kind == 0 || kind == 3 || kind >= 10_000 && kind < 20_000;
    }

    /** Says whether only the newest per author and {@code d} tag counts: 30,000 to 39,999. */
    public static boolean isAddressable(int kind) {
        return kind >= 30_000 && kind < 40_000;
    }
}
