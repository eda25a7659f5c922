package dev.nippush.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreUrlTest {

    private static final String SECRET = "s3cr3t";

    private static Database read(String url) {
        return StoreUrl.read(url, Optional.empty());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:postgresql://db.example.com:5433/push?user=me&password=s3cr3t&sslpassword=s3cr3t",
                "jdbc:postgresql://me:s3cr3t@db.example.com:5433/push",
                " jdbc:postgresql://me:s3cr3t@db.example.com:5433/push?ssl=true ",
            })
    void whatIsShownNamesTheDatabaseAndNothingSecret(String url) {
        assertThat(read(url)).hasToString("jdbc:postgresql://db.example.com:5433/push");
    }

    @Test
    void aFileIsShownWithItsWholePath() {
        assertThat(read("jdbc:sqlite:/var/lib/x/../store.db")).hasToString("jdbc:sqlite:/var/lib/store.db");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "store.db",
                "jdbc:mysql://localhost/push?password=s3cr3t",
                "jdbc:sqlite:",
                "jdbc:sqlite::memory:",
                "jdbc:sqlite:file:x.db",
                "jdbc:sqlite:x.db?password=s3cr3t",
                "jdbc:sqlite:x\0.db",
                "jdbc:postgresql://me:s3cr3t%@localhost/push",
                "jdbc:postgresql://localhost/push?password=s3cr3t%",
            })
    void anythingElseIsRefusedWithoutRepeatingIt(String url) {
        assertThatThrownBy(() -> read(url))
                .isInstanceOf(StoreException.class)
                .satisfies(e -> assertThat(trace(e)).doesNotContain(SECRET));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:postgresql://me:s3cr3t@localhost:%d/push",
                "jdbc:postgresql://localhost:%d/push?user=me&password=s3cr3t&sslpassword=s3cr3t",
                "jdbc:postgresql://localhost:x%d/push?user=me&password=s3cr3t",
            })
    void aDatabaseThatCannotBeReachedIsNamedWithoutItsPassword(String url) throws IOException {
        int closed;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            closed = socket.getLocalPort();
        }
        assertThatThrownBy(() -> JdbcPushStore.open(url.formatted(closed), SECRET + "!"))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("jdbc:postgresql://localhost:")
                .satisfies(e -> assertThat(trace(e)).doesNotContain(SECRET));
    }

    private static String trace(Throwable failure) {
        StringWriter out = new StringWriter();
        failure.printStackTrace(new PrintWriter(out));
        return out.toString();
    }
}
