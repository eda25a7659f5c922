package dev.nippush.apns;

import com.eatthepath.json.JsonParser;
import dev.nippush.transport.RetryAfterHeader;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelId;
import io.netty.handler.codec.http2.Http2FrameLogger;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.logging.LogLevel;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What pushy does not hand out of a response: its status when there is no body, the body when it comes in more than one
 * frame, and {@code Retry-After}. Reads the frames where pushy would log them, on the event loop, and logs none.
 * Remembers a response only while its request is {@linkplain #expect expected}.
 */
final class ApnsResponses extends Http2FrameLogger {

    private static final String APNS_ID = "apns-id";
    private static final String RETRY_AFTER = "retry-after";

    /** Apple's error bodies have about a hundred bytes. */
    private static final int LARGEST_BODY = 4_096;

    /** An interim status, which another one follows. */
    private static final int FIRST_FINAL_STATUS = 200;

    private final Map<String, Response> byRequest = new ConcurrentHashMap<>();
    private final Map<Stream, Response> byStream = new ConcurrentHashMap<>();

    ApnsResponses() {
        super(LogLevel.TRACE, ApnsResponses.class);
    }

    /** What came back, as far as it did. Written on the event loop, read by anyone. */
    static final class Response {
        private volatile int status;
        private volatile Optional<Duration> retryAfter = Optional.empty();
        private volatile String body = "";
        private volatile @Nullable Stream stream;

        /** The HTTP status; empty while there is none. */
        Optional<Integer> status() {
            return status < FIRST_FINAL_STATUS ? Optional.empty() : Optional.of(status);
        }

        /** The delay of a {@code Retry-After} header. */
        Optional<Duration> retryAfter() {
            return retryAfter;
        }

        /** The reason that the body names. */
        Optional<String> reason() {
            return field("reason", String.class);
        }

        /** The timestamp that the body names. */
        Optional<Instant> timestamp() {
            return field("timestamp", Long.class).map(Instant::ofEpochMilli);
        }

        private <T> Optional<T> field(String name, Class<T> type) {
            if (body.isBlank()) {
                return Optional.empty();
            }
            try {
                return Optional.ofNullable(
                                new JsonParser().parseJsonObject(body).get(name))
                        .filter(type::isInstance)
                        .map(type::cast);
            } catch (ParseException notJson) {
                // A front may answer with a page of its own; then the status says it all.
                return Optional.empty();
            }
        }
    }

    private record Stream(ChannelId channel, int id) {}

    /** Begins to remember the response to a request. */
    void expect(UUID id) {
        byRequest.put(id.toString(), new Response());
    }

    /** Hands out what came back so far, and remembers it no longer. */
    Response take(UUID id) {
        Response response = byRequest.remove(id.toString());
        if (response == null) {
            return new Response();
        }
        Stream stream = response.stream;
        if (stream != null) {
            byStream.remove(stream);
        }
        return response;
    }

    /** Nothing is logged here: the frames hold device tokens and texts. */
    @Override
    public boolean isEnabled() {
        return false;
    }

    @Override
    public void logHeaders(
            Direction direction,
            ChannelHandlerContext context,
            int streamId,
            Http2Headers headers,
            int padding,
            boolean endStream) {
        seen(direction, new Stream(context.channel().id(), streamId), headers);
    }

    @Override
    public void logHeaders(
            Direction direction,
            ChannelHandlerContext context,
            int streamId,
            Http2Headers headers,
            int streamDependency,
            short weight,
            boolean exclusive,
            int padding,
            boolean endStream) {
        seen(direction, new Stream(context.channel().id(), streamId), headers);
    }

    @Override
    public void logData(
            Direction direction,
            ChannelHandlerContext context,
            int streamId,
            ByteBuf data,
            int padding,
            boolean endStream) {
        if (direction == Direction.INBOUND) {
            Response response = byStream.get(new Stream(context.channel().id(), streamId));
            if (response != null && response.body.length() + data.readableBytes() <= LARGEST_BODY) {
                response.body += data.toString(StandardCharsets.UTF_8);
            }
        }
    }

    private void seen(Direction direction, Stream stream, Http2Headers headers) {
        if (direction == Direction.OUTBOUND) {
            CharSequence id = headers.get(APNS_ID);
            Response response = id == null ? null : byRequest.get(id.toString());
            if (response != null) {
                Stream former = response.stream;
                if (former != null) {
                    byStream.remove(former);
                }
                response.stream = stream;
                byStream.put(stream, response);
            }
            return;
        }
        Response response = byStream.get(stream);
        CharSequence status = headers.status();
        if (response != null && status != null) {
            response.retryAfter = Optional.ofNullable(headers.get(RETRY_AFTER))
                    .flatMap(value -> RetryAfterHeader.delay(value.toString(), Instant.now()));
            response.status = Integer.parseInt(status.toString());
        }
    }
}
