package dev.nippush.fcm;

import com.google.api.client.http.HttpResponseException;
import com.google.auth.oauth2.AccessToken;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Date;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one access token that all messages share. It is fetched when it is first needed, by one request at a time on the
 * given executor, and again in the background shortly before it expires. Safe for use by any number of threads.
 */
final class AccessTokens {

    /** A token that expires sooner is replaced in the background while it is still used. */
    static final Duration REFRESH_BEFORE_EXPIRY = Duration.ofMinutes(5);

    /** A token that expires sooner is not used: it might expire on its way. */
    static final Duration UNUSABLE_BEFORE_EXPIRY = Duration.ofSeconds(30);

    /** How long after a failed refresh in the background the next one is tried. */
    private static final Duration REFRESH_PAUSE = Duration.ofSeconds(10);

    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
    private static final Logger log = LoggerFactory.getLogger(AccessTokens.class);

    private final Source source;
    private final Executor executor;
    private final InstantSource clock;

    private @Nullable AccessToken current;
    private @Nullable CompletableFuture<String> fetching;
    private Instant pausedUntil = Instant.MIN;

    AccessTokens(Source source, Executor executor, InstantSource clock) {
        this.source = source;
        this.executor = executor;
        this.clock = clock;
    }

    /** Where tokens come from. */
    interface Source {
        /** Asks for a new one, and blocks until it is here. */
        AccessToken fetch() throws IOException;
    }

    /** The token endpoint answered, and gives no token to these credentials. */
    static final class Refused extends IOException {
        private static final long serialVersionUID = 1L;

        private final String error;

        Refused(int status, String error, IOException cause) {
            super("token endpoint: " + (error.isEmpty() ? "HTTP " + status : error), cause);
            this.error = error;
        }

        /** What it means for a message. */
        PushResult result() {
            return PushResult.rejected(Fault.CREDENTIALS, getMessage(), Advice.noToken(error));
        }
    }

    /**
     * A token that can be used now. Completes exceptionally with {@link Refused} if the credentials are not good for one,
     * with another exception if no answer came.
     */
    CompletableFuture<String> current() {
        Instant now = clock.instant();
        CompletableFuture<String> usable;
        CompletableFuture<String> begun = null;
        synchronized (this) {
            AccessToken token = current;
            boolean hasUsable = token != null && !expiresWithin(token, UNUSABLE_BEFORE_EXPIRY, now);
            boolean wantsNew =
                    !hasUsable || (expiresWithin(token, REFRESH_BEFORE_EXPIRY, now) && !now.isBefore(pausedUntil));
            if (wantsNew && fetching == null) {
                begun = new CompletableFuture<>();
                fetching = begun;
            }
            usable = hasUsable ? CompletableFuture.completedFuture(token.getTokenValue()) : fetching.copy();
        }
        if (begun != null) {
            start(begun);
        }
        return usable;
    }

    /** Never uses this token again: FCM refused it. */
    synchronized void drop(String token) {
        if (current != null && current.getTokenValue().equals(token)) {
            current = null;
        }
    }

    /** Whether this is the token that {@link #current()} hands out. */
    synchronized boolean isCurrent(String token) {
        return current != null && current.getTokenValue().equals(token);
    }

    private static boolean expiresWithin(AccessToken token, Duration margin, Instant now) {
        Date expiry = token.getExpirationTime();
        return expiry != null && !expiry.toInstant().minus(margin).isAfter(now);
    }

    private void start(CompletableFuture<String> fetch) {
        try {
            executor.execute(() -> run(fetch));
        } catch (RejectedExecutionException closed) {
            ended(null);
            fetch.completeExceptionally(closed);
        }
    }

    private void run(CompletableFuture<String> fetch) {
        try {
            AccessToken token = source.fetch();
            ended(token);
            fetch.complete(token.getTokenValue());
        } catch (IOException | RuntimeException failure) {
            ended(null);
            log.debug("no access token: {}", failure.getClass().getName());
            fetch.completeExceptionally(verdict(failure));
        }
    }

    private synchronized void ended(@Nullable AccessToken token) {
        fetching = null;
        if (token != null) {
            current = token;
        } else {
            pausedUntil = clock.instant().plus(REFRESH_PAUSE);
        }
    }

    /** Tells a refusal from silence: the former is wrapped in {@link Refused}, anything else is returned as it is. */
    static Throwable verdict(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof Refused) {
                return cause;
            }
            if (cause instanceof HttpResponseException answer && isRefusal(answer.getStatusCode())) {
                return new Refused(answer.getStatusCode(), error(answer), answer);
            }
        }
        return failure;
    }

    /** RFC 6749, section 5.2: a 4xx is about the request; 408 and 429 are about the moment. */
    private static boolean isRefusal(int status) {
        return status >= 400 && status < 500 && status != 408 && status != 429;
    }

    private static String error(HttpResponseException answer) {
        String content = answer.getContent();
        if (content == null) {
            return "";
        }
        try {
            JsonElement root = JsonParser.parseString(content);
            JsonElement error = root.isJsonObject() ? root.getAsJsonObject().get("error") : null;
            boolean named = error != null
                    && error.isJsonPrimitive()
                    && WORD.matcher(error.getAsString()).matches();
            return named ? error.getAsString() : "";
        } catch (JsonParseException notJson) {
            return "";
        }
    }
}
