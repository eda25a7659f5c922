package dev.nippush.testkit;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.nippush.testkit.FakeFcm.Reply;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A service account, and the endpoint that gives it access tokens (RFC 7523: an assertion signed with RS256). Safe for use
 * by any number of threads.
 */
final class FakeGoogleAccount {

    private static final String KEY_ID = "0123456789abcdef0123456789abcdef01234567";
    /** Each of them lets its bearer send; firebase-admin asks for the second one. */
    private static final Set<String> SCOPES = Set.of(
            "https://www.googleapis.com/auth/firebase.messaging", "https://www.googleapis.com/auth/cloud-platform");

    private static final String GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    /** google-auth names it in its assertions whatever the {@code token_uri} of the account. */
    private static final String GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token";

    private static final Duration LONGEST_ASSERTION = Duration.ofHours(1);
    private static final Duration CLOCK_SKEW = Duration.ofMinutes(5);
    private static final int KEY_BITS = 2_048;
    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    private final String email;
    private final URI tokenUri;
    private final KeyPair keys;
    private final String json;
    private final Set<String> valid = new HashSet<>();
    private final Inbox<FakeFcm.Grant> grants = new Inbox<>();

    private Duration lifetime = Duration.ofHours(1);
    private @Nullable Reply refusal;
    private int requests;
    private int given;

    FakeGoogleAccount(String projectId, URI tokenUri) {
        this.email = "firebase-adminsdk@" + projectId + ".iam.gserviceaccount.com";
        this.tokenUri = tokenUri;
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(KEY_BITS);
            this.keys = generator.generateKeyPair();
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
        this.json = json(projectId);
    }

    private String json(String projectId) {
        String key = Base64.getMimeEncoder(64, new byte[] {'\n'})
                .encodeToString(keys.getPrivate().getEncoded());
        JsonObject file = new JsonObject();
        file.addProperty("type", "service_account");
        file.addProperty("project_id", projectId);
        file.addProperty("private_key_id", KEY_ID);
        file.addProperty("private_key", "-----BEGIN PRIVATE KEY-----\n" + key + "\n-----END PRIVATE KEY-----\n");
        file.addProperty("client_email", email);
        file.addProperty("client_id", "123456789012345678901");
        file.addProperty("token_uri", tokenUri.toString());
        file.addProperty("universe_domain", "googleapis.com");
        return GSON.toJson(file);
    }

    String json() {
        return json;
    }

    synchronized int requests() {
        return requests;
    }

    Inbox<FakeFcm.Grant> grants() {
        return grants;
    }

    synchronized void refuse(Reply reply) {
        refusal = reply;
    }

    synchronized void give() {
        refusal = null;
    }

    synchronized void revoke() {
        valid.clear();
    }

    synchronized void lifetime(Duration each) {
        lifetime = each;
    }

    /** Whether this is the value of an {@code Authorization} header that was given out here. */
    synchronized boolean knows(String authorization) {
        return authorization.startsWith("Bearer ") && valid.contains(authorization.substring("Bearer ".length()));
    }

    /** Answers a request for a token. */
    synchronized Reply answer(String form) {
        requests++;
        if (refusal != null) {
            return refusal;
        }
        Map<String, String> fields = fields(form);
        Optional<String> objection = GRANT_TYPE.equals(fields.get("grant_type"))
                ? objection(fields.getOrDefault("assertion", ""))
                : Optional.of("unsupported grant_type");
        if (objection.isPresent()) {
            JsonObject error = new JsonObject();
            error.addProperty("error", "invalid_grant");
            error.addProperty("error_description", objection.get());
            return Reply.of(400, GSON.toJson(error));
        }
        given++;
        String token = "ya29.fake-" + given;
        valid.add(token);
        JsonObject answer = new JsonObject();
        answer.addProperty("access_token", token);
        answer.addProperty("expires_in", lifetime.toSeconds());
        answer.addProperty("token_type", "Bearer");
        return Reply.of(200, GSON.toJson(answer));
    }

    private static Map<String, String> fields(String form) {
        Map<String, String> fields = new HashMap<>();
        for (String field : form.split("&")) {
            int equals = field.indexOf('=');
            if (equals > 0) {
                fields.put(
                        URLDecoder.decode(field.substring(0, equals), StandardCharsets.UTF_8),
                        URLDecoder.decode(field.substring(equals + 1), StandardCharsets.UTF_8));
            }
        }
        return fields;
    }

    private Optional<String> objection(String assertion) {
        String[] parts = assertion.split("\\.", -1);
        if (parts.length != 3) {
            return Optional.of("not a JWT");
        }
        try {
            JsonObject header = object(parts[0]);
            JsonObject claims = object(parts[1]);
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initVerify(keys.getPublic());
            signature.update((parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII));
            boolean signed = header.get("alg").getAsString().equals("RS256")
                    && header.get("kid").getAsString().equals(KEY_ID)
                    && signature.verify(Base64.getUrlDecoder().decode(parts[2]));
            Optional<String> objection = signed ? objection(claims) : Optional.of("Invalid JWT Signature.");
            if (objection.isEmpty()) {
                grants.add(new FakeFcm.Grant(
                        KEY_ID,
                        claims.get("iss").getAsString(),
                        claims.get("scope").getAsString(),
                        claims.get("aud").getAsString(),
                        Instant.ofEpochSecond(claims.get("iat").getAsLong()),
                        Instant.ofEpochSecond(claims.get("exp").getAsLong())));
            }
            return objection;
        } catch (GeneralSecurityException
                | JsonParseException
                | IllegalArgumentException
                | IllegalStateException
                | NullPointerException unreadable) {
            return Optional.of("Invalid JWT: " + unreadable.getClass().getSimpleName());
        }
    }

    private Optional<String> objection(JsonObject claims) {
        String audience = claims.get("aud").getAsString();
        Instant issued = Instant.ofEpochSecond(claims.get("iat").getAsLong());
        Instant expires = Instant.ofEpochSecond(claims.get("exp").getAsLong());
        Instant now = Instant.now();
        if (!claims.get("iss").getAsString().equals(email)) {
            return Optional.of("Invalid issuer");
        } else if (!audience.equals(GOOGLE_AUDIENCE) && !audience.equals(tokenUri.toString())) {
            return Optional.of("Invalid audience");
        } else if (Arrays.stream(claims.get("scope").getAsString().split(" ")).noneMatch(SCOPES::contains)) {
            return Optional.of("Invalid scope");
        } else if (issued.isAfter(now.plus(CLOCK_SKEW))
                || expires.isBefore(now)
                || Duration.between(issued, expires).compareTo(LONGEST_ASSERTION) > 0) {
            return Optional.of("Invalid JWT: iat and exp are not in a reasonable timeframe");
        }
        return Optional.empty();
    }

    private static JsonObject object(String base64) {
        byte[] text = Base64.getUrlDecoder().decode(base64);
        return JsonParser.parseString(new String(text, StandardCharsets.UTF_8)).getAsJsonObject();
    }
}
