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
    /** NIP-29 and NIP-C7: a message in a group. */
    public static final int GROUP_CHAT = 9;
    /** NIP-29, older drafts: an answer within a thread of a group. */
    public static final int GROUP_CHAT_REPLY = 10;
    /** NIP-59. */
    public static final int SEAL = 13;
    /** NIP-28. */
    public static final int CHANNEL_MESSAGE = 42;
    /** A direct message with versioned encryption, from before gift wraps. */
    public static final int VERSIONED_DIRECT_MESSAGE = 44;
    /** NIP-59. */
    public static final int GIFT_WRAP = 1059;
    /** A direct message under double-ratchet encryption; its author is a throwaway key. */
    public static final int DOUBLE_RATCHET_MESSAGE = 1060;
    /** NIP-57: the receipt of a zap, signed by the payment service. */
    public static final int ZAP = 9735;
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
