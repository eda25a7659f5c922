package dev.nippush.jdbc;

import java.util.List;

/** Every statement that both databases take alike. What they take differently is in {@link Database}. */
final class Statements {

    private Statements() {}

    /** A statement that writes one row, or none: its count says whether the change was made. */
    enum Write {
        SAVE_ACCOUNT("INSERT INTO nippush_accounts (pubkey, part, content) VALUES (?, ?, ?)"
                + " ON CONFLICT (pubkey) DO UPDATE SET content = excluded.content"),

        DROP_ACCOUNT("DELETE FROM nippush_accounts WHERE pubkey = ?"),

        /** The first decision on an event. */
        DECIDE("INSERT INTO nippush_decisions (account, event, part, received_at, held) VALUES (?, ?, ?, ?, ?)"
                + " ON CONFLICT (account, event) DO NOTHING"),

        REHOLD("UPDATE nippush_decisions SET received_at = ?, held = ?"
                + " WHERE account = ? AND event = ? AND held IS NOT NULL"),

        RELEASE("UPDATE nippush_decisions SET held = NULL WHERE account = ? AND event = ? AND held IS NOT NULL"),

        /** A decision to push; it may be the first one, or end a hold. */
        OWE("INSERT INTO nippush_decisions (account, event, part, received_at, held) VALUES (?, ?, ?, ?, NULL)"
                + " ON CONFLICT (account, event) DO UPDATE SET held = NULL WHERE nippush_decisions.held IS NOT NULL"),

        PUSH("INSERT INTO nippush_pushes"
                + " (event, device, part, channel, host, received_at, next_at, expires_at, content)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event, device) DO NOTHING"),

        RETRY("UPDATE nippush_pushes SET next_at = ?, expires_at = ?, content = ?"
                + " WHERE event = ? AND device = ? AND next_at IS NOT NULL"),

        SETTLE("UPDATE nippush_pushes SET channel = NULL, host = NULL, next_at = NULL, expires_at = NULL,"
                + " content = NULL, ending = ?, ended_at = ?"
                + " WHERE event = ? AND device = ? AND next_at IS NOT NULL"),

        CURSOR("INSERT INTO nippush_cursors (relay, part, up_to, content) VALUES (?, ?, ?, ?)"
                + " ON CONFLICT (relay) DO UPDATE SET up_to = excluded.up_to, content = excluded.content"),

        /** A push that has ended elsewhere. */
        TOMBSTONE("INSERT INTO nippush_pushes (event, device, part, received_at, ending, ended_at)"
                + " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (event, device) DO NOTHING");

        private final String sql;

        Write(String sql) {
            this.sql = sql;
        }

        String sql() {
            return sql;
        }
    }

    // ---- sweeping: partition, date, limit

    static final String SWEEP_DECISIONS =
            "DELETE FROM nippush_decisions WHERE (account, event) IN (SELECT account, event FROM nippush_decisions"
                    + " WHERE part = ? AND received_at < ? AND held IS NULL LIMIT ?)";

    static final String SWEEP_CURSORS = "DELETE FROM nippush_cursors WHERE relay IN"
            + " (SELECT relay FROM nippush_cursors WHERE part = ? AND up_to < ? LIMIT ?)";

    static final String SWEEP_SETTLED =
            "DELETE FROM nippush_pushes WHERE (event, device) IN (SELECT event, device FROM nippush_pushes"
                    + " WHERE part = ? AND received_at < ? AND next_at IS NULL LIMIT ?)";

    static final String SWEEP_EXPIRED =
            "DELETE FROM nippush_pushes WHERE (event, device) IN (SELECT event, device FROM nippush_pushes"
                    + " WHERE part = ? AND expires_at < ? AND next_at IS NOT NULL LIMIT ?)";

    // ---- loading

    static final String ACCOUNTS_OF = "SELECT part, pubkey, content FROM nippush_accounts WHERE part = ?";

    static final String ALL_ACCOUNTS = "SELECT part, pubkey, content FROM nippush_accounts";

    static final String HELD_OF = "SELECT account, event, held FROM nippush_decisions"
            + " WHERE part = ? AND held IS NOT NULL ORDER BY received_at";

    static final String CURSORS_OF = "SELECT relay, content FROM nippush_cursors WHERE part = ?";

    // ---- what is due

    /** The channels of what is owed in a partition, one step of the index for each. Partition, partition. */
    static final String CHANNELS_DUE = "WITH RECURSIVE channels (channel) AS ("
            + "SELECT (SELECT channel FROM nippush_pushes WHERE part = ? AND next_at IS NOT NULL"
            + " ORDER BY channel LIMIT 1)"
            + " UNION ALL SELECT (SELECT pushes.channel FROM nippush_pushes pushes WHERE pushes.part = ?"
            + " AND pushes.channel > channels.channel AND pushes.next_at IS NOT NULL ORDER BY pushes.channel LIMIT 1)"
            + " FROM channels WHERE channels.channel IS NOT NULL)"
            + " SELECT channel FROM channels WHERE channel IS NOT NULL";

    /** Partition, channel, until, limit. */
    static final String DUE_OF_CHANNEL = "SELECT event, next_at, received_at, content, host FROM nippush_pushes"
            + " WHERE part = ? AND channel = ? AND next_at <= ? ORDER BY next_at, received_at LIMIT ?";

    // ---- all there is, in an order that does not depend on the database

    static final String EVERY_ACCOUNT = "SELECT pubkey, part, content FROM nippush_accounts ORDER BY pubkey";

    static final String EVERY_DECISION =
            "SELECT account, event, part, received_at, held FROM nippush_decisions ORDER BY account, event";

    static final String EVERY_PUSH = "SELECT event, device, part, received_at, content, next_at, expires_at, channel,"
            + " host, ending, ended_at FROM nippush_pushes ORDER BY event, device";

    static final String EVERY_CURSOR = "SELECT relay, part, up_to, content FROM nippush_cursors ORDER BY relay";

    static final String KNOWS_ACCOUNT = "SELECT 1 FROM nippush_accounts WHERE pubkey = ?";

    /** The tables whose rows an import brings. */
    static final List<String> TABLES =
            List.of("nippush_accounts", "nippush_decisions", "nippush_pushes", "nippush_cursors");
}
