package dev.nippush.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.testkit.RawRelay;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class PlainHandshakeTest {

    @Test
    void refusedHandshakeLeavesNoConnectionBehind() throws Exception {
        OkHttpClient client =
                new OkHttpClient.Builder().addInterceptor(new PlainHandshake()).build();
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        try (RawRelay relay = RawRelay.start(
                List.of("Sec-WebSocket-Extensions: permessage-deflate"),
                (in, out) -> in.transferTo(OutputStream.nullOutputStream()))) {
            client.newWebSocket(
                    new Request.Builder()
                            .url(relay.url().toString().replaceFirst("ws", "http"))
                            .build(),
                    new WebSocketListener() {
                        @Override
                        public void onFailure(WebSocket socket, Throwable cause, Response response) {
                            failure.complete(cause);
                        }
                    });

            assertThat(failure.get()).hasMessageContaining("the relay uses an extension");
            client.dispatcher().executorService().shutdown();
            assertThat(client.dispatcher().executorService().awaitTermination(30, TimeUnit.SECONDS))
                    .isTrue();
            assertThat(client.connectionPool().connectionCount()).isZero();
        } finally {
            client.dispatcher().executorService().shutdown();
        }
    }
}
