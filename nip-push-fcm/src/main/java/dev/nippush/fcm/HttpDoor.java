package dev.nippush.fcm;

import dev.nippush.address.TlsTrust;
import dev.nippush.fcm.FcmAnswers.Answer;
import dev.nippush.transport.PushResult;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okio.Buffer;
import okio.BufferedSource;

/**
 * FCM's HTTP v1 interface over OkHttp: one HTTP/2 connection that all messages share. Where there is none, or it takes
 * nothing more after a GOAWAY, one message opens the next and the others wait for it ({@link #connecting}), as OkHttp
 * would otherwise open one for each of them.
 */
final class HttpDoor implements Door {

    /** How much of an answer is read. */
    static final int MAX_ANSWER_BYTES = 65_536;

    private static final MediaType JSON = MediaType.get("application/json; charset=utf-8");
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration PING_INTERVAL = Duration.ofMinutes(1);
    private static final Duration IDLE_CONNECTION = Duration.ofMinutes(30);
    private static final Duration IDLE_THREAD = Duration.ofSeconds(60);

    private final ThreadPoolExecutor threads;
    private final OkHttpClient client;
    private final OkHttpClient tokenClient;
    private final HttpUrl url;
    private final AccessTokens tokens;
    private final CredentialCheck check = new CredentialCheck(this::trial);
    private final FcmAnswers answers = new FcmAnswers();
    private final InstantSource clock;

    /** Held by the thread of the one call that looks for a connection, and opens one if it finds none. */
    private final ReentrantLock connecting = new ReentrantLock();

    /**
     * Makes a door that is still shut: threads and connections come with the first message.
     */
    HttpDoor(
            FcmCredentials credentials,
            HttpUrl endpoint,
            TlsTrust trust,
            int maxInFlight,
            Duration deadline,
            InstantSource clock) {
        this.clock = clock;
        this.threads = threads();
        Dispatcher dispatcher = new Dispatcher(threads);
        dispatcher.setMaxRequests(maxInFlight);
        dispatcher.setMaxRequestsPerHost(maxInFlight);
        this.client = new OkHttpClient.Builder()
                .dispatcher(dispatcher)
                .connectionPool(pool())
                .proxy(Proxy.NO_PROXY)
                .socketFactory(new DirectSockets())
                .sslSocketFactory(trust.sockets(), trust.manager())
                .followRedirects(false)
                .followSslRedirects(false)
                .connectTimeout(CONNECT_TIMEOUT)
                .readTimeout(deadline)
                .writeTimeout(deadline)
                .callTimeout(deadline)
                .pingInterval(PING_INTERVAL)
                .addInterceptor(chain -> {
                    awaitTurn(deadline);
                    try {
                        return chain.proceed(chain.request());
                    } finally {
                        giveTurn();
                    }
                })
                .addNetworkInterceptor(chain -> {
                    giveTurn();
                    if (chain.request().tag(Connect.class) != null) {
                        throw new Connected();
                    }
                    return chain.proceed(chain.request());
                })
                .build();
        OkHttpClient.Builder forTokens = client.newBuilder().connectionPool(pool());
        forTokens.interceptors().clear();
        forTokens.networkInterceptors().clear();
        this.tokenClient = forTokens.build();
        this.url = endpoint.newBuilder()
                .addPathSegments("v1/projects")
                .addPathSegment(credentials.projectId())
                .addPathSegment("messages:send")
                .build();
        GoogleHttp http = new GoogleHttp(tokenClient);
        this.tokens = new AccessTokens(credentials.over(() -> http)::refreshAccessToken, threads, clock);
    }

