package dev.nippush.fcm;

import static java.util.Objects.requireNonNull;

import com.google.auth.http.HttpTransportFactory;
import com.google.auth.oauth2.ServiceAccountCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Who sends: a service account of the Firebase project, as the JSON that the Firebase console hands out (Project settings,
 * Service accounts). It names the project, and where access tokens are had ({@code token_uri}). Immutable; it never shows
 * its key.
 */
public final class FcmCredentials {

    /** What the access tokens are asked for. */
    private static final String SCOPE = "https://www.googleapis.com/auth/firebase.messaging";

    private static final int MAX_FILE_BYTES = 65_536;

    private final ServiceAccountCredentials account;
    private final String projectId;

    private FcmCredentials(ServiceAccountCredentials account, String projectId) {
        this.account = account;
        this.projectId = projectId;
    }

    /**
     * Reads a service account from its file.
     *
     * @throws IOException if the file cannot be read
     * @throws IllegalArgumentException if it holds something else
     */
    public static FcmCredentials serviceAccount(Path file) throws IOException {
        try (InputStream json = Files.newInputStream(file)) {
            return serviceAccount(json);
        }
    }

    /**
     * Reads a service account from a stream of JSON, which stays open.
     *
     * @throws IOException if the stream cannot be read
     * @throws IllegalArgumentException if it holds something else
     */
    public static FcmCredentials serviceAccount(InputStream json) throws IOException {
        byte[] text = json.readNBytes(MAX_FILE_BYTES + 1);
        if (text.length > MAX_FILE_BYTES) {
            throw new IllegalArgumentException("not a service account: longer than " + MAX_FILE_BYTES + " bytes");
        }
        return serviceAccount(new String(text, StandardCharsets.UTF_8));
    }

    /**
     * Reads a service account from its JSON.
     *
     * @throws IllegalArgumentException if it is something else
     */
    public static FcmCredentials serviceAccount(String json) {
        requireNonNull(json);
        ServiceAccountCredentials account;
        try {
            account = ServiceAccountCredentials.fromStream(
                    new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)));
        } catch (IOException | RuntimeException unreadable) {
            // The cause stays behind: its message may repeat a part of the text, which holds a key.
            throw new IllegalArgumentException(
                    "not the JSON of a service account, which has type, project_id, client_id,"
                            + " client_email, private_key_id, private_key and token_uri");
        }
        String projectId = account.getProjectId();
        if (projectId == null || projectId.isBlank()) {
            throw new IllegalArgumentException("the service account has no project_id");
        }
        return new FcmCredentials(account, projectId);
    }

    /** The id of the Firebase project. */
    public String projectId() {
        return projectId;
    }

    /** The account, asking for tokens over the given HTTP client and leaving retries to its caller. */
    ServiceAccountCredentials over(HttpTransportFactory http) {
        return account.toBuilder()
                .setScopes(List.of(SCOPE))
                .setHttpTransportFactory(http)
                .setDefaultRetriesEnabled(false)
                .build();
    }

    /** Names the project only. */
    @Override
    public String toString() {
        return "FcmCredentials[project " + projectId + "]";
    }
}
