package dev.nippush.fcm;

import java.io.IOException;
import okhttp3.MediaType;
import okhttp3.RequestBody;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;

/** A body that OkHttp does not send a second time by itself: whether a request is repeated is for its caller to say. */
final class OneShot extends RequestBody {

    private final @Nullable MediaType type;
    private final byte[] content;

    OneShot(@Nullable MediaType type, byte[] content) {
        this.type = type;
        this.content = content;
    }

    @Override
    public @Nullable MediaType contentType() {
        return type;
    }

    @Override
    public long contentLength() {
        return content.length;
    }

    @Override
    public boolean isOneShot() {
        return true;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
        sink.write(content);
    }
}
