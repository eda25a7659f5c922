package dev.nippush.relay;

import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Response;

/**
 * Asks for no WebSocket extension, and takes no answer that has one: OkHttp inflates compressed frames without a limit.
 */
final class PlainHandshake implements Interceptor {

    private static final String EXTENSIONS = "Sec-WebSocket-Extensions";
    private static final String REFUSAL = "the relay uses an extension that it was not asked for";

    @Override
    public Response intercept(Chain chain) throws IOException {
        Response response = chain.proceed(
                chain.request().newBuilder().removeHeader(EXTENSIONS).build());
        if (response.header(EXTENSIONS) != null) {
            // OkHttp lets go of the connection when it refuses an answer itself, not when an interceptor throws.
            return response.newBuilder().header("Connection", REFUSAL).build();
        }
        return response;
    }
}
