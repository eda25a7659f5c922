package dev.nippush.fcm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.testkit.FakeFcm;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FcmCredentialsTest {

    private static String json;

    @BeforeAll
    static void account() {
        try (FakeFcm fake = FakeFcm.startWithoutTls()) {
            json = fake.serviceAccountJson();
        }
    }

    @AfterAll
    static void forget() {
        json = "";
    }

    @Test
    void projectComesFromTheFile(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("account.json"), json);

        assertThat(FcmCredentials.serviceAccount(file).projectId()).isEqualTo(FakeFcm.PROJECT_ID);
        assertThat(FcmCredentials.serviceAccount(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)))
                        .projectId())
                .isEqualTo(FakeFcm.PROJECT_ID);
    }

    @Test
    void keyIsNeverShown() {
        assertThat(FcmCredentials.serviceAccount(json))
                .hasToString("FcmCredentials[project " + FakeFcm.PROJECT_ID + "]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"type", "project_id", "client_email", "client_id", "private_key", "private_key_id"})
    void fileThatLacksSomethingIsRefused(String missing) {
        JsonObject less = JsonParser.parseString(json).getAsJsonObject();
        less.remove(missing);

        assertThatThrownBy(() -> FcmCredentials.serviceAccount(less.toString()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(missing);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "[]", "7", "{", "secret-key-text", "{\"type\":\"authorized_user\"}"})
    void otherTextIsRefusedWithoutRepeatingIt(String text) {
        assertThatThrownBy(() -> FcmCredentials.serviceAccount(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasNoCause()
                .hasMessageNotContaining("secret-key-text");
    }

    @Test
    void brokenKeyIsRefusedWithoutRepeatingIt() {
        JsonObject broken = JsonParser.parseString(json).getAsJsonObject();
        broken.addProperty("private_key", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n");

        assertThatThrownBy(() -> FcmCredentials.serviceAccount(broken.toString()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasNoCause()
                .hasMessageNotContaining("c2VjcmV0");
    }

    @Test
    void endlessFileIsRefused(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("account.json"), json + " ".repeat(70_000));

        assertThatThrownBy(() -> FcmCredentials.serviceAccount(file)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void missingFileSaysSo(@TempDir Path folder) {
        assertThatThrownBy(() -> FcmCredentials.serviceAccount(folder.resolve("none")))
                .isInstanceOf(NoSuchFileException.class);
    }
}
