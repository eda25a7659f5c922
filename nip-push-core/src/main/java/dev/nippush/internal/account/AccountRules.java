package dev.nippush.internal.account;

import dev.nippush.address.RelayUrl;
import java.time.Duration;
import java.util.List;

/**
 * The numbers that account shards go by.
 *
 * @param heartbeatTimeout how long a heartbeat counts
 * @param lifetime how long an event is worth a push
 * @param maxDevices how many devices an account may have
 * @param freshness how long after its {@code created_at} no message of a sender is accepted any more, in either direction
 *     together: marks older than that are of no use
 * @param retention after how long without a sign of life an account's registration is forgotten
 * @param homeRelays the relays that every account's interests are asked of
 * @param hearsEose whether a gateway tells when a relay has sent what it had stored
 */
public record AccountRules(
        Duration heartbeatTimeout,
        Duration lifetime,
        int maxDevices,
        Duration freshness,
        Duration retention,
        List<RelayUrl> homeRelays,
        boolean hearsEose) {

    /** How long after its date a heartbeat still counts as new: two of the usual intervals would be too long. */
    public static final Duration HEARTBEAT_INTERVAL = Duration.ofSeconds(60);

    /** How much of the presence may be forgotten in a crash. */
    public static final Duration ALIVE_STORED_EVERY = Duration.ofHours(1);

    /** How long silence is no sign while the server is deaf. */
    public static final Duration DEAF_PATIENCE = Duration.ofMinutes(10);

    /** How late a timer may run before we suspect that the machine stood still, and heartbeats with it. */
    public static final Duration STALL = Duration.ofSeconds(10);

    /** How long a call rings when its event does not say. */
    public static final Duration CALL_LIFETIME = Duration.ofSeconds(60);

    /** How many events are held for an account before the oldest are folded. */
    public static final int MAX_HELD = 32;

    /** How many events that a relay had in store are pushed each by itself: more of them are a flood after an absence. */
    public static final int MAX_STORED = 10;

    /** How many accounts a shard forgets in one sweep, so that a clock that is wrong for an hour costs few. */
    public static final int FORGOTTEN_AT_ONCE = 100;

    public AccountRules {
        homeRelays = List.copyOf(homeRelays);
    }
}
