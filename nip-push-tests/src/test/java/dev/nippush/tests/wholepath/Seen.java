package dev.nippush.tests.wholepath;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.nippush.testkit.FakeApns;
import dev.nippush.testkit.FakeFcm;
import dev.nippush.testkit.FakeUnifiedPushServer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;

/**
 * A request as its gateway could read it, in terms that all gateways share.
 *
 * @param title what is shown; empty where nothing is
 * @param body what is shown below it
 * @param data what the app gets
 * @param whole all text of the request that says anything, and what is encoded or encrypted in it
 */
record Seen(String title, String body, Map<String, String> data, String whole) {

    static Seen of(FakeApns.Request request) {
        JsonObject payload = request.json();
        JsonObject aps = payload.remove("aps").getAsJsonObject();
        JsonObject alert = aps.has("alert") ? aps.getAsJsonObject("alert") : new JsonObject();
        return new Seen(
                text(alert, "title"),
                text(alert, "body"),
                texts(payload),
                request.token() + '\n' + request.headers() + '\n' + request.body());
    }

    static Seen of(FakeFcm.Sent sent) {
        JsonObject message = sent.message();
        String whole = sent.headers() + "\n" + message;
        JsonObject data = message.getAsJsonObject("data");
        if (data.has("b")) {
            byte[] body = Base64.getDecoder().decode(data.get("b").getAsString());
            return ofJson(new String(body, StandardCharsets.UTF_8), whole);
        }
        return ofNotification(message, texts(data), whole);
    }

    /** @param text the body as the app reads it */
    static Seen of(FakeUnifiedPushServer.Post post, String text) {
        return ofJson(text, post.method() + ' ' + post.path() + '\n' + post.headers());
    }

    private static Seen ofJson(String text, String around) {
        JsonObject json = JsonParser.parseString(text).getAsJsonObject();
        return ofNotification(json, texts(json.getAsJsonObject("data")), around + '\n' + text);
    }

    private static Seen ofNotification(JsonObject message, Map<String, String> data, String whole) {
        JsonObject shown = message.has("notification") ? message.getAsJsonObject("notification") : new JsonObject();
        return new Seen(text(shown, "title"), text(shown, "body"), data, whole);
    }

    private static String text(JsonObject object, String name) {
        JsonElement value = object.get(name);
        return value == null ? "" : value.getAsString();
    }

    private static Map<String, String> texts(JsonObject object) {
        Map<String, String> texts = new TreeMap<>();
        object.entrySet()
                .forEach(entry -> texts.put(entry.getKey(), entry.getValue().getAsString()));
        return texts;
    }
}
