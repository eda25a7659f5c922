package dev.nippush.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.address.Cidr;
import dev.nippush.address.Source;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.crypto.KeyPair;
import dev.nippush.event.NostrEvent;
import dev.nippush.event.Tag;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocketHandshakeException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class EndpointTest {

    private static final Map<String, String> FORWARDED = Map.of("X-Forwarded-For", "198.51.100.7");

    private final KeyPair author = KeyPair.generate();
    private final KeyPair server = KeyPair.generate();
    private final Health health = new Health();
    private final BlockingQueue<Source> sources = new LinkedBlockingQueue<>();
    private final List<NostrEvent> accepted = new CopyOnWriteArrayList<>();
    private final BlockingQueue<Integer> feeders = new LinkedBlockingQueue<>();
    private volatile Function<NostrEvent, CompletionStage<Outcome>> engine =
            event -> CompletableFuture.completedFuture(new Outcome.Applied());
    private Endpoint endpoint;
    private int created;

    @BeforeEach
    void open() throws IOException {
        ServerConfig.Listen listen =
                new ServerConfig.Listen(new HostPort("127.0.0.1", 0), List.of(Cidr.of("127.0.0.0/8")), List.of());
        endpoint = new Endpoint(listen, server.publicKey(), Optional.of("BVAPID"), "1.2.3", health);
        endpoint.bind();
        endpoint.start(
                (event, source) -> {
                    sources.add(source);
                    accepted.add(event);
                    return engine.apply(event);
                },
                feeders::add);
    }

    @AfterEach
    void close() {
        endpoint.close();
    }

    @Test
    void portZeroPicksAFreeOne() {
        assertThat(endpoint.address().getPort()).isPositive();
    }

    @Test
    void aTakenPortIsAnExceptionWithAReason() {
        ServerConfig.Listen taken = new ServerConfig.Listen(
                new HostPort("127.0.0.1", endpoint.address().getPort()), List.of(), List.of());
        try (Endpoint second = new Endpoint(taken, server.publicKey(), Optional.empty(), "1", health)) {
            assertThatThrownBy(second::bind)
                    .isInstanceOf(IOException.class)
                    .extracting(Reasons::of)
                    .asString()
                    .contains("in use");
        }
    }

    static List<Outcome> outcomes() {
        List<Outcome> outcomes = new ArrayList<>(List.of(
                new Outcome.Applied(),
                new Outcome.Taken(3),
                new Outcome.Unwanted(),
                new Outcome.Duplicate(),
                new Outcome.Closed()));
        for (Refusal refusal : Refusal.values()) {
            outcomes.add(new Outcome.Refused(refusal));
        }
        return outcomes;
    }

    @ParameterizedTest
    @MethodSource("outcomes")
    void everyOutcomeIsAnswered(Outcome outcome) throws Exception {
        engine = event -> CompletableFuture.completedFuture(outcome);
        NostrEvent event = event(22456);
        try (WebSocketClient client = connect()) {
            JsonArray ok = json(client.send(message(event)).next());

            assertThat(ok.get(0).getAsString()).isEqualTo("OK");
            assertThat(ok.get(1).getAsString()).isEqualTo(event.id().hex());
            String reason = ok.get(3).getAsString();
            if (outcome instanceof Outcome.Refused refused) {
                assertThat(ok.get(2).getAsBoolean()).isFalse();
                assertThat(reason)
                        .matches("(invalid|rate-limited): " + refused.code().code());
            } else if (outcome instanceof Outcome.Closed) {
                assertThat(ok.get(2).getAsBoolean()).isFalse();
                assertThat(reason).startsWith("error: ");
            } else {
                assertThat(ok.get(2).getAsBoolean()).isTrue();
                assertThat(reason.startsWith("duplicate: ")).isEqualTo(outcome instanceof Outcome.Duplicate);
            }
        }
    }

    @Test
    void aFeederHandsOverEverythingAndIsCounted() throws Exception {
        try (WebSocketClient client = connect()) {
            client.send(message(event(1))).next();

            assertThat(sources.take().origin()).isEqualTo(Source.Origin.FEEDER);
            assertThat(feeders.take()).isEqualTo(1);
        }
        assertThat(feeders.poll(20, TimeUnit.SECONDS)).isZero();
    }

    @Test
    void aStrangerHandsOverControlMessagesAlone() throws Exception {
        NostrEvent note = event(1);
        try (WebSocketClient client = WebSocketClient.connect(uri(), FORWARDED)) {
            assertThat(client.send(message(note)).next())
                    .isEqualTo("[\"OK\",\"" + note.id().hex()
                            + "\",false,\"blocked: only control messages are taken from here\"]");
            client.send(message(event(22456))).next();

            assertThat(sources.take().origin()).isEqualTo(Source.Origin.ENDPOINT);
            assertThat(sources).isEmpty();
            assertThat(feeders).isEmpty();
        }
    }

    @Test
    void everyConnectionIsASourceOfItsOwn() throws Exception {
        try (WebSocketClient one = connect();
                WebSocketClient two = connect()) {
            one.send(message(event(1))).next();
            two.send(message(event(1))).next();

            assertThat(sources.take().key()).isNotEqualTo(sources.take().key());
        }
    }

    @Test
    void aQuestionForEventsEndsAtOnce() throws Exception {
        try (WebSocketClient client = connect()) {
            assertThat(client.send("[\"REQ\",\"a \\\"b\",{\"kinds\":[1]},{}]").next())
                    .isEqualTo("[\"EOSE\",\"a \\\"b\"]");
            assertThat(client.send("[\"COUNT\",\"c\",{}]").next()).startsWith("[\"CLOSED\",\"c\",\"unsupported: ");
            client.send("[\"CLOSE\",\"c\"]");
            NostrEvent auth = event(22242);
            assertThat(client.send("[\"AUTH\"," + auth.toJson() + "]").next())
                    .startsWith("[\"OK\",\"" + auth.id().hex() + "\",false,\"invalid: ");
            assertThat(accepted).isEmpty();
        }
    }

    @Test
    void anEventThatIsNoneIsAnsweredUnderTheIdThatItClaims() throws Exception {
        String broken = event(1).toJson().replace("\"kind\":1", "\"kind\":\"1\"");
        try (WebSocketClient client = connect()) {
            assertThat(client.send("[\"EVENT\"," + broken + "]").next())
                    .startsWith("[\"OK\",\"")
                    .contains(",false,\"invalid: ");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "{}",
                "[]",
                "[1]",
                "[\"EVENT\"]",
                "[\"EVENT\",{}]",
                "[\"EVENT\",[]]",
                "[\"EVENT\",null]",
                "[\"REQ\"]",
                "[\"REQ\",\"\"]",
                "[\"REQ\",1,{}]",
                "[\"REQ\",\"s\",{}",
                "[\"REQ\",\"s\",{}] x",
                "[\"NEG-OPEN\",\"s\",{},\"00\"]",
                "[\"NONSENSE\"]",
                "[\"REQ\",\"\\ud800\",{}]"
            })
    void garbageGetsANoticeAndTheConnectionLives(String garbage) throws Exception {
        try (WebSocketClient client = connect()) {
            assertThat(client.send(garbage).next()).startsWith("[\"NOTICE\",\"invalid: ");
            assertThat(client.send(message(event(22456))).next()).contains(",true,");
        }
    }

    @Test
    void deepNestingIsRefused() throws Exception {
        try (WebSocketClient client = connect()) {
            assertThat(client.send("[\"REQ\",\"s\"," + "[".repeat(100_000)).next())
                    .startsWith("[\"NOTICE\",");
            assertThat(client.send("[\"REQ\",\"s\"," + "[".repeat(50) + "]".repeat(50) + "]")
                            .next())
                    .startsWith("[\"NOTICE\",");
        }
    }

    @Test
    void muchGarbageCostsTheConnection() throws Exception {
        try (WebSocketClient client = connect()) {
            for (int i = 0; i < EndpointConnection.MAX_BAD_FRAMES; i++) {
                client.send("x");
            }
            assertThat(client.closeCode()).isEqualTo(1008);
        }
        try (WebSocketClient other = connect()) {
            assertThat(other.send(message(event(22456))).next()).contains(",true,");
        }
    }

    @Test
    void binaryFramesGetANotice() throws Exception {
        try (WebSocketClient client = connect()) {
            assertThat(client.sendBinary(new byte[] {1, 2, 3}).next()).startsWith("[\"NOTICE\",");
            assertThat(client.send(message(event(22456))).next()).contains(",true,");
        }
    }

    @Test
    void aMessageUpToTheLimitIsReadAndALargerOneCostsTheConnection() throws Exception {
        String start = "[\"REQ\",\"s\",{\"search\":\"";
        String end = "\"}]";
        int room = Endpoint.MAX_MESSAGE_BYTES - start.length() - end.length();
        try (WebSocketClient client = connect()) {
            assertThat(client.send(start + "x".repeat(room) + end).next()).isEqualTo("[\"EOSE\",\"s\"]");
            client.send(start + "x".repeat(room + 1) + end);
            assertThat(client.closeCode()).isEqualTo(1009);
        }
    }

    @Test
    void aMessageInFragmentsIsLimitedAsAWhole() throws Exception {
        try (WebSocketClient client = connect()) {
            client.sendFragment("[\"REQ\",", false).sendFragment("\"s\",{}]", true);
            assertThat(client.next()).isEqualTo("[\"EOSE\",\"s\"]");
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 1_000; i++) {
                            client.sendFragment("x".repeat(10_000), false);
                        }
                    })
                    .isInstanceOf(Exception.class);
        }
    }

    @Test
    void aFrameThatAnnouncesTooMuchCostsTheConnectionBeforeItHasArrived() throws Exception {
        try (WebSocketClient client = connect()) {
            client.sendFragment("x".repeat(Endpoint.MAX_MESSAGE_BYTES), false).sendFragment("x", false);
            assertThat(client.closeCode()).isEqualTo(1009);
        }
    }

    static List<Arguments> clients() {
        return List.of(Arguments.of(FORWARDED, 1), Arguments.of(Map.of(), 2));
    }

    @ParameterizedTest
    @MethodSource("clients")
    void halvesOfMessagesTakeABoundedPartOfTheMemory(Map<String, String> headers, int tenths) throws Exception {
        List<WebSocketClient> clients = new ArrayList<>();
        CompletableFuture<Integer> refused = new CompletableFuture<>();
        String half = "[\"REQ\",\"s\",{\"search\":\"" + "x".repeat(500_000);
        long needed = Runtime.getRuntime().maxMemory() * tenths / 10 / half.length() + 2;
        try {
            for (long i = 0; i < needed; i++) {
                WebSocketClient client = WebSocketClient.connect(uri(), headers);
                clients.add(client);
                client.sendHalf(half, refused);
            }
            assertThat(refused.get(20, TimeUnit.SECONDS)).isEqualTo(1013);
        } finally {
            clients.forEach(WebSocketClient::close);
        }
        try (WebSocketClient client = WebSocketClient.connect(uri(), headers)) {
            client.sendFragment("[\"REQ\",", false).sendFragment("\"s\",{}]", true);
            assertThat(client.next()).isEqualTo("[\"EOSE\",\"s\"]");
        }
    }

    @Test
    void compressionIsNotOffered() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", endpoint.address().getPort())) {
            OutputStream out = socket.getOutputStream();
            out.write(("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                            + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            byte[] answer = new byte[4_096];
            int read = socket.getInputStream().read(answer);

            assertThat(new String(answer, 0, read, StandardCharsets.US_ASCII))
                    .startsWith("HTTP/1.1 101")
                    .doesNotContainIgnoringCase("extensions");
        }
    }

    @Test
    void aBusyEngineIsAskedAgainUntilItHasTime() throws Exception {
        Set<String> refusedOnce = new HashSet<>();
        engine = event -> {
            synchronized (refusedOnce) {
                return CompletableFuture.completedFuture(
                        refusedOnce.add(event.id().hex()) ? new Outcome.Busy() : new Outcome.Applied());
            }
        };
        try (WebSocketClient client = connect()) {
            Set<String> sent = new HashSet<>();
            for (int i = 0; i < 100; i++) {
                NostrEvent event = event(22456);
                sent.add(event.id().hex());
                client.send(message(event));
            }
            Set<String> answered = new HashSet<>();
            for (int i = 0; i < 100; i++) {
                JsonArray ok = json(client.next());
                assertThat(ok.get(2).getAsBoolean()).isTrue();
                answered.add(ok.get(1).getAsString());
            }
            assertThat(answered).isEqualTo(sent);
        }
    }

    @Test
    void aClientThatSendsWithoutWaitingIsAnsweredInFull() throws Exception {
        int events = 30_000;
        engine = event -> CompletableFuture.supplyAsync(Outcome.Applied::new);
        String message = message(event(22456));
        try (WebSocketClient client = connect()) {
            for (int i = 0; i < events; i++) {
                client.send(message);
            }
            for (int i = 0; i < events; i++) {
                client.next();
            }
            assertThat(client.isClosed()).isFalse();
        }
    }

    @Test
    void noMoreEventsAreOpenThanTheConnectionHasSlots() throws Exception {
        BlockingQueue<CompletableFuture<Outcome>> open = new LinkedBlockingQueue<>();
        engine = event -> {
            CompletableFuture<Outcome> outcome = new CompletableFuture<>();
            open.add(outcome);
            return outcome;
        };
        int more = EndpointConnection.SLOTS + 10;
        try (WebSocketClient client = connect();
                WebSocketClient other = connect()) {
            for (int i = 0; i < more; i++) {
                client.send(message(event(22456)));
            }
            List<CompletableFuture<Outcome>> held = new ArrayList<>();
            for (int i = 0; i < EndpointConnection.SLOTS; i++) {
                held.add(open.take());
            }
            // The answer to another connection shows that the endpoint had its turn meanwhile.
            assertThat(other.send("[\"REQ\",\"s\",{}]").next()).isEqualTo("[\"EOSE\",\"s\"]");
            assertThat(open).isEmpty();

            held.forEach(outcome -> outcome.complete(new Outcome.Applied()));
            for (int i = EndpointConnection.SLOTS; i < more; i++) {
                open.take().complete(new Outcome.Applied());
            }
            for (int i = 0; i < more; i++) {
                assertThat(client.next()).contains(",true,");
            }
        }
    }

    @Test
    void aSilentClientIsPingedAndLives() throws Exception {
        try (WebSocketClient client = connect()) {
            client.send("[\"REQ\",\"s\",{}]").next();
            // The answer may arrive before the endpoint listens again.
            do {
                endpoint.check(Duration.ZERO, Duration.ofDays(1));
            } while (!client.pinged());

            assertThat(client.send("[\"REQ\",\"s\",{}]").next()).isEqualTo("[\"EOSE\",\"s\"]");
        }
    }

    @Test
    void aClientThatStaysSilentIsDropped() throws Exception {
        try (WebSocketClient client = connect()) {
            client.send("[\"REQ\",\"s\",{}]").next();
            do {
                endpoint.check(Duration.ofDays(1), Duration.ofMillis(100));
            } while (!client.isClosed());

            assertThat(client.closeCode()).isEqualTo(1001);
        }
    }

    @Test
    void aClientWhoseEventsAreWorkedOnIsNotSilent() throws Exception {
        CompletableFuture<Outcome> late = new CompletableFuture<>();
        engine = event -> late;
        try (WebSocketClient client = connect()) {
            for (int i = 0; i < EndpointConnection.SLOTS; i++) {
                client.send(message(event(22456)));
            }
            for (int i = 0; i < EndpointConnection.SLOTS; i++) {
                sources.take();
            }
            endpoint.check(Duration.ZERO, Duration.ZERO);
            late.complete(new Outcome.Applied());

            assertThat(client.next()).contains(",true,");
        }
    }

    @Test
    void oneAddressHasABoundedNumberOfConnections() throws Exception {
        ServerConfig.Listen behindProxy =
                new ServerConfig.Listen(new HostPort("127.0.0.1", 0), List.of(), List.of(Cidr.of("127.0.0.0/8")));
        List<WebSocketClient> clients = new ArrayList<>();
        try (Endpoint crowded = new Endpoint(behindProxy, server.publicKey(), Optional.empty(), "1", health)) {
            URI uri = URI.create("ws://127.0.0.1:" + crowded.bind().getPort());
            crowded.start((event, source) -> engine.apply(event), count -> {});
            for (int i = 0; i < Endpoint.MAX_CONNECTIONS_PER_ADDRESS; i++) {
                clients.add(WebSocketClient.connect(uri, Map.of("X-Forwarded-For", "2001:db8::" + i)));
                clients.get(i).send("[\"REQ\",\"s\",{}]").next();
            }
            assertThatThrownBy(() -> WebSocketClient.connect(uri, Map.of("X-Forwarded-For", "2001:db8::ffff")))
                    .hasCauseInstanceOf(WebSocketHandshakeException.class);
            clients.add(WebSocketClient.connect(uri, Map.of("X-Forwarded-For", "2001:db8:0:1::1")));
        } finally {
            clients.forEach(WebSocketClient::close);
        }
    }

    @Test
    void anEngineThatFailsIsAnsweredAsAnError() throws Exception {
        engine = event -> CompletableFuture.failedFuture(new IllegalStateException("broken"));
        try (WebSocketClient client = connect()) {
            assertThat(client.send(message(event(22456))).next()).contains(",false,\"error: internal\"");
        }
    }

    @Test
    void closingAnswersWhatWasReadAndSaysGoodbye() throws Exception {
        CompletableFuture<Outcome> late = new CompletableFuture<>();
        engine = event -> late;
        try (WebSocketClient client = connect()) {
            client.send(message(event(22456)));
            sources.take();
            endpoint.pause();
            late.complete(new Outcome.Applied());
            endpoint.close(Duration.ofSeconds(5));

            assertThat(client.next()).contains(",true,");
            assertThat(client.closeCode()).isEqualTo(1001);
        }
    }

    @Test
    void saysWhoItIs() throws Exception {
        HttpResponse<String> response = get("/", "Accept", "application/nostr+json");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type")).contains("application/nostr+json");
        assertThat(response.headers().firstValue("access-control-allow-origin")).contains("*");
        JsonObject document = JsonParser.parseString(response.body()).getAsJsonObject();
        assertThat(document.get("pubkey").getAsString())
                .isEqualTo(server.publicKey().hex());
        assertThat(document.get("vapid_public_key").getAsString()).isEqualTo("BVAPID");
        assertThat(document.get("version").getAsString()).isEqualTo("1.2.3");
        assertThat(document.getAsJsonObject("limitation")
                        .get("max_message_length")
                        .getAsInt())
                .isEqualTo(524_288);
    }

    @Test
    void browsersMayAskFirst() throws Exception {
        HttpRequest options = HttpRequest.newBuilder(http("/"))
                .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                .build();
        HttpResponse<String> response = HttpClient.newHttpClient().send(options, BodyHandlers.ofString());

        assertThat(response.statusCode()).isEqualTo(204);
        assertThat(response.headers().firstValue("access-control-allow-origin")).contains("*");
        assertThat(response.headers().firstValue("access-control-allow-headers"))
                .contains("*");
        assertThat(response.headers().firstValue("access-control-allow-methods"))
                .hasValueSatisfying(methods -> assertThat(methods).contains("GET"));
    }

    @Test
    void healthIsReportedWithReasons() throws Exception {
        assertThat(get("/health/live").statusCode()).isEqualTo(200);
        assertThat(get("/health/ready").statusCode()).isEqualTo(200);
        assertThat(get("/health/ready").body()).isEqualTo("{\"status\":\"ready\",\"reasons\":[]}\n");

        health.trouble("relays", "no home relay is connected");
        HttpResponse<String> red = get("/health/ready");

        assertThat(red.statusCode()).isEqualTo(503);
        assertThat(red.body())
                .isEqualTo("{\"status\":\"not ready\",\"reasons\":[\"relays: no home relay is connected\"]}\n");
        assertThat(get("/health/live").statusCode()).isEqualTo(200);

        health.well("relays");
        assertThat(get("/health/ready").statusCode()).isEqualTo(200);
    }

    @Test
    void aVisitorGetsAShortText() throws Exception {
        assertThat(get("/").body()).contains(server.publicKey().npub());
        assertThat(get("/nothing").statusCode()).isEqualTo(404);
        HttpRequest post = HttpRequest.newBuilder(http("/"))
                .POST(HttpRequest.BodyPublishers.ofString("x"))
                .build();
        assertThat(HttpClient.newHttpClient()
                        .send(post, BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(405);
    }

    private NostrEvent event(int kind) {
        created++;
        return author.sign(
                1_700_000_000L + created,
                kind,
                List.of(Tag.of("p", server.publicKey().hex())),
                "x");
    }

    private static String message(NostrEvent event) {
        return "[\"EVENT\"," + event.toJson() + "]";
    }

    private static JsonArray json(String text) {
        return JsonParser.parseString(text).getAsJsonArray();
    }

    private WebSocketClient connect() {
        return WebSocketClient.connect(uri());
    }

    private URI uri() {
        return URI.create("ws://127.0.0.1:" + endpoint.address().getPort() + "/");
    }

    private URI http(String path) {
        return URI.create("http://127.0.0.1:" + endpoint.address().getPort() + path);
    }

    private HttpResponse<String> get(String path, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(http(path));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
    }
}
