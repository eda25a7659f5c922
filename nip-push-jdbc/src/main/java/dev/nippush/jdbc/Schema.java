package dev.nippush.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.OptionalInt;

/**
 * The tables, and how those of older versions become those of today. A version is the number of migrations that were made;
 * a migration that was published stays as it is. In the statements {@code $bytes} is the database's type of byte strings,
 * and {@code $text} that of texts that are ordered by their bytes.
 */
final class Schema {

    /** Of each version, what makes it of the one before. */
    static final List<List<String>> MIGRATIONS = List.of(List.of(
            "CREATE TABLE nippush_leases (part INTEGER PRIMARY KEY, epoch BIGINT NOT NULL)",
            //
            "CREATE TABLE nippush_accounts (pubkey $bytes PRIMARY KEY, part INTEGER NOT NULL, content $bytes NOT NULL)",
            "CREATE INDEX nippush_accounts_part ON nippush_accounts (part)",
            //
            "CREATE TABLE nippush_decisions (account $bytes NOT NULL, event $bytes NOT NULL, part INTEGER NOT NULL,"
                    + " received_at BIGINT NOT NULL, held $bytes, PRIMARY KEY (account, event))",
            "CREATE INDEX nippush_decisions_held ON nippush_decisions (part, received_at) WHERE held IS NOT NULL",
            "CREATE INDEX nippush_decisions_made ON nippush_decisions (part, received_at) WHERE held IS NULL",
            // A row without next_at is a tombstone: it has an ending, and of the rest only what it is found by.
            "CREATE TABLE nippush_pushes (event $bytes NOT NULL, device $bytes NOT NULL, part INTEGER NOT NULL,"
                    + " received_at BIGINT NOT NULL, channel $text, host $text, next_at BIGINT, expires_at BIGINT,"
                    + " content $bytes, ending INTEGER, ended_at BIGINT, PRIMARY KEY (event, device))",
            "CREATE INDEX nippush_pushes_channel ON nippush_pushes (part, channel, next_at, received_at)"
                    + " WHERE next_at IS NOT NULL",
            "CREATE INDEX nippush_pushes_host ON nippush_pushes (part, channel, host, next_at, received_at)"
                    + " WHERE next_at IS NOT NULL AND host IS NOT NULL",
            "CREATE INDEX nippush_pushes_expiry ON nippush_pushes (part, expires_at) WHERE next_at IS NOT NULL",
            "CREATE INDEX nippush_pushes_ended ON nippush_pushes (part, received_at) WHERE next_at IS NULL",
            //
            "CREATE TABLE nippush_cursors (relay $text PRIMARY KEY, part INTEGER NOT NULL, up_to BIGINT NOT NULL,"
                    + " content $bytes NOT NULL)"));

    private final Database database;
    private final List<List<String>> migrations;

    Schema(Database database, List<List<String>> migrations) {
        this.database = database;
        this.migrations = migrations;
    }

    /**
     * Makes the tables those of today, in one transaction.
     *
     * @throws StoreException when they are a newer program's, or somebody else's
     */
    void migrate(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            database.beginMigration(statement);
        }
        int version = version(connection).orElse(0);
        if (version < migrations.size()) {
            try (Statement statement = connection.createStatement()) {
                if (version == 0) {
                    statement.execute("CREATE TABLE nippush_schema (version INTEGER NOT NULL)");
                    statement.execute("INSERT INTO nippush_schema (version) VALUES (0)");
                }
                for (List<String> migration : migrations.subList(version, migrations.size())) {
                    for (String change : migration) {
                        statement.execute(database.inItsTypes(change));
                    }
                }
                database.tune(statement);
            }
            try (PreparedStatement update = connection.prepareStatement("UPDATE nippush_schema SET version = ?")) {
                update.setInt(1, migrations.size());
                update.executeUpdate();
            }
        }
        connection.commit();
    }

    /**
     * Checks that the tables are those of today.
     *
     * @throws StoreException when they are not
     */
    void check(Connection connection) throws SQLException {
        int version = version(connection)
                .orElseThrow(() -> new StoreException(database.shown() + " holds no store of nip-push"));
        if (version < migrations.size()) {
            throw new StoreException(
                    database.shown() + " has the tables of version " + version + ", this program works with "
                            + migrations.size() + ": start the server once, which migrates them");
        }
        connection.commit();
    }

    /** The version of the tables; empty when there are none. */
    private OptionalInt version(Connection connection) throws SQLException {
        if (!database.hasTable(connection, "nippush_schema")) {
            database.refuseForeign(connection);
            return OptionalInt.empty();
        }
        int version;
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT version FROM nippush_schema")) {
            version = row.next() ? row.getInt(1) : -1;
        }
        if (version < 1) {
            throw new StoreException(database.shown() + " has a damaged version of its tables");
        }
        if (version > migrations.size()) {
            throw new StoreException(database.shown() + " was written by a newer nip-push: its tables are of version "
                    + version + ", this program knows " + migrations.size() + ". Run that newer version");
        }
        return OptionalInt.of(version);
    }
}
