package dev.nippush.control;

import java.util.Locale;

/** Why the door refused an event. The codes are stable: they go into logs, metrics and {@code OK} messages. */
public enum Refusal {
    /** Larger than the limit of its kind: 256 KiB for a control message, 512 KiB for any other event. */
    TOO_BIG,
    /** Not an event as NIP-01 writes it. */
    BAD_EVENT,
    /** Handed over as a control message, but of another kind. */
    KIND,
    /** A control message without a {@code p} tag that names this server, or from a source that may not send any. */
    NOT_ADDRESSED,
    /** {@code created_at} is too old or too far ahead. */
    STALE,
    /** The id is not the hash of the event (NIP-01). */
    BAD_ID,
    /** The signature is not the author's (BIP-340). */
    BAD_SIG,
    /** The sender has said too much within a minute; the same message may come again. */
    RATE_LIMITED,
    /** Older than what the sender said before. */
    OUT_OF_ORDER,
    /** The content is not NIP-04 between the sender and this server. */
    DECRYPT,
    /** The plaintext is not strict JSON. */
    BAD_JSON,
    /** The plaintext is JSON, but not an object. */
    NOT_OBJECT,
    /** The plaintext has none of the keys that mean something. */
    EMPTY,
    /** {@code online} is neither 0 nor 1 in any accepted spelling. */
    BAD_ONLINE,
    /** {@code deviceId} or {@code device} is not an address that this server knows how to reach. */
    BAD_DEVICE,
    /** {@code privacy} is not the name of a level that this server knows. */
    BAD_PRIVACY,
    /** {@code kinds} is not a list of kinds. */
    BAD_KINDS,
    /** {@code relays} is not a list of URLs. */
    BAD_RELAYS,
    /** {@code authors} is not a list of public keys. */
    BAD_AUTHORS,
    /** {@code #e} is not a list of ids. */
    BAD_E,
    /** {@code #p} is not a list of public keys. */
    BAD_P,
    /** More kinds than a server reads. */
    TOO_MANY_KINDS,
    /** More relays than a server reads. */
    TOO_MANY_RELAYS,
    /** More authors than a server reads. */
    TOO_MANY_AUTHORS,
    /** More values of {@code #e} than a server reads. */
    TOO_MANY_E,
    /** More values of {@code #p} than a server reads. */
    TOO_MANY_P;

    /** The stable text, as {@code bad_sig}. */
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }
}