    private void awaitTurn(Duration atMost) throws IOException {
        try {
            if (!connecting.tryLock(atMost.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IOException("no connection to FCM within " + atMost.toMillis() + " ms");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for a connection", interrupted);
        }
    }

    private void giveTurn() {
        if (connecting.isHeldByCurrentThread()) {
            connecting.unlock();
        }
    }

    /** Marks a request that only opens the connection: it ends before a byte of it is sent. */
    private static final class Connect {}

    /** Ends a {@link Connect} request once the connection is open. A protocol exception, as OkHttp repeats others. */
    private static final class Connected extends ProtocolException {
        private static final long serialVersionUID = 1L;
    }

    private static ThreadPoolExecutor threads() {
        AtomicInteger count = new AtomicInteger();
        return new ThreadPoolExecutor(
                0, Integer.MAX_VALUE, IDLE_THREAD.toSeconds(), TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                    Thread thread = new Thread(task, "nip-push-fcm-" + count.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
    }

    private static ConnectionPool pool() {
        return new ConnectionPool(1, IDLE_CONNECTION.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public CompletableFuture<PushResult> send(FcmPayload payload) {
        String json = payload.json();
        CompletableFuture<PushResult> result = new CompletableFuture<>();
        attempt(json, result, (token, answer) -> {
            PushResult meaning = meaning(answer);
            if (CredentialCheck.isSuspicion(meaning)) {
                clarify(json, token, answer, meaning, result);
            } else {
                result.complete(meaning);
            }
        });
        return result;
    }

    /** Finds out whom the refusal is about, and repeats the message once if it was an access token that had expired. */
    private void clarify(
            String json, String token, Answer answer, PushResult suspicion, CompletableFuture<PushResult> result) {
        check.run().whenComplete((trial, silence) -> {
            if (silence != null) {
                result.completeExceptionally(unwrapped(silence));
            } else if (trial instanceof PushResult.Accepted
                    && answer.mayRefuseAccessToken()
                    && !tokens.isCurrent(token)) {
                attempt(json, result, (another, second) -> {
                    PushResult meaning = meaning(second);
                    result.complete(
                            CredentialCheck.isSuspicion(meaning) ? CredentialCheck.verdict(meaning, trial) : meaning);
                });
            } else {
                result.complete(CredentialCheck.verdict(suspicion, trial));
            }
        });
    }

    /** The trial message of the check: with a new access token if the one at hand is refused. */
    private CompletableFuture<PushResult> trial() {
        CompletableFuture<PushResult> result = new CompletableFuture<>();
        attempt(FcmPayload.TRIAL, result, (token, answer) -> {
            if (answer.mayRefuseAccessToken()) {
                tokens.drop(token);
                attempt(FcmPayload.TRIAL, result, (another, second) -> result.complete(meaning(second)));
            } else {
                result.complete(meaning(answer));
            }
        });
        return result;
    }

    private PushResult meaning(Answer answer) {
        return answers.read(answer, clock.instant());
    }

    /**
     * Sends a request.
     *
     * @param result completed where no answer can come; cancels the request when it fails
     * @param answered gets the access token that was shown, and the answer
     */
    private void attempt(String json, CompletableFuture<PushResult> result, BiConsumer<String, Answer> answered) {
        tokens.current().whenComplete((token, failure) -> {
            if (failure != null) {
                withoutToken(unwrapped(failure), result);
            } else if (!result.isDone()) {
                post(json, token, result, answered);
            }
        });
    }

    private static Throwable unwrapped(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    private static void withoutToken(Throwable cause, CompletableFuture<PushResult> result) {
        if (cause instanceof AccessTokens.Refused refused) {
            result.complete(refused.result());
        } else {
            result.completeExceptionally(cause);
        }
    }

    private void post(
            String json, String token, CompletableFuture<PushResult> result, BiConsumer<String, Answer> answered) {
        Request request = new Request.Builder()
                .url(url)
                .header("Authorization", "Bearer " + token)
                .post(new OneShot(JSON, json.getBytes(StandardCharsets.UTF_8)))
                .build();
        Call call = client.newCall(request);
        result.whenComplete((done, failure) -> {
            if (failure != null) {
                call.cancel();
            }
        });
        call.enqueue(new Callback() {
            @Override
            public void onFailure(Call failed, IOException silence) {
                result.completeExceptionally(silence);
            }

            @Override
            public void onResponse(Call asked, Response response) {
                try (response) {
                    answered.accept(
                            token,
                            new Answer(
                                    response.code(),
                                    Optional.ofNullable(response.header("Retry-After")),
                                    new String(content(response), StandardCharsets.UTF_8)));
                } catch (IOException | RuntimeException silence) {
                    result.completeExceptionally(silence);
                }
            }
        });
    }

    /** The beginning of the content, up to {@value #MAX_ANSWER_BYTES} bytes. */
    static byte[] content(Response response) throws IOException {
        BufferedSource source = response.body().source();
        source.request(MAX_ANSWER_BYTES);
        Buffer buffer = source.getBuffer();
        return buffer.readByteArray(Math.min(buffer.size(), MAX_ANSWER_BYTES));
    }

    /** Completes when there is a connection, or when an attempt to open one has failed. */
    private CompletableFuture<Void> connection() {
        CompletableFuture<Void> opened = new CompletableFuture<>();
        if (!url.isHttps()) {
            // Over plain HTTP there is no HTTP/2, and no connection to share.
            opened.complete(null);
            return opened;
        }
        Request request =
                new Request.Builder().url(url).tag(Connect.class, new Connect()).build();
        client.newCall(request).enqueue(new Callback() {
            @Override
            public void onFailure(Call call, IOException reason) {
                if (reason instanceof Connected) {
                    opened.complete(null);
                } else {
                    opened.completeExceptionally(reason);
                }
            }

            @Override
            public void onResponse(Call call, Response response) {
                response.close();
                opened.completeExceptionally(new ProtocolException("answered a request that was not sent"));
            }
        });
        return opened;
    }

    @Override
    public CompletableFuture<Void> warmUp() {
        return tokens.current().thenCombine(connection(), (token, connected) -> null);
    }

    @Override
    public void close() {
        threads.shutdown();
        client.connectionPool().evictAll();
        tokenClient.connectionPool().evictAll();
    }
}
