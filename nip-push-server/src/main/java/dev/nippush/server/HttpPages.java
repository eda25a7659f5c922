package dev.nippush.server;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.nippush.event.PublicKey;
import dev.nippush.wire.ClientMessage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** What the port answers to plain HTTP: who it is (NIP-11), and how it is. */
final class HttpPages extends Handler.Abstract.NonBlocking {

    private static final String NOSTR_JSON = "application/nostr+json";
    private static final String JSON = "application/json";
    private static final String PLAIN = "text/plain; charset=utf-8";
    private static final String GET_HEAD_OPTIONS = "GET, HEAD, OPTIONS";

    private final PublicKey self;
    private final Optional<String> vapidKey;
    private final String version;
    private final Health health;

    HttpPages(PublicKey self, Optional<String> vapidKey, String version, Health health) {
        this.self = self;
        this.vapidKey = vapidKey;
        this.version = version;
        this.health = health;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        String path = Request.getPathInContext(request);
        // NIP-11: the document may be read by a page of any origin.
        response.getHeaders().put(HttpHeader.ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        response.getHeaders().put(HttpHeader.ACCESS_CONTROL_ALLOW_HEADERS, "*");
        response.getHeaders().put(HttpHeader.ACCESS_CONTROL_ALLOW_METHODS, GET_HEAD_OPTIONS);
        if (HttpMethod.OPTIONS.is(request.getMethod())) {
            response.setStatus(HttpStatus.NO_CONTENT_204);
            callback.succeeded();
        } else if (!HttpMethod.GET.is(request.getMethod()) && !HttpMethod.HEAD.is(request.getMethod())) {
            response.getHeaders().put(HttpHeader.ALLOW, GET_HEAD_OPTIONS);
            write(response, callback, HttpStatus.METHOD_NOT_ALLOWED_405, PLAIN, "GET or a WebSocket, please.\n");
        } else if (path.equals("/health/live")) {
            write(response, callback, HttpStatus.OK_200, JSON, "{\"status\":\"up\"}\n");
        } else if (path.equals("/health/ready")) {
            ready(response, callback);
        } else if (wantsNostrJson(request)) {
            write(response, callback, HttpStatus.OK_200, NOSTR_JSON, document() + "\n");
        } else if (path.equals("/")) {
            write(response, callback, HttpStatus.OK_200, PLAIN, greeting());
        } else {
            write(response, callback, HttpStatus.NOT_FOUND_404, PLAIN, "There is nothing here.\n");
        }
        return true;
    }

    private void ready(Response response, Callback callback) {
        List<String> reasons = health.reasons();
        JsonArray list = new JsonArray();
        reasons.forEach(list::add);
        JsonObject body = new JsonObject();
        body.addProperty("status", reasons.isEmpty() ? "ready" : "not ready");
        body.add("reasons", list);
        int status = reasons.isEmpty() ? HttpStatus.OK_200 : HttpStatus.SERVICE_UNAVAILABLE_503;
        write(response, callback, status, JSON, body + "\n");
    }

    private static boolean wantsNostrJson(Request request) {
        HttpFields headers = request.getHeaders();
        return headers.getFields(HttpHeader.ACCEPT).stream()
                .map(HttpField::getValue)
                .anyMatch(value -> value != null && value.contains(NOSTR_JSON));
    }

    private String document() {
        JsonObject limitation = new JsonObject();
        limitation.addProperty("max_message_length", Endpoint.MAX_MESSAGE_BYTES);
        limitation.addProperty("max_subid_length", ClientMessage.MAX_SUBSCRIPTION);
        limitation.addProperty("auth_required", false);
        limitation.addProperty("payment_required", false);
        limitation.addProperty("restricted_writes", true);
        JsonArray nips = new JsonArray();
        nips.add(1);
        nips.add(11);
        JsonObject document = new JsonObject();
        document.addProperty("name", "nip-push");
        document.addProperty(
                "description",
                "A push server: takes control messages (kind 22456) addressed to its key, and serves no events.");
        document.addProperty("self", self.hex());
        document.addProperty("pubkey", self.hex());
        document.add("supported_nips", nips);
        // Ours: what a web app passes to PushManager.subscribe as applicationServerKey.
        vapidKey.ifPresent(key -> document.addProperty("vapid_public_key", key));
        document.addProperty("software", "nip-push");
        document.addProperty("version", version);
        document.add("limitation", limitation);
        return document.toString();
    }

    private String greeting() {
        return "nip-push " + version + ": a push server for Nostr.\n"
                + "Its public key is " + self.hex() + " (" + self.npub() + ").\n"
                + "Speak WebSocket here to hand it events; /health/live and /health/ready say how it is.\n";
    }

    private static void write(Response response, Callback callback, int status, String type, String body) {
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes.length);
        response.write(true, ByteBuffer.wrap(bytes), callback);
    }
}
