package dev.nippush.transport;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.util.TreeMap;

/**
 * The text that an app reads which gets its messages by UnifiedPush without encryption, or by FCM without a Firebase SDK:
 * {@code {"notification":{"title":…,"body":…},"data":{"msgType":"0"}}}, without {@code notification} where the message is
 * {@linkplain Notification#isSilent() silent}. For the authors of transports.
 */
public final class UnifiedPushJson {

    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private UnifiedPushJson() {}

    /** The JSON text, its data in the order of the keys. */
    public static String of(Notification message) {
        JsonObject text = new JsonObject();
        if (!message.isSilent()) {
            JsonObject shown = new JsonObject();
            shown.addProperty("title", message.title());
            shown.addProperty("body", message.body());
            text.add("notification", shown);
        }
        JsonObject forTheApp = new JsonObject();
        new TreeMap<>(message.data()).forEach(forTheApp::addProperty);
        text.add("data", forTheApp);
        return GSON.toJson(text);
    }
}
