package dev.nippush.jdbc;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** A PostgreSQL that is started once for all tests of the process, and gives each a schema of its own. */
final class TestPostgres implements ParameterResolver {

    private static final String USER = "postgres";

    /** The server, as a parameter of a test's constructor or method. */
    static final class Server implements AutoCloseable {
        private final EmbeddedPostgres postgres;

        private Server() {
            try {
                postgres = EmbeddedPostgres.builder().start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        int port() {
            return postgres.getPort();
        }

        /** The URL of a schema that is empty. */
        String urlOfNewSchema() {
            String schema = "test_" + UUID.randomUUID().toString().replace('-', '_');
            execute("CREATE SCHEMA " + schema);
            return "jdbc:postgresql://localhost:%d/postgres?user=%s&currentSchema=%s".formatted(port(), USER, schema);
        }

        Connection connect() throws SQLException {
            return postgres.getPostgresDatabase().getConnection();
        }

        void execute(String sql) {
            try (Connection connection = connect();
                    Statement statement = connection.createStatement()) {
                statement.execute(sql);
            } catch (SQLException e) {
                throw new AssertionError(sql, e);
            }
        }

        @Override
        public void close() throws IOException {
            postgres.close();
        }
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Server.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getRoot()
                .getStore(ExtensionContext.Namespace.create(TestPostgres.class))
                .getOrComputeIfAbsent(Server.class, any -> new Server());
    }
}
