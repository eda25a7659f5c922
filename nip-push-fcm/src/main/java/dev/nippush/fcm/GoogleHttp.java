package dev.nippush.fcm;

import com.google.api.client.http.HttpTransport;
import com.google.api.client.http.LowLevelHttpRequest;
import com.google.api.client.http.LowLevelHttpResponse;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Lets google-auth speak over our OkHttp client, so that its requests have the same trust roots, limits and lack of
 * proxies as those to FCM. A {@code Location} is not handed on: google-auth would follow it.
 */
final class GoogleHttp extends HttpTransport {

    private final OkHttpClient client;

    GoogleHttp(OkHttpClient client) {
        this.client = client;
    }

    @Override
    protected LowLevelHttpRequest buildRequest(String method, String url) {
        return new Outgoing(client, method, url);
    }

    private static final class Outgoing extends LowLevelHttpRequest {

        private final OkHttpClient client;
        private final String method;
        private final Request.Builder request;

        Outgoing(OkHttpClient client, String method, String url) {
            this.client = client;
            this.method = method;
            this.request = new Request.Builder().url(url);
        }

        @Override
        public void addHeader(String name, String value) {
            request.addHeader(name, value);
        }

        @Override
        public LowLevelHttpResponse execute() throws IOException {
            request.method(method, body());
            try (Response response = client.newCall(request.build()).execute()) {
                return new Incoming(
                        response.code(), response.message(), response.headers(), HttpDoor.content(response));
            }
        }

        private @Nullable RequestBody body() throws IOException {
            if (getStreamingContent() == null) {
                return null;
            }
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            getStreamingContent().writeTo(content);
            String type = getContentType();
            return new OneShot(type == null ? null : MediaType.parse(type), content.toByteArray());
        }
    }

    private static final class Incoming extends LowLevelHttpResponse {

        private final int status;
        private final String message;
        private final List<String> names = new ArrayList<>();
        private final List<String> values = new ArrayList<>();
        private final byte[] content;

        Incoming(int status, String message, Headers headers, byte[] content) {
            this.status = status;
            this.message = message;
            this.content = content;
            for (int i = 0; i < headers.size(); i++) {
                if (!headers.name(i).equalsIgnoreCase("Location")) {
                    names.add(headers.name(i));
                    values.add(headers.value(i));
                }
            }
        }

        @Override
        public InputStream getContent() {
            return new ByteArrayInputStream(content);
        }

        @Override
        public @Nullable String getContentEncoding() {
            // OkHttp has undone it.
            return null;
        }

        @Override
        public long getContentLength() {
            return content.length;
        }

        @Override
        public @Nullable String getContentType() {
            int index = index("Content-Type");
            return index < 0 ? null : values.get(index);
        }

        private int index(String header) {
            for (int i = 0; i < names.size(); i++) {
                if (names.get(i).equalsIgnoreCase(header)) {
                    return i;
                }
            }
            return -1;
        }

        @Override
        public String getStatusLine() {
            return "HTTP/1.1 " + status + " " + message;
        }

        @Override
        public int getStatusCode() {
            return status;
        }

        @Override
        public String getReasonPhrase() {
            return message;
        }

        @Override
        public int getHeaderCount() {
            return names.size();
        }

        @Override
        public String getHeaderName(int index) {
            return names.get(index);
        }

        @Override
        public String getHeaderValue(int index) {
            return values.get(index);
        }
    }
}
